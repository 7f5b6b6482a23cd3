//! The open files of one session: from samples to what must be written.

use std::collections::{BTreeMap, VecDeque};

use base64::Engine;
use container::{
    Action, CommitRecord, Event, Kind, Muxer, ResumePoint, SegmentSpec, Segmenter, Summary,
};

use super::disk::{Outcome, Step};
use crate::clock::{self, WallUs};
use crate::library::journal::{self, Line, Track, TrackKind};
use crate::live::feed::{FinishedFile, Generation, Step as FeedStep};

const MICROS_PER_NANO: i64 = 1000;

/// Everything between the feed and the disk, without touching either.
#[derive(Debug)]
pub(super) struct Segments {
    target_ns: i64,
    segmenter: Segmenter,
    generation: Option<Current>,
    open: BTreeMap<u64, Open>,
    closed: Vec<(u64, Open, Option<i64>)>,
    finishing: BTreeMap<u64, (Open, Summary)>,
    /// Segments of earlier generations; each generation's segmenter counts from zero.
    offset: u64,
    opened: u64,
    lines: Vec<Line>,
    /// The line of the newest init segment, until a file begins under it.
    header: Option<journal::Event>,
}

#[derive(Debug)]
struct Current {
    start: Generation,
    /// Places whose samples the segmenter still holds back, with how many samples were pushed
    /// before each.
    unsettled: VecDeque<(u64, ResumePoint)>,
    /// The last place from which everything that was handed out can be continued.
    settled: Option<ResumePoint>,
    media_ns: i64,
}

#[derive(Debug)]
struct Open {
    muxer: Option<Muxer>,
    generation: u32,
    start_us: WallUs,
    extension: &'static str,
    created: bool,
    tracks: Vec<Track>,
    kinds: Vec<Kind>,
}

/// What the disk must do so that `durable` becomes true.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) steps: VecDeque<Step>,
    pub(super) durable: Option<(u32, u64, i64)>,
}

impl Segments {
    pub(super) fn new(target_ns: i64) -> Self {
        Self {
            target_ns,
            segmenter: Segmenter::new(target_ns),
            generation: None,
            open: BTreeMap::new(),
            closed: Vec::new(),
            finishing: BTreeMap::new(),
            offset: 0,
            opened: 0,
            lines: Vec::new(),
            header: None,
        }
    }

    /// A generation begins; the one before it has ended.
    pub(super) fn begin(&mut self, start: Generation) {
        self.end();
        self.generation =
            Some(Current { start, unsettled: VecDeque::new(), settled: None, media_ns: 0 });
    }

    /// Takes what the demuxer found.
    ///
    /// # Errors
    /// When a file cannot carry one of the codecs: the generation is given up.
    pub(super) fn media(&mut self, steps: Vec<FeedStep>) -> Result<(), (u32, container::Error)> {
        for FeedStep { event, resume } in steps {
            let Some(current) = &self.generation else { return Ok(()) };
            let number = current.start.number;
            if let Some(event) = event
                && let Err(error) = self.event(event)
            {
                self.end();
                self.generation = None;
                return Err((number, error));
            }
            let (pushed, settled) =
                (self.segmenter.pushed_samples(), self.segmenter.settled_samples());
            if let Some(current) = &mut self.generation {
                let known = current.unsettled.back().map(|(_, resume)| resume);
                if resume.as_ref().is_some_and(|resume| known != Some(resume)) {
                    current.unsettled.extend(resume.map(|resume| (pushed, resume)));
                }
                while let Some((_, resume)) =
                    current.unsettled.pop_front_if(|(pushed, _)| *pushed <= settled)
                {
                    current.settled = Some(resume);
                }
            }
        }
        Ok(())
    }

    /// The generation has ended: its files are closed. Returns how many of its video samples came
    /// before the first that decodes by itself, and could not be kept.
    pub(super) fn end(&mut self) -> u64 {
        self.segmenter.finish();
        // What a file cannot carry was reported when the file was opened.
        let _ = self.apply();
        let undecodable = self.segmenter.undecodable_samples();
        self.segmenter = Segmenter::new(self.target_ns);
        self.offset = self.opened;
        undecodable
    }

    /// Whether as many bytes or samples wait for a commit.
    pub(super) fn has_pending(&self, bytes: usize, samples: usize) -> bool {
        let muxers = || self.open.values().filter_map(|open| open.muxer.as_ref());
        muxers().map(Muxer::pending_samples).sum::<usize>() >= samples
            || muxers().map(Muxer::pending_bytes).sum::<usize>() >= bytes
    }

    /// Whether a file waits to be finished.
    pub(super) fn has_closed(&self) -> bool {
        !self.closed.is_empty()
    }

    /// Whether anything was ever recorded.
    pub(super) fn is_empty(&self) -> bool {
        self.opened == 0
    }

