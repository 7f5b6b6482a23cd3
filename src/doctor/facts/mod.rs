//! Gathers what is to be judged. Changes nothing, and leaves nothing behind.

pub(super) mod addresses;
pub(super) mod cameras;
pub(super) mod certificate;
pub(super) mod clock;
pub(super) mod disk;
pub(super) mod ffmpeg;
pub(super) mod firewall;
pub(super) mod ports;
mod proc;
pub(super) mod server;
pub(super) mod state;

/// The permission bits of a file, if it is there.
pub(super) fn mode(path: &std::path::Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).ok().map(|metadata| metadata.permissions().mode() & 0o7777)
}
