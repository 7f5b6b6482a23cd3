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

/// What even the latest samples of so long a time did not need to wait is delay for nothing.
const WINDOW_NS: i64 = 5_000_000_000;

/// So much of it stays: the next burst may be a little later.
const SPARE_NS: i64 = 200_000_000;

/// How much faster until it is gone: a twentieth, which nobody hears.
const SHED: i64 = 20;

/// Sound that has been converted may come so much later than the stream. A converter that needs
/// longer loses sound; it does not hold the picture up.
const MAX_CONVERSION_NS: i64 = 300_000_000;

/// Times are counted from the beginning of the connection.
#[derive(Debug, Default)]
pub(super) struct Timing {
    /// The moment at which media time zero would be shown, in nanoseconds; may lie before the
    /// beginning.
    anchor_ns: Option<i64>,
    /// The same, if nothing had to be converted.
    own_anchor_ns: i64,
    /// Media time of the newest sample.
    newest_ns: i64,
    /// The shortest wait of the window, and when the window began.
    least_ns: Option<i64>,
    window_ns: i64,
    /// Delay that is given up little by little.
    shed_ns: i64,
    /// The last time that was given out, by track.
    last: [Duration; 2],
}

impl Timing {
    /// What comes is of other times, or does not follow.
    pub(super) fn interrupt(&mut self) {
        self.anchor_ns = None;
        (self.least_ns, self.shed_ns) = (None, 0);
    }

    /// When a sample that has come at `now` is due. It carries the same time.
    pub(super) fn due(&mut self, track: usize, media_ns: i64, now: Duration) -> Duration {
        let anchor_ns = self.seen(media_ns, now);
        self.give(track, anchor_ns + media_ns)
    }

    /// When converted sound is due that has come at `now`; `None` when that is too late.
    pub(super) fn due_converted(
        &mut self,
        track: usize,
        media_ns: i64,
        now: Duration,
    ) -> Option<Duration> {
        let anchor_ns = self.anchor_ns?;
        let needed_ns = anchor_ns.max(nanos(now) - media_ns);
        if needed_ns > anchor_ns && needed_ns > self.own_anchor_ns + MAX_CONVERSION_NS {
            return None;
        }
        self.anchor_ns = Some(needed_ns);
        self.waited(needed_ns + media_ns - nanos(now), nanos(now));
        Some(self.give(track, needed_ns + media_ns))
    }

    /// A sample has come at `now`. Gives the moment at which media time zero would be shown.
    pub(super) fn seen(&mut self, media_ns: i64, now: Duration) -> i64 {
        let now_ns = nanos(now);
        if self.anchor_ns.is_none() {
            self.newest_ns = media_ns;
            self.own_anchor_ns = now_ns - media_ns;
        }
        let anchor_ns = *self.anchor_ns.get_or_insert(now_ns - media_ns);
        let jumped = media_ns - self.newest_ns > MAX_GAP_NS;
        let late_ns = now_ns - (anchor_ns + media_ns);
        // What is late moves all that follows; what is early for no reason does, too.
        let moved_ns = match late_ns {
            1.. => late_ns,
            _ if jumped => late_ns,
            _ if -late_ns > nanos(MAX_WAIT) => {
                -(media_ns - self.newest_ns).max(0) / i64::from(HURRY)
            }
            _ => {
                self.waited(-late_ns, now_ns);
                -self.spare((media_ns - self.newest_ns).max(0))
            }
        };
        if late_ns > 0 {
            self.waited(0, now_ns);
        }
        let anchor_ns = anchor_ns + moved_ns;
        self.anchor_ns = Some(anchor_ns);
        self.own_anchor_ns = match moved_ns {
            ..0 => self.own_anchor_ns.min(anchor_ns),
            _ => self.own_anchor_ns.max(now_ns - media_ns),
        };
        self.newest_ns = self.newest_ns.max(media_ns);
        if jumped {
            self.newest_ns = media_ns;
        }
        anchor_ns
    }

