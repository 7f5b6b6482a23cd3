//! The key frame of a time, of one file.

use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use container::codec::{configuration, webp};
use container::reel::{Frame, FrameReader, FrameStep, Head};
use container::{Container, Error, ErrorKind, Kind, Muxer, NANOS_PER_SECOND};
use proptest::prelude::*;

use super::{head, runs, samples, streams};
use crate::captures;
use crate::matrix::recording::{self, File, Read, apply_step, record};

/// The frame, and how many bytes were read for it. `file` may be shorter than the head says.
fn frame(head: &Head, file: &[u8], at_ns: i64) -> (Result<Frame, Error>, usize) {
    let mut reader = FrameReader::new(head, at_ns).unwrap();
    let (mut asked, mut reads) = (0, 0);
    loop {
        match reader.poll() {
            Ok(FrameStep::Need { offset, bytes }) => {
                assert!(head.media().contains(&offset) && bytes > 0, "{offset}, {bytes}");
                assert!(offset + bytes as u64 <= head.media().end, "{offset}, {bytes}");
                asked += bytes;
                reads += 1;
                assert!(asked <= 16 << 20 && reads < 20_000, "it comes to no end");
                let from = (offset as usize).min(file.len());
                let to = (from + bytes).min(file.len());
                reader.give(Bytes::copy_from_slice(&file[from..to]));
            }
            Ok(FrameStep::Done(frame)) => return (Ok(frame), asked),
            Err(error) => return (Err(error), asked),
        }
    }
}

/// The key frames that a demuxer gives, in the order of their times.
fn key_frames(file: &File) -> Vec<Read> {
    let mut keys = samples(&file.finished, file.is_mp4());
    keys.retain(|read| read.kind == Kind::Video && read.sync);
    keys.sort_by_key(|read| read.pts_ns);
    keys
}

#[test]
fn each_key_frame_is_the_sample_of_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut read = [0, 0];
    for (name, stream) in streams(folder.path()) {
        let chunks: Vec<Bytes> = stream.chunks(9000).map(Bytes::copy_from_slice).collect();
        // Of a file with one key frame, and of one with many.
        for seconds in [1, 60] {
            for file in record(&chunks, seconds * NANOS_PER_SECOND).unwrap().files {
                let head = head(&file.finished).0.unwrap();
                let keys = key_frames(&file);
                let listed = head.key_frames_ns();
                let track = head.tracks().iter().find(|track| track.kind == Kind::Video);
                let Some(track) = track.filter(|_| !keys.is_empty()) else {
                    assert!(FrameReader::new(&head, 0).is_none(), "{name}");
                    continue;
                };
                if file.is_mp4() {
                    assert_eq!(listed.len(), keys.len(), "{name}");
                    // The same bytes as a demuxer finds in the fragments.
                    let mut grown = recording::read(&file.growing);
                    grown.retain(|read| read.kind == Kind::Video && read.sync);
                    assert!(grown.iter().zip(&keys).all(|(a, b)| a.data == b.data), "{name}");
                }
                let described = match track.codec.as_str() {
                    "avc1" => configuration(track, b"avcC"),
                    "V_AV1" | "av01" => configuration(track, b"av1C"),
                    "V_VP8" | "V_VP9" | "vp09" => Some(Bytes::new()),
                    codec => panic!("{name}: {codec}"),
                };
                for (n, &at_ns) in listed.iter().enumerate() {
                    let (found, asked) = frame(&head, &file.finished, at_ns);
                    let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
                    let wanted = keys.iter().find(|key| (key.pts_ns - at_ns).abs() < 1_000_000);
                    let wanted = wanted.unwrap_or_else(|| panic!("{name}: none at {at_ns}"));
                    assert!(found.data == wanted.data, "{name}: {at_ns}");
                    assert!((found.at_ns - at_ns).abs() < 1_000_000, "{name}: {}", found.at_ns);
                    assert_eq!((found.width, found.height), (track.width, track.height));
                    let place = head.tracks().iter().position(|it| it == track).unwrap();
                    assert_eq!(found.codec, head.configuration().codecs()[place], "{name}");
                    assert_eq!(found.configuration, described.clone().unwrap());
                    assert_eq!((found.rotation_degrees, found.is_mirrored), (0, false));
                    let most = match file.is_mp4() {
                        true => found.data.len(),
                        false => found.data.len() + (16 << 10) + 16,
                    };
                    assert!(asked <= most, "{name}: {asked} for {}", found.data.len());
                    // Up to the next one it is the same, and none earlier.
                    let next_ns = listed.get(n + 1).copied().unwrap_or(i64::MAX);
                    for near_ns in [at_ns + 1, next_ns - 1] {
                        let near = frame(&head, &file.finished, near_ns).0.unwrap();
                        assert!(near == found, "{name}: {near_ns}");
                    }
                    read[usize::from(file.is_mp4())] += 1;
                }
                let first = frame(&head, &file.finished, listed[0]).0.unwrap();
                for before_ns in [i64::MIN, listed[0] - 1] {
                    assert_eq!(frame(&head, &file.finished, before_ns).0.unwrap(), first, "{name}");
                }
            }
        }
    }
    assert!(read.iter().all(|&count| count > 50), "{read:?}");
}

