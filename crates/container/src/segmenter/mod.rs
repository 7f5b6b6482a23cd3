//! Decides where one file ends and the next begins.

mod books;
mod stream;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::commit::Checkpoint;
use crate::demux::ResumePoint;
use crate::sample::{Event, Init, Sample, Track};
use books::Books;
use stream::{
    Current, MAX_PREVIOUS, MAX_SKEW_NS, MAX_WAITING_BYTES, MAX_WAITING_SAMPLES, Numbered, Previous,
    Stream,
};

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

impl SegmentSpec {
    /// The track whose sync samples are the places to cut: video, if there is any.
    pub(crate) fn lead(&self) -> usize {
        stream::lead(&self.init)
    }
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
        /// The file, as [`Action::Open`] counted it.
        segment: u64,
        /// The next of its samples.
        sample: Sample,
    },
    /// Finish a file; nothing more will be added to it.
    Close {
        /// The file, as [`Action::Open`] counted it.
        segment: u64,
        /// Where the next file's video begins, in nanoseconds; `None` at the end of a stream.
        end_ns: Option<i64>,
    },
}

/// Cuts a stream of samples into files that begin with a sync sample. Media time decides alone,
/// so the files do not depend on when anything arrived.
///
/// One file is written at a time: what belongs to the next is held back until the one before has
/// got everything of its time. So what the files hold is always a prefix, and can be continued.
#[derive(Debug)]
pub struct Segmenter {
    target_ns: i64,
    next_segment: u64,
    stream: Option<Stream>,
    /// An init segment that waits until everything in front of it is handed out.
    next_init: Option<Arc<Init>>,
    /// Oldest file first; only its actions are handed out.
    files: VecDeque<Planned>,
    books: Books,
    undecodable_samples: u64,
}

/// What was decided for one file and is not handed out yet.
#[derive(Debug)]
struct Planned {
    segment: u64,
    actions: VecDeque<Action>,
    /// The first of its samples, as they were pushed.
    first_number: u64,
    bytes: usize,
}

impl Planned {
    fn new(segment: u64) -> Self {
        Self { segment, actions: VecDeque::new(), first_number: u64::MAX, bytes: 0 }
    }
}

impl Segmenter {
    /// Files of about `target_ns` nanoseconds.
    #[must_use]
    pub fn new(target_ns: i64) -> Self {
        Self {
            target_ns,
            next_segment: 0,
            stream: None,
            next_init: None,
            files: VecDeque::new(),
            books: Books::default(),
            undecodable_samples: 0,
        }
    }

    /// Goes on with the file of `spec`, in which the lead track reaches from `lead_ns.0` to
    /// `lead_ns.1` (`None` while it holds none of it), at `checkpoint` of its stream. Its segment
    /// number is 0.
    #[must_use]
    pub fn resume(
        target_ns: i64,
        spec: &SegmentSpec,
        lead_ns: Option<(i64, i64)>,
        checkpoint: &Checkpoint,
    ) -> Self {
        let mut stream = Stream::new(Arc::clone(&spec.init));
        stream.tracks.clone_from(&spec.tracks);
        stream.begun = true;
        stream.lead_ns = lead_ns.map_or(i64::MIN, |(_, last)| last);
        let start_ns = lead_ns.map_or(spec.origin_ns, |(first, _)| first);
        stream.current = Some(Current { segment: 0, start_ns, has_lead: lead_ns.is_some() });
        let mut segmenter = Self::new(target_ns);
        segmenter.books = Books::resume(checkpoint);
        segmenter.files.push_back(Planned::new(0));
        segmenter.next_segment = 1;
        segmenter.stream = Some(stream);
        segmenter
    }

    /// Goes on at `checkpoint` of the stream that began with `init` when the file in front of it
    /// is gone: with a new file at the next sync sample.
    #[must_use]
    pub fn rejoin(target_ns: i64, init: Arc<Init>, checkpoint: &Checkpoint) -> Self {
        let mut stream = Stream::new(init);
        stream.begun = true;
        let mut segmenter = Self::new(target_ns);
        segmenter.books = Books::resume(checkpoint);
        segmenter.stream = Some(stream);
        segmenter
    }

