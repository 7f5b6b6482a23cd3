//! Decides where one file ends and the next begins.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::sample::{Container, Event, Init, Kind, NANOS_PER_SECOND, Sample, Track};

/// How far audio and video of one moment arrive apart at most: Chromium's MP4 fragments hold all
/// audio of two seconds, then all video of them. After this long a file no longer waits.
const MAX_SKEW_NS: i64 = 3 * NANOS_PER_SECOND;

/// The same for Matroska, where every browser interleaves within 100 ms. What is held back is
/// not acknowledged, so the bound is tight.
const MAX_MATROSKA_SKEW_NS: i64 = NANOS_PER_SECOND;

/// Three seconds of the smallest packets and of the largest; a stream that holds back more than
/// this is none that a recorder makes.
const MAX_WAITING_SAMPLES: usize = 2000;
const MAX_WAITING_BYTES: usize = 8 << 20;

/// Files that may wait for their audio at once; more only where key frames bring a new picture
/// size each.
const MAX_PREVIOUS: usize = 8;

/// Recorders begin their clock at zero, give or take one audio packet.
const MAX_START_NS: i64 = NANOS_PER_SECOND / 10;

/// What a new file begins with.
#[derive(Debug, Clone)]
pub struct SegmentSpec {
    /// The init segment that its samples came under.
    pub init: Arc<Init>,
    /// The tracks as they are now.
    pub tracks: Vec<Track>,
    /// The presentation time that is zero in the file, in nanoseconds.
    pub origin_ns: i64,
    /// Whether codec delays stand in the file as in the stream: only the first file of a stream
    /// begins where the encoder did.
    pub keeps_delay: bool,
}

/// What is to be done, in order.
#[derive(Debug)]
pub enum Action {
    /// Begin a file.
    Open {
        /// Counts from 0 within one [`Segmenter`].
        segment: u64,
        /// What it begins with.
        spec: Box<SegmentSpec>,
    },
    /// Add a sample to an open file.
    Write {
        #[allow(missing_docs)]
        segment: u64,
        #[allow(missing_docs)]
        sample: Sample,
    },
    /// Finish a file; nothing more will be added to it.
    Close {
        #[allow(missing_docs)]
        segment: u64,
        /// Where the next file's video begins, in nanoseconds; `None` at the end of a stream.
        end_ns: Option<i64>,
    },
}

/// Cuts a stream of samples into files that begin with a sync sample. Media time decides alone,
/// so the files do not depend on when anything arrived.
#[derive(Debug)]
pub struct Segmenter {
    target_ns: i64,
    next_segment: u64,
    stream: Option<Stream>,
    actions: VecDeque<Action>,
    pushed_samples: u64,
    undecodable_samples: u64,
}

/// One init segment's samples.
#[derive(Debug)]
struct Stream {
    init: Arc<Init>,
    tracks: Vec<Track>,
    /// The track whose sync samples are the places to cut: video, if there is any.
    lead: usize,
    config_changed: bool,
    begun: bool,
    /// Samples that came before the lead sample of their time, so that a cut may still fall
    /// before them.
    waiting: VecDeque<Waiting>,
    /// When the newest lead sample is shown.
    lead_ns: i64,
    current: Option<Current>,
    waiting_bytes: usize,
    /// The files before, which take audio of their time until all of it has come; oldest first.
    previous: VecDeque<Previous>,
}

/// A sample that waits, and how many were pushed before it.
#[derive(Debug)]
struct Waiting {
    sample: Sample,
    number: u64,
}

#[derive(Debug)]
struct Current {
    segment: u64,
    /// When its first lead sample is shown; until there is one, when it begins.
    start_ns: i64,
    has_lead: bool,
}

#[derive(Debug)]
struct Previous {
    segment: u64,
    cut_ns: i64,
    passed: Vec<bool>,
}

impl Segmenter {
    /// Files of about `target_ns` nanoseconds.
    #[must_use]
    pub fn new(target_ns: i64) -> Self {
        Self {
            target_ns,
            next_segment: 0,
            stream: None,
            actions: VecDeque::new(),
            pushed_samples: 0,
            undecodable_samples: 0,
        }
    }

    /// Takes what the demuxer found.
    pub fn push(&mut self, event: Event) {
        match event {
            Event::Init(init) => {
                self.finish();
                self.stream = Some(Stream::new(init));
            }
            Event::Config { track, config } => {
                if let Some(stream) = &mut self.stream
                    && let Some(known) = stream.tracks.get_mut(track)
                {
                    *known = *config;
                    stream.config_changed = true;
                }
            }
            Event::Sample(sample) => {
                if let Some(mut stream) = self.stream.take() {
                    if sample.track < stream.tracks.len() {
                        self.sample(&mut stream, sample);
                    }
                    self.pushed_samples += 1;
                    self.stream = Some(stream);
                }
            }
        }
    }

