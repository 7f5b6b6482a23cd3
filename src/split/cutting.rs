//! From events to files: the engine decides, this writes.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use container::{Action, Container, Error, Event, Muxer, Notes, SegmentSpec, Segmenter};

use super::file::{Folder, Growing};
use super::report::Report;
use super::room::{Held, Plan};

/// What is written at once: little enough to be in a cache still, enough that calls cost nothing.
const WRITE_BYTES: usize = 1 << 20;

/// The same for samples of a few bytes.
const WRITE_SAMPLES: usize = 2000;

/// Makes files of what demuxers find.
#[derive(Debug)]
pub(super) struct Cutting {
    segmenter: Segmenter,
    /// The length of the files; `None` for one.
    segment_ns: Option<i64>,
    folder: Folder,
    /// How long the input is; `None` for a pipe.
    total: Option<u64>,
    /// How long the recording says it is.
    expected_ns: Option<i64>,
    tracks: Vec<container::Track>,
    open: Option<Open>,
    last: Option<(usize, i64)>,
    report: Report,
    finished: Vec<PathBuf>,
    /// Nothing is written any more: a file with a hole would pass for a whole one.
    has_failed: bool,
}

/// The file that is being written.
#[derive(Debug)]
enum Open {
    /// Its first samples say how much room its index needs.
    Beginning(Box<SegmentSpec>, Held),
    Growing(Growing, Box<Muxer>),
    /// No file takes what would be in it, for this reason.
    LeftOut(Error),
}

impl Cutting {
    /// Files of this length, or a single one, of an input of so many bytes.
    pub(super) fn new(segment: Option<Duration>, folder: Folder, total: Option<u64>) -> Self {
        let nanos = |segment: Duration| i64::try_from(segment.as_nanos()).unwrap_or(i64::MAX);
        let segment_ns = segment.map(nanos);
        Self {
            segmenter: Segmenter::patient(segment_ns.unwrap_or(i64::MAX)),
            segment_ns,
            folder,
            total,
            expected_ns: None,
            tracks: Vec::new(),
            open: None,
            last: None,
            report: Report::default(),
            finished: Vec::new(),
            has_failed: false,
        }
    }

    /// The recording that comes next says how long it is.
    pub(super) fn expect(&mut self, duration_ns: i64) {
        if duration_ns > 0 {
            self.expected_ns = Some(duration_ns);
        }
    }

    /// Takes what a demuxer has found.
    pub(super) fn take(&mut self, event: Event) -> Result<()> {
        match &event {
            Event::Init(init) => {
                self.tracks.clone_from(&init.tracks);
                self.last = None;
                self.report.begin();
            }
            Event::Config { .. } => {}
            Event::Sample(sample) => {
                self.last = Some((sample.track, sample.pts));
                if self.report.is_awaited()
                    && let Some(at_ns) = self.last_ns()
                {
                    self.report.see(at_ns);
                }
            }
        }
        self.segmenter.push(event);
        self.act()
    }

    /// Notes what a demuxer had to leave out.
    pub(super) fn leave_out(&mut self, place: (&str, u64), bytes: u64, error: &Error) {
        let last_ns = self.last_ns();
        self.report.leave_out(place, bytes, error, last_ns);
    }

    /// Notes what stands in a recording beside its pictures and its sound.
    pub(super) fn note(&mut self, notes: Notes) {
        self.report.note(notes);
    }

    /// An input has become longer meanwhile.
    pub(super) fn grown(&mut self, input: &str) {
        self.report.grown(input);
    }

    /// Nothing more is read, though more may come.
    pub(super) fn interrupt(&mut self) {
        self.report.interrupt();
    }

    /// Lets go of the file that is not finished.
    pub(super) fn abandon(&mut self) {
        self.has_failed = true;
        self.open = None;
    }

    /// Everything has come.
    pub(super) fn end(&mut self) -> Result<()> {
        self.segmenter.finish();
        self.act()?;
        self.report.undecodable(self.segmenter.undecodable_samples());
        self.report.clocks(self.segmenter.clock_breaks(), self.segmenter.moved_samples());
        Ok(())
    }

    /// The files that were finished since this was asked last.
    pub(super) fn finished(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.finished)
    }

    pub(super) fn into_results(self) -> (Report, Folder) {
        (self.report, self.folder)
    }

    fn last_ns(&self) -> Option<i64> {
        let (track, pts) = self.last?;
        Some(self.tracks.get(track)?.to_nanos(pts))
    }

    fn act(&mut self) -> Result<()> {
        while let Some(action) = self.segmenter.poll() {
            if self.has_failed {
                continue;
            }
            if let Err(error) = self.act_once(action) {
                self.abandon();
                return Err(error);
            }
        }
        Ok(())
    }

    fn act_once(&mut self, action: Action) -> Result<()> {
        match action {
            Action::Open { spec, .. } => {
                self.open = Some(Open::Beginning(spec, Held::default()));
            }
            Action::Write { sample, .. } => match &mut self.open {
                Some(Open::Beginning(_, held)) => {
                    let is_enough = held.push(sample);
                    if is_enough {
                        self.begin()?;
                    }
                }
                Some(Open::Growing(growing, muxer)) => {
                    muxer.push(sample);
                    let is_enough = muxer.pending_bytes() >= WRITE_BYTES
                        || muxer.pending_samples() >= WRITE_SAMPLES;
                    if is_enough {
                        growing.append(&muxer.commit(None))?;
                    }
                }
                Some(Open::LeftOut(error)) => self.report.unwritable(error, 1),
                None => {}
            },
            Action::Close { end_ns, .. } => {
                self.begin()?;
                if let Some(Open::Growing(mut growing, mut muxer)) = self.open.take() {
                    growing.append(&muxer.commit(None))?;
                    let (steps, summary) = muxer.finish_compact(end_ns);
                    let path = growing.finish(&steps)?;
                    self.report.file(&summary);
                    self.finished.push(path);
                }
            }
        }
        Ok(())
    }

    /// Begins to write, when it is known how much room the index needs.
    fn begin(&mut self) -> Result<()> {
        let Some(Open::Beginning(spec, held)) = &mut self.open else { return Ok(()) };
        let plan = Plan { length_ns: self.segment_ns.or(self.expected_ns), total: self.total };
        let expected_ns = held.expected_ns(&spec.tracks, spec.init.output, plan);
        let samples = std::mem::take(&mut held.samples);
        let extension = extension(spec);
        self.open = Some(match Muxer::new((**spec).clone(), expected_ns) {
            Ok(mut muxer) => {
                samples.into_iter().for_each(|sample| muxer.push(sample));
                Open::Growing(self.folder.begin(extension)?, Box::new(muxer))
            }
            // What comes behind it may fit into files.
            Err(error) => {
                self.report.unwritable(&error, samples.len() as u64);
                Open::LeftOut(error)
            }
        });
        Ok(())
    }
}

/// What the file is called by what is in it: WebM names the codecs that it may hold, everything
/// else in the same container is Matroska.
fn extension(spec: &SegmentSpec) -> &'static str {
    const WEBM: [&str; 5] = ["V_VP8", "V_VP9", "V_AV1", "A_OPUS", "A_VORBIS"];
    let is_webm = spec.tracks.iter().all(|track| WEBM.contains(&track.codec.as_str()));
    match spec.init.output {
        Container::Webm if !is_webm => "mkv",
        output => output.extension(),
    }
}
