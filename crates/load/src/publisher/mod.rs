//! Those who send.

pub(crate) mod raw;
pub(crate) mod v1;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::connection::Line;
use crate::media::Media;

/// What all publishers of a run do.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) line: Line,
    /// When the first second of media begins, for everybody.
    pub(crate) start: Instant,
    pub(crate) length: Duration,
    /// Between two chunks of the encoder.
    pub(crate) interval: Duration,
    /// How many publishers there are, over whom the interval is spread.
    pub(crate) publishers: usize,
    /// When each connection is cut and for how long, from `start`.
    pub(crate) away: Option<(Duration, Duration)>,
    /// How long behind the end the server may take for what it still owes.
    pub(crate) patience: Duration,
}

/// One publisher: its number, what it sends, and when its chunks were handed over.
#[derive(Debug, Clone)]
pub(crate) struct Publisher {
    pub(crate) number: u32,
    pub(crate) media: Media,
    pub(crate) handed: Arc<Handed>,
}

/// When the encoder handed over each of its chunks.
#[derive(Debug)]
pub(crate) struct Handed {
    interval_ms: u64,
    /// From the start of the run; zero before it happens.
    at_us: Vec<AtomicU64>,
}

/// An acknowledgement: when it came behind the start of the run, and how long it took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Acknowledged {
    pub(crate) at: Duration,
    pub(crate) after: Duration,
}

/// What became of a publisher.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) number: u32,
    /// Milliseconds of media that were handed over.
    pub(crate) media_ms: u64,
    /// Media alone, without the protocol's own.
    pub(crate) sent_bytes: u64,
    pub(crate) acknowledged: Vec<Acknowledged>,
    pub(crate) reconnects: u32,
    /// Why it did not end as it should.
    pub(crate) trouble: Option<String>,
}

impl Plan {
    pub(crate) fn chunks(&self) -> u64 {
        (self.length.as_millis() / self.interval.as_millis().max(1)) as u64
    }

    /// When this publisher hands over its chunk of this number.
    pub(crate) fn due(&self, publisher: u32, chunk: u64) -> Instant {
        let phase = self.interval * publisher / self.publishers.max(1) as u32;
        self.start + phase + self.interval * (chunk + 1) as u32
    }

    pub(crate) fn media_ms(&self, chunk: u64) -> u64 {
        (chunk + 1) * self.interval.as_millis() as u64
    }
}

impl Handed {
    pub(crate) fn new(plan: &Plan) -> Self {
        let at_us = (0..plan.chunks()).map(|_| AtomicU64::new(0)).collect();
        Self { interval_ms: plan.interval.as_millis() as u64, at_us }
    }

    fn now(&self, chunk: u64, start: Instant) {
        if let Some(at) = self.at_us.get(chunk as usize) {
            at.store(start.elapsed().as_micros() as u64, Ordering::Relaxed);
        }
    }

    /// When the chunk with the sample that ends at this time was handed over.
    pub(crate) fn at(&self, media_end_ms: u64) -> Option<Duration> {
        let chunk = media_end_ms.saturating_sub(1) / self.interval_ms.max(1);
        let at_us = self.at_us.get(chunk as usize)?.load(Ordering::Relaxed);
        (at_us > 0).then(|| Duration::from_micros(at_us))
    }
}
