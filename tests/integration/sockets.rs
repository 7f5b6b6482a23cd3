//! Every WebSocket, whatever is said to it: the server lives, others are served, and its closes
//! say what the documents say.

mod moves;
mod wire;

use std::collections::BTreeSet;
use std::time::Instant;

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
    /// What a message does that means nothing.
    takes: Takes,
}

/// What becomes of a message that means nothing (`docs/protocol.md`, `docs/control.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Whoever only shows something hears nothing.
    Nothing,
    /// The same, and it has nothing to show: it closes by itself.
    NothingAndEnds,
    /// It is answered by an error, and goes on.
    Commands,
    /// It is answered by the error `bad_message` and close 4400.
    Conversation,
    /// Texts are nothing; bytes that are no stream end it with the error `bad_stream` and close
    /// 4400.
    Streams,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// One for each WebSocket of the table in `docs/access.md`; several where one has several voices.
const CASES: [Case; 13] = [
    case("https", "/ws/control", "/ws/control", 64 * KIB, &[], Takes::Commands),
    Case {
        protocol: Some("localcamera.v1"),
        ..case(
            "https",
            "/ws/ingest",
            "/ws/ingest",
            256 * KIB,
            &[4400, 4409, 1013],
            Takes::Conversation,
        )
    },
    case("https", "/ws/ingest", "/ws/ingest", 32 * MIB, &[4400], Takes::Streams),
    viewer("https", "/ws/jpeg/{stream}", "/ws/jpeg/test-device", &[4400, 4404]),
    viewer("https", "/ws/json/{stream}", "/ws/json/test-device?fps=5", &[4400, 4404]),
    viewer("https", "/ws/live/{stream}", "/ws/live/test-device", &[4404]),
    ending(viewer("https", "/ws/live/{stream}", "/ws/live/nothing", &[4404])),
    viewer("https", "/ws/mpegts/{stream}", "/ws/mpegts/test-device", &[4404]),
    ending(viewer(
        "https",
        "/ws/stream",
        "/ws/stream?rtsp_url=rtsp%3A%2F%2F127.0.0.1%3A1",
        &[4404],
    )),
    case("wss", "any path", "/any/path", 32 * MIB, &[4400], Takes::Streams),
    viewer("compat.json", "any path", "/any/path", &[]),
    ending(viewer("compat.jpeg", "/ws/stream", "/ws/stream?rtsp_url=rtsp://127.0.0.1:1", &[4404])),
    viewer("compat.mpegts", "any path", "/any/path", &[]),
];

const fn case(
    listener: &'static str,
    path: &'static str,
    address: &'static str,
    max_bytes: usize,
    closes: &'static [u16],
    takes: Takes,
) -> Case {
    Case { listener, path, address, protocol: None, max_bytes, closes, takes }
}

const fn viewer(
    listener: &'static str,
    path: &'static str,
    address: &'static str,
    closes: &'static [u16],
) -> Case {
    case(listener, path, address, 4 * KIB, closes, Takes::Nothing)
}

const fn ending(case: Case) -> Case {
    Case { takes: Takes::NothingAndEnds, ..case }
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

/// A server with all its listeners, and the hosts of those for old clients.
struct Listeners {
    server: Server,
    compat: [String; 3],
}

impl Listeners {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::logging("localcamera=info", folder, CONFIG, &[]);
        let plain = |purpose: &str| {
            let url = server.printed(purpose);
            url.split("://").nth(1).unwrap().split('/').next().unwrap().to_owned()
        };
        let compat = [plain("JSON frames"), plain("JPEG frames"), plain("MPEG-TS")];
        Self { server, compat }
    }

    /// Where a case is asked for, and whether without TLS.
    fn host(&self, case: &Case) -> (&str, bool) {
        match case.listener {
            "https" => (&self.server.https, false),
            "wss" => (&self.server.wss, false),
            "compat.json" => (&self.compat[0], true),
            "compat.jpeg" => (&self.compat[1], true),
            _ => (&self.compat[2], true),
        }
    }

    async fn talk(&self, case: &Case, script: &Script) -> Heard {
        let (host, is_plain) = self.host(case);
        let mut wire = Wire::open(&self.server, host, is_plain, case).await;
        let heard = wire.talk(script).await;
        let name = format!("{} {}: {:?}", case.listener, case.address, script.names);
        assert!(heard.has_ended, "{name}: the connection stays open");
        assert_eq!(heard.fault, None, "{name}");
        assert!(heard.closes.len() <= 1, "{name}: it closes more than once: {:?}", heard.closes);
        heard
    }

    fn has_not_panicked(&self) {
        let log = std::fs::read_to_string(self.server.folder.path().join("log")).unwrap();
        assert!(!log.contains("panicked"), "{log}");
    }
}

