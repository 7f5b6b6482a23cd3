//! What the fronts of recorded files say, read once and remembered: in short of many, whole of those
//! that are played.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::SystemTime;

use bytes::Bytes;
use container::ErrorKind;
use container::reel::{Configuration, Head, HeadReader, HeadStep, Zero};
use quick_cache::sync::Cache;
use quick_cache::{UnitWeighter, Weighter};

use crate::library::session::{File, Session};

/// Heads of forty hours of MP4, or of as many days of WebM.
const MAX_HEADS_BYTES: u64 = 64 << 20;

/// How much of a minute of MP4 is remembered, by its second: 25 KiB.
const HEAD_BYTES_A_SECOND: u64 = 430;

/// What any head takes.
const LEAST_HEAD_BYTES: u64 = 2 << 10;

/// About as many as the cache has room for, for its first allocation.
const EXPECTED_HEADS: usize = 2_400;

/// What is known of files in short, at some 300 bytes each: seventy days of a camera, or two of
/// thirty-five.
const MAX_BRIEFS: u64 = 100_000;

/// For that cache's first allocation.
const EXPECTED_BRIEFS: usize = 10_000;

/// Configurations that are held once for all files: a camera has one for each way it is held.
const MAX_CONFIGURATIONS: usize = 1_024;

/// Heads that are in memory at once where all of a session are looked at: those of an hour.
const HEADS_AT_ONCE: usize = 64;

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

    /// All of it.
    pub(in crate::library) fn to_be_bytes(self) -> [[u8; 8]; 4] {
        let Self { bytes, inode, modified_s, modified_ns } = self;
        [
            bytes.to_be_bytes(),
            inode.to_be_bytes(),
            modified_s.to_be_bytes(),
            modified_ns.to_be_bytes(),
        ]
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
    pub(crate) modified: SystemTime,
    pub(crate) kind: Kind,
}

/// What its front says.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// It can be joined with others.
    Joinable(Arc<Brief>),
    /// It plays, by itself alone: an early version of the program has written it.
    Alone,
    Faulty(Fault),
}

impl Front {
    /// Opens the file that was looked at. Blocks.
    ///
    /// # Errors
    /// When it is gone, or another one is in its place.
    pub(crate) fn open(&self) -> io::Result<fs::File> {
        let stamp = self.stamp.ok_or(io::ErrorKind::NotFound)?;
        stamp.open(&self.path)
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        match self.kind {
            Kind::Faulty(fault) => Some(fault),
            Kind::Joinable(_) | Kind::Alone => None,
        }
    }
}

/// What decides which files are one reel.
#[derive(Debug)]
pub(crate) struct Brief {
    pub(super) configuration: Arc<Configuration>,
    pub(super) duration_ns: i64,
    pub(super) zero: Option<Zero>,
}

/// Reads fronts. Clones remember the same ones.
#[derive(Debug, Clone)]
pub(super) struct Fronts {
    heads: Arc<Cache<(PathBuf, Stamp), Arc<Head>, Weight>>,
    briefs: Arc<Cache<(PathBuf, Stamp), Arc<Brief>, UnitWeighter>>,
    configurations: Arc<Mutex<HashSet<Arc<Configuration>>>>,
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
        let heads = Cache::with_weighter(EXPECTED_HEADS, MAX_HEADS_BYTES, Weight);
        let briefs = Cache::with_weighter(EXPECTED_BRIEFS, MAX_BRIEFS, UnitWeighter);
        let configurations = Arc::default();
        Self { heads: Arc::new(heads), briefs: Arc::new(briefs), configurations }
    }
}

impl Fronts {
    /// The fronts of a session's files, in their order. Blocks.
    pub(super) fn read(&self, root: &Path, session: &Session, files: &[File]) -> Vec<Front> {
        side_by_side(files, |file| self.front(root.join(session.path(file)), file))
    }

    /// All that the fronts of some files say, an hour's at once. Blocks.
    ///
    /// # Errors
    /// When one of them cannot be read, or is another one by now.
    pub(super) fn heads<'a>(
        &self,
        fronts: impl IntoIterator<Item = &'a Front>,
        mut each: impl FnMut(&Front, Arc<Head>),
    ) -> io::Result<()> {
        let fronts: Vec<&Front> = fronts.into_iter().collect();
        for some in fronts.chunks(HEADS_AT_ONCE) {
            for (front, head) in some.iter().zip(side_by_side(some, |front| self.head(front))) {
                each(front, head?);
            }
        }
        Ok(())
    }

    /// All that the front of a file says. Blocks.
    ///
    /// # Errors
    /// When it cannot be read, or is another one by now.
    pub(super) fn head(&self, front: &Front) -> io::Result<Arc<Head>> {
        let stamp = front.stamp.ok_or(io::ErrorKind::NotFound)?;
        let key = (front.path.clone(), stamp);
        if let Some(head) = self.heads.get(&key) {
            return Ok(head);
        }
        let read = front.open().and_then(|file| read_head(&file, stamp)?.map_err(io::Error::other));
        match read {
            Ok(head) => {
                let head = Arc::new(head);
                self.heads.insert(key, Arc::clone(&head));
                Ok(head)
            }
            Err(error) => {
                // What was known of it does not hold: who looks next sees the fault.
                self.briefs.remove(&key);
                Err(error)
            }
        }
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
        if let Some(brief) = self.briefs.get(&key) {
            return Ok(Kind::Joinable(brief));
        }
        let head = match read_head(&fs::File::open(path)?, stamp)? {
            Ok(head) => head,
            Err(error) => {
                return Ok(match error.kind {
                    ErrorKind::NarrowTimestamp => Kind::Alone,
                    ErrorKind::Truncated => Kind::Faulty(Fault::Truncated),
                    _ => Kind::Faulty(Fault::Damaged),
                });
            }
        };
        let brief = Arc::new(Brief {
            configuration: self.configuration(head.configuration()),
            duration_ns: head.duration_ns(),
            zero: head.zero().cloned(),
        });
        self.briefs.insert(key.clone(), Arc::clone(&brief));
        self.heads.insert(key, Arc::new(head));
        Ok(Kind::Joinable(brief))
    }

    /// The same one for all files that have it.
    fn configuration(&self, wanted: &Configuration) -> Arc<Configuration> {
        let mut all = self.configurations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(wanted) {
            return Arc::clone(known);
        }
        if all.len() >= MAX_CONFIGURATIONS {
            all.clear();
        }
        let new = Arc::new(wanted.clone());
        all.insert(Arc::clone(&new));
        new
    }
}

fn read_head(file: &fs::File, stamp: Stamp) -> io::Result<Result<Head, container::Error>> {
    let mut reader = HeadReader::new(stamp.bytes);
    loop {
        match reader.poll() {
            Ok(HeadStep::Need { offset, bytes }) => reader.give(read_at(file, offset, bytes)?),
            Ok(HeadStep::Done(head)) => return Ok(Ok(head)),
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// What is made of each, in their order.
fn side_by_side<T: Sync, R: Send>(all: &[T], make: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let readers = (all.len() / LEAST_FILES_A_READER).clamp(1, READERS);
    let each = all.len().div_ceil(readers).max(1);
    let make = &make;
    thread::scope(|scope| {
        let (first, rest) = all.split_at(each.min(all.len()));
        let others: Vec<_> = rest
            .chunks(each)
            .map(|some| scope.spawn(move || some.iter().map(make).collect::<Vec<R>>()))
            .collect();
        let mut made: Vec<R> = first.iter().map(make).collect();
        for other in others {
            match other.join() {
                Ok(more) => made.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        made
    })
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
