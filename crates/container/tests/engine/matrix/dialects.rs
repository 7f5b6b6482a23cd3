//! The rows of the table.

use std::path::Path;

use container::Kind;

use crate::captures;
use crate::writers::mp4::{Base, Fragments, Style as Mp4, Tfdt};
use crate::writers::sources::{capture, of, with_pcm};
use crate::writers::webm::{Blocks, Clusters, Lacing, Length, Style as Webm};
use crate::writers::{Packet, Source, Stream, mp4, tools, webm};

type Write = Box<dyn Fn(&Path) -> Stream + Send + Sync>;

pub(crate) struct Dialect {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) write: Write,
    /// Properties that are not asked for, with the reason.
    pub(crate) exceptions: Vec<(&'static str, &'static str)>,
}

/// A second recorder's stream is a second original, and the judge compares with one.
const TWO_ORIGINALS: &str = "the judge compares with one recorder's stream, and this is two";
const UNHIDDEN: &str =
    "ffmpeg 5.1 plays of a fragmented file what its edit list hides, and of the finished one not";
const WIDE: &str = "ffmpeg 5.1 counts from a moof as if its header had eight bytes";
const NEGATIVE: &str =
    "ffmpeg 5.1 shows pictures late in a fragmented file with negative composition offsets";
const OPEN: &str = "the judge expects a cut at every key frame that is late enough, and pictures in front of it; a test of its own reads these files with ffprobe and ffmpeg";
const PADDING: &str =
    "ffmpeg 5.1 plays the last Opus packet of an MP4 to its end, however long the file says it is";
const ONE_ENTRY: &str = "ffmpeg 5.1 decodes all fragments of a stream under its first sample entry; a test of its own decodes such files";
/// What the judge's own tools read otherwise in the stream than in the files.
const MISREAD: &[(&str, &str)] = &[
    ("safari-priming", UNHIDDEN),
    ("ffmpeg-mp4-delay", UNHIDDEN),
    ("mp4-wide", WIDE),
    ("mp4-reordered", NEGATIVE),
    ("ffmpeg-mp4-cmaf", NEGATIVE),
    ("mp4-two-entries", ONE_ENTRY),
    ("ffmpeg-matroska-hevc", PADDING),
];
const SECOND: i64 = 1_000_000_000;

fn dialect(
    name: &'static str,
    title: &'static str,
    write: impl Fn(&Path) -> Stream + Send + Sync + 'static,
) -> Dialect {
    Dialect { name, title, write: Box::new(write), exceptions: Vec::new() }
}

impl Dialect {
    fn except(mut self, property: &'static str, reason: &'static str) -> Self {
        self.exceptions.push((property, reason));
        self
    }
}

pub(crate) fn all() -> Vec<Dialect> {
    let mut all = captured();
    all.extend(matroska());
    all.extend(chromium_mp4());
    all.extend(safari_mp4());
    all.extend(other_mp4());
    all.extend(tool_made());
    for (name, reason) in MISREAD {
        let misread = all.iter_mut().find(|dialect| dialect.name == *name).unwrap();
        misread.exceptions.push(("tools", reason));
    }
    all
}

fn captured() -> Vec<Dialect> {
    let titles = [
        ("chromium-webm-vp8-opus", "Chromium WebM, VP8 and Opus (capture)"),
        ("chromium-webm-vp8-opus-default-gop", "the same, key frames as it likes (capture)"),
        ("chromium-webm-vp8-opus-resized", "the same, picture size changes (capture)"),
        ("chromium-webm-vp9-opus", "Chromium WebM, VP9 and Opus (capture)"),
        ("chromium-webm-av1-opus", "Chromium WebM, AV1 and Opus (capture)"),
        ("chromium-webm-opus-audio-only", "Chromium WebM, sound only (capture)"),
        ("chromium-webm-vp8-video-only", "Chromium WebM, picture only (capture)"),
        ("chromium-mkv-h264-opus", "Chromium Matroska, H.264 as Annex B (capture)"),
        ("chromium-mp4-h264-opus", "Chromium MP4, H.264 and Opus (capture)"),
        ("chromium-mp4-vp9-opus", "Chromium MP4, VP9 and Opus (capture)"),
        ("firefox-webm-vp8-opus", "Firefox WebM (capture)"),
        ("webkit-mp4-h264-aac", "WebKitGTK MP4, H.264 and AAC (capture)"),
        ("webkit-mp4-h264-aac-stopped", "the same, last header twice (capture)"),
    ];
    let row = |(name, title): (&'static str, &'static str)| {
        dialect(name, title, move |_| Stream {
            bytes: captures::named(name).stream,
            expected: None,
        })
    };
    titles.map(row).into()
}

