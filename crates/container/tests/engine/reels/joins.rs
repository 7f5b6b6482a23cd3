//! All files of a stream, or some, in one.

use std::process::Command;

use bytes::Bytes;
use container::reel::{HeadReader, HeadStep, Part, Patch, Piece, Reel, ReelError};
use proptest::prelude::*;

use super::{Run, assert_same, runs, samples, streams};
use crate::captures;
use crate::concatenating::packets;
use crate::matrix::recording::Read;
use crate::matrix::strangers::{adler, mkvinfo, movie, mp4box};

/// What a reel of all parts is to hold.
fn wanted(run: &Run, reel: &Reel, parts: &[Part], numbers: &[usize]) -> Vec<Read> {
    // A delay that not all files have is none.
    let delays =
        |part: &Part| -> Vec<i64> { part.head.tracks().iter().map(|track| track.delay).collect() };
    let is_mixed = parts.iter().any(|part| delays(part) != delays(&parts[0]));
    let mut wanted = Vec::new();
    for (place, &number) in numbers.iter().enumerate() {
        for mut read in run.expected(number, is_mixed) {
            read.pts_ns += reel.starts_ns()[place];
            wanted.push(read);
        }
    }
    wanted
}

#[test]
fn a_joined_file_is_its_stream_without_a_seam() {
    let folder = tempfile::tempdir().unwrap();
    let mut joined = 0;
    for (name, stream) in streams(folder.path()) {
        let original = folder.path().join("original");
        std::fs::write(&original, &stream).unwrap();
        let runs = runs(&stream);
        for run in &runs {
            let reel = Reel::new(&run.parts, None).unwrap();
            let whole = run.bytes(&reel, 0..reel.bytes());
            assert_eq!(whole.len() as u64, reel.bytes(), "{name}");
            let numbers: Vec<usize> = (0..run.files.len()).collect();
            // From the zeros of the stream, each of them exactly.
            let zeros: Vec<i64> = run
                .files
                .iter()
                .map(|file| file.spec.origin_ns - run.files[0].spec.origin_ns)
                .collect();
            assert_eq!(reel.starts_ns(), zeros, "{name}");
            let wanted = wanted(run, &reel, &run.parts, &numbers);
            let found = samples(&whole, run.is_mp4());
            assert_same(&found, &wanted, run.tolerance_ns(), &name);
            let report = container::inspect(whole.clone().into());
            assert_eq!(report.problems, Vec::<String>::new(), "{name}");
            assert!((report.duration_ns - reel.duration_ns()).abs() < 1_000_000, "{name}");
            let extension = run.files[0].spec.init.output.extension();
            let path = folder.path().join(format!("{name}.joined.{extension}"));
            std::fs::write(&path, &whole).unwrap();
            // By readers that are not the engine's.
            let others = match run.is_mp4() {
                true => movie(&whole, &mp4box(std::slice::from_ref(&path))[0]),
                false => mkvinfo(&path),
            };
            for (track, others) in others.iter().enumerate() {
                let own = wanted.iter().filter(|read| read.track == track);
                let own: Vec<_> = own.map(|read| (read.data.len(), adler(&read.data))).collect();
                let others: Vec<_> = others.iter().map(|it| (it.size, it.adler)).collect();
                assert!(own == others, "{name}: track {track}");
            }
            joined += usize::from(run.files.len() > 1);
            // ffmpeg has each packet of the stream once, in its time; what GStreamer's recorder
            // writes twice when it is stopped it has twice.
            if runs.len() > 1 || name == "webkit-mp4-h264-aac-stopped" {
                continue;
            }
            for kind in ["v", "a"] {
                let has = |wanted: container::Kind| {
                    run.parts[0].head.tracks().iter().any(|track| track.kind == wanted)
                };
                let kind_is =
                    if kind == "v" { container::Kind::Video } else { container::Kind::Audio };
                if !has(kind_is) {
                    continue;
                }
                let original = packets(&["-i", original.to_str().unwrap()], kind);
                let found = packets(&["-i", path.to_str().unwrap()], kind);
                let delay_s = found[0].at_s - original[0].at_s;
                assert_eq!(found.len(), original.len(), "{name}, {kind}");
                for (n, (found, original)) in found.iter().zip(&original).enumerate() {
                    // Start codes become lengths.
                    let is_annex_b = name == "chromium-mkv-h264-opus" && kind == "v";
                    assert!(
                        is_annex_b || found.bytes == original.bytes,
                        "{name}, {kind}, packet {n}"
                    );
                    let off_s = found.at_s - original.at_s - delay_s;
                    // A delay that the later files do not have is none in WebM.
                    let late_s = if run.is_mp4() || kind == "v" { 0.0021 } else { 0.0091 };
                    assert!(off_s.abs() < late_s, "{name}, {kind}, packet {n}: {off_s} s off");
                }
            }
        }
    }
    assert!(joined >= 12, "{joined}");
}

