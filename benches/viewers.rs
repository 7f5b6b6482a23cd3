//! How long media takes from a device's message to the sockets of many viewers.
//!
//! `cargo bench --bench viewers [-- VIEWERS SECONDS]`: one device sends a recorded stream at
//! twice its pace (480 kbit/s), so many viewers watch it, and every tenth of them stops reading.
//! Prints the latency of the others, from the last byte sent to each message received, and the
//! server's memory before, with, and after them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement that cannot go on must stop, loudly"
)]
#![allow(dead_code, reason = "the support of the tests holds more than this needs")]

#[path = "../tests/integration/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use support::captures;
use support::client::{Client, get};
use support::server::Server;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

const VIEWERS: usize = 200;
const SECONDS: u64 = 30;

/// Between two messages of the device.
const PACE: Duration = Duration::from_millis(250);

/// Half a second of the stream in each of them.
const MEDIA_MS: usize = 500;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<u64>().ok());
    let viewers = numbers.next().map_or(VIEWERS, |n| usize::try_from(n).unwrap());
    let seconds = numbers.next().unwrap_or(SECONDS);
    let server = Arc::new(Server::start(&[]));
    let began = Instant::now();
    let sent_us = Arc::new(AtomicU64::new(0));
    let is_over = Arc::new(AtomicBool::new(false));
    let publishing = {
        let (server, sent_us, is_over) = (server.clone(), sent_us.clone(), is_over.clone());
        tokio::spawn(async move { publish(&server, began, &sent_us, &is_over).await })
    };
    while sent_us.load(Ordering::SeqCst) == 0 || watched(&server).await.is_none() {
        tokio::task::yield_now().await;
    }
    let before = server.resident_bytes();
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut watching = JoinSet::new();
    let mut stalled = Vec::new();
    for number in 0..viewers {
        let address = format!("{}/ws/live/test-device", server.https);
        let mut viewer = Client::connect(&server, &address, None).await;
        if number % 10 == 9 {
            stalled.push(viewer);
            continue;
        }
        let sent_us = Arc::clone(&sent_us);
        watching.spawn(async move {
            let (mut latencies, mut bytes, mut skips) = (Vec::new(), 0, 0);
            while Instant::now() < end {
                match viewer.message().await {
                    Some(Message::Binary(fragment)) => {
                        let now_us = began.elapsed().as_micros() as u64;
                        bytes += fragment.len() as u64;
                        latencies.push(now_us.saturating_sub(sent_us.load(Ordering::SeqCst)));
                    }
                    Some(Message::Text(text)) => skips += u64::from(text.contains("skipped")),
                    Some(_) => {}
                    None => panic!("a viewer lost its connection"),
                }
            }
            // An init segment and the newest group came when it joined.
            (latencies.split_off(2.min(latencies.len())), bytes, skips)
        });
    }
    let joined = began.elapsed();
    let (mut latencies, mut bytes, mut skips) = (Vec::new(), 0, 0);
    let mut with = 0;
    while let Some(measured) = watching.join_next().await {
        with = with.max(server.resident_bytes());
        let (own, own_bytes, own_skips) = measured.unwrap();
        latencies.extend(own);
        bytes += own_bytes;
        skips += own_skips;
    }
    drop(stalled);
    while watched(&server).await != Some(0) {
        tokio::task::yield_now().await;
    }
    let after = server.resident_bytes();
    is_over.store(true, Ordering::SeqCst);
    publishing.await.unwrap();
    latencies.sort_unstable();
    let at = |permille: usize| {
        let us = latencies[(latencies.len() - 1) * permille / 1000];
        us as f64 / 1000.0
    };
    println!("viewers {viewers}, a tenth of them stalled, all there after {joined:.1?}");
    println!(
        "added latency: p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, max {:.1} ms; skips {skips}",
        at(500),
        at(990),
        at(999),
        at(1000)
    );
    println!("sent {} MB in {seconds} s", bytes / 1_000_000);
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "memory: {:.1} MB before, {:.1} MB with them, {:.1} MB after",
        megabytes(before),
        megabytes(with),
        megabytes(after)
    );
}

/// How many watch; `None` before the stream is there.
async fn watched(server: &Server) -> Option<u64> {
    let (_, body) = get(server, "/api/streams").await;
    let list: serde_json::Value = serde_json::from_slice(&body).unwrap();
    list["streams"][0]["viewers"].as_u64()
}

async fn publish(server: &Server, began: Instant, sent_us: &AtomicU64, is_over: &AtomicBool) {
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, welcome) = Client::hello(server, "session-1").await;
    let piece_bytes = capture.stream.len() * MEDIA_MS / 16_251;
    let mut pace = tokio::time::interval(PACE);
    for generation in 0.. {
        let started_ms = welcome["now_ms"].as_i64().unwrap() + began.elapsed().as_millis() as i64;
        client
            .text(json!({
                "type": "generation", "generation": generation, "mime": capture.mime,
                "started_ms": started_ms, "offset_ms": 0, "reason": "start",
            }))
            .await;
        let mut position = 0;
        for piece in capture.stream.chunks(piece_bytes) {
            pace.tick().await;
            client.chunk(generation, position, piece).await;
            sent_us.store(began.elapsed().as_micros() as u64, Ordering::SeqCst);
            position += piece.len() as u64;
            if is_over.load(Ordering::SeqCst) {
                return client.close().await;
            }
        }
        let end = json!({ "type": "generation_end", "generation": generation, "bytes": position });
        client.text(end).await;
    }
}
