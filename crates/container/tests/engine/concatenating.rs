//! The files of a session put together again without encoding: the packets of the stream.

use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use container::{Kind, NANOS_PER_SECOND};

use crate::captures;
use crate::matrix::recording::{File, record};
use crate::writers::{sources, tools, webm};

fn files(stream: &[u8]) -> Vec<File> {
    let chunks: Vec<Bytes> = stream.chunks(9000).map(Bytes::copy_from_slice).collect();
    let files = record(&chunks, NANOS_PER_SECOND).unwrap().files;
    assert!(files.len() > 1);
    files
}

fn write(folder: &Path, name: &str, files: &[File]) -> Vec<PathBuf> {
    let write = |(n, file): (usize, &File)| {
        let extension = file.spec.init.output.extension();
        let path = folder.join(format!("{name}-{n:02}.{extension}"));
        std::fs::write(&path, &file.finished).unwrap();
        path
    };
    files.iter().enumerate().map(write).collect()
}

/// A packet as ffmpeg hands it on without decoding it: when it is shown, and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Packet {
    pub(crate) at_s: f64,
    pub(crate) bytes: String,
}

/// The packets of pictures (`v`) or sound (`a`).
pub(crate) fn packets(input: &[&str], kind: &str) -> Vec<Packet> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-copyts"]).args(input).args(["-map", &format!("0:{kind}")]);
    let output =
        ffmpeg.args(["-c", "copy", "-f", "framehash", "-hash", "md5", "-"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let base = text.lines().find_map(|line| line.strip_prefix("#tb 0: ")).unwrap();
    let (numerator, denominator) = base.split_once('/').unwrap();
    let tick_s = numerator.parse::<f64>().unwrap() / denominator.parse::<f64>().unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let packet = |line: &str| {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let at_s = fields[2].parse::<f64>().unwrap() * tick_s;
        Packet { at_s, bytes: format!("{} {}", fields[4], fields[5]) }
    };
    lines.map(packet).collect()
}

/// When the first of a file's packets is shown.
fn start_s(path: &Path) -> f64 {
    ffprobe(path, &["-show_entries", "format=start_time"])[0].parse().unwrap()
}

fn ffprobe(path: &Path, options: &[&str]) -> Vec<String> {
    let mut ffprobe = Command::new("ffprobe");
    let output = ffprobe.args(["-v", "error", "-of", "csv=p=0"]).args(options).arg(path).output();
    String::from_utf8_lossy(&output.unwrap().stdout).lines().map(str::to_owned).collect()
}

/// Opus and AAC, with what their encoders put in front, in WebM and in MP4, and from one to the
/// other.
#[test]
fn a_sessions_files_concatenated_are_the_packets_of_its_stream() {
    let folder = tempfile::tempdir().unwrap();
    let ffmpeg = |name: &str, arguments: &str| tools::ffmpeg(folder.path(), name, arguments).bytes;
    let firefox = webm::write(
        &sources::capture("firefox-webm-vp8-opus", 8.0),
        &webm::Style { clusters: webm::Clusters::AtKeys, ..webm::Style::firefox() },
    );
    for (name, stream) in [
        (
            "ffmpeg.webm",
            ffmpeg("ffmpeg.webm", "-c:v libvpx -deadline realtime -c:a libopus -f webm -live 1"),
        ),
        ("firefox.webm", firefox.bytes),
        ("chromium.webm", captures::named("chromium-webm-vp8-opus").stream),
        ("chromium.mp4", captures::named("chromium-mp4-h264-opus").stream),
        ("webkit.mp4", captures::named("webkit-mp4-h264-aac").stream),
        ("opus.mkv", ffmpeg("opus.mkv", "-c:v libx264 -bf 2 -c:a libopus -f matroska")),
        ("aac.mkv", ffmpeg("aac.mkv", "-c:v libx264 -bf 2 -c:a aac -f matroska")),
        (
            "opus.mp4",
            ffmpeg(
                "opus.mp4",
                "-c:v libx264 -bf 2 -c:a libopus -movflags frag_keyframe+delay_moov -f mp4",
            ),
        ),
        (
            "aac.mp4",
            ffmpeg(
                "aac.mp4",
                "-c:v libx264 -bf 2 -c:a aac -movflags frag_keyframe+delay_moov -f mp4",
            ),
        ),
    ] {
        let original = folder.path().join(name);
        std::fs::write(&original, &stream).unwrap();
        let files = files(&stream);
        let paths = write(folder.path(), name, &files);
        let mut list = "ffconcat version 1.0\n".to_owned();
        for (n, path) in paths.iter().enumerate() {
            list += &format!("file '{}'\n", path.display());
            // From where it begins to where the next one does: what sticks out of a file's end is
            // no pause, and a delay in front of its zero is none either.
            if let Some(next) = files.get(n + 1) {
                let span_ns = next.spec.origin_ns - files[n].spec.origin_ns;
                let span_s = span_ns as f64 / 1e9 + start_s(&paths[n + 1]) - start_s(path);
                list += &format!("duration {span_s:.9}\n");
            }
        }
        let listed = folder.path().join("list.ffconcat");
        std::fs::write(&listed, list).unwrap();
        for kind in ["v", "a"] {
            let wanted = packets(&["-i", original.to_str().unwrap()], kind);
            let found = packets(
                &[
                    "-f",
                    "concat",
                    "-auto_convert",
                    "0",
                    "-safe",
                    "0",
                    "-i",
                    listed.to_str().unwrap(),
                ],
                kind,
            );
            let bytes = |packets: &[Packet]| -> Vec<String> {
                packets.iter().map(|packet| packet.bytes.clone()).collect()
            };
            assert!(
                bytes(&wanted) == bytes(&found),
                "{name}, {kind}: {} of {}",
                found.len(),
                wanted.len()
            );
            let shift_s = found[0].at_s - wanted[0].at_s;
            for (n, (wanted, found)) in wanted.iter().zip(&found).enumerate() {
                let off_s = found.at_s - wanted.at_s - shift_s;
                assert!(off_s.abs() < 0.0021, "{name}, {kind}, packet {n}: {off_s} s off");
            }
        }
    }
}

/// How much of the last Opus packet is heard stands in Matroska's DiscardPadding, and in an MP4 in
/// the packet's length and the track's.
#[test]
fn padding_behind_the_last_opus_packet_goes_along_to_mp4() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "-c:v libx264 -bf 0 -c:a libopus -f matroska";
    let stream = tools::ffmpeg(folder.path(), "padded.mkv", arguments);
    let files = files(&stream.bytes);
    let paths = write(folder.path(), "padded", &files);
    for (n, file) in files.iter().enumerate() {
        // Four seconds and an encoder's delay of 312 samples end 312 samples into the last packet.
        let last = if n + 1 == files.len() { 312 } else { 960 };
        assert_eq!(last_step(&file.finished, 1), last, "file {n}");
    }
    let options = ["-select_streams", "a", "-show_entries", "stream=duration_ts"];
    let heard: i64 = ffprobe(paths.last().unwrap(), &options)[0].parse().unwrap();
    let packets = files.last().unwrap().read_finished();
    let packets = packets.iter().filter(|read| read.kind == Kind::Audio).count() as i64;
    assert_eq!(heard, 960 * (packets - 1) + 312);
}

/// How long the last sample of a track is, by the table in the index (ISO 14496-12 clause 8.6.1.2).
fn last_step(file: &[u8], track: usize) -> u32 {
    let number = |at: usize| u32::from_be_bytes(*file[at..].first_chunk().unwrap()) as usize;
    let tables = file.windows(4).enumerate().filter(|(_, four)| four == b"stts");
    let (at, _) = tables.filter(|(at, _)| number(at + 8) > 0).nth(track).unwrap();
    number(at + 12 + 8 * (number(at + 8) - 1) + 4) as u32
}
