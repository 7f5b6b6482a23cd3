//! What a playlist names of finished files.

use std::fmt::Write;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use container::reel::{Fragments, Head};
use container::{Kind, NANOS_PER_SECOND};
use proptest::prelude::*;

use super::joins::pictures;
use super::{head, runs, streams};
use crate::captures;
use crate::concatenating::packets;
use crate::matrix::recording::{File, Read, read, record};

fn slice(file: &[u8], range: &Range<u64>) -> Vec<u8> {
    file[range.start as usize..range.end as usize].to_vec()
}

fn init(file: &[u8], fragments: &Fragments) -> Vec<u8> {
    fragments.init().iter().flat_map(|range| slice(file, range)).collect()
}

/// The types of boxes that a piece consists of.
fn boxes(mut bytes: &[u8]) -> Vec<[u8; 4]> {
    let mut kinds = Vec::new();
    while !bytes.is_empty() {
        let len = u32::from_be_bytes(*bytes.first_chunk().unwrap()) as usize;
        assert!(len >= 8, "{len}");
        kinds.push(*bytes[4..].first_chunk().unwrap());
        bytes = &bytes[len..];
    }
    kinds
}

/// Whole files of a stream, each with several key frames where the stream has them.
fn long_files(stream: &[u8]) -> Vec<File> {
    let chunks: Vec<Bytes> = stream.chunks(9000).map(Bytes::copy_from_slice).collect();
    record(&chunks, 60 * NANOS_PER_SECOND).unwrap().files
}

fn of_track(list: &[Read], track: usize) -> Vec<&Bytes> {
    list.iter().filter(|read| read.track == track).map(|read| &read.data).collect()
}

fn assert_pieces(file: &File, head: &Head, target_ns: i64, name: &str) -> usize {
    let bytes = &file.finished;
    let fragments = Fragments::of(head, target_ns).unwrap();
    let init = init(bytes, &fragments);
    assert_eq!(boxes(&init), [*b"ftyp", *b"moov"], "{name}");
    let list = fragments.list();
    let has_video = head.tracks().iter().any(|track| track.kind == Kind::Video);
    let (mut at, mut at_ns, mut all) = (fragments.init()[1].end, 0, Vec::new());
    for (n, piece) in list.iter().enumerate() {
        // One behind the other, without a hole.
        assert_eq!((piece.range.start, piece.start_ns), (at, at_ns), "{name}, {n}");
        (at, at_ns) = (piece.range.end, at_ns + piece.duration_ns);
        let own = slice(bytes, &piece.range);
        let kinds = boxes(&own);
        let heads = kinds.iter().filter(|kind| *kind == b"moof").count();
        assert_eq!(kinds.iter().filter(|kind| *kind == b"mdat").count(), heads, "{name}, {n}");
        assert!(heads > 0, "{name}, {n}");
        let is_known = |kind: &[u8; 4]| matches!(kind, b"moof" | b"mdat" | b"free");
        assert!(kinds.iter().all(is_known), "{name}, {n}: {kinds:?}");
        // A player that begins here shows a key frame at once, at its time.
        let found = read(&[&init[..], &own].concat());
        let lead = found.iter().find(|read| !has_video || read.kind == Kind::Video).unwrap();
        assert!(lead.sync, "{name}, {n}");
        let off_ns = lead.pts_ns - piece.start_ns;
        // The first one begins at zero, whether that is shown or not.
        assert!(off_ns.abs() < 1_000_000 || n == 0, "{name}, {n}: {off_ns} ns off");
        all.extend(found);
    }
    assert_eq!((at, at_ns), (head.media().end, head.duration_ns()), "{name}");
    // Together they are what the file was before it was finished.
    let grown = read(&file.growing);
    let tracks = grown.iter().map(|read| read.track).max().unwrap_or(0) + 1;
    for track in 0..tracks {
        assert!(of_track(&all, track) == of_track(&grown, track), "{name}, track {track}");
    }
    list.len()
}