    /// A sample waits for so long.
    fn waited(&mut self, wait_ns: i64, now_ns: i64) {
        if wait_ns <= 0 {
            (self.least_ns, self.window_ns, self.shed_ns) = (Some(0), now_ns, 0);
            return;
        }
        self.least_ns = Some(match self.least_ns {
            Some(least_ns) if now_ns - self.window_ns < WINDOW_NS => least_ns.min(wait_ns),
            known => {
                self.shed_ns = known.map_or(0, |least_ns| (least_ns - SPARE_NS).max(0));
                self.window_ns = now_ns;
                wait_ns
            }
        });
    }

    /// How much sooner everything may be shown from here on: one late burst must not delay all
    /// that follows.
    fn spare(&mut self, step_ns: i64) -> i64 {
        let sooner_ns = (step_ns / SHED).min(self.shed_ns);
        self.shed_ns -= sooner_ns;
        self.least_ns = self.least_ns.map(|least_ns| least_ns - sooner_ns);
        sooner_ns
    }

    /// Times only grow.
    fn give(&mut self, track: usize, due_ns: i64) -> Duration {
        let time = Duration::from_nanos(u64::try_from(due_ns).unwrap_or(0));
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
    fn one_late_burst_does_not_delay_everything_from_then_on() {
        let mut timing = Timing::default();
        let mut waits_ms = Vec::new();
        for burst in 0..60 {
            let now_ms: i64 = 5000 + burst * 1000 + if burst == 10 { 1500 } else { 0 };
            let now = Duration::from_millis(now_ms.unsigned_abs());
            for frame in 0..30 {
                let media_ns = burst * 1000 * MS + frame * 1000 * MS / 30;
                let due = timing.due(0, media_ns, now);
                if frame == 0 {
                    waits_ms.push(nanos(due - now) / MS);
                }
            }
        }
        assert!(waits_ms[12] > 1000, "{waits_ms:?}");
        assert!(waits_ms[59] <= 250, "{waits_ms:?}");
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
    fn sound_that_is_converted_holds_the_picture_up_a_little_and_no_more() {
        // A second of picture at once, and each time its sound so much later.
        let heard = |late_ms: i64| {
            let mut timing = Timing::default();
            let (mut pictures, mut sounds, mut lost) = (Vec::new(), Vec::new(), 0);
            for burst in 0..20 {
                let at = |ms: i64| Duration::from_millis((5000 + burst * 1000 + ms).unsigned_abs());
                for frame in 0..30 {
                    let media_ns = (burst * 1000 + frame * 33) * MS;
                    pictures.push((media_ns, nanos(timing.due(0, media_ns, at(0)))));
                }
                for packet in 0..50 {
                    // What is held back comes with what follows.
                    let media_ns = (burst * 1000 + packet * 20 - 40) * MS;
                    match timing.due_converted(1, media_ns, at(late_ms)) {
                        Some(due) => sounds.push((media_ns, nanos(due))),
                        None => lost += 1,
                    }
                }
            }
            let behind = |all: &[(i64, i64)]| {
                all.last().map_or(0, |(media_ns, due_ns)| (due_ns - media_ns) / MS - 5000)
            };
            (behind(&pictures), behind(&sounds), lost)
        };
        assert_eq!(heard(10), (50, 50, 0), "they stay together");
        let (picture_ms, sound_ms, lost) = heard(200);
        assert_eq!((picture_ms, sound_ms, lost), (240, 240, 0));
        let (picture_ms, sound_ms, lost) = heard(3000);
        assert!(picture_ms <= 300 && sound_ms <= 300, "{picture_ms} {sound_ms}");
        assert_eq!(lost, 20 * 50, "all of it is too late");
    }

    #[test]
    fn a_converter_that_becomes_slower_and_slower_does_not_take_the_picture_along() {
        let mut timing = Timing::default();
        let (mut behind_ms, mut lost) = (0, 0);
        for packet in 0..5000_i64 {
            let now = Duration::from_millis(5000 + packet.unsigned_abs() * 20);
            let due = timing.due(0, packet * 20 * MS, now);
            behind_ms = (nanos(due) - nanos(now)) / MS;
            // A hundredth slower than the stream.
            let media_ns = packet * 20 * MS * 99 / 100;
            lost += i32::from(timing.due_converted(1, media_ns, now).is_none());
        }
        assert!((0..=300).contains(&behind_ms), "{behind_ms}");
        assert!(lost > 3000, "{lost}");
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
