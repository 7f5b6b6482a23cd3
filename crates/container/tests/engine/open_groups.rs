//! Groups of pictures that are open: a key frame is followed by pictures that are shown before it
//! and need those in front of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use container::{Kind, NANOS_PER_SECOND};

use crate::matrix::recording::{File, record};
use crate::writers::tools;

const OPEN_HEVC: &str = "log-level=error:open-gop=1:bframes=3:b-adapt=0:scenecut=0";
const OPEN_H264: &str = "open-gop=1:bframes=3:b-adapt=0:scenecut=0";
const FRAGMENTED: &str = "-movflags frag_keyframe+empty_moov+default_base_moof -f mp4";

/// Key frames at each second; those of an even one begin a closed group where `is_mixed`.
fn arguments(codec: &str, is_mixed: bool, ending: &str) -> String {
    let forced =
        if is_mixed { " -forced-idr 1 -force_key_frames expr:gte(t,n_forced*2)" } else { "" };
    match codec {
        "hevc" => format!("-c:v libx265 -x265-params {OPEN_HEVC} -tag:v hvc1{forced} {ending}"),
        _ => format!("-c:v libx264 -x264-params {OPEN_H264}{forced} {ending}"),
    }
}

fn files(stream: &[u8], seconds: i64) -> Vec<File> {
    let chunks: Vec<Bytes> = stream.chunks(9000).map(Bytes::copy_from_slice).collect();
    record(&chunks, seconds * NANOS_PER_SECOND).unwrap().files
}

fn starts_s(files: &[File]) -> Vec<i64> {
    files.iter().map(|file| (file.spec.origin_ns as f64 / 1e9).round() as i64).collect()
}

fn write(folder: &Path, name: &str, file: &File) -> PathBuf {
    let path = folder.join(format!("{name}.{}", file.spec.init.output.extension()));
    std::fs::write(&path, &file.finished).unwrap();
    path
}