/// Pictures as a decoder makes them, in the order in which they are shown.
pub(super) fn pictures(path: &std::path::Path) -> Vec<String> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i"]).arg(path).args(["-map", "0:v", "-fps_mode", "passthrough"]);
    let output = ffmpeg.args(["-f", "framemd5", "-"]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

#[test]
fn a_decoder_makes_the_same_pictures_of_it() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["chromium-mp4-h264-opus", "chromium-webm-vp8-opus", "webkit-mp4-h264-aac"] {
        let capture = captures::named(name);
        let runs = runs(&capture.stream);
        let path = folder.path().join(name);
        let reel = Reel::new(&runs[0].parts, None).unwrap();
        std::fs::write(&path, runs[0].bytes(&reel, 0..reel.bytes())).unwrap();
        let (wanted, found) = (pictures(&capture.path), pictures(&path));
        // WebKit's last pictures come without sound, in a file of their own.
        let others = runs[1..].iter().flat_map(|run| &run.files);
        let left: usize = others.map(|file| file.samples.len()).sum();
        assert!(found.len() > 50 && left < 20, "{name}");
        assert!(
            wanted[..wanted.len() - left] == found,
            "{name}: {} of {}",
            found.len(),
            wanted.len()
        );
    }
}

#[test]
fn what_cannot_be_one_file_is_told() {
    let runs_of = |name: &str| runs(&captures::named(name).stream);
    let (webm, mp4) = (runs_of("chromium-webm-vp8-opus"), runs_of("chromium-mp4-h264-opus"));
    let mut parts = webm[0].parts.clone();
    assert_eq!(Reel::new(&[], None).unwrap_err(), ReelError::Empty);
    parts.push(mp4[0].parts[0].clone());
    let part = parts.len() - 1;
    assert_eq!(Reel::new(&parts, None).unwrap_err(), ReelError::Different { part });
    for run in [&webm[0], &mp4[0]] {
        for (follows, error) in [
            (Some(0), ReelError::Misplaced { part: 2 }),
            (Some(-1), ReelError::Misplaced { part: 2 }),
            (Some(i64::MIN), ReelError::Misplaced { part: 2 }),
            (Some(i64::MAX), ReelError::TooLong),
        ] {
            let mut parts = run.parts.clone();
            parts[2].follows = follows;
            assert_eq!(Reel::new(&parts, None).unwrap_err(), error);
        }
    }
    // A picture of another size.
    let resized = runs_of("chromium-webm-vp8-opus-resized");
    assert!(resized.len() > 1);
    assert_ne!(resized[0].parts[0].head.configuration(), resized[1].parts[0].head.configuration());
}

#[test]
fn it_says_what_it_is() {
    for (name, content_type) in [
        ("chromium-webm-vp8-opus", "video/webm; codecs=\"opus, vp8\""),
        ("chromium-webm-opus-audio-only", "audio/webm; codecs=\"opus\""),
        ("webkit-mp4-h264-aac", "video/mp4; codecs=\"avc1.4D402A, mp4a.40.2\""),
    ] {
        let runs = runs(&captures::named(name).stream);
        let reel = Reel::new(&runs[0].parts, None).unwrap();
        assert_eq!(reel.content_type(), content_type);
        let files: u64 = runs[0].files.iter().map(|file| file.finished.len() as u64).sum();
        assert!(reel.bytes() < files, "no room is left in it");
        let made = reel.pieces().filter(|piece| matches!(piece, Piece::Bytes(_))).count();
        assert_eq!((made, reel.pieces().count()), (1, 1 + runs[0].files.len()));
    }
}

fn some_runs() -> Vec<Run> {
    let names = [
        "chromium-webm-vp8-opus",
        "chromium-mp4-h264-opus",
        "webkit-mp4-h264-aac",
        "chromium-webm-opus-audio-only",
        "chromium-mkv-h264-opus",
    ];
    names.iter().map(|name| runs(&captures::named(name).stream).remove(0)).collect()
}

#[test]
fn any_bytes_of_it_are_those_of_the_whole() {
    for run in some_runs() {
        let reel = Reel::new(&run.parts, None).unwrap();
        let whole = run.bytes(&reel, 0..reel.bytes());
        let len = whole.len();
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 300,
            failure_persistence: None,
            ..Default::default()
        });
        let ranges = (0..=len + 10, prop_oneof![0..100usize, 0..=len]);
        let is_same = |(from, bytes): (usize, usize)| {
            let range = from as u64..(from + bytes) as u64;
            let part = &whole[from.min(len)..(from + bytes).min(len)];
            prop_assert!(run.bytes(&reel, range) == part);
            Ok(())
        };
        runner.run(&ranges, is_same).unwrap();
        // Each single byte around the beginnings of the first clusters.
        let front = reel.pieces().next().map_or(0, |piece| match piece {
            Piece::Bytes(bytes) => bytes.len(),
            Piece::File { .. } => 0,
        });
        let seam = reel.bytes() - run.files.last().unwrap().finished.len() as u64 / 2;
        for from in (front as u64 - 4..front as u64 + 40).chain(seam..seam + 200) {
            assert_eq!(run.bytes(&reel, from..from + 1), whole[from as usize..][..1], "{from}");
        }
    }
}

