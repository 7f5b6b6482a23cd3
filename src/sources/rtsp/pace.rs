//! How media time and the time of arrival go together.
//!
//! What arrives is late by what camera and network took, which is never less than nothing: the
//! least lateness of a while tells where media time lies on the server's clock.

use std::collections::VecDeque;

/// A reading of the camera's clock is given this often. Drift is followed over minutes.
const READING_US: i64 = 5_000_000;

/// The least lateness of so many readings is what is expected: a minute.
const MAX_READINGS: usize = 12;

/// RTP times go back by as much as pictures are shown in another order than they are sent, which
/// is less; a camera whose clock was set, or that began anew, goes back by any amount.
const MAX_BACK_US: i64 = 1_000_000;

/// Nothing arrives before it is made. What seems to, by more than a camera's clock drifts in a
/// minute or makes up for in a burst, has a clock that was set.
const MAX_AHEAD_US: i64 = 1_000_000;

/// By `elapsed_us` after media time zero the camera had come to `media_us`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) media_us: i64,
    pub(super) elapsed_us: i64,
}

/// Follows one track. Its own times are anything that grows by a million in a second.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The newest media time and the newest arrival.
    newest: Option<(i64, i64)>,
    /// The least lateness of each of the last readings.
    readings: VecDeque<i64>,
    /// The least late of what came since the last reading, and when the first of it came.
    current: Option<Current>,
}

#[derive(Debug, Clone, Copy)]
struct Current {
    since_us: i64,
    own_us: i64,
    late_us: i64,
}

impl Pace {
    /// Whether the camera's clock has leapt in front of what comes now.
    pub(super) fn leaps(&self, own_us: i64, arrived_us: i64) -> bool {
        let Some((newest_us, newest_arrived_us)) = self.newest else { return false };
        let step_us = own_us.saturating_sub(newest_us);
        if step_us < -MAX_BACK_US {
            return true;
        }
        let waited_us = arrived_us.saturating_sub(newest_arrived_us);
        let is_leap = step_us.saturating_sub(waited_us) > MAX_AHEAD_US;
        // What was held up and comes now, with a hole in it, only comes to where it should be.
        let late_us = arrived_us.saturating_sub(own_us);
        is_leap && self.least_us().is_some_and(|least| late_us < least.saturating_sub(MAX_AHEAD_US))
    }

    /// Something came. Returns the least late of a while, now and then, as it is and when it
    /// arrived.
    pub(super) fn push(&mut self, own_us: i64, arrived_us: i64) -> Option<(i64, i64)> {
        let newest_us = self.newest.map_or(own_us, |(newest_us, _)| newest_us.max(own_us));
        self.newest = Some((newest_us, arrived_us));
        let late_us = arrived_us.saturating_sub(own_us);
        let fresh = Current { since_us: arrived_us, own_us, late_us };
        let current = self.current.get_or_insert(fresh);
        if late_us < current.late_us {
            (current.own_us, current.late_us) = (own_us, late_us);
        }
        if arrived_us.saturating_sub(current.since_us) < READING_US {
            return None;
        }
        let Current { own_us, late_us, .. } = self.current.take()?;
        if self.readings.len() == MAX_READINGS {
            self.readings.pop_front();
        }
        self.readings.push_back(late_us);
        Some((own_us, own_us.saturating_add(late_us)))
    }

    /// The least lateness of the last minute.
    pub(super) fn least_us(&self) -> Option<i64> {
        let current = self.current.map(|current| current.late_us);
        self.readings.iter().copied().chain(current).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_US: i64 = 1_000_000;

    /// A camera of 25 frames a second whose times begin anywhere.
    fn steady(pace: &mut Pace, from: i64, seconds: i64) -> Vec<(i64, i64)> {
        let mut readings = Vec::new();
        for frame in from * 25..(from + seconds) * 25 {
            let own_us = 500 * SECOND_US + frame * 40_000;
            let arrived_us = frame * 40_000 + 30_000 + frame % 3 * 20_000;
            assert!(!pace.leaps(own_us, arrived_us), "frame {frame}");
            readings.extend(pace.push(own_us, arrived_us));
        }
        readings
    }

    #[test]
    fn the_least_late_is_what_is_read() {
        let mut pace = Pace::default();
        let readings = steady(&mut pace, 0, 60);
        assert!((10..=12).contains(&readings.len()), "{readings:?}");
        for (own_us, arrived_us) in readings {
            assert_eq!(arrived_us - own_us, 30_000 - 500 * SECOND_US);
        }
        assert_eq!(pace.least_us(), Some(30_000 - 500 * SECOND_US));
    }

    #[test]
    fn a_network_that_stalls_is_no_leap() {
        let mut pace = Pace::default();
        steady(&mut pace, 0, 20);
        // Eight seconds of nothing, then all at once, with three seconds missing in the middle.
        for frame in 0..8 * 25 {
            if (75..150).contains(&frame) {
                continue;
            }
            let own_us = 520 * SECOND_US + frame * 40_000;
            let arrived_us = 28 * SECOND_US + frame * 100;
            assert!(!pace.leaps(own_us, arrived_us), "frame {frame}");
            pace.push(own_us, arrived_us);
        }
        steady(&mut pace, 28, 5);
        // A camera that pauses.
        steady(&mut pace, 43, 5);
    }

    #[test]
    fn a_clock_that_is_set_leaps() {
        let mut pace = Pace::default();
        steady(&mut pace, 0, 20);
        let arrived_us = 20 * SECOND_US + 50_000;
        for leap_us in [-3600 * SECOND_US, -2 * SECOND_US, 2 * SECOND_US, 3600 * SECOND_US] {
            assert!(pace.leaps(520 * SECOND_US + leap_us, arrived_us), "{leap_us}");
        }
        // Pictures that are sent in another order than they are shown.
        assert!(!pace.leaps(520 * SECOND_US - 400_000, arrived_us));
    }

    #[test]
    fn what_a_camera_has_kept_for_the_beginning_comes_faster_than_it_was_made() {
        let mut pace = Pace::default();
        for frame in 0..50 {
            assert!(!pace.leaps(frame * 40_000, frame * 500));
            pace.push(frame * 40_000, frame * 500);
        }
        assert_eq!(pace.least_us(), Some(49 * 500 - 49 * 40_000));
    }
}
