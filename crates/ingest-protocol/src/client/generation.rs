//! The book of one generation.

use super::heard::Standing;
use super::{ClientOutput, GenerationStart};
use crate::message::ErrorCode;

#[derive(Debug)]
pub(super) struct Generation {
    pub(super) start: GenerationStart,
    /// Bytes that the encoder has handed over.
    pub(super) total: u64,
    /// The encoder hands over no more.
    pub(super) is_ended: bool,
    /// Why the server takes no more, though there was more.
    pub(super) refusal: Option<ErrorCode>,
    pub(super) is_refusal_told: bool,
    /// An earlier run of the program may have sent more of it than this one has found.
    pub(super) is_restored: bool,
    /// Bytes that were sent on this connection, or that its server had before.
    pub(super) sent: u64,
    /// What the server of this connection is known to have.
    pub(super) received: u64,
    /// What a server has for good; the owner holds none of it any more.
    pub(super) durable: u64,
    pub(super) clock_ms: Option<i64>,
    /// On this connection.
    pub(super) is_announced: bool,
    /// This connection needs to hear no more of it.
    pub(super) is_closed: bool,
}

impl Generation {
    pub(super) fn new(start: GenerationStart) -> Self {
        Self {
            start,
            total: 0,
            is_ended: false,
            refusal: None,
            is_refusal_told: false,
            is_restored: false,
            sent: 0,
            received: 0,
            durable: 0,
            clock_ms: None,
            is_announced: false,
            is_closed: false,
        }
    }

    /// The length that the server can ever have.
    pub(super) fn length(&self) -> u64 {
        if self.is_refused() { self.received } else { self.total }
    }

    pub(super) fn waits(&self) -> bool {
        self.is_announced && !self.is_closed && !self.is_refused() && self.sent < self.total
    }

    pub(super) fn is_settled(&self) -> bool {
        let is_delivered = self.is_refused() || self.durable == self.total;
        self.is_announced && self.is_closed && is_delivered
    }

    pub(super) fn welcomed(
        &mut self,
        number: u32,
        standing: Option<Standing>,
    ) -> Vec<ClientOutput> {
        let received = standing.map_or(0, |standing| standing.received);
        let durable = standing.map_or(0, |standing| standing.durable);
        if self.refusal == Some(ErrorCode::Lost) {
            // That may have been another server, asked by mistake.
            self.refusal = None;
        }
        if self.is_restored && self.is_ended {
            self.total = self.total.max(received);
        }
        self.is_closed = standing.is_some_and(|standing| standing.is_ended);
        self.sent = received;
        self.received = received;
        let is_complete = self.is_ended && self.durable == self.total;
        let refusal = if received > self.total {
            // Going on at the end of what is here would put other bytes where the server has some.
            let message = format!("the server has more of generation {number} than this device");
            self.refuse(number, ErrorCode::BadStream, message)
        } else if received < self.durable && !(is_complete && self.is_closed) {
            let message = format!(
                "the server has lost the beginning of generation {number}, which is not held here \
                 any more"
            );
            self.refuse(number, ErrorCode::Lost, message)
        } else if self.is_closed && !is_complete && !(self.is_ended && received == self.total) {
            let message = format!("the server takes no more of generation {number}");
            self.refuse(number, ErrorCode::BadStream, message)
        } else {
            None
        };
        // One that the server knows is mentioned again where there is more of it to come.
        let is_all = self.is_closed || self.is_ended && self.sent >= self.length();
        self.is_announced = standing.is_some() && is_all;
        let news = self.learn(number, received, durable);
        [news, refusal].into_iter().flatten().collect()
    }

    /// Believes nothing that cannot be: a server has only what it was sent.
    pub(super) fn learn(
        &mut self,
        number: u32,
        received: u64,
        durable: u64,
    ) -> Option<ClientOutput> {
        if self.is_refused() {
            // That it needs no more of a broken stream does not mean that it has recorded it.
            return None;
        }
        self.received = self.received.max(received.min(self.sent));
        let below = durable.min(self.sent);
        if below <= self.durable {
            return None;
        }
        self.durable = below;
        self.received = self.received.max(below);
        Some(ClientOutput::Forget { generation: number, below })
    }

    pub(super) fn refuse(
        &mut self,
        number: u32,
        code: ErrorCode,
        message: String,
    ) -> Option<ClientOutput> {
        if self.is_refused() {
            return None;
        }
        self.refusal = Some(code);
        self.is_ended = true;
        let is_news = !std::mem::replace(&mut self.is_refusal_told, true);
        is_news.then_some(ClientOutput::Refused { generation: number, code, message })
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refusal.is_some()
    }
}
