//! Programs are run and addresses told when something happens to recordings, and no recording waits
//! for them.

mod commands;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::captures;
use crate::support::client::Client;
use crate::support::files::{eventually, journal, segments};
use crate::support::server::{self, Server, configure, run};
use crate::support::small_disk::SmallDisk;
use crate::support::told::{Heard, Web};

/// Looked for in everything that the server says.
const SECRETS: [&str; 2] = ["s3cret-path", "s3cret-token"];

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap()
}

/// A server that logs all it can.
fn start(folder: TempDir, config: &str, args: &[&str]) -> Server {
    Server::logging("trace", folder, config, args)
}

/// Records a whole session of several files.
async fn record(server: &Server, session: &str) {
    let (mut client, _) = Client::hello(server, session).await;
    let ending = crate::v1::record(&mut client, &captures::named("chromium-webm-vp8-opus")).await;
    assert_eq!(ending.of_type("summary").len(), 1, "{ending:?}");
}

fn url_hook(web: &Web, on: &str, more: &str) -> String {
    let address = &web.address;
    format!(
        "[[hook]]\non = [{on}]\nurl = \"http://{address}/s3cret-path\"\ntoken = \"s3cret-token\"\n{more}\n"
    )
}

/// The events up to the end of a session, and the last one.
async fn until_ended(web: &mut Web) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let event = web.accepted().await.json();
        let is_end = event["event"] == "session_ended";
        events.push(event);
        if is_end {
            return events;
        }
    }
}

