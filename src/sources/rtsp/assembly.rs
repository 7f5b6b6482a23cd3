//! From what comes of a camera to generations of samples.

use std::collections::VecDeque;

use bytes::Bytes;
use container::{BareTrack, Kind, Sample};

use super::gate::{Gate, Verdict};
use super::item::{Frame, Item, Report};
use super::pace::{Pace, Reading};
use super::sync::{Alignment, Reports, nanos};

/// The first packets are late by what a connection takes to begin; by then one has come in time,
/// and most cameras have told their clocks.
const SETTLE_US: i64 = 1_000_000;

/// Sound that waits for the first key frame beside it: as much as a picture may be later than it.
const MAX_SOUND_WAIT_US: i64 = 3_000_000;

/// A second of 4K, and more packets than a second brings. What is more begins at once.
const MAX_HELD_BYTES: usize = 8 << 20;
const MAX_HELD_FRAMES: usize = 1000;

/// How far what a camera says of the beginning may be from what arrives: cameras exist that say
/// anything.
const MAX_BEGINNING_OFF_NS: i64 = 500_000_000;

/// Lost sound that is shorter is a crackle, and fills no timeline.
const MIN_SOUND_GAP_NS: i64 = 100_000_000;

/// What the recorder and viewers are told. Times are those of arrival, which only run forward.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Output {
    /// A generation begins; its media time zero is this time of arrival.
    Begin { tracks: Vec<BareTrack>, zero_us: i64 },
    /// The next sample of it.
    Sample(Sample),
    /// How far the camera has come since.
    Clock(Reading),
    /// Pictures or sound are missing between these times.
    Gap { kind: Kind, from_us: i64, to_us: i64 },
    /// The camera's clock was set. Pictures are missing from here to the next generation.
    Leap,
}

/// One camera's media on its way.
#[derive(Debug)]
pub(super) struct Assembly {
    has_video: bool,
    video: Option<BareTrack>,
    audio: Option<BareTrack>,
    /// Whether any sound has come: a track without any keeps players waiting.
    has_heard: bool,
    gate: Gate,
    reports: Reports,
    lead_pace: Pace,
    sound_pace: Pace,
    beginnings: Beginnings,
    held: VecDeque<(Frame, bool)>,
    held_bytes: usize,
    state: State,
    outputs: Vec<Output>,
}

/// Whether a generation is under way.
#[derive(Debug)]
enum State {
    /// For a key frame. With a generation, the next one goes on with its clock.
    Waiting(Option<Running>),
    /// A second from the first key frame on.
    Settling {
        zero_ticks: i64,
        until_us: i64,
    },
    Running(Running),
}

/// A generation.
#[derive(Debug)]
struct Running {
    has_sound: bool,
    /// RTP time of media time zero.
    zero_ticks: i64,
    /// Its time of arrival.
    zero_us: i64,
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

/// What the camera says of the RTP times at which its playback begins.
#[derive(Debug, Default)]
struct Beginnings {
    video: Option<i64>,
    audio: Option<i64>,
    /// Without its word the first packet of each counts, and says nothing of the other.
    are_told: bool,
}

impl Beginnings {
    fn learn(&mut self, frame: &Frame) {
        let known = match frame.kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        };
        if known.is_none() {
            *known = Some(frame.start_ticks);
            self.are_told |= frame.start_ticks != frame.ticks;
        }
    }

    /// How much later than the picture's RTP time that of the sound is at one moment.
    fn offset_ns(&self, video_rate: u32, audio_rate: u32) -> Option<i64> {
        let (video, audio) = (self.video?, self.audio?);
        let offset_ns = nanos(audio, audio_rate).saturating_sub(nanos(video, video_rate));
        self.are_told.then_some(offset_ns)
    }
}

impl Assembly {
    /// A camera with these tracks. What its pictures are may be known with the first of them only.
    pub(super) fn new(has_video: bool, audio: Option<BareTrack>) -> Self {
        Self {
            has_video,
            video: None,
            audio,
            has_heard: false,
            gate: Gate::default(),
            reports: Reports::default(),
            lead_pace: Pace::default(),
            sound_pace: Pace::default(),
            beginnings: Beginnings::default(),
            held: VecDeque::new(),
            held_bytes: 0,
            state: State::Waiting(None),
            outputs: Vec::new(),
        }
    }

    /// Something came.
    pub(super) fn push(&mut self, item: Item) {
        match item {
            Item::Report(report) => self.report(report),
            Item::Frame(frame) => self.frame(frame),
        }
    }

