//! WebM and Matroska (RFC 9559).

mod block;
pub(crate) mod demux;
pub(crate) mod finish;
pub(crate) mod inspect;
pub(crate) mod mux;
pub(crate) mod syntax;
pub(crate) mod tracks;
pub(crate) mod walk;

pub use tracks::TrackDetail;

/// With these bytes a Cluster begins.
pub(crate) const CLUSTER_ID: [u8; 4] = syntax::id::CLUSTER.to_be_bytes();