    /// Ends the stream: all open files are closed.
    pub fn finish(&mut self) {
        let Some(mut stream) = self.stream.take() else { return };
        if stream.current.is_none() && !stream.waiting.is_empty() {
            self.begin(&mut stream, None);
        }
        stream.lead_ns = i64::MAX;
        self.release(&mut stream);
        while !stream.previous.is_empty() {
            self.close_oldest(&mut stream);
        }
        if let Some(current) = stream.current {
            self.actions.push_back(Action::Close { segment: current.segment, end_ns: None });
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Video samples that came before the first sync sample of their stream and cannot be shown.
    #[must_use]
    pub fn undecodable_samples(&self) -> u64 {
        self.undecodable_samples
    }

    /// How many samples have been pushed.
    #[must_use]
    pub fn pushed_samples(&self) -> u64 {
        self.pushed_samples
    }

    /// How many samples, counted from the first, were all handed out in an [`Action::Write`].
    #[must_use]
    pub fn settled_samples(&self) -> u64 {
        let waiting = self.stream.as_ref().and_then(|stream| stream.waiting.front());
        waiting.map_or(self.pushed_samples, |waiting| waiting.number)
    }

    fn sample(&mut self, stream: &mut Stream, sample: Sample) {
        let at_ns = stream.shown_ns(&sample);
        if sample.track == stream.lead {
            stream.lead_ns = stream.lead_ns.max(at_ns);
            self.lead_sample(stream, sample, at_ns);
            self.release(stream);
        } else if !stream.waiting.is_empty() || stream.may_be_cut_before(at_ns, self.target_ns) {
            stream.waiting_bytes += sample.data.len();
            stream.waiting.push_back(Waiting { sample, number: self.pushed_samples });
            if stream.current.is_some() {
                self.release(stream);
            } else if stream.has_waited_enough(MAX_SKEW_NS) {
                self.begin(stream, None);
            }
        } else {
            self.other_sample(stream, sample, at_ns);
        }
    }

    /// Hands out the waiting samples whose file is known by now.
    fn release(&mut self, stream: &mut Stream) {
        while let Some(first) = stream.waiting.front() {
            let at_ns = stream.shown_ns(&first.sample);
            let waits = stream.may_be_cut_before(at_ns, self.target_ns);
            // Times that jump far ahead must not hold everything else back.
            let is_left_behind = self.pushed_samples - first.number > MAX_WAITING_SAMPLES as u64;
            if waits && !is_left_behind && !stream.has_waited_enough(stream.max_skew_ns()) {
                return;
            }
            if let Some(waiting) = stream.waiting.pop_front() {
                stream.waiting_bytes -= waiting.sample.data.len();
                self.other_sample(stream, waiting.sample, at_ns);
            }
        }
    }

    fn lead_sample(&mut self, stream: &mut Stream, sample: Sample, at_ns: i64) {
        match &mut stream.current {
            None if !sample.sync => {
                self.undecodable_samples += 1;
                return;
            }
            None => self.begin(stream, Some(&sample)),
            Some(current) if !current.has_lead => {
                if !sample.sync {
                    self.undecodable_samples += 1;
                    return;
                }
                current.has_lead = true;
                current.start_ns = at_ns;
                if std::mem::take(&mut stream.config_changed) {
                    self.cut(stream, at_ns);
                }
            }
            Some(current) => {
                let long_enough = at_ns - current.start_ns >= self.target_ns;
                if sample.sync && (long_enough || stream.config_changed) {
                    self.cut(stream, at_ns);
                }
            }
        }
        while stream.previous.front().is_some_and(|p| at_ns >= p.cut_ns + MAX_SKEW_NS) {
            self.close_oldest(stream);
        }
        self.write_current(stream, sample);
    }

    /// A sample of a track that does not decide where to cut.
    fn other_sample(&mut self, stream: &mut Stream, sample: Sample, at_ns: i64) {
        let Some(current) = &stream.current else { return };
        let has_lead = current.has_lead;
        let start_ns = current.start_ns;
        for previous in &mut stream.previous {
            if at_ns >= previous.cut_ns {
                previous.passed[sample.track] = true;
            } else if !previous.passed[sample.track] {
                let segment = previous.segment;
                self.actions.push_back(Action::Write { segment, sample });
                return;
            }
        }
        while stream.previous.front().is_some_and(|p| p.passed.iter().all(|&passed| passed)) {
            self.close_oldest(stream);
        }
        if !has_lead && at_ns - start_ns >= self.target_ns {
            self.cut(stream, at_ns);
            if let Some(current) = &mut stream.current {
                current.has_lead = false;
            }
        }
        self.write_current(stream, sample);
    }

    fn write_current(&mut self, stream: &Stream, sample: Sample) {
        if let Some(Current { segment, .. }) = stream.current {
            self.actions.push_back(Action::Write { segment, sample });
        }
    }

    /// Opens a stream's first file: with its first lead sample, or without one where audio has
    /// waited too long for it.
    fn begin(&mut self, stream: &mut Stream, lead: Option<&Sample>) {
        let raw_ns = |sample: &Sample| {
            let track = &stream.tracks[sample.track];
            track.to_nanos(sample.pts + track.delay.max(0))
        };
        let waiting = stream.waiting.iter().map(|waiting| &waiting.sample);
        let first_ns = waiting.chain(lead).map(raw_ns).min().unwrap_or(0);
        // A track whose first sample is still to come may begin a little earlier.
        let origin_ns = if (0..MAX_START_NS).contains(&first_ns) { 0 } else { first_ns };
        let start_ns = lead.map_or(origin_ns, |sample| stream.shown_ns(sample));
        stream.config_changed = false;
        self.open(stream, origin_ns, start_ns, lead.is_some());
        stream.begun = true;
        self.release(stream);
    }

    fn cut(&mut self, stream: &mut Stream, at_ns: i64) {
        stream.config_changed = false;
        if let Some(current) = stream.current.take() {
            let passed = (0..stream.tracks.len()).map(|track| track == stream.lead).collect();
            let previous = Previous { segment: current.segment, cut_ns: at_ns, passed };
            let alone = previous.passed.iter().all(|&passed| passed);
            stream.previous.push_back(previous);
            if stream.previous.len() > MAX_PREVIOUS {
                self.close_oldest(stream);
            }
            if alone {
                self.close_oldest(stream);
            }
        }
        self.open(stream, at_ns, at_ns, true);
    }

    fn open(&mut self, stream: &mut Stream, origin_ns: i64, start_ns: i64, has_lead: bool) {
        let segment = self.next_segment;
        self.next_segment += 1;
        let spec = Box::new(SegmentSpec {
            init: Arc::clone(&stream.init),
            tracks: stream.tracks.clone(),
            origin_ns,
            keeps_delay: !stream.begun,
        });
        self.actions.push_back(Action::Open { segment, spec });
        stream.current = Some(Current { segment, start_ns, has_lead });
    }

    fn close_oldest(&mut self, stream: &mut Stream) {
        if let Some(Previous { segment, cut_ns, .. }) = stream.previous.pop_front() {
            self.actions.push_back(Action::Close { segment, end_ns: Some(cut_ns) });
        }
    }
}

impl Stream {
    fn new(init: Arc<Init>) -> Self {
        let lead = init.tracks.iter().position(|track| track.kind == Kind::Video).unwrap_or(0);
        Self {
            tracks: init.tracks.clone(),
            init,
            lead,
            config_changed: false,
            begun: false,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            lead_ns: i64::MIN,
            current: None,
            previous: VecDeque::new(),
        }
    }

    fn shown_ns(&self, sample: &Sample) -> i64 {
        self.tracks[sample.track].to_nanos(sample.pts)
    }

    /// How much time the waiting samples span.
    fn waiting_ns(&self) -> i64 {
        match (self.waiting.front(), self.waiting.back()) {
            (Some(first), Some(last)) => self.shown_ns(&last.sample) - self.shown_ns(&first.sample),
            _ => 0,
        }
    }

    /// Whether the oldest waiting sample must go, cut or no cut.
    fn has_waited_enough(&self, skew_ns: i64) -> bool {
        self.waiting_ns() > skew_ns
            || self.waiting.len() > MAX_WAITING_SAMPLES
            || self.waiting_bytes > MAX_WAITING_BYTES
    }

    /// Whether a lead sample that is still to come can begin a file before `at_ns`.
    fn may_be_cut_before(&self, at_ns: i64, target_ns: i64) -> bool {
        let Some(current) = &self.current else { return true };
        let ahead = current.has_lead && at_ns > self.lead_ns;
        match self.init.source {
            // Any key frame can bring a new frame size.
            Container::Webm => ahead,
            // A new configuration comes with a new init segment.
            Container::Mp4 => ahead && at_ns >= current.start_ns.saturating_add(target_ns),
        }
    }

    fn max_skew_ns(&self) -> i64 {
        match self.init.source {
            Container::Webm => MAX_MATROSKA_SKEW_NS,
            Container::Mp4 => MAX_SKEW_NS,
        }
    }
}
