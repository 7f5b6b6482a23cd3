//! Whether a converter keeps up, and when one that failed is tried again.

use std::time::Duration;

/// A converter holds back some frames; with this much more it stands still.
const MAX_HELD_NS: i64 = 1_000_000_000;

/// For so long it may, on a computer that has better things to do.
const PATIENCE: Duration = Duration::from_secs(4);

/// The first pause behind a failure, and the longest: as for a connection that is made again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One that ran this long had no reason to fail at once.
const GOOD_RUN: Duration = Duration::from_secs(30);

/// How far what came out is behind what went in. Times count from any moment.
#[derive(Debug, Default)]
pub(super) struct Progress {
    fed_ns: Option<i64>,
    came_ns: Option<i64>,
    behind_since: Option<Duration>,
}

impl Progress {
    /// There is sound up to `media_ns` to convert.
    pub(super) fn fed(&mut self, media_ns: i64, now: Duration) {
        self.fed_ns = Some(media_ns);
        // What came first counts as converted, so that a beginning has a measure.
        self.came_ns.get_or_insert(media_ns);
        self.judge(now);
    }

    /// Sound up to `media_ns` has come out.
    pub(super) fn came(&mut self, media_ns: i64, now: Duration) {
        if self.came_ns.is_none_or(|came_ns| media_ns > came_ns) {
            self.came_ns = Some(media_ns);
            // However slow, it does something.
            self.behind_since = None;
        }
        self.judge(now);
    }

    fn judge(&mut self, now: Duration) {
        let held_ns = self.fed_ns.zip(self.came_ns).map_or(0, |(fed_ns, came_ns)| fed_ns - came_ns);
        if held_ns <= MAX_HELD_NS {
            self.behind_since = None;
        } else {
            self.behind_since.get_or_insert(now);
        }
    }

    /// When it is to be given up, unless something comes.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.behind_since.map(|since| since + PATIENCE)
    }
}

/// Pauses between the runs of a converter that fails.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    last: Option<Duration>,
}

impl Pauses {
    /// How long to wait after a run of this length.
    pub(super) fn after(&mut self, run: Duration) -> Duration {
        let pause = match self.last {
            Some(last) if run < GOOD_RUN => (last * 2).min(LONGEST_PAUSE),
            _ => FIRST_PAUSE,
        };
        self.last = Some(pause);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: i64 = 1_000_000_000;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_converter_that_gives_nothing_more_is_given_up() {
        let mut progress = Progress::default();
        for second in 0..10_u64 {
            progress.fed(second.cast_signed() * SECOND_NS, at(second));
            progress.came(second.cast_signed() * SECOND_NS - 40_000_000, at(second));
            assert_eq!(progress.deadline(), None);
        }
        progress.fed(10 * SECOND_NS, at(10));
        assert_eq!(progress.deadline(), Some(at(10) + PATIENCE));
        progress.fed(11 * SECOND_NS, at(11));
        assert_eq!(progress.deadline(), Some(at(10) + PATIENCE), "the clock runs");
        progress.came(11 * SECOND_NS, at(12));
        assert_eq!(progress.deadline(), None);
    }

    #[test]
    fn one_that_never_gives_anything_is_given_up_too() {
        let mut progress = Progress::default();
        progress.fed(1000 * SECOND_NS, at(0));
        assert_eq!(progress.deadline(), None);
        progress.fed(1002 * SECOND_NS, at(2));
        assert_eq!(progress.deadline(), Some(at(2) + PATIENCE));
    }

    #[test]
    fn a_stream_that_pauses_is_no_failure() {
        let mut progress = Progress::default();
        progress.fed(0, at(0));
        progress.fed(SECOND_NS / 2, at(1));
        assert_eq!(progress.deadline(), None, "nothing more came, and nothing is asked for");
    }

    #[test]
    fn pauses_grow_until_a_run_was_good() {
        let mut pauses = Pauses::default();
        let short = Duration::from_millis(50);
        let all: Vec<u64> = (0..8).map(|_| pauses.after(short).as_secs()).collect();
        assert_eq!(all, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pauses.after(GOOD_RUN), FIRST_PAUSE);
        assert_eq!(pauses.after(short), 2 * FIRST_PAUSE);
    }
}
