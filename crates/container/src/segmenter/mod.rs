//! Decides where one file ends and the next begins.

mod actions;
mod books;
mod clock;
mod files;
mod stream;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::codec::prefixed::Record;
use crate::commit::Checkpoint;
use crate::demux::ResumePoint;
use crate::sample::{Event, Init, Sample};
use actions::Planned;
pub use actions::{Action, SegmentSpec};
use books::Books;
use stream::{Current, MAX_CLOSED_WAIT_TIMES, MAX_OPEN_WAIT_NS, Numbered, Stream};

/// Cuts a stream of samples into files that begin with a sync sample. Media time decides alone,
/// so the files do not depend on when anything arrived.
///
/// One file is written at a time: what belongs to the next is held back until the one before has
/// got everything of its time. So what the files hold is always a prefix, and can be continued.
///
/// A clock that goes back, or ahead by many minutes on all tracks, has broken off: what comes then
/// is in a file of its own, with the times that it came with. Up to the first sample that can
/// begin one, samples stay in the file in front and go on where that ended.
#[derive(Debug)]
pub struct Segmenter {
    target_ns: i64,
    /// Whether everything is there that will ever come.
    is_patient: bool,
    next_segment: u64,
    /// In its place while a sample goes through it, so that it moves as a pointer.
    stream: Option<Box<Stream>>,
    /// An init segment that waits until everything in front of it is handed out.
    next_init: Option<Arc<Init>>,
    /// Oldest file first; only its actions are handed out.
    files: VecDeque<Planned>,
    books: Books,
    undecodable_samples: u64,
    clock_breaks: u64,
    moved_samples: u64,
}

impl Segmenter {
    /// Files of about `target_ns` nanoseconds.
    #[must_use]
    pub fn new(target_ns: i64) -> Self {
        Self {
            target_ns,
            is_patient: false,
            next_segment: 0,
            stream: None,
            next_init: None,
            files: VecDeque::new(),
            books: Books::default(),
            undecodable_samples: 0,
            clock_breaks: 0,
            moved_samples: 0,
        }
    }

