//! A recording that goes silent, and a disk that takes no more, are told to people, whoever they
//! asked for.

mod targets;

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::PATIENCE;
use crate::support::captures::{self, Capture};
use crate::support::client::{Client, get, hello_message};
use crate::support::files::{eventually, journal, listing};
use crate::support::http::request;
use crate::support::server::Server;
use crate::support::small_disk::SmallDisk;
use crate::support::told::{Post, Web, email, ntfy, webhook};

/// Each of them is looked for in everything that the server says.
const SECRETS: [&str; 5] =
    ["s3cret-path", "s3cret-header", "s3cret-topic", "s3cret-token", "s3cret-password"];

/// As AUTH PLAIN has user and password.
const PLAIN: &str = "AGNhbWVyYXMAczNjcmV0LXBhc3N3b3Jk";

/// A server that logs all it can, with these lines under `[alarms]`.
fn start(config: &str, args: &[&str]) -> Server {
    start_in(tempfile::tempdir().unwrap(), config, args)
}

fn start_in(folder: TempDir, config: &str, args: &[&str]) -> Server {
    Server::logging("trace", folder, &format!("[alarms]\n{config}"), args)
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap()
}

async fn api(server: &Server) -> Value {
    let (status, body) = get(server, "/api/alarms").await;
    assert_eq!(status, 200);
    serde_json::from_slice(&body).unwrap()
}

