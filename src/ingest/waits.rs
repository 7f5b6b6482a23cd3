//! How long chunks wait until their device knows that they are on the disk.

use std::time::Instant;

use crate::metrics::ACKNOWLEDGED;

/// A device that catches up has some hundred under way; of those not each is measured.
const MAX_MEASURED: usize = 32;

/// The chunks of a connection whose wait is measured.
#[derive(Debug)]
pub(super) struct Waits(Vec<Wait>);

#[derive(Debug)]
struct Wait {
    generation: u32,
    /// Where the chunk ends in the generation's stream.
    end: u64,
    since: Instant,
}

impl Waits {
    pub(super) fn new() -> Self {
        // So that a chunk costs no memory of its own.
        Self(Vec::with_capacity(MAX_MEASURED))
    }

    /// A chunk has come that ends there.
    pub(super) fn arrived(&mut self, generation: u32, end: u64, since: Instant) {
        if self.0.len() < MAX_MEASURED {
            self.0.push(Wait { generation, end, since });
        }
    }

    /// The device has been told that all in front of this is on the disk.
    pub(super) fn acknowledged(&mut self, generation: u32, durable: u64, now: Instant) {
        self.0.retain(|wait| {
            let is_over = wait.generation == generation && wait.end <= durable;
            if is_over {
                ACKNOWLEDGED.observe(now.duration_since(wait.since));
            }
            !is_over
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_waits_until_all_of_it_is_durable_and_what_is_measured_is_bounded() {
        let (mut waits, now) = (Waits::new(), Instant::now());
        waits.arrived(0, 100, now);
        waits.arrived(1, 50, now);
        waits.acknowledged(0, 99, now);
        assert_eq!(waits.0.len(), 2);
        waits.acknowledged(0, 100, now);
        assert_eq!(waits.0.len(), 1);
        (0..1000).for_each(|end| waits.arrived(1, end, now));
        assert_eq!(waits.0.len(), MAX_MEASURED);
        waits.acknowledged(1, 1000, now);
        assert!(waits.0.is_empty());
    }
}
