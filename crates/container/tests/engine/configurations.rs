//! Streams whose codec configuration changes without a new header, or that never had a good one.

use std::process::Command;

use bytes::Bytes;
use container::codec::{codec_name, configuration};
use container::{Demuxer, Event, Kind, NANOS_PER_SECOND, Track};

use crate::matrix::recording::{File, record};
use crate::support::demux;
use crate::writers::sources::{capture, of};
use crate::writers::{Packet, Source, mp4, tools, webm};

pub(crate) fn picture(folder: &std::path::Path, name: &str, size: &str, codec: &str) -> Source {
    let arguments = format!(
        "-s {size} {codec} -an -movflags +frag_keyframe+empty_moov+default_base_moof -f mp4"
    );
    of(&tools::ffmpeg(folder, name, &arguments).bytes, 2.0)
}

/// The parameter sets of an `avcC` or `hvcC` with lengths of four bytes.
pub(crate) fn parameter_sets(source: &Source) -> Vec<u8> {
    let config = source.tracks[0].private.clone().unwrap();
    let mut sets = Vec::new();
    let mut rest = &config[..];
    let mut take = |rest: &mut &[u8]| {
        let len = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
        sets.extend((len as u32).to_be_bytes());
        sets.extend(&rest[2..2 + len]);
        *rest = &rest[2 + len..];
    };
    if source.tracks[0].codec == "V_MPEG4/ISO/AVC" {
        rest = &rest[6..];
        take(&mut rest);
        rest = &rest[1..];
        take(&mut rest);
    } else {
        let arrays = rest[22];
        rest = &rest[23..];
        for _ in 0..arrays {
            let count = u16::from_be_bytes([rest[1], rest[2]]);
            rest = &rest[3..];
            (0..count).for_each(|_| take(&mut rest));
        }
    }
    sets
}

/// Chromium's `avc3` and `hev1` tell a new picture size in the stream alone.
#[test]
fn a_new_configuration_inside_the_stream_begins_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    for (codec, entry, name) in [
        ("-c:v libx264 -bf 0", *b"avc3", "avc3"),
        ("-c:v libx265 -x265-params log-level=error:open-gop=0 -tag:v hvc1", *b"hev1", "hvc1"),
    ] {
        let mut source = picture(folder.path(), "large.mp4", "320x240", codec);
        let mut small = picture(folder.path(), "small.mp4", "176x144", codec);
        let sets = parameter_sets(&small);
        for packet in &mut small.packets {
            packet.pts_ns += 2_000_000_000;
            packet.dts_ns += 2_000_000_000;
            if packet.sync {
                packet.data = [&sets[..], &packet.data].concat().into();
            }
        }
        source.packets.extend(small.packets);
        let style = mp4::Style { video_entry: Some(entry), ..mp4::Style::chromium() };
        let stream = mp4::write(&source, &style);
        let chunks: Vec<Bytes> = stream.bytes.chunks(5000).map(Bytes::copy_from_slice).collect();
        let files = record(&chunks, NANOS_PER_SECOND * 1000).unwrap().files;
        let sizes: Vec<(u32, u32)> = files
            .iter()
            .map(|file| (file.spec.tracks[0].width, file.spec.tracks[0].height))
            .collect();
        assert_eq!(sizes, [(320, 240), (176, 144)], "{codec}");
        for (n, file) in files.iter().enumerate() {
            let names = codec_name(&file.spec.tracks[0]).unwrap();
            assert!(names.starts_with(name), "{names}");
            let path = folder.path().join(format!("{name}_{n}.mp4"));
            std::fs::write(&path, &file.finished).unwrap();
            let decoded = Command::new("ffprobe")
                .args(["-v", "error", "-count_frames", "-of", "csv=p=0", "-show_entries"])
                .arg("stream=codec_tag_string,width,height,nb_read_frames")
                .arg(&path)
                .output()
                .unwrap();
            let (width, height) = sizes[n];
            let words = String::from_utf8_lossy(&decoded.stdout);
            assert!(decoded.stderr.is_empty(), "{}", String::from_utf8_lossy(&decoded.stderr));
            assert_eq!(words.trim(), format!("{name},{width},{height},48"), "{codec}");
        }
    }
}

