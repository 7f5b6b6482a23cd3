//! How a split ends that was stopped, and what it leaves behind.

use std::fs::File;
use std::io::Write;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{all_packets, complete, rest};
use crate::support::captures;
use crate::support::files::{eventually, listing};
use crate::support::pipes::full_pipe;
use crate::support::splitter::{Done, packets, split, split_pipe};

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

fn started(folder: &std::path::Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    command.current_dir(folder).args(["split", "-", "--out", "out", "--segment-seconds", "2"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[tokio::test]
async fn what_came_through_a_pipe_before_ctrl_c_is_finished() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let folder = tempfile::tempdir().unwrap();
    let mut child = started(folder.path());
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&capture.stream).unwrap();
    // It has taken everything when the pipe is empty, and waits for more.
    eventually(|| (rustix::io::ioctl_fionread(&pipe).unwrap() == 0).then_some(())).await;
    let stands = format!("/proc/{}/wchan", child.id());
    eventually(|| std::fs::read_to_string(&stands).unwrap().contains("poll").then_some(())).await;
    interrupt(&child);
    // The pipe is open still.
    let output = child.wait_with_output().unwrap();
    drop(pipe);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("interrupted: what had come by then is in the files"), "{said}");
    let files = listing(&folder.path().join("out"));
    assert!(files.len() > 2, "{files:?}");
    let (found, whole) = (all_packets(&files), all_packets(&[&capture.path]));
    for (found, whole) in found.iter().zip(&whole) {
        // The last ones of a stream are only complete at its end.
        assert!(found.len() + 5 > whole.len() && whole.starts_with(found));
    }
}

/// What can be read again leaves no half of a file under the name of a whole one.
#[tokio::test]
async fn ctrl_c_leaves_the_files_that_were_finished() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    rest(here, "long.webm", &capture.stream.repeat(4));
    let whole = split(here, &["long.webm", "--out", "whole", "--segment-seconds", "2"]);
    let held = here.join("out");
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    command.current_dir(here);
    command.args(["split", "long.webm", "--out", "out", "--segment-seconds", "2"]);
    // It stands still as soon as it has a name to print, and goes on when that is read.
    let (reader, writer) = full_pipe();
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    eventually(|| (!listing(&held).is_empty()).then_some(())).await;
    let stands = format!("/proc/{}/wchan", child.id());
    eventually(|| std::fs::read_to_string(&stands).unwrap().contains("pipe").then_some(())).await;
    interrupt(&child);
    drop(command);
    let printed = std::thread::spawn(move || std::io::read_to_string(reader).unwrap());
    let output = child.wait_with_output().unwrap();
    let (said, printed) = (String::from_utf8(output.stderr).unwrap(), printed.join().unwrap());
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("a file that was not finished is removed"), "{said}");
    let files = listing(&held);
    assert!(!files.is_empty() && files.len() < whole.files.len(), "{files:?}");
    let names = printed.lines().filter(|line| line.contains("out/")).count();
    assert_eq!(names, files.len(), "{printed}");
    for (file, whole) in files.iter().zip(&whole.files) {
        assert!(std::fs::read(file).unwrap() == std::fs::read(whole).unwrap(), "{file:?}");
    }
}

#[tokio::test]
async fn an_input_that_grows_is_no_torn_one() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("growing.webm");
    // The first pieces of a stream that ends between two elements, and a reader who is held up in
    // the middle of them by a pipe for the names of the files that nobody reads.
    std::fs::write(&input, &capture.stream).unwrap();
    let held = folder.path().join("out");
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    let out = held.to_str().unwrap();
    command.current_dir(folder.path());
    command.args(["split", "growing.webm", "--out", out, "--segment-seconds", "2"]);
    let (reader, writer) = full_pipe();
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    eventually(|| (!listing(&held).is_empty()).then_some(())).await;
    File::options().append(true).open(&input).unwrap().write_all(&[0xEC]).unwrap();
    drop(command);
    let printed = std::thread::spawn(move || std::io::read_to_string(reader).unwrap());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    printed.join().unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("left out of growing.webm: what was written to it while it was read"),
        "{said}"
    );
    assert_eq!(all_packets(&listing(&held)), all_packets(&[&capture.path]));
}

#[test]
fn names_that_cannot_be_printed_are_an_error() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    command.current_dir(folder.path()).arg("split").arg(&capture.path);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = command.stdout(full).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot print the name of the finished file"), "{said}");
}

#[test]
fn a_folder_that_was_made_for_nothing_goes_again() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    rest(here, "text.webm", b"nothing that anybody could play");
    let done = split(here, &["text.webm", "--out", "a/b"]);
    assert_eq!((done.code, done.files.len()), (Some(1), 0), "{done:?}");
    assert_eq!(listing(here), [here.join("text.webm")]);
    std::fs::create_dir(here.join("mine")).unwrap();
    split(here, &["text.webm", "--out", "mine/made"]);
    assert_eq!(listing(here), [here.join("mine"), here.join("text.webm")]);
}

#[test]
fn a_name_that_has_no_room_for_a_number_is_shortened() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let folder = tempfile::tempdir().unwrap();
    let name = format!("{}.webm", "録".repeat(80));
    rest(folder.path(), &name, &capture.stream);
    let done = split(folder.path(), &[&name, "--out", "out"]);
    complete(&done, &folder.path().join("out"));
}

fn bytes(done: &Done) -> u64 {
    done.files.iter().map(|file| file.metadata().unwrap().len()).sum()
}

/// Pictures of a few bytes, as of a screen on which nothing happens.
const STILL: &str = "-f lavfi -i color=s=64x48:r=30 -t 300 -c:v libx264 -preset ultrafast -g 60";

#[test]
fn files_are_not_much_larger_than_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let fragments = format!("{STILL} -movflags frag_keyframe+empty_moov -f mp4");
    let input = super::movies::made(here, "still.mp4", &fragments);
    let stream = std::fs::read(&input).unwrap();
    let whole = split(here, &["still.mp4", "--out", "whole", "--whole"]);
    let cut = split(here, &["still.mp4", "--out", "cut", "--segment-seconds", "10"]);
    let pipe = split_pipe(here, &["-", "--out", "pipe", "--whole"], &stream);
    for done in [&whole, &cut, &pipe] {
        assert_eq!(done.code, Some(0), "{done:?}");
        // Each has an index, and what a fragment says of its pictures is as much as they are.
        assert!(bytes(done) < 3 * stream.len() as u64, "{} {done:?}", bytes(done));
        assert_eq!(packets(&done.files, "v:0"), packets(&[&input], "v:0"));
    }
}
