//! Recordings as people find them, watch them and take them along. Judged by ffmpeg and curl.

mod exporting;
mod faults;
mod finding;
mod playing;
mod taking;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::captures::{self, Capture};
use crate::support::client::{Client, generation_message, get};
use crate::support::files::segments;
use crate::support::server::Server;

/// Captures are a few seconds long; a file begins at every key frame of them.
const SHORT: [&str; 2] = ["--segment-seconds", "1"];

/// When the captures say that they begin, on the device's clock.
const STARTED_MS: i64 = 1_795_163_509_123;

/// When a session begins, on the server's clock.
async fn start_ms(server: &Server, session: &str) -> i64 {
    let timeline = json_of(server, &format!("/api/sessions/{session}/timeline")).await;
    timeline["files"][0]["start_ms"].as_i64().unwrap()
}

/// The day of a moment, and its time as names of files have it, in UTC.
fn called(at_ms: i64) -> (String, String) {
    let at = chrono::DateTime::from_timestamp_millis(at_ms).unwrap();
    (at.format("%Y-%m-%d").to_string(), at.format("%Y-%m-%d %H.%M.%S").to_string())
}

/// Records captures as the generations of one session, each beginning so long behind the first.
async fn record_all(server: &Server, session: &str, generations: &[(&str, i64)]) {
    let (mut client, _) = Client::hello(server, session).await;
    let mut sent = Vec::new();
    for (number, (name, behind_ms)) in (0..).zip(generations) {
        let capture = captures::named(name);
        let mut begins = generation_message(number, &capture.mime);
        begins["started_ms"] = json!(STARTED_MS + behind_ms);
        client.text(begins).await;
        let bytes = chunks(&mut client, number, &capture).await;
        sent.push(json!({ "generation": number, "bytes": bytes }));
    }
    client.text(json!({ "type": "stop", "generations": sent })).await;
    let ending = client.ending().await;
    assert_eq!(ending.of_type("summary").len(), 1, "{ending:?}");
}

async fn chunks(client: &mut Client, generation: u32, capture: &Capture) -> u64 {
    let mut position = 0;
    for chunk in capture.chunks() {
        client.chunk(generation, position, chunk).await;
        position += chunk.len() as u64;
    }
    position
}

async fn json_of(server: &Server, path: &str) -> Value {
    let (status, body) = get(server, path).await;
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

/// What an address gives, as a file.
async fn saved(server: &Server, address: &str, name: &str) -> PathBuf {
    let (status, body) = get(server, address).await;
    assert_eq!(status, 200, "{address}: {}", String::from_utf8_lossy(&body));
    let path = server.folder.path().join(name);
    std::fs::write(&path, body).unwrap();
    path
}

/// The packets of a track, by their sums, in order. What ffmpeg complains of is a fault.
fn packets(file: &Path, track: &str) -> Vec<String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i"]).arg(file);
    command.args(["-map", track, "-c", "copy", "-f", "framehash", "-hash", "md5", "-"]);
    let output = command.output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && complaints.is_empty(), "{}: {complaints}", file.display());
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

fn duration_s(file: &Path) -> f64 {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"]);
    let output = command.arg(file).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// The only reel of a session.
async fn only_reel(server: &Server, session: &str) -> Value {
    let timeline = json_of(server, &format!("/api/sessions/{session}/timeline")).await;
    let reels = timeline["reels"].as_array().unwrap();
    assert_eq!(reels.len(), 1, "{timeline}");
    reels[0].clone()
}

#[tokio::test]
async fn a_session_is_one_file_that_holds_what_its_files_hold() {
    for name in ["chromium-webm-vp8-opus", "chromium-mp4-h264-opus", "firefox-webm-vp8-opus"] {
        let server = Server::start(&SHORT);
        record_all(&server, "session-1", &[(name, 0)]).await;
        let files = segments(&server.recordings());
        assert!(files.len() > 1, "{name}: {files:?}");
        let reel = only_reel(&server, "session-1").await;
        let whole = saved(&server, reel["url"].as_str().unwrap(), "whole").await;
        let bytes = std::fs::metadata(&whole).unwrap().len();
        assert_eq!(reel["bytes"].as_u64(), Some(bytes), "{name}");
        for track in ["0:v:0", "0:a:0"] {
            let parts: Vec<String> = files.iter().flat_map(|file| packets(file, track)).collect();
            assert!(parts.len() > 100, "{name} {track}");
            assert!(packets(&whole, track) == parts, "{name} {track}");
        }
        let duration_ms = reel["duration_ms"].as_f64().unwrap();
        assert!((duration_s(&whole) * 1000.0 - duration_ms).abs() < 60.0, "{name}");
        // It is one stretch of wall time, as nothing is missing.
        let pieces = reel["pieces"].as_array().unwrap();
        assert_eq!(pieces.len(), 1, "{name}: {pieces:?}");
        assert_eq!(pieces[0][0], 0);
        assert_eq!(pieces[0][1], start_ms(&server, "session-1").await);
        assert_eq!(pieces[0][2], reel["duration_ms"]);
        let mime = reel["mime"].as_str().unwrap();
        assert!(mime.starts_with("video/") && mime.contains("codecs="), "{mime}");
    }
}

#[tokio::test]
async fn a_gap_is_passed_over_and_other_codecs_are_another_reel() {
    let server = Server::start(&SHORT);
    let vp8 = "chromium-webm-vp8-opus";
    let generations = [(vp8, 0), (vp8, 60_000), ("chromium-mp4-h264-opus", 120_000)];
    record_all(&server, "session-1", &generations).await;
    let timeline = json_of(&server, "/api/sessions/session-1/timeline").await;
    let reels = timeline["reels"].as_array().unwrap();
    let kinds: Vec<_> = reels.iter().map(|reel| reel["container"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["webm", "mp4"], "{timeline}");
    let pieces = reels[0]["pieces"].as_array().unwrap();
    assert_eq!(pieces.len(), 2, "{pieces:?}");
    let [first, second] = [&pieces[0], &pieces[1]]
        .map(|piece| [0, 1, 2].map(|member| piece[member].as_i64().unwrap()));
    assert_eq!(first[0] + first[2], second[0], "media has no hole");
    assert!((second[1] - first[1] - 60_000).abs() < 500, "{pieces:?}");
    assert_eq!(second[0] + second[2], reels[0]["duration_ms"].as_i64().unwrap());
    let whole = saved(&server, reels[0]["url"].as_str().unwrap(), "whole").await;
    let files: Vec<PathBuf> = segments(&server.recordings())
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "webm"))
        .collect();
    let parts: Vec<String> = files.iter().flat_map(|file| packets(file, "0:v:0")).collect();
    assert!(packets(&whole, "0:v:0") == parts);
}

