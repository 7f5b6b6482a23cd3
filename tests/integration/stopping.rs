//! Ctrl-C finishes every growing file before the program ends.

use crate::support::captures::{self, judge};
use crate::support::client::Client;
use crate::support::files::{eventually, listing, segments};
use crate::support::requests::{self, Requests};
use crate::support::server::Server;

#[tokio::test]
async fn growing_files_are_finished_and_devices_told_to_come_back() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let mut raw = Client::raw(&server).await;
    raw.binary(&capture.stream).await;
    let (mut device, _) = Client::hello(&server, "session-1").await;
    let length = crate::v1::send(&mut device, 0, &capture).await;
    device.acknowledged(0, length).await;
    server.interrupt();
    let told = device.ending().await;
    assert_eq!(told.close_code(), Some(1012), "{told:?}");
    assert_eq!(told.of_type("error")[0]["code"], "shutting_down");
    assert_eq!(raw.ending().await.close_code(), Some(1012));
    let (status, said, folder) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    let recordings = folder.path().join("recordings");
    let files = segments(&recordings);
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        judge(&capture, &[file], "60");
    }
    let all = listing(&recordings);
    assert!(!all.iter().any(|path| path.to_string_lossy().ends_with(".part")), "{all:?}");
}

#[tokio::test]
async fn who_delivers_by_requests_is_told_and_loses_nothing() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut requests, _) = Requests::hello(&server, "session-1").await;
    requests.post(&requests::generation(0, &capture.mime)).await;
    requests.stream(0, 0, &capture.stream).await;
    while requests.receive().await["durable"].as_u64() != Some(capture.stream.len() as u64) {}
    server.interrupt();
    let told = requests.ending().await;
    assert_eq!(requests.close_code(), Some(1012), "{told:?}");
    assert!(told.iter().any(|message| message["code"] == "shutting_down"), "{told:?}");
    let (status, said, folder) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    judge(&capture, &segments(&folder.path().join("recordings")), "60");
}

#[tokio::test]
async fn who_is_told_twice_ends_at_once() {
    // A program that takes its time is waited for, up to a limit.
    let hook = "[[hook]]\non = [\"session_ended\"]\ncommand = [\"sleep\", \"20\"]\n";
    let folder = tempfile::tempdir().unwrap();
    let server = Server::logging("localcamera=info", folder, hook, &[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut device, _) = Client::hello(&server, "session-1").await;
    crate::v1::record(&mut device, &capture).await;
    eventually(|| (!server.children().is_empty()).then_some(())).await;
    let log = server.folder.path().join("log");
    server.interrupt();
    eventually(|| std::fs::read_to_string(&log).unwrap().contains(" stopping").then_some(())).await;
    server.interrupt();
    let (status, _, folder) = server.wait();
    assert_eq!(status.code(), Some(1));
    let said = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(said.contains("told twice to stop"), "{said}");
    judge(&capture, &segments(&folder.path().join("recordings")), "60");
}

#[test]
fn an_idle_server_stops_at_once() {
    let server = Server::start(&[]);
    server.interrupt();
    let (status, said, _) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
}
