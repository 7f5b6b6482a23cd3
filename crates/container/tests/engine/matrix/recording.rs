//! A recorder in memory that keeps everything a property may ask for.

use std::sync::Arc;

use bytes::Bytes;
use container::{
    Action, Checkpoint, CommitRecord, Container, Demuxer, Event, FinishStep, Init, Kind, Muxer,
    Sample, SegmentSpec, Segmenter, Track,
};

use super::movie;

/// A sample of a file: what a player sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) track: usize,
    pub(crate) kind: Kind,
    pub(crate) pts_ns: i64,
    pub(crate) sync: bool,
    pub(crate) data: Bytes,
}

/// One file, from its beginning to its end.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) spec: SegmentSpec,
    /// How many init segments came before its own.
    pub(crate) group: usize,
    /// Before it is finished.
    pub(crate) growing: Vec<u8>,
    /// Its length after each commit.
    pub(crate) commits: Vec<usize>,
    pub(crate) steps: Vec<FinishStep>,
    pub(crate) finished: Vec<u8>,
    /// Its samples as the segmenter assigned them.
    pub(crate) samples: Vec<Sample>,
    /// How many of them stand at another time.
    pub(crate) clamped: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Recording {
    pub(crate) files: Vec<File>,
    pub(crate) undecodable: u64,
    pub(crate) breaks: u64,
    pub(crate) moved: u64,
}

struct Open {
    muxer: Muxer,
    group: usize,
    bytes: Vec<u8>,
    commits: Vec<usize>,
    samples: Vec<Sample>,
}

/// Records a stream that comes in `chunks`, with a commit after each.
pub(crate) fn record(chunks: &[Bytes], target_ns: i64) -> Result<Recording, container::Error> {
    record_by(Segmenter::new(target_ns), chunks, target_ns)
}

/// The same with another segmenter of this length.
pub(crate) fn record_by(
    mut segmenter: Segmenter,
    chunks: &[Bytes],
    target_ns: i64,
) -> Result<Recording, container::Error> {
    let mut demuxer = Demuxer::new();
    let mut recording = Recording::default();
    let mut open: Option<Open> = None;
    let mut inits: Vec<Arc<Init>> = Vec::new();
    for chunk in chunks {
        demuxer.push(chunk.clone());
        while let Some(event) = demuxer.poll()? {
            if let Event::Init(init) = &event {
                inits.push(Arc::clone(init));
            } else if let Some(resume) = demuxer.resume_point() {
                segmenter.place(resume);
            }
            segmenter.push(event);
            apply(&mut segmenter, &mut open, &inits, &mut recording, target_ns)?;
        }
        let record = demuxer.resume_point().map(|resume| CommitRecord {
            checkpoint: Checkpoint { resume, already: Vec::new() },
            ..CommitRecord::default()
        });
        if let Some(open) = &mut open
            && open.muxer.pending_samples() > 0
        {
            open.commit(record.as_ref());
        }
    }
    segmenter.finish();
    apply(&mut segmenter, &mut open, &inits, &mut recording, target_ns)?;
    assert!(open.is_none());
    recording.undecodable = segmenter.undecodable_samples();
    recording.breaks = segmenter.clock_breaks();
    recording.moved = segmenter.moved_samples();
    Ok(recording)
}

fn apply(
    segmenter: &mut Segmenter,
    open: &mut Option<Open>,
    inits: &[Arc<Init>],
    recording: &mut Recording,
    target_ns: i64,
) -> Result<(), container::Error> {
    while let Some(action) = segmenter.poll() {
        match action {
            Action::Open { spec, .. } => {
                let group = inits.iter().position(|init| Arc::ptr_eq(init, &spec.init)).unwrap();
                let muxer = Muxer::new(*spec, target_ns)?;
                let (bytes, commits, samples) = (Vec::new(), Vec::new(), Vec::new());
                assert!(open.is_none(), "one file is written at a time");
                *open = Some(Open { muxer, group, bytes, commits, samples });
            }
            Action::Write { sample, .. } => {
                let open = open.as_mut().unwrap();
                open.samples.push(sample.clone());
                open.muxer.push(sample);
            }
            Action::Close { end_ns, .. } => {
                let mut file = open.take().unwrap();
                file.commit(None);
                recording.files.push(file.finish(end_ns));
            }
        }
    }
    Ok(())
}

