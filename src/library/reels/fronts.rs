//! What the fronts of recorded files say, read once and remembered.

use std::fs;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::SystemTime;

use bytes::Bytes;
use container::ErrorKind;
use container::reel::{Head, HeadReader, HeadStep};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::library::session::{File, Session};

/// Heads of forty hours of MP4, or of as many days of WebM.
const MAX_HEADS_BYTES: u64 = 64 << 20;

/// How much of a minute of MP4 is remembered, by its second: 25 KiB.
const HEAD_BYTES_A_SECOND: u64 = 430;

/// What any head takes.
const LEAST_HEAD_BYTES: u64 = 2 << 10;

/// About as many as the cache has room for, for its first allocation.
const EXPECTED_HEADS: usize = 2_400;

/// A disk reads several files at once faster than one after the other; more than this it has no use
/// for.
const READERS: usize = 4;

/// Fewer files are read as fast by one.
const LEAST_FILES_A_READER: usize = 16;

/// What is wrong with a recorded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Somebody has moved it away.
    Missing,
    /// It has no bytes.
    Empty,
    /// It is shorter than what was written.
    Truncated,
    /// It does not begin as a recorded file does.
    Damaged,
    /// The disk does not give it.
    Unreadable,
}

impl Fault {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Empty => "empty",
            Self::Truncated => "truncated",
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What tells a file from the one that had its name before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Stamp {
    pub(super) bytes: u64,
    inode: u64,
    modified_s: i64,
    modified_ns: i64,
}

impl Stamp {
    pub(in crate::library) fn of(metadata: &fs::Metadata) -> Self {
        Self {
            bytes: metadata.len(),
            inode: metadata.ino(),
            modified_s: metadata.mtime(),
            modified_ns: metadata.mtime_nsec(),
        }
    }

    /// When the file changed last.
    pub(in crate::library) fn modified(self) -> SystemTime {
        let since = u64::try_from(self.modified_s).unwrap_or(0);
        SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(since)
    }

    /// Opens the file that this is of. Blocks.
    ///
    /// # Errors
    /// When it is gone, or another one is in its place: that would be read as if it were this.
    pub(in crate::library) fn open(self, path: &Path) -> io::Result<fs::File> {
        let file = fs::File::open(path)?;
        match Self::of(&file.metadata()?) == self {
            true => Ok(file),
            false => Err(io::Error::other("the file has changed since its bytes were promised")),
        }
    }
}

/// A recorded file, as it lies on the disk.
#[derive(Debug, Clone)]
pub(crate) struct Front {
    pub(crate) file: File,
    pub(super) path: PathBuf,
    pub(super) stamp: Option<Stamp>,
    pub(super) modified: SystemTime,
    pub(crate) kind: Kind,
}

/// What its front says.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// It can be joined with others.
    Joinable(Arc<Head>),
    /// It plays, by itself alone: an early version of the program has written it.
    Alone,
    Faulty(Fault),
}

impl Front {
    pub(crate) fn fault(&self) -> Option<Fault> {
        match self.kind {
            Kind::Faulty(fault) => Some(fault),
            Kind::Joinable(_) | Kind::Alone => None,
        }
    }
}

/// Reads fronts. Clones remember the same ones.
#[derive(Debug, Clone)]
pub(super) struct Fronts {
    heads: Arc<Cache<(PathBuf, Stamp), Arc<Head>, Weight>>,
}

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<(PathBuf, Stamp), Arc<Head>> for Weight {
    fn weight(&self, _: &(PathBuf, Stamp), head: &Arc<Head>) -> u64 {
        let seconds = u64::try_from(head.duration_ns() / 1_000_000_000).unwrap_or(0);
        LEAST_HEAD_BYTES + seconds.saturating_mul(HEAD_BYTES_A_SECOND)
    }
}

impl Default for Fronts {
    fn default() -> Self {
        Self { heads: Arc::new(Cache::with_weighter(EXPECTED_HEADS, MAX_HEADS_BYTES, Weight)) }
    }
}

impl Fronts {
    /// The fronts of a session's files, in their order. Blocks.
    pub(super) fn read(&self, root: &Path, session: &Session, files: &[File]) -> Vec<Front> {
        let readers = (files.len() / LEAST_FILES_A_READER).clamp(1, READERS);
        let each = files.len().div_ceil(readers).max(1);
        let read = |files: &[File]| -> Vec<Front> {
            files.iter().map(|file| self.front(root.join(session.path(file)), file)).collect()
        };
        thread::scope(|scope| {
            let (first, rest) = files.split_at(each.min(files.len()));
            let others: Vec<_> =
                rest.chunks(each).map(|files| scope.spawn(move || read(files))).collect();
            let mut fronts = read(first);
            for other in others {
                match other.join() {
                    Ok(more) => fronts.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            fronts
        })
    }

    fn front(&self, path: PathBuf, file: &File) -> Front {
        let (stamp, modified, kind) = match self.look(&path, file) {
            Ok(looked) => looked,
            Err(error) => {
                let fault = match error.kind() {
                    io::ErrorKind::NotFound => Fault::Missing,
                    _ => Fault::Unreadable,
                };
                (None, SystemTime::UNIX_EPOCH, Kind::Faulty(fault))
            }
        };
        Front { file: file.clone(), path, stamp, modified, kind }
    }

    fn look(&self, path: &Path, file: &File) -> io::Result<(Option<Stamp>, SystemTime, Kind)> {
        let metadata = fs::metadata(path)?;
        let stamp = Stamp::of(&metadata);
        let modified = metadata.modified()?;
        let kind = if !metadata.is_file() {
            Kind::Faulty(Fault::Missing)
        } else if metadata.len() == 0 {
            Kind::Faulty(Fault::Empty)
        } else if metadata.len() < file.bytes {
            Kind::Faulty(Fault::Truncated)
        } else {
            self.kind(path, stamp)?
        };
        Ok((Some(stamp), modified, kind))
    }

    fn kind(&self, path: &Path, stamp: Stamp) -> io::Result<Kind> {
        let key = (path.to_owned(), stamp);
        if let Some(head) = self.heads.get(&key) {
            return Ok(Kind::Joinable(head));
        }
        let file = fs::File::open(path)?;
        let mut reader = HeadReader::new(stamp.bytes);
        loop {
            match reader.poll() {
                Ok(HeadStep::Need { offset, bytes }) => {
                    reader.give(read_at(&file, offset, bytes)?);
                }
                Ok(HeadStep::Done(head)) => {
                    let head = Arc::new(head);
                    self.heads.insert(key, Arc::clone(&head));
                    return Ok(Kind::Joinable(head));
                }
                Err(error) => {
                    return Ok(match error.kind {
                        ErrorKind::NarrowTimestamp => Kind::Alone,
                        ErrorKind::Truncated => Kind::Faulty(Fault::Truncated),
                        _ => Kind::Faulty(Fault::Damaged),
                    });
                }
            }
        }
    }
}

/// So many bytes of a file, or as many as there are.
pub(in crate::library) fn read_at(file: &fs::File, offset: u64, bytes: usize) -> io::Result<Bytes> {
    let mut buffer = vec![0; bytes];
    let mut filled = 0;
    while filled < bytes {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(filled);
    Ok(buffer.into())
}