fn tracks(stream: &[u8]) -> Vec<Track> {
    let mut demuxer = Demuxer::new();
    demuxer.push(Bytes::copy_from_slice(stream));
    let mut tracks = Vec::new();
    while let Some(event) = demuxer.poll().unwrap() {
        match event {
            Event::Init(init) => tracks.clone_from(&init.tracks),
            Event::Config { track, config } => tracks[track] = *config,
            Event::Sample(_) => {}
        }
    }
    tracks
}

/// Chromium's WebM has the same four bytes for every AV1 stream; ffmpeg's encoder writes what the
/// stream really is.
#[test]
fn av1_gets_the_configuration_that_it_has() {
    let capture = crate::captures::named("chromium-webm-av1-opus");
    let video = |tracks: Vec<Track>| tracks.into_iter().find(|t| t.kind == Kind::Video).unwrap();
    let chromium = video(tracks(&capture.stream));
    let av1c = configuration(&chromium, b"av1C").unwrap();
    assert!(av1c.len() > 10 && av1c[0] == 0x81, "{av1c:?}");
    let first = demux(&capture.stream).unwrap();
    let first = first.iter().find(|sample| sample.sync && sample.data.len() > 100).unwrap();
    let header = container::codec::av1::sequence_header(&first.data).unwrap();
    assert!(av1c.ends_with(header));

    let folder = tempfile::tempdir().unwrap();
    let codec = "-c:v libsvtav1 -preset 12";
    let source = picture(folder.path(), "av1.mp4", "320x240", codec);
    let written = source.tracks[0].private.clone().unwrap();
    let key = source.packets.iter().find(|packet| packet.sync).unwrap();
    let header = container::codec::av1::sequence_header(&key.data).unwrap();
    let made = container::codec::av1::to_av1c(header).unwrap();
    assert_eq!(made[..3], written[..3], "profile, level, tier, depth, subsampling");
}

/// A fragment names the sample entry that describes it; one that there is not costs the fragment.
#[test]
fn each_sample_entry_has_files_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut source = picture(folder.path(), "first.mp4", "320x240", "-c:v libx264 -bf 0");
    let hevc = "-c:v libx265 -x265-params log-level=error:open-gop=0:bframes=0 -tag:v hvc1";
    let second = picture(folder.path(), "second.mp4", "176x144", hevc);
    for packet in &second.packets {
        let mut packet = packet.clone();
        packet.pts_ns += 2 * NANOS_PER_SECOND;
        packet.dts_ns += 2 * NANOS_PER_SECOND;
        source.packets.push(packet);
    }
    let entry = second.tracks[0].entry.clone().unwrap();
    let style =
        mp4::Style { second_entry: Some((entry, 2 * NANOS_PER_SECOND)), ..mp4::Style::chromium() };
    let mut stream = mp4::write(&source, &style).bytes;
    let split = |stream: &[u8]| {
        let chunks: Vec<Bytes> = stream.chunks(5000).map(Bytes::copy_from_slice).collect();
        let files = record(&chunks, NANOS_PER_SECOND * 1000).unwrap().files;
        let decoded = files.iter().map(|file| {
            let path = folder.path().join("described.mp4");
            std::fs::write(&path, &file.finished).unwrap();
            let entries = "stream=codec_name,width,height,nb_read_frames";
            let mut ffprobe = Command::new("ffprobe");
            ffprobe.args(["-v", "error", "-count_frames", "-of", "csv=p=0", "-show_entries"]);
            let decoded = ffprobe.arg(entries).arg(&path).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&decoded.stderr), "");
            String::from_utf8_lossy(&decoded.stdout).trim().to_owned()
        });
        decoded.collect::<Vec<_>>()
    };
    assert_eq!(split(&stream), ["h264,320,240,48", "hevc,176,144,48"]);
    // default-base-is-moof and the index.
    let tfhd = [b"tfhd", &[0, 2, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2][..]].concat();
    let mut at = 0;
    while let Some(found) = stream[at..].windows(tfhd.len()).position(|window| window == tfhd) {
        at += found + tfhd.len();
        stream[at - 1] = 3;
    }
    assert!(at > 0);
    assert_eq!(split(&stream), ["h264,320,240,48"]);
}

