//! What is said: everything that a client can do wrong.

use serde_json::json;

use super::Case;
use super::wire::handshake;
use crate::support::captures;
use crate::support::client::{chunk_message, generation_message, hello_message};
use crate::support::random::Random;

/// How a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With a close frame.
    Closed,
    /// The client says nothing more, and listens on.
    HalfClosed,
}

/// One thing that is said.
pub(super) struct Move {
    pub(super) name: &'static str,
    pub(super) pieces: Vec<Vec<u8>>,
    /// What every route does about it.
    pub(super) fault: Option<u16>,
}

/// One conversation.
pub(super) struct Script {
    /// What goes out, each piece by itself.
    pub(super) pieces: Vec<Vec<u8>>,
    /// What the pieces are, for whoever reads why a test fails.
    pub(super) names: Vec<&'static str>,
    /// The codes with which it closes.
    pub(super) closes: Vec<u16>,
    /// With which the server has to close it, where nothing that is said means anything to it.
    pub(super) fault: Option<u16>,
    pub(super) end: End,
}

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Many conversations do not spend the test's time on the largest messages; each route is sent one
/// of them by itself.
const MAX_SENT_BYTES: usize = 1 << 20;

fn frame(is_last: bool, kind: u8, payload: &[u8]) -> Vec<u8> {
    let last = if is_last { 0x80 } else { 0 };
    announced(last | kind, payload.len() as u64, payload)
}