#[tokio::test]
async fn no_socket_is_brought_down_by_what_is_said_to_it() {
    let listeners = Listeners::open();
    let server = &listeners.server;
    let beside = Beside::start(server, "").await;
    let mut random = Random::of_run();
    for case in &CASES {
        let (host, is_plain) = listeners.host(case);
        for _ in 0..HANDSHAKES {
            let request = moves::broken_handshake(&mut random, host, case);
            let answer = Wire::refused(server, host, is_plain, &request).await;
            let told = String::from_utf8_lossy(&request).into_owned();
            assert!((400..500).contains(&answer.0), "{told} {answer:?}");
            let body: Value = serde_json::from_slice(&answer.1).unwrap_or_default();
            let is_http = answer.0 == 400 && answer.1.is_empty();
            assert!(is_http || body["error"]["code"].is_string(), "{told} {answer:?}");
        }
        let script = || Script::new(&mut random, case.max_bytes, case.protocol.is_some());
        let scripts: Vec<Script> = std::iter::repeat_with(script).take(TALKS).collect();
        let talks = scripts.iter().map(async |script| {
            judge(case, script, &listeners.talk(case, script).await);
        });
        futures_util::future::join_all(talks).await;
        others_are_served(server, case).await;
    }
    beside.judged(server).await;
    listeners.has_not_panicked();
}

fn judge(case: &Case, script: &Script, heard: &Heard) {
    let name = format!("{} {}: {:?}", case.listener, case.address, script.names);
    for code in &heard.closes {
        // A close is answered with its own code.
        let is_known = EVERYWHERE.contains(code) || case.closes.contains(code);
        assert!(is_known || script.closes.contains(code), "{name}: it closes with {code}");
    }
    // Where nothing is heard, only what is no WebSocket ends it, and the client's own close.
    if [Takes::Nothing, Takes::Commands].contains(&case.takes) {
        let due = script.fault.or(script.closes.first().copied());
        let own = heard.closes.first().filter(|code| case.closes.contains(code));
        assert!(own.is_some() || heard.closes.first() == due.as_ref(), "{name}: {due:?} {heard:?}");
    }
}

#[tokio::test]
async fn every_malformed_conversation_ends_as_the_documents_say() {
    let listeners = Listeners::open();
    let beside = Beside::start(&listeners.server, "").await;
    let began = Instant::now();
    for case in &CASES {
        let broken = moves::broken(case.max_bytes).into_iter();
        let scripts: Vec<Script> = broken.chain(moves::meaningless()).map(Script::of).collect();
        let talks = scripts.iter().map(async |script| {
            let heard = listeners.talk(case, script).await;
            ends_as_it_should(case, script, &heard, began.elapsed() < Beside::LENGTH);
        });
        futures_util::future::join_all(talks).await;
        // One after the other: they are as large as they may be.
        for script in moves::large(case.max_bytes).map(Script::of) {
            let heard = listeners.talk(case, &script).await;
            ends_as_it_should(case, &script, &heard, began.elapsed() < Beside::LENGTH);
        }
        others_are_served(&listeners.server, case).await;
    }
    beside.judged(&listeners.server).await;
    listeners.has_not_panicked();
}

fn ends_as_it_should(case: &Case, script: &Script, heard: &Heard, is_live: bool) {
    let one = script.names[0];
    let name = format!("{} {}: {one}", case.listener, case.address);
    let closes = &heard.closes[..];
    // What is recorded beside has ended on a machine that is busy.
    if !is_live && closes == [4404] && case.closes.contains(&4404) {
        return;
    }
    let has_said = |code: &str| {
        let texts = heard.texts.iter().filter_map(|text| serde_json::from_str::<Value>(text).ok());
        texts.into_iter().any(|text| text["type"] == "error" && text["code"] == code)
    };
    let is_bytes = ["noise", "at the limit"].contains(&one);
    match (case.takes, script.fault) {
        // Whichever comes first.
        (Takes::NothingAndEnds, fault) => {
            assert!(closes == [4404] || fault.is_some_and(|f| closes == [f]), "{name}: {heard:?}");
        }
        (takes, Some(fault)) => {
            assert_eq!(closes, [fault], "{name}: {:?}", heard.texts);
            assert!(takes != Takes::Commands || has_said("bad_message") || one.contains("close"));
        }
        (Takes::Nothing, None) => assert_eq!(closes, [0_u16; 0], "{name}: {:?}", heard.texts),
        (Takes::Commands, None) => {
            assert_eq!(closes, [0_u16; 0], "{name}");
            assert!(has_said("bad_message"), "{name}: {:?}", heard.texts);
        }
        (Takes::Conversation, None) => {
            assert_eq!(closes, [4400], "{name}");
            assert!(has_said("bad_message"), "{name}: {:?}", heard.texts);
        }
        (Takes::Streams, None) if is_bytes => {
            assert_eq!(closes, [4400], "{name}");
            assert!(has_said("bad_stream"), "{name}: {:?}", heard.texts);
        }
        (Takes::Streams, None) => assert_eq!(closes, [0_u16; 0], "{name}: {:?}", heard.texts),
    }
}

async fn others_are_served(server: &Server, case: &Case) {
    let (status, _) = get(server, "/health").await;
    assert_eq!(status, 200, "after {}", case.address);
    let address = format!("{}/ws/control", server.https);
    let mut control = Client::connect(server, &address, None).await;
    let told = control.receive().await;
    assert_eq!(told["type"], "streams", "{told}");
    control.close().await;
}
