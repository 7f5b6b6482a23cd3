//! Streams that the tools of this world write themselves.

use std::path::Path;
use std::process::Command;

use super::Stream;

const PICTURE: &str = "-f lavfi -i testsrc2=s=320x240:r=24:d=4";
const SOUND: &str = "-f lavfi -i sine=frequency=440:sample_rate=48000:duration=4";

/// What ffmpeg makes of a picture and a tone with these arguments.
pub(crate) fn ffmpeg(folder: &Path, name: &str, arguments: &str) -> Stream {
    let path = folder.join(name);
    let mut ffmpeg = Command::new("ffmpeg");
    let inputs = format!("{PICTURE} {SOUND} -pix_fmt yuv420p -g 24");
    ffmpeg.args(["-v", "error", "-y"]).args(inputs.split(' ')).args(arguments.split(' '));
    assert!(ffmpeg.arg(&path).status().unwrap().success(), "ffmpeg {arguments}");
    Stream { bytes: std::fs::read(&path).unwrap(), expected: None }
}

/// What a GStreamer pipeline makes, whose muxer is called `mux` and writes into a file.
pub(crate) fn gstreamer(folder: &Path, name: &str, video: &str, audio: &str, mux: &str) -> Stream {
    let path = folder.join(name);
    let picture = "videotestsrc num-buffers=96 ! video/x-raw,width=320,height=240,framerate=24/1";
    let sound = "audiotestsrc num-buffers=192 samplesperbuffer=1000 ! audio/x-raw,rate=48000";
    let location = path.to_str().unwrap();
    let pipeline = format!(
        "{mux} name=mux ! filesink location={location} {picture} ! {video} ! queue ! mux. \
         {sound} ! {audio} ! queue ! mux."
    );
    let mut gst = Command::new("gst-launch-1.0");
    let run = gst.arg("-q").args(pipeline.split_whitespace()).output().unwrap();
    assert!(run.status.success(), "{pipeline}: {}", String::from_utf8_lossy(&run.stderr));
    Stream { bytes: std::fs::read(&path).unwrap(), expected: None }
}
