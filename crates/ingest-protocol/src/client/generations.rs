//! The books of the generations: what the encoder has handed over, what the server has of it, and
//! what of it is to be sent next.

use super::generation::Generation;
use super::heard::Standing;
use super::{ClientOutput, GenerationStart, RestoredGeneration, View};
use crate::message::{ErrorCode, GenerationEnd, GenerationMessage, Held};

/// A hello is one message, so it has an end. What is not mentioned is delivered all the same.
const MAX_HOLDS: usize = 2000;

/// Clock readings of a generation are at least this far apart.
const CLOCK_MS: i64 = 10_000;

#[derive(Debug, Default)]
pub(super) struct Generations {
    all: Vec<Generation>,
    /// The generations before this one have been announced on this connection.
    announced: usize,
    /// Of the generations before this one nothing is left to say or to hear on this connection.
    settled: usize,
}

impl Generations {
    pub(super) fn begin(&mut self, start: GenerationStart) -> u32 {
        self.all.push(Generation::new(start));
        (self.all.len() - 1) as u32
    }

    pub(super) fn restore(&mut self, restored: &RestoredGeneration) {
        self.all.push(Generation {
            total: restored.end.max(restored.first),
            durable: restored.first,
            is_ended: restored.ended,
            is_restored: true,
            ..Generation::new(restored.start.clone())
        });
    }

    /// Whether more bytes of it are of any use.
    pub(super) fn wants(&self, number: u32) -> bool {
        self.get(number).is_some_and(|generation| !generation.is_ended && !generation.is_refused())
    }

    pub(super) fn appended(&mut self, number: u32, bytes: u64) {
        if self.wants(number)
            && let Some(generation) = self.get_mut(number)
        {
            generation.total = generation.total.saturating_add(bytes);
        }
    }

    pub(super) fn end(&mut self, number: u32) {
        if let Some(generation) = self.get_mut(number) {
            generation.is_ended = true;
        }
    }

    pub(super) fn end_all(&mut self) {
        self.all.iter_mut().for_each(|generation| generation.is_ended = true);
    }

    /// Whether a clock reading is one that the server wants.
    pub(super) fn takes_clock(&mut self, number: u32, end: u64, at_ms: i64) -> bool {
        let Some(generation) = self.get_mut(number) else { return false };
        let is_early =
            generation.clock_ms.is_some_and(|last_ms| at_ms < last_ms.saturating_add(CLOCK_MS));
        if is_early || generation.is_refused() || end > generation.total {
            return false;
        }
        generation.clock_ms = Some(at_ms);
        true
    }

    /// What can still be delivered, for the hello.
    pub(super) fn holds(&self) -> Vec<Held> {
        // The server is asked again for one that another server had lost.
        let held = self.numbered().filter(|(_, generation)| {
            generation.refusal != Some(ErrorCode::BadStream)
                && generation.durable < generation.total
        });
        let held = held.map(|(number, generation)| Held {
            generation: number,
            first: generation.durable,
            end: generation.total,
        });
        held.take(MAX_HOLDS).collect()
    }

    /// A connection begins: where its server stands. What it does not mention it does not have.
    pub(super) fn welcomed(&mut self, positions: &[Standing]) -> Vec<ClientOutput> {
        let mut standings = vec![None; self.all.len()];
        for position in positions {
            if let Some(standing) = standings.get_mut(position.generation as usize) {
                *standing = Some(*position);
            }
        }
        self.announced = 0;
        self.settled = 0;
        let all = self.all.iter_mut().zip(standings).zip(0..);
        all.flat_map(|((generation, standing), number)| generation.welcomed(number, standing))
            .collect()
    }

    pub(super) fn acknowledged(
        &mut self,
        number: u32,
        received: u64,
        durable: u64,
    ) -> Option<ClientOutput> {
        self.get_mut(number)?.learn(number, received, durable)
    }

    /// The server says that it takes no more of it.
    pub(super) fn refused(
        &mut self,
        number: u32,
        code: ErrorCode,
        message: String,
    ) -> Option<ClientOutput> {
        let generation = self.get_mut(number)?;
        generation.is_closed = true;
        generation.refuse(number, code, message)
    }

    /// The session is complete on the server's disk. `is_all`: with everything that was handed
    /// over, else with what the server is known to have received.
    pub(super) fn finished(&mut self, is_all: bool) -> Vec<ClientOutput> {
        let complete = self.all.iter_mut().zip(0..).filter(|(generation, _)| {
            !generation.is_refused() && (is_all || generation.received == generation.total)
        });
        let forgotten = complete.filter_map(|(generation, number)| {
            generation.sent = generation.total;
            generation.learn(number, generation.total, generation.total)
        });
        forgotten.collect()
    }

