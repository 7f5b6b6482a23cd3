//! The times that packets of sound carry.
//!
//! A receiver plays sound by its samples: each packet begins where the one before it ended, or
//! something is missing in between and has to be made up. The times in containers are rounded, and
//! what is late moves what follows by a little; neither may be heard.

use std::time::Duration;

/// Opus counts by this, whatever it was made of (RFC 7587 section 4.1).
const SAMPLES_PER_SECOND: u128 = 48_000;

/// What is further off than this many samples (20 ms) is a hole, or a jump, and stays one.
const MAX_OFF: u64 = 960;

/// Gives packets of one line their times.
#[derive(Debug, Default)]
pub(super) struct Rhythm {
    /// Where the newest packet ends.
    end: Option<u64>,
}

impl Rhythm {
    /// The time of the next packet, in samples, when it is due at `time` and lasts so many.
    pub(super) fn next(&mut self, time: Duration, samples: u32) -> u64 {
        let due = time.as_nanos() * SAMPLES_PER_SECOND / 1_000_000_000;
        let due = u64::try_from(due).unwrap_or(u64::MAX);
        let begins = match self.end {
            // Times only grow.
            Some(end) if due <= end.saturating_add(MAX_OFF) => end,
            _ => due,
        };
        self.end = Some(begins.saturating_add(u64::from(samples)));
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_times_are_an_even_flow() {
        let mut rhythm = Rhythm::default();
        let mut last = None;
        // Packets of 21.3 ms with times of whole milliseconds, some of them late.
        for packet in 0..1000_u64 {
            let late_ms = if packet % 50 == 0 { 4 } else { 0 };
            let time = Duration::from_millis(1000 + packet * 64 / 3 + late_ms);
            let at = rhythm.next(time, 1024);
            assert!(last.is_none_or(|last| at == last + 1024), "{packet}");
            last = Some(at);
        }
    }

    #[test]
    fn a_hole_stays_one() {
        let mut rhythm = Rhythm::default();
        assert_eq!(rhythm.next(Duration::from_millis(1000), 960), 48_000);
        assert_eq!(rhythm.next(Duration::from_millis(1020), 960), 48_960);
        assert_eq!(rhythm.next(Duration::from_millis(1100), 960), 52_800);
        assert_eq!(rhythm.next(Duration::from_millis(1120), 960), 53_760);
    }
}
