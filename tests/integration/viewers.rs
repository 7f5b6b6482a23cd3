//! Viewers that come and go, fall behind, or stop reading.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::live::{Seen, of_track, samples, seen, send, video_track, watch};
use crate::support::captures;
use crate::support::client::{Client, get};
use crate::support::files::{eventually, segments};
use crate::support::server::Server;

async fn streams(server: &Server) -> Value {
    let (_, body) = get(server, "/api/streams").await;
    serde_json::from_slice::<Value>(&body).unwrap()["streams"].clone()
}

/// Waits until so many watch.
async fn watched_by(server: &Server, viewers: usize) {
    while streams(server).await[0]["viewers"] != json!(viewers) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn viewers_that_come_and_go_leave_nothing_behind() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    client.generation(0, &capture.mime).await;
    send(&mut client, &capture, 0..4).await;
    let join = async || {
        let mut viewer = watch(&server, "test-device").await;
        let mut got = Seen::default();
        seen(&mut viewer, &mut got, |seen| seen.streams.iter().any(|s| s.len() > 6000)).await;
        viewer
    };
    drop(join().await);
    watched_by(&server, 0).await;
    let before = server.open_files();
    for _ in 0..50 {
        let viewers = [join().await, join().await, join().await, join().await];
        watched_by(&server, viewers.len()).await;
        drop(viewers);
        watched_by(&server, 0).await;
    }
    eventually(|| (server.open_files() <= before).then_some(())).await;
}

/// P9: what it does not read is not waited for.
#[tokio::test]
async fn a_viewer_that_stops_reading_holds_up_neither_the_recording_nor_the_end() {
    const GENERATIONS: u32 = 40;
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, welcome) = Client::hello(&server, "session-1").await;
    let generation = |number: u32| {
        json!({
            "type": "generation", "generation": number, "mime": capture.mime,
            "started_ms": welcome["now_ms"], "offset_ms": 0, "reason": "start",
        })
    };
    let length = capture.stream.len();
    let end = |number| json!({ "type": "generation_end", "generation": number, "bytes": length });
    client.text(generation(0)).await;
    send(&mut client, &capture, 0..capture.chunks().len()).await;
    client.text(end(0)).await;
    let stalled = watch(&server, "test-device").await;
    watched_by(&server, 1).await;
    // More than its socket holds.
    for number in 1..GENERATIONS {
        client.text(generation(number)).await;
        for (index, piece) in capture.stream.chunks(100_000).enumerate() {
            client.chunk(number, index as u64 * 100_000, piece).await;
        }
        client.text(end(number)).await;
        client.acknowledged(number, length as u64).await;
    }
    let whole = |number| json!({ "generation": number, "bytes": length });
    let generations: Vec<Value> = (0..GENERATIONS).map(whole).collect();
    client.text(json!({ "type": "stop", "generations": generations })).await;
    assert_eq!(client.ending().await.close_code(), Some(1000));
    let wanted = samples(&capture.stream);
    let mut recorded: HashMap<usize, usize> = HashMap::new();
    for file in segments(&server.recordings()) {
        for (track, ..) in samples(&std::fs::read(file).unwrap()) {
            *recorded.entry(track).or_default() += 1;
        }
    }
    for track in 0..2 {
        let all = of_track(&wanted, track).len() * GENERATIONS as usize;
        assert_eq!(recorded[&track], all, "track {track}");
    }
    server.interrupt();
    let (status, said, _) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    drop(stalled);
}

#[tokio::test]
async fn who_has_caught_up_is_live_again() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, welcome) = Client::hello(&server, "session-1").await;
    // It comes to the present with the second half.
    let started_ms = welcome["now_ms"].as_i64().unwrap() - 13_000;
    client
        .text(json!({
            "type": "generation", "generation": 0, "mime": capture.mime, "reason": "start",
            "started_ms": started_ms, "offset_ms": 0,
        }))
        .await;
    let chunks = capture.chunks();
    send(&mut client, &capture, 0..5).await;
    assert_eq!(streams(&server).await, json!([]), "that was long ago");
    send(&mut client, &capture, 5..chunks.len()).await;
    while streams(&server).await == json!([]) {
        tokio::task::yield_now().await;
    }
    let mut viewer = watch(&server, "test-device").await;
    let mut got = Seen::default();
    seen(&mut viewer, &mut got, |seen| seen.streams.iter().any(|s| s.len() > 6000)).await;
    let all = samples(&capture.stream);
    let video = video_track(&all);
    let (all, shown) = (of_track(&all, video), of_track(&got.samples(0), video));
    assert!(shown[0].0, "it begins with a key frame");
    let begins = all.iter().position(|sample| *sample == shown[0]).unwrap();
    let first: usize = chunks[..5].iter().map(|chunk| chunk.len()).sum();
    let late = of_track(&samples(&capture.stream[..first]), video).len();
    assert!(begins >= late, "{begins} of {late}: old pictures are not live");
}
