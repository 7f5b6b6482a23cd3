//! The conversation `localcamera.v1` over HTTPS requests, as docs/protocol.md has it.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::PATIENCE;
use crate::support::captures::{self, judge};
use crate::support::client::{Client, get};
use crate::support::files::{journal, segments};
use crate::support::http;
use crate::support::requests::{MAX_BODY_BYTES, Requests, chunk, frame, generation, stop, text};
use crate::support::server::Server;

fn of_type<'a>(messages: &'a [Value], kind: &str) -> Vec<&'a Value> {
    messages.iter().filter(|message| message["type"] == kind).collect()
}

#[tokio::test]
async fn a_recording_arrives_by_requests_alone() {
    for capture in [
        captures::named("chromium-webm-vp8-opus"),
        captures::named("chromium-mp4-h264-opus"),
        captures::named("webkit-mp4-h264-aac"),
    ] {
        let server = Server::start(&["--segment-seconds", "4"]);
        let (mut device, welcome) = Requests::hello(&server, "session-1").await;
        assert_eq!(welcome["resumed"], false);
        let length = capture.stream.len() as u64;
        device.post(&generation(0, &capture.mime)).await;
        device.stream(0, 0, &capture.stream).await;
        device.post(&stop(&[(0, length)])).await;
        let messages = device.ending().await;
        assert_eq!(device.close, Some(json!({ "code": 1000, "reason": "" })));
        assert_eq!(of_type(&messages, "ack").last().unwrap()["durable"], length);
        let files = segments(&server.recordings());
        let summary = of_type(&messages, "summary")[0];
        assert_eq!(summary["files"].as_array().unwrap().len(), files.len());
        judge(&capture, &files, "4");
        let lines = journal(&server.recordings());
        assert_eq!((&lines[0]["event"], &lines[0]["name"]), (&json!("session"), &json!("Bench 3")));
    }
}

#[tokio::test]
async fn what_is_sent_again_because_an_answer_was_lost_is_taken_once() {
    let server = Server::start(&[]);
    let capture = captures::named("firefox-webm-vp8-opus");
    let mut device = Requests::open(&server).await;
    device.loses_answers = true;
    // A second hello, and any mark twice, would show.
    let hello = crate::support::client::hello_message("session-1");
    device.post(&text(&hello)).await;
    let length = capture.stream.len() as u64;
    device.post(&generation(0, &capture.mime)).await;
    device.stream(0, 0, &capture.stream).await;
    device.post(&text(&json!({ "type": "event", "event": "mark" }))).await;
    device.post(&stop(&[(0, length)])).await;
    let messages = device.ending().await;
    assert_eq!(device.close_code(), Some(1000), "{messages:?}");
    judge(&capture, &segments(&server.recordings()), "60");
    let lines = journal(&server.recordings());
    assert_eq!(lines.iter().filter(|line| line["event"] == "mark").count(), 1, "{lines:?}");
}

#[tokio::test]
async fn a_session_goes_on_over_whichever_way_there_is() {
    let server = Server::start(&["--segment-seconds", "4"]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let length = capture.stream.len();
    let received = |welcome: &Value| {
        assert_eq!(welcome["resumed"], true);
        welcome["positions"][0]["received"].as_u64().unwrap()
    };
    let (mut by_requests, _) = Requests::hello(&server, "session-1").await;
    by_requests.post(&generation(0, &capture.mime)).await;
    by_requests.stream(0, 0, &capture.stream[..length / 3]).await;

    let (mut by_socket, welcome) = Client::hello(&server, "session-1").await;
    let from = received(&welcome);
    assert_eq!(from, length as u64 / 3);
    by_requests.ending().await;
    assert_eq!(by_requests.close_code(), Some(4409));
    by_socket.generation(0, &capture.mime).await;
    let middle = &capture.stream[from as usize..length * 2 / 3];
    for (index, payload) in middle.chunks(100_000).enumerate() {
        by_socket.chunk(0, from + index as u64 * 100_000, payload).await;
    }
    // Dropped without a goodbye, as a network does.
    drop(by_socket);

    let (mut by_requests, welcome) = Requests::hello(&server, "session-1").await;
    let from = received(&welcome);
    by_requests.post(&generation(0, &capture.mime)).await;
    by_requests.stream(0, from, &capture.stream[from as usize..]).await;
    by_requests.post(&stop(&[(0, length as u64)])).await;
    by_requests.ending().await;
    assert_eq!(by_requests.close_code(), Some(1000));
    judge(&capture, &segments(&server.recordings()), "4");
}

#[tokio::test]
async fn a_request_that_cannot_be_taken_is_refused_whole_and_the_next_one_is_not() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut device, _) = Requests::hello(&server, "session-1").await;
    let begin = generation(0, &capture.mime);
    let too_large_a_frame = [begin.clone(), frame(1, &[1; 300_000])].concat();
    let torn = [&begin[..], b"\0\0\0"].concat();
    for (seq, body, status) in [
        (device.seq + 1, &begin[..], 409),
        (device.seq, &vec![0; MAX_BODY_BYTES + 1], 413),
        (device.seq, &too_large_a_frame, 413),
        (device.seq, &torn, 400),
        (device.seq, b"\x07\0\0\0\0\0\0\0", 400),
    ] {
        let answer = device.post_as(seq, body).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.json()["error"]["message"].as_str().unwrap().len() > 10);
    }
    let unnumbered = http::request(&server, "POST", &device.path, &[], &begin).await;
    assert_eq!(unnumbered.status, 400);
    // Had any of them been taken, this would be the second beginning of the generation.
    device.post(&begin).await;
    device.stream(0, 0, &capture.stream).await;
    let length = capture.stream.len() as u64;
    device.post(&stop(&[(0, length)])).await;
    device.ending().await;
    assert_eq!(device.close_code(), Some(1000));
    judge(&capture, &segments(&server.recordings()), "60");
}

