//! One generation on its way to files: from samples to what must be written.

use std::sync::Arc;

use base64::Engine;
use bytes::Bytes;
use container::{
    Action, Checkpoint, CommitRecord, Event, Init, Muxer, Reopened, SegmentSpec, Segmenter,
};

use super::disk::{FileId, Step};
use super::plan::{File, Finishing, Place, Plan};
use super::wall::{Anchor, Drift, Mapping};
use crate::clock::WallUs;
use crate::library::journal;
use crate::live::feed::{self, DurableGeneration};

const NANOS_PER_MICRO: i64 = 1000;

/// Everything between the feed and the disk, without touching either.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) start: feed::Generation,
    session: Arc<str>,
    target_ns: i64,
    drift: Drift,
    segmenter: Segmenter,
    open: Option<File>,
    /// Complete files that wait for the next commit, each with the place at which its last
    /// sample was handed out.
    closed: Vec<(File, Option<i64>, Option<Checkpoint>)>,
    /// The position in the last record that was written. No more may be acknowledged: a crash
    /// takes the stream back to there.
    position: u64,
    /// The place in that record.
    recorded: Option<Checkpoint>,
    media_ns: i64,
    /// How far the clock had come of a file that the next one does not follow on.
    ended_ns: Option<i64>,
    /// The line of the newest init segment, until a file begins under it.
    header: Option<journal::Event>,
    lines: Vec<journal::Event>,
    is_broken: bool,
}

/// A generation that goes on where its last file ends.
pub(super) struct Continued {
    pub(super) reopened: Reopened,
    pub(super) start_us: WallUs,
    /// The finished file's name, and the growing file's front.
    pub(super) finished: (String, Bytes),
}

impl Continued {
    /// How parsing goes on.
    pub(super) fn resume(&self) -> feed::Resumption {
        let spec = self.reopened.muxer.spec();
        feed::Resumption {
            init: spec.init.bytes.clone(),
            at: self.reopened.record.checkpoint.resume.clone(),
            tracks: spec.tracks.clone(),
        }
    }
}

/// A generation whose last file is gone, and that goes on behind it.
pub(super) struct Rejoined {
    pub(super) init: Arc<Init>,
    pub(super) checkpoint: Checkpoint,
}

impl Rejoined {
    /// How parsing goes on.
    pub(super) fn resume(&self) -> feed::Resumption {
        feed::Resumption {
            init: self.init.bytes.clone(),
            at: self.checkpoint.resume.clone(),
            tracks: self.init.tracks.clone(),
        }
    }
}

impl Generation {
    /// A generation whose media lies in wall time as `mapping` says, as far as that is known.
    pub(super) fn new(
        start: feed::Generation,
        mapping: Mapping,
        session: Arc<str>,
        target_ns: i64,
    ) -> Self {
        Self {
            start,
            drift: Drift::new(mapping),
            session,
            target_ns,
            segmenter: Segmenter::new(target_ns),
            open: None,
            closed: Vec::new(),
            position: 0,
            recorded: None,
            media_ns: 0,
            ended_ns: None,
            header: None,
            lines: Vec::new(),
            is_broken: false,
        }
    }

    /// Goes on inside a file that is finished.
    pub(super) fn go_on(&mut self, continued: Continued) {
        let Continued { reopened, start_us, finished: (name, front) } = continued;
        let Reopened { muxer, record, lead_ns, media_at, len, .. } = reopened;
        let media_bytes = len.saturating_sub(front.len() as u64);
        self.segmenter =
            Segmenter::resume(self.target_ns, muxer.spec(), lead_ns, &record.checkpoint);
        self.position = record.checkpoint.resume.position;
        self.recorded = Some(record.checkpoint);
        self.media_ns = lead_ns.map_or(0, |(_, last)| last);
        let place = Place::Finished { name, front, media_at, media_bytes };
        self.open = Some(File { id: None, muxer, start_us, place });
    }

