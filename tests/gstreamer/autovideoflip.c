/* A stand-in for GStreamer's element `autovideoflip`, for tests alone: WebKitGTK's MediaRecorder asks for it and
 * GStreamer 1.22 does not have it. It passes pictures on as they are and ignores the direction. */

#include <gst/gst.h>

typedef struct { GstBin parent; } AutoVideoFlip;
typedef struct { GstBinClass parent; } AutoVideoFlipClass;

G_DEFINE_TYPE(AutoVideoFlip, auto_video_flip, GST_TYPE_BIN)

static void ignore(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
    (void)object, (void)id, (void)value, (void)spec;
}

static void auto_video_flip_class_init(AutoVideoFlipClass *class) {
    G_OBJECT_CLASS(class)->set_property = ignore;
    g_object_class_install_property(G_OBJECT_CLASS(class), 1, g_param_spec_int("video-direction", "direction", "ignored",
        G_MININT, G_MAXINT, 0, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
    gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "Picture flip that does nothing", "Filter/Video",
        "Passes video on as it is", "localcamera");
}

static void auto_video_flip_init(AutoVideoFlip *self) {
    GstElement *identity = gst_element_factory_make("identity", NULL);
    gst_bin_add(GST_BIN(self), identity);
    for (const char *const *name = (const char *const[]){"sink", "src", NULL}; *name; name++) {
        GstPad *pad = gst_element_get_static_pad(identity, *name);
        gst_element_add_pad(GST_ELEMENT(self), gst_ghost_pad_new(*name, pad));
        gst_object_unref(pad);
    }
}

static gboolean plugin_init(GstPlugin *plugin) {
    return gst_element_register(plugin, "autovideoflip", GST_RANK_NONE, auto_video_flip_get_type());
}

#define PACKAGE "localcamera"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, localcameraflip, "Video flip for tests", plugin_init, "0",
    "MIT/X11", "localcamera", "localcamera")