#[test]
fn pieces_are_whole_begin_with_a_key_frame_and_leave_nothing_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut most = 0;
    for (name, stream) in streams(folder.path()) {
        for file in long_files(&stream) {
            let head = head(&file.finished).0.unwrap();
            if !file.is_mp4() {
                assert_eq!(Fragments::of(&head, 0), None);
                continue;
            }
            let keys = head.key_frames_ns().len();
            for target_ns in [i64::MIN, 0, NANOS_PER_SECOND, 6 * NANOS_PER_SECOND, i64::MAX] {
                let pieces = assert_pieces(&file, &head, target_ns, &name);
                // A fragment for each key frame.
                assert!(keys == 0 || pieces <= keys, "{name}");
                assert!(target_ns > 0 || keys == 0 || pieces == keys, "{name}: {pieces}, {keys}");
                assert!(target_ns < i64::MAX || pieces == 1, "{name}: {pieces}");
                most = most.max(pieces);
            }
        }
    }
    assert!(most > 5, "{most}");
}

/// As long as the target lets them be, and no longer.
#[test]
fn pieces_are_put_together_up_to_the_target() {
    let stream = captures::named("webkit-mp4-h264-aac").stream;
    let mut merged = 0;
    for file in long_files(&stream) {
        let head = head(&file.finished).0.unwrap();
        let finest = Fragments::of(&head, 0).unwrap();
        let longest = finest.list().iter().map(|it| it.duration_ns).max().unwrap();
        for target_ns in (0..head.duration_ns()).step_by(100_000_000) {
            let fragments = Fragments::of(&head, target_ns).unwrap();
            let list = fragments.list();
            for (n, piece) in list.iter().enumerate() {
                let own = finest.list().iter().filter(|it| piece.range.contains(&it.range.start));
                let own = own.count();
                merged += own - 1;
                assert!(own == 1 || piece.duration_ns <= target_ns, "{n} of {target_ns}");
                assert!(piece.duration_ns <= target_ns.max(longest));
                let next = list.get(n + 1).map(|next| next.range.start);
                let next = finest.list().iter().find(|it| Some(it.range.start) == next);
                if let Some(next) = next {
                    assert!(piece.duration_ns + next.duration_ns > target_ns, "{n} of {target_ns}");
                }
            }
        }
    }
    assert!(merged > 5, "{merged}");
}

/// A playlist of some files, as its documentation says, beside them.
fn playlist(folder: &Path, files: &[&[u8]], target_ns: i64) -> std::path::PathBuf {
    let mut longest_ns = 0;
    let mut lines = String::new();
    for (n, file) in files.iter().enumerate() {
        let fragments = Fragments::of(&head(file).0.unwrap(), target_ns).unwrap();
        std::fs::write(folder.join(format!("{n}.mp4")), file).unwrap();
        std::fs::write(folder.join(format!("{n}.init.mp4")), init(file, &fragments)).unwrap();
        if n > 0 {
            lines.push_str("#EXT-X-DISCONTINUITY\n");
        }
        writeln!(lines, "#EXT-X-MAP:URI=\"{n}.init.mp4\"").unwrap();
        for piece in fragments.list() {
            longest_ns = longest_ns.max(piece.duration_ns);
            let seconds = piece.duration_ns as f64 / NANOS_PER_SECOND as f64;
            let bytes = piece.range.end - piece.range.start;
            writeln!(lines, "#EXTINF:{seconds:.3},").unwrap();
            writeln!(lines, "#EXT-X-BYTERANGE:{bytes}@{}\n{n}.mp4", piece.range.start).unwrap();
        }
    }
    let longest_s = (longest_ns as f64 / NANOS_PER_SECOND as f64).round();
    let text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{longest_s}\n\
         #EXT-X-PLAYLIST-TYPE:VOD\n{lines}#EXT-X-ENDLIST\n"
    );
    let path = folder.join("list.m3u8");
    std::fs::write(&path, text).unwrap();
    path
}

/// The pictures of a list's H.264, whatever their times: ffmpeg does not begin anew where a list
/// says so, and drops pictures whose times go back.
fn pictures_without_times(list: &Path) -> Vec<String> {
    let stream = list.with_extension("h264");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "fatal", "-i"]).arg(list).args(["-map", "0:v", "-c", "copy"]);
    assert!(ffmpeg.arg(&stream).status().unwrap().success());
    pictures(&stream)
}

