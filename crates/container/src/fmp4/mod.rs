//! Fragmented and plain MP4 (ISO 14496-12).

pub(crate) mod demux;
pub(crate) mod entry;
pub(crate) mod finish;
mod fragment;
pub(crate) mod inspect;
pub(crate) mod mux;
pub(crate) mod syntax;
pub(crate) mod tracks;
pub(crate) mod walk;

pub use tracks::TrackDetail;
