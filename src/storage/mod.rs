//! The disk as the recorder sees it: what a simulation can stand in for.

mod filesystem;
mod group;
mod groups;

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

pub(crate) use filesystem::Filesystem;
pub(crate) use group::{Group, SyncOne};

/// A file system and the place where work on it may block.
pub(crate) trait Storage: Debug + Send + Sync {
    /// Opens an existing file, or creates a new one that must not exist.
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn StorageFile>>;
    /// Gives a file another name, in place of the file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder, unless it is there; its parent must be.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder's entries durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// What a folder holds, in no order.
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>>;
    /// Whether a file or folder has this name. Not to be able to see it is an error, not an answer.
    fn exists(&self, path: &Path) -> io::Result<bool>;
    /// Bytes that may still be written.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
    /// Runs work that blocks.
    fn execute(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()>;
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    Existing,
    CreateNew,
    ReadOnly,
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) is_folder: bool,
}

/// An open file.
pub(crate) trait StorageFile: Debug + Send {
    /// Writes all of the bytes.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Writes all of the parts, one behind the other.
    fn write_parts_at(&mut self, mut offset: u64, parts: &[Bytes]) -> io::Result<()> {
        for part in parts {
            self.write_at(offset, part)?;
            offset += part.len() as u64;
        }
        Ok(())
    }
    /// Reads some of the bytes; 0 at the end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    fn len(&self) -> io::Result<u64>;
    fn set_len(&mut self, len: u64) -> io::Result<()>;
    /// Makes content and length durable.
    fn sync(&mut self) -> io::Result<()>;
    /// The files whose syncs can be one with this one's, where there are such; and what syncs this
    /// one by itself.
    fn group(&self) -> Option<(Arc<Group>, SyncOne)> {
        None
    }
    /// Lets go of what the system remembers of the content, so that reads tell what the disk
    /// has: after a sync that failed the two are not the same. Comes behind a sync.
    fn drop_cache(&mut self) -> io::Result<()>;
}

/// Runs work that blocks and gives back what it returns.
pub(crate) async fn execute<T: Send + 'static>(
    storage: &Arc<dyn Storage>,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (done, result) = std::sync::mpsc::sync_channel(1);
    let run = move || {
        // Whoever waited for it is gone; there is nobody to tell.
        let _ = done.send(work());
    };
    storage.execute(Box::new(run)).await;
    match result.try_recv() {
        Ok(result) => result,
        // The work is over without a result only when it panicked, and that was passed on, or
        // when the machine that was simulated has stopped.
        Err(_) => std::future::pending().await,
    }
}

/// How much of a file is read at once.
const READ_BYTES: usize = 1 << 20;

/// Reads a file piece by piece, until `each` returns false.
pub(crate) fn read_pieces(
    file: &dyn StorageFile,
    mut each: impl FnMut(&[u8]) -> io::Result<bool>,
) -> io::Result<()> {
    let mut buffer = vec![0; READ_BYTES];
    let mut at = 0;
    loop {
        let read = file.read_at(at, &mut buffer)?;
        if read == 0 || !each(&buffer[..read])? {
            return Ok(());
        }
        at += read as u64;
    }
}
