//! Where a driver puts what it fetches: all of it to the recorder, and to viewers what they can
//! take.

use bytes::Bytes;
use container::{Event, Init};

use super::failure::Failure;
use crate::clock::WallUs;

/// Where a driver puts what it fetches.
#[derive(Debug)]
pub(crate) struct Intake {}

/// Nothing more is wanted, or nothing more can be read: the driver returns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Over {
    /// Whoever wanted it does not any more.
    #[error("nobody wants it any more")]
    Unwanted,
    /// The bytes are no stream that can be read on.
    #[error("{0}")]
    NotMedia(String),
}

impl From<Over> for Failure {
    fn from(over: Over) -> Self {
        match over {
            Over::Unwanted => Self::Over,
            Over::NotMedia(reason) => Self::NotMedia(reason),
        }
    }
}

impl Intake {
    /// A generation of samples begins: its tracks, and the wall time of media time zero. What
    /// `init.bytes` holds must read as the same tracks (`Demuxer::read_init`), since a crash is
    /// recovered from by it.
    pub(crate) async fn begin(&mut self, _init: Init, _anchor_us: WallUs) -> Result<(), Over> {
        Err(Over::Unwanted)
    }

    /// Samples and configuration changes of it, in decode order per track. It waits while the
    /// disk is busy, and never for viewers.
    pub(crate) async fn media(&mut self, _events: Vec<Event>) -> Result<(), Over> {
        Err(Over::Unwanted)
    }

    /// By `elapsed_us` after the generation's beginning the camera had come to `media_us`.
    pub(crate) async fn clock(&mut self, _media_us: i64, _elapsed_us: i64) -> Result<(), Over> {
        Err(Over::Unwanted)
    }

    /// Or: the next bytes of a Matroska, WebM or fragmented MP4 stream, whose init segments begin
    /// the generations.
    pub(crate) async fn push(&mut self, _bytes: Bytes) -> Result<(), Over> {
        Err(Over::Unwanted)
    }

    /// A JPEG that the camera itself made, for viewers of JPEGs.
    pub(crate) fn picture(&self, _jpeg: Bytes) {}
}
