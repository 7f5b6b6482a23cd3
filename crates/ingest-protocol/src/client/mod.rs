//! The device's end of the conversation.

mod answers;
mod generation;
mod generations;
mod heard;
mod notes;
mod output;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

pub use output::{
    ClientOutput, GenerationStart, Identity, Over, RestoredGeneration, Summary, View,
};

use crate::chunk::CHUNK_HEADER_BYTES;
use crate::message::{ClockMessage, DeviceMessage, EventMessage, Hello};
use answers::FIRST_CREDIT_BYTES;
use generations::Generations;
use notes::Notes;

/// Acknowledgements and control messages pass in between even on slow Wi-Fi.
const MESSAGE_BYTES: u64 = 64 * 1024;

/// A server that has taken the connection answers within this, or something in between
/// swallowed it.
const WELCOME_MS: i64 = 10_000;

/// A network that went away closes nothing. A server that holds our media says something sooner
/// than this.
const SILENCE_MS: i64 = 15_000;

/// A server that has no room says when it has; should that get lost, it is asked.
const STALLED_MS: i64 = 60_000;

/// The device's end of one session, over as many connections as it takes.
///
/// What happened goes in; after every input [`Client::poll`] says what to do, until it says
/// `None`. Every `now_ms` is the device's clock, in milliseconds since 1970; it never runs
/// backwards. The owner keeps the bytes: it tells how many there are with [`Client::appended`]
/// once they are stored, and frees them when [`ClientOutput::Forget`] says so.
#[derive(Debug)]
pub struct Client {
    identity: Identity,
    state: State,
    generations: Generations,
    notes: Notes,
    /// What is told to the owner, whatever becomes of the connection.
    told: VecDeque<ClientOutput>,
    hello: Option<String>,
    hang_up: Option<String>,
    is_stopping: bool,
    /// On this connection; nothing follows it.
    is_stop_said: bool,
    payload_bytes: u64,
    credit_bytes: u64,
    storage: Option<String>,
    offset_ms: Option<i64>,
    retry_ms: u64,
    addresses: Vec<String>,
    heard_ms: i64,
    /// Since when the server owes an answer.
    owed_since_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Offline,
    Greeting { since_ms: i64 },
    Open,
    Over,
}

