//! Ctrl-C finishes every growing file before the program ends.

use crate::support::captures::{self, judge};
use crate::support::client::Client;
use crate::support::files::{listing, segments};
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

#[test]
fn an_idle_server_stops_at_once() {
    let server = Server::start(&[]);
    server.interrupt();
    let (status, said, _) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
}