    /// Goes on behind files of which the last is gone.
    pub(super) fn rejoin(&mut self, Rejoined { init, checkpoint }: Rejoined) {
        self.position = checkpoint.resume.position;
        self.segmenter = Segmenter::rejoin(self.target_ns, init, &checkpoint);
        self.recorded = Some(checkpoint);
    }

    /// Takes what the demuxer found.
    ///
    /// # Errors
    /// When a file cannot carry one of the codecs: nothing more of the generation is recorded.
    pub(super) fn media(&mut self, steps: Vec<feed::Step>) -> Result<(), container::Error> {
        for feed::Step { event, resume } in steps {
            if self.is_broken {
                return Ok(());
            }
            // A header belongs to what follows it, and so does the place in front of that.
            if let Some(resume) = resume
                && !matches!(event, Some(Event::Init(_)))
            {
                self.segmenter.place(resume);
            }
            if let Some(event) = event
                && let Err(error) = self.event(event)
            {
                self.is_broken = true;
                self.end();
                return Err(error);
            }
        }
        Ok(())
    }

    /// By `elapsed_us` after the generation's beginning its encoder had come to `media_us`.
    pub(super) fn clock(&mut self, media_us: i64, elapsed_us: i64) {
        self.drift.reading(media_us, elapsed_us);
    }

    /// The wall time up to which it has come.
    pub(super) fn reached_us(&self) -> WallUs {
        self.drift.wall_us(self.media_ns / NANOS_PER_MICRO)
    }

    /// Nothing more comes: its files are closed. Returns how many of its video samples came
    /// before the first that decodes by itself, and could not be kept.
    pub(super) fn end(&mut self) -> u64 {
        self.segmenter.finish();
        // What a file cannot carry was reported when the file was opened.
        let _ = self.apply();
        self.segmenter.undecodable_samples()
    }

    /// Nothing more comes for now: the growing file is finished as far as it is written. What the
    /// segmenter still holds back is not acknowledged, and its device sends it again.
    pub(super) fn put_aside(&mut self) {
        let checkpoint = self.segmenter.checkpoint();
        self.closed.extend(self.open.take().map(|file| (file, None, checkpoint)));
    }

    /// Bytes and samples that wait for a commit.
    pub(super) fn pending(&self) -> (usize, usize) {
        let closed = self.closed.iter().map(|(file, ..)| file);
        let muxers = closed.chain(&self.open).map(|file| &file.muxer);
        muxers.fold((0, 0), |(bytes, samples), muxer| {
            (bytes + muxer.pending_bytes(), samples + muxer.pending_samples())
        })
    }

    /// Whether a file waits to be finished.
    pub(super) fn has_closed(&self) -> bool {
        !self.closed.is_empty()
    }

    /// Has the header in the journal although no file came of it.
    pub(super) fn explain(&mut self) {
        self.lines.extend(self.header.take());
    }

    /// The journal lines that have come up.
    pub(super) fn take_lines(&mut self) -> Vec<journal::Event> {
        std::mem::take(&mut self.lines)
    }

    /// Adds what brings everything taken so far onto the disk, and says how far that reaches.
    pub(super) fn commit(&mut self, plan: &mut Plan) -> DurableGeneration {
        for (mut file, end_ns, checkpoint) in std::mem::take(&mut self.closed) {
            let Some(id) = self.append(&mut file, checkpoint, plan) else { continue };
            let spec = file.muxer.spec().clone();
            let told = file.muxer.clamped_samples();
            let (steps, summary) = file.muxer.finish(end_ns);
            tell_clamped(self.start.number, summary.clamped_samples.saturating_sub(told));
            plan.steps.push_back(Step::Finish { file: id, steps });
            let recorded = self.recorded.as_ref();
            let finishing =
                Finishing::of(self.start.number, file.start_us, &spec, summary, recorded);
            plan.finishing.push((id, finishing));
        }
        if let Some(mut file) = self.open.take() {
            if file.muxer.pending_samples() > 0 {
                let checkpoint = self.segmenter.checkpoint();
                self.append(&mut file, checkpoint, plan);
            }
            self.open = Some(file);
        }
        self.durable()
    }

