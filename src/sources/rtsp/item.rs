//! What comes from a camera, without the library that fetches it.

use bytes::Bytes;
use container::{BareTrack, Kind};

/// What comes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    Frame(Frame),
    Report(Report),
}

/// One encoded picture, or one packet of sound.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Its RTP time without the wrap at 32 bits.
    pub(super) ticks: i64,
    /// The RTP time that the camera says its playback begins at; that of its first packet where
    /// it says nothing.
    pub(super) start_ticks: i64,
    /// When it began to arrive, on a clock that only runs forward.
    pub(super) arrived_us: i64,
    /// How long it lasts in ticks, where that is known.
    pub(super) duration: Option<u32>,
    pub(super) data: Bytes,
    /// Whether it decodes by itself.
    pub(super) is_key: bool,
    /// Whether packets in front of it are lost.
    pub(super) is_behind_loss: bool,
    /// Whether its first slice is there.
    pub(super) begins_whole: bool,
    /// Whether it is shown in front of the last key frame, and refers to what is in front of that.
    pub(super) leads: bool,
    /// What its track has become, where it says so.
    pub(super) track: Option<BareTrack>,
}

/// A sender's word on what time it was on its clock at an RTP time (RFC 3550 section 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) kind: Kind,
    pub(super) ticks: i64,
    pub(super) arrived_us: i64,
    /// The sender's clock in nanoseconds; only differences mean something.
    pub(super) clock_ns: i64,
}