    /// The journal lines that have come up.
    pub(super) fn take_lines(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    /// What brings everything taken so far onto the disk.
    pub(super) fn commit(&mut self) -> Plan {
        let record = self.generation.as_ref().and_then(|current| {
            let resume = current.settled.as_ref()?;
            Some(CommitRecord {
                generation: current.start.number,
                position: resume.position,
                state: resume.state.clone(),
            })
        });
        let mut plan = Plan::default();
        for (segment, mut open, end_ns) in std::mem::take(&mut self.closed) {
            // It is finished at once, so nothing will be read from a record in it.
            append(segment, &mut open, None, &mut plan.steps);
            if let Some(muxer) = open.muxer.take() {
                let (steps, summary) = muxer.finish(end_ns);
                plan.steps.push_back(Step::Finish { segment, steps });
                self.finishing.insert(segment, (open, summary));
            }
        }
        // The newest last, since its record speaks for everything in front of it as well.
        for (&segment, open) in &mut self.open {
            append(segment, open, record.as_ref(), &mut plan.steps);
        }
        plan.durable = self.generation.as_ref().map(|current| {
            let position = current.settled.as_ref().map_or(0, |resume| resume.position);
            (current.start.number, position, current.media_ns / MICROS_PER_NANO)
        });
        plan
    }

    /// A file has been finished: its journal line, and what the device is told of it.
    pub(super) fn finished(&mut self, outcome: Outcome) -> Option<FinishedFile> {
        let Outcome::Finished { segment, name, bytes, sha256 } = outcome;
        let (open, summary) = self.finishing.remove(&segment)?;
        let duration_us = summary.duration_ns / MICROS_PER_NANO;
        let mut tracks = open.tracks;
        for (track, kind) in tracks.iter_mut().zip(open.kinds) {
            track.samples = match kind {
                Kind::Video => summary.video_samples,
                Kind::Audio => summary.audio_samples,
            };
        }
        self.line(journal::Event::Segment {
            file: name.clone(),
            generation: open.generation,
            start_us: open.start_us,
            duration_us,
            bytes,
            tracks,
            sha256,
        });
        Some(FinishedFile {
            file: name,
            generation: open.generation,
            start_us: open.start_us,
            duration_us,
            bytes,
        })
    }

    fn line(&mut self, event: journal::Event) {
        self.lines.push(Line::new(clock::now(), event));
    }

    fn event(&mut self, event: Event) -> Result<(), container::Error> {
        match &event {
            Event::Init(init) => {
                if let Some(current) = &self.generation {
                    let start = current.start.clone();
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
            }
            Event::Config { .. } | Event::Sample(_) => {}
        }
        self.segmenter.push(event);
        self.apply()
    }

    fn apply(&mut self) -> Result<(), container::Error> {
        while let Some(action) = self.segmenter.poll() {
            match action {
                Action::Open { segment, spec } => self.open(self.offset + segment, *spec)?,
                Action::Write { segment, sample } => {
                    let Some(open) = self.open.get_mut(&(self.offset + segment)) else { continue };
                    let Some(muxer) = &mut open.muxer else { continue };
                    if let Some(current) = &mut self.generation {
                        let track = &muxer.spec().tracks[sample.track];
                        current.media_ns = current.media_ns.max(track.to_nanos(sample.pts));
                    }
                    muxer.push(sample);
                }
                Action::Close { segment, end_ns } => {
                    let segment = self.offset + segment;
                    if let Some(open) = self.open.remove(&segment) {
                        self.closed.push((segment, open, end_ns));
                    }
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, segment: u64, spec: SegmentSpec) -> Result<(), container::Error> {
        let Some(current) = &self.generation else { return Ok(()) };
        let open = Open {
            generation: current.start.number,
            start_us: current.start.anchor_us.saturating_add(spec.origin_ns / MICROS_PER_NANO),
            extension: spec.init.output.extension(),
            created: false,
            tracks: spec.tracks.iter().map(describe).collect(),
            kinds: spec.tracks.iter().map(|track| track.kind).collect(),
            muxer: Some(Muxer::new(spec, self.target_ns)?),
        };
        if let Some(header) = self.header.take() {
            self.line(header);
        }
        self.open.insert(segment, open);
        self.opened = self.opened.max(segment + 1);
        Ok(())
    }
}

fn append(
    segment: u64,
    open: &mut Open,
    record: Option<&CommitRecord>,
    steps: &mut VecDeque<Step>,
) {
    let Some(muxer) = open.muxer.as_mut().filter(|muxer| muxer.pending_samples() > 0) else {
        return;
    };
    if !std::mem::replace(&mut open.created, true) {
        let (start_us, extension) = (open.start_us, open.extension);
        steps.push_back(Step::Create { segment, start_us, extension });
    }
    steps.push_back(Step::Append { segment, parts: muxer.commit(record) });
    steps.push_back(Step::Sync { segment });
}

fn describe(track: &container::Track) -> Track {
    Track {
        kind: match track.kind {
            Kind::Video => TrackKind::Video,
            Kind::Audio => TrackKind::Audio,
        },
        codec: track.codec.clone(),
        samples: 0,
        width: track.width,
        height: track.height,
        sample_rate: track.sample_rate,
        channels: track.channels,
    }
}