async fn post(server: &Server, path: &str) -> (u16, Value) {
    let answer = request(server, "POST", path, &[], b"").await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

/// A device that sends its stream piece by piece.
struct Camera {
    client: Client,
    capture: Capture,
    position: u64,
    sent: usize,
}

impl Camera {
    async fn begin(server: &Server, session: &str) -> Self {
        let (mut client, _) = Client::hello(server, session).await;
        let capture = captures::named("chromium-webm-vp8-opus");
        client.generation(0, &capture.mime).await;
        Self { client, capture, position: 0, sent: 0 }
    }

    /// Another second of media, until it is durable.
    async fn records(&mut self) {
        let chunk = self.capture.chunks()[self.sent].to_vec();
        let known = self.position;
        self.client.chunk(0, self.position, &chunk).await;
        self.position += chunk.len() as u64;
        self.sent += 1;
        self.client.acknowledged(0, known + 1).await;
    }

    async fn stop(mut self) {
        let generations = json!([{ "generation": 0, "bytes": self.position }]);
        self.client.text(json!({ "type": "stop", "generations": generations })).await;
        self.client.ending().await;
    }
}

fn event(body: &Value) -> (&str, &str, &str) {
    let text = |value: &'static str| body.pointer(value).and_then(Value::as_str).unwrap_or("");
    (text("/event"), text("/alarms/0/kind"), text("/because"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_device_is_told_to_everybody_and_so_is_its_return() {
    let (mut web, mut phone) = (Web::listen().await, Web::listen().await);
    let mut mails = Post::listen(None, false).await;
    let config = ["silent_seconds = 5\n".to_owned(), webhook(&web), ntfy(&phone)].concat();
    let server = start(&(config + &email("smtp", mails.port, "")), &[]);
    let mut camera = Camera::begin(&server, "session-1").await;
    camera.records().await;

    let heard = web.next().await;
    assert_eq!((heard.path.as_str(), heard.header("x-key")), ("/s3cret-path", "s3cret-header"));
    assert_eq!(heard.header("content-type"), "application/json");
    let raised = heard.json();
    assert_eq!(event(&raised), ("raised", "silent", ""));
    assert_eq!(raised["alarms"][0]["device"], "test-device");
    assert_eq!(raised["alarms"][0]["name"], "Bench 3");
    assert_eq!(raised["alarms"][0]["session"], "session-1");
    let since_ms = raised["alarms"][0]["since_ms"].as_i64().unwrap();
    let silent_ms = raised["at_ms"].as_i64().unwrap() - since_ms;
    assert!(silent_ms >= 5000, "{raised}");
    let list = api(&server).await;
    assert_eq!(list["alarms"], json!([raised["alarms"][0]]));
    assert_eq!(list["silent_seconds"], 5);

    camera.records().await;
    let ended = web.next().await.json();
    assert_eq!(event(&ended), ("ended", "silent", "durable"));
    assert_eq!(ended["alarms"][0], raised["alarms"][0]);

    let (first, second) = (phone.next().await, phone.next().await);
    assert_eq!(
        (first.path.as_str(), first.header("authorization")),
        ("/s3cret-topic", "Bearer s3cret-token")
    );
    assert_eq!((first.header("title"), first.header("priority")), ("Bench 3 records nothing", "5"));
    assert_eq!(first.header("tags"), "rotating_light");
    assert_eq!(first.body, raised["alarms"][0]["message"].as_str().unwrap());
    assert_eq!((second.header("title"), second.header("priority")), ("Bench 3 records again", "3"));

    let (first, second) = (mails.next().await, mails.next().await);
    assert_eq!(first.auth, PLAIN);
    assert_eq!(first.to, ["TO:<c@d.example>", "TO:<e@f.example>"]);
    assert!(first.text.contains("Subject: localcamera: Bench 3 records nothing\n"), "{first:?}");
    assert!(second.text.contains("Subject: localcamera: Bench 3 records again\n"), "{second:?}");
    camera.stop().await;

    let list = api(&server).await.to_string();
    server.interrupt();
    let (status, _, folder) = server.wait();
    assert!(status.success());
    let log = log(folder.path());
    assert!(
        log.contains("TRACE") && log.contains("alarm: nothing of a recording has reached the disk")
    );
    for secret in SECRETS.iter().chain([&PLAIN]) {
        assert!(!log.contains(secret) && !list.contains(secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_ends_an_alarm_and_so_does_who_has_seen_it() {
    let mut web = Web::listen().await;
    let server = start(&("silent_seconds = 5\n".to_owned() + &webhook(&web)), &[]);
    let mut camera = Camera::begin(&server, "session-1").await;
    camera.records().await;
    let raised = web.next().await.json();
    let path = format!("/api/alarms/{}/dismiss", raised["alarms"][0]["id"].as_str().unwrap());

    let foreign = [("origin", "https://evil.example")];
    assert_eq!(request(&server, "POST", &path, &foreign, b"").await.status, 403);
    assert_eq!(post(&server, "/api/alarms/none/dismiss").await.0, 404);
    assert_eq!(api(&server).await["alarms"][0]["id"], raised["alarms"][0]["id"]);

    let own = format!("https://{}", server.https);
    assert_eq!(request(&server, "POST", &path, &[("origin", &own)], b"").await.status, 204);
    assert_eq!(event(&web.next().await.json()), ("ended", "silent", "dismissed"));
    assert_eq!(post(&server, &path).await.0, 404);
    let ended = json!([{ "id": raised["alarms"][0]["id"], "because": "dismissed" }]);
    assert_eq!(api(&server).await["ended"], ended);

    // It rises anew when it has recorded meanwhile.
    camera.records().await;
    let again = web.next().await.json();
    assert_eq!(event(&again), ("raised", "silent", ""));
    assert_ne!(again["alarms"][0]["id"], raised["alarms"][0]["id"]);
    camera.stop().await;
    assert_eq!(event(&web.next().await.json()), ("ended", "silent", "stopped"));
    assert_eq!(api(&server).await["alarms"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_is_gone_is_missed_also_after_a_crash_until_it_records_anew() {
    let mut web = Web::listen().await;
    let config = "silent_seconds = 5\n".to_owned() + &webhook(&web);
    let server = start(&config, &[]);
    let mut camera = Camera::begin(&server, "session-1").await;
    camera.records().await;
    camera.client.close().await;
    let raised = web.next().await.json();
    assert_eq!(
        (event(&raised).1, &raised["alarms"][0]["session"]),
        ("silent", &"session-1".into())
    );

    let server = start_in(server.kill(), &config, &[]);
    let again = web.next().await.json();
    assert_eq!(
        (event(&again), &again["alarms"][0]["session"]),
        (("raised", "silent", ""), &"session-1".into())
    );
    assert_eq!(again["alarms"][0]["name"], "Bench 3");
    assert!(again["alarms"][0]["since_ms"].as_i64() < raised["at_ms"].as_i64(), "{again}");

    let mut newer = hello_message("session-2");
    newer["started_ms"] = (newer["started_ms"].as_i64().unwrap() + 60_000).into();
    newer["now_ms"] = newer["started_ms"].clone();
    let address = format!("{}/ws/ingest", server.https);
    let mut client = Client::connect(&server, &address, Some("localcamera.v1")).await;
    client.text(newer).await;
    assert_eq!(client.receive().await["type"], "welcome");
    let capture = captures::named("chromium-webm-vp8-opus");
    client.generation(0, &capture.mime).await;
    let mut camera = Camera { client, capture, position: 0, sent: 0 };
    camera.records().await;
    assert_eq!(event(&web.next().await.json()), ("ended", "silent", "newer"));
    camera.stop().await;
    assert_eq!(api(&server).await["alarms"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_raw_camera_that_breaks_off_is_missed_until_it_is_back() {
    let mut web = Web::listen().await;
    let config = "silent_seconds = 5\n".to_owned() + &webhook(&web);
    let server = start(&config, &[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let mut client = Client::raw(&server).await;
    client.binary(&capture.stream).await;
    // What a reset takes with it has never come.
    let has_journal =
        |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "jsonl");
    eventually(|| listing(&server.recordings()).iter().any(has_journal).then_some(())).await;
    // Without a word: what has come becomes files, and nobody has stopped it.
    client.break_off();
    let raised = web.next().await.json();
    assert_eq!(event(&raised), ("raised", "silent", ""));
    assert_eq!(raised["alarms"][0]["device"], "raw");
    let stop = eventually(|| {
        let lines = journal(&server.recordings());
        lines.into_iter().find(|line| line["event"] == "stop")
    });
    assert_eq!(stop.await["reason"], "lost");
    let session = raised["alarms"][0]["session"].as_str().unwrap();
    let (_, body) = get(&server, &format!("/api/sessions/{session}")).await;
    let known: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(known["state"], "finished");

    let server = start_in(server.kill(), &config, &[]);
    let again = web.next().await.json();
    assert_eq!(event(&again), ("raised", "silent", ""));
    assert_eq!(again["alarms"][0]["session"], raised["alarms"][0]["session"]);
    // Back, and stopped as it should be.
    let mut client = Client::raw(&server).await;
    client.binary(&capture.stream).await;
    client.close().await;
    assert_eq!(event(&web.next().await.json()), ("ended", "silent", "newer"));
    assert_eq!(api(&server).await["alarms"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_is_told_before_and_when_it_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    let mut web = Web::listen().await;
    let config = "silent_seconds = 5\n".to_owned() + &webhook(&web);
    let server = start_in(folder, &config, &["--reserve-mb", "1"]);
    let mut camera = Camera::begin(&server, "session-1").await;
    camera.records().await;
    disk.leave(1_600_000);
    let low = loop {
        // On a slow day the device is found silent first.
        camera.records().await;
        let body = web.next().await.json();
        if event(&body).1 == "disk_low" {
            break body;
        }
    };
    assert_eq!(event(&low), ("raised", "disk_low", ""));
    disk.leave(500_000);
    let full = loop {
        let body = web.next().await.json();
        if event(&body).1 == "disk_full" {
            break body;
        }
    };
    assert_eq!(event(&full), ("raised", "disk_full", ""));
    assert!(full["text"].as_str().unwrap().contains("MB are free"), "{full}");
    disk.free();
    let mut ended = Vec::new();
    let over = async {
        while ended.len() < 2 {
            let body = web.next().await.json();
            if event(&body).2 == "over" {
                ended.push(event(&body).1.to_owned());
            }
        }
    };
    tokio::time::timeout(PATIENCE, over).await.unwrap();
    assert_eq!(ended, ["disk_low", "disk_full"]);
    camera.stop().await;
}