    /// The same for input that is not live: sound that stands far behind its picture, or in front
    /// of it, gets into its file whatever time passes meanwhile, as long as no more than 64 MiB have
    /// to be held back for that.
    #[must_use]
    pub fn patient(target_ns: i64) -> Self {
        Self { is_patient: true, ..Self::new(target_ns) }
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
        if let Some((_, last_ns)) = lead_ns {
            stream.lead_ns = last_ns;
            if let Some(clock) = stream.clocks.get_mut(stream.lead) {
                clock.note(last_ns);
            }
        }
        let start_ns = lead_ns.map_or(spec.origin_ns, |(first, _)| first);
        stream.current = Some(Current { segment: 0, start_ns, has_lead: lead_ns.is_some() });
        let mut segmenter = Self::new(target_ns);
        segmenter.books = Books::resume(checkpoint);
        segmenter.files.push_back(Planned::new(0, None));
        segmenter.next_segment = 1;
        segmenter.stream = Some(Box::new(stream));
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
        segmenter.stream = Some(Box::new(stream));
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
                if let Some(mut stream) = self.stream.take() {
                    // It is of the sample that comes next.
                    self.decide(&mut stream, None);
                    if let Some(known) = stream.tracks.get_mut(track) {
                        // After a resumption the configuration is told again.
                        stream.config_changed |= *known != *config;
                        *known = *config;
                    }
                    self.stream = Some(stream);
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
        self.decide(&mut stream, None);
        if stream.current.is_none() && !stream.waiting.is_empty() {
            if stream.lacks_parameter_sets() {
                stream.waiting.drain(..).for_each(|waiting| self.drop_undecodable(&waiting));
            } else {
                self.begin(&mut stream, None);
            }
        }
        stream.has_ended = true;
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

    /// How often a clock broke off, so that a file begins for no other reason.
    #[must_use]
    pub fn clock_breaks(&self) -> u64 {
        self.clock_breaks
    }

    /// Samples that are not at their own times, since those were out of line and no file could
    /// begin with them: they go on where the ones in front of them ended.
    #[must_use]
    pub fn moved_samples(&self) -> u64 {
        self.moved_samples
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
        let undecided = self.stream.as_ref().and_then(|stream| stream.held.as_ref());
        let undecided = undecided.map(|undecided| undecided.number);
        waiting.into_iter().chain(held).chain(undecided).min().unwrap_or(self.books.pushed)
    }

    fn begin_stream(&mut self) {
        if let Some(init) = self.next_init.take() {
            self.books.begin(init.tracks.len());
            self.stream = Some(Box::new(Stream::new(init)));
        }
    }

    fn sample(&mut self, stream: &mut Stream, mut sample: Numbered) {
        if sample.sample.track == stream.lead {
            let at_ns = self.follow_lead(stream, &mut sample.sample);
            if stream.held.is_some() {
                let broke_off_ns = stream.broke_off_ns.take();
                self.decide(stream, Some(at_ns).filter(|_| broke_off_ns.is_none()));
                stream.broke_off_ns = broke_off_ns;
            }
            if self.is_undecided(stream, &sample.sample, at_ns) {
                stream.held = Some(sample);
            } else {
                self.next_lead(stream, sample, at_ns, false);
            }
            return;
        }
        let at_ns = stream.shown_ns(&sample.sample);
        if !stream.waiting.is_empty()
            || stream.may_be_cut_before(at_ns, self.target_ns)
            || stream.is_off(&sample.sample, at_ns)
        {
            stream.waiting_bytes += sample.sample.data.len();
            stream.waiting.push_back(sample);
            if stream.current.is_some() {
                self.release(stream);
            } else if stream.has_waited_enough(
                stream.max_start_skew_ns(),
                stream.waiting.front().is_some_and(|w| self.is_announced(stream, w.number)),
            ) {
                if !stream.lacks_parameter_sets() {
                    self.begin(stream, None);
                } else if let Some(oldest) = stream.waiting.pop_front() {
                    stream.waiting_bytes -= oldest.sample.data.len();
                    self.drop_undecodable(&oldest);
                }
            }
        } else {
            stream.follow(sample.sample.track, at_ns, false);
            self.other_sample(stream, sample, at_ns);
        }
    }

    /// Moves a lead sample whose clock is out of line, and says when it is shown.
    fn follow_lead(&mut self, stream: &mut Stream, sample: &mut Sample) -> i64 {
        let decoded_ns = stream.tracks[sample.track].to_nanos(sample.dts);
        if !stream.clocks[sample.track].follow(decoded_ns) {
            self.moved_samples += u64::from(stream.follow_lead(sample, decoded_ns));
        } else if sample.pts == sample.dts {
            return decoded_ns;
        }
        stream.shown_ns(sample)
    }

    fn next_lead(&mut self, stream: &mut Stream, sample: Numbered, at_ns: i64, is_open: bool) {
        stream.lead_ns = match stream.broke_off_ns {
            None => stream.lead_ns.max(at_ns),
            Some(_) => at_ns,
        };
        self.lead_sample(stream, sample, at_ns, is_open);
        self.release(stream);
    }

    /// Whether only the next lead sample tells if the file may be cut in front of this one.
    fn is_undecided(&self, stream: &Stream, sample: &Sample, at_ns: i64) -> bool {
        let Some(current) = stream.current.as_ref().filter(|current| current.has_lead) else {
            return false;
        };
        let beyond_ns = (at_ns - current.start_ns).saturating_sub(self.target_ns);
        let waits = |record| match record {
            Record::Avc => beyond_ns < self.target_ns.saturating_mul(MAX_CLOSED_WAIT_TIMES),
            Record::Hevc => beyond_ns < self.target_ns.min(MAX_OPEN_WAIT_NS),
        };
        sample.sync
            && beyond_ns >= 0
            && !stream.config_changed
            && stream.broke_off_ns.is_none()
            && stream.may_begin_open_group(sample).is_some_and(waits)
    }

    /// Goes on with the key frame that is held back: its group is open where the next picture,
    /// if there is one, is shown before it.
    fn decide(&mut self, stream: &mut Stream, next_ns: Option<i64>) {
        if let Some(held) = stream.held.take() {
            let at_ns = stream.shown_ns(&held.sample);
            let is_open = next_ns.is_some_and(|next_ns| next_ns < at_ns);
            self.next_lead(stream, held, at_ns, is_open);
        }
    }

    /// Hands out the waiting samples whose file is known by now.
    fn release(&mut self, stream: &mut Stream) {
        // Before the first file there is none that it could be.
        while stream.current.is_some()
            && let Some(first) = stream.waiting.front()
        {
            let mut at_ns = stream.shown_ns(&first.sample);
            let track = first.sample.track;
            let is_off = stream.is_off(&first.sample, at_ns);
            let waits = match is_off {
                _ if stream.has_ended => false,
                true => !stream.is_lead_off() && has_lead(stream),
                false => {
                    !stream.belongs_before(track, at_ns)
                        && stream.may_be_cut_before(at_ns, self.target_ns)
                }
            };
            if waits && !self.is_over_waiting(stream, first.number, is_off) {
                return;
            }
            if let Some(mut waiting) = stream.waiting.pop_front() {
                stream.waiting_bytes -= waiting.sample.data.len();
                if is_off && !has_lead(stream) {
                    self.break_off(stream, at_ns);
                } else if is_off {
                    self.moved_samples += 1;
                    stream.move_on(&mut waiting.sample, at_ns);
                    at_ns = stream.shown_ns(&waiting.sample);
                }
                stream.follow(track, at_ns, is_off);
                self.other_sample(stream, waiting, at_ns);
            }
        }
    }
}

/// Whether the file that is written has a lead sample yet.
fn has_lead(stream: &Stream) -> bool {
    stream.current.as_ref().is_some_and(|current| current.has_lead)
}
