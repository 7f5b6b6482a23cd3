//! A library of many files: how long after the start it can record, until everything is listed, how fast
//! the pages of the list come, and what is held in memory.
//!
//! `cargo bench --bench library [-- SESSIONS FILES]`: journals of so many sessions with so many files in
//! all, which are empty and as long as a minute of video, in a folder each.
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

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::DateTime;
use serde_json::Value;
use support::client::get;
use support::server::Server;

const SESSIONS: usize = 2_000;
const FILES: usize = 250_000;
const DEVICES: usize = 50;
const MINUTE_US: i64 = 60_012_345;
const MINUTE_BYTES: u64 = 18_750_000;
const FIRST_US: i64 = 1_700_000_000_000_000;
const REQUESTS: usize = 100;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let sessions = numbers.next().unwrap_or(SESSIONS);
    let files = numbers.next().unwrap_or(FILES);
    let (empty_ms, _, _, empty_bytes) = measure(tempfile::tempdir().unwrap(), 0).await;
    let folder = tempfile::tempdir().unwrap();
    make(&folder.path().join("recordings"), sessions, files / sessions);
    let count = sessions * (files / sessions);
    let (ready_ms, listed_ms, mut pages_ms, bytes) = measure(folder, sessions).await;
    pages_ms.sort_by(f64::total_cmp);
    let at = |percent: usize| pages_ms[(pages_ms.len() - 1) * percent / 100];
    println!("{count} files in {sessions} sessions");
    println!("ready to record after {ready_ms} ms, without a library after {empty_ms} ms");
    println!("everything listed {listed_ms} ms after the start");
    println!("a page of the list: p50 {:.1} ms, p99 {:.1} ms", at(50), at(99));
    let more = bytes.saturating_sub(empty_bytes);
    println!("{} bytes of memory for each file", more / count.max(1) as u64);
}

/// Until it can record, and until all is listed, in milliseconds; of each page; and the memory.
async fn measure(folder: tempfile::TempDir, sessions: usize) -> (u128, u128, Vec<f64>, u64) {
    let began = Instant::now();
    let server = Server::start_in(folder, &[]);
    let ready_ms = began.elapsed().as_millis();
    let listed_ms = loop {
        let list = asked(&server, "/api/library?limit=1").await;
        if list["is_complete"] == true {
            break began.elapsed().as_millis();
        }
        assert!(began.elapsed() < Duration::from_secs(120), "it takes too long: {list}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let mut pages_ms = Vec::new();
    let mut cursor = String::new();
    let mut seen = 0;
    for number in 0..if sessions == 0 { 0 } else { REQUESTS } {
        let path = match number % 4 {
            0 => format!("/api/library?limit=50&text=camera%207&cursor={cursor}"),
            1 => "/api/library/days?zone=Europe/Zurich".to_owned(),
            _ => format!("/api/library?limit=50&cursor={cursor}"),
        };
        let path = path.trim_end_matches("&cursor=");
        let began = Instant::now();
        let answer = asked(&server, path).await;
        pages_ms.push(began.elapsed().as_secs_f64() * 1000.0);
        if number % 4 > 1 {
            seen += answer["sessions"].as_array().unwrap().len();
            cursor = answer["next"].as_str().unwrap_or_default().to_owned();
        }
    }
    assert!(sessions == 0 || seen > 0);
    (ready_ms, listed_ms, pages_ms, server.resident_bytes())
}

async fn asked(server: &Server, path: &str) -> Value {
    let (status, body) = get(server, path).await;
    assert_eq!(status, 200, "{path}");
    serde_json::from_slice(&body).unwrap()
}

fn make(recordings: &Path, sessions: usize, files: usize) {
    for number in 0..sessions {
        let start_us = FIRST_US + number as i64 * files as i64 * 60_100_000;
        let device = number % DEVICES;
        let folder = recordings.join(format!("client_10.0.0.{device}_{}", 40_000 + number));
        fs::create_dir_all(&folder).unwrap();
        let mut text = format!(
            "{{\"v\":1,\"at\":\"{}\",\"event\":\"session\",\"session\":\"s-{number:010}\",\
             \"device\":\"device-{device:04}\",\"name\":\"Camera {device}\",\"client\":\"bench/1\",\
             \"address\":\"10.0.0.{device}:4000\",\"start_us\":{start_us}}}\n",
            at(start_us)
        );
        for file in 0..files {
            let start_us = start_us + file as i64 * MINUTE_US;
            let begins = DateTime::from_timestamp_micros(start_us).unwrap();
            let name = format!("video_{}.mp4", begins.format("%Y%m%dT%H%M%S%.3fZ"));
            let sum = "c8c9a7daeb663df433971160aa39bb5018496e66ae9746d133da8fad7b82fe4f";
            writeln!(
                text,
                "{{\"v\":1,\"at\":\"{}\",\"event\":\"segment\",\"file\":\"{name}\",\"generation\":0,\
                 \"start_us\":{start_us},\"duration_us\":{MINUTE_US},\"bytes\":{MINUTE_BYTES},\
                 \"tracks\":[{{\"kind\":\"video\",\"codec\":\"avc1\",\"samples\":1800,\"width\":1280,\
                 \"height\":720}},{{\"kind\":\"audio\",\"codec\":\"mp4a\",\"samples\":2815,\
                 \"sample_rate\":48000,\"channels\":1}}],\"sha256\":\"{sum}\"}}",
                at(start_us + MINUTE_US)
            )
            .unwrap();
            // As long as it says, and without a byte on the disk.
            fs::File::create(folder.join(name)).unwrap().set_len(MINUTE_BYTES).unwrap();
        }
        let end = at(start_us + files as i64 * MINUTE_US);
        for rest in
            ["generation_end\",\"generation\":0,\"bytes\":9", "stop\",\"reason\":\"stopped\""]
        {
            writeln!(text, "{{\"v\":1,\"at\":\"{end}\",\"event\":\"{rest}}}").unwrap();
        }
        let begins = DateTime::from_timestamp_micros(start_us).unwrap();
        let name = format!("session_{}.jsonl", begins.format("%Y%m%dT%H%M%S%.3fZ"));
        fs::write(folder.join(name), text).unwrap();
    }
}

fn at(us: i64) -> String {
    let at = DateTime::from_timestamp_micros(us).unwrap();
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
