//! `localcamera check` finds what is not as the journals tell, and repairs what a crash has left.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::captures::{self, judge};
use crate::support::client::Client;
use crate::support::files::{listing, segments};
use crate::support::server::Server;
use crate::v1::send;

/// Exit code and both outputs.
fn check(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    command.current_dir(folder).arg("check").args(args).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn what_a_crash_left_is_found_and_made_whole() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    let length = send(&mut client, 0, &capture).await;
    client.acknowledged(0, length).await;
    let folder = server.kill();
    let recordings = folder.path().join("recordings");
    let (code, said) = check(folder.path(), &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(".webm.part: grows, or was left by a crash"), "{said}");
    assert!(segments(&recordings).is_empty());

    let (code, said) = check(folder.path(), &["--repair"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("everything is as the journals say, and plays"), "{said}");
    judge(&capture, &segments(&recordings), "60");

    // A session that was made whole can still go on: nobody has stopped it.
    let server = Server::start_in(folder, &[]);
    let (mut client, welcome) = Client::hello(&server, "session-1").await;
    assert_eq!(welcome["positions"][0]["durable"], length);
    let stop = serde_json::json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": length }] });
    client.text(stop).await;
    assert_eq!(client.ending().await.of_type("summary").len(), 1);
    let folder = server.kill();
    assert_eq!(check(folder.path(), &[]).0, Some(0));
}

#[tokio::test]
async fn changed_and_missing_files_are_named() {
    let server = Server::start(&[]);
    let mut client = Client::raw(&server).await;
    client.binary(&captures::named("webkit-mp4-h264-aac").stream).await;
    client.close().await;
    let (_, _, folder) = {
        server.interrupt();
        server.wait()
    };
    let recordings = folder.path().join("recordings");
    assert_eq!(check(folder.path(), &["recordings"]).0, Some(0));
    let file = segments(&recordings).remove(0);
    let whole = std::fs::read(&file).unwrap();
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    std::fs::write(&file, changed).unwrap();
    let (code, said) = check(folder.path(), &["--repair"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("is not what its journal says"), "{said}");
    std::fs::write(&file, whole).unwrap();
    std::fs::rename(&file, recordings.join("elsewhere.mp4")).unwrap();
    let (code, said) = check(folder.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("is named by its journal and missing"), "{said}");
    let (code, said) = check(folder.path(), &["nowhere"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("there is no recordings folder nowhere"), "{said}");
    assert!(!listing(&recordings).is_empty());
}
