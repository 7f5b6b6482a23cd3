//! What waits to be sent to one viewer, in the order in which it is due.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use container::Sample;

/// Some seconds of the largest stream.
const MAX_WAITING: usize = 4000;
const MAX_WAITING_BYTES: usize = 8 << 20;

/// Of what comes in bursts of a second nothing waits longer, unless its times are wrong.
const MAX_AHEAD: Duration = Duration::from_secs(6);

/// A group of pictures goes out at the pace of a slow Wi-Fi: what a socket takes at once is some
/// 100 KB, and what it does not take is lost.
const BURST_BYTES_PER_MS: u32 = 5000;

/// Frames that wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) due: Duration,
    pub(super) at_ns: i64,
    pub(super) track: usize,
    pub(super) data: Payload,
}

/// A frame as the stream has it; all viewers share it.
#[derive(Debug)]
pub(super) enum Payload {
    Sample(Sample),
    /// Sound that has been converted.
    Packet(Bytes),
}

impl Payload {
    fn len(&self) -> usize {
        match self {
            Self::Sample(sample) => sample.data.len(),
            Self::Packet(packet) => packet.len(),
        }
    }
}

impl Queue {
    /// When the next one is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.waiting.front().map(|first| first.due)
    }

    pub(super) fn push(&mut self, new: Waiting) {
        let at = self.waiting.partition_point(|waiting| waiting.due <= new.due);
        self.bytes += new.data.len();
        self.waiting.insert(at, new);
    }

    /// Puts frames in front of all that waits, as fast as the network takes them. Returns
    /// when all of them will have gone.
    pub(super) fn lead(
        &mut self,
        now: Duration,
        group: impl Iterator<Item = (i64, Sample)>,
    ) -> Duration {
        let mut due = now;
        let mut leading = VecDeque::new();
        for (at_ns, sample) in group {
            let bytes = sample.data.len();
            self.bytes += bytes;
            let track = sample.track;
            leading.push_back(Waiting { due, at_ns, track, data: Payload::Sample(sample) });
            due += Duration::from_millis(1) * u32::try_from(bytes).unwrap_or(u32::MAX)
                / BURST_BYTES_PER_MS;
        }
        for waiting in &mut self.waiting {
            waiting.due = waiting.due.max(due);
        }
        leading.append(&mut self.waiting);
        self.waiting = leading;
        due
    }

    /// The next one that is due.
    pub(super) fn pop(&mut self, now: Duration) -> Option<Waiting> {
        let waiting = self.waiting.pop_front_if(|waiting| waiting.due <= now)?;
        self.bytes -= waiting.data.len();
        Some(waiting)
    }

    /// Whether more waits than any stream needs.
    pub(super) fn is_too_long(&self, now: Duration) -> bool {
        let is_ahead = self.waiting.back().is_some_and(|last| last.due > now + MAX_AHEAD);
        self.waiting.len() > MAX_WAITING || is_ahead || self.bytes > MAX_WAITING_BYTES
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn waiting(due_ms: u32, at_ns: i64, bytes: usize) -> Waiting {
        let data = Payload::Packet(vec![0; bytes].into());
        Waiting { due: MS * due_ms, at_ns, track: 0, data }
    }

    fn sample(bytes: usize) -> Sample {
        Sample {
            track: 0,
            dts: 0,
            pts: 0,
            duration: None,
            sync: true,
            data: vec![0; bytes].into(),
            block_extra: Bytes::new(),
        }
    }

    fn order(queue: &mut Queue) -> Vec<i64> {
        std::iter::from_fn(|| queue.pop(MS * 100_000)).map(|waiting| waiting.at_ns).collect()
    }

    #[test]
    fn what_is_due_first_goes_first_and_nothing_before_it_is_due() {
        let mut queue = Queue::default();
        for (due_ms, at_ns) in [(30, 1), (10, 2), (30, 3), (20, 4)] {
            queue.push(waiting(due_ms, at_ns, 1));
        }
        assert_eq!(queue.next_due(), Some(MS * 10));
        assert!(queue.pop(MS * 9).is_none());
        assert_eq!(order(&mut queue), [2, 4, 1, 3]);
        assert_eq!(queue.bytes, 0);
    }

    #[test]
    fn a_group_goes_in_front_at_the_pace_of_a_network() {
        let mut queue = Queue::default();
        queue.push(waiting(1, 10, 1));
        queue.push(waiting(500, 11, 1));
        let group = [(1, sample(500_000)), (2, sample(250_000)), (3, sample(0))];
        let gone = queue.lead(MS, group.into_iter());
        assert_eq!(gone, MS * 151);
        assert_eq!(queue.pop(MS).unwrap().at_ns, 1);
        assert!(queue.pop(MS * 100).is_none(), "the network is busy");
        assert_eq!(order(&mut queue), [2, 3, 10, 11]);
    }

    #[test]
    fn what_waits_is_bounded_in_number_in_bytes_and_in_time() {
        let is_too_long = |all: Vec<Waiting>| {
            let mut queue = Queue::default();
            all.into_iter().for_each(|one| queue.push(one));
            queue.is_too_long(MS)
        };
        assert!(!is_too_long((0..4000).map(|at| waiting(at, 0, 100)).collect()));
        assert!(is_too_long((0..4001).map(|at| waiting(at, 0, 100)).collect()));
        assert!(is_too_long((0..9).map(|at| waiting(at, 0, 1 << 20)).collect()));
        assert!(is_too_long(vec![waiting(6002, 0, 1)]));
    }
}
