//! What a transcoder is for.

use bytes::Bytes;
use container::Track;

use super::super::Format;
use crate::clock::WallUs;

/// What is made of a stream, and where it goes. All who want it share one.
pub(in super::super) trait Job: Send + Sync + 'static {
    /// What it makes, in a word.
    const FORMAT: &'static str;

    /// Whether pictures are handed to ffmpeg at the pace at which they were captured. A browser
    /// hands over a second at once: its viewers would see a picture that stands and leaps.
    const IS_PACED: bool;

    /// Whether one is often started for a single picture, as for each camera on a page. The log does
    /// not have those that have ended soon.
    const IS_OFTEN_BRIEF: bool = false;

    type Reader: Reader;

    /// What it makes, more exactly. Two jobs of the same detail do the same.
    fn detail(&self) -> String;

    /// The track that it works on, if there is one for it.
    fn track(&self, format: &Format) -> Option<usize>;

    /// What ffmpeg is told between its input and the pipe that it writes to.
    fn arguments(&self, track: &Track) -> Vec<String>;

    /// Takes what one run of ffmpeg writes, and hands it on.
    fn reader(&self) -> Self::Reader;
}

/// Takes what ffmpeg writes, and hands it to all who want it.
pub(in super::super) trait Reader: Send {
    /// The next bytes. What it holds is bounded.
    ///
    /// # Errors
    /// When ffmpeg has written something else than it was told to.
    fn take(&mut self, bytes: Bytes, times: Times) -> Result<Made, String>;
}

/// What has become of some bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Made {
    pub(in super::super) packets: u64,
    /// The time of the newest of them, as ffmpeg counts.
    pub(in super::super) newest_ns: Option<i64>,
}

/// How ffmpeg's times and those of the stream belong together, in one run of it.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Times {
    /// Wall time of the generation's media time zero.
    pub(in super::super) anchor_us: WallUs,
    /// By how much wall time is later now than that says.
    pub(in super::super) drift_us: i64,
    /// Media time that is zero for ffmpeg.
    pub(in super::super) origin_ns: i64,
}

impl Times {
    /// The media time of one of ffmpeg's times.
    pub(in super::super) fn media_ns(self, at_ns: i64) -> i64 {
        at_ns + self.origin_ns
    }

    /// The wall time of one of ffmpeg's times: when it was captured.
    pub(in super::super) fn wall_us(self, at_ns: i64) -> WallUs {
        self.anchor_us + self.drift_us + self.media_ns(at_ns) / 1000
    }
}

/// ffmpeg's filter that lets so many pictures a second through, at the times that they have.
pub(in super::super) fn at_most(per_second: f64) -> String {
    format!(
        "select='isnan(prev_selected_t)+gt(floor(t*{per_second}),floor(prev_selected_t*{per_second}))'"
    )
}
