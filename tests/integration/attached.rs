//! What comes through ffmpeg: files in a loop, a pattern, cameras that are plugged in.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::camera::{made, packets};
use crate::support::files::{eventually, journal, segments};
use crate::support::http::request;
use crate::support::server::{Server, command, configure};
use crate::support::sources::{folder as folder_of, gaps, judge, of, until};

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

/// A pattern in a size of its own, by which its process is known.
fn pattern(size: &str) -> String {
    format!(
        "[[source]]\nname = \"pattern\"\nkind = \"pattern\"\nsize = \"{size}\"\nrecord = true\n"
    )
}

/// The times of a file's pictures.
fn video_times(file: &Path) -> Vec<f64> {
    packets(file, "v").iter().map(|packet| packet.seconds).collect()
}

/// When a segment or a gap begins and ends.
fn span_us(line: &Value) -> (i64, i64) {
    let number = |name: &str| line[name].as_i64().unwrap();
    let start_us = number("start_us");
    let length_us = line["duration_us"].as_i64();
    (start_us, length_us.map_or_else(|| number("end_us"), |length_us| start_us + length_us))
}

#[tokio::test]
async fn a_killed_ffmpeg_is_one_honest_gap_and_none_is_left_after_the_stop() {
    let config = pattern("322x242") + "title = \"Test\"\n";
    let server = Server::configured(&config, &["--segment-seconds", "2"]);
    let live = until(&server, "pattern", |source| source["is_recording"] == true).await;
    assert_eq!((&live["state"], &live["stream"]), (&json!("live"), &json!("pattern")));
    let told = async |path: &str| request(&server, "GET", path, &[], &[]).await.json();
    assert_eq!(told("/api/streams").await["streams"][0]["session"], live["session"]);
    // It is no device.
    assert_eq!(told("/api/devices").await["devices"], json!([]));
    let recordings = server.recordings();
    eventually(|| (segments(&recordings).len() >= 2).then_some(())).await;
    let mark = "size=322x242";
    let [pid] = processes(&server, mark)[..] else { panic!("one process is expected") };
    kill_process(pid, Signal::KILL).unwrap();
    let lost = until(&server, "pattern", |source| source["state"] != "live").await;
    assert_eq!(lost["code"], "stopped", "{lost}");
    let again = until(&server, "pattern", |source| source["reconnects"] == 1).await;
    assert_eq!((&again["state"], &again["code"]), (&json!("live"), &Value::Null));
    assert_eq!(again["session"], live["session"]);
    let before = segments(&recordings).len();
    eventually(|| (segments(&recordings).len() > before + 1).then_some(())).await;
    let [next] = processes(&server, mark)[..] else { panic!("one process is expected") };
    server.interrupt();
    let (status, said, folder) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("something has killed it (signal 9)"), "{said}");
    assert!(!runs(pid, mark) && !runs(next, mark));

    let recordings = folder.path().join("recordings");
    judge(&recordings);
    for file in segments(&recordings) {
        let times = video_times(&file);
        assert!(times.windows(2).all(|two| (two[1] - two[0] - 0.04).abs() < 0.005), "{times:?}");
    }
    let journal = journal(&recordings);
    let begun = of(&journal, "session")[0];
    assert_eq!((&begun["device"], &begun["name"]), (&json!("source:pattern"), &json!("Test")));
    assert_eq!(of(&journal, "stop")[0]["reason"], "stopped");
    assert_eq!(gaps(&journal, "damaged_input"), [&Value::Null; 0]);
    let [gap] = gaps(&journal, "camera_lost")[..] else {
        panic!("one gap is expected: {journal:?}");
    };
    let (lost_us, resumed_us) = span_us(gap);
    assert!((100_000..10_000_000).contains(&(resumed_us - lost_us)), "{gap}");
    // From the beginning on, all of the session is media or a gap.
    let first = of(&journal, "gap")[0];
    assert_eq!((&first["reason"], &first["start_us"]), (&json!("connecting"), &begun["start_us"]));
    let files = of(&journal, "segment");
    let (before, after): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|segment| segment["generation"] == 0);
    assert!(after.iter().all(|segment| segment["generation"] == 1), "{after:?}");
    assert_eq!(span_us(before.last().unwrap()).1, lost_us);
    assert!((span_us(after[0]).0 - resumed_us).abs() <= 1000, "{gap} {:?}", after[0]);
}

#[tokio::test]
async fn none_is_left_when_the_server_is_killed() {
    let server = Server::configured(&pattern("324x242"), &[]);
    until(&server, "pattern", |source| source["state"] == "live").await;
    let mark = "size=324x242";
    let [pid] = processes(&server, mark)[..] else { panic!("one process is expected") };
    drop(server.kill());
    eventually(|| (!runs(pid, mark)).then_some(())).await;
}

#[tokio::test]
async fn a_file_goes_on_from_its_end_to_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let film = "-f lavfi -i testsrc2=size=320x240:rate=25 \
        -f lavfi -i sine=sample_rate=48000 -t 1.6 -g 20 -c:v libx264 -c:a aac";
    made(folder.path(), "copied.mp4", &format!("{film} -bf 0"));
    made(folder.path(), "encoded.mp4", &format!("{film} -bf 2"));
    let source = |name: &str| {
        format!(
            "[[source]]\nname = \"{name}\"\nkind = \"file\"\npath = \"{name}.mp4\"\nrecord = true\n"
        )
    };
    configure(folder.path(), &(source("copied") + &source("encoded")));
    let server = Server::start_in(folder, &["--segment-seconds", "2"]);
    for name in ["copied", "encoded"] {
        let recordings = folder_of(&server.recordings(), name);
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
        let recordings = folder_of(&folder.path().join("recordings"), name);
        judge(&recordings);
        let mut frames = 0;
        for file in segments(&recordings) {
            let times = video_times(&file);
            frames += times.len();
            let is_even = times.windows(2).all(|two| (two[1] - two[0] - 0.04).abs() < 0.03);
            assert!(is_even, "{name}: {times:?}");
        }
        // More than the film has: it has begun anew, and more than once.
        assert!(frames > 100, "{name}: {frames}");
        assert_eq!(gaps(&journal(&recordings), "camera_lost"), [&Value::Null; 0]);
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
    let film = "-f lavfi -i testsrc2=size=320x240:rate=25 -t 120 -c:v mjpeg -q:v 20 -f mjpeg";
    let camera = made(folder.path(), "dev/video0", film);
    let source_of = "[[source]]\nname = \"bench\"\nkind = \"camera\"\ndevice = \"Bench\"\n";
    configure(folder.path(), source_of);
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
    let recordings = folder.path().join("recordings");
    judge(&recordings);
    assert_eq!(gaps(&journal(&recordings), "camera_lost").len(), 1);
}

#[tokio::test]
async fn without_ffmpeg_it_is_said_once_and_everything_else_works() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &pattern("326x242"));
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
