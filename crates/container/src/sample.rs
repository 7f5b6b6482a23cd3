//! What lies between every demuxer and every muxer.

use std::sync::Arc;

use bytes::Bytes;

use crate::{fmp4, webm};

/// Nanoseconds in a second, the unit in which tracks of different timescales are compared.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Times stay within this, in ticks and in nanoseconds, so that sums of a few never overflow;
/// seventy years of nanoseconds.
pub(crate) const MAX_TIME: i64 = i64::MAX / 4;

/// The family of files that a stream comes from or goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// WebM and Matroska (RFC 9559).
    Webm,
    /// MP4 (ISO 14496-12).
    Mp4,
}

impl Container {
    /// The file name extension, without a dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Webm => "webm",
            Self::Mp4 => "mp4",
        }
    }
}

/// Whether a track is seen or heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Kind {
    Video,
    Audio,
}

/// One encoded video frame or audio packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Index into [`Init::tracks`].
    pub track: usize,
    /// Presentation time in ticks of the track's timescale; a codec's delay is subtracted, so
    /// the first audio packets can be negative.
    pub pts: i64,
    /// Decode time in ticks. Equal to `pts` where the container does not tell.
    pub dts: i64,
    /// How long it lasts, in ticks, where the stream says so.
    pub duration: Option<u32>,
    /// Whether it decodes by itself.
    pub sync: bool,
    /// The payload.
    pub data: Bytes,
    /// Matroska BlockGroup children to carry along (alpha planes, discard padding), as encoded.
    pub block_extra: Bytes,
}

/// One track of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Audio or video.
    pub kind: Kind,
    /// Matroska codec id or MP4 sample entry type, as the stream names it.
    pub codec: String,
    /// Ticks per second of the track's sample times.
    pub timescale: u32,
    /// How far presentation lags behind the stream's own timestamps, in ticks: Matroska's
    /// CodecDelay, or what an MP4 edit list hides at the start.
    pub delay: i64,
    /// Width and height in pixels; zero for audio.
    pub width: u32,
    #[allow(missing_docs)]
    pub height: u32,
    /// Samples per second and channels; zero for video.
    pub sample_rate: u32,
    #[allow(missing_docs)]
    pub channels: u32,
    /// What only the track's container knows.
    pub detail: Detail,
}

/// What only the track's container knows of it.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Detail {
    Webm(webm::TrackDetail),
    Mp4(fmp4::TrackDetail),
}

impl Track {
    /// Converts ticks of this track to nanoseconds.
    #[must_use]
    pub fn to_nanos(&self, ticks: i64) -> i64 {
        rescale(ticks, self.timescale, NANOS_PER_SECOND)
    }

    /// Converts nanoseconds to ticks of this track, to the nearest.
    #[must_use]
    pub fn from_nanos(&self, nanos: i64) -> i64 {
        rescale_between(nanos, NANOS_PER_SECOND, i64::from(self.timescale))
    }
}

/// Converts a count of 1/`from` seconds to 1/`to` seconds, to the nearest.
pub(crate) fn rescale(value: i64, from: u32, to: i64) -> i64 {
    rescale_between(value, i64::from(from), to)
}

pub(crate) fn rescale_between(value: i64, from: i64, to: i64) -> i64 {
    if from == to {
        return value;
    }
    let (from, numerator) = (i128::from(from.max(1)), i128::from(value) * i128::from(to));
    let rounded = (2 * numerator + from).div_euclid(2 * from);
    rounded.clamp(i128::from(-MAX_TIME), i128::from(MAX_TIME)) as i64
}

/// What an init segment says.
#[derive(Debug, Clone, PartialEq)]
pub struct Init {
    /// The family that the stream comes in.
    pub source: Container,
    /// The family that the stream's samples are written to.
    pub output: Container,
    /// The tracks that can be recorded.
    pub tracks: Vec<Track>,
    /// The init segment as it arrived; with it a demuxer can resume inside the stream.
    pub bytes: Bytes,
}

impl Init {
    /// CRC-32 (IEEE) of [`Self::bytes`], by which a commit record names its init segment.
    #[must_use]
    pub fn crc(&self) -> u32 {
        crc32fast::hash(&self.bytes)
    }
}

/// What a demuxer found.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An init segment. A second one in the same stream begins anew.
    Init(Arc<Init>),
    /// A track's configuration (resolution, parameter sets) as of the sync sample that follows.
    Config {
        /// Index into [`Init::tracks`].
        track: usize,
        /// What the track is from now on.
        config: Box<Track>,
    },
    /// The next sample in stream order.
    Sample(Sample),
}

/// What a container's parser hands out.
pub(crate) enum Found {
    Init(Init),
    Sample(Sample),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rescaling_rounds_to_the_nearest() {
        assert_eq!(rescale(1, 3, 1000), 333);
        assert_eq!(rescale(2, 3, 1000), 667);
        assert_eq!(rescale(-1, 3, 1000), -333);
        assert_eq!(rescale(-2, 3, 1000), -667);
        assert_eq!(rescale(i64::MAX, 1, NANOS_PER_SECOND), MAX_TIME);
    }
}