#[tokio::test]
async fn a_connection_that_is_not_there_is_said_to_be_gone() {
    let server = Server::start(&[]);
    let nobody = "/api/ingest/0123456789abcdef0123456789abcdef";
    for (method, path) in [
        ("POST", format!("{nobody}?seq=0")),
        ("GET", format!("{nobody}?after=0")),
        ("DELETE", nobody.to_owned()),
    ] {
        // The whole body is read first: otherwise the answer could be lost with the connection.
        let body = vec![0; MAX_BODY_BYTES];
        let answer = http::request(&server, method, &path, &[], &body).await;
        assert_eq!(answer.status, 404, "{answer:?}");
    }
    let (mut device, _) = Requests::hello(&server, "session-1").await;
    device.post(&chunk(7, 0, b"of no generation")).await;
    let messages = device.ending().await;
    assert_eq!(device.close_code(), Some(4400));
    assert_eq!(of_type(&messages, "error")[0]["code"], "bad_message");
    assert_eq!(device.post_as(device.seq, b"").await.status, 410);
    let (device, _) = Requests::hello(&server, "session-1").await;
    assert_eq!(device.delete().await.status, 204);
    let answers = [device.post_as(device.seq, b"").await, device.get_after(0).await];
    assert!(answers.iter().all(|answer| [404, 410].contains(&answer.status)), "{answers:?}");
}

#[tokio::test]
async fn a_get_that_waits_is_answered_by_the_acknowledgement() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut device, _) = Requests::hello(&server, "session-1").await;
    let mut listener = device.listener();
    let start = Instant::now();
    let listening = async {
        // The welcome is the first message, and has been heard.
        assert_eq!(listener.receive().await["type"], "welcome");
        loop {
            let message = listener.receive().await;
            if message["type"] == "ack" && message["durable"].as_u64() > Some(0) {
                return start.elapsed();
            }
        }
    };
    let sending = async {
        device.post(&generation(0, &capture.mime)).await;
        device.stream(0, 0, &capture.stream).await;
    };
    let (elapsed, ()) = futures_util::future::join(listening, sending).await;
    assert!(elapsed.as_secs() < 15, "{elapsed:?}");
}

#[tokio::test]
async fn pages_of_other_addresses_may_ask() {
    let server = Server::start(&[]);
    let (device, welcome) = Requests::hello(&server, "session-1").await;
    assert_eq!(welcome["addresses"][0], format!("https://{}", server.https));
    let origin = ("origin", "https://192.168.1.3:5001");
    for (method, path) in [
        ("GET", "/health".to_owned()),
        ("POST", "/api/ingest".to_owned()),
        ("POST", format!("{}?seq=9", device.path)),
        ("GET", device.path.clone()),
        ("GET", "/api/ingest/nobody".to_owned()),
    ] {
        let answer = http::request(&server, method, &path, &[origin], b"").await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path} {answer:?}");
        let asked = [
            origin,
            ("access-control-request-method", "DELETE"),
            ("access-control-request-private-network", "true"),
        ];
        let preflight = http::request(&server, "OPTIONS", &path, &asked, b"").await;
        assert!([200, 204].contains(&preflight.status), "{preflight:?}");
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "GET,POST,DELETE"),
            ("access-control-allow-headers", "content-type"),
            ("access-control-allow-private-network", "true"),
            ("access-control-max-age", "86400"),
        ] {
            assert_eq!(preflight.header(name), Some(value), "{preflight:?}");
        }
    }
    let elsewhere = http::request(&server, "GET", "/api/sessions/x", &[origin], b"").await;
    assert_eq!(elsewhere.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_server_that_stops_says_so_and_keeps_what_it_took() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let server = Server::start(&[]);
    let (mut device, _) = Requests::hello(&server, "session-1").await;
    device.post(&generation(0, &capture.mime)).await;
    device.stream(0, 0, &capture.stream).await;
    server.interrupt();
    let messages = tokio::time::timeout(PATIENCE, device.ending()).await.unwrap();
    assert_eq!(device.close_code(), Some(1012));
    assert_eq!(of_type(&messages, "error")[0]["code"], "shutting_down");
    drop(device);
    let (status, said, folder) = server.wait();
    assert!(status.success(), "{said}");
    let server = Server::start_in(folder, &[]);
    let (mut device, welcome) = Requests::hello(&server, "session-1").await;
    let from = welcome["positions"][0]["received"].as_u64().unwrap();
    device.post(&generation(0, &capture.mime)).await;
    device.stream(0, from, &capture.stream[from as usize..]).await;
    device.post(&stop(&[(0, capture.stream.len() as u64)])).await;
    device.ending().await;
    assert_eq!(device.close_code(), Some(1000));
    judge(&capture, &segments(&server.recordings()), "60");
    assert_eq!(get(&server, "/health").await.0, 200);
}
