//! How long a device waits until what it sent is on the disk, and what the disk writes for it.
//!
//! `cargo bench --bench acknowledgement [-- DEVICES SECONDS]`: so many devices send a recorded
//! stream at its own pace. Prints the latency from a chunk's last byte to the acknowledgement
//! that covers it, and the bytes that the process wrote per byte that it received.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement that cannot go on must stop, loudly"
)]
#![allow(dead_code, reason = "the support of the tests holds more than this needs")]

#[path = "../tests/integration/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use support::captures;
use support::client::Client;
use support::server::Server;
use tokio::task::JoinSet;

/// One address may have 512 connections, unless it is a proxy's.
const MANY_FROM_HERE: &str = "trusted_proxies = [\"127.0.0.1\"]";

const DEVICES: usize = 10;
const SECONDS: u64 = 30;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<u64>().ok());
    let devices = numbers.next().map_or(DEVICES, |n| usize::try_from(n).unwrap());
    let seconds = numbers.next().unwrap_or(SECONDS);
    let server = std::sync::Arc::new(Server::configured(MANY_FROM_HERE, &[]));
    let mut all = JoinSet::new();
    for number in 0..devices {
        let server = std::sync::Arc::clone(&server);
        all.spawn(async move { device(&server, number, seconds).await });
    }
    let (mut latencies, mut received) = (Vec::new(), 0);
    while let Some(measured) = all.join_next().await {
        let (own, bytes) = measured.unwrap();
        latencies.extend(own);
        received += bytes;
    }
    latencies.sort();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_millis();
    let written = server.written_bytes();
    println!("devices {devices}, {seconds} s, chunks {}", latencies.len());
    println!("acknowledged after: p50 {} ms, p99 {} ms, max {} ms", at(50), at(99), at(100));
    println!(
        "received {received} bytes, written {written} bytes: {:.3} per byte",
        written as f64 / received as f64
    );
}

/// Sends a chunk a second and waits for each acknowledgement.
async fn device(server: &Server, number: usize, seconds: u64) -> (Vec<Duration>, u64) {
    let capture = captures::named("chromium-webm-vp8-opus");
    let chunks = capture.chunks();
    let (mut client, _) = Client::hello(server, &format!("session-{number:04}")).await;
    let mut pace = tokio::time::interval(Duration::from_secs(1));
    // Spread over the second, as devices are.
    pace.reset_after(Duration::from_millis(number as u64 * 1000 / 37 % 1000));
    let (mut latencies, mut received) = (Vec::new(), 0);
    let mut generation = 0;
    let mut sent = 0;
    let mut coming = Vec::new();
    for _ in 0..seconds {
        if coming.is_empty() {
            if sent > 0 {
                let end = serde_json::json!({ "type": "generation_end", "generation": generation, "bytes": sent });
                client.text(end).await;
                generation += 1;
            }
            coming = chunks.iter().rev().filter(|chunk| !chunk.is_empty()).collect();
            sent = 0;
            client.generation(generation, &capture.mime).await;
        }
        let chunk = coming.pop().unwrap();
        pace.tick().await;
        client.chunk(generation, sent, chunk).await;
        let began = Instant::now();
        let before = sent;
        sent += chunk.len() as u64;
        received += chunk.len() as u64;
        // The stream's own structure leaves the chunk's last bytes to the next one.
        client.acknowledged(generation, before + 1).await;
        latencies.push(began.elapsed());
    }
    client.close().await;
    (latencies, received)
}
