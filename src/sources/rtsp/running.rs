//! A generation that is under way: where what comes lies in it.

use container::Kind;

use super::assembly::Output;
use super::item::Frame;
use super::sync::{Alignment, nanos};

/// Lost sound that is shorter is a crackle, and fills no timeline.
const MIN_SOUND_GAP_NS: i64 = 100_000_000;

/// A generation.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) has_sound: bool,
    /// RTP time of media time zero.
    pub(super) zero_ticks: i64,
    /// Its time of arrival.
    pub(super) zero_us: i64,
    alignment: Alignment,
    /// Whether what belongs in front of media time zero is in the generation before.
    is_first: bool,
    last_video_us: i64,
    last_sound_pts: Option<i64>,
    /// Until when there is sound.
    sound_until_ns: Option<i64>,
    /// Where the sound's clock was set alone: its RTP time of media time zero, and its least
    /// lateness on top.
    sound_base_ns: Option<i64>,
    /// Whether the next sound is the first on its new clock.
    has_sound_leapt: bool,
}

impl Running {
    /// One that follows none. `sound_zero_ns` is the sound's RTP time of media time zero.
    pub(super) fn new(zero_ticks: i64, zero_us: i64, sound_zero_ns: i64) -> Self {
        Self {
            has_sound: false,
            zero_ticks,
            zero_us,
            alignment: Alignment::new(sound_zero_ns),
            is_first: true,
            last_video_us: 0,
            last_sound_pts: None,
            sound_until_ns: None,
            sound_base_ns: None,
            has_sound_leapt: false,
        }
    }

    /// The one behind this, which begins `passed_ns` later on the same clock. Sound that comes into
    /// being with it has not been placed beside the picture before, and begins at `sound_zero_ns`.
    pub(super) fn followed(
        self,
        zero_ticks: i64,
        zero_us: i64,
        passed_ns: i64,
        sound_zero_ns: i64,
    ) -> Self {
        let sound_base_ns = self.sound_base_ns.filter(|_| self.has_sound);
        let alignment = match self.has_sound {
            true => self.alignment.moved(passed_ns),
            false => Alignment::new(sound_zero_ns),
        };
        Self {
            has_sound: false,
            zero_ticks,
            zero_us,
            alignment,
            is_first: !self.has_sound,
            last_video_us: self.last_video_us.saturating_sub(passed_ns / 1000),
            last_sound_pts: None,
            sound_until_ns: self.sound_until_ns.map(|until_ns| until_ns - passed_ns),
            sound_base_ns: sound_base_ns.map(|base_ns| base_ns.saturating_add(passed_ns)),
            has_sound_leapt: self.has_sound_leapt,
        }
    }

    /// Where a frame of the track lies by which the generation goes. `None` for what belongs to none.
    pub(super) fn lead(
        &mut self,
        frame: &Frame,
        rate: u32,
        is_behind_gap: bool,
        outputs: &mut Vec<Output>,
    ) -> Option<i64> {
        let pts = frame.ticks.saturating_sub(self.zero_ticks);
        // Pictures that are shown before the first and refer to what is in front of it.
        if pts < 0 {
            return None;
        }
        let at_us = nanos(pts, rate) / 1000;
        if is_behind_gap {
            let time = |media_us| self.zero_us.saturating_add(media_us);
            let (from_us, to_us) = (time(self.last_video_us), time(at_us));
            outputs.push(Output::Gap { kind: Kind::Video, from_us, to_us });
        }
        self.last_video_us = self.last_video_us.max(at_us);
        if frame.kind == Kind::Audio {
            outputs.extend(self.hears(frame, nanos(pts, rate), rate));
        }
        Some(pts)
    }

    /// Where sound beside a picture lies. `said_zero_ns` is its RTP time of media time zero as the
    /// camera says it, and `late_us` its least lateness.
    pub(super) fn sound(
        &mut self,
        frame: &Frame,
        rate: u32,
        said_zero_ns: Option<i64>,
        late_us: Option<i64>,
        outputs: &mut Vec<Output>,
    ) -> Option<i64> {
        if !self.has_sound {
            return None;
        }
        let late_ns = late_us.map(|late_us| late_us.saturating_mul(1000));
        let set = self.sound_base_ns.zip(late_ns);
        let set_zero_ns = set.map(|(base_ns, late_ns)| base_ns.saturating_sub(late_ns));
        if let Some(zero_ns) = set_zero_ns
            && std::mem::take(&mut self.has_sound_leapt)
        {
            self.alignment = Alignment::new(zero_ns);
        }
        let at_ns = self.alignment.place(nanos(frame.ticks, rate), said_zero_ns.or(set_zero_ns));
        // What is over when the first picture is shown belongs to none.
        let length_ns = nanos(frame.duration.unwrap_or(0).into(), rate);
        if self.is_first && at_ns.saturating_add(length_ns) <= 0 {
            return None;
        }
        outputs.extend(self.hears(frame, at_ns, rate));
        let pts = ticks(at_ns, rate);
        let pts = self.last_sound_pts.map_or(pts, |last| pts.max(last + 1));
        self.last_sound_pts = Some(pts);
        Some(pts)
    }

    /// The sound's clock was set alone. It goes on as far behind its arrival as it was.
    pub(super) fn sound_leaps(&mut self, late_us: i64) {
        let late_ns = late_us.saturating_mul(1000);
        self.sound_base_ns = Some(self.alignment.zero_ns().saturating_add(late_ns));
        self.has_sound_leapt = true;
    }

    /// Sound lies at this media time. Returns the gap in front of it, where some was lost.
    fn hears(&mut self, frame: &Frame, at_ns: i64, rate: u32) -> Option<Output> {
        let length_ns = nanos(frame.duration.unwrap_or(0).into(), rate);
        let until_ns = self.sound_until_ns.replace(at_ns.saturating_add(length_ns))?;
        let is_gap = frame.is_behind_loss && at_ns.saturating_sub(until_ns) > MIN_SOUND_GAP_NS;
        let time = |media_ns: i64| self.zero_us.saturating_add(media_ns / 1000);
        let (from_us, to_us) = (time(until_ns), time(at_ns));
        is_gap.then_some(Output::Gap { kind: Kind::Audio, from_us, to_us })
    }
}

/// Nanoseconds in ticks of a track, to the nearest.
fn ticks(at_ns: i64, rate: u32) -> i64 {
    let scaled = i128::from(at_ns) * i128::from(rate);
    ((2 * scaled + 1_000_000_000).div_euclid(2_000_000_000)) as i64
}
