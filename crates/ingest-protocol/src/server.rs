use std::collections::BTreeMap;

use bytes::Bytes;

use crate::chunk::Chunk;
use crate::message::{
    ClockMessage, DeviceMessage, ErrorCode, EventMessage, GenerationEnd, GenerationMessage, Held,
    Hello, Position,
};

/// Ids end up in messages and file contents, so their alphabet is narrow.
const ID_LENGTHS: std::ops::RangeInclusive<usize> = 8..=64;

/// A day of switching cameras every ten seconds.
const MAX_GENERATIONS: u32 = 10_000;

/// The longest text kept of what a device says for people to read.
const MAX_TEXT_CHARS: usize = 200;

/// What the owner of the connection must do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Find or make the session, then call [`Server::welcome`].
    Open(Hello),
    /// A generation begins or is mentioned again.
    Begin(GenerationMessage),
    /// The next bytes of a generation, without holes and without repetition.
    Media {
        #[allow(missing_docs)]
        generation: u32,
        #[allow(missing_docs)]
        bytes: Bytes,
    },
    /// Every byte of the generation has arrived.
    End {
        #[allow(missing_docs)]
        generation: u32,
    },
    /// Note it in the session.
    Event(EventMessage),
    /// How far the encoder had come at a moment.
    Clock(ClockMessage),
    /// Every byte of every generation has arrived and the session is over.
    Stop,
    /// Tell the device; where the code has a close code, close.
    Fail {
        #[allow(missing_docs)]
        code: ErrorCode,
        #[allow(missing_docs)]
        message: String,
        #[allow(missing_docs)]
        generation: Option<u32>,
    },
}

/// The server's end of one connection.
#[derive(Debug, Default)]
pub struct Server {
    greeted: bool,
    welcomed: bool,
    failed: bool,
    holds: Vec<Held>,
    generations: BTreeMap<u32, Generation>,
    stopping: Option<Vec<GenerationEnd>>,
}

#[derive(Debug, Default)]
struct Generation {
    begun: bool,
    received: u64,
    length: Option<u64>,
    ended: bool,
    given_up: bool,
}

impl Server {
    /// A connection on which nothing was said yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the device that said hello has let go of bytes: some server has acknowledged them.
    /// A generation of which it holds nothing any more is not named.
    #[must_use]
    pub fn has_let_go(&self) -> bool {
        let named = self.holds.len() as u64;
        let newest = self.holds.iter().map(|held| u64::from(held.generation)).max();
        newest.is_some_and(|newest| newest >= named) || self.holds.iter().any(|held| held.first > 0)
    }

    /// Where the session stands that [`Output::Open`] asked for. Messages that follow count from
    /// there. What comes out belongs behind the welcome.
    pub fn welcome(&mut self, positions: &[Position]) -> Vec<Output> {
        self.welcomed = true;
        for position in positions {
            let generation = self.generations.entry(position.generation).or_default();
            generation.begun = true;
            generation.received = position.received;
            generation.ended = position.ended;
        }
        let holds = std::mem::take(&mut self.holds);
        holds.into_iter().filter_map(|held| self.lost(held)).collect()
    }

    /// Gives up a generation whose missing bytes neither side has.
    fn lost(&mut self, held: Held) -> Option<Output> {
        let number = held.generation;
        let known = self.generations.get(&number);
        let received = known.map_or(0, |generation| generation.received);
        if number >= MAX_GENERATIONS
            || held.first <= received
            || held.first >= held.end
            || known.is_some_and(|generation| generation.ended)
        {
            return None;
        }
        let generation = self.generations.entry(number).or_default();
        generation.given_up = true;
        generation.ended = true;
        let message = format!(
            "bytes {received} to {} of generation {number} are neither on the device nor on the \
             server any more, and what follows them cannot be read alone",
            held.first
        );
        Some(Output::Fail { code: ErrorCode::Lost, message, generation: Some(number) })
    }

    /// The generation's stream is of no use from here on: whatever else comes of it is passed
    /// over, and the next generation may begin.
    pub fn give_up(&mut self, generation: u32) -> Vec<Output> {
        let generation = self.generations.entry(generation).or_default();
        generation.given_up = true;
        generation.ended = true;
        // A stop may have waited for nothing else.
        self.progress()
    }

