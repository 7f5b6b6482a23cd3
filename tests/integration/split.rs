//! `localcamera split`: what a browser, a program or a crash has left becomes files that play.

mod broken;
mod endings;
mod movies;

use std::path::{Path, PathBuf};

use crate::support::captures::{self, judge};
use crate::support::client::Client;
use crate::support::files::listing;
use crate::support::server::Server;
use crate::support::small_disk::SmallDisk;
use crate::support::splitter::{Done, packets, split, split_pipe, split_stdin};
use crate::v1::send;

/// Checks that everything of the input is in files, that they were printed, and nothing else was.
fn complete(done: &Done, out: &Path) {
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.files, listing(out), "{done:?}");
    // No terminal, no bar.
    let [summary] = done.said.lines().collect::<Vec<_>>()[..] else { panic!("{done:?}") };
    assert!(summary.ends_with("nothing had to be left out"), "{done:?}");
}

/// The packets of both kinds.
fn all_packets(files: &[impl AsRef<Path>]) -> [Vec<String>; 2] {
    [packets(files, "v:0"), packets(files, "a:0")]
}

/// A file with what is left of a capture.
fn rest(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn every_browsers_stream_becomes_files_that_play() {
    for capture in captures::all() {
        let folder = tempfile::tempdir().unwrap();
        let path = capture.path.to_str().unwrap();
        let before = std::fs::metadata(&capture.path).unwrap().modified().unwrap();
        let done = split(folder.path(), &[path, "--out", "out", "--segment-seconds", "2"]);
        complete(&done, &folder.path().join("out"));
        judge(&capture, &done.files, "2");
        let name = format!("{}_00001.", capture.name);
        assert!(
            done.files[0].file_name().unwrap().to_str().unwrap().starts_with(&name),
            "{done:?}"
        );
        let after = std::fs::metadata(&capture.path).unwrap();
        assert_eq!(std::fs::read(&capture.path).unwrap(), capture.stream);
        assert_eq!(after.modified().unwrap(), before);
    }
}

#[test]
fn a_whole_file_is_one_file() {
    for name in ["chromium-webm-vp8-opus", "chromium-mkv-h264-opus", "webkit-mp4-h264-aac"] {
        let capture = captures::named(name);
        let folder = tempfile::tempdir().unwrap();
        let done = split(folder.path(), &[capture.path.to_str().unwrap(), "--whole"]);
        complete(&done, folder.path());
        assert_eq!(done.files.len(), 1, "{done:?}");
        judge(&capture, &done.files, "100000");
    }
}

#[test]
fn a_torn_recording_gives_all_that_is_whole_in_it() {
    for name in ["chromium-webm-vp8-opus", "firefox-webm-vp8-opus", "webkit-mp4-h264-aac"] {
        let capture = captures::named(name);
        let whole = all_packets(&[&capture.path]);
        for share in [0.2, 0.55, 0.9] {
            let folder = tempfile::tempdir().unwrap();
            let len = (capture.stream.len() as f64 * share) as usize;
            let torn = rest(folder.path(), "torn.bin", &capture.stream[..len]);
            let done =
                split(folder.path(), &["torn.bin", "--out", "out", "--segment-seconds", "2"]);
            assert_eq!(done.code, Some(3), "{done:?}");
            assert_eq!(done.files, listing(&folder.path().join("out")));
            let line = done.said.lines().next().unwrap();
            // Place, time and reason.
            let numbers: Vec<usize> = line
                .split(' ')
                .filter_map(|word| word.trim_end_matches(',').parse().ok())
                .collect();
            assert_eq!(numbers[0] + numbers[1], len, "{line}");
            assert!(line.contains(", behind 0:00:") && line.contains("ends inside the"), "{line}");
            for ((found, whole), torn) in
                all_packets(&done.files).iter().zip(&whole).zip(all_packets(&[&torn]))
            {
                assert!(whole.starts_with(found), "{name} {share}");
                // ffprobe takes a torn frame for one, too.
                assert!(
                    found.len() + 1 >= torn.len(),
                    "{name} {share}: {} of {}",
                    found.len(),
                    torn.len()
                );
                assert!(found.len() > 10, "{name} {share}");
            }
        }
    }
}

#[test]
fn pieces_of_a_recording_are_read_as_one() {
    for name in ["chromium-webm-vp8-opus", "chromium-mp4-h264-opus"] {
        let capture = captures::named(name);
        let folder = tempfile::tempdir().unwrap();
        let whole = rest(folder.path(), "piece-1.bin", &capture.stream);
        let done =
            split(folder.path(), &["piece-1.bin", "--out", "whole", "--segment-seconds", "3"]);
        std::fs::remove_file(whole).unwrap();
        let chunks: Vec<_> = capture.stream.chunks(capture.stream.len() / 11).collect();
        let mut args: Vec<String> = Vec::new();
        for (chunk, number) in chunks.iter().zip(1..) {
            let name = format!("piece-{number}.bin");
            rest(folder.path(), &name, chunk);
            args.push(name);
        }
        // As a shell gives them: the tenth in front of the second.
        args.sort();
        let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
        args.extend(["--out", "out", "--segment-seconds", "3"]);
        let pieces = split(folder.path(), &args);
        complete(&pieces, &folder.path().join("out"));
        assert_eq!(pieces.files.len(), done.files.len());
        for (one, other) in done.files.iter().zip(&pieces.files) {
            assert_eq!(std::fs::read(one).unwrap(), std::fs::read(other).unwrap(), "{name}");
        }
    }
}

#[test]
fn recordings_one_behind_the_other_come_out_one_behind_the_other() {
    for (first, second) in [
        ("chromium-webm-vp8-opus", "firefox-webm-vp8-opus"),
        ("webkit-mp4-h264-aac", "chromium-mp4-h264-opus"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let captures = [first, second].map(captures::named);
        let joined =
            captures.iter().map(|capture| &capture.stream[..]).collect::<Vec<_>>().concat();
        rest(folder.path(), "joined.bin", &joined);
        let done = split(folder.path(), &["joined.bin", "--out", "out", "--whole"]);
        complete(&done, &folder.path().join("out"));
        let [one, other] = &done.files[..] else { panic!("{done:?}") };
        judge(&captures[0], std::slice::from_ref(one), "100000");
        judge(&captures[1], std::slice::from_ref(other), "100000");
    }
}

#[test]
fn a_torn_recording_does_not_spoil_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let torn = captures::named("webkit-mp4-h264-aac");
    let whole = captures::named("firefox-webm-vp8-opus");
    rest(folder.path(), "a.mp4", &torn.stream[..torn.stream.len() / 2]);
    let path = whole.path.to_str().unwrap();
    let done = split(folder.path(), &["a.mp4", path, "--out", "out", "--whole"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let [one, other] = &done.files[..] else { panic!("{done:?}") };
    assert!(one.ends_with("a_00001.mp4") && other.ends_with("a_00002.webm"), "{done:?}");
    judge(&whole, std::slice::from_ref(other), "100000");
}

#[test]
fn media_without_its_header_is_named_and_left_out() {
    for name in ["firefox-webm-vp8-opus", "chromium-mp4-vp9-opus"] {
        let capture = captures::named(name);
        let folder = tempfile::tempdir().unwrap();
        let tail = &capture.stream[capture.stream.len() / 3..];
        rest(folder.path(), "tail.bin", tail);
        let done = split(folder.path(), &["tail.bin", "--out", "out"]);
        assert_eq!((done.code, done.files.len()), (Some(1), 0), "{done:?}");
        assert!(
            done.said.contains("no header of a WebM, Matroska or MP4 comes in front of it"),
            "{done:?}"
        );
        assert!(done.said.contains("there is no media in it"), "{done:?}");
        assert!(listing(&folder.path().join("out")).is_empty());
        // In front of a whole recording it costs only itself.
        rest(folder.path(), "both.bin", &[tail, &capture.stream].concat());
        let done = split(folder.path(), &["both.bin", "--out", "out", "--segment-seconds", "2"]);
        assert_eq!(done.code, Some(3), "{done:?}");
        assert!(done.said.contains(&format!("{} bytes from byte 0 on", tail.len())), "{done:?}");
        judge(&capture, &done.files, "2");
    }
}

/// A disk that lost power has given a file its length, and zeros where its last bytes would be.
#[test]
fn frames_of_zeros_are_none() {
    let capture = captures::named("chromium-mp4-h264-opus");
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let written = 100_000;
    rest(here, "torn.mp4", &capture.stream[..written]);
    let mut zeros = capture.stream[..written].to_vec();
    zeros.resize(500_000, 0);
    rest(here, "zeros.mp4", &zeros);
    let [torn, zeros] = ["torn.mp4", "zeros.mp4"]
        .map(|name| split(here, &[name, "--out", &format!("{name}-out"), "--whole"]));
    assert_eq!(zeros.code, Some(3), "{zeros:?}");
    // One frame lies on both sides, and nobody knows that of it.
    let (torn, zeros) = (all_packets(&torn.files), all_packets(&zeros.files));
    for (torn, zeros) in torn.iter().zip(zeros) {
        assert!(zeros.starts_with(torn) && zeros.len() <= torn.len() + 1);
    }
}

/// Where one piece alone has a header, and was named first, it stays there.
#[test]
fn a_piece_with_the_header_that_is_named_first_comes_first() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (front, behind) = capture.stream.split_at(200_000);
    rest(here, "p-10.webm", front);
    rest(here, "p-2.webm", behind);
    let done = split(here, &["p-10.webm", "p-2.webm", "--out", "out", "--whole"]);
    complete(&done, &here.join("out"));
    assert_eq!(all_packets(&done.files), all_packets(&[&capture.path]));
}

#[test]
fn damage_costs_what_is_damaged_and_is_told_with_its_times() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let folder = tempfile::tempdir().unwrap();
    let mut bent = capture.stream.clone();
    let hole = bent.len() / 2..bent.len() / 2 + 20_000;
    bent[hole].fill(0);
    rest(folder.path(), "bent.webm", &bent);
    let done = split(folder.path(), &["bent.webm", "--out", "out", "--segment-seconds", "4"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.said.contains(" between 0:00:0") && done.said.contains(" and 0:00:"), "{done:?}");
    let (found, whole) = (all_packets(&done.files), all_packets(&[&capture.path]));
    for (found, whole) in found.iter().zip(&whole) {
        assert!(found.len() > whole.len() * 2 / 3, "{} of {}", found.len(), whole.len());
        assert_eq!(found.last(), whole.last());
    }
}

#[tokio::test]
async fn what_a_killed_server_has_left_is_made_whole() {
    for name in ["chromium-webm-vp8-opus", "webkit-mp4-h264-aac"] {
        let capture = captures::named(name);
        let server = Server::start(&[]);
        let (mut client, _) = Client::hello(&server, "session-1").await;
        let length = send(&mut client, 0, &capture).await;
        client.acknowledged(0, length).await;
        let folder = server.kill();
        let left = listing(&folder.path().join("recordings"));
        let part = left.iter().find(|path| path.to_string_lossy().ends_with(".part")).unwrap();
        let done = split(folder.path(), &[part.to_str().unwrap(), "--out", "out", "--whole"]);
        complete(&done, &folder.path().join("out"));
        for (found, whole) in all_packets(&done.files).iter().zip(all_packets(&[part])) {
            assert!(!found.is_empty() && *found == whole, "{name}");
        }
    }
}

#[test]
fn a_pipe_gives_the_same_files() {
    for name in ["chromium-webm-vp9-opus", "chromium-mp4-h264-opus"] {
        let capture = captures::named(name);
        let folder = tempfile::tempdir().unwrap();
        let path = capture.path.to_str().unwrap();
        let of_file = split(folder.path(), &[path, "--out", "file", "--segment-seconds", "2"]);
        let args = |out: &'static str| ["-", "--out", out, "--segment-seconds", "2"];
        let of_pipe = split_pipe(folder.path(), &args("pipe"), &capture.stream);
        complete(&of_pipe, &folder.path().join("pipe"));
        let of_stdin = split_stdin(folder.path(), &args("stdin"), &capture.path);
        assert!(of_pipe.files[0].ends_with("pipe/recording_00001.webm") || name.contains("mp4"));
        let read = |done: &Done| -> Vec<_> {
            done.files.iter().map(|path| std::fs::read(path).unwrap()).collect()
        };
        assert!(read(&of_pipe) == read(&of_file) && read(&of_stdin) == read(&of_file), "{name}");
    }
}

#[test]
fn nothing_is_ever_overwritten() {
    let capture = captures::named("chromium-webm-opus-audio-only");
    let path = capture.path.to_str().unwrap();
    let taken = format!("{}_00003.webm", capture.name);
    for name in [taken.clone(), taken.clone() + ".part"] {
        let folder = tempfile::tempdir().unwrap();
        rest(folder.path(), &name, b"somebody's");
        let done = split(folder.path(), &[path, "--segment-seconds", "2"]);
        assert_eq!((done.code, done.files.len()), (Some(1), 0), "{done:?}");
        assert!(done.said.contains(&name) && done.said.contains("--out"), "{done:?}");
        assert_eq!(listing(folder.path()), [folder.path().join(&name)]);
        assert_eq!(std::fs::read(folder.path().join(&name)).unwrap(), b"somebody's");
    }
}

#[test]
fn a_full_disk_ends_it_with_the_files_that_are_finished() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    disk.leave(500_000);
    let capture = captures::named("webkit-mp4-h264-aac");
    let path = capture.path.to_str().unwrap();
    let done = split(folder.path(), &[path, "--out", "recordings/out", "--segment-seconds", "2"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.said.contains("No space left on device"), "{done:?}");
    assert!(done.said.contains(&format!("finished: {}", done.files.len())), "{done:?}");
    assert!((2..8).contains(&done.files.len()), "{done:?}");
    // What was not finished takes no room.
    assert_eq!(listing(&folder.path().join("recordings/out")), done.files);
    let whole = all_packets(&[&capture.path]);
    for (found, whole) in all_packets(&done.files).iter().zip(&whole) {
        assert!(!found.is_empty() && whole.starts_with(found));
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    rest(folder.path(), "empty.webm", b"");
    rest(folder.path(), "text.webm", b"This is no recording, whatever its name says.");
    for (args, code, words) in [
        (&["nothing.webm"][..], 1, "there is no file nothing.webm"),
        (&["empty.webm"], 1, "empty.webm is empty"),
        (&["."], 1, "is a folder"),
        (&["text.webm"], 1, "there is no media in it"),
        (&["empty.webm", "-"], 2, "name no file beside"),
        (&["text.webm", "--whole", "--segment-seconds", "9"], 2, "cannot be used with"),
        (&["text.webm", "--segment-seconds", "0"], 2, "between 0.5 and 3600"),
        (&["text.webm", "--out", "empty.webm"], 1, "cannot make the folder empty.webm"),
        (&[], 2, "required"),
    ] {
        let done = split(folder.path(), args);
        assert_eq!((done.code, done.files.len()), (Some(code), 0), "{args:?} {done:?}");
        assert!(done.said.contains(words), "{args:?} {done:?}");
    }
}
