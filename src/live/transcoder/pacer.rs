//! When a sample that came in a burst is due: as much time after the one before it as between
//! their captures, and no later than the latest burst makes necessary.

use std::time::Duration;

/// The longest time between two bursts that are smoothed, with room; for as long the latest one
/// says how late everything is.
const WINDOW_NS: i64 = 4_000_000_000;

/// Longer than a burst is: media times that leap are not waited for.
const MAX_WAIT: Duration = Duration::from_secs(3);

/// Times count from any moment.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    /// How much later than its media time the latest sample came, in the window and in the one
    /// before.
    latest: [Option<i64>; 2],
    window_ns: i64,
}

impl Pacer {
    /// When a sample of this media time, that has come at `now`, is due.
    pub(super) fn due(&mut self, media_ns: i64, now: Duration) -> Duration {
        let now_ns = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
        let late_ns = now_ns.saturating_sub(media_ns);
        if now_ns - self.window_ns > WINDOW_NS {
            self.latest = [None, self.latest[0]];
            self.window_ns = now_ns;
        }
        self.latest[0] = self.latest[0].max(Some(late_ns));
        let latest_ns = self.latest.into_iter().flatten().max().unwrap_or(late_ns);
        let wait_ns = latest_ns - late_ns;
        now + Duration::from_nanos(wait_ns.unsigned_abs()).min(MAX_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn bursts_become_a_steady_flow() {
        let mut pacer = Pacer::default();
        let mut last = None;
        for burst in 0..20_i64 {
            // A second of media at the end of each second, and each a little differently late.
            let now = ms((burst.unsigned_abs() + 1) * 1000 + [0, 40, 10][burst as usize % 3]);
            for frame in 0..25 {
                let media_ns = burst * 1000 * MS + frame * 40 * MS;
                let due = pacer.due(media_ns, now);
                assert!(due >= now);
                if let Some(last) = last.replace(due).filter(|_| burst > 2) {
                    assert_eq!(due - last, ms(40), "burst {burst}, frame {frame}");
                }
            }
        }
    }

    #[test]
    fn what_comes_steadily_is_due_when_it_comes() {
        let mut pacer = Pacer::default();
        for frame in 0..100_u64 {
            let now = ms(7000 + frame * 40);
            assert_eq!(pacer.due(frame.cast_signed() * 40 * MS, now), now);
        }
    }

    #[test]
    fn one_that_was_late_delays_the_others_only_for_a_while() {
        let mut pacer = Pacer::default();
        assert_eq!(pacer.due(0, ms(1000)), ms(1000));
        let mut waits = Vec::new();
        for frame in 1..300_u64 {
            let now = ms(1000).max(ms(frame * 40));
            waits.push(pacer.due(frame.cast_signed() * 40 * MS, now) - now);
        }
        assert_eq!((waits[0], waits[298]), (ms(40), ms(0)));
        assert_eq!(waits[100], ms(1000));
    }

    #[test]
    fn media_times_that_leap_are_not_waited_for() {
        let mut pacer = Pacer::default();
        pacer.due(0, ms(0));
        assert_eq!(pacer.due(3_600_000 * MS, ms(40)), ms(40) + MAX_WAIT);
    }
}
