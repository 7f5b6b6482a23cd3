//! What lies between every demuxer and every muxer.

use std::sync::Arc;

use bytes::Bytes;

use crate::{fmp4, webm};

/// Nanoseconds in a second, the unit in which tracks of different timescales are compared.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Times stay within this, in ticks and in nanoseconds, so that sums of a few never overflow;
/// seventy years of nanoseconds.
pub(crate) const MAX_TIME: i64 = i64::MAX / 4;

/// What is kept for each track is kept for each file and written with each commit: a recorder has
/// two of them, a file of a film some twenty.
pub(crate) const MAX_TRACKS: usize = 32;

/// The family of files that a stream comes from or goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
pub enum Kind {
    /// TrackType 1 (RFC 9559 section 5.1.4.1.3), handler `vide` (ISO 14496-12 clause 12.1.1).
    Video,
    /// TrackType 2, handler `soun` (ISO 14496-12 clause 12.2.1).
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
    pub duration: Option<i64>,
    /// Whether it decodes by itself: the keyframe bit of a SimpleBlock (RFC 9559 section 10.2), a
    /// BlockGroup without ReferenceBlock, or no `sample_is_non_sync_sample` (ISO 14496-12 clause
    /// 8.8.3.1). VP8 frames say it themselves.
    pub sync: bool,
    /// The payload.
    pub data: Bytes,
    /// Matroska BlockGroup children to carry along, as encoded: BlockAdditions such as alpha planes
    /// and DiscardPadding (RFC 9559 sections 5.1.3.5.2 and 5.1.3.5.7).
    pub block_extra: Bytes,
}

/// One track of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Audio or video.
    pub kind: Kind,
    /// CodecID (RFC 9559 section 5.1.4.1.21) or sample entry type (ISO 14496-12 clause 8.5.2), as
    /// the stream names it.
    pub codec: String,
    /// Ticks per second of the track's sample times: nanoseconds from Matroska, and from MP4 what
    /// its media header says (ISO 14496-12 clause 8.4.2).
    pub timescale: u32,
    /// How far presentation lags behind the stream's own timestamps, in ticks: CodecDelay (RFC 9559
    /// section 5.1.4.1.25), or what an edit list hides at the start (ISO 14496-12 clause 8.6.6);
    /// negative where it shows nothing first.
    pub delay: i64,
    /// Pixels from side to side, as coded; zero for audio.
    pub width: u32,
    /// Pixels from top to bottom, as coded; zero for audio.
    pub height: u32,
    /// Samples per second and channel; zero for video.
    pub sample_rate: u32,
    /// How many channels; zero for video.
    pub channels: u32,
    /// What only the track's container knows.
    pub detail: Detail,
}

/// What only the track's container knows of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Detail {
    /// What a TrackEntry says (RFC 9559 section 5.1.4.1).
    Webm(webm::TrackDetail),
    /// What a `trak` says (ISO 14496-12 clause 8.3).
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
    let from = from.max(1);
    // A product of 64 bits holds hours, and is divided in a fraction of the time of a longer one.
    let doubled = value.checked_mul(2).and_then(|value| value.checked_mul(to));
    if let Some(sum) = doubled.and_then(|doubled| doubled.checked_add(from)) {
        return sum.div_euclid(2 * from).clamp(-MAX_TIME, MAX_TIME);
    }
    let (from, numerator) = (i128::from(from), i128::from(value) * i128::from(to));
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
    /// A track from its next sample on: another of its sample entries describes it.
    Described(usize, Box<Track>),
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
        // On both sides of what 64 bits hold.
        let hours = |hours: i64| 3600 * hours * 90_000 + 1;
        for at in [10, 14, 15, 100, 10_000] {
            assert_eq!(
                rescale(hours(at), 90_000, NANOS_PER_SECOND),
                3600 * at * NANOS_PER_SECOND + 11_111
            );
            assert_eq!(
                rescale(-hours(at), 90_000, NANOS_PER_SECOND),
                -3600 * at * NANOS_PER_SECOND - 11_111
            );
        }
    }
}
