//! The conversation `localcamera.v1` as docs/protocol.md has it.

use serde_json::json;

use crate::support::captures::{self, Capture, judge};
use crate::support::client::{Client, Ending, get};
use crate::support::files::{journal, segments};
use crate::support::server::Server;

#[tokio::test]
async fn every_capture_is_acknowledged_to_its_last_byte_and_judged_good() {
    for capture in captures::all() {
        let server = Server::start(&["--segment-seconds", "4"]);
        let (mut client, welcome) = Client::hello(&server, "session-1").await;
        assert_eq!(welcome["resumed"], false);
        assert_eq!(welcome["positions"], json!([]));
        let length = send(&mut client, 0, &capture).await;
        client
            .text(json!({
                "type": "stop", "generations": [{ "generation": 0, "bytes": length }],
            }))
            .await;
        let ending = client.ending().await;
        assert_eq!(ending.close_code(), Some(1000), "{ending:?}");
        let acks = ending.of_type("ack");
        let durable: Vec<u64> = acks.iter().map(|ack| ack["durable"].as_u64().unwrap()).collect();
        assert!(durable.is_sorted(), "{durable:?}");
        assert_eq!(durable.last(), Some(&length), "{}", capture.name);
        let files = segments(&server.recordings());
        let summary = ending.of_type("summary")[0].clone();
        let named: Vec<String> = files
            .iter()
            .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        let listed = summary["files"].as_array().unwrap();
        let listed: Vec<&str> = listed.iter().map(|file| file["file"].as_str().unwrap()).collect();
        assert_eq!(listed, named);
        judge(&capture, &files, "4");
        let (status, report) = get(&server, "/api/sessions/session-1/check").await;
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        assert_eq!((status, &report["ok"]), (200, &json!(true)), "{report}");
    }
}

#[tokio::test]
async fn a_new_generation_begins_new_files_in_the_same_session() {
    let server = Server::start(&[]);
    let (first, second) =
        (captures::named("chromium-webm-vp8-opus"), captures::named("webkit-mp4-h264-aac"));
    let (mut client, _) = Client::hello(&server, "session-1").await;
    let first_bytes = send(&mut client, 0, &first).await;
    client.text(json!({ "type": "generation_end", "generation": 0, "bytes": first_bytes })).await;
    client
        .text(json!({ "type": "event", "event": "camera", "at_ms": 1_795_163_526_000_i64 }))
        .await;
    let second_bytes = send(&mut client, 1, &second).await;
    client
        .text(json!({ "type": "stop", "generations": [
        { "generation": 0, "bytes": first_bytes }, { "generation": 1, "bytes": second_bytes },
    ] }))
        .await;
    let ending = client.ending().await;
    assert_eq!(ending.close_code(), Some(1000));
    let files = segments(&server.recordings());
    let of = |extension: &str| -> Vec<_> {
        let own = files.iter().filter(|file| file.extension().unwrap() == extension);
        own.cloned().collect()
    };
    judge(&first, &of("webm"), "60");
    judge(&second, &of("mp4"), "60");
    let lines = journal(&server.recordings());
    assert!(lines.iter().any(|line| line["event"] == "mark" && line["kind"] == "camera"));
}

#[tokio::test]
async fn the_journal_describes_the_session() {
    let server = Server::start(&["--segment-seconds", "4"]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    let length = send(&mut client, 0, &capture).await;
    let stop = json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": length }] });
    client.text(stop).await;
    client.ending().await;
    let lines = journal(&server.recordings());
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events.first(), Some(&"session"));
    assert_eq!(events[1], "generation");
    assert_eq!(events.last(), Some(&"stop"));
    assert!(lines.iter().all(|line| line["v"] == 1 && line["at"].as_str().unwrap().ends_with('Z')));
    assert_eq!(lines[0]["device"], "test-device");
    assert_eq!(lines[0]["name"], "Bench 3");
    let init = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        lines[1]["init"].as_str().unwrap(),
    );
    assert!(capture.stream.starts_with(&init.unwrap()));
    let files = segments(&server.recordings());
    let written: Vec<_> = lines.iter().filter(|line| line["event"] == "segment").collect();
    assert_eq!(written.len(), files.len());
    for (line, file) in written.iter().zip(&files) {
        let bytes = std::fs::read(file).unwrap();
        assert!(file.ends_with(line["file"].as_str().unwrap()));
        assert_eq!(line["bytes"], bytes.len());
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
        assert_eq!(line["sha256"], hex::encode(digest));
    }
    // The device's clock said this when it pressed Record, and the server's offset is added.
    let start_us = lines[0]["start_us"].as_i64().unwrap();
    assert_eq!(written[0]["start_us"].as_i64().unwrap(), start_us);
}