/// The first picture of a file as ffmpeg decodes it.
fn picture(path: &Path) -> String {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i"]).arg(path).args(["-map", "0:v", "-frames:v", "1"]);
    let output = ffmpeg.args(["-pix_fmt", "yuv420p", "-f", "framemd5", "-"]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| !line.starts_with('#')).unwrap();
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    format!("{} {}", fields[4], fields[5])
}

#[test]
fn a_key_frame_of_vp8_is_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for capture in captures::all() {
        for (n, file) in runs(&capture.stream).iter().flat_map(|run| &run.files).enumerate() {
            let head = head(&file.finished).0.unwrap();
            if FrameReader::new(&head, 0).is_none() {
                continue;
            }
            let found = frame(&head, &file.finished, 0).0.unwrap();
            if found.codec.as_deref() != Some("vp8") {
                continue;
            }
            let still = webp::still(&found.data).unwrap();
            let paths = ["webm", "webp"].map(|it| folder.path().join(format!("{n}.{it}")));
            std::fs::write(&paths[0], &file.finished).unwrap();
            std::fs::write(&paths[1], &still).unwrap();
            assert_eq!(picture(&paths[1]), picture(&paths[0]), "{}, file {n}", capture.name);
            seen += 1;
        }
        // What is not a key frame is no picture.
        let files = runs(&capture.stream).into_iter().flat_map(|run| run.files);
        for file in files.filter(|file| !file.is_mp4()) {
            for sample in &file.samples {
                let track = &file.spec.tracks[sample.track];
                if track.codec == "V_VP8" {
                    assert_eq!(webp::still(&sample.data).is_some(), sample.sync);
                }
            }
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn a_file_that_became_shorter_is_told() {
    for name in ["chromium-webm-vp8-opus", "chromium-mp4-h264-opus"] {
        let run = runs(&captures::named(name).stream).remove(0);
        let (head, file) = (&run.parts[1].head, &run.files[1].finished);
        let whole = frame(head, file, 0).0.unwrap().data;
        let at = file.windows(whole.len()).position(|bytes| bytes == whole).unwrap();
        for len in (0..at + whole.len()).step_by(53).chain([at + whole.len() - 1]) {
            let error = frame(head, &file[..len], 0).0.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Truncated, "{name}, {len}");
        }
        // What lies behind it need not be there.
        assert!(frame(head, &file[..at + whole.len()], 0).0.is_ok() || !run.is_mp4(), "{name}");
    }
}

/// A frame of nearly all bytes that one may have, and one of more.
#[test]
fn a_frame_without_measure_is_not_read() {
    for name in ["chromium-webm-vp8-opus", "chromium-mp4-h264-opus"] {
        let run = runs(&captures::named(name).stream).remove(0);
        let own = &run.files[0];
        let is_key = |track: usize, sync: bool| sync && own.spec.tracks[track].kind == Kind::Video;
        let key = own.samples.iter().find(|it| is_key(it.track, it.sync)).unwrap();
        for (bytes, is_read) in [(8_388_000, true), (8_389_000, false)] {
            let mut large = key.clone();
            let mut data = key.data.to_vec();
            data.resize(bytes, 7);
            large.data = data.into();
            let mut muxer = Muxer::new(own.spec.clone(), NANOS_PER_SECOND).unwrap();
            muxer.push(large.clone());
            let mut file = muxer.commit(None).concat();
            let (steps, _) = muxer.finish(None);
            steps.iter().for_each(|step| apply_step(&mut file, step));
            let head = head(&file).0.unwrap();
            let (found, asked) = frame(&head, &file, 0);
            match is_read {
                true => assert!(found.unwrap().data == large.data, "{name}"),
                false => {
                    assert_eq!(found.unwrap_err().kind, ErrorKind::TooLarge, "{name}");
                    assert!(asked < 20_000, "{name}: {asked}");
                }
            }
        }
    }
}

/// Where a cue leads to a cluster without its key frame, that is told, and no later one is taken for
/// it.
#[test]
fn a_cue_that_leads_to_no_key_frame_is_told() {
    let stream = captures::named("chromium-webm-vp8-opus").stream;
    let mut own = record(&[stream.into()], 60 * NANOS_PER_SECOND).unwrap().files.remove(0);
    let head = head(&own.finished).0.unwrap();
    let keys = key_frames(&own);
    assert!(keys.len() > 1 && keys.len() == head.key_frames_ns().len());
    let key = &keys[0].data;
    let data = own.finished.windows(key.len()).position(|bytes| bytes == key).unwrap();
    // A SimpleBlock has its flags behind a number and a time.
    assert_eq!(own.finished[data - 1], 0x80);
    own.finished[data - 1] = 0;
    let error = frame(&head, &own.finished, 0).0.unwrap_err();
    assert_eq!((error.kind, error.element), (ErrorKind::Malformed, "CuePoint"));
    assert!(frame(&head, &own.finished, keys[1].pts_ns).0.unwrap().data == keys[1].data);
}

/// What is read of a cluster of this payload, where the one of the first key frame stood.
fn of_cluster(payload: &[u8]) -> Result<Vec<u8>, ErrorKind> {
    let stream = captures::named("chromium-webm-vp8-opus").stream;
    let mut file =
        record(&[stream.into()], 60 * NANOS_PER_SECOND).unwrap().files.remove(0).finished;
    let head = head(&file).0.unwrap();
    let number = head.tracks().iter().position(|track| track.kind == Kind::Video).unwrap();
    assert_eq!(number + 1, usize::from(VIDEO));
    let size = (payload.len() as u64 | 1 << 56).to_be_bytes();
    let cluster = [&[0x1F, 0x43, 0xB6, 0x75][..], &size, payload].concat();
    let Ok(FrameStep::Need { offset, .. }) = FrameReader::new(&head, 0).unwrap().poll() else {
        panic!("it has nothing to read")
    };
    file[offset as usize..][..cluster.len()].copy_from_slice(&cluster);
    frame(&head, &file, 0).0.map(|frame| frame.data.to_vec()).map_err(|error| error.kind)
}

/// The capture's second track.
const VIDEO: u8 = 2;

#[test]
fn a_key_frame_is_told_by_its_block() {
    const ZERO: &[u8] = &[0xE7, 0x84, 0, 0, 0, 0];
    const V: u8 = 0x80 | VIDEO;
    // As SimpleBlocks, and as BlockGroups with and without a ReferenceBlock.
    let simple = |track: u8, flags: u8| vec![0xA3, 0x85, track, 0, 0, flags, 1];
    let group = |frame: u8| vec![0xA0, 0x87, 0xA1, 0x85, V, 0, 0, 0, frame];
    let dependent = |frame: u8| vec![0xA0, 0x8A, 0xA1, 0x85, V, 0, 0, 0, frame, 0xFB, 0x81, 5];
    for (blocks, frame) in [
        (vec![simple(V, 0x80)], 1),
        (vec![simple(0x81, 0x80), simple(V, 0), group(2)], 2),
        (vec![vec![0xEC, 0x80], dependent(2), group(3), simple(V, 0x80)], 3),
    ] {
        assert_eq!(of_cluster(&[ZERO, &blocks.concat()].concat()), Ok(vec![frame]));
    }
    // Of which no good can come.
    let key = simple(V, 0x80);
    let far = [&[0xE7, 0x88, 0x7F][..], &[0xFF; 7], &key].concat();
    for (what, payload, kind) in [
        ("nothing", Vec::new(), ErrorKind::Malformed),
        ("no time", key.clone(), ErrorKind::Malformed),
        ("a time behind all others", far, ErrorKind::Malformed),
        (
            "a time without a value",
            [&[0xE7, 0x89][..], &[0; 9], &key].concat(),
            ErrorKind::Malformed,
        ),
        ("no number", [ZERO, &simple(0, 0x80)].concat(), ErrorKind::Malformed),
        ("no frame", [ZERO, &[0xA3, 0x84, V, 0, 0, 0x80]].concat(), ErrorKind::Malformed),
        (
            "two frames",
            [ZERO, &[0xA3, 0x87, V, 0, 0, 0x84, 1, 1, 1]].concat(),
            ErrorKind::Malformed,
        ),
        (
            "a block behind the end",
            [ZERO, &[0xA3, 0x86, V, 0, 0, 0x80, 1]].concat(),
            ErrorKind::Truncated,
        ),
        ("no length", [ZERO, &[0xA3, 0xFF, V, 0, 0, 0x80, 1]].concat(), ErrorKind::Malformed),
        (
            "a group without a block",
            [ZERO, &[0xA0, 0x82, 0xFB, 0x80]].concat(),
            ErrorKind::Malformed,
        ),
        ("padding without end", [0xEC, 0x80].repeat(8200), ErrorKind::TooLarge),
    ] {
        assert_eq!(of_cluster(&payload), Err(kind), "{what}");
    }
}

#[test]
fn damaged_bytes_do_no_harm() {
    for name in ["chromium-webm-vp8-opus", "firefox-webm-vp8-opus", "webkit-mp4-h264-aac"] {
        let run = runs(&captures::named(name).stream).remove(0);
        let own = &run.parts[0].head;
        let file = &run.files[0].finished;
        let front = own.media().start as usize;
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 1000,
            failure_persistence: None,
            ..Default::default()
        });
        let place = prop_oneof![0..front, front..front + 40, front..file.len()];
        // And as lengths often begin.
        let value = prop_oneof![
            any::<u8>(),
            prop::sample::select(&[0x00, 0x01, 0x10, 0x80, 0x88, 0xFF][..])
        ];
        let flips = (prop::collection::vec((place, value), 1..6), any::<i64>());
        let is_harmless = |(flips, at_ns): (Vec<(usize, u8)>, i64)| {
            let mut bent = file.clone();
            for (at, value) in flips {
                bent[at] = value;
            }
            // With the head as it was, and with what the bytes make of it.
            let bent_head = head(&bent).0.ok();
            for own in [Some(&**own), bent_head.as_ref()].into_iter().flatten() {
                for at_ns in [0, at_ns, at_ns % NANOS_PER_SECOND] {
                    if FrameReader::new(own, at_ns).is_none() {
                        continue;
                    }
                    if let Ok(found) = frame(own, &bent, at_ns).0 {
                        prop_assert!(bent.windows(found.data.len()).any(|it| it == found.data));
                    }
                }
            }
            Ok(())
        };
        runner.run(&flips, is_harmless).unwrap();
    }
}

#[test]
fn without_pictures_there_is_none() {
    let run = runs(&captures::named("chromium-webm-opus-audio-only").stream).remove(0);
    assert_eq!(run.parts[0].head.container(), Container::Webm);
    assert!(!run.parts[0].head.key_frames_ns().is_empty());
    assert!(FrameReader::new(&run.parts[0].head, 0).is_none());
}