impl Open {
    fn commit(&mut self, record: Option<&CommitRecord>) {
        for part in self.muxer.commit(record) {
            self.bytes.extend_from_slice(&part);
        }
        self.commits.push(self.bytes.len());
    }

    fn finish(self, end_ns: Option<i64>) -> File {
        let spec = self.muxer.spec().clone();
        let (steps, summary) = self.muxer.finish(end_ns);
        let clamped = summary.clamped_samples;
        let mut finished = self.bytes.clone();
        steps.iter().for_each(|step| apply_step(&mut finished, step));
        let Self { group, bytes: growing, commits, samples, .. } = self;
        File { spec, group, growing, commits, steps, finished, samples, clamped }
    }
}

/// Does to a file in memory what a step says.
pub(crate) fn apply_step(file: &mut Vec<u8>, step: &FinishStep) {
    match step {
        FinishStep::WriteAt { offset, bytes } => {
            file[*offset as usize..][..bytes.len()].copy_from_slice(bytes);
        }
        FinishStep::Sync => {}
        FinishStep::Rewrite { front, keep_from } => {
            *file = [&front[..], &file[*keep_from as usize..]].concat();
        }
    }
}

impl File {
    pub(crate) fn is_mp4(&self) -> bool {
        self.spec.init.output == Container::Mp4
    }

    /// What a player finds in the finished file, with the times of the stream.
    pub(crate) fn read_finished(&self) -> Vec<Read> {
        let read = match self.is_mp4() {
            true => movie::read(&self.finished),
            false => read(&self.finished),
        };
        // An MP4's index names only the tracks of which there is something.
        let mut present: Vec<usize> = self.samples.iter().map(|sample| sample.track).collect();
        present.sort_unstable();
        present.dedup();
        let track = |read: &Read| if self.is_mp4() { present[read.track] } else { read.track };
        self.to_stream(read.into_iter().map(|read| Read { track: track(&read), ..read }).collect())
    }

    pub(crate) fn to_stream(&self, mut read: Vec<Read>) -> Vec<Read> {
        read.iter_mut().for_each(|read| read.pts_ns += self.spec.origin_ns);
        read
    }

    /// The coarser of the clocks that a sample's time goes through on its way into the file.
    pub(crate) fn tick_ns(&self, track: usize) -> i64 {
        let slowest = |scales: &[u32]| 1_000_000_000 / i64::from(*scales.iter().min().unwrap()) + 1;
        let tracks = &self.spec.tracks;
        match (self.is_mp4(), self.spec.init.source) {
            (false, _) => 1_000_000,
            (true, Container::Webm) => slowest(&[8000.max(tracks[track].sample_rate.min(48_000))]),
            (true, Container::Mp4) => {
                // Edits count in the movie's ticks, which are the sound's.
                let audio = tracks.iter().find(|track| track.kind == Kind::Audio);
                let movie = audio.or(tracks.first()).map_or(1000, |track| track.timescale);
                slowest(&[tracks[track].timescale, movie])
            }
        }
    }
}

/// Every sample of a WebM file or of an MP4 that grows.
pub(crate) fn read(bytes: &[u8]) -> Vec<Read> {
    let mut demuxer = Demuxer::new();
    demuxer.push(Bytes::copy_from_slice(bytes));
    let mut tracks: Vec<Track> = Vec::new();
    let mut read = Vec::new();
    while let Some(event) = demuxer.poll().unwrap() {
        match event {
            Event::Init(init) => tracks.clone_from(&init.tracks),
            Event::Config { .. } => {}
            Event::Sample(Sample { track, pts, sync, data, .. }) => {
                let pts_ns = tracks[track].to_nanos(pts);
                read.push(Read { track, kind: tracks[track].kind, pts_ns, sync, data });
            }
        }
    }
    read
}
