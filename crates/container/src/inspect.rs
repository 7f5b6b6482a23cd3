//! Reads a finished file again and says what it holds.

use bytes::Bytes;

use crate::report::{FileReport, TrackReport};
use crate::{fmp4, webm};

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
