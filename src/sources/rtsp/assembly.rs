//! From what comes of a camera to generations of samples.

use std::collections::VecDeque;

use bytes::Bytes;
use container::{BareTrack, Kind, Sample};

use super::beginnings::Beginnings;
use super::gate::{Gate, Verdict};
use super::item::{Frame, Item, Report};
use super::pace::{Pace, Reading};
use super::running::Running;
use super::sync::{Reports, nanos};

/// The first packets are late by what a connection takes to begin; by then one has come in time,
/// and most cameras have told their clocks.
const SETTLE_US: i64 = 1_000_000;

/// Sound that waits for the first key frame beside it: as much as a picture may be later than it.
const MAX_SOUND_WAIT_US: i64 = 3_000_000;

/// A second of 4K, and more packets than a second brings. What is more begins at once.
const MAX_HELD_BYTES: usize = 8 << 20;
const MAX_HELD_FRAMES: usize = 1000;

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

    /// Whether the sound comes over a connection of its own.
    pub(super) fn with_sound_apart(mut self, is_apart: bool) -> Self {
        if is_apart {
            // Its playback begins at another moment than the picture's.
            self.beginnings = Beginnings::unknown();
        }
        self
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
        self.beginnings = Beginnings::unknown();
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
        self.beginnings = Beginnings::unknown();
        // What waits for a picture is on the old clock.
        (self.held, self.held_bytes) = (VecDeque::new(), 0);
        if let State::Running(running) | State::Waiting(Some(running)) = &mut self.state
            && let Some(late_us) = late_us
        {
            running.sound_leaps(late_us);
        }
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
        self.run(Running::new(zero_ticks, zero_us, sound_zero_ns));
    }

    /// The same where the clock is known from the generation before.
    fn go_on(&mut self, before: Running, zero_ticks: i64) {
        let rate = self.rate(self.lead());
        let zero_ns = nanos(zero_ticks, rate);
        let passed_ns = nanos(zero_ticks.saturating_sub(before.zero_ticks), rate);
        let zero_us = match self.lead_pace.least_us() {
            Some(late_us) => (zero_ns / 1000).saturating_add(late_us),
            None => before.zero_us.saturating_add(passed_ns / 1000),
        };
        let sound_zero_ns = zero_ns.saturating_add(self.sound_offset_ns());
        self.run(before.followed(zero_ticks, zero_us, passed_ns, sound_zero_ns));
    }

    fn run(&mut self, mut running: Running) {
        running.has_sound = self.has_heard;
        let video = self.video.clone().filter(|_| self.has_video);
        let audio = self.audio.clone().filter(|_| running.has_sound);
        let tracks = video.into_iter().chain(audio).collect();
        self.outputs.push(Output::Begin { tracks, zero_us: running.zero_us });
        self.state = State::Running(running);
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
        self.beginnings.offset_ns(video_rate, audio_rate, arrived_ns)
    }

    fn emit(&mut self, frame: Frame, is_behind_gap: bool) {
        let is_lead = frame.kind == self.lead();
        let (lead_rate, rate) = (self.rate(self.lead()), self.rate(frame.kind));
        let said_ns = self.reports.offset_ns(lead_rate, rate);
        let late_us = self.sound_pace.least_us();
        let State::Running(running) = &mut self.state else { return };
        let pts = match is_lead {
            true => running.lead(&frame, rate, is_behind_gap, &mut self.outputs),
            false => {
                let offset_ns = said_ns
                    .map(|said_ns| nanos(running.zero_ticks, lead_rate).saturating_add(said_ns));
                running.sound(&frame, rate, offset_ns, late_us, &mut self.outputs)
            }
        };
        let Some(pts) = pts else { return };
        self.outputs.push(Output::Sample(Sample {
            track: usize::from(!is_lead),
            pts,
            dts: pts,
            duration: frame.duration.map(i64::from),
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

#[cfg(test)]
mod tests;
