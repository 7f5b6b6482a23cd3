//! From the samples of one segment to the bytes of one file.

use bytes::Bytes;

use crate::Error;
use crate::commit::CommitRecord;
use crate::error::Fault;
use crate::fmp4::mux::Mp4Muxer;
use crate::output::{FinishStep, Summary};
use crate::sample::{Container, NANOS_PER_SECOND, Sample};
use crate::segmenter::SegmentSpec;
use crate::webm::mux::WebmMuxer;

/// Room for more than half a day's index, some fifty megabytes, is kept in no file: a longer one
/// is rewritten once, or has fewer places to seek to.
const MAX_EXPECTED_NS: i64 = 12 * 3600 * NANOS_PER_SECOND;

/// Writes one file: appends while it grows, then a few writes that finish it.
///
/// At every instant the file is either the growing or the finished one, and both play.
#[derive(Debug)]
pub enum Muxer {
    /// WebM, or Matroska in the same layout (RFC 9559).
    Webm(WebmMuxer),
    /// Fragmented while it grows, with one index in the end (ISO 14496-12).
    Mp4(Mp4Muxer),
}

impl Muxer {
    /// A file for the segment. `expected_ns` is how long it is likely to become; room for its
    /// index is kept accordingly.
    ///
    /// # Errors
    /// When the container cannot carry one of the codecs.
    pub fn new(spec: SegmentSpec, expected_ns: i64) -> Result<Self, Error> {
        let expected_ns = expected_ns.clamp(0, MAX_EXPECTED_NS);
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
    ///
    /// The checksum of a record reads every byte of the commit once; without a record no payload
    /// is touched. What one commit holds stands in one `mdat` of MP4, so commit before there are
    /// 2 GiB of it.
    pub fn commit(&mut self, record: Option<&CommitRecord>) -> Vec<Bytes> {
        match self {
            Self::Webm(muxer) => muxer.commit(record),
            Self::Mp4(muxer) => muxer.commit(record),
        }
    }

    /// How many samples of the commits so far stand at another time than they came with. Finishing
    /// can add some: [`Summary::clamped_samples`].
    #[must_use]
    pub fn clamped_samples(&self) -> u64 {
        match self {
            Self::Webm(muxer) => muxer.clamped_samples,
            Self::Mp4(muxer) => muxer.clamped_samples,
        }
    }

    /// The steps that turn the growing file into the finished one, after everything was
    /// committed. `end_ns` is where the next segment's video begins, on the same clock as the
    /// samples; without it the last frame lasts as long as the one before it.
    pub fn finish(self, end_ns: Option<i64>) -> (Vec<FinishStep>, Summary) {
        match self {
            Self::Webm(muxer) => muxer.finish(end_ns),
            Self::Mp4(muxer) => muxer.finish(end_ns, u64::MAX),
        }
    }

    /// As [`Self::finish`], for files of which nobody knows how long they will be: one that would
    /// be more than a fifth of empty room is rewritten, too. In WebM hardly any room is kept, and
    /// both are the same.
    pub fn finish_compact(self, end_ns: Option<i64>) -> (Vec<FinishStep>, Summary) {
        match self {
            Self::Webm(muxer) => muxer.finish(end_ns),
            Self::Mp4(muxer) => {
                let max_filler = muxer.written / 5;
                muxer.finish(end_ns, max_filler)
            }
        }
    }
}