    /// What is to be told.
    pub(super) fn take(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    /// When [`Self::tick`] has something to do.
    pub(super) fn deadline_us(&self) -> Option<i64> {
        match self.state {
            State::Settling { until_us, .. } => Some(until_us),
            State::Waiting(_) | State::Running(_) => None,
        }
    }

    /// Time passes without anything coming.
    pub(super) fn tick(&mut self, now_us: i64) {
        if self.deadline_us().is_some_and(|until_us| now_us >= until_us) {
            self.begin();
        }
    }

    fn lead(&self) -> Kind {
        if self.has_video { Kind::Video } else { Kind::Audio }
    }

    fn rate(&self, kind: Kind) -> u32 {
        let track = if kind == Kind::Video { &self.video } else { &self.audio };
        track.as_ref().map_or(90_000, BareTrack::timescale)
    }

    fn report(&mut self, report: Report) {
        self.reports.push(report);
    }

    fn frame(&mut self, mut frame: Frame) {
        let kind = frame.kind;
        if kind == Kind::Video && !self.has_video || kind == Kind::Audio && self.audio.is_none() {
            return;
        }
        let is_lead = kind == self.lead();
        let own_us = nanos(frame.ticks, self.rate(kind)) / 1000;
        if self.pace(is_lead).leaps(own_us, frame.arrived_us) {
            match is_lead {
                true => self.leap(frame.is_key),
                false => self.leap_of_sound(),
            }
        }
        let reading = self.pace(is_lead).push(own_us, frame.arrived_us);
        self.has_heard |= kind == Kind::Audio;
        self.beginnings.learn(&frame);
        let mut is_behind_gap = false;
        if kind == Kind::Video {
            let track = frame.track.take().filter(|track| self.video.as_ref() != Some(track));
            if track.is_some() {
                // What comes now cannot be decoded as what came before.
                self.video = track;
                self.part();
            }
            match self.gate.judge(&frame) {
                Verdict::Drop => return,
                Verdict::Pass => {}
                Verdict::PassBehindGap => is_behind_gap = true,
            }
            if frame.is_key && self.lacks_sound() {
                self.part();
                self.gate.judge(&Frame { is_behind_loss: false, ..frame.clone() });
            }
        }
        let begins = is_lead && (kind == Kind::Audio || self.video.is_some());
        match &mut self.state {
            State::Waiting(before) if begins => {
                let before = before.take();
                let zero_ticks = frame.ticks;
                let until_us = frame.arrived_us.saturating_add(SETTLE_US);
                self.state = State::Settling { zero_ticks, until_us };
                self.hold(frame, is_behind_gap);
                if let Some(before) = before {
                    self.go_on(before, zero_ticks);
                }
            }
            State::Waiting(_) => self.hold(frame, is_behind_gap),
            State::Settling { until_us, .. } => {
                let is_over = frame.arrived_us >= *until_us;
                self.hold(frame, is_behind_gap);
                if is_over || self.held_bytes > MAX_HELD_BYTES || self.held.len() > MAX_HELD_FRAMES
                {
                    self.begin();
                }
            }
            State::Running(_) => {
                self.emit(frame, is_behind_gap);
                if let Some((own_us, arrived_us)) = reading.filter(|_| is_lead) {
                    self.read(own_us, arrived_us);
                }
            }
        }
    }

    fn pace(&mut self, is_lead: bool) -> &mut Pace {
        if is_lead { &mut self.lead_pace } else { &mut self.sound_pace }
    }

    /// Whether sound has begun to come that the generation has no track for.
    fn lacks_sound(&self) -> bool {
        self.has_heard && matches!(&self.state, State::Running(running) if !running.has_sound)
    }

    /// The camera's clock was set, or it began anew: nothing that was known holds.
    fn leap(&mut self, is_at_key: bool) {
        if matches!(self.state, State::Settling { .. }) {
            self.begin();
        }
        if matches!(self.state, State::Running(_)) && !is_at_key {
            self.outputs.push(Output::Leap);
        }
        self.gate.shut();
        self.reports = Reports::default();
        // The beginning was on the old clock.
        self.beginnings = Beginnings { video: Some(0), audio: Some(0), are_told: false };
        (self.lead_pace, self.sound_pace) = (Pace::default(), Pace::default());
        (self.held, self.held_bytes) = (VecDeque::new(), 0);
        self.state = State::Waiting(None);
    }

    /// The sound's clock was set, and the pictures' was not: they go on as they are. Sound goes on
    /// as far behind its arrival as it was.
    fn leap_of_sound(&mut self) {
        if matches!(self.state, State::Settling { .. }) {
            self.begin();
        }
        let late_us = std::mem::take(&mut self.sound_pace).least_us();
        self.reports.forget(Kind::Audio);
        self.beginnings = Beginnings { video: Some(0), audio: Some(0), are_told: false };
        // What waits for a picture is on the old clock.
        (self.held, self.held_bytes) = (VecDeque::new(), 0);
        if let State::Running(running) | State::Waiting(Some(running)) = &mut self.state
            && let Some(late_us) = late_us
        {
            let late_ns = late_us.saturating_mul(1000);
            running.sound_base_ns = Some(running.alignment.zero_ns().saturating_add(late_ns));
            running.has_sound_leapt = true;
        }
    }

    /// Where media time zero is on the sound's clock, after that was set alone.
    fn sound_zero_ns(&self) -> Option<i64> {
        let State::Running(Running { sound_base_ns, .. }) = &self.state else { return None };
        let late_ns = self.sound_pace.least_us()?.saturating_mul(1000);
        Some((*sound_base_ns)?.saturating_sub(late_ns))
    }

    /// The generation ends, and the next goes on with its clock.
    fn part(&mut self) {
        if matches!(self.state, State::Settling { .. }) {
            self.begin();
        }
        self.gate.shut();
        self.state = match std::mem::replace(&mut self.state, State::Waiting(None)) {
            State::Running(running) => State::Waiting(Some(running)),
            other => other,
        };
    }

    fn hold(&mut self, frame: Frame, is_behind_gap: bool) {
        let newest_us = frame.arrived_us;
        self.held_bytes += frame.data.len();
        self.held.push_back((frame, is_behind_gap));
        if !matches!(self.state, State::Waiting(_)) {
            return;
        }
        while let Some((oldest, _)) = self.held.front()
            && (newest_us.saturating_sub(oldest.arrived_us) > MAX_SOUND_WAIT_US
                || self.held.len() > MAX_HELD_FRAMES
                || self.held_bytes > MAX_HELD_BYTES)
        {
            self.held_bytes -= oldest.data.len();
            self.held.pop_front();
        }
    }

    /// The generation begins with what is held.
    fn begin(&mut self) {
        let State::Settling { zero_ticks, .. } = self.state else { return };
        let lead_rate = self.rate(self.lead());
        let zero_ns = nanos(zero_ticks, lead_rate);
        let late_us = self.lead_pace.least_us().unwrap_or(0);
        let zero_us = (zero_ns / 1000).saturating_add(late_us);
        let sound_zero_ns = zero_ns.saturating_add(self.sound_offset_ns());
        self.run(Running {
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
        });
    }

    /// The same where the clock is known from the generation before.
    fn go_on(&mut self, before: Running, zero_ticks: i64) {
        let rate = self.rate(self.lead());
        let passed_ns = nanos(zero_ticks.saturating_sub(before.zero_ticks), rate);
        let zero_us = match self.lead_pace.least_us() {
            Some(late_us) => (nanos(zero_ticks, rate) / 1000).saturating_add(late_us),
            None => before.zero_us.saturating_add(passed_ns / 1000),
        };
        let sound_until_ns = before.sound_until_ns.map(|until_ns| until_ns - passed_ns);
        let sound_base_ns = before.sound_base_ns.filter(|_| before.has_sound);
        let sound_base_ns = sound_base_ns.map(|base_ns| base_ns.saturating_add(passed_ns));
        // Sound that comes into being now has not been placed beside the picture before.
        let alignment = match before.has_sound {
            true => before.alignment.moved(passed_ns),
            false => {
                let zero_ns = nanos(zero_ticks, rate);
                Alignment::new(zero_ns.saturating_add(self.sound_offset_ns()))
            }
        };
        let last_video_us = before.last_video_us.saturating_sub(passed_ns / 1000);
        let (is_first, last_sound_pts) = (!before.has_sound, None);
        self.run(Running {
            has_sound: false,
            zero_ticks,
            zero_us,
            alignment,
            is_first,
            last_video_us,
            last_sound_pts,
            sound_until_ns,
            sound_base_ns,
            has_sound_leapt: before.has_sound_leapt,
        });
    }

    fn run(&mut self, running: Running) {
        let has_sound = self.has_heard;
        let video = self.video.clone().filter(|_| self.has_video);
        let audio = self.audio.clone().filter(|_| has_sound);
        let tracks = video.into_iter().chain(audio).collect();
        self.outputs.push(Output::Begin { tracks, zero_us: running.zero_us });
        self.state = State::Running(Running { has_sound, ..running });
        self.held_bytes = 0;
        for (frame, is_behind_gap) in std::mem::take(&mut self.held) {
            self.emit(frame, is_behind_gap);
        }
    }

    /// How much later than the picture's RTP time that of the sound is at one moment.
    fn sound_offset_ns(&self) -> i64 {
        let (video_rate, audio_rate) = (self.rate(Kind::Video), self.rate(Kind::Audio));
        if !self.has_video {
            return 0;
        }
        if let Some(offset_ns) = self.reports.offset_ns(video_rate, audio_rate) {
            return offset_ns;
        }
        let (Some(lead_us), Some(sound_us)) =
            (self.lead_pace.least_us(), self.sound_pace.least_us())
        else {
            return 0;
        };
        let arrived_ns = lead_us.saturating_sub(sound_us).saturating_mul(1000);
        let said_ns = self.beginnings.offset_ns(video_rate, audio_rate);
        let is_off = |said_ns: i64| said_ns.saturating_sub(arrived_ns).saturating_abs();
        said_ns.filter(|&said_ns| is_off(said_ns) <= MAX_BEGINNING_OFF_NS).unwrap_or(arrived_ns)
    }

    fn emit(&mut self, frame: Frame, is_behind_gap: bool) {
        let lead_rate = self.rate(self.lead());
        let rate = self.rate(frame.kind);
        let offset_ns = self.reports.offset_ns(lead_rate, rate);
        let set_zero_ns = self.sound_zero_ns().filter(|_| frame.kind != self.lead());
        let State::Running(running) = &mut self.state else { return };
        let (track, pts) = match frame.kind {
            kind if kind == Kind::Video || !self.has_video => {
                let pts = frame.ticks.saturating_sub(running.zero_ticks);
                // Pictures that are shown before the first and refer to what is in front of it.
                if pts < 0 {
                    return;
                }
                let at_us = nanos(pts, rate) / 1000;
                if is_behind_gap {
                    let time = |media_us| running.zero_us.saturating_add(media_us);
                    let (from_us, to_us) = (time(running.last_video_us), time(at_us));
                    self.outputs.push(Output::Gap { kind: Kind::Video, from_us, to_us });
                }
                running.last_video_us = running.last_video_us.max(at_us);
                if frame.kind == Kind::Audio {
                    self.outputs.extend(running.hears(&frame, nanos(pts, rate), rate));
                }
                (0, pts)
            }
            _ if !running.has_sound => return,
            _ => {
                let zero_ns = nanos(running.zero_ticks, lead_rate);
                let wanted_ns = offset_ns.map(|offset_ns| zero_ns.saturating_add(offset_ns));
                let wanted_ns = wanted_ns.or(set_zero_ns);
                if let Some(zero_ns) = set_zero_ns
                    && std::mem::take(&mut running.has_sound_leapt)
                {
                    running.alignment = Alignment::new(zero_ns);
                }
                let at_ns = running.alignment.place(nanos(frame.ticks, rate), wanted_ns);
                // What is over when the first picture is shown belongs to none.
                let length_ns = nanos(frame.duration.unwrap_or(0).into(), rate);
                if running.is_first && at_ns.saturating_add(length_ns) <= 0 {
                    return;
                }
                self.outputs.extend(running.hears(&frame, at_ns, rate));
                let pts = ticks(at_ns, rate);
                let pts = running.last_sound_pts.map_or(pts, |last| pts.max(last + 1));
                running.last_sound_pts = Some(pts);
                (1, pts)
            }
        };
        self.outputs.push(Output::Sample(Sample {
            track,
            pts,
            dts: pts,
            duration: frame.duration,
            sync: frame.is_key,
            data: frame.data,
            block_extra: Bytes::new(),
        }));
    }

    fn read(&mut self, own_us: i64, arrived_us: i64) {
        let rate = self.rate(self.lead());
        let State::Running(running) = &self.state else { return };
        let media_us = own_us.saturating_sub(nanos(running.zero_ticks, rate) / 1000);
        let elapsed_us = arrived_us.saturating_sub(running.zero_us);
        self.outputs.push(Output::Clock(Reading { media_us, elapsed_us }));
    }
}

/// Nanoseconds in ticks of a track, to the nearest.
fn ticks(at_ns: i64, rate: u32) -> i64 {
    let scaled = i128::from(at_ns) * i128::from(rate);
    ((2 * scaled + 1_000_000_000).div_euclid(2_000_000_000)) as i64
}

#[cfg(test)]
mod tests;
