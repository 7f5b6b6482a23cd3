//! `localcamera export`, beside a server that runs.

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{SHORT, called, duration_s, json_of, packets, record_all, saved, start_ms};
use crate::support::files::segments;
use crate::support::server::Server;

pub(super) fn export(server: &Server, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    command.current_dir(server.folder.path()).env("TZ", "UTC");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.arg("export").args(args).arg("--recordings").arg(server.recordings());
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn a_part_is_what_the_server_would_have_given() {
    for (capture, extension) in
        [("chromium-webm-vp8-opus", "webm"), ("chromium-mp4-h264-opus", "mp4")]
    {
        let server = Server::start(&SHORT);
        record_all(&server, "session-1", &[(capture, 0)]).await;
        let begins_ms = start_ms(&server, "session-1").await;
        let (from_ms, to_ms) = (begins_ms + 2500, begins_ms + 5000);
        let path = format!("/api/sessions/session-1/export?from_ms={from_ms}&to_ms={to_ms}");
        let given = saved(&server, &path, "given").await;
        let rfc3339 = |at_ms: i64| {
            let at = chrono::DateTime::from_timestamp_millis(at_ms).unwrap();
            at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
        };
        let out = server.folder.path().join(format!("part.{extension}"));
        let (from, to) = (rfc3339(from_ms), rfc3339(to_ms));
        let args = ["session-1", "--from", &from, "--to", &to, "--out", out.to_str().unwrap()];
        let (code, said) = export(&server, &args);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(out.to_str().unwrap()), "{said}");
        assert!(std::fs::read(&out).unwrap() == std::fs::read(&given).unwrap(), "{capture}");
        assert!(!out.with_extension(format!("{extension}.part")).exists());
        let (code, said) = export(&server, &args);
        assert_eq!(code, Some(1));
        assert!(said.contains("nothing is overwritten"), "{said}");
    }
}

#[tokio::test]
async fn all_of_the_last_recording_of_a_device_gets_a_name_of_its_own() {
    let server = Server::start(&SHORT);
    record_all(&server, "session-1", &[("chromium-mp4-h264-opus", 0)]).await;
    let folder = server.folder.path().join("taken");
    std::fs::create_dir(&folder).unwrap();
    let (code, said) = export(&server, &["bench 3", "--out", folder.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    let begins = called(start_ms(&server, "session-1").await).1;
    let taken = folder.join(format!("Bench 3 {begins}.mp4"));
    let files = segments(&server.recordings());
    for track in ["0:v:0", "0:a:0"] {
        let all: Vec<String> = files.iter().flat_map(|file| packets(file, track)).collect();
        assert!(packets(&taken, track) == all, "{track}");
    }
}

#[tokio::test]
async fn what_one_file_cannot_hold_is_a_zip_or_encoded_anew() {
    let server = Server::start(&SHORT);
    let generations = [("chromium-webm-vp8-opus", 0), ("chromium-mp4-h264-opus", 60_000)];
    record_all(&server, "session-1", &generations).await;
    let out = |name: &str| server.folder.path().join(name).to_str().unwrap().to_owned();
    let (code, said) = export(&server, &["session-1", "--out", &out("a.mp4")]);
    assert_eq!(code, Some(1));
    assert!(said.contains("2 files") && said.contains(".zip") && said.contains("--reencode"));
    assert!(!PathBuf::from(out("a.mp4")).exists());
    let (code, said) = export(&server, &["session-1", "--out", &out("a.zip")]);
    assert_eq!(code, Some(0), "{said}");
    let listed = Command::new("python3").args(["-m", "zipfile", "-t", &out("a.zip")]).output();
    assert!(listed.unwrap().status.success());
    let (code, said) = export(&server, &["session-1", "--reencode", "--out", &out("b.mp4")]);
    assert_eq!(code, Some(0), "{said}");
    let timeline = json_of(&server, "/api/sessions/session-1/timeline").await;
    let reels = timeline["reels"].as_array().unwrap();
    let all_s: f64 = reels.iter().map(|reel| reel["duration_ms"].as_f64().unwrap() / 1000.0).sum();
    let encoded_s = duration_s(&PathBuf::from(out("b.mp4")));
    assert!((encoded_s - all_s).abs() < 0.5, "{encoded_s} {all_s}");
    let left: Vec<_> = std::fs::read_dir(server.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("part"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn of_a_device_it_is_the_recording_that_has_something_of_that_time() {
    let server = Server::start(&SHORT);
    record_all(&server, "session-1", &[("chromium-webm-vp8-opus", 0)]).await;
    let begins = called(start_ms(&server, "session-1").await).1.replace('.', ":");
    record_all(&server, "session-2", &[("chromium-mp4-h264-opus", 3_600_000)]).await;
    let folder = server.folder.path().join("taken");
    std::fs::create_dir(&folder).unwrap();
    let out = folder.to_str().unwrap();
    let (code, said) = export(&server, &["bench 3", "--from", &begins, "--out", out]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(".webm\n"), "{said}");
    // Without a time it is the last one.
    let (code, said) = export(&server, &["bench 3", "--out", out]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(".mp4\n"), "{said}");
}

#[tokio::test]
async fn what_is_interrupted_leaves_nothing_and_can_be_done_again() {
    let server = Server::start(&SHORT);
    record_all(&server, "session-1", &[("chromium-webm-vp8-opus", 0)]).await;
    let bin = server.folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let ffmpeg = bin.join("ffmpeg");
    // One that says that it runs, and never ends by itself.
    std::fs::write(&ffmpeg, "#!/bin/sh\necho runs >&2\nexec tail -f /dev/null\n").unwrap();
    std::fs::set_permissions(&ffmpeg, Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let out = server.folder.path().join("taken.mp4");
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    command.args(["export", "session-1", "--reencode", "--out"]).arg(&out);
    command.arg("--recordings").arg(server.recordings());
    command.env("PATH", format!("{}:{path}", bin.display())).process_group(0);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap() == "runs"));
    // Ctrl-C is for all that run in a terminal.
    kill_process_group(Pid::from_child(&child), Signal::INT).unwrap();
    assert!(said.any(|line| line.unwrap().contains("interrupted")));
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let there = std::fs::read_dir(server.folder.path()).unwrap();
    let mut there = there.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!there.any(|name| name.starts_with("taken")));
}

#[tokio::test]
async fn what_cannot_be_had_is_said_in_words() {
    let server = Server::start(&SHORT);
    record_all(&server, "session-1", &[("chromium-webm-vp8-opus", 0)]).await;
    for (args, code, words) in [
        (&["nobody"][..], 1, "the newest are"),
        (&["session-1", "--from", "tomorrow"], 2, "16:31:49"),
        (&["session-1", "--from", "2001-01-01 00:00", "--to", "2001-01-02 00:00"], 1, "it is from"),
        (&["session-1", "--from", "2030-01-01 00:00"], 1, "--from lies before --to"),
        (&["session-1", "--out", "a.mp4"], 1, "name the file .webm"),
        (&["session-1", "--out", "nowhere/a.webm"], 1, "cannot create"),
    ] {
        let (ended, said) = export(&server, args);
        assert_eq!(ended, Some(code), "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
    }
}
