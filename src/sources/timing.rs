//! Where a camera's media lies in wall time when it is taken up in the middle.

use crate::clock::WallUs;
use crate::clock::lateness::LeastLateness;

/// Over this much of time the least lateness is taken: a frame that comes at once is among them.
const WINDOW_US: i64 = 30_000_000;

/// Follows how late what comes is, beside where the generation's beginning would have it.
#[derive(Debug)]
pub(super) struct Lateness(LeastLateness);

impl Default for Lateness {
    fn default() -> Self {
        Self(LeastLateness::over(WINDOW_US))
    }
}

impl Lateness {
    /// What is at `media_us` came `elapsed_us` after the generation's beginning.
    pub(super) fn came(&mut self, media_us: i64, elapsed_us: i64) {
        self.0.came(elapsed_us.saturating_sub(media_us), elapsed_us);
    }

    /// Wall time of media time zero, by what came last, where the generation began with `anchor_us`.
    pub(super) fn anchor_us(&self, anchor_us: WallUs) -> WallUs {
        anchor_us.saturating_add(self.0.drift_us().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_US: i64 = 1_000_000;

    #[test]
    fn a_camera_whose_clock_is_slow_is_followed() {
        let mut lateness = Lateness::default();
        for second in 0..3600 {
            let jitter_us = second % 7 * 30_000;
            lateness
                .came(second * SECOND_US, second * SECOND_US + second * 100 + 80_000 + jitter_us);
        }
        // A hundred parts per million are 360 ms in an hour.
        let drift_us = lateness.anchor_us(0);
        assert!((350_000..=360_000).contains(&drift_us), "{drift_us}");
    }

    #[test]
    fn jitter_and_the_first_moments_move_nothing() {
        let mut lateness = Lateness::default();
        assert_eq!(lateness.anchor_us(7), 7);
        for second in 0..120 {
            lateness.came(second * SECOND_US, second * SECOND_US + second % 5 * 200_000);
            assert_eq!(lateness.anchor_us(7), 7);
        }
    }
}