/// A NAL unit behind a start code.
fn units(parts: &[&[u8]]) -> Bytes {
    parts.iter().flat_map(|part| [&[0, 0, 0, 1], *part].concat()).collect()
}

/// An encoder may send a picture parameter set alone, with any picture (H.264 clause 7.4.1.2.3):
/// whatever needs it has it in its own file.
#[test]
fn a_picture_parameter_set_without_its_sequence_is_kept() {
    const SPS: &[u8] = &[
        0x67, 0x42, 0xC0, 0x15, 0x8C, 0x8D, 0x40, 0xA0, 0xF9, 0x35, 0x06, 0x06, 0x07, 0x84, 0x42,
        0x35,
    ];
    // The ids of the picture's set and of its sequence's, and something of its own.
    let (first, second, third) = ([0x68, 0xCE, 1], [0x68, 0xCE, 2], [0x68, 0x4E, 3]);
    let (key, other) = ([0x65, 0x88, 7], [0x41, 0x9A, 7]);
    let mut source = capture("chromium-mkv-h264-opus", 1.0).only(Kind::Video);
    let picture = source.packets[0].clone();
    let pictures = [
        (true, units(&[SPS, &first, &key])),
        (false, units(&[&other])),
        // Another one in the place of the first, at a key frame.
        (true, units(&[&second, &key])),
        (false, units(&[&other])),
        // One more, where no file can begin.
        (false, units(&[&third, &other])),
        (false, units(&[SPS, &second, &other])),
        (true, units(&[&key])),
        (false, units(&[&other])),
    ];
    source.packets = pictures
        .iter()
        .zip(0..)
        .map(|((sync, data), n)| {
            let at_ns = n * 100_000_000;
            let data = data.clone();
            Packet { pts_ns: at_ns, dts_ns: at_ns, sync: *sync, data, ..picture.clone() }
        })
        .collect();
    source.tracks[0].private = None;
    let stream = webm::write(&source, &webm::Style::chromium()).bytes;
    let files = record(&[stream.into()], i64::MAX).unwrap().files;
    let known = |file: &File| {
        let avcc = configuration(&file.spec.tracks[0], b"avcC").unwrap();
        let holds = |set: &[u8]| avcc.windows(set.len()).any(|window| window == set);
        [SPS, &first, &second, &third].map(holds)
    };
    let [a, b, c] = &files[..] else { panic!("{} files", files.len()) };
    assert_eq!(known(a), [true, true, false, false]);
    assert_eq!(known(b), [true, false, true, false]);
    assert_eq!(known(c), [true, false, true, true]);
    let prefixed = |parts: &[&[u8]]| {
        let unit = |part: &&[u8]| [&(part.len() as u32).to_be_bytes()[..], part].concat();
        Bytes::from(parts.iter().flat_map(unit).collect::<Vec<u8>>())
    };
    let found: Vec<Bytes> = files.iter().flat_map(|f| &f.samples).map(|s| s.data.clone()).collect();
    let expected = [
        prefixed(&[&key]),
        prefixed(&[&other]),
        prefixed(&[&key]),
        prefixed(&[&other]),
        prefixed(&[&third, &other]),
        prefixed(&[&other]),
        prefixed(&[&key]),
        prefixed(&[&other]),
    ];
    assert_eq!(found, expected);
}