    /// The next generation that this connection has to hear of. Numbers have no holes: one of
    /// which nothing can be sent is announced all the same.
    pub(super) fn announcement(&mut self) -> Option<GenerationMessage> {
        self.settle();
        while self.all.get(self.announced)?.is_announced {
            self.announced += 1;
        }
        let number = self.announced as u32;
        let generation = &mut self.all[self.announced];
        generation.is_announced = true;
        let start = generation.start.clone();
        Some(GenerationMessage {
            generation: number,
            mime: start.mime,
            started_ms: start.started_ms,
            offset_ms: start.offset_ms,
            reason: start.reason,
        })
    }

    /// The next generation of which everything has been sent.
    pub(super) fn ending(&mut self) -> Option<GenerationEnd> {
        let (number, generation) = self.unsettled().find(|(_, generation)| {
            let is_over = generation.is_ended || generation.is_refused();
            is_over && !generation.is_closed && generation.sent >= generation.length()
        })?;
        generation.is_closed = true;
        Some(GenerationEnd { generation: number, bytes: generation.length() })
    }

    /// The lengths for the stop, once nothing else is left to send.
    pub(super) fn lengths(&self) -> Option<Vec<GenerationEnd>> {
        let lengths = self.numbered().map(|(generation, known)| {
            known.is_closed.then(|| GenerationEnd { generation, bytes: known.length() })
        });
        lengths.collect()
    }

    /// The next bytes to send: of the newest generation, so that what happens now arrives first,
    /// else of the oldest one that has any. `stop_at`: where something has to be said behind a
    /// position.
    pub(super) fn chunk(
        &mut self,
        credit: u64,
        payload_bytes: u64,
        stop_at: impl Fn(u32, u64) -> Option<u64>,
    ) -> Option<(u32, u64, u64)> {
        let room = credit.saturating_sub(self.outstanding()).min(payload_bytes);
        if room == 0 {
            return None;
        }
        let newest = self.all.len().checked_sub(1)?;
        let oldest = self.settled + self.all[self.settled..].iter().position(Generation::waits)?;
        let number = if self.all[newest].waits() { newest } else { oldest };
        let generation = &mut self.all[number];
        let position = generation.sent;
        let end = stop_at(number as u32, position).unwrap_or(u64::MAX).min(generation.total);
        let length = room.min(end - position);
        generation.sent += length;
        Some((number as u32, position, length))
    }

    /// Bytes on their way, or with a server that cannot vouch for them yet.
    pub(super) fn outstanding(&self) -> u64 {
        let counted = self.all[self.settled..].iter().filter(|generation| !generation.is_refused());
        let waiting = counted.map(|generation| generation.sent.saturating_sub(generation.durable));
        waiting.fold(0, u64::saturating_add)
    }

    /// How far it has been sent; `None` where no more of it is.
    pub(super) fn sent(&self, number: u32) -> Option<u64> {
        let generation = self.get(number).filter(|generation| !generation.is_closed)?;
        (!generation.is_refused()).then_some(generation.sent)
    }

    pub(super) fn view(&self) -> View {
        let mut view = View::default();
        for generation in &self.all {
            view.total_bytes = view.total_bytes.saturating_add(generation.total);
            view.durable_bytes = view.durable_bytes.saturating_add(generation.durable);
            if generation.is_refused() {
                let lost = generation.total - generation.durable;
                view.refused_bytes = view.refused_bytes.saturating_add(lost);
            }
            let sent = generation.sent.max(generation.durable).min(generation.total);
            view.sent_bytes = view.sent_bytes.saturating_add(sent);
        }
        view
    }

    fn settle(&mut self) {
        while self.all.get(self.settled).is_some_and(Generation::is_settled) {
            self.settled += 1;
        }
    }

    fn get(&self, number: u32) -> Option<&Generation> {
        self.all.get(number as usize)
    }

    fn get_mut(&mut self, number: u32) -> Option<&mut Generation> {
        self.all.get_mut(number as usize)
    }

    fn numbered(&self) -> impl Iterator<Item = (u32, &Generation)> {
        (0..).zip(&self.all)
    }

    fn unsettled(&mut self) -> impl Iterator<Item = (u32, &mut Generation)> {
        (self.settled as u32..).zip(&mut self.all[self.settled..])
    }
}
