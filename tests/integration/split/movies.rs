//! MP4 whose index lists the samples, wherever it stands.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{all_packets, complete, rest};
use crate::support::captures;
use crate::support::splitter::{frames, packets, shown, split, split_pipe, split_stdin};

/// Pictures with B-frames, and sound.
pub(super) const SOURCES: &str =
    "-f lavfi -i testsrc2=s=320x240:r=30 -f lavfi -i sine=r=44100 -t 7";
pub(super) const H264: &str = "-c:v libx264 -preset ultrafast -bf 2 -g 45";

pub(super) fn made(folder: &Path, name: &str, arguments: &str) -> PathBuf {
    captures::made(folder, name, arguments).path
}

fn ffmpeg(arguments: &str, folder: &Path) {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.current_dir(folder).args(["-v", "error", "-y"]).args(arguments.split_whitespace());
    assert!(ffmpeg.status().unwrap().success(), "ffmpeg {arguments}");
}

#[test]
fn its_index_may_stand_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let h264 = format!("{SOURCES} {H264} -c:a aac");
    for (name, arguments) in [
        ("behind.mp4", format!("{h264} -f mp4")),
        ("front.mp4", format!("{h264} -movflags +faststart -f mp4")),
        ("quicktime.mov", format!("{h264} -f mov")),
        ("continued.mp4", format!("{h264} -movflags frag_keyframe -f mp4")),
        (
            "hevc.mp4",
            format!(
                "{SOURCES} -c:v libx265 -x265-params log-level=none:open-gop=0 -preset ultrafast -g 40 -c:a libopus -f mp4"
            ),
        ),
        ("sound.m4a", "-f lavfi -i sine=r=48000 -t 7 -c:a aac -f mp4".to_owned()),
        ("pictures.mov", "-f lavfi -i testsrc2=s=320x240:r=30 -t 7 -c:v mjpeg -f mov".to_owned()),
    ] {
        let input = made(here, name, &arguments);
        let out = format!("{name}-out");
        let done = split(here, &[name, "--out", &out, "--segment-seconds", "2"]);
        complete(&done, &here.join(&out));
        assert!(done.files.len() >= 3, "{done:?}");
        assert_eq!(all_packets(&done.files), all_packets(&[&input]), "{name}");
        for file in &done.files {
            let seconds: f64 = shown(file, "format=duration").trim().parse().unwrap();
            assert!((0.9..4.0).contains(&seconds), "{name}: {seconds}");
        }
        let whole = split(here, &[name, "--out", &format!("{name}-whole"), "--whole"]);
        assert_eq!(whole.files.len(), 1, "{whole:?}");
        if name != "continued.mp4" {
            // What is shown and heard, and when: to the sample.
            for track in ["0:v?", "0:a?"] {
                assert_eq!(frames(&whole.files[0], track), frames(&input, track), "{name} {track}");
            }
        }
    }
}

/// A movie, a stream that is an MP4 and one that is a WebM, in any order in one file, with anything
/// between them.
#[test]
fn what_stands_behind_another_recording_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let h264 = format!("{SOURCES} {H264} -c:a aac");
    let fast = made(here, "front.mp4", &format!("{h264} -movflags +faststart -f mp4"));
    let late = made(here, "behind.mp4", &format!("{h264} -f mp4"));
    let streams =
        ["chromium-webm-vp8-opus", "chromium-mp4-h264-opus"].map(|name| captures::named(name).path);
    let recordings = [&fast, &late, &streams[0], &streams[1]];
    // No box, no zeros, and nothing that is to be taken for another recording.
    let noise: Vec<u8> =
        (0..70_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 | 1).collect();
    let between = [&b""[..], b"\n", &[0; 5000], &noise];
    for (n, first) in recordings.iter().enumerate() {
        for (m, second) in recordings.iter().enumerate() {
            for (k, between) in between.iter().enumerate() {
                let name = format!("{n}-{m}-{k}");
                let [head, tail] = [first, second].map(|path| std::fs::read(path).unwrap());
                rest(here, &name, &[&head, *between, &tail].concat());
                let done = split(here, &[&name, "--out", &format!("{name}-out"), "--whole"]);
                assert_eq!(done.files.len(), 2, "{name}: {done:?}");
                for (file, given) in done.files.iter().zip([first, second]) {
                    assert_eq!(all_packets(&[file]), all_packets(&[given]), "{name}");
                }
                if between.is_empty() || between[0] == 0 && n < 2 {
                    assert_eq!(done.code, Some(0), "{name}: {done:?}");
                } else {
                    let told = match between.len() {
                        1 => format!("1 byte, byte {}", head.len()),
                        bytes => format!("{bytes} bytes from byte {} on", head.len()),
                    };
                    assert_eq!(done.code, Some(3), "{name}: {done:?}");
                    assert!(done.said.contains(&told), "{name}: {done:?}");
                }
            }
        }
    }
}

#[test]
fn uncompressed_sound_is_the_same_sound() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = format!("{SOURCES} {H264} -c:a pcm_s16le -f mov");
    let input = made(folder.path(), "pcm.mov", &arguments);
    let done = split(folder.path(), &["pcm.mov", "--out", "out", "--whole"]);
    complete(&done, &folder.path().join("out"));
    let sound = |file: &Path| {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-i"]).arg(file).args(["-map", "0:a", "-f", "md5", "-"]);
        ffmpeg.output().unwrap().stdout
    };
    assert_eq!(sound(&done.files[0]), sound(&input));
}

