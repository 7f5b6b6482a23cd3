//! Where the sound belongs beside the picture.
//!
//! Each has an RTP clock of its own, which begins anywhere. Sender reports tell what both showed
//! on one clock of the camera's; until they come, what is said at the beginning of the playback
//! has to do, or when things arrived. The two clocks drift apart, so the sound is moved a little
//! where the reports go on to say that it is off.

use container::{Kind, NANOS_PER_SECOND};

use super::item::Report;

/// People notice sound that is off by twice this.
const TOLERANCE_NS: i64 = 20_000_000;

/// Once it is moved it is moved to where it belongs, as exactly as reports are.
const SETTLED_NS: i64 = 1_000_000;

/// Sound that is moved by a hundredth of its length sounds as before.
const MAX_MOVE: i64 = 100;

/// The reports of one camera arrive as far apart as it writes them, but for what a network takes.
/// Where they do not, it has more than one clock, and they say nothing.
const MAX_DISAGREEMENT_NS: i64 = 2 * NANOS_PER_SECOND;

/// Converts RTP times to nanoseconds.
pub(super) fn nanos(ticks: i64, rate: u32) -> i64 {
    let nanos = i128::from(ticks) * i128::from(NANOS_PER_SECOND) / i128::from(rate.max(1));
    nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// The newest report of each.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Reports {
    video: Option<Report>,
    audio: Option<Report>,
}

impl Reports {
    pub(super) fn push(&mut self, report: Report) {
        match report.kind {
            Kind::Video => self.video = Some(report),
            Kind::Audio => self.audio = Some(report),
        }
    }

    /// The clock of this one was set.
    pub(super) fn forget(&mut self, kind: Kind) {
        match kind {
            Kind::Video => self.video = None,
            Kind::Audio => self.audio = None,
        }
    }

    /// How much later than the picture's RTP time that of the sound is at one moment.
    pub(super) fn offset_ns(&self, video_rate: u32, audio_rate: u32) -> Option<i64> {
        let (video, audio) = (self.video?, self.audio?);
        let apart_ns = audio.clock_ns.saturating_sub(video.clock_ns);
        let arrived_ns = audio.arrived_us.saturating_sub(video.arrived_us).saturating_mul(1000);
        if apart_ns.saturating_sub(arrived_ns).saturating_abs() > MAX_DISAGREEMENT_NS {
            return None;
        }
        let shown_ns =
            nanos(audio.ticks, audio_rate).saturating_sub(nanos(video.ticks, video_rate));
        Some(shown_ns.saturating_sub(apart_ns))
    }
}

/// Moves the sound to where it belongs.
#[derive(Debug)]
pub(super) struct Alignment {
    /// The RTP time of the sound at media time zero.
    zero_ns: i64,
    is_moving: bool,
    last_ns: Option<i64>,
}

impl Alignment {
    pub(super) fn new(zero_ns: i64) -> Self {
        Self { zero_ns, is_moving: false, last_ns: None }
    }

    /// The RTP time of the sound at media time zero.
    pub(super) fn zero_ns(&self) -> i64 {
        self.zero_ns
    }

    /// The same where media time begins later by this much.
    pub(super) fn moved(self, by_ns: i64) -> Self {
        Self { zero_ns: self.zero_ns.saturating_add(by_ns), ..self }
    }

    /// The media time of sound with this RTP time. `wanted_ns` is where media time zero should be.
    pub(super) fn place(&mut self, at_ns: i64, wanted_ns: Option<i64>) -> i64 {
        let since_ns = at_ns.saturating_sub(self.last_ns.unwrap_or(at_ns)).max(0);
        self.last_ns = Some(at_ns);
        if let Some(wanted_ns) = wanted_ns {
            let off_ns = wanted_ns.saturating_sub(self.zero_ns);
            let limit = if self.is_moving { SETTLED_NS } else { TOLERANCE_NS };
            self.is_moving = off_ns.saturating_abs() > limit;
            if self.is_moving {
                let most_ns = since_ns / MAX_MOVE;
                self.zero_ns = self.zero_ns.saturating_add(off_ns.clamp(-most_ns, most_ns));
            }
        }
        at_ns.saturating_sub(self.zero_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = NANOS_PER_SECOND;

    fn report(kind: Kind, ticks: i64, clock_ns: i64) -> Report {
        Report { kind, ticks, arrived_us: clock_ns / 1000, clock_ns }
    }

    #[test]
    fn reports_say_how_far_the_clocks_are_apart() {
        let mut reports = Reports::default();
        assert_eq!(reports.offset_ns(90_000, 8000), None);
        // The picture's clock shows 100 s at second 7, the sound's 40 s at second 9.
        reports.push(report(Kind::Video, 9_000_000, 7 * SECOND));
        reports.push(report(Kind::Audio, 320_000, 9 * SECOND));
        assert_eq!(reports.offset_ns(90_000, 8000), Some((38 - 100) * SECOND));
    }

    #[test]
    fn reports_from_two_clocks_say_nothing() {
        let mut reports = Reports::default();
        reports.push(report(Kind::Video, 0, 7 * SECOND));
        reports.push(Report { arrived_us: 7_100_000, ..report(Kind::Audio, 0, 3600 * SECOND) });
        assert_eq!(reports.offset_ns(90_000, 8000), None);
    }

    #[test]
    fn sound_that_drifts_away_is_brought_back_slowly() {
        let mut alignment = Alignment::new(0);
        let mut last_ns = -1;
        let mut worst_ns = 0i64;
        for packet in 0..50 * 3600 * 10 {
            // 100 ppm fast: its clock shows more than has passed.
            let true_ns = packet * 20_000_000;
            let at_ns = true_ns + true_ns / 10_000;
            let placed_ns = alignment.place(at_ns, Some(true_ns / 10_000));
            assert!(placed_ns > last_ns && placed_ns - last_ns < 21_000_000, "{placed_ns}");
            last_ns = placed_ns;
            worst_ns = worst_ns.max((placed_ns - true_ns).abs());
        }
        assert!(worst_ns <= TOLERANCE_NS + SECOND / 1000, "{worst_ns}");
    }

    #[test]
    fn small_differences_move_nothing() {
        let mut alignment = Alignment::new(5 * SECOND);
        for packet in 0..1000 {
            let at_ns = packet * 20_000_000;
            let wanted_ns = 5 * SECOND + (packet % 7) * 2_000_000;
            assert_eq!(alignment.place(at_ns, Some(wanted_ns)), at_ns - 5 * SECOND);
        }
    }
}
