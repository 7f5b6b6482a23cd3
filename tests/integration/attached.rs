//! What comes through ffmpeg: files in a loop, a pattern, cameras that are plugged in.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::files::{eventually, journal, segments};
use crate::support::http::request;
use crate::support::server::{Server, command};

/// The processes of a server whose arguments hold this, and that have not ended.
fn processes(server: &Server, mark: &str) -> Vec<Pid> {
    server.children().into_iter().filter(|pid| runs(*pid, mark)).collect()
}

/// Whether a process runs still. One that has ended has no arguments, and another that was given
/// its number has other ones.
fn runs(pid: Pid, mark: &str) -> bool {
    let path = format!("/proc/{}/cmdline", pid.as_raw_nonzero());
    let arguments = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&arguments).contains(mark)
}

fn configured(folder: &Path, config: &str) {
    std::fs::write(folder.join("localcamera.toml"), config).unwrap();
}

/// A pattern in a size of its own, by which its process is known.
fn pattern(size: &str) -> String {
    format!(
        "[[source]]\nname = \"pattern\"\nkind = \"pattern\"\nsize = \"{size}\"\nrecord = true\n"
    )
}

async fn source(server: &Server, name: &str) -> Value {
    let list = request(server, "GET", "/api/sources", &[], &[]).await.json();
    let sources = list["sources"].as_array().unwrap().clone();
    sources.into_iter().find(|source| source["source"] == name).unwrap()
}

async fn until(server: &Server, name: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    let looking = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(100));
        loop {
            tick.tick().await;
            let source = source(server, name).await;
            if is_it(&source) {
                return source;
            }
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, looking).await.unwrap()
}

/// The times of a file's video packets, as ffprobe reads them; all of it decodes.
fn video_times(file: &Path) -> Vec<f64> {
    let mut decode = Command::new("ffmpeg");
    decode.args(["-v", "error", "-xerror", "-i"]).arg(file).args(["-f", "null", "-"]);
    let decoded = decode.output().unwrap();
    let said = String::from_utf8_lossy(&decoded.stderr).into_owned();
    assert!(decoded.status.success() && said.is_empty(), "{}: {said}", file.display());
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time"]);
    let output = probe.args(["-of", "csv=p=0"]).arg(file).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| line.trim_end_matches(',').parse().unwrap()).collect()
}

