//! WebM and Matroska (RFC 9559).

pub(crate) mod block;
pub(crate) mod demux;
pub(crate) mod finish;
pub(crate) mod inspect;
mod known;
pub(crate) mod mux;
mod parts;
mod presentation;
pub(crate) mod syntax;
pub(crate) mod tracks;
pub(crate) mod walk;

pub use tracks::TrackDetail;

/// With these bytes a Cluster begins.
pub(crate) const CLUSTER_ID: [u8; 4] = syntax::id::CLUSTER.to_be_bytes();
