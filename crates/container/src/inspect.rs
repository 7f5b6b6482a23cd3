//! Reads a finished file again and says what it holds.

use bytes::Bytes;

use crate::sample::Kind;
use crate::{fmp4, webm};

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
#[allow(missing_docs)]
pub struct TrackReport {
    pub kind: Kind,
    pub codec: String,
    pub width: u32,
    pub height: u32,
    pub sample_rate: u32,
    pub channels: u32,
    pub samples: u64,
    pub sync_samples: u64,
}

impl FileReport {
    /// The report of a file that cannot be read.
    #[must_use]
    pub fn unreadable(problem: String) -> Self {
        Self { problems: vec![problem], ..Self::default() }
    }
}

/// Inspects a finished WebM or MP4 file.
#[must_use]
pub fn inspect(file: Bytes) -> FileReport {
    let is_mp4 = file.get(4..8) == Some(b"ftyp");
    let read = if is_mp4 { fmp4::inspect::read(&file) } else { webm::inspect::read(&file) };
    let mut report = match read {
        Ok(report) => report,
        Err(error) => return FileReport::unreadable(error.to_string()),
    };
    let mut problem = |broken: bool, sentence: &str| {
        if broken {
            report.problems.push(sentence.to_owned());
        }
    };
    problem(report.duration_ns <= 0, "the header states no duration");
    problem(!report.index_in_front, "the seek index does not stand in front of the media");
    problem(report.tracks.iter().all(|track| track.samples == 0), "there is no media");
    let no_key = |track: &TrackReport| track.samples > 0 && track.sync_samples == 0;
    problem(report.tracks.iter().any(no_key), "a track has no key frame");
    report
}
