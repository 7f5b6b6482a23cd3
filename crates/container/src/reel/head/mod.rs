//! What the front of a finished file says.

pub(super) mod mp4;
mod record;
pub(super) mod webm;
pub(super) mod window;

use std::ops::Range;

use bytes::Bytes;

use super::configuration::Configuration;
use crate::error::{Error, ErrorKind};
use crate::sample::{Container, Track};
use mp4::Mp4Head;
use record::Search;
pub use record::Zero;
use webm::WebmHead;
use window::{Lack, Window};

/// What the front of one finished file of this program says: its tracks, and where its media lies
/// and when it is shown. It takes some 25 KiB for a minute of MP4, and 2 KiB for one of WebM.
#[derive(Debug, Clone)]
pub struct Head {
    pub(super) tracks: Vec<Track>,
    pub(super) configuration: Configuration,
    pub(super) media: Range<u64>,
    pub(super) duration_ns: i64,
    pub(super) zero: Option<Zero>,
    pub(super) family: Family,
}

/// What only the file's container knows.
#[derive(Debug, Clone)]
pub(super) enum Family {
    Mp4(Mp4Head),
    Webm(WebmHead),
}

impl Head {
    /// The family of files that it is of.
    #[must_use]
    pub fn container(&self) -> Container {
        match self.family {
            Family::Mp4(_) => Container::Mp4,
            Family::Webm(_) => Container::Webm,
        }
    }

    /// The tracks of which the file holds something (MP4), or that it names (WebM).
    #[must_use]
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// What must be equal of two files that are joined.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// Where the media lies that stands behind the room for the index, in bytes of the file.
    #[must_use]
    pub fn media(&self) -> Range<u64> {
        self.media.clone()
    }

    /// From zero to the end of the last sample of any track, as the file states it.
    #[must_use]
    pub fn duration_ns(&self) -> i64 {
        self.duration_ns
    }

    /// Where the file's zero lies in its generation, by its first commit record. `None` where none
    /// stands behind the first media. It is what the record says; nothing has checked its sum.
    #[must_use]
    pub fn zero(&self) -> Option<&Zero> {
        self.zero.as_ref()
    }

    /// When its key frames are shown, from the file's zero on, in order: what can be sought. In a
    /// WebM these are the Cues, in a file without video the beginnings of clusters.
    #[must_use]
    pub fn key_frames_ns(&self) -> Vec<i64> {
        match &self.family {
            Family::Mp4(head) => head.key_frames_ns(),
            Family::Webm(head) => {
                head.cues.iter().map(|cue| i64::from(cue.ms) * 1_000_000).collect()
            }
        }
    }

    /// How far in front of its zero something of it is shown: what an encoder puts in front of its
    /// sound.
    pub(super) fn lead_in_ns(&self) -> i64 {
        match &self.family {
            Family::Mp4(head) => head.lead_in_ns(),
            // Its blocks stand at zero or behind it, and a delay is said beside them.
            Family::Webm(_) => 0,
        }
    }
}

/// Reads the [`Head`] of a finished file of this program by seeking: one read of a WebM's first
/// 8 KiB, another one of an MP4's index, and a few small ones that find the first commit record.
#[derive(Debug)]
pub struct HeadReader {
    window: Window,
    /// A head of which only the record is still looked for.
    found: Option<(Box<Head>, Search)>,
}

/// What a [`HeadReader`] has come to.
#[derive(Debug, Clone)]
pub enum HeadStep {
    /// It goes on with these bytes of the file: [`HeadReader::give`].
    Need {
        /// From the start of the file.
        offset: u64,
        /// How many; all of them lie inside the file.
        bytes: usize,
    },
    /// All that the head says.
    Done(Head),
}

impl HeadReader {
    /// A reader of a file of so many bytes.
    #[must_use]
    pub fn new(file_bytes: u64) -> Self {
        // No file is longer, and sums of places in it stay numbers.
        let file_bytes = file_bytes.min(i64::MAX as u64);
        Self { window: Window::new(file_bytes), found: None }
    }

    /// What is next.
    ///
    /// # Errors
    /// When the file is no finished one of this program, when its index is damaged
    /// ([`ErrorKind::Malformed`], [`ErrorKind::Truncated`]) or too large to be kept
    /// ([`ErrorKind::TooLarge`]), and when an earlier version wrote a WebM whose Timestamps cannot
    /// be other ones ([`ErrorKind::NarrowTimestamp`]). Such a file can only be served alone.
    pub fn poll(&mut self) -> Result<HeadStep, Error> {
        if let Some((offset, bytes)) = self.window.asked() {
            return Ok(HeadStep::Need { offset, bytes });
        }
        let (mut head, mut search) = match self.found.take().map_or_else(|| self.front(), Ok) {
            Ok(found) => found,
            Err(Lack::Bytes { offset, bytes }) => return Ok(self.need(offset, bytes)),
            Err(Lack::Failed(error)) => return Err(error),
        };
        match search.go_on(head.container(), &mut self.window) {
            Ok(zero) => {
                head.zero = zero;
                Ok(HeadStep::Done(*head))
            }
            Err((offset, bytes)) => {
                self.found = Some((head, search));
                Ok(self.need(offset, bytes))
            }
        }
    }

    /// The bytes that [`HeadStep::Need`] asked for. Fewer mean that the file has become shorter.
    pub fn give(&mut self, bytes: Bytes) {
        self.window.give(bytes);
    }

    fn need(&mut self, offset: u64, bytes: usize) -> HeadStep {
        self.window.ask(offset, bytes);
        HeadStep::Need { offset, bytes }
    }

    fn front(&self) -> Result<(Box<Head>, Search), Lack> {
        let signature = self.window.peek(0, 8)?;
        let head = if signature.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
            webm::read(&self.window)?
        } else if signature.ends_with(b"ftyp") {
            mp4::read(&self.window)?
        } else {
            return Err(Error::new(ErrorKind::NotMedia, 0, "signature").into());
        };
        let search = Search::new(head.media.clone());
        Ok((Box::new(head), search))
    }
}
