//! From the samples of one segment to the bytes of one file.

use bytes::Bytes;

use crate::commit::CommitRecord;
use crate::error::Fault;
use crate::fmp4::mux::Mp4Muxer;
use crate::sample::{Container, Kind, Sample};
use crate::segmenter::SegmentSpec;
use crate::webm::mux::WebmMuxer;
use crate::{Error, codec};

/// Writes one file: appends while it grows, then a few writes that finish it.
///
/// At every instant the file is either the growing or the finished one, and both play.
#[derive(Debug)]
pub enum Muxer {
    #[allow(missing_docs)]
    Webm(WebmMuxer),
    #[allow(missing_docs)]
    Mp4(Mp4Muxer),
}

/// One step of finishing a file, to be done in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishStep {
    /// Write these bytes at this offset.
    WriteAt {
        /// From the start of the file.
        offset: u64,
        /// What stands there afterwards.
        bytes: Bytes,
    },
    /// Everything written so far must be on the disk before the next step.
    Sync,
    /// The room kept for the index is too small: write a new file that consists of `front` and
    /// of what the growing file holds from `keep_from` on, and put it in the old one's place.
    Rewrite {
        /// The new beginning.
        front: Bytes,
        /// First byte of the growing file that stays.
        keep_from: u64,
    },
}

/// What a finished file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// From the first presentation to the end of the last sample, in nanoseconds.
    pub duration_ns: i64,
    /// Samples of the video track.
    pub video_samples: u64,
    /// Packets of the audio track.
    pub audio_samples: u64,
}

impl Muxer {
    /// A file for the segment. `expected_ns` is how long it is likely to become; room for its
    /// index is kept accordingly.
    ///
    /// # Errors
    /// When the container cannot carry one of the codecs.
    pub fn new(spec: SegmentSpec, expected_ns: i64) -> Result<Self, Error> {
        let made = match spec.init.output {
            Container::Webm => WebmMuxer::new(spec, expected_ns).map(Self::Webm),
            Container::Mp4 => Mp4Muxer::new(spec, expected_ns).map(Self::Mp4),
        };
        made.map_err(|fault: Fault| fault.at(0))
    }

    /// What the file begins with.
    #[must_use]
    pub fn spec(&self) -> &SegmentSpec {
        match self {
            Self::Webm(muxer) => &muxer.spec,
            Self::Mp4(muxer) => &muxer.spec,
        }
    }

    /// Takes the next sample. Samples of one track come in decode order.
    pub fn push(&mut self, sample: Sample) {
        match self {
            Self::Webm(muxer) => muxer.push(sample),
            Self::Mp4(muxer) => muxer.push(sample),
        }
    }

    /// Bytes of payload that wait for the next commit.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        match self {
            Self::Webm(muxer) => muxer.pending.bytes,
            Self::Mp4(muxer) => muxer.pending.bytes,
        }
    }

    /// Samples that wait for the next commit.
    #[must_use]
    pub fn pending_samples(&self) -> usize {
        match self {
            Self::Webm(muxer) => muxer.pending.samples,
            Self::Mp4(muxer) => muxer.pending.samples,
        }
    }

    /// Hands out what to append to the file so that it holds every sample pushed so far; the
    /// first call includes the header. Empty when there is nothing to append.
    pub fn commit(&mut self, record: Option<&CommitRecord>) -> Vec<Bytes> {
        match self {
            Self::Webm(muxer) => muxer.commit(record),
            Self::Mp4(muxer) => muxer.commit(record),
        }
    }

    /// The steps that turn the growing file into the finished one, after everything was
    /// committed. `end_ns` is where the next segment's video begins, on the same clock as the
    /// samples; without it the last frame lasts as long as the one before it.
    pub fn finish(self, end_ns: Option<i64>) -> (Vec<FinishStep>, Summary) {
        match self {
            Self::Webm(muxer) => muxer.finish(end_ns),
            Self::Mp4(muxer) => muxer.finish(end_ns),
        }
    }
}

/// Samples that wait for the next commit, by track.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) tracks: Vec<Vec<Sample>>,
    pub(crate) bytes: usize,
    pub(crate) samples: usize,
}

impl Pending {
    pub(crate) fn new(tracks: usize) -> Self {
        Self { tracks: vec![Vec::new(); tracks], bytes: 0, samples: 0 }
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        if let Some(track) = self.tracks.get_mut(sample.track) {
            self.bytes += sample.data.len();
            self.samples += 1;
            track.push(sample);
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Vec<Sample>> {
        self.bytes = 0;
        self.samples = 0;
        let empty = vec![Vec::new(); self.tracks.len()];
        std::mem::replace(&mut self.tracks, empty)
    }
}

/// Follows one track's samples to know where it ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extent {
    pub(crate) samples: u64,
    pub(crate) sync_samples: u64,
    first_pts: i64,
    last_pts: i64,
    last_step: i64,
    is_reordered: bool,
    last_duration: Option<i64>,
}

impl Extent {
    pub(crate) fn add(&mut self, sample: &Sample, is_opus: bool, timescale: u32) {
        if self.samples == 0 {
            self.first_pts = sample.pts;
        } else if sample.pts > self.last_pts {
            self.last_step = sample.pts - self.last_pts;
        } else {
            self.is_reordered = true;
        }
        self.samples += 1;
        self.sync_samples += u64::from(sample.sync);
        if self.samples == 1 || sample.pts >= self.last_pts {
            self.last_pts = sample.pts;
            let stated = sample.duration.map(i64::from);
            let opus = is_opus.then(|| codec::opus::packet_duration(&sample.data)).flatten();
            let opus = opus.map(|d| crate::sample::rescale(d.into(), 48_000, timescale.into()));
            self.last_duration = opus.or(stated).filter(|&duration| duration > 0);
        }
    }

    /// Where the track ends, in its ticks. A single frame of unknown length lasts a thirtieth of
    /// a second.
    pub(crate) fn end(&self, timescale: u32) -> i64 {
        let span = self.last_pts - self.first_pts;
        let step = match self.is_reordered {
            true => span / i64::try_from(self.samples.max(2) - 1).unwrap_or(1),
            false => self.last_step,
        };
        let step = (step > 0).then_some(step);
        self.last_pts + self.last_duration.or(step).unwrap_or(i64::from(timescale / 30).max(1))
    }
}

pub(crate) fn is_opus(codec: &str) -> bool {
    matches!(codec, "A_OPUS" | "Opus")
}

/// The counts and the duration that [`Muxer::finish`] reports.
pub(crate) fn summarise(spec: &SegmentSpec, extents: &[Extent], end_ns: Option<i64>) -> Summary {
    let mut summary = Summary::default();
    for (track, extent) in spec.tracks.iter().zip(extents) {
        let counter = match track.kind {
            Kind::Video => &mut summary.video_samples,
            Kind::Audio => &mut summary.audio_samples,
        };
        *counter += extent.samples;
        if extent.samples > 0 {
            let end = match (track.kind, end_ns) {
                (Kind::Video, Some(end_ns)) => end_ns,
                _ => track.to_nanos(extent.end(track.timescale)),
            };
            summary.duration_ns = summary.duration_ns.max(end - spec.origin_ns);
        }
    }
    summary
}
