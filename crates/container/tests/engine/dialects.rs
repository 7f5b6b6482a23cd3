//! What single recorders do that no other does; the matrix has what holds for all of them.

use crate::captures::{self, judge};
use crate::support::{chunks, split};

/// Matroska tells no decode times, and MP4 needs them: frames shown out of order keep both.
#[test]
fn frames_in_another_order_than_they_are_shown_keep_their_times() {
    let folder = tempfile::tempdir().unwrap();
    let capture = captures::made(
        folder.path(),
        "b-frames.mkv",
        "-f lavfi -i testsrc2=s=320x240:r=30:d=6 -c:v libx264 -bf 3 -g 60 -f matroska",
    );
    let split = split(&chunks(&capture), 1000.0).unwrap();
    let file = folder.path().join("out.mp4");
    std::fs::write(&file, &split.files[0].bytes).unwrap();
    judge(&capture, &[file], "1000");
}

#[test]
fn segments_shorter_than_fragments_keep_every_sample() {
    let folder = tempfile::tempdir().unwrap();
    let capture = captures::named("webkit-mp4-h264-aac-stopped");
    let split = split(&chunks(&capture), 0.5).unwrap();
    let mut files = Vec::new();
    for (index, file) in split.files.iter().enumerate() {
        let path = folder.path().join(format!("{index:02}.mp4"));
        std::fs::write(&path, &file.bytes).unwrap();
        files.push(path);
    }
    judge(&capture, &files, "0.5");
}