#[tokio::test]
async fn any_range_of_a_reel_is_that_range() {
    let server = Server::start(&SHORT);
    let webm = ("chromium-webm-vp8-opus", 0);
    record_all(&server, "session-webm", &[webm, ("chromium-webm-vp8-opus", 30_000)]).await;
    record_all(&server, "session-mp4", &[("chromium-mp4-h264-opus", 0)]).await;
    let mut random = crate::support::random::Random::of_run();
    for session in ["session-webm", "session-mp4"] {
        let url = only_reel(&server, session).await["url"].as_str().unwrap().to_owned();
        let whole = std::fs::read(saved(&server, &url, "whole").await).unwrap();
        for _ in 0..40 {
            let from = random.below(whole.len());
            let to = (from + 1 + random.below(90_000)).min(whole.len());
            let range = format!("bytes={from}-{}", to - 1);
            let headers = [("range", range.as_str())];
            let answer = crate::support::http::request(&server, "GET", &url, &headers, b"").await;
            assert_eq!(answer.status, 206, "{range}");
            assert!(answer.body == whole[from..to], "{session} {range}");
        }
        let answer = crate::support::http::request(&server, "GET", &url, &[], b"").await;
        let etag = answer.header("etag").unwrap().to_owned();
        assert!(!etag.starts_with("W/"), "{etag}");
        let known = [("if-none-match", etag.as_str())];
        let answer = crate::support::http::request(&server, "GET", &url, &known, b"").await;
        assert_eq!(answer.status, 304);
        for (tag, status) in [(etag.as_str(), 206), ("\"another\"", 200)] {
            let headers = [("range", "bytes=5-9"), ("if-range", tag)];
            let answer = crate::support::http::request(&server, "GET", &url, &headers, b"").await;
            assert_eq!(answer.status, status, "{tag}");
        }
    }
}

#[tokio::test]
async fn a_reel_that_grows_stays_what_it_was_for_whoever_plays_it() {
    let server = Server::start(&SHORT);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    client.text(generation_message(0, &capture.mime)).await;
    let first = chunks(&mut client, 0, &capture).await;
    let before = crate::support::files::eventually(|| {
        let files = segments(&server.recordings());
        (files.len() > 1).then_some(files)
    })
    .await;
    let timeline = json_of(&server, "/api/sessions/session-1/timeline").await;
    assert_eq!((&timeline["state"], &timeline["is_growing"]), (&json!("recording"), &json!(true)));
    let old = timeline["reels"][0].clone();
    let old_url = old["url"].as_str().unwrap();
    let played = std::fs::read(saved(&server, old_url, "old").await).unwrap();
    assert!(before.len() > 1);
    let mut begins = generation_message(1, &capture.mime);
    begins["started_ms"] = json!(STARTED_MS + 20_000);
    client.text(begins).await;
    let second = chunks(&mut client, 1, &capture).await;
    let sent =
        [(0, first), (1, second)].map(|(n, bytes)| json!({ "generation": n, "bytes": bytes }));
    client.text(json!({ "type": "stop", "generations": sent })).await;
    client.ending().await;
    let new = only_reel(&server, "session-1").await;
    assert!(new["bytes"].as_u64() > old["bytes"].as_u64() && new["url"] != old["url"]);
    let again = std::fs::read(saved(&server, old_url, "again").await).unwrap();
    assert!(again == played, "whoever plays it goes on");
    // Another server knows nothing of who plays what, and says it is the same from the disk.
    server.interrupt();
    let (_, _, folder) = server.wait();
    let server = Server::start_in(folder, &SHORT);
    let again = std::fs::read(saved(&server, old_url, "again").await).unwrap();
    assert!(again == played, "a restart changes nothing");
    // Without one of its files it is another one.
    std::fs::remove_file(&segments(&server.recordings())[0]).unwrap();
    let (status, body) = get(&server, old_url).await;
    assert_eq!(status, 410, "{}", String::from_utf8_lossy(&body));
    let shorter = only_reel(&server, "session-1").await;
    assert!(shorter["bytes"].as_u64() < new["bytes"].as_u64());
}