#[test]
fn rotation_language_and_edits_survive() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let h264 = format!("{SOURCES} {H264} -c:a aac -metadata:s:a:0 language=deu -f mp4");
    made(here, "plain.mp4", &h264);
    ffmpeg("-i plain.mp4 -c copy -metadata:s:v:0 rotate=90 turned.mp4", here);
    // The picture begins inside a group, hidden as far as the edit says; sound begins late.
    ffmpeg(
        "-ss 2.3 -i plain.mp4 -itsoffset 0.4 -ss 2.3 -i plain.mp4 -map 0:v -map 1:a -c copy cut.mp4",
        here,
    );
    for name in ["plain.mp4", "turned.mp4", "cut.mp4"] {
        let out = format!("{name}-out");
        let done = split(here, &[name, "--out", &out, "--whole"]);
        complete(&done, &here.join(&out));
        let input = here.join(name);
        let entries = "stream_side_data=rotation:stream_tags=language";
        let (file, given) = (shown(&done.files[0], entries), shown(&input, entries));
        assert_eq!(file, given, "{name}");
        assert_eq!(given.contains("90"), name == "turned.mp4", "{given}");
        assert!(given.contains("deu"), "{given}");
        for track in ["0:v", "0:a"] {
            assert_eq!(frames(&done.files[0], track), frames(&input, track), "{name} {track}");
        }
    }
}

#[test]
fn what_the_edit_list_hides_behind_its_end_stays_hidden_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = format!("{SOURCES} {H264} -c:a aac -f mp4");
    let input = made(folder.path(), "trimmed.mp4", &arguments);
    let mut bytes = std::fs::read(&input).unwrap();
    // As a telephone's editor shortens a film: 3 s of each track are shown, all of it stays.
    let mut from = 0;
    while let Some(at) = bytes[from..].windows(4).position(|four| four == b"elst") {
        from += at + 4;
        bytes[from + 8..from + 12].copy_from_slice(&3000u32.to_be_bytes());
    }
    assert!(from > 0);
    std::fs::write(&input, bytes).unwrap();
    let done = split(folder.path(), &["trimmed.mp4", "--out", "out", "--whole"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.said.contains("not shown by its edit list"), "{done:?}");
    let seconds: f64 = shown(&done.files[0], "format=duration").trim().parse().unwrap();
    assert!((seconds - 3.0).abs() < 0.05, "{seconds}");
    let shown_packets = packets(&[&input], "v:0");
    assert!(shown_packets.starts_with(&packets(&done.files, "v:0")[..88]));
}

#[test]
fn torn_it_gives_what_its_index_still_finds() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let arguments = format!("{SOURCES} {H264} -c:a aac -movflags +faststart -f mp4");
    let input = made(here, "front.mp4", &arguments);
    let bytes = std::fs::read(&input).unwrap();
    rest(here, "torn.mp4", &bytes[..bytes.len() / 2]);
    let done = split(here, &["torn.mp4", "--out", "out", "--segment-seconds", "2"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.said.contains(&format!("would come behind byte {}", bytes.len() / 2)), "{done:?}");
    for (found, whole) in all_packets(&done.files).iter().zip(all_packets(&[&input])) {
        assert!(found.len() > whole.len() / 3 && whole.starts_with(found));
    }
    // Of one whose index was to be written in the end there is none.
    let behind = made(here, "behind.mp4", &format!("{SOURCES} {H264} -c:a aac -f mp4"));
    let bytes = std::fs::read(behind).unwrap();
    rest(here, "lost.mp4", &bytes[..bytes.len() / 2]);
    let done = split(here, &["lost.mp4", "--out", "lost"]);
    assert_eq!((done.code, done.files.len()), (Some(1), 0), "{done:?}");
    assert!(done.said.contains("its index was never written"), "{done:?}");
}

#[test]
fn several_of_them_are_read_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let one = made(here, "one.mp4", &format!("{SOURCES} {H264} -c:a aac -f mp4"));
    let two =
        made(here, "two.mp4", &format!("{SOURCES} {H264} -c:a aac -movflags +faststart -f mp4"));
    let both = [std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap()].concat();
    rest(here, "both.mp4", &both);
    for args in [&["both.mp4"][..], &["one.mp4", "two.mp4"]] {
        let out = format!("out-{}", args.len());
        let done = split(here, &[args, &["--whole", "--out", &out]].concat());
        complete(&done, &here.join(&out));
        let [first, second] = &done.files[..] else { panic!("{done:?}") };
        assert_eq!(all_packets(&[first]), all_packets(&[&one]));
        assert_eq!(all_packets(&[second]), all_packets(&[&two]));
    }
}

#[test]
fn a_pipe_cannot_seek_and_a_file_as_standard_input_can() {
    let folder = tempfile::tempdir().unwrap();
    let input = made(folder.path(), "clip.mp4", &format!("{SOURCES} {H264} -c:a aac -f mp4"));
    let bytes = std::fs::read(&input).unwrap();
    let done = split_pipe(folder.path(), &["-", "--out", "pipe"], &bytes);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.said.contains("which a pipe does not allow; save it to a file"), "{done:?}");
    let done = split_stdin(folder.path(), &["-", "--out", "file", "--whole"], &input);
    complete(&done, &folder.path().join("file"));
    assert_eq!(all_packets(&done.files), all_packets(&[&input]));
}