impl Client {
    /// A session that begins.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            state: State::Offline,
            generations: Generations::default(),
            notes: Notes::default(),
            told: VecDeque::new(),
            hello: None,
            hang_up: None,
            is_stopping: false,
            is_stop_said: false,
            payload_bytes: MESSAGE_BYTES - CHUNK_HEADER_BYTES as u64,
            credit_bytes: FIRST_CREDIT_BYTES,
            storage: None,
            offset_ms: None,
            retry_ms: 0,
            addresses: Vec::new(),
            heard_ms: 0,
            owed_since_ms: None,
        }
    }

    /// A session that an earlier run of the program left behind: every generation by number, with
    /// the bytes that are still held, and every event that was noted. Clock readings may follow
    /// through [`Client::clock`]. `stopped`: the person had pressed Stop.
    #[must_use]
    pub fn restore(
        identity: Identity,
        generations: &[RestoredGeneration],
        events: Vec<EventMessage>,
        stopped: bool,
    ) -> Self {
        let mut client = Self::new(identity);
        generations.iter().for_each(|restored| client.generations.restore(restored));
        events.into_iter().for_each(|event| client.event(event));
        if stopped {
            client.stop();
        }
        client
    }

    /// A connection is there.
    pub fn connected(&mut self, now_ms: i64) {
        if self.state == State::Over {
            return;
        }
        self.disconnected();
        self.state = State::Greeting { since_ms: now_ms };
        self.heard_ms = now_ms;
        let Identity { device, key, name, session, started_ms, client } = self.identity.clone();
        let holds = self.generations.holds();
        let hello = Hello { device, key, name, session, started_ms, now_ms, client, holds };
        self.hello = Some(text(&DeviceMessage::Hello(hello)));
    }

    /// The connection is gone. What was to be said on it is said again on the next one.
    pub fn disconnected(&mut self) {
        if self.state != State::Over {
            self.state = State::Offline;
        }
        self.told.retain(|output| *output != ClientOutput::Welcomed);
        self.hello = None;
        self.hang_up = None;
        self.is_stop_said = false;
        self.owed_since_ms = None;
    }

    /// A text message has come.
    pub fn text(&mut self, text: &str, now_ms: i64) {
        if matches!(self.state, State::Offline | State::Over) {
            return;
        }
        self.heard(now_ms);
        self.answered(text, now_ms);
    }

    /// Something has come that is no text message, such as a ping: the server is there.
    pub fn heard(&mut self, now_ms: i64) {
        self.heard_ms = now_ms;
        self.owed_since_ms = None;
    }

    /// The encoder begins the next generation. Those before it may have bytes waiting, and end
    /// whenever the owner says so. After a stop there is none to begin: it ends empty.
    pub fn begin(&mut self, start: GenerationStart) -> u32 {
        let generation = self.generations.begin(start);
        if self.is_stopping {
            self.generations.end(generation);
        }
        generation
    }

    /// Whether more bytes of the generation are of any use: not after its end, and not where the
    /// server takes no more.
    #[must_use]
    pub fn wants(&self, generation: u32) -> bool {
        self.state != State::Over && self.generations.wants(generation)
    }

    /// So many bytes more of the generation are stored. Passed over where it is not wanted.
    pub fn appended(&mut self, generation: u32, bytes: u64) {
        self.generations.appended(generation, bytes);
    }

    /// The encoder hands over no more of it.
    pub fn end(&mut self, generation: u32) {
        self.generations.end(generation);
    }

    /// Something that the timeline must show.
    pub fn event(&mut self, event: EventMessage) {
        self.notes.event(event);
    }

    /// By `at_ms` the encoder had handed over the first `end` bytes of the generation. One in ten
    /// seconds is said.
    pub fn clock(&mut self, generation: u32, end: u64, at_ms: i64) {
        if self.generations.takes_clock(generation, end, at_ms) {
            self.notes.clock(ClockMessage { generation, end, at_ms });
        }
    }

    /// The person pressed Stop: every generation ends here.
    pub fn stop(&mut self) {
        self.is_stopping = true;
        self.generations.end_all();
    }

    /// The next thing to do. `can_send_media`: whether the connection has room for media now;
    /// everything else is small and goes at any time.
    pub fn poll(&mut self, can_send_media: bool, now_ms: i64) -> Option<ClientOutput> {
        if let Some(output) = self.told.pop_front() {
            return Some(output);
        }
        if self.due_ms().is_some_and(|due_ms| due_ms <= now_ms) && self.is_owed() {
            self.hang_up("the server is silent".to_owned());
        }
        if let Some(reason) = self.hang_up.take() {
            return Some(ClientOutput::HangUp(reason));
        }
        if let Some(hello) = self.hello.take() {
            return Some(ClientOutput::Text(hello));
        }
        if self.state != State::Open || self.is_stop_said {
            return None;
        }
        let output = match self.control() {
            Some(message) => ClientOutput::Text(text(&message)),
            None if can_send_media => self.chunk()?,
            None => return None,
        };
        // Media and a stop are answered; other messages need not be.
        if self.is_stop_said || matches!(output, ClientOutput::Chunk { .. }) {
            self.owed_since_ms.get_or_insert(now_ms);
        }
        Some(output)
    }

    /// When to call [`Client::poll`] even if nothing has happened.
    #[must_use]
    pub fn deadline(&self) -> Option<i64> {
        self.due_ms().filter(|_| self.is_owed())
    }

    /// How much of the session is where.
    #[must_use]
    pub fn view(&self) -> View {
        self.generations.view()
    }

    /// The server's clock minus the device's, as the last welcome showed: for
    /// [`GenerationStart::offset_ms`] of a generation that begins now.
    #[must_use]
    pub fn offset_ms(&self) -> Option<i64> {
        self.offset_ms
    }

    /// How long the server asks to wait before a reconnect.
    #[must_use]
    pub fn retry_ms(&self) -> u64 {
        self.retry_ms
    }

    /// Other origins of the server, from its last welcome.
    #[must_use]
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// When the server has to have said something, if it owes anything.
    fn due_ms(&self) -> Option<i64> {
        match self.state {
            State::Greeting { since_ms } => Some(since_ms.saturating_add(WELCOME_MS)),
            State::Open if self.credit_bytes == 0 => Some(self.heard_ms.saturating_add(STALLED_MS)),
            State::Open => {
                let since_ms = self.heard_ms.max(self.owed_since_ms.unwrap_or(self.heard_ms));
                Some(since_ms.saturating_add(SILENCE_MS))
            }
            State::Offline | State::Over => None,
        }
    }

    fn is_owed(&self) -> bool {
        let has_room = self.state == State::Open && self.credit_bytes > 0;
        !has_room || self.is_stop_said || self.generations.outstanding() > 0
    }

    fn control(&mut self) -> Option<DeviceMessage> {
        if let Some(start) = self.generations.announcement() {
            return Some(DeviceMessage::Generation(start));
        }
        if let Some(note) = self.notes.next(|generation| self.generations.sent(generation)) {
            return Some(note);
        }
        if let Some(end) = self.generations.ending() {
            return Some(DeviceMessage::GenerationEnd(end));
        }
        let generations = self.generations.lengths().filter(|_| self.is_stopping)?;
        self.is_stop_said = true;
        Some(DeviceMessage::Stop { generations })
    }

    fn chunk(&mut self) -> Option<ClientOutput> {
        let notes = &self.notes;
        let stop_at = |generation, from| notes.next_reading(generation, from);
        let (generation, position, length) =
            self.generations.chunk(self.credit_bytes, self.payload_bytes, stop_at)?;
        self.notes.media(generation, position);
        Some(ClientOutput::Chunk { generation, position, length: length as usize })
    }
}

fn text(message: &DeviceMessage) -> String {
    // Nothing in these types can fail to be written.
    serde_json::to_string(message).unwrap_or_default()
}
