//! A disk that fills up and is freed again costs nothing but time.

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::watch;

use crate::support::PATIENCE;
use crate::support::captures::{self, judge};
use crate::support::client::{get, tls};
use crate::support::device::Device;
use crate::support::files::{eventually, segments};
use crate::support::server::Server;
use crate::support::small_disk::SmallDisk;

async fn health(server: &Server) -> (u16, String) {
    let (status, body) = get(server, "/health").await;
    (status, String::from_utf8(body).unwrap())
}

/// Asks until the answer is as wanted.
async fn healthy(server: &Server, wanted: impl Fn(u16, &str) -> bool) {
    let asking = async {
        loop {
            let (status, body) = health(server).await;
            if wanted(status, &body) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("the server's health did not change");
}

async fn fills_up_and_is_freed(
    reserve_mb: &str,
    generations: u32,
    pace: Duration,
    is_it: impl Fn(u16, &str) -> bool,
) {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    disk.leave(1_300_000);
    let server = Server::start_in(folder, &["--reserve-mb", reserve_mb]);
    let (_address, addresses) = watch::channel(server.https.clone());
    let (may_stop, stops) = watch::channel(true);
    let capture = captures::named("chromium-webm-vp8-opus");
    let device = Device {
        name: "device-0001".to_owned(),
        session: "session-0001".to_owned(),
        captures: vec![capture.clone(); generations as usize],
        pace,
    };
    let recording = tokio::spawn(device.record(addresses, tls(&server), stops));
    healthy(&server, is_it).await;
    disk.free();
    healthy(&server, |status, _| status == 200).await;
    let summary = tokio::time::timeout(PATIENCE, recording).await.unwrap().unwrap();
    drop(may_stop);
    let files = segments(&server.recordings());
    assert_eq!(files.len(), summary.files.len());
    for generation in 0..generations {
        let own = summary.files.iter().filter(|file| file.generation == generation);
        let own: Vec<PathBuf> =
            own.map(|file| server.recordings().join(&summary.folder).join(&file.file)).collect();
        judge(&capture, &own, "60");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reserve_is_left_and_recording_goes_on_by_itself() {
    let says_how_much =
        |status, body: &str| status == 503 && body.contains("MB are free on the server's disk");
    // Slower than the server looks at its disk.
    fills_up_and_is_freed("1", 2, Duration::from_millis(200), says_how_much).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_without_any_room_left_is_waited_for() {
    let says_so = |status, body: &str| status == 503 && body.contains("No space left");
    fills_up_and_is_freed("0", 8, Duration::from_millis(5), says_so).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_has_as_much_as_it_may_waits_and_no_other_does() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::logging("localcamera=info", folder, "max_device_mb = 1", &[]);
    let (address, addresses) = watch::channel(server.https.clone());
    let (_may_stop, stops) = watch::channel(true);
    let capture = captures::named("chromium-webm-vp8-opus");
    // 1.9 MB of one, and half a megabyte of the other.
    let device = |name: &str, generations| Device {
        name: name.to_owned(),
        session: format!("session-of-{name}"),
        captures: vec![capture.clone(); generations],
        pace: Duration::from_millis(100),
    };
    let greedy = device("greedy-device", 4).record(addresses.clone(), tls(&server), stops.clone());
    let greedy = tokio::spawn(greedy);
    let log = server.folder.path().join("log");
    let is_held = |log: &String| log.contains("as much on the disk as max_device_mb lets it");
    let held = eventually(|| std::fs::read_to_string(&log).ok().filter(is_held)).await;
    assert!(held.contains("greedy-device"), "{held}");
    let modest = device("modest-device", 1).record(addresses, tls(&server), stops);
    let summary = tokio::time::timeout(PATIENCE, modest).await.unwrap();
    assert_eq!(summary.files.len(), 1);
    let (status, _) = health(&server).await;
    assert_eq!(status, 200, "the server is well");
    assert!(!greedy.is_finished(), "it was let in with more than it may have");

    // Given more it delivers what it had to keep.
    let folder = server.kill();
    let server = Server::logging("localcamera=info", folder, "max_device_mb = 100", &[]);
    address.send_replace(server.https.clone());
    let summary = tokio::time::timeout(PATIENCE, greedy).await.unwrap().unwrap();
    for generation in 0..4 {
        let own = summary.files.iter().filter(|file| file.generation == generation);
        let own: Vec<PathBuf> =
            own.map(|file| server.recordings().join(&summary.folder).join(&file.file)).collect();
        judge(&capture, &own, "60");
    }
}