#[test]
fn a_playlist_of_files_is_the_files() {
    for name in ["chromium-mp4-h264-opus", "webkit-mp4-h264-aac", "chromium-mkv-h264-opus"] {
        let run = runs(&captures::named(name).stream).remove(0);
        let long = long_files(&captures::named(name).stream).remove(0).finished;
        let short: Vec<&[u8]> = run.files[..2].iter().map(|file| &*file.finished).collect();
        for files in [vec![&*long], short] {
            let folder = tempfile::tempdir().unwrap();
            let list = playlist(folder.path(), &files, 2 * NANOS_PER_SECOND);
            let own = (0..files.len()).map(|n| folder.path().join(format!("{n}.mp4")));
            let own: Vec<_> = own.collect();
            let is_one = own.len() == 1;
            let wanted: Vec<String> = own.iter().flat_map(|path| pictures(path)).collect();
            assert!(wanted.len() > 20, "{name}");
            assert!(pictures_without_times(&list) == wanted, "{name}: {} files", own.len());
            assert!(!is_one || pictures(&list) == wanted, "{name}");
            for kind in ["v", "a"] {
                let of = |path: &Path| packets(&["-i", path.to_str().unwrap()], kind);
                let wanted: Vec<_> = own.iter().flat_map(|path| of(path)).collect();
                let found = of(&list);
                assert_eq!(found.len(), wanted.len(), "{name}, {} files, {kind}", own.len());
                for (n, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
                    assert_eq!(found.bytes, wanted.bytes, "{name}, {kind}, packet {n}");
                    let off_s = found.at_s - wanted.at_s;
                    let is_late = is_one && off_s.abs() > 0.002;
                    assert!(!is_late, "{name}, {kind}, packet {n}: {off_s} s off");
                }
            }
        }
    }
}

#[test]
fn damaged_heads_do_no_harm() {
    for name in ["chromium-mp4-h264-opus", "webkit-mp4-h264-aac"] {
        let run = runs(&captures::named(name).stream).remove(0);
        let file = &run.files[1].finished;
        let front = run.parts[1].head.media().start as usize + 100;
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 1000,
            failure_persistence: None,
            ..Default::default()
        });
        let flips = (prop::collection::vec((0..front, any::<u8>()), 1..5), any::<i64>());
        let is_harmless = |(flips, target_ns): (Vec<(usize, u8)>, i64)| {
            let mut bent = file.clone();
            for (at, value) in flips {
                bent[at] = value;
            }
            let Ok(head) = head(&bent).0 else { return Ok(()) };
            let Some(fragments) = Fragments::of(&head, target_ns) else { return Ok(()) };
            let mut at = fragments.init()[1].end;
            for piece in fragments.list() {
                prop_assert!(piece.range.start == at && piece.range.end >= at);
                prop_assert!(piece.duration_ns >= 0);
                at = piece.range.end;
            }
            prop_assert_eq!(at, head.media().end);
            Ok(())
        };
        runner.run(&flips, is_harmless).unwrap();
    }
}

/// Samples that lie otherwise than in fragments one behind the other, and media that does not begin
/// with the header of any.
#[test]
fn a_file_of_another_layout_has_no_pieces() {
    let run = runs(&captures::named("chromium-mp4-h264-opus").stream).remove(0);
    let (own, file) = (&run.parts[0].head, &run.files[0].finished);
    let pieces = |file: &[u8]| Fragments::of(&head(file).0.unwrap(), NANOS_PER_SECOND);
    assert!(pieces(file).is_some());
    let media = own.media().start as usize;
    let mut headless = file.clone();
    assert_eq!(&headless[media + 4..media + 8], b"moov");
    headless[media + 4..media + 8].copy_from_slice(b"free");
    assert_eq!(pieces(&headless), None);
    // The second chunk of a track begins inside the first, or right behind the first sample.
    let chunks = file.windows(4).position(|four| four == b"stco").unwrap() + 12;
    let first = u32::from_be_bytes(*file[chunks..].first_chunk().unwrap());
    for at in [first, first + 1, first + 5000] {
        let mut mixed = file.clone();
        mixed[chunks + 4..chunks + 8].copy_from_slice(&at.to_be_bytes());
        assert_eq!(pieces(&mixed), None, "{at} for {first}");
    }
}