fn vp8() -> Source {
    capture("chromium-webm-vp8-opus", 4.3)
}

fn h264_opus() -> Source {
    capture("chromium-mp4-h264-opus", 4.3)
}

fn h264_aac() -> Source {
    capture("webkit-mp4-h264-aac", 4.3)
}

/// H.264 of which frames are shown in another order than they are decoded.
fn reordered(folder: &Path) -> Source {
    let arguments = "-c:v libx264 -bf 2 -c:a aac -movflags +frag_keyframe+empty_moov -f mp4";
    of(&tools::ffmpeg(folder, "reordered.mp4", arguments).bytes, 4.0)
}

fn matroska() -> Vec<Dialect> {
    let row = |name, title, source: fn() -> Source, style: Webm| {
        dialect(name, title, move |_| webm::write(&source(), &style))
    };
    let chromium = Webm::chromium;
    let delayed_start = || {
        let mut source = vp8();
        let first = source.packets.iter().position(|p| Some(p.track) == source.video()).unwrap();
        source.packets.remove(first);
        source
    };
    vec![
        row(
            "webm-forced",
            "Chromium WebM, clusters that begin with any frame",
            vp8,
            Webm { clusters: Clusters::EveryMs(700), ..chromium() },
        ),
        row(
            "webm-groups",
            "BlockGroups with durations",
            vp8,
            Webm { blocks: Blocks::Groups, ..chromium() },
        ),
        row(
            "webm-alpha",
            "BlockGroups with an alpha plane",
            vp8,
            Webm { blocks: Blocks::Additions, ..chromium() },
        ),
        row("webm-late", "begins in the middle of a group of pictures", delayed_start, chromium())
            .except("tools", "the judge expects a stream that begins with a key frame"),
        row("webm-paused", "paused for a second", || vp8().paused(SECOND, 2 * SECOND), chromium()),
        row(
            "webm-muted-video",
            "no picture for a second and a half",
            || vp8().without(Kind::Video, SECOND / 2, 2 * SECOND),
            chromium(),
        ),
        row(
            "webm-muted-audio",
            "no sound for two seconds",
            || vp8().without(Kind::Audio, SECOND, 3 * SECOND),
            chromium(),
        ),
        row(
            "webm-pcm",
            "uncompressed sound, in Matroska",
            || with_pcm(vp8()),
            Webm { doc_type: "matroska", default_durations: true, ..chromium() },
        ),
        dialect("webm-twice", "a second header inside the stream", |_| {
            let first = webm::write(&vp8(), &Webm::chromium());
            first.then(webm::write(&vp8(), &Webm::firefox()))
        })
        .except("tools", TWO_ORIGINALS),
        row("webm-firefox", "Firefox WebM: clusters of a second, CodecDelay", vp8, Webm::firefox()),
        row("webm-safari", "Safari WebM: Cues at the end", vp8, Webm::safari()),
        row("webm-safari-vp9", "the same, VP9", || capture("chromium-webm-vp9-opus", 4.3), {
            Webm::safari()
        }),
        row("webm-file", "a file: all sizes known", vp8, Webm::file()),
        row(
            "webm-padded",
            "Void and CRC-32 wherever they may stand",
            vp8,
            Webm { padding: true, ..Webm::file() },
        ),
        row("webm-wide", "sizes of eight bytes", vp8, Webm { wide_sizes: true, ..Webm::file() }),
        row(
            "webm-short-unknown",
            "unknown sizes of one byte",
            vp8,
            Webm {
                segment: Length::Unknown1,
                cluster: Length::Unknown1,
                scale_ns: None,
                ..chromium()
            },
        ),
        row(
            "webm-fine",
            "ticks of a tenth of a millisecond",
            vp8,
            Webm { scale_ns: Some(100_000), ..chromium() },
        ),
        row("webm-xiph", "Xiph lacing", vp8, Webm { lacing: Lacing::Xiph, ..chromium() }),
        row(
            "webm-ebml",
            "EBML lacing, in BlockGroups",
            vp8,
            Webm { lacing: Lacing::Ebml, blocks: Blocks::Groups, ..chromium() },
        ),
        row(
            "webm-fixed",
            "lacing of one size",
            || with_pcm(vp8()),
            Webm {
                doc_type: "matroska",
                lacing: Lacing::Fixed,
                default_durations: true,
                ..chromium()
            },
        ),
        row(
            "mkv-avcc",
            "Matroska, H.264 with its configuration",
            h264_opus,
            Webm { doc_type: "matroska", alpha_mode: false, ..chromium() },
        ),
    ]
}

