//! What the facts mean: pure functions, named as the facts are.

pub(super) mod addresses;
pub(super) mod cameras;
pub(super) mod certificate;
pub(super) mod clock;
pub(super) mod configuration;
pub(super) mod disk;
pub(super) mod ffmpeg;
pub(super) mod firewall;
pub(super) mod limits;
pub(super) mod ports;
pub(super) mod state;

/// Others than their owner may read or write a file of such a mode.
const OTHERS: u32 = 0o077;

/// Several things in a sentence.
fn list(all: impl IntoIterator<Item = impl ToString>) -> String {
    all.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
}