    /// Bytes of a generation that have arrived.
    #[must_use]
    pub fn received(&self, generation: u32) -> u64 {
        self.generations.get(&generation).map_or(0, |generation| generation.received)
    }

    /// Takes a text message.
    pub fn text(&mut self, text: &str) -> Vec<Output> {
        if self.failed {
            return Vec::new();
        }
        let message = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) => return self.bad(format!("the message is not understood: {error}")),
        };
        match message {
            DeviceMessage::Hello(hello) => self.hello(hello),
            DeviceMessage::Unknown => Vec::new(),
            _ if !self.welcomed => self.bad("the first message must be hello"),
            DeviceMessage::Generation(message) => self.generation(message),
            DeviceMessage::GenerationEnd(end) => {
                let mut outputs = self.length(end);
                outputs.extend(self.progress());
                outputs
            }
            DeviceMessage::Event(mut event) => {
                for text in [&mut event.detail, &mut event.reason].into_iter().flatten() {
                    truncate(text);
                }
                truncate(&mut event.event);
                vec![Output::Event(event)]
            }
            DeviceMessage::Clock(clock) => vec![Output::Clock(clock)],
            DeviceMessage::Stop { generations } => {
                let mut outputs = Vec::new();
                for &end in &generations {
                    outputs.extend(self.length(end));
                }
                if !self.failed {
                    self.stopping = Some(generations);
                    outputs.extend(self.progress());
                }
                outputs
            }
        }
    }

    /// Takes a binary message.
    pub fn binary(&mut self, message: Bytes) -> Vec<Output> {
        if self.failed {
            return Vec::new();
        }
        if !self.welcomed {
            return self.bad("the first message must be hello");
        }
        let chunk = match Chunk::parse(message) {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return Vec::new(),
            Err(problem) => return self.bad(problem),
        };
        let number = chunk.generation;
        let Some(generation) = self.generations.get_mut(&number).filter(|known| known.begun) else {
            return self.bad(format!("generation {number} was not announced"));
        };
        if generation.given_up {
            return Vec::new();
        }
        let Some(known) = generation.received.checked_sub(chunk.position) else {
            let message = format!(
                "bytes {} to {} of generation {number} are missing",
                generation.received, chunk.position
            );
            return self.fail(ErrorCode::Hole, message, Some(number));
        };
        let mut bytes = chunk.payload;
        if known >= bytes.len() as u64 {
            return Vec::new();
        }
        let _duplicate = bytes.split_to(known as usize);
        if generation.ended {
            return self.bad(format!("generation {number} has ended already"));
        }
        generation.received += bytes.len() as u64;
        if generation.length.is_some_and(|length| generation.received > length) {
            return self.bad(format!("generation {number} is longer than announced"));
        }
        let mut outputs = vec![Output::Media { generation: number, bytes }];
        outputs.extend(self.progress());
        outputs
    }

    fn hello(&mut self, mut hello: Hello) -> Vec<Output> {
        if std::mem::replace(&mut self.greeted, true) {
            return self.bad("hello was said already");
        }
        if !is_id(&hello.device) || !is_id(&hello.session) {
            return self.bad("device and session must be 8 to 64 of A-Z a-z 0-9 _ -");
        }
        truncate(&mut hello.name);
        truncate(&mut hello.client);
        self.holds = std::mem::take(&mut hello.holds);
        vec![Output::Open(hello)]
    }

    fn generation(&mut self, mut message: GenerationMessage) -> Vec<Output> {
        if message.generation >= MAX_GENERATIONS {
            return self.bad("a session has at most 10000 generations");
        }
        truncate(&mut message.mime);
        truncate(&mut message.reason);
        self.generations.entry(message.generation).or_default().begun = true;
        vec![Output::Begin(message)]
    }

    fn length(&mut self, end: GenerationEnd) -> Vec<Output> {
        match self.generations.get_mut(&end.generation) {
            None => self.bad(format!("generation {} was not announced", end.generation)),
            Some(generation) if generation.given_up => Vec::new(),
            Some(generation) if generation.received > end.bytes => {
                self.bad(format!("generation {} is longer than announced", end.generation))
            }
            Some(generation) => {
                generation.length = Some(end.bytes);
                Vec::new()
            }
        }
    }

    /// Ends what is complete.
    fn progress(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        for (&number, generation) in &mut self.generations {
            if !generation.ended && generation.length == Some(generation.received) {
                generation.ended = true;
                outputs.push(Output::End { generation: number });
            }
        }
        let complete = |end: &GenerationEnd| {
            self.generations.get(&end.generation).is_some_and(|generation| generation.ended)
        };
        if self.stopping.as_ref().is_some_and(|ends| ends.iter().all(complete)) {
            self.stopping = None;
            outputs.push(Output::Stop);
        }
        outputs
    }

    fn bad(&mut self, message: impl Into<String>) -> Vec<Output> {
        self.fail(ErrorCode::BadMessage, message.into(), None)
    }

    fn fail(&mut self, code: ErrorCode, message: String, generation: Option<u32>) -> Vec<Output> {
        self.failed = true;
        vec![Output::Fail { code, message, generation }]
    }
}

