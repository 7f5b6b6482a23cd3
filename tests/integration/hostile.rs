//! No input brings the server down, and none leaves anything half-made.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::captures::{self, judge};
use crate::support::client::{Client, chunk_message, get};
use crate::support::files::{eventually, journal, listing, segments};
use crate::support::server::Server;

#[tokio::test]
async fn noise_on_a_raw_socket_gets_a_clear_error_and_leaves_nothing() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let mut header_then_noise = capture.stream[..150].to_vec();
    header_then_noise.extend([0xFF; 4000]);
    let noises: [&[u8]; 4] =
        [b"this is no video at all", &[0; 4096], &header_then_noise, &[0xFF; 9]];
    for noise in noises {
        let mut client = Client::raw(&server).await;
        client.binary(noise).await;
        let ending = client.ending().await;
        assert_eq!(ending.close_code(), Some(4400), "{ending:?}");
        assert_eq!(ending.texts[0]["code"], "bad_stream");
        assert!(ending.texts[0]["message"].as_str().unwrap().len() > 20, "{ending:?}");
    }
    for quiet in [&b""[..], b"\x1a", &capture.stream[..100], &capture.stream[..150]] {
        let mut client = Client::raw(&server).await;
        client.text(json!("a text message is ignored")).await;
        client.binary(quiet).await;
        client.close().await;
    }
    is_well(&server).await;
    assert_eq!(listing(&server.recordings()), [] as [std::path::PathBuf; 0]);
}

#[tokio::test]
async fn a_message_of_64_megabytes_is_refused_and_what_came_before_stays() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let mut client = Client::raw(&server).await;
    client.binary(&capture.stream).await;
    let ending = client.send_in_frames(64).await;
    is_well(&server).await;
    eventually(|| (!segments(&server.recordings()).is_empty()).then_some(())).await;
    judge(&capture, &segments(&server.recordings()), "60");
    assert_eq!(ending.close_code(), Some(1009), "{ending:?}");
}

#[tokio::test]
async fn a_stream_that_breaks_keeps_what_came_before() {
    let server = Server::start(&[]);
    let capture = captures::named("firefox-webm-vp8-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    client.generation(0, &capture.mime).await;
    let half = capture.stream.len() / 2;
    client.chunk(0, 0, &capture.stream[..half]).await;
    // Noise, which costs what it covers, and then a header that names no tracks.
    let mut noise = vec![0xFF; 100_000];
    noise.extend([0x1A, 0x45, 0xDF, 0xA3, 0x84, 0x42, 0x86, 0x81, 1]);
    noise.extend([0x18, 0x53, 0x80, 0x67, 0xFF, 0x1F, 0x43, 0xB6, 0x75, 0xFF]);
    client.chunk(0, half as u64, &noise).await;
    let error = loop {
        let message = client.receive().await;
        if message["type"] == "error" {
            break message;
        }
    };
    assert_eq!((&error["code"], &error["generation"]), (&json!("bad_stream"), &json!(0)));
    // What was good of it is on the disk before the device is told to forget it.
    client.acknowledged(0, half as u64).await;
    let file = segments(&server.recordings()).pop().unwrap();
    let report = container::inspect(std::fs::read(file).unwrap().into());
    assert_eq!(report.problems, [] as [String; 0]);
    assert!(report.tracks.iter().map(|track| track.samples).sum::<u64>() > 700, "{report:?}");
    // The connection lives on, and the next generation is recorded.
    let length = crate::v1::send(&mut client, 1, &capture).await;
    client
        .text(json!({ "type": "stop", "generations": [
        { "generation": 0, "bytes": half + noise.len() }, { "generation": 1, "bytes": length },
    ] }))
        .await;
    let ending = client.ending().await;
    assert_eq!(ending.close_code(), Some(1000), "{ending:?}");
    let lines = journal(&server.recordings());
    let damaged = |line: &&serde_json::Value| line["reason"] == "damaged_input";
    // The noise, and the end.
    assert_eq!(lines.iter().filter(damaged).count(), 2, "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line["event"] == "segment").count(), 2);
}

#[tokio::test]
async fn messages_that_break_the_protocol_are_named() {
    let server = Server::start(&[]);
    let address = format!("{}/ws/ingest", server.https);
    for message in [
        Message::text("no json"),
        Message::text(r#"{"type":"stop","generations":[]}"#),
        Message::Binary(vec![1].into()),
        Message::text(
            r#"{"type":"hello","device":"../../etc","session":"x","started_ms":1,"now_ms":1}"#,
        ),
    ] {
        let mut client = Client::connect(&server, &address, Some("localcamera.v1")).await;
        client.send_unless_closed(message).await;
        let ending = client.ending().await;
        assert_eq!(ending.close_code(), Some(4400), "{ending:?}");
        assert_eq!(ending.of_type("error")[0]["code"], "bad_message");
    }
    let mut client = Client::connect(&server, &address, Some("localcamera.v1")).await;
    let ending = client.send_and_listen([Message::Binary(vec![1; 300_000].into())]).await;
    assert_eq!(ending.close_code(), Some(1009));
    is_well(&server).await;
    assert_eq!(listing(&server.recordings()), [] as [std::path::PathBuf; 0]);
}

#[tokio::test]
async fn thousands_of_requests_to_wrong_paths_are_answered() {
    let server = Server::start(&[]);
    for round in 0..20 {
        let requests = (0..100).map(|n| {
            let path = format!("/{round}/{n}/../../etc/passwd?x=%00");
            let server = &server;
            async move { get(server, &path).await.0 }
        });
        let answers = futures_util::future::join_all(requests).await;
        assert!(answers.iter().all(|&status| status == 404), "{answers:?}");
    }
    let traversal = "/api/sessions/session-1/files/..%2F..%2Fcerts%2Fca.key";
    assert_eq!(get(&server, traversal).await.0, 404);
    is_well(&server).await;
}

async fn is_well(server: &Server) {
    let (status, body) = get(server, "/health").await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
}

#[tokio::test]
async fn a_device_that_sends_without_credit_is_held_back() {
    // More than any disk has: nothing is taken.
    let server = Server::start(&["--reserve-mb", "1000000000"]);
    let (mut client, welcome) = Client::hello(&server, "session-1").await;
    assert_eq!(welcome["limits"]["credit_bytes"], 0);
    let capture = captures::named("chromium-webm-vp8-opus");
    client.generation(0, &capture.mime).await;
    // A stream that is in order, and ends with something large.
    let mut stream = capture.stream.clone();
    stream.extend([0xEC, 0x01, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF]);
    stream.resize(2 * 8 * 1024 * 1024 + 1, 0);
    // Twice the credit that it might have had; the last piece is more than that.
    let pieces = stream.chunks(200_000).enumerate();
    let pieces =
        pieces.map(|(index, piece)| chunk_message(0, index as u64 * 200_000, piece).into());
    let ending = client.send_and_listen(pieces).await;
    assert_eq!(ending.close_code(), Some(4400), "{ending:?}");
    let error = ending.of_type("error").into_iter().find(|error| error["code"] == "bad_message");
    assert!(error.unwrap()["message"].as_str().unwrap().contains("cannot take media now"));
    // The session may have its journal by now, which says what is missing; it has no media.
    assert_eq!(segments(&server.recordings()), [] as [std::path::PathBuf; 0]);
}