#[test]
fn some_of_the_files_follow_each_other_without_a_hole() {
    for run in some_runs() {
        let all = run.parts.len();
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 24,
            failure_persistence: None,
            ..Default::default()
        });
        let chosen = prop::collection::vec(0..all, 1..6);
        let is_right = |numbers: Vec<usize>| {
            let part = |(place, &number): (usize, &usize)| {
                let is_next = place > 0 && numbers[place - 1] + 1 == number;
                let follows = run.parts[number].follows.filter(|_| is_next);
                Part { head: run.parts[number].head.clone(), follows }
            };
            let parts: Vec<Part> = numbers.iter().enumerate().map(part).collect();
            let reel = Reel::new(&parts, None).unwrap();
            let files: Vec<&[u8]> =
                numbers.iter().map(|&number| &*run.files[number].finished).collect();
            let whole = super::bytes(&reel, &files, 0..reel.bytes()).unwrap();
            let wanted = wanted(&run, &reel, &parts, &numbers);
            let found = samples(&whole, run.is_mp4());
            assert_same(&found, &wanted, run.tolerance_ns(), "some");
            for place in 1..parts.len() {
                let starts = reel.starts_ns();
                let distance_ns = starts[place] - starts[place - 1];
                let duration_ns = parts[place - 1].head.duration_ns();
                match parts[place].follows {
                    Some(follows) => prop_assert_eq!(distance_ns, follows),
                    // What an encoder puts in front of its sound has its own place.
                    None => prop_assert!((0..100_000_000).contains(&(distance_ns - duration_ns))),
                }
            }
            Ok(())
        };
        runner.run(&chosen, is_right).unwrap();
    }
}

/// Where samples lie behind 4 GiB, their places have 64 bits.
#[test]
fn places_behind_4_gib_are_as_wide_as_they_must_be() {
    let run = runs(&captures::named("chromium-mp4-h264-opus").stream).remove(0);
    let mut parts = run.parts.clone();
    let small = Reel::new(&parts, None).unwrap();
    // The first file is followed by nothing up to 5 GiB; only its head is read.
    let file_bytes = 5u64 << 30;
    let mut file = run.files[0].finished.clone();
    let media_at = parts[0].head.media().start;
    let size = file_bytes - (media_at - 16);
    file[media_at as usize - 8..media_at as usize].copy_from_slice(&size.to_be_bytes());
    let mut reader = HeadReader::new(file_bytes);
    parts[0].head = loop {
        match reader.poll().unwrap() {
            HeadStep::Need { offset, bytes } => {
                let from = offset as usize;
                reader.give(Bytes::copy_from_slice(&file[from..from + bytes]));
            }
            HeadStep::Done(head) => break head.into(),
        }
    };
    let large = Reel::new(&parts, None).unwrap();
    let empty = file_bytes - run.files[0].finished.len() as u64;
    let front = |reel: &Reel| match reel.pieces().next() {
        Some(Piece::Bytes(bytes)) => bytes,
        other => panic!("{other:?}"),
    };
    let (small_front, large_front) = (front(&small), front(&large));
    assert_eq!(
        large.bytes() - large_front.len() as u64,
        small.bytes() - small_front.len() as u64 + empty
    );
    let offsets = |front: &Bytes, kind: &[u8; 4], width: usize| -> Vec<u64> {
        let at = front.windows(4).position(|four| four == kind).unwrap();
        let count = u32::from_be_bytes(*front[at + 8..].first_chunk().unwrap()) as usize;
        let entries = front[at + 12..][..width * count].chunks(width);
        entries.map(|it| it.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))).collect()
    };
    let (narrow, wide) = (offsets(&small_front, b"stco", 4), offsets(&large_front, b"co64", 8));
    assert!(!large_front.windows(4).any(|four| four == b"stco"));
    let moved = (large_front.len() - small_front.len()) as u64;
    let behind = small_front.len() as u64 + run.files[0].finished.len() as u64 - media_at;
    let wanted: Vec<u64> =
        narrow.iter().map(|&at| at + moved + if at >= behind { empty } else { 0 }).collect();
    assert_eq!(wide, wanted);
    // Bytes from there are asked for as they are, and no more of them.
    let tail: Vec<Piece> = large.pieces_of(large.bytes() - 7..u64::MAX).collect();
    let last = run.files.len() - 1;
    let end = run.files[last].finished.len() as u64;
    let wanted = Piece::File { part: last, range: end - 7..end, patch: Patch::None };
    assert_eq!(tail, [wanted]);
}
