//! Where a camera's media lies in wall time when it is taken up in the middle.

use crate::clock::WallUs;

/// Over this much of time the least lateness is taken: a frame that comes at once is among them.
const WINDOW_US: i64 = 30_000_000;

/// How late what comes is, beside where the generation's beginning would have it. The least of it
/// grows or shrinks as the clocks of camera and server drift apart.
#[derive(Debug, Default)]
pub(super) struct Lateness {
    /// The least of the first window.
    base_us: Option<i64>,
    /// The least of the window before, and of this one.
    before_us: Option<i64>,
    least_us: Option<i64>,
    window: i64,
}

impl Lateness {
    /// What is at `media_us` came `elapsed_us` after the generation's beginning.
    pub(super) fn came(&mut self, media_us: i64, elapsed_us: i64) {
        let late_us = elapsed_us.saturating_sub(media_us);
        let window = elapsed_us.div_euclid(WINDOW_US);
        if window != self.window {
            self.base_us = self.base_us.or(self.least_us);
            self.before_us = self.least_us.take();
            self.window = window;
        }
        self.least_us = Some(self.least_us.map_or(late_us, |least_us| least_us.min(late_us)));
    }

    /// Wall time of media time zero, by what came last, where the generation began with `anchor_us`.
    pub(super) fn anchor_us(&self, anchor_us: WallUs) -> WallUs {
        let now_us = [self.before_us, self.least_us].into_iter().flatten().min();
        let drift_us = self.base_us.zip(now_us).map_or(0, |(base_us, now_us)| now_us - base_us);
        anchor_us.saturating_add(drift_us)
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
