//! Finished files that are read as one: a reel is put together by reference, and not a byte of
//! media is looked at or copied for it.
//!
//! ```text
//! MP4   ftyp moov(tables of all parts) mdat(64-bit)  | part: all behind its room | part | …
//! WebM  EBML Segment(size) SeekHead Info Tracks Cues | part: all behind its room | part | …
//! ```
//!
//! What stands in front is made here ([`Piece::Bytes`]), the rest are ranges of files
//! ([`Piece::File`]). So the length is known before the first byte is read, and any range of it can
//! be had. An MP4 takes its files as they are. Of a WebM each Cluster's Timestamp becomes that of
//! the whole on its way out ([`Patcher`]); nothing moves for that.
//!
//! [`HeadReader`] reads what is needed of a file, [`Reel::new`] makes the plan. Times are
//! nanoseconds of the reel's media time, which has no holes: a part lies behind the one before as
//! their common clock says ([`Part::follows`]), or begins where it ends.
//!
//! Of one file, [`FrameReader`] reads the key frame of a time, and [`Fragments`] is what a playlist
//! names.

mod configuration;
mod fragments;
mod frame;
mod head;
mod mp4;
mod patch;
mod pieces;
mod places;
mod webm;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

pub use configuration::Configuration;
pub use fragments::{Fragment, Fragments};
pub use frame::{Frame, FrameReader, FrameStep};
pub use head::{Head, HeadReader, HeadStep, Zero};
pub use patch::{Patch, PatchStep, Patcher};
use pieces::Pieces;

use crate::sample::Container;

/// What the index of a file, or of files joined, takes at most: that of four hours takes 17 MiB at
/// the 1,200 bytes a second that an MP4 has room for.
const MAX_INDEX_BYTES: u64 = 32 << 20;

/// Places in what is joined, its front included, are numbers of files.
const MAX_MEDIA_BYTES: u64 = i64::MAX as u64 - MAX_INDEX_BYTES * 2;

/// One file of a reel.
#[derive(Debug, Clone)]
pub struct Part {
    /// What its front says.
    pub head: Arc<Head>,
    /// How far its zero lies behind that of the part before, in nanoseconds, where both are of one
    /// generation and nothing is missing between them: the difference of their [`Head::zero`].
    /// `None` where it begins when the one before ends. That of the first part means nothing.
    pub follows: Option<i64>,
}

/// What of a reel is wanted, in nanoseconds of its media time.
///
/// It begins with the key frame that is shown at `from_ns` or before, and the sound that is heard
/// with that one, and ends with the samples that are shown in front of `to_ns`. In MP4 an edit list
/// hides what lies in front of `from_ns` and behind `to_ns` (ISO 14496-12 clause 8.6.6). In WebM
/// nothing can be hidden ([`Reel::preroll_ns`]), and it ends where the next key frame's cluster
/// begins: clusters stay whole. Sound that came later than that key frame is left out with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cut {
    /// From there on.
    pub from_ns: i64,
    /// Up to there.
    pub to_ns: i64,
}

/// Why files cannot be one. `part` counts from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReelError {
    /// There is no part, or the cut holds nothing.
    #[error("there is nothing to play in it")]
    Empty,
    /// A part's [`Configuration`] is not that of the first.
    #[error("file {part} has other tracks, codecs or settings than the first one")]
    Different {
        /// Which one.
        part: usize,
    },
    /// A part is said to begin far inside the one before, or before it.
    #[error("file {part} is said to begin before the one in front of it ends")]
    Misplaced {
        /// Which one.
        part: usize,
    },
    /// It would last longer, or its index be larger, than a file may be.
    #[error("it would be longer than one file can be")]
    TooLong,
}

/// Finished files, or a range of them, as one file.
#[derive(Debug, Clone)]
pub struct Reel {
    content_type: String,
    duration_ns: i64,
    preroll_ns: i64,
    starts_ns: Vec<i64>,
    pieces: Pieces,
}

/// A piece of a reel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Bytes),
    /// Bytes of a file.
    File {
        /// Which one, as it was given to [`Reel::new`].
        part: usize,
        /// From where to where, in bytes of the file.
        range: Range<u64>,
        /// What becomes of them.
        patch: Patch,
    },
}

/// What a container's plan comes to.
struct Plan {
    duration_ns: i64,
    preroll_ns: i64,
    /// What is zero, on the media time of all parts as a whole.
    begins_ns: i64,
    pieces: Pieces,
}

impl Reel {
    /// Plans one file of all parts, in their order, or of a range of them.
    ///
    /// # Errors
    /// [`ReelError`] says which part does not belong there.
    pub fn new(parts: &[Part], cut: Option<Cut>) -> Result<Self, ReelError> {
        let first = parts.first().ok_or(ReelError::Empty)?;
        let configuration = first.head.configuration();
        if let Some(part) = parts.iter().position(|part| part.head.configuration() != configuration)
        {
            return Err(ReelError::Different { part });
        }
        let media = parts.iter().map(|part| part.head.media());
        let bytes = media.fold(0u64, |sum, media| sum.saturating_add(media.end - media.start));
        if bytes > MAX_MEDIA_BYTES {
            return Err(ReelError::TooLong);
        }
        let zeros_ns = places::zeros_ns(parts)?;
        let plan = match configuration.container() {
            Container::Mp4 => mp4::plan(parts, &zeros_ns, cut)?,
            Container::Webm => webm::plan(parts, &zeros_ns, cut)?,
        };
        Ok(Self {
            content_type: configuration.content_type(),
            duration_ns: plan.duration_ns,
            preroll_ns: plan.preroll_ns,
            starts_ns: zeros_ns.iter().map(|zero_ns| zero_ns - plan.begins_ns).collect(),
            pieces: plan.pieces,
        })
    }

    /// How many there are in all.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.pieces.bytes()
    }

    /// The MIME type, with codecs.
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// How long it is shown.
    #[must_use]
    pub fn duration_ns(&self) -> i64 {
        self.duration_ns
    }

    /// How far in front of [`Cut::from_ns`] it begins: zero in MP4, where that is hidden.
    #[must_use]
    pub fn preroll_ns(&self) -> i64 {
        self.preroll_ns
    }

    /// When the zero of each part is, on the media time of this reel: what a player calls its
    /// current time. Parts that a cut leaves out lie before zero or behind the end.
    #[must_use]
    pub fn starts_ns(&self) -> &[i64] {
        &self.starts_ns
    }

    /// All of it, in order.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        self.pieces_of(0..self.bytes())
    }

    /// What the bytes of this range consist of, in order: found by halving, not by going along.
    /// What lies behind the end is left out.
    pub fn pieces_of(&self, range: Range<u64>) -> impl Iterator<Item = Piece> + '_ {
        self.pieces.of(range)
    }
}