#[tokio::test]
async fn a_device_clock_that_is_set_moves_no_file_and_no_event() {
    const HOUR_MS: i64 = 3_600_000;
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, welcome) = Client::hello(&server, "session-1").await;
    let now_ms = welcome["now_ms"].as_i64().unwrap();
    let mut generations = Vec::new();
    // The device's clock was an hour slow, then two days fast; the third began with a clock that
    // nobody had compared, and that had been set back.
    let began_ms = [now_ms - HOUR_MS, now_ms + 48 * HOUR_MS + 60_000, 0];
    let offsets_ms = [Some(HOUR_MS), Some(-48 * HOUR_MS), None];
    for ((generation, started_ms), offset_ms) in (0..).zip(began_ms).zip(offsets_ms) {
        let mut message = json!({
            "type": "generation", "generation": generation, "mime": capture.mime, "reason": "start",
            "started_ms": started_ms,
        });
        if let Some(offset_ms) = offset_ms {
            message["offset_ms"] = offset_ms.into();
        }
        client.text(message).await;
        let mut position = 0;
        for chunk in capture.chunks() {
            client.chunk(generation, position, chunk).await;
            position += chunk.len() as u64;
        }
        let bytes = capture.stream.len() as u64;
        client
            .text(json!({ "type": "generation_end", "generation": generation, "bytes": bytes }))
            .await;
        generations.push(json!({ "generation": generation, "bytes": bytes }));
    }
    client
        .text(json!({
            "type": "event", "event": "mark", "at_ms": now_ms - HOUR_MS, "offset_ms": HOUR_MS,
        }))
        .await;
    client.text(json!({ "type": "stop", "generations": generations })).await;
    assert_eq!(client.ending().await.close_code(), Some(1000));
    let lines = journal(&server.recordings());
    let files = lines.iter().filter(|line| line["event"] == "segment");
    let times = |line: &serde_json::Value| {
        let start_us = line["start_us"].as_i64().unwrap();
        (start_us - now_ms * 1000, start_us - now_ms * 1000 + line["duration_us"].as_i64().unwrap())
    };
    let times: Vec<(i64, i64)> = files.map(times).collect();
    let [(first, _), (second, second_end), (third, _)] = times[..] else { panic!("{times:?}") };
    assert!(first.abs() < 1_000_000 && (second - 60_000_000).abs() < 1_000_000, "{times:?}");
    assert!(third >= second_end - 1000, "wall time runs backwards: {times:?}");
    let mark = lines.iter().find(|line| line["event"] == "mark").unwrap();
    assert_eq!(mark["at_us"], now_ms * 1000);
}

/// Records a capture as the session's only generation, and stops.
pub(crate) async fn record(client: &mut Client, capture: &Capture) -> Ending {
    let bytes = send(client, 0, capture).await;
    let generations = json!([{ "generation": 0, "bytes": bytes }]);
    client.text(json!({ "type": "stop", "generations": generations })).await;
    client.ending().await
}

/// Sends a capture as one generation and returns its length.
pub(crate) async fn send(client: &mut Client, generation: u32, capture: &Capture) -> u64 {
    client.generation(generation, &capture.mime).await;
    let mut position = 0;
    for chunk in capture.chunks() {
        client.chunk(generation, position, chunk).await;
        position += chunk.len() as u64;
    }
    position
}

#[tokio::test]
async fn a_session_belongs_to_its_device() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut first, _) = Client::hello(&server, "session-1").await;
    let first_bytes = send(&mut first, 0, &capture).await;
    let address = format!("{}/ws/ingest", server.https);
    let mut other = Client::connect(&server, &address, Some("localcamera.v1")).await;
    other
        .text(json!({
            "type": "hello", "device": "other-device", "session": "session-1",
            "started_ms": 1_795_163_509_123_i64, "now_ms": 1_795_163_509_123_i64,
        }))
        .await;
    let welcome = other.receive().await;
    assert_eq!((&welcome["resumed"], &welcome["positions"]), (&json!(false), &json!([])));
    let stop =
        json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": first_bytes }] });
    first.text(stop).await;
    assert_eq!(first.ending().await.close_code(), Some(1000));
    judge(&capture, &segments(&server.recordings()), "60");
}

#[tokio::test]
async fn a_session_goes_on_inside_its_last_file_after_a_restart() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let server = Server::start(&[]);
    let (mut client, _) = Client::hello(&server, "session-1").await;
    let length = send(&mut client, 0, &capture).await;
    client.acknowledged(0, length).await;
    server.interrupt();
    client.ending().await;
    let (_, _, folder) = server.wait();
    let server = Server::start_in(folder, &[]);
    let (mut client, welcome) = Client::hello(&server, "session-1").await;
    let position = &welcome["positions"][0];
    assert_eq!((&welcome["resumed"], &position["received"]), (&json!(true), &position["durable"]));
    let received = position["received"].as_u64().unwrap();
    client.generation(0, &capture.mime).await;
    client.chunk(0, received, &capture.stream[received as usize..]).await;
    let stop = json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": length }] });
    client.text(stop).await;
    client.ending().await;
    let (_, session) = get(&server, "/api/sessions/session-1").await;
    let session: serde_json::Value = serde_json::from_slice(&session).unwrap();
    let files = session["files"].as_array().unwrap();
    for file in files {
        let (status, body) = get(&server, file["url"].as_str().unwrap()).await;
        assert_eq!((status, body.len() as u64), (200, file["bytes"].as_u64().unwrap()));
    }
    judge(&capture, &segments(&server.recordings()), "60");
    assert_eq!(files.len(), 1, "{session}");
}
