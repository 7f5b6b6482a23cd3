//! Whether a transcoder keeps up, and when one that failed is tried again.

use std::time::Duration;

/// A transcoder holds back some samples; with this much more it stands still.
const MAX_HELD_NS: i64 = 1_000_000_000;

/// Of a stream of few pictures nothing may come before the next one is there.
const MIN_SAMPLES: usize = 3;

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
    /// Samples that went in since something came out.
    fed_since: usize,
    /// It does not take what it is given.
    is_full: bool,
    behind_since: Option<Duration>,
}

impl Progress {
    /// A sample up to `media_ns` is there for it.
    pub(super) fn fed(&mut self, media_ns: i64, now: Duration) {
        self.fed_ns = self.fed_ns.max(Some(media_ns));
        self.fed_since += 1;
        // What came first counts as done, so that a beginning has a measure.
        self.came_ns.get_or_insert(media_ns);
        self.judge(now);
    }

    /// Whether more waits for it than it may hold.
    pub(super) fn full(&mut self, is_full: bool, now: Duration) {
        self.is_full = is_full;
        self.judge(now);
    }

    /// What was made of everything up to `media_ns` has come out.
    pub(super) fn came(&mut self, media_ns: i64, now: Duration) {
        if self.came_ns.is_none_or(|came_ns| media_ns > came_ns) {
            self.came_ns = Some(media_ns);
            self.fed_since = 0;
            // However slow, it does something.
            self.behind_since = None;
        }
        self.judge(now);
    }

    fn judge(&mut self, now: Duration) {
        let held_ns = self.fed_ns.zip(self.came_ns).map_or(0, |(fed_ns, came_ns)| fed_ns - came_ns);
        let is_behind = held_ns > MAX_HELD_NS && self.fed_since >= MIN_SAMPLES;
        if is_behind || self.is_full {
            self.behind_since.get_or_insert(now);
        } else {
            self.behind_since = None;
        }
    }

    /// When it is to be given up, unless something comes.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.behind_since.map(|since| since + PATIENCE)
    }
}

/// Pauses between the runs of a transcoder that fails.
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

    /// A second of media goes in.
    fn feed(progress: &mut Progress, second: u64) {
        for quarter in 1..=4 {
            let media_ns = second.cast_signed() * SECOND_NS + quarter * SECOND_NS / 4;
            progress.fed(media_ns, at(second));
        }
    }

    #[test]
    fn a_transcoder_that_gives_nothing_more_is_given_up() {
        let mut progress = Progress::default();
        for second in 0..10 {
            feed(&mut progress, second);
            progress.came((second.cast_signed() + 1) * SECOND_NS - 40_000_000, at(second));
            assert_eq!(progress.deadline(), None);
        }
        feed(&mut progress, 10);
        assert_eq!(progress.deadline(), Some(at(10) + PATIENCE));
        feed(&mut progress, 11);
        assert_eq!(progress.deadline(), Some(at(10) + PATIENCE), "the clock runs");
        progress.came(12 * SECOND_NS, at(12));
        assert_eq!(progress.deadline(), None);
    }

    #[test]
    fn one_that_never_gives_anything_is_given_up_too() {
        let mut progress = Progress::default();
        feed(&mut progress, 0);
        assert_eq!(progress.deadline(), None);
        feed(&mut progress, 1);
        assert_eq!(progress.deadline(), Some(at(1) + PATIENCE));
    }

    #[test]
    fn one_that_takes_nothing_is_given_up_however_little_it_was_given() {
        let mut progress = Progress::default();
        progress.fed(SECOND_NS, at(1));
        progress.full(true, at(2));
        assert_eq!(progress.deadline(), Some(at(2) + PATIENCE));
        progress.full(true, at(3));
        assert_eq!(progress.deadline(), Some(at(2) + PATIENCE), "the clock runs");
        progress.full(false, at(4));
        assert_eq!(progress.deadline(), None);
    }

    #[test]
    fn one_that_is_slow_is_not_given_up() {
        let mut progress = Progress::default();
        for second in 0..20 {
            feed(&mut progress, second);
            progress.full(true, at(second));
            progress.came(second.cast_signed() * SECOND_NS / 10, at(second));
            assert!(progress.deadline().is_none_or(|at_| at_ >= at(second) + PATIENCE / 2));
        }
    }

    #[test]
    fn a_stream_that_pauses_or_has_few_pictures_is_no_failure() {
        let mut progress = Progress::default();
        progress.fed(0, at(0));
        progress.fed(SECOND_NS / 2, at(1));
        assert_eq!(progress.deadline(), None, "nothing more came, and nothing is asked for");
        progress.came(SECOND_NS / 4, at(1));
        for second in [10, 20, 30] {
            progress.fed(second * SECOND_NS, at(second.unsigned_abs()));
            progress.came((second - 10) * SECOND_NS, at(second.unsigned_abs()));
            assert_eq!(progress.deadline(), None);
        }
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