fn chromium_mp4() -> Vec<Dialect> {
    let row = |name, title, source: fn() -> Source, style: Mp4| {
        dialect(name, title, move |_| mp4::write(&source(), &style))
    };
    vec![
        row(
            "mp4-silent",
            "Chromium MP4, empty fragments for a silent track",
            || h264_opus().without(Kind::Audio, 2 * SECOND, 5 * SECOND),
            Mp4::chromium(),
        ),
        row("mp4-video", "Chromium MP4, picture only", || h264_opus().only(Kind::Video), {
            Mp4::chromium()
        }),
        row("mp4-audio", "Chromium MP4, sound only", || h264_opus().only(Kind::Audio), {
            Mp4::chromium()
        }),
        row("mp4-paused", "paused for a second", || h264_opus().paused(SECOND, 2 * SECOND), {
            Mp4::chromium()
        }),
        row(
            "mp4-avc3",
            "Chromium MP4, avc3",
            h264_opus,
            Mp4 { video_entry: Some(*b"avc3"), ..Mp4::chromium() },
        ),
    ]
}

fn safari_mp4() -> Vec<Dialect> {
    let row = |name, title, source: fn() -> Source, style: Mp4| {
        dialect(name, title, move |_| mp4::write(&source(), &style))
    };
    let turned = [0, 0x1_0000, 0, 0xFFFF_0000, 0, 0, 320 << 16, 0, 0x4000_0000];
    let safari = Mp4::safari;
    vec![
        row("safari-mp4", "Safari 18.4 MP4: one moof for each flush", h264_aac, safari()),
        row(
            "safari-turned",
            "the same, turned by a quarter",
            h264_aac,
            Mp4 { matrix: turned, tfdt: Tfdt::Long, ..safari() },
        ),
        row(
            "safari-runs",
            "the same, several runs for each track",
            h264_aac,
            Mp4 { runs: 3, ..safari() },
        ),
        row(
            "safari-boxes",
            "the same, styp, sidx, prft, emsg and mfra between",
            h264_aac,
            Mp4 { between: true, mfra: true, tfdt: Tfdt::Long, ..safari() },
        ),
        row(
            "safari-old",
            "Safari before 18.2: fragments that begin with any frame",
            h264_aac,
            Mp4 { fragments: Fragments::EveryMs(700), ..safari() },
        ),
        row(
            "safari-video",
            "Safari, picture only",
            || h264_aac().only(Kind::Video),
            Mp4 { brands: (b"iso5", 1, b"isomiso5cmfc"), ..safari() },
        ),
        row(
            "safari-audio",
            "Safari, sound only",
            || h264_aac().only(Kind::Audio),
            Mp4 { brands: (b"iso5", 1, b"isomiso5cmfc"), ..safari() },
        ),
        row(
            "safari-priming",
            "Safari, AAC's first packets hidden by an edit",
            h264_aac,
            Mp4 { edits: vec![Vec::new(), vec![(0, 2112)]], ..safari() },
        ),
        row(
            "safari-muted",
            "Safari, no sound for two seconds",
            || h264_aac().without(Kind::Audio, SECOND, 3 * SECOND),
            safari(),
        ),
        dialect("safari-twice", "a second init segment inside the stream", |_| {
            let first = mp4::write(&h264_aac(), &Mp4::safari());
            first.then(mp4::write(&h264_opus(), &Mp4 { base: Base::File, ..Mp4::chromium() }))
        })
        .except("tools", TWO_ORIGINALS),
    ]
}