fn gaps(journal: &[Value], reason: &str) -> Vec<i64> {
    let gaps = journal.iter().filter(|line| line["event"] == "gap" && line["reason"] == reason);
    gaps.map(|gap| gap["end_us"].as_i64().unwrap() - gap["start_us"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_killed_ffmpeg_is_one_gap_and_none_is_left_after_the_stop() {
    let folder = tempfile::tempdir().unwrap();
    configured(folder.path(), &pattern("322x242"));
    let server = Server::start_in(folder, &["--segment-seconds", "2"]);
    let recordings = server.recordings().join("source_pattern");
    eventually(|| (segments(&recordings).len() >= 2).then_some(())).await;
    let mark = "size=322x242";
    let [pid] = processes(&server, mark)[..] else { panic!("one process is expected") };
    kill_process(pid, Signal::KILL).unwrap();
    let reconnected = until(&server, "pattern", |source| source["reconnects"] == 1).await;
    assert_eq!(reconnected["state"], "live");
    let before = segments(&recordings).len();
    eventually(|| (segments(&recordings).len() > before + 1).then_some(())).await;
    let [next] = processes(&server, mark)[..] else { panic!("one process is expected") };
    server.interrupt();
    let (status, said, folder) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("something has killed it (signal 9)"), "{said}");
    assert!(!runs(pid, mark) && !runs(next, mark));

    let recordings = folder.path().join("recordings/source_pattern");
    for file in segments(&recordings) {
        let times = video_times(&file);
        assert!(times.windows(2).all(|two| (two[1] - two[0] - 0.04).abs() < 0.005), "{times:?}");
    }
    let [gap_us] = gaps(&journal(&recordings), "camera_lost")[..] else {
        panic!("one gap is expected: {:?}", journal(&recordings));
    };
    assert!((100_000..10_000_000).contains(&gap_us), "{gap_us} us");
}

#[tokio::test]
async fn none_is_left_when_the_server_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    configured(folder.path(), &pattern("324x242"));
    let server = Server::start_in(folder, &[]);
    until(&server, "pattern", |source| source["state"] == "live").await;
    let mark = "size=324x242";
    let [pid] = processes(&server, mark)[..] else { panic!("one process is expected") };
    drop(server.kill());
    eventually(|| (!runs(pid, mark)).then_some(())).await;
}

/// A film of 1.6 s.
fn film(folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let mut make = Command::new("ffmpeg");
    make.args(["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25"]);
    make.args(["-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "1.6"]);
    make.args(["-g", "20", "-c:v", "libx264", "-c:a", "aac"]).args(more).arg(&path);
    assert!(make.status().unwrap().success());
    path
}

#[tokio::test]
async fn a_file_goes_on_from_its_end_to_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    film(folder.path(), "copied.mp4", &["-bf", "0"]);
    film(folder.path(), "encoded.mp4", &["-bf", "2"]);
    let source = |name: &str| {
        format!(
            "[[source]]\nname = \"{name}\"\nkind = \"file\"\npath = \"{name}.mp4\"\nrecord = true\n"
        )
    };
    configured(folder.path(), &(source("copied") + &source("encoded")));
    let server = Server::start_in(folder, &["--segment-seconds", "2"]);
    for name in ["copied", "encoded"] {
        let recordings = server.recordings().join(format!("source_{name}"));
        eventually(|| (segments(&recordings).len() >= 3).then_some(())).await;
    }
    let is_copied = |pid: &Pid| {
        let path = format!("/proc/{}/cmdline", pid.as_raw_nonzero());
        std::fs::read_to_string(path).unwrap().contains("-c:v\0copy")
    };
    assert!(processes(&server, "file:copied.mp4").iter().all(is_copied));
    assert!(!processes(&server, "file:encoded.mp4").iter().any(is_copied));
    server.interrupt();
    let (status, said, folder) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    for name in ["copied", "encoded"] {
        let recordings = folder.path().join(format!("recordings/source_{name}"));
        let mut frames = 0;
        for file in segments(&recordings) {
            let times = video_times(&file);
            frames += times.len();
            let is_even = times.windows(2).all(|two| (two[1] - two[0] - 0.04).abs() < 0.03);
            assert!(is_even, "{name}: {times:?}");
        }
        // More than the film has: it has begun anew, and more than once.
        assert!(frames > 100, "{name}: {frames}");
        assert_eq!(gaps(&journal(&recordings), "camera_lost"), [0; 0]);
    }
}

/// An ffmpeg for which a file of JPEGs is a camera; where it reads from no camera it is as ever.
fn with_camera(folder: &Path) -> PathBuf {
    let real = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|folder| folder.join("ffmpeg"))
        .find(|program| program.is_file())
        .unwrap();
    let programs = folder.join("programs");
    std::fs::create_dir(&programs).unwrap();
    let script = format!(
        r#"#!/bin/sh
case " $* " in
*" -list_formats "*)
    echo "[v4l2 @ 0x5] Compressed:       mjpeg :          Motion-JPEG : 320x240" >&2
    exit 1 ;;
*" v4l2 "*) ;;
*) exec {real} "$@" ;;
esac
left=$#
while [ $left -gt 0 ]; do
    word=$1; shift; left=$((left - 1))
    case $word in
    -input_format | -video_size) shift; left=$((left - 1)) ;;
    v4l2) set -- "$@" mjpeg ;;
    *) set -- "$@" "$word" ;;
    esac
