//! Fragmented and plain MP4 (ISO 14496-12).

pub(crate) mod boxes;
pub(crate) mod demux;
pub(crate) mod entry;
pub(crate) mod finish;
pub(crate) mod fragment;
pub(crate) mod inspect;
mod language;
pub(crate) mod mux;
pub(crate) mod out_track;
pub(crate) mod plan;
mod presentation;
pub(crate) mod syntax;
pub(crate) mod tables;
pub(crate) mod tracks;
pub(crate) mod walk;

pub use tracks::TrackDetail;