fn other_mp4() -> Vec<Dialect> {
    let row = |name, title, source: fn() -> Source, style: Mp4| {
        dialect(name, title, move |_| mp4::write(&source(), &style))
    };
    let plain = || Mp4 { empty_trafs: false, nominal_last: None, ..Mp4::chromium() };
    vec![
        row(
            "mp4-webkitgtk",
            "two ftyp, each track in moofs of its own",
            h264_aac,
            Mp4 { ftyp_twice: true, fragments: Fragments::PerTrackEveryMs(500), ..plain() },
        ),
        row(
            "mp4-file-base",
            "places count from the file's start",
            h264_aac,
            Mp4 { base: Base::File, ..plain() },
        ),
        row(
            "mp4-no-base",
            "places count from nothing that is said",
            h264_aac,
            Mp4 { base: Base::Unsaid, ..plain() },
        ),
        row("mp4-no-tfdt", "no decode times", h264_aac, Mp4 { tfdt: Tfdt::None, ..plain() }),
        row("mp4-wide", "boxes with 64-bit sizes", h264_aac, Mp4 { wide: true, ..plain() }),
        row(
            "mp4-late-video",
            "the picture begins late, by an empty edit",
            h264_aac,
            Mp4 { edits: vec![vec![(120, -1), (0, 0)], Vec::new()], ..plain() },
        ),
        row(
            "mp4-nanoseconds",
            "ticks of a nanosecond, and nothing for six seconds",
            || {
                let mut source = h264_aac();
                for packet in source.packets.iter_mut().filter(|p| p.dts_ns > SECOND * 11 / 10) {
                    packet.pts_ns += 6 * SECOND;
                    packet.dts_ns += 6 * SECOND;
                }
                source
            },
            Mp4 {
                video_timescale: 1_000_000_000,
                tfdt: Tfdt::Long,
                fragments: Fragments::EveryMs(500),
                ..plain()
            },
        ),
        dialect(
            "mp4-two-entries",
            "a second sample entry, for another picture size",
            move |folder| {
                let make = |name, size| {
                    let flags = "-movflags +frag_keyframe+empty_moov+default_base_moof -f mp4";
                    let arguments = format!("-s {size} -c:v libx264 -bf 0 -c:a aac {flags}");
                    of(&tools::ffmpeg(folder, name, &arguments).bytes, 4.0)
                };
                let (mut source, second) =
                    (make("entry-1.mp4", "320x240"), make("entry-2.mp4", "176x144"));
                let video = source.video().unwrap();
                let is_second = |p: &Packet| p.track == video && p.dts_ns >= 2 * SECOND;
                source.packets.retain(|packet| !is_second(packet));
                source.packets.extend(second.packets.iter().filter(|p| is_second(p)).cloned());
                source.packets.sort_by_key(|packet| (packet.dts_ns, packet.track == video));
                let entry = second.tracks[video].entry.clone().unwrap();
                mp4::write(&source, &Mp4 { second_entry: Some((entry, 2 * SECOND)), ..plain() })
            },
        ),
        dialect("mp4-reordered", "B-frames, negative composition offsets", |folder| {
            let mut source = reordered(folder);
            let video = source.video().unwrap();
            let first = source.packets.iter().find(|p| p.track == video).unwrap().clone();
            for packet in source.packets.iter_mut().filter(|packet| packet.track == video) {
                packet.pts_ns -= first.pts_ns - first.dts_ns;
            }
            mp4::write(&source, &Mp4 { empty_trafs: false, nominal_last: None, ..Mp4::chromium() })
        }),
    ]
}

