//! A bare WebSocket that sends MediaRecorder blobs is recorded just as well.

use crate::support::captures::{self, judge};
use crate::support::client::Client;
use crate::support::files::{eventually, journal, listing, segments};
use crate::support::server::Server;

#[tokio::test]
async fn every_capture_becomes_files_that_independent_tools_accept() {
    for capture in captures::all() {
        let server = Server::start(&["--segment-seconds", "4"]);
        let mut client = Client::raw(&server).await;
        for chunk in capture.chunks() {
            client.binary(chunk).await;
        }
        client.close().await;
        eventually(|| has_stopped(&server).then_some(())).await;
        let files = segments(&server.recordings());
        judge(&capture, &files, "4");
        let parts: Vec<_> = listing(&server.recordings());
        assert!(!parts.iter().any(|path| path.to_string_lossy().ends_with(".part")));
        let expects_webm = capture.mime.contains("webm");
        for file in files {
            assert_eq!(file.extension().unwrap() == "webm", expects_webm, "{}", capture.name);
        }
    }
}

#[tokio::test]
async fn the_page_listener_takes_raw_streams_and_echoes_whatever_subprotocol() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let address = format!("{}/ws/ingest", server.https);
    let mut client = Client::connect(&server, &address, Some("null")).await;
    client.send_unless_closed("hello".into()).await;
    client.binary(&capture.stream).await;
    client.close().await;
    eventually(|| has_stopped(&server).then_some(())).await;
    judge(&capture, &segments(&server.recordings()), "60");
}

#[tokio::test]
async fn a_second_init_segment_begins_the_next_generation() {
    let server = Server::start(&[]);
    let first = captures::named("chromium-webm-vp8-opus");
    let second = captures::named("firefox-webm-vp8-opus");
    let mut client = Client::raw(&server).await;
    client.binary(&[&first.stream[..], &second.stream[..]].concat()).await;
    client.close().await;
    eventually(|| has_stopped(&server).then_some(())).await;
    let files = segments(&server.recordings());
    let lines = journal(&server.recordings());
    let of = |generation: u32| -> Vec<_> {
        let lines = lines
            .iter()
            .filter(|line| line["event"] == "segment" && line["generation"] == generation);
        let names = lines.map(|line| line["file"].as_str().unwrap().to_owned());
        let names: Vec<_> = names.collect();
        let is_named = |path: &&std::path::PathBuf| names.iter().any(|name| path.ends_with(name));
        files.iter().filter(is_named).cloned().collect()
    };
    judge(&first, &of(0), "60");
    judge(&second, &of(1), "60");
}

pub(crate) fn has_stopped(server: &Server) -> bool {
    let journals = listing(&server.recordings());
    let journal = journals.iter().find(|path| path.extension().is_some_and(|e| e == "jsonl"));
    journal.is_some_and(|path| {
        std::fs::read_to_string(path).is_ok_and(|text| text.contains("\"event\":\"stop\""))
    })
}
