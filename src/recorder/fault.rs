//! What the disk refuses, and the words for it.

use std::io;
use std::path::{Path, PathBuf};

use crate::storage::Storage;

/// By this file a server claims its recordings folder.
pub(crate) const CLAIM: &str = ".lock";

/// A step that failed, with the words for a person.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {source}", path = .path.display())]
pub(super) struct DiskError {
    action: &'static str,
    pub(super) path: PathBuf,
    source: io::Error,
    /// Whether it was a sync: what it should have brought onto the disk may never get there.
    pub(super) is_sync: bool,
    /// Whether what was refused may be on the disk all the same.
    pub(super) may_be_there: bool,
}

impl DiskError {
    pub(super) fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// Whether trying again is of no use. After a sync that failed the page cache cannot be
    /// trusted any more; and a file that was removed or renamed by somebody does not come back.
    pub(super) fn is_final(&self) -> bool {
        let kinds = [io::ErrorKind::NotFound, io::ErrorKind::UnexpectedEof];
        self.is_sync || kinds.contains(&self.source.kind())
    }

    /// Whether it is only a matter of room.
    pub(super) fn is_full(&self) -> bool {
        let kinds = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        kinds.contains(&self.source.kind())
    }
}

/// The recordings folder is the one that was claimed at the start, not the empty place where its
/// disk was mounted.
pub(super) fn is_mounted(storage: &dyn Storage, root: &Path) -> Result<(), DiskError> {
    let claim = root.join(CLAIM);
    match storage.exists(&claim).map_err(fault("find", &claim))? {
        true => Ok(()),
        false => Err(fault("find", &claim)(io::ErrorKind::NotFound.into())),
    }
}

pub(super) fn sync_folder(storage: &dyn Storage, folder: &Path) -> Result<(), DiskError> {
    storage.sync_folder(folder).map_err(sync_fault(folder))
}

pub(super) fn fault(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> DiskError + use<> {
    let path = path.to_owned();
    move |source| DiskError { action, path, source, is_sync: false, may_be_there: false }
}

pub(super) fn sync_fault(path: &Path) -> impl FnOnce(io::Error) -> DiskError + use<> {
    let path = path.to_owned();
    move |source| DiskError { action: "sync", path, source, is_sync: true, may_be_there: false }
}