fn tool_made() -> Vec<Dialect> {
    let ffmpeg = |name: &'static str, title, arguments: &'static str| {
        dialect(name, title, move |folder| tools::ffmpeg(folder, name, arguments))
    };
    let gstreamer = |name: &'static str, title, video, audio, mux| {
        dialect(name, title, move |folder| tools::gstreamer(folder, name, video, audio, mux))
    };
    vec![
        ffmpeg(
            "ffmpeg-webm-live",
            "ffmpeg, `-f webm -live 1`",
            "-c:v libvpx -deadline realtime -c:a libopus -f webm -live 1",
        ),
        ffmpeg(
            "ffmpeg-matroska",
            "ffmpeg, `-f matroska`, H.264 with B-frames and AAC",
            "-c:v libx264 -bf 2 -c:a aac -f matroska",
        ),
        ffmpeg(
            "ffmpeg-matroska-hevc",
            "ffmpeg, `-f matroska`, HEVC and Opus",
            "-c:v libx265 -x265-params log-level=error:open-gop=0 -c:a libopus -f matroska",
        ),
        ffmpeg(
            "ffmpeg-mp4",
            "ffmpeg, `frag_keyframe+empty_moov`",
            "-c:v libx264 -bf 0 -c:a aac -movflags frag_keyframe+empty_moov -f mp4",
        ),
        ffmpeg(
            "ffmpeg-mp4-moof",
            "the same with `default_base_moof`, B-frames",
            "-c:v libx264 -bf 2 -c:a aac -movflags frag_keyframe+empty_moov+default_base_moof -f mp4",
        ),
        ffmpeg(
            "ffmpeg-mp4-delay",
            "`frag_keyframe+delay_moov`: edit lists",
            "-c:v libx264 -bf 2 -c:a aac -movflags frag_keyframe+delay_moov -f mp4",
        ),
        ffmpeg(
            "ffmpeg-mp4-cmaf",
            "`cmaf`: negative composition offsets",
            "-c:v libx264 -bf 2 -c:a aac -movflags frag_keyframe+empty_moov+cmaf -f mp4",
        ),
        ffmpeg(
            "ffmpeg-mp4-dash",
            "`dash`: styp and sidx",
            "-c:v libx264 -bf 0 -c:a libopus -movflags frag_keyframe+empty_moov+dash -f mp4",
        ),
        ffmpeg(
            "ffmpeg-mp4-hvc1",
            "HEVC as hvc1",
            "-c:v libx265 -x265-params log-level=error:open-gop=0 -tag:v hvc1 -c:a aac -movflags frag_keyframe+empty_moov+default_base_moof -f mp4",
        ),
        ffmpeg(
            "ffmpeg-mp4-hev1",
            "HEVC as hev1",
            "-c:v libx265 -x265-params log-level=error:open-gop=0 -tag:v hev1 -c:a aac -movflags frag_keyframe+empty_moov+default_base_moof -f mp4",
        ),
        ffmpeg(
            "ffmpeg-mp4-av1",
            "AV1 in MP4",
            "-c:v libsvtav1 -preset 12 -c:a libopus -movflags frag_keyframe+empty_moov+default_base_moof -f mp4",
        ),
        ffmpeg(
            "ffmpeg-mp4-open-hevc",
            "HEVC whose groups of pictures are open",
            "-c:v libx265 -x265-params log-level=error:open-gop=1:bframes=3:b-adapt=0:scenecut=0 -tag:v hvc1 -c:a aac -movflags frag_keyframe+empty_moov+default_base_moof -f mp4",
        )
        .except("tools", OPEN),
        ffmpeg(
            "ffmpeg-mp4-open-h264",
            "H.264 whose groups of pictures are open",
            "-c:v libx264 -x264-params open-gop=1:bframes=3:b-adapt=0:scenecut=0 -c:a aac -movflags frag_keyframe+empty_moov+default_base_moof -f mp4",
        )
        .except("tools", OPEN),
        ffmpeg(
            "ffmpeg-matroska-open-hevc",
            "HEVC whose groups of pictures are open and FLAC, in Matroska",
            "-c:v libx265 -x265-params log-level=error:open-gop=1:bframes=3:b-adapt=0:scenecut=0 -c:a flac -f matroska",
        )
        .except("tools", OPEN),
        gstreamer(
            "gstreamer-webm",
            "GStreamer, `webmmux streamable=true`",
            "vp8enc deadline=1 keyframe-max-dist=24",
            "opusenc",
            "webmmux streamable=true",
        ),
        gstreamer(
            "gstreamer-mp4",
            "GStreamer, `mp4mux fragment-duration=1000`",
            "x264enc key-int-max=24 tune=zerolatency ! h264parse",
            "avenc_aac ! aacparse",
            "mp4mux fragment-duration=1000 streamable=true",
        ),
    ]
}