/// A masked frame that says it has so many bytes. The mask changes nothing.
fn announced(first: u8, length: u64, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match length {
        0..=125 => frame.push(0x80 | length as u8),
        126..=0xFFFF => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

impl Script {
    pub(super) fn new(random: &mut Random, max_bytes: usize, speaks_v1: bool) -> Self {
        let end = if random.once_in(2) { End::Closed } else { End::HalfClosed };
        let mut script = Self::silent(end);
        if speaks_v1 && !random.once_in(4) {
            script.mutated_recording(random);
        }
        for _ in 0..=random.below(4) {
            script.add(one(random, max_bytes));
        }
        let code = *random.pick(&[1000_u16, 1001, 1008, 3000, 4000, 4999]);
        if end == End::Closed {
            script.names.push("close");
            script.closes.push(code);
            script.pieces.push(frame(true, CLOSE, &[&code.to_be_bytes()[..], b"over"].concat()));
            // Behind it nothing counts.
            script.pieces.push(frame(true, TEXT, b"{}"));
        }
        script
    }

    fn silent(end: End) -> Self {
        Self { pieces: Vec::new(), names: Vec::new(), closes: Vec::new(), fault: None, end }
    }

    /// One thing, after which the client says no more.
    pub(super) fn of(one: Move) -> Self {
        let mut script = Self::silent(End::HalfClosed);
        script.add(one);
        script
    }

    /// The first that is wrong ends it.
    fn add(&mut self, one: Move) {
        self.names.push(one.name);
        self.pieces.extend(one.pieces);
        self.fault = self.fault.or(one.fault);
    }

    /// A recording of a browser, of which something is missing, twice, elsewhere or altered.
    fn mutated_recording(&mut self, random: &mut Random) {
        let all = captures::all();
        let capture = random.pick(&all).clone();
        let session = format!("session-{:08}", random.below(10_000));
        let mut hello = hello_message(&session);
        hello["device"] = json!("fuzzing-device");
        let mut messages = vec![
            (TEXT, hello.to_string().into_bytes()),
            (TEXT, generation_message(0, &capture.mime).to_string().into_bytes()),
        ];
        let mut position = 0;
        for chunk in capture.stream.chunks(20_000).take(4) {
            messages.push((BINARY, chunk_message(0, position, chunk)));
            position += chunk.len() as u64;
        }
        let end = json!({ "type": "generation_end", "generation": 0, "bytes": position });
        let stop =
            json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": position }] });
        messages.extend([end, stop].map(|message| (TEXT, message.to_string().into_bytes())));
        for _ in 0..=random.below(3) {
            let at = random.below(messages.len());
            match random.below(5) {
                0 => drop(messages.remove(at)),
                1 => messages.insert(at, messages[at].clone()),
                2 => messages.swap(at, 0),
                3 => {
                    let length = random.below(messages[at].1.len().max(1));
                    messages[at].1.truncate(length);
                }
                _ => {
                    let byte = random.below(messages[at].1.len().max(1));
                    // Texts stay such.
                    let bits = if messages[at].0 == TEXT { 0x01 } else { 0xFF };
                    messages[at].1.get_mut(byte).into_iter().for_each(|byte| *byte ^= bits);
                }
            }
        }
        self.names.push("a mutated recording");
        self.pieces.extend(messages.iter().map(|(kind, payload)| frame(true, *kind, payload)));
    }
}

fn harmless(name: &'static str, pieces: Vec<Vec<u8>>) -> Move {
    Move { name, pieces, fault: None }
}

/// What no route takes (RFC 6455 sections 5 and 7.4.1).
pub(super) fn broken(max_bytes: usize) -> Vec<Move> {
    let with = |fault, name, pieces| Move { name, pieces, fault: Some(fault) };
    let alone = |fault, name, piece| with(fault, name, vec![piece]);
    let mut all = vec![
        alone(1009, "above the limit", announced(0x82, max_bytes as u64 + 1, &[1; 100])),
        alone(1009, "a huge length", announced(0x82, u64::MAX >> 1, &[0; 100])),
        alone(1002, "a stray piece", frame(true, CONTINUATION, b"of nothing")),
        with(
            1002,
            "a message in a message",
            vec![frame(false, TEXT, b"{"), frame(true, TEXT, b"}")],
        ),
        alone(1007, "no UTF-8", frame(true, TEXT, &[0xFF, 0xFE, 0xC0, 0x80])),
        alone(1002, "a long ping", frame(true, PING, &[0; 126])),
        alone(1002, "a ping in pieces", frame(false, PING, b"a")),
        alone(1002, "a frame without a mask", vec![0x81, 2, b'{', b'}']),
        alone(1007, "a close with no UTF-8", frame(true, CLOSE, &[0x03, 0xE8, 0xFF])),
    ];
    let kinds = [3_u8, 7, 11, 15].map(|kind| ("a kind that is none", kind));
    for (name, kind) in kinds.into_iter().chain([0x41, 0x72].map(|bits| ("odd bits", bits))) {
        all.push(alone(1002, name, announced(0x80 | kind, 2, b"ab")));
    }
    for payload in [&[0][..], &[0x03, 0xED], &[0, 0]] {
        all.push(alone(1002, "a close that is none", frame(true, CLOSE, payload)));
    }
    all
}

/// More in pieces than a message may have, and exactly as much in one.
pub(super) fn large(max_bytes: usize) -> [Move; 2] {
    let piece = vec![b' '; max_bytes / 2];
    let pieces = vec![
        frame(false, BINARY, &piece),
        frame(true, PING, b"between"),
        frame(false, CONTINUATION, &piece),
        frame(true, CONTINUATION, b"more"),
    ];
    let above = Move { name: "above the limit in pieces", pieces, fault: Some(1009) };
    [above, harmless("at the limit", vec![frame(true, BINARY, &vec![1; max_bytes])])]
}

/// Messages that mean nothing to anybody.
pub(super) fn meaningless() -> Vec<Move> {
    let text = |name, text: &[u8]| harmless(name, vec![frame(true, TEXT, text)]);
    vec![
        text("no JSON", b"{\"type\":"),
        text("another JSON", b"[[[{\"type\":5}]]]"),
        text("deep JSON", "[".repeat(4000).as_bytes()),
        text("an empty text", b""),
        harmless("noise", vec![frame(true, BINARY, &[0xFF; 4000])]),
    ]
}

/// One thing that is wrong, or odd.
fn one(random: &mut Random, max_bytes: usize) -> Move {
    let limit = max_bytes.min(MAX_SENT_BYTES);
    let take = |all: Vec<Move>, random: &mut Random| {
        let at = random.below(all.len());
        all.into_iter().nth(at).expect("one of them")
    };
    match random.below(10) {
        0 | 1 => take(meaningless(), random),
        2 => harmless("odd members", vec![frame(true, TEXT, odd_message(random).as_bytes())]),
        3 => {
            let length = random.below(300);
            harmless("binary", vec![frame(true, BINARY, &random.bytes(length))])
        }
        4 => harmless("nothing", vec![frame(true, BINARY, b""), frame(true, TEXT, b"")]),
        5 => harmless("large", vec![frame(true, BINARY, &vec![1; limit])]),
        6 => {
            let piece = vec![b' '; limit / 3];
            let first = frame(false, TEXT, &piece);
            let more = frame(false, CONTINUATION, &piece);
            let ping = frame(true, PING, b"between");
            let last = frame(true, CONTINUATION, b"");
            harmless("pieces", vec![first, ping, more.clone(), more, last])
        }
        7 => {
            let kinds = [PING, PONG];
            let pings = (0..20).map(|_| frame(true, *random.pick(&kinds), b"still there?"));
            harmless("pings and pongs", pings.collect())
        }
        _ => take(broken(max_bytes), random),
    }
}

/// A message that every socket could take for one of its own.
fn odd_message(random: &mut Random) -> String {
    let kinds = ["hello", "device", "command", "result", "generation", "stop", "event", "clock"];
    let odd = [json!(null), json!(-1), json!(1e300), json!([]), json!({}), json!("x".repeat(300))];
    let mut message = json!({ "type": random.pick(&kinds) });
    for name in ["id", "device", "session", "generation", "to", "do", "generations", "at_ms"] {
        if random.once_in(2) {
            message[name] = random.pick(&odd).clone();
        }
    }
    message.to_string()
}

/// A request that is nearly one for a WebSocket.
pub(super) fn broken_handshake(random: &mut Random, host: &str, case: &Case) -> Vec<u8> {
    let whole = handshake(host, case).replace("connection: upgrade", "connection: upgrade, close");
    let broken = match random.below(6) {
        0 => whole.replace("sec-websocket-version: 13", "sec-websocket-version: 12"),
        1 => whole.replace("sec-websocket-key", "sec-websocket-lock"),
        2 => whole.replace("upgrade: websocket", "upgrade: h2c"),
        3 => whole.replace("connection: upgrade, close", "connection: close"),
        4 => whole.replacen("GET ", "DELETE ", 1),
        _ => whole.replace("sec-websocket-version: 13\r\n", ""),
    };
    broken.into_bytes()
}
