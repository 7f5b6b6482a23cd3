//! `/metrics` says what has happened, and `docs/metrics.md` says what it says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::support::PATIENCE;
use crate::support::access::{decided, paired, post};
use crate::support::captures;
use crate::support::client::{Client, get, hello_message};
use crate::support::files::{eventually, segments};
use crate::support::http::{Answer, request};
use crate::support::server::Server;

const DOCUMENT: &str = include_str!("../../docs/metrics.md");

/// How the log is by default.
const LOGGED: &str = "localcamera=info,retina=off,rustls=error,h2=error,warn";

/// The figures, by name and labels as they stand in the text.
async fn figures(server: &Server) -> BTreeMap<String, f64> {
    let (status, body) = get(server, "/metrics").await;
    let text = String::from_utf8(body).unwrap();
    assert_eq!(status, 200, "{text}");
    let figures = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
    });
    figures.collect()
}

/// Asks until a figure is as it should be.
async fn comes_to(server: &Server, name: &str, wanted: f64) -> BTreeMap<String, f64> {
    let asking = async {
        loop {
            let figures = figures(server).await;
            if figures[name] == wanted {
                return figures;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let asked = tokio::time::timeout(PATIENCE, asking).await;
    asked.unwrap_or_else(|_| panic!("{name} did not come to {wanted}"))
}

#[tokio::test]
async fn what_a_device_records_is_in_the_figures_and_who_it_is_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::logging(LOGGED, folder, "", &["--segment-seconds", "4"]);
    let (mut client, _) = Client::hello(&server, "session-1").await;
    let capture = captures::named("chromium-webm-vp8-opus");
    let length = capture.stream.len();
    client.generation(0, &capture.mime).await;
    let mut chunks = 0.0;
    for (index, piece) in capture.stream.chunks(50_000).enumerate() {
        client.chunk(0, index as u64 * 50_000, piece).await;
        chunks += 1.0;
    }
    // Once more, as after a lost connection.
    client.chunk(0, 0, &capture.stream[..30_000]).await;
    let at_ms = 1_795_163_520_000_i64;
    for (offset_ms, reason) in [(0, "muted"), (2000, "Bench 3 fell down")] {
        let start_ms = at_ms + offset_ms;
        client
            .text(json!({
                "type": "event", "event": "gap", "reason": reason,
                "start_ms": start_ms, "end_ms": start_ms + 1000,
            }))
            .await;
    }
    client.acknowledged(0, length as u64 / 2).await;
    let during = comes_to(&server, "localcamera_ingest_repeated_bytes_total", 30_000.0).await;
    assert_eq!(during[r#"localcamera_recording_sessions{publisher="device"}"#], 1.0);
    assert_eq!(during["localcamera_recording_devices"], 1.0);
    assert!(during["localcamera_connections"] >= 2.0, "the device's, and this one");
    assert!(during["localcamera_growing_bytes"] > 0.0);

    let generations = json!([{ "generation": 0, "bytes": length }]);
    client.text(json!({ "type": "stop", "generations": generations })).await;
    assert_eq!(client.ending().await.close_code(), Some(1000));
    let session = r#"localcamera_recording_sessions{publisher="device"}"#;
    let after = comes_to(&server, session, 0.0).await;
    let files = segments(&server.recordings());
    let bytes: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
    let of = |name: &str| after[name];
    assert_eq!(of(r#"localcamera_ingest_bytes_total{protocol="v1"}"#), length as f64);
    assert_eq!(of(r#"localcamera_ingest_bytes_total{protocol="raw"}"#), 0.0);
    assert_eq!(of(r#"localcamera_ingest_chunks_total{protocol="v1"}"#), chunks);
    assert_eq!(of("localcamera_files_finished_total"), files.len() as f64);
    assert_eq!(of("localcamera_library_files"), files.len() as f64);
    assert_eq!(of("localcamera_library_bytes"), bytes as f64);
    assert_eq!(of("localcamera_library_sessions"), 1.0);
    assert_eq!(of("localcamera_growing_bytes"), 0.0);
    assert!(of("localcamera_written_bytes_total") > length as f64 * 0.9);
    assert_eq!(of(r#"localcamera_gaps_total{reason="muted"}"#), 1.0);
    assert_eq!(of(r#"localcamera_gaps_total{reason="other"}"#), 1.0);
    assert_eq!(of("localcamera_disk_errors_total"), 0.0);
    assert_eq!(of("localcamera_healthy"), 1.0);
    // Each file is synced as it grows and when it is finished.
    assert!(of("localcamera_sync_seconds_count") >= 2.0 * files.len() as f64);
    assert!(of("localcamera_sync_seconds_sum") > 0.0);
    let measured = of("localcamera_acknowledgement_seconds_count");
    assert!((1.0..=chunks).contains(&measured), "{measured} of {chunks}");
    let all = r#"localcamera_acknowledgement_seconds_bucket{le="+Inf"}"#;
    assert_eq!(of(all), measured);
    assert!(of("localcamera_acknowledgement_seconds_sum") > 0.0);
    let resident = server.resident_bytes() as f64;
    let told = of("process_resident_memory_bytes");
    assert!((0.5..2.0).contains(&(told / resident)), "{told} of {resident}");

    let (mut client, _) = Client::hello(&server, "session-2").await;
    // Which nobody says twice.
    client.text(hello_message("session-2")).await;
    client.ending().await;
    comes_to(&server, r#"localcamera_ingest_errors_total{code="bad_message"}"#, 1.0).await;

    let (_, text) = get(&server, "/metrics").await;
    let text = String::from_utf8(text).unwrap();
    for word in ["Bench 3", "test-device", "session-1", "127.0.0.1"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    let log = server.folder.path().join("log");
    let log = eventually(|| {
        let log = std::fs::read_to_string(&log).unwrap();
        log.contains("recording finished").then_some(log)
    })
    .await;
    assert!(log.contains("recording began"), "{log}");
    assert!(!log.contains("Bench 3"), "{log}");
}

#[tokio::test]
async fn a_raw_publisher_and_a_recording_over_requests_are_told_apart() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let mut client = Client::raw(&server).await;
    client.binary(&capture.stream[..200_000]).await;
    client.binary(&capture.stream[200_000..300_000]).await;
    let chunks = r#"localcamera_ingest_chunks_total{protocol="raw"}"#;
    let figures = comes_to(&server, chunks, 2.0).await;
    assert_eq!(figures[r#"localcamera_ingest_bytes_total{protocol="raw"}"#], 300_000.0);
    assert_eq!(figures[r#"localcamera_ingest_bytes_total{protocol="v1"}"#], 0.0);
    comes_to(&server, r#"localcamera_recording_sessions{publisher="raw"}"#, 1.0).await;
    assert_eq!(figures["localcamera_recording_devices"], 0.0);
    client.close().await;
    comes_to(&server, r#"localcamera_recording_sessions{publisher="raw"}"#, 0.0).await;
}

/// The rows of the document: name and type, and by what they are told apart.
fn documented() -> BTreeMap<(String, String), BTreeSet<String>> {
    let rows = DOCUMENT
        .lines()
        .filter(|line| line.starts_with("| `localcamera_") || line.starts_with("| `process_"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let name = cells[1].trim_matches('`').to_owned();
        let mut sets: Vec<String> = vec![String::new()];
        for label in cells[3].split(';').filter(|label| !label.is_empty()) {
            let mut words = label.split('`').skip(1).step_by(2);
            let key = words.next().unwrap();
            let mut values: Vec<&str> = words.collect();
            if values.is_empty() {
                values.push("…");
            }
            let with = |set: &String| {
                let pair = |value: &&str| format!("{set}{key}={value},");
                values.iter().map(pair).collect::<Vec<_>>()
            };
            sets = sets.iter().flat_map(with).collect();
        }
        ((name, cells[2].to_owned()), sets.into_iter().collect())
    };
    rows.map(row).collect()
}

/// The same of what the server says as OpenMetrics.
fn told(text: &str) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut told = BTreeMap::new();
    let (mut name, mut kind) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (of, what) = typed.split_once(' ').unwrap();
            let suffix = if what == "counter" { "_total" } else { "" };
            (name, kind) = (format!("{of}{suffix}"), what.to_owned());
        } else if !line.starts_with('#') {
            let labels =
                line.split_once('{').map_or("", |(_, rest)| rest.split_once('}').unwrap().0);
            let pairs =
                labels.split(',').filter(|pair| !pair.is_empty() && !pair.starts_with("le="));
            let plain = |pair: &str| match pair.replace('"', "") {
                version if version.starts_with("version=") => "version=…,".to_owned(),
                pair => format!("{pair},"),
            };
            let set: String = pairs.map(plain).collect();
            let sets: &mut BTreeSet<String> = told.entry((name.clone(), kind.clone())).or_default();
            sets.insert(set);
        }
    }
    told
}

async fn scrape(server: &Server, accept: &str) -> Answer {
    request(server, "GET", "/metrics", &[("accept", accept)], b"").await
}

#[tokio::test]
async fn the_document_has_what_the_server_says() {
    let server = Server::start(&[]);
    // Free space is measured soon after the start, and the certificate looked at.
    let asking = async {
        loop {
            let known = figures(&server).await;
            let late =
                ["localcamera_disk_free_bytes", "localcamera_certificate_end_timestamp_seconds"];
            if late.iter().all(|name| known.contains_key(*name)) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("not all is known");
    let answer = scrape(&server, "application/openmetrics-text;version=1.0.0,*/*;q=0.1").await;
    let kind = answer.header("content-type").unwrap();
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    assert_eq!(told(&text), documented());

    let answer = scrape(&server, "*/*").await;
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains("\n# TYPE localcamera_gaps_total counter\n"), "{text}");
    assert!(!text.contains("# EOF"), "{text}");
}

#[tokio::test]
async fn a_token_that_may_watch_nothing_reads_the_figures_and_who_is_refused_is_counted() {
    let (server, admin) = decided("paired").await;
    let wanted = json!({ "name": "Prometheus", "role": "viewer", "scope": ["nothing"] });
    let token = post(&server, "/api/access/tokens", Some(&admin), &wanted).await;
    assert_eq!(token.status, 201, "{}", String::from_utf8_lossy(&token.body));
    let token = format!("Bearer {}", token.json()["token"].as_str().unwrap());
    let camera = paired(&server, &admin, "camera", json!(null)).await;
    let ask =
        async |headers: &[(&str, &str)]| request(&server, "GET", "/metrics", headers, b"").await;
    assert_eq!(ask(&[]).await.status, 401);
    assert_eq!(ask(&[("authorization", "Bearer lct_unknown")]).await.status, 401);
    assert_eq!(ask(&[("cookie", &camera)]).await.status, 403);
    let answer = ask(&[("authorization", &token)]).await;
    assert_eq!(answer.status, 200);
    let text = String::from_utf8(answer.body).unwrap();
    for (reason, count) in [("sign_in", "1.0"), ("token", "1.0"), ("forbidden", "1.0")] {
        let line = format!("localcamera_refused_total{{reason=\"{reason}\"}} {count}\n");
        assert!(text.contains(&line), "{reason}: {text}");
    }
    assert!(!text.contains("Prometheus\""), "{text}");
}

#[tokio::test]
async fn health_says_when_nothing_can_be_written_and_leaves_nothing_behind() {
    let server = Server::start(&[]);
    let (status, _) = get(&server, "/health").await;
    assert_eq!(status, 200);
    let left = std::fs::read_dir(server.recordings()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".health")), "{left:?}");
    let aside = server.folder.path().join("aside");
    std::fs::rename(server.recordings(), &aside).unwrap();
    let comes = async |wanted: u16| {
        let asking = async {
            loop {
                let (status, body) = get(&server, "/health").await;
                if status == wanted {
                    return String::from_utf8(body).unwrap();
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.expect("its health did not change")
    };
    let body = comes(503).await;
    assert!(body.contains("cannot write to the recordings folder"), "{body}");
    comes_to(&server, "localcamera_healthy", 0.0).await;
    std::fs::rename(&aside, server.recordings()).unwrap();
    comes(200).await;
    comes_to(&server, "localcamera_healthy", 1.0).await;
}
