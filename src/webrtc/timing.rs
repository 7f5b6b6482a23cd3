//! When a sample goes out, and which time it carries.
//!
//! A MediaRecorder hands over a second at once; played as it comes, that would be a picture that
//! stands and leaps. Each sample is due when as much time has passed as its media time says.

use std::time::Duration;

/// Behind this much of what waits the rest goes a little faster.
const MAX_WAIT: Duration = Duration::from_millis(2500);

/// How much faster: a tenth, which nobody sees.
const HURRY: u32 = 10;

/// A jump in media time longer than this is a pause, which is not waited through.
const MAX_GAP_NS: i64 = 2_000_000_000;

/// Times are counted from the beginning of the connection.
#[derive(Debug, Default)]
pub(super) struct Timing {
    /// The moment at which media time zero would be shown, in nanoseconds; may lie before the
    /// beginning.
    anchor_ns: Option<i64>,
    /// Media time of the newest sample.
    newest_ns: i64,
    /// The last time that was given out, by track.
    last: [Duration; 2],
}

impl Timing {
    /// What comes is of other times, or does not follow.
    pub(super) fn interrupt(&mut self) {
        self.anchor_ns = None;
    }

    /// When a sample that has come at `now` is due. It carries the same time.
    pub(super) fn due(&mut self, track: usize, media_ns: i64, now: Duration) -> Duration {
        let now_ns = nanos(now);
        if self.anchor_ns.is_none() {
            self.newest_ns = media_ns;
        }
        let anchor_ns = *self.anchor_ns.get_or_insert(now_ns - media_ns);
        let jumped = media_ns - self.newest_ns > MAX_GAP_NS;
        let late_ns = now_ns - (anchor_ns + media_ns);
        // What is late moves all that follows; what is early for no reason does, too.
        let anchor_ns = match late_ns {
            1.. => anchor_ns + late_ns,
            _ if jumped => now_ns - media_ns,
            _ if -late_ns > nanos(MAX_WAIT) => {
                let step_ns = (media_ns - self.newest_ns).max(0) / i64::from(HURRY);
                anchor_ns - step_ns
            }
            _ => anchor_ns,
        };
        self.anchor_ns = Some(anchor_ns);
        self.newest_ns = self.newest_ns.max(media_ns);
        if jumped {
            self.newest_ns = media_ns;
        }
        let due_ns = u64::try_from(anchor_ns + media_ns).unwrap_or(0);
        self.give(track, Duration::from_nanos(due_ns))
    }

    /// Times only grow.
    fn give(&mut self, track: usize, time: Duration) -> Duration {
        let Some(last) = self.last.get_mut(track) else { return time };
        *last = time.max(*last + Duration::from_micros(100));
        *last
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    /// Bursts of a second of a 30 fps stream; returns how far apart what is shown is.
    fn shown(late_ms: impl Fn(i64) -> i64) -> Vec<i64> {
        let mut timing = Timing::default();
        let mut times = Vec::new();
        for burst in 0..60 {
            let now_ms = 5000 + burst * 1000 + late_ms(burst);
            let now = Duration::from_millis(now_ms.unsigned_abs());
            for frame in 0..30 {
                let media_ns = burst * 1000 * MS + frame * 1000 * MS / 30;
                times.push(nanos(timing.due(0, media_ns, now)));
            }
        }
        times.windows(2).map(|pair| (pair[1] - pair[0]) / MS).collect()
    }

    #[test]
    fn bursts_become_an_even_flow() {
        let steps = shown(|_| 0);
        assert!(steps.iter().all(|step| (32..=34).contains(step)), "{steps:?}");
    }

    #[test]
    fn a_late_burst_is_one_pause_and_no_leap() {
        let steps = shown(|burst| if burst == 20 { 700 } else { 0 });
        let long = steps.iter().filter(|&&step| step > 40).count();
        assert_eq!(long, 1, "{steps:?}");
        assert!(steps.iter().all(|&step| step > 25), "{steps:?}");
    }

    #[test]
    fn what_has_piled_up_is_caught_up_with_gently() {
        // Each burst comes early, as after a stall on the way.
        let steps = shown(|burst| if burst < 10 { 0 } else { -4000 });
        assert!(steps.iter().all(|&step| (28..=40).contains(&step)), "{steps:?}");
    }

    #[test]
    fn after_another_beginning_what_piles_up_is_caught_up_with_as_before() {
        let mut timing = Timing::default();
        timing.due(0, 3_600_000 * MS, Duration::from_secs(1));
        timing.interrupt();
        let mut times = Vec::new();
        for frame in 0..300 {
            // Everything comes at once.
            let due = timing.due(0, frame * 33 * MS, Duration::from_secs(2));
            times.push(nanos(due) / MS);
        }
        let steps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps[0] >= 32 && steps[250] < 32, "{steps:?}");
    }

    #[test]
    fn times_only_grow() {
        let mut timing = Timing::default();
        let now = Duration::from_secs(3);
        let mut last = timing.due(0, 0, now);
        for media_ms in [-50, 10, 5, 4000, 20, 21, 90_000] {
            let due = timing.due(0, media_ms * MS, now);
            assert!(due > last);
            last = due;
        }
    }
}