fn is_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    ID_LENGTHS.contains(&id.len()) && id.bytes().all(allowed)
}

/// Bounds a text, and takes from it what would let it look like something else in a log.
fn truncate(text: &mut String) {
    let is_bidi = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    if text.chars().any(|c| c.is_control() || is_bidi(c)) {
        *text = text.chars().map(|c| if c.is_control() || is_bidi(c) { ' ' } else { c }).collect();
    }
    if let Some((at, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
        text.truncate(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn welcomed() -> Server {
        let mut server = Server::new();
        let hello = r#"{"type":"hello","device":"device-1","session":"session-1","started_ms":1,
            "now_ms":2,"something_new":[1]}"#;
        assert!(matches!(&server.text(hello)[..], [Output::Open(_)]));
        server.welcome(&[]);
        server
    }

    fn begin(server: &mut Server, generation: u32) {
        let text = format!(
            r#"{{"type":"generation","generation":{generation},"mime":"video/webm","started_ms":5}}"#
        );
        assert!(matches!(&server.text(&text)[..], [Output::Begin(_)]));
    }

    fn chunk(generation: u32, position: u64, payload: &'static [u8]) -> Bytes {
        Chunk { generation, position, payload: Bytes::from_static(payload) }.encode()
    }

    fn media(outputs: &[Output]) -> Vec<u8> {
        let bytes = outputs.iter().filter_map(|output| match output {
            Output::Media { bytes, .. } => Some(bytes.to_vec()),
            _ => None,
        });
        bytes.flatten().collect()
    }

    fn code(outputs: &[Output]) -> Option<ErrorCode> {
        outputs.iter().find_map(|output| match output {
            Output::Fail { code, .. } => Some(*code),
            _ => None,
        })
    }

    #[test]
    fn duplicates_are_dropped_and_overlaps_trimmed() {
        let mut server = welcomed();
        begin(&mut server, 0);
        assert_eq!(media(&server.binary(chunk(0, 0, b"abcd"))), b"abcd");
        assert_eq!(media(&server.binary(chunk(0, 0, b"abcd"))), b"");
        assert_eq!(media(&server.binary(chunk(0, 2, b"cdef"))), b"ef");
        assert_eq!(server.received(0), 6);
    }

    #[test]
    fn a_hole_is_refused_and_nothing_is_taken() {
        let mut server = welcomed();
        begin(&mut server, 0);
        let outputs = server.binary(chunk(0, 1, b"b"));
        assert_eq!(code(&outputs), Some(ErrorCode::Hole));
        assert_eq!(server.received(0), 0);
        assert_eq!(server.binary(chunk(0, 0, b"a")), []);
    }

    #[test]
    fn stop_waits_for_every_announced_byte() {
        let mut server = welcomed();
        begin(&mut server, 0);
        let stop = r#"{"type":"stop","generations":[{"generation":0,"bytes":2}]}"#;
        assert_eq!(server.text(stop), []);
        let outputs = server.binary(chunk(0, 0, b"ab"));
        assert_eq!(outputs[1..], [Output::End { generation: 0 }, Output::Stop]);
    }

    #[test]
    fn a_resumed_session_counts_from_where_it_stands() {
        let mut server = Server::new();
        server.text(
            r#"{"type":"hello","device":"device-1","session":"session-1","started_ms":1,"now_ms":2}"#,
        );
        server.welcome(&[Position { generation: 0, received: 3, durable: 1, ended: false }]);
        assert_eq!(media(&server.binary(chunk(0, 1, b"bcd"))), b"d");
    }

    #[test]
    fn a_generation_ends_once() {
        let mut server = welcomed();
        begin(&mut server, 0);
        server.binary(chunk(0, 0, b"ab"));
        server.text(r#"{"type":"generation_end","generation":0,"bytes":2}"#);
        begin(&mut server, 1);
        assert_eq!(code(&server.binary(chunk(0, 2, b"c"))), Some(ErrorCode::BadMessage));
    }

    #[test]
    fn generations_are_independent() {
        let mut server = welcomed();
        begin(&mut server, 0);
        assert_eq!(media(&server.binary(chunk(0, 0, b"ab"))), b"ab");
        begin(&mut server, 1);
        assert_eq!(media(&server.binary(chunk(1, 0, b"x"))), b"x");
        assert_eq!(media(&server.binary(chunk(0, 2, b"c"))), b"c");
    }

    #[test]
    fn what_nobody_has_any_more_is_given_up() {
        let mut server = Server::new();
        server.text(
            r#"{"type":"hello","device":"device-1","session":"session-1","started_ms":1,"now_ms":2,
            "holds":[{"generation":0,"first":2,"end":9},{"generation":1,"first":3,"end":9}]}"#,
        );
        let positions = [Position { generation: 0, received: 2, durable: 2, ended: false }];
        let outputs = server.welcome(&positions);
        assert_eq!(code(&outputs), Some(ErrorCode::Lost));
        assert_eq!(outputs.len(), 1);
        begin(&mut server, 1);
        assert_eq!(media(&server.binary(chunk(1, 3, b"x"))), b"");
        assert_eq!(media(&server.binary(chunk(0, 2, b"x"))), b"x");
    }

    #[test]
    fn a_generation_that_is_given_up_is_passed_over() {
        let mut server = welcomed();
        begin(&mut server, 0);
        server.binary(chunk(0, 0, b"ab"));
        assert_eq!(server.give_up(0), []);
        assert_eq!(server.binary(chunk(0, 9, b"x")), []);
        begin(&mut server, 1);
        server.binary(chunk(1, 0, b"c"));
        let stop = r#"{"type":"stop","generations":[{"generation":0,"bytes":1},{"generation":1,"bytes":1}]}"#;
        assert_eq!(server.text(stop), [Output::End { generation: 1 }, Output::Stop]);
    }

    #[test]
    fn a_stop_does_not_wait_for_what_is_given_up() {
        let mut server = welcomed();
        begin(&mut server, 0);
        server.binary(chunk(0, 0, b"ab"));
        server.text(r#"{"type":"stop","generations":[{"generation":0,"bytes":9}]}"#);
        assert_eq!(server.give_up(0), [Output::Stop]);
    }

    #[test]
    fn what_breaks_the_protocol_is_named() {
        for text in ["", "[]", r#"{"type":"generation"}"#, r#"{"type":"stop"}"#] {
            assert_eq!(code(&Server::new().text(text)), Some(ErrorCode::BadMessage), "{text}");
        }
        let bad_id = r#"{"type":"hello","device":"../../x/","session":"session-1","started_ms":1,"now_ms":2}"#;
        assert_eq!(code(&Server::new().text(bad_id)), Some(ErrorCode::BadMessage));
        assert_eq!(code(&Server::new().binary(Bytes::new())), Some(ErrorCode::BadMessage));
        assert_eq!(code(&welcomed().binary(chunk(0, 0, b"a"))), Some(ErrorCode::BadMessage));
        assert_eq!(code(&welcomed().binary(chunk(9, u64::MAX, b"a"))), Some(ErrorCode::BadMessage));
    }

    #[test]
    fn a_name_is_one_line_of_text() {
        let hello = r#"{"type":"hello","device":"device-1","session":"session-1","started_ms":1,
            "now_ms":2,"name":"a\nb\u001b\u202ec"}"#;
        let outputs = Server::new().text(hello);
        assert!(matches!(&outputs[..], [Output::Open(hello)] if hello.name == "a b  c"));
    }

    #[test]
    fn unknown_messages_are_passed_over() {
        let mut server = welcomed();
        assert_eq!(server.text(r#"{"type":"tomorrow","x":1}"#), []);
        let mut other_kind = chunk(0, 0, b"a").to_vec();
        other_kind[0] = 9;
        assert_eq!(server.binary(other_kind.into()), []);
    }
}
