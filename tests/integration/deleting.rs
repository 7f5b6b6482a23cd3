//! Recordings are named, marked, kept and deleted, by people and by themselves.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::access::ask;
use crate::support::captures::{self, judge};
use crate::support::client::{Client, get};
use crate::support::files::{eventually, journal, listing, segments};
use crate::support::http::{Answer, heard};
use crate::support::server::{Server, configure};
use crate::v1::{record, send};

const SEGMENT_SECONDS: &str = "2";

async fn change(server: &Server, method: &str, path: &str, body: Value) -> Answer {
    ask(server, method, path, None, &body).await
}

async fn told(server: &Server, path: &str) -> Value {
    let (status, body) = get(server, path).await;
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

fn code(answer: &Answer) -> String {
    answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

/// Records a capture whole, as a session.
async fn recorded(server: &Server, session: &str, capture: &str) {
    let (mut client, _) = Client::hello(server, session).await;
    let ending = record(&mut client, &captures::named(capture)).await;
    assert_eq!(ending.of_type("summary").len(), 1, "{ending:?}");
}

fn names(session: &Value) -> Vec<String> {
    let files = session["files"].as_array().unwrap().iter();
    files.map(|file| file["file"].as_str().unwrap().to_owned()).collect()
}

fn check(folder: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    command.current_dir(folder).arg("check").stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn what_is_deleted_is_hidden_at_once_comes_back_whole_and_stays_deleted() {
    let server = Server::start(&["--segment-seconds", SEGMENT_SECONDS]);
    recorded(&server, "session-1", "chromium-webm-vp8-opus").await;
    let before = told(&server, "/api/sessions/session-1").await;
    let all = names(&before);
    assert!(all.len() > 2, "{all:?}");
    let url = before["files"][0]["url"].as_str().unwrap().to_owned();
    let (_, bytes) = get(&server, &url).await;
    let wish = json!({ "files": [format!("session-1/{}", all[0])] });

    let deleted = change(&server, "POST", "/api/library/deletions", wish.clone()).await;
    assert_eq!(deleted.status, 202, "{deleted:?}");
    let (id, size) = (deleted.json()["deletion"].clone(), deleted.json()["bytes"].clone());
    assert_eq!((size, &deleted.json()["files"]), (bytes.len().into(), &json!(1)));
    assert_eq!(names(&told(&server, "/api/sessions/session-1").await), all[1..]);
    assert_eq!(get(&server, &url).await.0, 404);
    let gaps = told(&server, "/api/sessions/session-1/timeline").await["gaps"].clone();
    let first = &before["files"][0];
    let end_ms = first["start_ms"].as_i64().unwrap() + first["duration_ms"].as_i64().unwrap();
    assert_eq!((&gaps[0]["reason"], &gaps[0]["start_ms"]), (&json!("deleted"), &first["start_ms"]));
    assert!((gaps[0]["end_ms"].as_i64().unwrap() - end_ms).abs() <= 1, "{gaps}");
    let list = told(&server, "/api/library/deletions").await;
    assert_eq!(list["deletions"][0]["deletion"], id);
    assert_eq!(list["deletions"][0]["can_be_undone"], true);
    assert_eq!(list["deletions"][0]["sessions"][0]["session"], "session-1");

    let undo = format!("/api/library/deletions/{}", id.as_str().unwrap());
    assert_eq!(change(&server, "DELETE", &undo, Value::Null).await.status, 204);
    assert_eq!(told(&server, "/api/sessions/session-1").await, before);
    assert_eq!(get(&server, &url).await, (200, bytes.clone()));
    assert_eq!(change(&server, "DELETE", &undo, Value::Null).await.status, 404);

    let again = change(&server, "POST", "/api/library/deletions", wish).await;
    assert_eq!(again.status, 202, "{again:?}");
    let folder = server.kill();
    assert_eq!(check(folder.path()), (Some(0), check(folder.path()).1));
    let server = Server::start_in(folder, &[]);
    // The journals are read while it answers already.
    heard(&server, "/api/library/events", "event: complete").await;
    let left = told(&server, "/api/sessions/session-1").await;
    assert_eq!(names(&left), all[1..], "deleted stays deleted");
    let undo = format!("/api/library/deletions/{}", again.json()["deletion"].as_str().unwrap());
    assert_eq!(change(&server, "DELETE", &undo, Value::Null).await.status, 204);
    assert_eq!(get(&server, &url).await, (200, bytes));
}

#[tokio::test]
async fn what_is_kept_is_not_deleted_and_nothing_beside_it() {
    let server = Server::start(&["--segment-seconds", SEGMENT_SECONDS]);
    recorded(&server, "session-1", "chromium-webm-vp8-opus").await;
    recorded(&server, "session-2", "firefox-webm-vp8-opus").await;
    let kept = told(&server, "/api/sessions/session-2").await;
    let file = &kept["files"][1];
    let start_ms = file["start_ms"].as_i64().unwrap();
    let path = "/api/sessions/session-2/kept";
    let span = json!({ "start_ms": start_ms + 1, "end_ms": start_ms + 2 });
    let answer = change(&server, "POST", path, span.clone()).await;
    assert_eq!((answer.status, &answer.json()["start_ms"]), (201, &span["start_ms"]));
    let far = json!({ "start_ms": start_ms + 86_400_000, "end_ms": start_ms + 86_500_000 });
    assert_eq!(code(&change(&server, "POST", path, far).await), "outside");
    // More than there is is kept as far as there is something.
    let all = json!({ "start_ms": 0, "end_ms": i64::MAX });
    let clamped = change(&server, "POST", path, all).await.json();
    assert_eq!(clamped["start_ms"], kept["files"][0]["start_ms"]);

    let whole = json!({ "sessions": ["session-1", "session-2"] });
    let refused = change(&server, "POST", "/api/library/deletions", whole.clone()).await;
    assert_eq!((refused.status, code(&refused).as_str()), (409, "kept"));
    let untouched = told(&server, "/api/sessions/session-1").await;
    assert!(!names(&untouched).is_empty(), "a part was deleted");
    assert_eq!(told(&server, "/api/library/deletions").await["deletions"], json!([]));

    for span in [&clamped, &span] {
        let path = format!("{path}/{}-{}", span["start_ms"], span["end_ms"]);
        assert_eq!(change(&server, "DELETE", &path, Value::Null).await.status, 204, "{path}");
        assert_eq!(change(&server, "DELETE", &path, Value::Null).await.status, 404, "{path}");
    }
    let deleted = change(&server, "POST", "/api/library/deletions", whole).await;
    assert_eq!(deleted.status, 202, "{deleted:?}");
    let undo = format!("/api/library/deletions/{}", deleted.json()["deletion"].as_str().unwrap());
    assert_eq!(change(&server, "DELETE", &undo, Value::Null).await.status, 204);
    assert_eq!(told(&server, "/api/sessions/session-1").await, untouched);
    assert_eq!(told(&server, "/api/sessions/session-2").await, kept);
}

#[tokio::test]
async fn a_recording_is_edited_while_it_records() {
    let server = Server::start(&["--segment-seconds", SEGMENT_SECONDS]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    let length = send(&mut client, 0, &capture).await;
    client.acknowledged(0, length).await;
    // The last one may grow.
    let session = told(&server, "/api/sessions/session-1").await;
    let all = names(&session);
    assert!(all.len() > 1, "{session}");
    let start_ms = session["files"][0]["start_ms"].as_i64().unwrap();
    let path = |more: &str| format!("/api/sessions/session-1/{more}");
    let title = json!({ "title": "Match against Bern" });
    assert_eq!(change(&server, "PUT", &path("title"), title).await.status, 204);
    let mark = json!({ "at_ms": start_ms + 500, "detail": "he falls" });
    assert_eq!(change(&server, "POST", &path("marks"), mark).await.status, 201);
    let span = json!({ "start_ms": start_ms + 1, "end_ms": start_ms + 2 });
    assert_eq!(change(&server, "POST", &path("kept"), span.clone()).await.status, 201);
    let wish = |file: &String| json!({ "files": [format!("session-1/{file}")] });
    let deletions = "/api/library/deletions";
    let refused = change(&server, "POST", deletions, wish(&all[0])).await;
    assert_eq!((refused.status, code(&refused).as_str()), (409, "kept"));
    let last = all.last().unwrap();
    let refused = change(&server, "POST", deletions, wish(last)).await;
    assert_eq!((refused.status, code(&refused).as_str()), (409, "growing"));
    let whole = json!({ "sessions": ["session-1"] });
    let refused = change(&server, "POST", deletions, whole).await;
    assert_eq!((refused.status, code(&refused).as_str()), (409, "growing"));
    let release = path(&format!("kept/{}-{}", span["start_ms"], span["end_ms"]));
    assert_eq!(change(&server, "DELETE", &release, Value::Null).await.status, 204);
    let deleted = change(&server, "POST", deletions, wish(&all[0])).await;
    assert_eq!(deleted.status, 202, "{deleted:?}");

    let stop = json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": length }] });
    client.text(stop).await;
    assert_eq!(client.ending().await.of_type("summary").len(), 1);
    let events = ["name", "mark", "keep", "release", "deleted", "stop"];
    let lines = journal(&server.recordings());
    for event in events {
        assert_eq!(lines.iter().filter(|line| line["event"] == event).count(), 1, "{event}");
    }
    assert!(lines.iter().all(|line| line["v"] == 1));
    let undo = format!("{deletions}/{}", deleted.json()["deletion"].as_str().unwrap());
    assert_eq!(change(&server, "DELETE", &undo, Value::Null).await.status, 204);
    judge(&capture, &segments(&server.recordings()), SEGMENT_SECONDS);
    let folder = server.kill();
    let (status, said) = check(folder.path());
    assert_eq!(status, Some(0), "{said}");
}

#[tokio::test]
async fn retention_deletes_what_was_shown_and_nothing_else() {
    let server = Server::start(&["--segment-seconds", SEGMENT_SECONDS]);
    for session in ["session-1", "session-2", "session-3"] {
        recorded(&server, session, "webkit-mp4-h264-aac").await;
    }
    let second = told(&server, "/api/sessions/session-2").await;
    let start_ms = second["files"][0]["start_ms"].as_i64().unwrap();
    let span = json!({ "start_ms": start_ms, "end_ms": start_ms + 1 });
    let kept = change(&server, "POST", "/api/sessions/session-2/kept", span).await;
    assert_eq!(kept.status, 201, "{kept:?}");
    let recordings = server.recordings();
    let first = segments(&recordings)[0].clone();
    for foreign in ["notes.txt", "video_x.webm"] {
        std::fs::write(first.parent().unwrap().join(foreign), "somebody's").unwrap();
    }
    let before: BTreeSet<_> = listing(&recordings).into_iter().collect();

    let rules = json!({ "max_total_gb": 0.001 });
    let plan = change(&server, "POST", "/api/library/retention/plan", rules.clone()).await;
    assert_eq!(plan.status, 200, "{plan:?}");
    let plan = plan.json();
    let (files, bytes) = (plan["files"].as_u64().unwrap(), plan["bytes"].as_u64().unwrap());
    assert!(files > 1 && plan["days_that_fit"].is_number(), "{plan}");
    let there: BTreeSet<_> = listing(&recordings).into_iter().collect();
    assert_eq!(there, before, "a plan deletes nothing");

    let saved = change(&server, "PUT", "/api/library/retention", rules).await;
    assert_eq!((saved.status, &saved.json()["max_total_gb"]), (200, &json!(0.001)));
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    let gone = eventually(|| {
        let there: BTreeSet<_> = listing(&recordings).into_iter().collect();
        let gone: Vec<_> = before.difference(&there).cloned().collect();
        (gone.len() as u64 >= files).then_some(gone)
    })
    .await;
    assert_eq!(gone.len() as u64, files, "{gone:?}");
    let left: u64 = segments(&recordings).iter().map(|path| size(path)).sum();
    assert!(left <= 1_000_000 + "somebody's".len() as u64, "{left}");
    // The kept one stays, and everything older is gone.
    let after = told(&server, "/api/sessions/session-2").await;
    assert!(names(&after).contains(&names(&second)[0]), "{after}");
    assert!(!gone.iter().any(|path| path.ends_with("notes.txt") || path.ends_with("video_x.webm")));
    let mut deletions = told(&server, "/api/library/deletions").await;
    let deletion = deletions["deletions"][0].take();
    assert_eq!((&deletion["files"], &deletion["bytes"]), (&json!(files), &json!(bytes)));
    assert_eq!((&deletion["reason"], &deletion["by"]), (&json!("max_total"), &json!("retention")));
    assert_eq!(deletion["end_ms"], plan["until_ms"]);
    let undo = format!("/api/library/deletions/{}", deletion["deletion"].as_str().unwrap());
    assert_eq!(change(&server, "DELETE", &undo, Value::Null).await.status, 410);
    let folder = server.kill();
    let said = check(folder.path()).1;
    assert!(!said.contains("missing") && said.contains("video_x.webm"), "{said}");
}

#[tokio::test]
async fn where_the_configuration_file_says_what_is_deleted_no_page_does() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), "[retention]\nmax_age_days = 30\n");
    let server = Server::start_in(folder, &[]);
    let retention = told(&server, "/api/library/retention").await;
    assert_eq!((&retention["max_age_days"], &retention["from"]), (&json!(30.0), &json!("file")));
    let refused = change(&server, "PUT", "/api/library/retention", json!({})).await;
    assert_eq!((refused.status, code(&refused).as_str()), (409, "from_file"));
    let wrong = json!({ "max_age_days": 0 });
    let wrong = change(&server, "POST", "/api/library/retention/plan", wrong).await;
    let message = wrong.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(wrong.status == 400 && message.contains("between 0.01 and 36525"), "{message}");
}
