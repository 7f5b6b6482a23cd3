//! Where a stream's clock breaks off and another one begins.

use crate::sample::{Container, Kind, NANOS_PER_SECOND, Sample};

use super::stream::{MAX_SKEW_NS, Previous, Stream};

/// Samples come in the order in which they are decoded. Rounded clocks, and the beginning of a
/// fragment against the end of the one in front, are off by milliseconds.
const MAX_STEP_BACK_NS: i64 = NANOS_PER_SECOND;

/// Matroska tells no decode times. A picture is decoded at most sixteen others ahead of its turn
/// (H.264 clause A.3.1), which is this at two pictures in a second.
const MAX_REORDERED_NS: i64 = 8 * NANOS_PER_SECOND;

/// When all tracks were silent for longer, the file in front ends where they fell silent. A screen
/// that stands still is sent again sooner.
const MAX_PAUSE_NS: i64 = 600 * NANOS_PER_SECOND;

/// The same for a picture that can begin no file. From one sample to the next an MP4 of the finest
/// clock that is written reaches a little further.
const MAX_STILL_NS: i64 = 3600 * NANOS_PER_SECOND;

/// One track's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock {
    /// As far as it has come in its file.
    latest_ns: Option<i64>,
    step_ns: i64,
    /// Between a break and the next place for a file times are moved by so much.
    shift_ns: i64,
    /// Whether the lead track is on another clock by now.
    is_stale: bool,
}

impl Clock {
    pub(super) fn note(&mut self, at_ns: i64) {
        match self.latest_ns {
            Some(latest_ns) if at_ns > latest_ns => {
                self.step_ns = (at_ns - latest_ns).min(NANOS_PER_SECOND);
                self.latest_ns = Some(at_ns);
            }
            Some(latest_ns) if at_ns >= latest_ns - MAX_REORDERED_NS => {}
            _ => self.latest_ns = Some(at_ns),
        }
    }

    fn begin_anew(&mut self) {
        *self = Self { step_ns: self.step_ns, ..Self::default() };
    }

    /// Follows it, if it goes on as it nearly always does.
    pub(super) fn follow(&mut self, at_ns: i64) -> bool {
        let goes_on = self.goes_on(at_ns);
        if goes_on {
            self.note(at_ns);
        }
        goes_on
    }

    /// Whether it goes on as it nearly always does.
    fn goes_on(&self, at_ns: i64) -> bool {
        let usual = |latest_ns| (0..=MAX_PAUSE_NS).contains(&(at_ns - latest_ns));
        self.shift_ns == 0 && !self.is_stale && self.latest_ns.is_some_and(usual)
    }
}

/// Whether the first samples of two tracks can be of one clock.
pub(super) fn is_beside(at_ns: i64, other_ns: i64) -> bool {
    at_ns.abs_diff(other_ns) <= MAX_PAUSE_NS.unsigned_abs()
}

impl Stream {
    /// Follows the lead track's clock. Where it breaks off in front of a sample that can begin a
    /// file, that is noted; another sample goes on where the ones in front of it ended. Returns
    /// whether it was moved.
    pub(super) fn follow_lead(&mut self, sample: &mut Sample, at_ns: i64) -> bool {
        let clock = self.clocks[sample.track];
        // The first picture of a file that has begun with sound is beside that.
        let latest_ns = clock
            .latest_ns
            .or_else(|| self.newest_ns().filter(|newest_ns| !is_beside(at_ns, *newest_ns)));
        let Some(latest_ns) = latest_ns.filter(|_| !clock.goes_on(at_ns)) else {
            self.clocks[sample.track].note(at_ns);
            return false;
        };
        let ahead_ns = at_ns - self.newest_ns().unwrap_or(latest_ns);
        if sample.sync {
            self.clocks.iter_mut().for_each(|clock| clock.shift_ns = 0);
            // Nothing in front of a key frame is shown behind it.
            if at_ns - latest_ns < -MAX_STEP_BACK_NS || ahead_ns > MAX_PAUSE_NS {
                self.leave_clocks(latest_ns);
                self.clocks[sample.track].begin_anew();
            }
            self.clocks[sample.track].note(at_ns);
            return false;
        }
        let most_back_ns = self.most_back_ns(sample.track);
        let is_off = |at_ns: i64| at_ns - latest_ns < -most_back_ns;
        if !is_off(at_ns) && ahead_ns <= MAX_STILL_NS {
            self.clocks[sample.track].shift_ns = 0;
            self.clocks[sample.track].note(at_ns);
            return false;
        }
        let mut shift_ns = clock.shift_ns;
        let ahead_ns = ahead_ns.saturating_add(shift_ns);
        if shift_ns == 0 || is_off(at_ns.saturating_add(shift_ns)) || ahead_ns > MAX_STILL_NS {
            shift_ns = latest_ns + clock.step_ns - at_ns;
        }
        self.shift(sample, shift_ns);
        self.clocks[sample.track].note(at_ns + shift_ns);
        true
    }

    /// The lead track's clock has broken off, having come so far.
    pub(super) fn leave_clocks(&mut self, ended_ns: i64) {
        self.broke_off_ns = Some(ended_ns);
        self.clocks.iter_mut().for_each(|clock| clock.is_stale = true);
    }

