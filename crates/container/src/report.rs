//! What is said of a finished file.

use crate::sample::{Kind, Track};

/// What a finished file holds, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileReport {
    /// The duration that the header states, in nanoseconds.
    pub duration_ns: i64,
    /// Whether the seek index stands in front of the media.
    pub index_in_front: bool,
    /// The tracks.
    pub tracks: Vec<TrackReport>,
    /// What is wrong, in sentences; empty for a good file.
    pub problems: Vec<String>,
}

/// What a track of a finished file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackReport {
    /// Whether it is seen or heard.
    pub kind: Kind,
    /// As [`Track::codec`].
    pub codec: String,
    /// Pixels from side to side; zero for audio.
    pub width: u32,
    /// Pixels from top to bottom; zero for audio.
    pub height: u32,
    /// Samples per second and channel; zero for video.
    pub sample_rate: u32,
    /// How many channels; zero for video.
    pub channels: u32,
    /// Frames or packets that it consists of.
    pub samples: u64,
    /// How many of them decode by themselves.
    pub sync_samples: u64,
}

impl FileReport {
    /// The report of a file that cannot be read.
    #[must_use]
    pub fn unreadable(problem: String) -> Self {
        Self { problems: vec![problem], ..Self::default() }
    }
}

/// A track of which nothing has been counted yet.
pub(crate) fn describe(track: &Track) -> TrackReport {
    TrackReport {
        kind: track.kind,
        codec: track.codec.clone(),
        width: track.width,
        height: track.height,
        sample_rate: track.sample_rate,
        channels: track.channels,
        samples: 0,
        sync_samples: 0,
    }
}
