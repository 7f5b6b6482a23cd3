//! The binary on a folder of its own, clients for it, and the judge of its files.

pub(crate) mod access;
pub(crate) mod beside;
pub(crate) mod camera;
#[path = "../../support/captures.rs"]
pub(crate) mod captures;
pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod control;
pub(crate) mod device;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod namespace;
pub(crate) mod pipes;
pub(crate) mod proxy;
pub(crate) mod pusher;
pub(crate) mod random;
pub(crate) mod requests;
pub(crate) mod server;
pub(crate) mod small_disk;
pub(crate) mod sources;
pub(crate) mod splitter;
pub(crate) mod told;

/// Longer than anything here takes on a busy machine; a test that hangs must end.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
