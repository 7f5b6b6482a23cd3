//! What the requests of a device and its session leave for each other, without the waiting.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::frames::Frames;
use crate::live::socket::Ended;

/// Longer than a GET waits and a round trip takes; the same as of a WebSocket.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Acknowledgements come up to four times a second: a device this far behind never asks for them.
const MAX_HELD_MESSAGES: usize = 256;

/// A message to the device, as the answer to a GET holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = IngestMessage)]
pub(in super::super::super) struct Message {
    pub(super) number: u64,
    pub(super) text: String,
}

/// The last word of the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = IngestClose)]
pub(in super::super::super) struct Close {
    pub(super) code: u16,
    pub(super) reason: String,
}

/// The answer to a GET.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = IngestSaid)]
pub(in super::super::super) struct Said {
    pub(super) messages: Vec<Message>,
    pub(super) close: Option<Close>,
}

/// What the session reads.
#[derive(Debug)]
pub(super) enum Heard {
    Frames(Frames),
    /// The device is there, and says nothing.
    Sign,
}

/// Why a request gets nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The connection has ended.
    Over,
    /// A POST before this one is missing.
    Ahead,
    /// The device has asked again, so nobody waits for this answer.
    Superseded,
    /// The session takes nothing at the moment.
    Busy,
}

/// The right of one POST to bring the next frames.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    seq: u64,
    post: u64,
}

#[derive(Debug)]
pub(super) struct Talk {
    /// The number of the POST that comes next.
    next_seq: u64,
    /// Counts the POSTs that could be the next one; only the newest of them goes on.
    posts: u64,
    /// What a POST brought and the session has not taken.
    offered: Option<Frames>,
    /// Counts the GETs; only the newest goes on.
    gets: u64,
    /// What the device has not let go.
    held: VecDeque<Message>,
    last_number: u64,
    close: Option<Close>,
    is_close_read: bool,
    /// The device said goodbye.
    has_left: bool,
    /// The session reads and says no more.
    is_over: bool,
    under_way: usize,
    last_request: Instant,
    /// Whether there was a request since the session asked for a sign of life.
    is_heard: bool,
    owes_sign: bool,
}

/// What requests do.
impl Talk {
    pub(super) fn new() -> Self {
        Self {
            next_seq: 0,
            posts: 0,
            offered: None,
            gets: 0,
            held: VecDeque::new(),
            last_number: 0,
            close: None,
            is_close_read: false,
            has_left: false,
            is_over: false,
            under_way: 0,
            last_request: Instant::now(),
            is_heard: true,
            owes_sign: false,
        }
    }

    pub(super) fn begin_request(&mut self) {
        self.under_way += 1;
        self.is_heard = true;
    }

    pub(super) fn end_request(&mut self) {
        self.under_way -= 1;
        self.last_request = Instant::now();
        self.is_heard = true;
    }

    /// The place of the POST with this number, `None` when it has been taken already.
    pub(super) fn place(&mut self, seq: u64) -> Result<Option<Place>, Refusal> {
        if seq < self.next_seq {
            return Ok(None);
        }
        if self.has_ended() {
            return Err(Refusal::Over);
        }
        if seq > self.next_seq {
            return Err(Refusal::Ahead);
        }
        // Whoever posts a number again has given up the request before.
        self.posts += 1;
        self.offered = None;
        Ok(Some(Place { seq, post: self.posts }))
    }

    pub(super) fn holds(&self, place: Place) -> bool {
        self.posts == place.post && self.next_seq == place.seq
    }

    pub(super) fn offer(&mut self, place: Place, frames: Frames) {
        if self.holds(place) {
            self.offered = Some(frames);
        }
    }

    /// What has become of a POST; `None` while it waits.
    pub(super) fn settled(&self, place: Place) -> Option<Result<(), Refusal>> {
        if self.next_seq > place.seq {
            Some(Ok(()))
        } else if self.posts != place.post {
            Some(Err(Refusal::Superseded))
        } else if self.has_ended() {
            Some(Err(Refusal::Over))
        } else {
            None
        }
    }

    /// From here on the session cannot take what this POST brought.
    pub(super) fn withdraw(&mut self, place: Place) -> Result<(), Refusal> {
        if self.holds(place) {
            self.offered = None;
        }
        self.settled(place).unwrap_or(Err(Refusal::Busy))
    }

    /// Begins a GET, and lets go of what the device has.
    pub(super) fn ask(&mut self, after: u64) -> u64 {
        self.held.retain(|message| message.number > after);
        self.gets += 1;
        self.gets
    }

    /// The answer to a GET; `None` while there is nothing to say.
    pub(super) fn answer(&mut self, get: u64) -> Option<Result<Said, Refusal>> {
        if get != self.gets {
            return Some(Err(Refusal::Superseded));
        }
        if self.close.is_none() && self.has_ended() {
            return Some(Err(Refusal::Over));
        }
        self.is_close_read |= self.close.is_some();
        let said =
            Said { messages: self.held.iter().cloned().collect(), close: self.close.clone() };
        (said != Said::default()).then_some(Ok(said))
    }

    pub(super) fn leave(&mut self) {
        self.has_left = true;
    }

    fn has_ended(&self) -> bool {
        self.is_over || self.has_left || self.close.is_some()
    }
}

/// What the session does.
impl Talk {
    /// What comes next; `None` while there is nothing.
    pub(super) fn hear(&mut self) -> Option<Result<Heard, Ended>> {
        if let Some(frames) = self.offered.take() {
            self.next_seq += 1;
            return Some(Ok(Heard::Frames(frames)));
        }
        if self.has_left {
            return Some(Err(Ended::Closed));
        }
        std::mem::take(&mut self.owes_sign).then_some(Ok(Heard::Sign))
    }

    /// When the device counts as gone, unless a request comes before.
    pub(super) fn idle_at(&self) -> Instant {
        let since = if self.under_way > 0 { Instant::now() } else { self.last_request };
        since + IDLE_TIMEOUT
    }

    pub(super) fn hold(&mut self, text: String) -> Result<(), Ended> {
        if self.has_left || self.held.len() >= MAX_HELD_MESSAGES {
            return Err(Ended::Closed);
        }
        self.last_number += 1;
        self.held.push_back(Message { number: self.last_number, text });
        Ok(())
    }

    /// Answers with what requests have shown since the last time.
    pub(super) fn ping(&mut self) {
        self.owes_sign |= self.is_heard || self.under_way > 0;
        self.is_heard = false;
    }

    pub(super) fn close(&mut self, code: u16, reason: String) {
        self.close = Some(Close { code, reason });
    }

    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Whether there is a last word that the device has asked for.
    pub(super) fn is_close_read(&self) -> bool {
        self.is_close_read
    }

    /// Whether the device will learn nothing more of the connection's end.
    pub(super) fn is_settled(&self) -> bool {
        self.has_left || self.is_close_read || self.close.is_none()
    }
}