    /// Where a file begins whose lead track begins at `at_ns`, on another clock than the one that
    /// ended: sound of it may have come already.
    pub(super) fn first_behind_break_ns(&self, ended_ns: i64, at_ns: i64) -> i64 {
        let waiting = self.waiting.iter().map(|waiting| self.shown_ns(&waiting.sample));
        let of_it = waiting.filter(|other_ns| {
            let early_ns = at_ns.abs_diff(*other_ns);
            early_ns < other_ns.abs_diff(ended_ns) && early_ns <= MAX_SKEW_NS.unsigned_abs()
        });
        of_it.chain([at_ns]).min().unwrap_or(at_ns)
    }

    /// Whether a sample beside the lead track is on a clock that is neither its own nor the lead
    /// track's. Perhaps that one is about to change over, too.
    pub(super) fn is_off(&self, sample: &Sample, at_ns: i64) -> bool {
        let clock = &self.clocks[sample.track];
        if clock.goes_on(at_ns) {
            return false;
        }
        let Some(latest_ns) = clock.latest_ns else {
            // In a long fragment the picture has come to its end before the sound begins.
            let is_apart = |newest_ns| {
                !is_beside(at_ns, newest_ns) && !(self.begun_ns..=newest_ns).contains(&at_ns)
            };
            return self.newest_ns().is_some_and(is_apart);
        };
        if clock.is_stale {
            return !self.is_near_lead(at_ns) && !self.belongs_before(sample.track, at_ns);
        }
        let is_back = at_ns - latest_ns < -self.most_back_ns(sample.track);
        is_back || at_ns - self.newest_ns().unwrap_or(latest_ns) > MAX_PAUSE_NS
    }

    /// Whether nothing more is to be expected that would say where a sample belongs that is off.
    pub(super) fn is_lead_off(&self) -> bool {
        self.clocks[self.lead].shift_ns != 0
    }

    /// Moves a sample that is off to where the ones in front of it ended.
    pub(super) fn move_on(&mut self, sample: &mut Sample, at_ns: i64) {
        let clock = self.clocks[sample.track];
        let lead_shift_ns = self.clocks[self.lead].shift_ns;
        let continues = |shift_ns: i64| {
            let moved_ns = at_ns.saturating_add(shift_ns);
            shift_ns != 0 && !self.is_off(sample, moved_ns) && self.is_near_lead(moved_ns)
        };
        let next_ns = match clock.latest_ns {
            Some(latest_ns) if !clock.is_stale => latest_ns + clock.step_ns,
            _ => self.lead_ns,
        };
        let known = [lead_shift_ns, clock.shift_ns].into_iter().find(|&shift| continues(shift));
        self.shift(sample, known.unwrap_or(next_ns.saturating_sub(at_ns)));
    }

    /// A sample beside the lead track goes to its file at this time.
    pub(super) fn follow(&mut self, track: usize, at_ns: i64, is_moved: bool) {
        if !is_moved && self.clocks[track].follow(at_ns) {
            return;
        }
        let belongs_before = self.belongs_before(track, at_ns);
        let clock = &mut self.clocks[track];
        if clock.is_stale && !belongs_before {
            clock.begin_anew();
        }
        if !is_moved {
            clock.shift_ns = 0;
        }
        clock.note(at_ns);
    }

    /// Whether it is of the time in front of the last break.
    pub(super) fn belongs_before(&self, track: usize, at_ns: i64) -> bool {
        let is_of = |previous: &Previous| {
            previous.broke_off_ns.is_some() && !previous.passed[track] && !previous.is_over(at_ns)
        };
        self.previous.iter().any(is_of)
    }

    fn is_near_lead(&self, at_ns: i64) -> bool {
        let from_ns = self.current.as_ref().map_or(self.lead_ns, |current| current.start_ns);
        (from_ns.saturating_sub(MAX_SKEW_NS)..=self.lead_ns.saturating_add(MAX_SKEW_NS))
            .contains(&at_ns)
    }

    /// As far as any track has come.
    fn newest_ns(&self) -> Option<i64> {
        let fresh = self.clocks.iter().filter(|clock| !clock.is_stale);
        fresh.filter_map(|clock| clock.latest_ns).max()
    }

    fn most_back_ns(&self, track: usize) -> i64 {
        const IN_ORDER: [&str; 3] = ["V_VP8", "V_VP9", "V_AV1"];
        let track = &self.tracks[track];
        let is_reordered = track.kind == Kind::Video
            && self.init.source == Container::Webm
            && !IN_ORDER.contains(&track.codec.as_str());
        if is_reordered { MAX_REORDERED_NS } else { MAX_STEP_BACK_NS }
    }

    fn shift(&mut self, sample: &mut Sample, shift_ns: i64) {
        let ticks = self.tracks[sample.track].from_nanos(shift_ns);
        sample.pts = sample.pts.saturating_add(ticks);
        sample.dts = sample.dts.saturating_add(ticks);
        self.clocks[sample.track].shift_ns = shift_ns;
    }
}