done
exec {real} -re "$@"
"#,
        real = real.display(),
    );
    let program = programs.join("ffmpeg");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    programs
}

fn server_with(path: &std::ffi::OsStr, folder: TempDir) -> Server {
    let mut command = command(folder.path());
    command.env("PATH", path).env("LOCALCAMERA_DEVICES_ROOT", folder.path());
    Server::run(command, folder, &["--segment-seconds", "2"])
}

#[tokio::test]
async fn a_camera_that_is_pulled_out_is_found_again_when_it_is_plugged_in() {
    let folder = tempfile::tempdir().unwrap();
    // As Linux tells of it.
    let known = folder.path().join("sys/class/video4linux/video0");
    std::fs::create_dir_all(&known).unwrap();
    std::fs::write(known.join("name"), "Bench\n").unwrap();
    std::fs::create_dir(folder.path().join("dev")).unwrap();
    let camera = folder.path().join("dev/video0");
    let mut make = Command::new("ffmpeg");
    make.args(["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-t", "120"]);
    make.args(["-c:v", "mjpeg", "-q:v", "20", "-f", "mjpeg"]).arg(&camera);
    assert!(make.status().unwrap().success());
    let source_of = "[[source]]\nname = \"bench\"\nkind = \"camera\"\ndevice = \"Bench\"\n";
    configured(folder.path(), source_of);
    let programs = with_camera(folder.path());
    let others = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&others)));
    let server = server_with(&path.unwrap(), folder);
    until(&server, "bench", |source| source["is_recording"] == true).await;

    // Pulled out: nothing more comes of it, and it is not there.
    let away = camera.with_extension("away");
    std::fs::rename(&camera, &away).unwrap();
    let unknown = known.with_file_name("away");
    std::fs::rename(&known, &unknown).unwrap();
    let mark = camera.to_str().unwrap();
    for pid in processes(&server, mark) {
        kill_process(pid, Signal::TERM).unwrap();
    }
    let gone = until(&server, "bench", |source| source["code"] == "no_camera").await;
    let message = gone["message"].as_str().unwrap();
    assert!(message.contains("is not plugged in"), "{message}");

    std::fs::rename(&away, &camera).unwrap();
    std::fs::rename(&unknown, &known).unwrap();
    until(&server, "bench", |source| source["reconnects"] == 1).await;
    let recordings = server.recordings();
    let before = segments(&recordings).len();
    eventually(|| (segments(&recordings).len() > before).then_some(())).await;
    let last = processes(&server, mark);
    server.interrupt();
    let (status, said, folder) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(!last.is_empty() && !last.iter().any(|pid| runs(*pid, mark)));
    let recordings = folder.path().join("recordings/source_bench");
    segments(&recordings).iter().for_each(|file| drop(video_times(file)));
    assert_eq!(gaps(&journal(&recordings), "camera_lost").len(), 1);
}

#[tokio::test]
async fn without_ffmpeg_it_is_said_once_and_everything_else_works() {
    let folder = tempfile::tempdir().unwrap();
    configured(folder.path(), &pattern("326x242"));
    let server = server_with("/nonexistent".as_ref(), folder);
    let waiting = until(&server, "pattern", |source| source["state"] == "waiting").await;
    assert_eq!(waiting["code"], "no_ffmpeg");
    let cameras = request(&server, "GET", "/api/cameras", &[], &[]).await.json();
    assert_eq!(cameras["ffmpeg"], false);
    assert_eq!(request(&server, "GET", "/health", &[], &[]).await.status, 200);
    server.interrupt();
    let (_, said, _) = server.wait();
    assert_eq!(said.matches("ffmpeg is not installed: no attached cameras").count(), 1, "{said}");

    let mut list = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    let list = list.arg("cameras").env("PATH", "").stdin(Stdio::null()).output().unwrap();
    assert!(list.status.success());
    assert!(String::from_utf8_lossy(&list.stderr).contains("install ffmpeg"));
}
