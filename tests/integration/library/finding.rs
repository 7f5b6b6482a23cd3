//! Lists, days, devices, and what changes.

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::{called, json_of, record_all, start_ms};
use crate::support::access::{ask as ask_as, closed, decide, post};
use crate::support::client::get;
use crate::support::http::{request, send};
use crate::support::server::Server;

const CAPTURE: &str = "chromium-webm-vp8-opus";

#[tokio::test]
async fn sessions_are_found_by_page_day_device_and_text() {
    let server = Server::start(&[]);
    for session in ["session-1", "session-2", "session-3"] {
        record_all(&server, session, &[(CAPTURE, 0)]).await;
    }
    let first = json_of(&server, "/api/library?limit=2").await;
    let sessions = first["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2, "{first}");
    assert_eq!(first["is_complete"], true);
    let entry = &sessions[0];
    assert_eq!((&entry["state"], &entry["name"]), (&json!("finished"), &json!("Bench 3")));
    assert_eq!(entry["has_video"], true);
    assert!(entry["bytes"].as_u64().unwrap() > 10_000 && entry["files"] == 1);
    let first_ms = start_ms(&server, "session-1").await;
    let last_ms = start_ms(&server, "session-3").await;
    let next = first["next"].as_str().unwrap();
    let second = json_of(&server, &format!("/api/library?limit=2&cursor={next}")).await;
    assert_eq!(second["sessions"].as_array().unwrap().len(), 1);
    assert!(second["next"].is_null());
    let mut ids: Vec<&str> = [&first, &second]
        .into_iter()
        .flat_map(|page| page["sessions"].as_array().unwrap())
        .map(|entry| entry["session"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, ["session-1", "session-2", "session-3"]);
    for (query, count) in [
        ("text=bench%203", 3),
        ("text=SESSION-2", 1),
        ("text=nothing", 0),
        ("device=test-device", 3),
        ("device=other", 0),
        (&format!("before_ms={}", first_ms - 1000), 0),
        (&format!("before_ms={}", last_ms + 1000), 3),
    ] {
        let found = json_of(&server, &format!("/api/library?{query}")).await;
        assert_eq!(found["sessions"].as_array().unwrap().len(), count, "{query}: {found}");
    }
    // Without summer time, and always 14 hours ahead of UTC.
    for (zone, ahead_hours) in [("UTC", 0), ("Pacific/Kiritimati", 14)] {
        let days = json_of(&server, &format!("/api/library/days?zone={zone}")).await;
        let days = days["days"].as_array().unwrap();
        let of_last = called(last_ms + ahead_hours * 3_600_000).0;
        assert_eq!(days[0]["day"], of_last.as_str(), "{zone}");
        let count: u64 = days.iter().map(|day| day["sessions"].as_u64().unwrap()).sum();
        assert_eq!(count, 3, "{zone}");
    }
    let devices = json_of(&server, "/api/library/devices").await;
    assert_eq!(devices["devices"][0]["sessions"], 3);
    for query in ["limit=0", "limit=501", "cursor=x"] {
        assert_eq!(get(&server, &format!("/api/library?{query}")).await.0, 400, "{query}");
    }
    assert_eq!(get(&server, "/api/library/days?zone=Nowhere/Here").await.0, 400);
}

#[tokio::test]
async fn what_changes_is_told_and_what_is_over_is_removed() {
    let server = Server::start(&[]);
    let mut events = Events::open(&server).await;
    assert_eq!(events.next("complete").await, json!({}));
    record_all(&server, "session-1", &[(CAPTURE, 0)]).await;
    loop {
        let told = events.next("session").await;
        assert_eq!(told["session"], "session-1");
        if told["state"] == "finished" && told["files"] == 1 {
            break;
        }
    }
}

#[tokio::test]
async fn a_viewer_finds_what_it_may_watch_and_a_camera_its_own() {
    let server = closed(tempfile::tempdir().unwrap(), "localcamera=info", &[]);
    let admin = decide(&server, "network").await;
    record_all(&server, "session-1", &[(CAPTURE, 0)]).await;
    let mode = json!({ "mode": "paired" });
    let cookie = [("cookie", admin.as_str())];
    let set = ask_as(&server, "PUT", "/api/access/mode", Some(&admin), &mode).await;
    assert!(set.status < 300, "{set:?}");
    let timeline = "/api/sessions/session-1/timeline";
    let timeline = request(&server, "GET", timeline, &cookie, b"").await.json();
    let day = called(timeline["files"][0]["start_ms"].as_i64().unwrap()).0;
    let day = format!("/api/library/export?day={day}&zone=UTC");
    let mut tokens = Vec::new();
    for (name, role, scope) in [
        ("all", "viewer", json!(null)),
        ("other", "viewer", json!(["hall"])),
        ("own", "viewer", json!(["test-device"])),
        ("camera", "camera", json!(null)),
    ] {
        let wanted = json!({ "name": name, "role": role, "scope": scope });
        let answer = post(&server, "/api/access/tokens", Some(&admin), &wanted).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        tokens.push((name, answer.json()["token"].as_str().unwrap().to_owned()));
    }
    let found = request(&server, "GET", "/api/library", &cookie, b"").await.json();
    assert_eq!(found["sessions"].as_array().unwrap().len(), 1, "{found}");
    for (name, token) in &tokens {
        let is_seen = ["all", "own"].contains(name);
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let ask = async |path: &str| request(&server, "GET", path, &headers, b"").await;
        let list = ask("/api/library").await.json();
        let count = usize::from(is_seen);
        assert_eq!(list["sessions"].as_array().unwrap().len(), count, "{name}");
        let days = ask("/api/library/days?zone=UTC").await.json();
        assert_eq!(days["days"].as_array().unwrap().len(), count, "{name}");
        let devices = ask("/api/library/devices").await.json();
        assert_eq!(devices["devices"].as_array().unwrap().len(), count, "{name}");
        let status = if is_seen { 200 } else { 404 };
        for path in [
            "/api/sessions/session-1/timeline",
            "/api/sessions/session-1/reels/0/video.webm",
            "/api/sessions/session-1/export",
            "/api/sessions/session-1/export/plan",
            day.as_str(),
        ] {
            assert_eq!(ask(path).await.status, status, "{name} {path}");
        }
    }
    for path in ["/api/library", "/api/library/events", "/api/library/export?day=2001-01-01"] {
        assert_eq!(get(&server, path).await.0, 401, "{path}");
    }
}

/// Server-sent events, as they come: each in a chunk of its own, between whose lengths they stand.
struct Events {
    stream: TlsStream<TcpStream>,
    text: String,
}

impl Events {
    async fn open(server: &Server) -> Self {
        let stream = send(server, "GET", "/api/library/events", &[], b"", 0).await;
        Self { stream, text: String::new() }
    }

    /// The data of the next event of a kind; others are passed over.
    async fn next(&mut self, kind: &str) -> serde_json::Value {
        let reading = async {
            loop {
                while let Some((event, rest)) = self.text.split_once("\n\n") {
                    let field = |name: &str| {
                        let mut lines = event.lines();
                        lines.find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim()
                    };
                    let (found, data) = (field("event:").to_owned(), field("data:").to_owned());
                    self.text = rest.to_owned();
                    if found == kind {
                        return serde_json::from_str(&data).unwrap();
                    }
                }
                let mut piece = vec![0; 4096];
                let count = self.stream.read(&mut piece).await.unwrap();
                assert!(count > 0, "the events have ended");
                self.text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
            }
        };
        tokio::time::timeout(crate::support::PATIENCE, reading).await.expect("no such event")
    }
}