/// What ffprobe says of the picture, a line each, and what it warns of.
fn ffprobe(path: &Path, options: &[&str], entries: &str) -> (Vec<String>, String) {
    let mut probe = Command::new("ffprobe");
    probe.args([
        "-v",
        "warning",
        "-select_streams",
        "v",
        "-of",
        "csv=p=0",
        "-show_entries",
        entries,
    ]);
    let output = probe.args(options).arg(path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // A frame with side data is followed by an empty line.
    let lines = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.trim_end_matches(',').to_owned());
    (lines.collect(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn packets(path: &Path) -> Vec<String> {
    // What an edit list hides is in the file all the same.
    let mut options = vec!["-show_data_hash", "md5"];
    if path.extension().is_some_and(|extension| extension == "mp4") {
        options.extend(["-ignore_editlist", "1"]);
    }
    ffprobe(path, &options, "packet=data_hash").0
}

/// Where there are closed groups, files begin with one, and each decodes by itself to the last
/// picture.
#[test]
fn files_begin_with_closed_groups_where_there_are_any() {
    let folder = tempfile::tempdir().unwrap();
    for codec in ["hevc", "h264"] {
        let stream = tools::ffmpeg(
            folder.path(),
            &format!("mixed-{codec}.mp4"),
            &arguments(codec, true, &format!("-c:a aac {FRAGMENTED}")),
        );
        let files = files(&stream.bytes, 1);
        assert_eq!(starts_s(&files), [0, 2], "{codec}");
        for (n, file) in files.iter().enumerate() {
            let path = write(folder.path(), &format!("mixed-{codec}-{n}"), file);
            let (counts, said) = ffprobe(
                &path,
                &["-count_frames", "-count_packets"],
                "stream=nb_read_frames,nb_read_packets",
            );
            assert_eq!(said, "", "{codec}");
            assert_eq!(counts, ["48,48"], "{codec}, file {n}");
        }
    }
}

/// Where there are none, a file begins with an open one after a while, in H.265: all samples are in
/// the files, the pictures that lack their references are not shown, and everything else is. In
/// H.264 players would try to decode those, so the file goes on.
#[test]
fn a_stream_of_open_groups_is_cut_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for (codec, ending) in [
        ("hevc", format!("-c:a aac {FRAGMENTED}")),
        ("h264", format!("-c:a aac {FRAGMENTED}")),
        ("hevc", "-c:a libopus -f matroska".to_owned()),
        ("hevc", "-c:a flac -f matroska".to_owned()),
    ] {
        let name = format!("open-{codec}.mp4");
        let stream = tools::ffmpeg(folder.path(), &name, &arguments(codec, false, &ending));
        let files = files(&stream.bytes, 1);
        let starts: &[i64] = if codec == "hevc" { &[0, 2] } else { &[0] };
        assert_eq!(starts_s(&files), starts, "{codec} {ending}");
        let mut found = Vec::new();
        for (n, file) in files.iter().enumerate() {
            let video = file
                .samples
                .iter()
                .filter(|sample| file.spec.tracks[sample.track].kind == Kind::Video);
            let early = video.filter(|sample| {
                file.spec.tracks[sample.track].to_nanos(sample.pts) < file.spec.origin_ns - 1
            });
            let early = early.count();
            assert_eq!(early > 0, n > 0, "{codec} {ending}, file {n}: {early} early pictures");
            let path = write(folder.path(), &format!("open-{codec}-{n}"), file);
            found.extend(packets(&path));
            let (times, said) = ffprobe(&path, &[], "frame=best_effort_timestamp_time");
            assert_eq!(said, "", "{codec} {ending}, file {n}");
            let times: Vec<f64> =
                times.iter().map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
            let shown: Vec<f64> = times.into_iter().filter(|&time| time > -0.001).collect();
            let of_next = if n + 1 < files.len() { 3 } else { 0 };
            assert_eq!(shown.len(), 96 / files.len() - of_next, "{codec} {ending}: {shown:?}");
            for (k, time) in shown.iter().enumerate() {
                assert!(
                    (time - shown[0] - k as f64 / 24.0).abs() < 0.0021,
                    "{codec} {ending}, file {n}: {shown:?}"
                );
            }
        }
        let path = folder.path().join(&name);
        assert_eq!(found.len(), 96);
        assert_eq!(
            found,
            ffprobe(&path, &["-show_data_hash", "md5"], "packet=data_hash").0,
            "{codec} {ending}"
        );
    }
}

/// A file of H.264 does not grow for ever, either.
#[test]
fn h264_is_cut_at_an_open_group_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = arguments("h264", false, &format!("-c:a aac {FRAGMENTED}"));
    let stream = tools::ffmpeg(folder.path(), "long-open.mp4", &arguments);
    let chunks: Vec<Bytes> = stream.bytes.chunks(9000).map(Bytes::copy_from_slice).collect();
    // Ten times this is in front of the third second.
    let recording = record(&chunks, NANOS_PER_SECOND / 4).unwrap();
    assert_eq!(starts_s(&recording.files), [0, 3]);
}

/// Without pictures that are shown in another order than they are decoded every group is closed,
/// whatever its key frame is called.
#[test]
fn groups_without_reordering_are_closed() {
    let folder = tempfile::tempdir().unwrap();
    for codec in ["-c:v libx265 -tag:v hvc1 -x265-params", "-c:v libx264 -x264-params"] {
        let arguments = format!(
            "{codec} log-level=none:open-gop=1:intra-refresh=0:bframes=0 -c:a aac {FRAGMENTED}"
        );
        let arguments = arguments.replace("264-params log-level=none:", "264-params ");
        let stream = tools::ffmpeg(folder.path(), "in-order.mp4", &arguments);
        assert_eq!(starts_s(&files(&stream.bytes, 1)), [0, 1, 2, 3], "{codec}");
    }
}
