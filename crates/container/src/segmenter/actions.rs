//! What is decided: files, and what is done to them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::stream;
use crate::sample::{Init, Sample, Track};

/// What a new file begins with.
#[derive(Debug, Clone)]
pub struct SegmentSpec {
    /// The init segment that its samples came under.
    pub init: Arc<Init>,
    /// The tracks as they are now.
    pub tracks: Vec<Track>,
    /// The presentation time that is zero in the file, in nanoseconds.
    pub origin_ns: i64,
    /// Whether codec delays stand in the file as in the stream: only the first file of a stream
    /// begins where the encoder did.
    pub keeps_delay: bool,
}

impl SegmentSpec {
    /// The track whose sync samples are the places to cut: video, if there is any.
    pub(crate) fn lead(&self) -> usize {
        stream::lead(&self.init)
    }
}

/// What is to be done, in order.
#[derive(Debug)]
pub enum Action {
    /// Begin a file.
    Open {
        /// Grows within one [`super::Segmenter`].
        segment: u64,
        /// What it begins with.
        spec: Box<SegmentSpec>,
    },
    /// Add a sample to an open file.
    Write {
        /// The file, as [`Action::Open`] counted it.
        segment: u64,
        /// The next of its samples.
        sample: Sample,
    },
    /// Finish a file; nothing more will be added to it.
    Close {
        /// The file, as [`Action::Open`] counted it.
        segment: u64,
        /// Where the next file's video begins, in nanoseconds; `None` at the end of a stream, and
        /// where the next file is on another clock.
        end_ns: Option<i64>,
    },
}

/// What was decided for one file and is not handed out yet.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) segment: u64,
    /// Until its first sample: a file without any is never opened.
    pub(super) unopened: Option<Box<SegmentSpec>>,
    pub(super) actions: VecDeque<Action>,
    /// The first of its samples, as they were pushed.
    pub(super) first_number: u64,
    pub(super) bytes: usize,
}

impl Planned {
    pub(super) fn new(segment: u64, unopened: Option<Box<SegmentSpec>>) -> Self {
        Self { segment, unopened, actions: VecDeque::new(), first_number: u64::MAX, bytes: 0 }
    }
}
