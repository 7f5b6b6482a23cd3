//! From a stream to finished files or to viewers, whose bytes go nowhere.

use bytes::Bytes;
use container::{
    Action, CommitRecord, Demuxer, Event, FinishStep, Kind, LiveMuxer, Muxer, NANOS_PER_SECOND,
    SegmentSpec, Segmenter, Track,
};

/// What segments last unless told otherwise.
const SEGMENT_NS: i64 = 60 * NANOS_PER_SECOND;

/// What is appended at once where nobody waits for it.
const APPENDED_BYTES: usize = 1 << 20;

/// A second of the stream, after which the recorder syncs.
const COMMITTED_BYTES: usize = 2_500_000 / 8;

/// Who has the stream split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Files alone, as from a recording that is there already.
    Split,
    /// The same with a record behind each second, by which a recording goes on after a crash.
    Record,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) files: u64,
    pub(crate) samples: u64,
    pub(crate) bytes: u64,
}

/// The whole way of a stream through the engine.
pub(crate) fn split(chunks: Vec<Bytes>, purpose: Purpose) -> Written {
    let mut demuxer = Demuxer::new();
    let mut files = Files { purpose, segmenter: Segmenter::new(SEGMENT_NS), ..Files::default() };
    for chunk in chunks {
        demuxer.push(chunk);
        while let Some(event) = demuxer.poll().unwrap() {
            files.place(&demuxer);
            files.segmenter.push(event);
            files.apply();
        }
        files.place(&demuxer);
    }
    files.segmenter.finish();
    files.apply();
    files.written
}

/// The whole way of a stream to viewers: a fragment for each sample, as with the shortest delay.
pub(crate) fn live(chunks: Vec<Bytes>) -> Written {
    let mut demuxer = Demuxer::new();
    let (mut muxer, mut lead, mut written) = (None, 0, Written::default());
    for chunk in chunks {
        demuxer.push(chunk);
        while let Some(event) = demuxer.poll().unwrap() {
            match event {
                Event::Init(init) => {
                    let video = |track: &Track| track.kind == Kind::Video;
                    lead = init.tracks.iter().position(video).unwrap();
                    let tracks = init.tracks.clone();
                    let spec = SegmentSpec { init, tracks, origin_ns: 0, keeps_delay: false };
                    let mut begun = LiveMuxer::new(spec).unwrap();
                    written.bytes += begun.init().len() as u64;
                    muxer = Some(begun);
                }
                Event::Config { .. } => {}
                Event::Sample(sample) => {
                    let muxer = muxer.as_mut().unwrap();
                    let begins_group = sample.sync && sample.track == lead;
                    muxer.push(sample);
                    written.samples += 1;
                    let fragment = muxer.fragment(begins_group);
                    written.bytes += fragment.map_or(0, |fragment| fragment.len() as u64);
                }
            }
        }
    }
    written
}

struct Files {
    purpose: Purpose,
    segmenter: Segmenter,
    muxer: Option<Muxer>,
    written: Written,
}

impl Default for Files {
    fn default() -> Self {
        let segmenter = Segmenter::new(SEGMENT_NS);
        Self { purpose: Purpose::Split, segmenter, muxer: None, written: Written::default() }
    }
}

impl Files {
    fn place(&mut self, demuxer: &Demuxer) {
        if self.purpose == Purpose::Record
            && let Some(place) = demuxer.resume_point()
        {
            self.segmenter.place(place);
        }
    }

    fn apply(&mut self) {
        while let Some(action) = self.segmenter.poll() {
            match action {
                Action::Open { spec, .. } => {
                    self.muxer = Some(Muxer::new(*spec, SEGMENT_NS).unwrap());
                }
                Action::Write { sample, .. } => {
                    let muxer = self.muxer.as_mut().unwrap();
                    muxer.push(sample);
                    self.written.samples += 1;
                    let enough = match self.purpose {
                        Purpose::Split => APPENDED_BYTES,
                        Purpose::Record => COMMITTED_BYTES,
                    };
                    if muxer.pending_bytes() >= enough {
                        self.commit();
                    }
                }
                Action::Close { end_ns, .. } => {
                    self.commit();
                    self.finish(end_ns);
                }
            }
        }
    }

    fn commit(&mut self) {
        let checkpoint = match self.purpose {
            Purpose::Split => None,
            Purpose::Record => self.segmenter.checkpoint(),
        };
        let record = checkpoint.map(|checkpoint| CommitRecord {
            session: "session".to_owned(),
            generation: 0,
            checkpoint,
        });
        let parts = self.muxer.as_mut().unwrap().commit(record.as_ref());
        self.written.bytes += parts.iter().map(|part| part.len() as u64).sum::<u64>();
    }

    fn finish(&mut self, end_ns: Option<i64>) {
        let (steps, _) = self.muxer.take().unwrap().finish(end_ns);
        for step in steps {
            match step {
                FinishStep::WriteAt { bytes, .. } => self.written.bytes += bytes.len() as u64,
                FinishStep::Rewrite { .. } => panic!("the room for the index was too small"),
                FinishStep::Sync => {}
            }
        }
        self.written.files += 1;
    }
}
