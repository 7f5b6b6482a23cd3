//! What is live, what a device is catching up with, and how far its clock has drifted away.

use crate::clock::WallUs;
use crate::clock::lateness::LeastLateness;

/// Older media is never passed off as live.
const MAX_LATE_US: i64 = 5_000_000;

/// Over this long the least lateness is followed: a quartz drifts by a millisecond in it, and an
/// encoder that is off by as much as it may by 30.
const WINDOW_US: i64 = 60_000_000;

/// The same in parts per million, which are microseconds in a second. What moves faster is no clock
/// but a network that has become slow.
const MAX_DRIFT_PPM: i64 = 500;

/// Drift is followed in steps of at least this.
const STEP_US: i64 = 1_000_000;

/// Tells whether media comes as it is captured. An encoder's clock drifts away from the server's;
/// what counts is how late media is beside the least late that was live lately.
#[derive(Debug)]
pub(super) struct Gate {
    lateness: LeastLateness,
    drift_us: i64,
    /// When the drift was followed last.
    followed_us: WallUs,
}

impl Default for Gate {
    fn default() -> Self {
        Self { lateness: LeastLateness::over(WINDOW_US), drift_us: 0, followed_us: 0 }
    }
}

impl Gate {
    /// Whether media of this wall time is live now; if not, how far it is behind.
    pub(super) fn judge(&mut self, media_us: WallUs, now_us: WallUs) -> Result<(), i64> {
        let late_us = now_us.saturating_sub(media_us);
        let behind_us = late_us.saturating_sub(self.lateness.least_us().unwrap_or(0));
        if behind_us > MAX_LATE_US {
            return Err(behind_us);
        }
        self.lateness.came(late_us, now_us);
        self.follow(now_us);
        Ok(())
    }

    /// By how much media lies later in wall time than its first window would have it: the clock
    /// that it was captured by is slow by as much, or fast where it is negative.
    pub(super) fn drift_us(&self) -> i64 {
        self.drift_us
    }

    fn follow(&mut self, now_us: WallUs) {
        let passed_us = now_us.saturating_sub(self.followed_us);
        if (0..STEP_US).contains(&passed_us) {
            return;
        }
        self.followed_us = now_us;
        if let Some(drift_us) = self.lateness.drift_us() {
            let most_us = (passed_us.max(0) / 1_000_000).saturating_mul(MAX_DRIFT_PPM);
            let off_us = drift_us.saturating_sub(self.drift_us);
            self.drift_us += off_us.clamp(-most_us, most_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_US: i64 = 1_000_000;

    #[test]
    fn what_a_device_catches_up_with_is_not_live() {
        let mut gate = Gate::default();
        let begin_us = 1_000_000 * SECOND_US;
        for second in 0..10 {
            let media_us = begin_us + second * SECOND_US;
            assert_eq!(gate.judge(media_us, media_us + 1_200_000), Ok(()));
        }
        // A minute without network, then everything at ten times the speed.
        let mut caught_up = None;
        for step in 0..100 {
            let media_us = begin_us + (10 + step) * SECOND_US;
            let now_us = begin_us + 70 * SECOND_US + step * SECOND_US / 10;
            if gate.judge(media_us, now_us).is_ok() {
                caught_up.get_or_insert(now_us - media_us);
            } else {
                assert_eq!(caught_up, None, "it fell back");
            }
        }
        let late_us = caught_up.unwrap();
        assert!(late_us <= MAX_LATE_US + 1_200_000, "{late_us}");
    }

    #[test]
    fn a_device_that_was_away_from_the_start_is_behind_until_it_has_caught_up() {
        let mut gate = Gate::default();
        assert_eq!(gate.judge(0, 3600 * SECOND_US), Err(3600 * SECOND_US));
        assert_eq!(gate.judge(3599 * SECOND_US, 3600 * SECOND_US), Ok(()));
    }

    #[test]
    fn times_do_not_drift_away_in_a_week() {
        for parts_per_million in [-100, 0, 100] {
            let mut gate = Gate::default();
            let (mut farthest_us, mut last_us) = (0, i64::MIN);
            for second in 0..7 * 86_400 {
                let captured_us = second * SECOND_US;
                let media_us = captured_us - second * parts_per_million;
                let jitter_us = second % 7 * 30_000;
                assert_eq!(gate.judge(media_us, captured_us + 200_000 + jitter_us), Ok(()));
                let shown_us = media_us + gate.drift_us();
                farthest_us = farthest_us.max((shown_us - captured_us).abs());
                assert!(shown_us > last_us, "times go on");
                last_us = shown_us;
            }
            assert!(farthest_us < 30_000, "{farthest_us} us at {parts_per_million}");
        }
    }

    #[test]
    fn a_network_that_is_slow_for_a_while_is_no_drift() {
        let mut gate = Gate::default();
        let mut farthest_us = 0;
        for second in 0..7200 {
            let is_slow = (3600..3900).contains(&second);
            let late_us = if is_slow { 4 * SECOND_US } else { 200_000 };
            let media_us = second * SECOND_US;
            assert_eq!(gate.judge(media_us, media_us + late_us), Ok(()));
            farthest_us = farthest_us.max(gate.drift_us().abs());
        }
        assert!(farthest_us <= 150_000, "{farthest_us}");
        assert_eq!(gate.drift_us(), 0);
    }

    #[test]
    fn an_encoder_that_drifts_stays_live() {
        for parts_per_million in [-300, 300] {
            let mut gate = Gate::default();
            for second in 0..100 * 3600 {
                let now_us = second * SECOND_US;
                let media_us = now_us - second * parts_per_million;
                assert_eq!(gate.judge(media_us, now_us), Ok(()), "{second} s");
            }
        }
    }
}