    /// Takes what the demuxer found.
    pub fn push(&mut self, event: Event) {
        self.begin_stream();
        match event {
            Event::Init(init) => {
                self.finish();
                self.next_init = Some(init);
                if self.files.is_empty() {
                    self.begin_stream();
                }
            }
            Event::Config { track, config } => {
                if let Some(stream) = &mut self.stream
                    && let Some(known) = stream.tracks.get_mut(track)
                {
                    // After a resumption the configuration is told again.
                    stream.config_changed |= *known != *config;
                    *known = *config;
                }
            }
            Event::Sample(sample) => {
                if let Some(mut stream) = self.stream.take() {
                    let number = self.books.pushed;
                    let is_new = self.books.push(sample.track);
                    if is_new && sample.track < stream.tracks.len() {
                        self.sample(&mut stream, Numbered { sample, number });
                        self.bound(&mut stream);
                    }
                    self.stream = Some(stream);
                }
            }
        }
    }

    /// Ends the stream: all open files are closed.
    pub fn finish(&mut self) {
        let Some(mut stream) = self.stream.take() else { return };
        if stream.current.is_none() && !stream.waiting.is_empty() {
            if stream.lacks_parameter_sets() {
                stream.waiting.drain(..).for_each(|waiting| self.drop_undecodable(&waiting));
            } else {
                self.begin(&mut stream, None);
            }
        }
        stream.lead_ns = i64::MAX;
        self.release(&mut stream);
        while !stream.previous.is_empty() {
            self.close_oldest(&mut stream);
        }
        if let Some(current) = stream.current {
            self.close(current.segment, None);
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Action> {
        let Some(file) = self.files.front_mut() else {
            self.begin_stream();
            return None;
        };
        let action = file.actions.pop_front();
        match &action {
            Some(Action::Write { sample, .. }) => {
                file.bytes -= sample.data.len();
                self.books.hand_out(sample.track);
            }
            Some(Action::Close { .. }) => {
                self.files.pop_front();
            }
            Some(Action::Open { .. }) => {}
            None => file.first_number = u64::MAX,
        }
        action
    }

    /// Notes the place of the stream that [`crate::Demuxer::resume_point`] gives with the event
    /// that is pushed next: behind what was pushed so far.
    pub fn place(&mut self, resume: ResumePoint) {
        self.books.place(resume);
    }

    /// From where the stream can be continued when everything that [`Self::poll`] has handed out
    /// is in files. `None` before the first [`Self::place`].
    #[must_use]
    pub fn checkpoint(&mut self) -> Option<Checkpoint> {
        let settled = self.settled_samples();
        self.books.checkpoint(settled)
    }

    /// Video samples that came before the first sync sample of their stream and cannot be shown,
    /// and audio of a stream in which no file could be begun.
    #[must_use]
    pub fn undecodable_samples(&self) -> u64 {
        self.undecodable_samples
    }

    /// How many samples have been pushed.
    #[must_use]
    pub fn pushed_samples(&self) -> u64 {
        self.books.pushed
    }

    /// How many samples, counted from the first, were all handed out in an [`Action::Write`].
    #[must_use]
    pub fn settled_samples(&self) -> u64 {
        let waiting = self.stream.as_ref().and_then(|stream| stream.waiting.front());
        let waiting = waiting.map(|waiting| waiting.number);
        let held = self.files.iter().filter(|file| !file.actions.is_empty());
        let held = held.map(|file| file.first_number).min();
        waiting.into_iter().chain(held).min().unwrap_or(self.books.pushed)
    }

    fn begin_stream(&mut self) {
        if let Some(init) = self.next_init.take() {
            self.books.begin(init.tracks.len());
            self.stream = Some(Stream::new(init));
        }
    }

    fn sample(&mut self, stream: &mut Stream, sample: Numbered) {
        let at_ns = stream.shown_ns(&sample.sample);
        if sample.sample.track == stream.lead {
            stream.lead_ns = stream.lead_ns.max(at_ns);
            self.lead_sample(stream, sample, at_ns);
            self.release(stream);
        } else if !stream.waiting.is_empty() || stream.may_be_cut_before(at_ns, self.target_ns) {
            stream.waiting_bytes += sample.sample.data.len();
            stream.waiting.push_back(sample);
            if stream.current.is_some() {
                self.release(stream);
            } else if stream.has_waited_enough(stream.max_start_skew_ns()) {
                if !stream.lacks_parameter_sets() {
                    self.begin(stream, None);
                } else if let Some(oldest) = stream.waiting.pop_front() {
                    stream.waiting_bytes -= oldest.sample.data.len();
                    self.drop_undecodable(&oldest);
                }
            }
        } else {
            self.other_sample(stream, sample, at_ns);
        }
    }

    /// Hands out the waiting samples whose file is known by now.
    fn release(&mut self, stream: &mut Stream) {
        // Before the first file there is none that it could be.
        while stream.current.is_some()
            && let Some(first) = stream.waiting.front()
        {
            let at_ns = stream.shown_ns(&first.sample);
            let waits = stream.may_be_cut_before(at_ns, self.target_ns);
            // Times that jump far ahead must not hold everything else back.
            let is_left_behind = self.books.pushed - first.number > MAX_WAITING_SAMPLES as u64;
            if waits && !is_left_behind && !stream.has_waited_enough(stream.max_skew_ns()) {
                return;
            }
            if let Some(waiting) = stream.waiting.pop_front() {
                stream.waiting_bytes -= waiting.sample.data.len();
                self.other_sample(stream, waiting, at_ns);
            }
        }
    }

    fn lead_sample(&mut self, stream: &mut Stream, sample: Numbered, at_ns: i64) {
        let is_sync = sample.sample.sync;
        match &mut stream.current {
            None if !is_sync => return self.drop_undecodable(&sample),
            None => self.begin(stream, Some(&sample.sample)),
            Some(current) if !current.has_lead => {
                if !is_sync {
                    return self.drop_undecodable(&sample);
                }
                current.has_lead = true;
                current.start_ns = at_ns;
                if std::mem::take(&mut stream.config_changed) {
                    self.cut(stream, at_ns);
                }
            }
            Some(current) => {
                let long_enough = at_ns - current.start_ns >= self.target_ns;
                if is_sync && (long_enough || stream.config_changed) {
                    self.cut(stream, at_ns);
                }
            }
        }
        while stream.previous.front().is_some_and(|p| at_ns >= p.cut_ns + MAX_SKEW_NS) {
            self.close_oldest(stream);
        }
        self.write_current(stream, sample);
    }

    fn drop_undecodable(&mut self, sample: &Numbered) {
        self.undecodable_samples += 1;
        self.books.hand_out(sample.sample.track);
    }

    /// A sample of a track that does not decide where to cut.
    fn other_sample(&mut self, stream: &mut Stream, sample: Numbered, at_ns: i64) {
        let Some(current) = &stream.current else { return };
        let has_lead = current.has_lead;
        let start_ns = current.start_ns;
        for previous in &mut stream.previous {
            if at_ns >= previous.cut_ns {
                previous.passed[sample.sample.track] = true;
            } else if !previous.passed[sample.sample.track] {
                let segment = previous.segment;
                return self.write(segment, sample);
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

    fn write_current(&mut self, stream: &Stream, sample: Numbered) {
        if let Some(Current { segment, .. }) = stream.current {
            self.write(segment, sample);
        }
    }

    fn write(&mut self, segment: u64, Numbered { sample, number }: Numbered) {
        let Some(file) = self.planned(segment) else { return };
        file.first_number = file.first_number.min(number);
        file.bytes += sample.data.len();
        file.actions.push_back(Action::Write { segment, sample });
    }

    fn close(&mut self, segment: u64, end_ns: Option<i64>) {
        if let Some(file) = self.planned(segment) {
            file.actions.push_back(Action::Close { segment, end_ns });
        }
    }

    fn planned(&mut self, segment: u64) -> Option<&mut Planned> {
        self.files.iter_mut().rev().find(|file| file.segment == segment)
    }

    /// Closes the oldest file when too much is held back behind it: what still belongs to it goes
    /// to the next.
    fn bound(&mut self, stream: &mut Stream) {
        let held = || self.files.iter().skip(1);
        let samples: usize = held().map(|file| file.actions.len()).sum();
        let bytes: usize = held().map(|file| file.bytes).sum();
        if samples > MAX_WAITING_SAMPLES || bytes > MAX_WAITING_BYTES {
            self.close_oldest(stream);
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
        let origin_ns = if (0..stream.max_start_ns()).contains(&first_ns) { 0 } else { first_ns };
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
        let mut file = Planned::new(segment);
        file.actions.push_back(Action::Open { segment, spec });
        self.files.push_back(file);
        stream.current = Some(Current { segment, start_ns, has_lead });
    }

    fn close_oldest(&mut self, stream: &mut Stream) {
        if let Some(Previous { segment, cut_ns, .. }) = stream.previous.pop_front() {
            self.close(segment, Some(cut_ns));
        }
    }
}
