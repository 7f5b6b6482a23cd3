//! WebM and Matroska (RFC 9559).

mod block;
pub(crate) mod demux;
pub(crate) mod finish;
pub(crate) mod inspect;
pub(crate) mod mux;
pub(crate) mod syntax;
pub(crate) mod tracks;

pub use tracks::TrackDetail;
