//! Every WebSocket, whatever is said to it: the server lives, others are served, and its closes
//! say what the documents say.

mod moves;
mod wire;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::beside::Beside;
use crate::support::client::{Client, get};
use crate::support::random::Random;
use crate::support::server::Server;
use moves::Script;
use wire::{Heard, Wire};

/// Connections to each route that talk, and such that never become one.
const TALKS: usize = 24;
const HANDSHAKES: usize = 8;

/// Said by every socket: it is over, what came is no WebSocket frame, or no text (RFC 6455 section
/// 7.4.1), a message is too large, the server is stopping.
const EVERYWHERE: [u16; 5] = [1000, 1002, 1007, 1009, 1012];

/// How a route is asked, and what it says.
struct Case {
    listener: &'static str,
    path: &'static str,
    /// Of which an example is asked for.
    address: &'static str,
    protocol: Option<&'static str>,
    /// The largest message.
    max_bytes: usize,
    /// With which it closes, beside what all do.
    closes: &'static [u16],
}

const KIB: usize = 1024;

/// One for each WebSocket of the table in `docs/access.md`; several where one has several voices.
const CASES: [Case; 13] = [
    case("https", "/ws/control", "/ws/control", 64 * KIB, &[]),
    Case {
        protocol: Some("localcamera.v1"),
        ..case("https", "/ws/ingest", "/ws/ingest", 256 * KIB, &[4400, 4409, 1013])
    },
    case("https", "/ws/ingest", "/ws/ingest", 32 << 20, &[4400]),
    case("https", "/ws/jpeg/{stream}", "/ws/jpeg/test-device", 4 * KIB, &[4400, 4404]),
    case("https", "/ws/json/{stream}", "/ws/json/test-device?fps=5", 4 * KIB, &[4400, 4404]),
    case("https", "/ws/live/{stream}", "/ws/live/test-device", 4 * KIB, &[4404]),
    case("https", "/ws/live/{stream}", "/ws/live/nothing", 4 * KIB, &[4404]),
    case("https", "/ws/mpegts/{stream}", "/ws/mpegts/test-device", 4 * KIB, &[4404]),
    case("https", "/ws/stream", "/ws/stream?rtsp_url=rtsp%3A%2F%2F127.0.0.1%3A1", 4 * KIB, &[4404]),
    case("wss", "any path", "/any/path", 32 << 20, &[4400]),
    case("compat.json", "any path", "/any/path", 4 * KIB, &[]),
    case("compat.jpeg", "/ws/stream", "/ws/stream?rtsp_url=rtsp://127.0.0.1:1", 4 * KIB, &[4404]),
    case("compat.mpegts", "any path", "/any/path", 4 * KIB, &[]),
];

const fn case(
    listener: &'static str,
    path: &'static str,
    address: &'static str,
    max_bytes: usize,
    closes: &'static [u16],
) -> Case {
    Case { listener, path, address, protocol: None, max_bytes, closes }
}

const CONFIG: &str = "[compat]\njson_port = 0\njson_stream = \"test-device\"\njpeg_port = 0\n\
                      mpegts_port = 0\nmpegts_stream = \"test-device\"\n";

/// The WebSockets of the table: listener and path.
fn routes() -> BTreeSet<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/access.md");
    let document = std::fs::read_to_string(path).unwrap();
    let cells = document.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        (cells.len() == 6 && cells[2] == "WSS").then(|| (cells[1].to_owned(), cells[3].to_owned()))
    });
    cells.collect()
}

#[test]
fn every_websocket_has_a_case() {
    let cases = CASES.iter().map(|case| (case.listener.to_owned(), case.path.to_owned()));
    let (cases, routes): (BTreeSet<_>, _) = (cases.collect(), routes());
    assert!(routes.len() > 10, "{routes:?}");
    assert_eq!(cases, routes, "CASES is not what docs/access.md has");
}

#[tokio::test]
async fn no_socket_is_brought_down_by_what_is_said_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::logging("localcamera=info", folder, CONFIG, &[]);
    let plain = |purpose: &str| {
        let url = server.printed(purpose);
        url.split("://").nth(1).unwrap().split('/').next().unwrap().to_owned()
    };
    let compat = [plain("JSON frames"), plain("JPEG frames"), plain("MPEG-TS")];
    let beside = Beside::start(&server, "").await;
    let mut random = Random::of_run();
    for case in &CASES {
        let (host, is_plain) = match case.listener {
            "https" => (&server.https, false),
            "wss" => (&server.wss, false),
            "compat.json" => (&compat[0], true),
            "compat.jpeg" => (&compat[1], true),
            _ => (&compat[2], true),
        };
        for _ in 0..HANDSHAKES {
            let request = moves::broken_handshake(&mut random, host, case);
            let answer = Wire::refused(&server, host, is_plain, &request).await;
            let told = String::from_utf8_lossy(&request).into_owned();
            assert!((400..500).contains(&answer.0), "{told} {answer:?}");
            let body: Value = serde_json::from_slice(&answer.1).unwrap_or_default();
            let is_http = answer.0 == 400 && answer.1.is_empty();
            assert!(is_http || body["error"]["code"].is_string(), "{told} {answer:?}");
        }
        let script = || Script::new(&mut random, case.max_bytes, case.protocol.is_some());
        let scripts: Vec<Script> = std::iter::repeat_with(script).take(TALKS).collect();
        let talks = scripts.iter().map(async |script| {
            let mut wire = Wire::open(&server, host, is_plain, case).await;
            judge(case, script, &wire.talk(script).await);
        });
        futures_util::future::join_all(talks).await;
        others_are_served(&server, case).await;
    }
    beside.judged(&server).await;
    let log = std::fs::read_to_string(server.folder.path().join("log")).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}

fn judge(case: &Case, script: &Script, heard: &Heard) {
    let name = format!("{} {}: {:?}", case.listener, case.address, script.names);
    assert!(heard.has_ended, "{name}: the connection stays open");
    assert_eq!(heard.fault, None, "{name}");
    for code in &heard.closes {
        // A close is answered with its own code.
        let is_known = EVERYWHERE.contains(code) || case.closes.contains(code);
        assert!(is_known || script.closes.contains(code), "{name}: it closes with {code}");
    }
    assert!(heard.closes.len() <= 1, "{name}: it closes more than once: {:?}", heard.closes);
}

async fn others_are_served(server: &Server, case: &Case) {
    let (status, _) = get(server, "/health").await;
    assert_eq!(status, 200, "after {}", case.address);
    let address = format!("{}/ws/control", server.https);
    let mut control = Client::connect(server, &address, None).await;
    let told = control.receive().await;
    assert_eq!(told["type"], "streams", "{told}");
    let streams = told["streams"].as_array().unwrap();
    assert!(streams.iter().any(|stream| stream["stream"] == "test-device"), "{told}");
    control.close().await;
}