    /// What of it is durable once the last plan is done.
    pub(super) fn durable(&self) -> DurableGeneration {
        let media_us = self.media_ns / NANOS_PER_MICRO;
        DurableGeneration { position: self.position, media_us, ended: false }
    }

    /// Plans to write what waits in a file. `None` when there is nothing to write or to finish.
    fn append(
        &mut self,
        file: &mut File,
        checkpoint: Option<Checkpoint>,
        plan: &mut Plan,
    ) -> Option<FileId> {
        let has_media = file.muxer.pending_samples() > 0;
        if !has_media && !matches!(file.place, Place::Growing) {
            return None;
        }
        let id = plan.begin(file);
        if has_media {
            // Without a place to go on from nothing of it is acknowledged.
            let record = checkpoint.map(|checkpoint| {
                self.position = checkpoint.resume.position;
                self.recorded = Some(checkpoint.clone());
                let (session, generation) = (self.session.to_string(), self.start.number);
                CommitRecord { session, generation, checkpoint }
            });
            let told = file.muxer.clamped_samples();
            let parts = file.muxer.commit(record.as_ref());
            // Now, since nothing of it is to be seen in a file that is read again after a crash.
            tell_clamped(self.start.number, file.muxer.clamped_samples().saturating_sub(told));
            plan.steps.push_back(Step::Append { file: id, parts });
        }
        plan.steps.push_back(Step::Sync { file: id });
        Some(id)
    }

    fn event(&mut self, event: Event) -> Result<(), container::Error> {
        if let Event::Init(init) = &event {
            let start = self.start.clone();
            let init = base64::engine::general_purpose::STANDARD.encode(&init.bytes);
            // Written with the first file under it: only what has media is explained.
            self.header = Some(journal::Event::Generation {
                generation: start.number,
                mime: start.mime,
                reason: start.reason,
                anchor_us: start.anchor_us,
                init,
            });
        }
        self.segmenter.push(event);
        self.apply()
    }

    fn apply(&mut self) -> Result<(), container::Error> {
        while let Some(action) = self.segmenter.poll() {
            match action {
                Action::Open { spec, .. } => self.open(*spec)?,
                Action::Write { sample, .. } => {
                    if let Some(File { muxer, .. }) = &mut self.open {
                        let track = &muxer.spec().tracks[sample.track];
                        self.media_ns = self.media_ns.max(track.to_nanos(sample.pts));
                        muxer.push(sample);
                    }
                }
                Action::Close { end_ns, .. } => {
                    let checkpoint = self.segmenter.checkpoint();
                    let file = self.open.take();
                    self.ended_ns = Some(self.media_ns).filter(|_| end_ns.is_none());
                    self.closed.extend(file.map(|file| (file, end_ns, checkpoint)));
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, spec: SegmentSpec) -> Result<(), container::Error> {
        let media_us = spec.origin_ns / NANOS_PER_MICRO;
        let muxer = Muxer::new(spec, self.target_ns)?;
        let mut jump = None;
        if let Some(ended_ns) = self.ended_ns.take() {
            jump = self.drift.begin_anew(media_us, ended_ns / NANOS_PER_MICRO);
            self.media_ns = media_us.saturating_mul(NANOS_PER_MICRO);
        }
        let (start_us, anchor) = self.drift.begin(media_us);
        self.lines.extend(self.header.take());
        // A growing file's place in wall time is found again by it.
        self.lines.extend(jump.into_iter().chain(anchor).map(|Anchor { media_us, wall_us }| {
            journal::Event::Anchor { generation: self.start.number, media_us, wall_us }
        }));
        self.open = Some(File { id: None, muxer, start_us, place: Place::Nothing });
        Ok(())
    }
}

/// Says that so many samples of a file stand at another time than they came with.
pub(super) fn tell_clamped(generation: u32, samples: u64) {
    if samples > 0 {
        tracing::warn!(
            generation,
            samples,
            "times do not fit into their file; these samples are as near to them as it goes"
        );
    }
}
