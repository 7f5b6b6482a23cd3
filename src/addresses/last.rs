//! At which address the server was last.

use std::io::{self, ErrorKind};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Host;
use crate::statefile;

/// In the state folder.
pub(crate) const FILE: &str = "address.json";

#[derive(Debug, Serialize, Deserialize)]
struct Last {
    v: u32,
    address: String,
}

/// The address that is kept in a state folder, if one is.
///
/// # Errors
/// When it is there and cannot be read. One that cannot be understood is none: nothing else is in
/// it.
pub(crate) fn last(state: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(state.join(FILE)) {
        Ok(text) => Ok(serde_json::from_str::<Last>(&text).ok().map(|last| last.address)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Keeps it there.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn keep(state: &Path, address: &Host) -> io::Result<()> {
    let last = Last { v: 1, address: address.to_string() };
    statefile::replace(state, FILE, &serde_json::to_string(&last).unwrap_or_default())
}