fn words(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

const ALL: &str = "\"session_started\", \"segment_finished\", \"gap\", \"disk\", \"session_ended\"";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_failed_is_told_again_and_everything_in_order() {
    let mut web = Web::listen().await;
    web.answers(500);
    let config = url_hook(&web, ALL, "");
    let server = start(tempfile::tempdir().unwrap(), &config, &["--segment-seconds", "1"]);
    record(&server, "session-1").await;
    let refused = web.next().await;
    assert_eq!((refused.status, refused.json()["event"].clone()), (500, "session_started".into()));
    web.answers(200);
    let mut again = web.next().await;
    // It may have come before the answer was set.
    if again.status == 500 {
        assert_eq!(again.body, refused.body);
        again = web.next().await;
    }
    assert_eq!((again.status, &again.body), (200, &refused.body));
    check_request(&again);

    let events = until_ended(&mut web).await;
    let lines = journal(&server.recordings());
    let files: Vec<&Value> = lines.iter().filter(|line| line["event"] == "segment").collect();
    assert!(files.len() >= 3, "{lines:?}");
    let mut wanted = vec!["segment_finished"; files.len()];
    wanted.push("session_ended");
    assert_eq!(words(&events), wanted);
    for (event, line) in events.iter().zip(&files) {
        for member in ["file", "bytes", "sha256", "generation"] {
            assert_eq!(event[member], line[member], "{event} {line}");
        }
        assert_eq!(event["start_ms"].as_i64(), line["start_us"].as_i64().map(|us| us / 1000));
    }
    let (ended, bytes) =
        (events.last().unwrap(), files.iter().map(|f| f["bytes"].as_u64().unwrap()));
    assert_eq!((&ended["reason"], &ended["files"]), (&"stopped".into(), &files.len().into()));
    assert_eq!(ended["bytes"], bytes.sum::<u64>());
    assert_eq!((&ended["session"], &ended["device"]), (&"session-1".into(), &"test-device".into()));
    assert_eq!(ended["name"], "Bench 3");
    assert!(web.is_quiet());

    server.interrupt();
    let (status, _, folder) = server.wait();
    assert!(status.success());
    let log = log(folder.path());
    assert!(log.contains("an event could not be told; it is tried again"), "{log}");
    for secret in SECRETS {
        assert!(!log.contains(secret), "{secret}");
    }
}

fn check_request(heard: &Heard) {
    assert_eq!(heard.path, "/s3cret-path");
    assert_eq!(heard.header("content-type"), "application/json");
    assert_eq!(heard.header("authorization"), "Bearer s3cret-token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_hears_of_the_device_that_it_names_alone() {
    let (mut named, mut other) = (Web::listen().await, Web::listen().await);
    let config = [
        url_hook(&named, "\"session_ended\"", "device = \"bench 3\""),
        url_hook(&other, "\"session_ended\"", "device = \"Bench 4\""),
    ];
    let server = start(tempfile::tempdir().unwrap(), &config.concat(), &[]);
    record(&server, "session-1").await;
    assert_eq!(named.next().await.json()["session"], "session-1");
    server.interrupt();
    assert!(server.wait().0.success());
    assert!(other.is_quiet());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_that_a_stop_brings_is_told() {
    let mut web = Web::listen().await;
    let config = url_hook(&web, "\"segment_finished\", \"session_ended\"", "");
    let server = start(tempfile::tempdir().unwrap(), &config, &[]);
    let mut raw = Client::raw(&server).await;
    raw.binary(&captures::named("chromium-webm-vp8-opus").stream).await;
    eventually(|| (!crate::support::files::listing(&server.recordings()).is_empty()).then_some(()))
        .await;
    assert!(web.is_quiet());
    server.interrupt();
    let (status, _, folder) = server.wait();
    assert!(status.success());
    // Its listener has taken all that was said before the end.
    let events = until_ended(&mut web).await;
    assert_eq!(words(&events), ["segment_finished", "session_ended"]);
    let path = PathBuf::from(events[0]["path"].as_str().unwrap());
    assert!(path.is_absolute() && path.is_file(), "{}", path.display());
    assert_eq!(path.canonicalize().unwrap(), segments(folder.path())[0].canonicalize().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_a_crash_left_is_told_when_it_is_whole_and_older_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder, &["--segment-seconds", "1"]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    let bytes = crate::v1::send(&mut client, 0, &capture).await;
    client.acknowledged(0, bytes).await;
    let finished = segments(&server.recordings()).len();
    assert!(finished > 0);
    let folder = server.kill();

    let mut web = Web::listen().await;
    let server = start(folder, &url_hook(&web, ALL, ""), &["--segment-seconds", "1"]);
    let event = web.next().await.json();
    assert_eq!(event["event"], "segment_finished");
    let lines = journal(&server.recordings());
    let files: Vec<&Value> = lines.iter().filter(|line| line["event"] == "segment").collect();
    assert!(files.len() > finished);
    assert_eq!(event["file"], files[finished]["file"]);
    assert!(Path::new(event["path"].as_str().unwrap()).is_file());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_states_of_the_disk_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    let mut web = Web::listen().await;
    let config = url_hook(&web, "\"disk\"", "");
    let server = start(folder, &config, &["--reserve-mb", "1"]);
    disk.leave(1_600_000);
    let low = web.next().await.json();
    assert_eq!((&low["event"], &low["state"]), (&"disk".into(), &"low".into()));
    assert_eq!(low["reserve_bytes"], 1_000_000);
    disk.leave(500_000);
    let full = web.next().await.json();
    assert_eq!(full["state"], "full");
    assert!(full["free_bytes"].as_u64().unwrap() <= 500_000, "{full}");
    assert!(full["reason"].as_str().unwrap().contains("MB are free"), "{full}");
    disk.free();
    assert_eq!(web.next().await.json()["state"], "ok");
    drop(server.kill());
}

#[test]
fn a_hook_that_cannot_be_is_refused_with_what_is_allowed() {
    for (hook, said) in [
        ("on = [\"segment\"]\ncommand = [\"true\"]", ["on = [\"segment\"]", "segment_finished"]),
        ("on = [\"gap\"]\ncommand = [\"echo\", \"{paht}\"]", ["{paht}", "{path}"]),
        (
            "on = [\"gap\"]\ncommand = [\"sh\", \"-c\", \"echo {name}\"]",
            ["shell", "$LOCALCAMERA_PATH"],
        ),
        ("on = [\"gap\"]\ncommand = [\"true\"]\ntimeout_s = 0", ["timeout_s = 0", "1 and 3600"]),
        ("on = [\"gap\"]", ["command", "url"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        configure(folder.path(), &format!("[[hook]]\n{hook}\n"));
        let (code, words) = run(&mut server::command(folder.path()));
        assert_eq!(code, Some(2), "{words}");
        assert!(words.contains("hook, number 1"), "{words}");
        assert!(said.iter().all(|word| words.contains(word)), "{hook}: {words}");
    }
}

fn sha256(path: &Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}
