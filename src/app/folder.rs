//! Folders that one server at a time may use.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::recorder::CLAIM;

/// Makes a folder if it is missing and claims it until the file returned is dropped.
///
/// # Errors
/// When it cannot be written, or another server holds it.
pub(super) fn claim(folder: &Path, name: &str, mode: u32) -> Result<File> {
    let shown = folder.display();
    let advice = format!("choose another with --{name} DIR, or make it writable for this user");
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(folder)
        .with_context(|| format!("cannot make the {name} folder {shown}; {advice}"))?;
    let lock = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(folder.join(CLAIM))
        .with_context(|| format!("cannot write to the {name} folder {shown}; {advice}"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!(
            "another localcamera is using the {name} folder {shown}; stop it, or choose another \
             folder with --{name} DIR"
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock the {name} folder {shown}; {advice}"))
        }
    }
}
