//! A pipe's stream on this computer's disk: files of equal length, named by the position of their
//! first byte. The writer appends, and whole files are removed from the front once the server has
//! them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::memory::{self, Session};

/// Small enough that little is held twice, large enough that there are few of them.
pub(super) const PIECE_BYTES: u64 = 8 << 20;

const PIECE_EXTENSION: &str = "piece";
const LOCK_NAME: &str = ".lock";
const SESSION_NAME: &str = "session.json";

/// What a folder of the spool is called while its recording waits, and once it was refused.
const WAITING: &str = "pipe_";
const REFUSED: &str = "refused_";

/// What explains the pieces.
#[derive(Debug, Serialize, Deserialize)]
struct Label {
    version: u32,
    piece_bytes: u64,
    /// The server that it was for.
    to: String,
    session: Session,
}

/// A recording's place in the spool, claimed until it is dropped.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    label: Label,
    /// The front that is still there.
    first: u64,
    open: Option<(u64, File)>,
    _claim: File,
}

/// Appends to a spool.
#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    piece_bytes: u64,
    end: u64,
    open: Option<(u64, File)>,
}

impl Spool {
    /// Begins the spool of a session.
    pub(super) fn create(
        parent: &Path,
        session: Session,
        to: String,
        piece_bytes: u64,
    ) -> io::Result<(Self, Writer)> {
        let began = crate::clock::from_us(session.started_ms.saturating_mul(1000));
        let began = began.format("%Y%m%dT%H%M%S%.3fZ");
        let name = format!("{began}_{}", &session.session[..8]);
        // Nobody takes it for one that was left behind before it is claimed.
        let unclaimed = parent.join(format!("new_{name}"));
        memory::make_private(&unclaimed)?;
        let claim = memory::claim(&unclaimed.join(LOCK_NAME))?;
        let claim = claim.ok_or_else(|| io::Error::other("its lock is held by another program"))?;
        let label = Label { version: 1, piece_bytes, to, session };
        memory::save(&unclaimed.join(SESSION_NAME), &label)?;
        let folder = parent.join(format!("{WAITING}{name}"));
        std::fs::rename(&unclaimed, &folder)?;
        memory::sync_folder(parent)?;
        let writer = Writer { folder: folder.clone(), piece_bytes, end: 0, open: None };
        Ok((Self { folder, label, first: 0, open: None, _claim: claim }, writer))
    }

    /// Takes up a spool that an earlier push has left, and how far it reaches; `None` while
    /// another push has it.
    ///
    /// # Errors
    /// When it cannot be read, or is not whole.
    pub(super) fn adopt(folder: PathBuf) -> io::Result<Option<(Self, u64)>> {
        let Some(claim) = memory::claim(&folder.join(LOCK_NAME))? else { return Ok(None) };
        let label: Option<Label> = memory::load(&folder.join(SESSION_NAME))?;
        let label = label.filter(|label| label.version == 1 && label.piece_bytes > 0);
        let label = label.ok_or_else(|| io::Error::other("its session.json is not understood"))?;
        let (first, end) = extent(&folder)?;
        Ok(Some((Self { folder, label, first, open: None, _claim: claim }, end)))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn session(&self) -> &Session {
        &self.label.session
    }

    /// The server that it was for.
    pub(super) fn to(&self) -> &str {
        &self.label.to
    }

    /// The position of the first byte that is still here.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// Notes how the stream began.
    pub(super) fn note_start(&mut self, start: memory::Start) -> io::Result<()> {
        self.label.session.start = Some(start);
        memory::save(&self.folder.join(SESSION_NAME), &self.label)
    }

    /// Reads bytes that have been appended.
    pub(super) fn read(&mut self, position: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        while done < buffer.len() {
            let at = position + done as u64;
            let start = at - at % self.label.piece_bytes;
            let room = usize::try_from(start + self.label.piece_bytes - at).unwrap_or(usize::MAX);
            let end = buffer.len().min(done.saturating_add(room));
            let file = match self.open.take_if(|(open, _)| *open == start) {
                Some((_, file)) => file,
                None => File::open(piece(&self.folder, start))?,
            };
            file.read_exact_at(&mut buffer[done..end], at - start)?;
            self.open = Some((start, file));
            done = end;
        }
        Ok(())
    }

    /// The server has everything below this position: pieces of which nothing else is left go.
    pub(super) fn forget(&mut self, below: u64) {
        let whole = below - below % self.label.piece_bytes;
        while self.first < whole {
            // One that cannot be removed is delivered again after a restart, which harms nobody.
            let _ = std::fs::remove_file(piece(&self.folder, self.first));
            self.first += self.label.piece_bytes;
        }
    }

    /// Everything has been delivered: nothing of it stays.
    pub(super) fn discard(&self) -> io::Result<()> {
        std::fs::remove_dir_all(&self.folder)
    }

    /// The server takes no more: it is kept, and no later push offers it again.
    pub(super) fn set_aside(&mut self) -> io::Result<()> {
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = name.strip_prefix(WAITING).unwrap_or(&name);
        let aside = self.folder.with_file_name(format!("{REFUSED}{name}"));
        std::fs::rename(&self.folder, &aside)?;
        self.folder = aside;
        Ok(())
    }
}

/// Folders that earlier pushes have left in a spool, the oldest first.
pub(super) fn left_behind(parent: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(WAITING) {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(folders)
}

impl Writer {
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Appends, and takes from `bytes` what it has appended. After an error the rest may be tried
    /// again.
    pub(super) fn append(&mut self, bytes: &mut &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let start = self.end - self.end % self.piece_bytes;
            let room = usize::try_from(start + self.piece_bytes - self.end).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(bytes.len().min(room));
            let file = match self.open.take_if(|(open, _)| *open == start) {
                Some((_, file)) => file,
                None => {
                    let path = piece(&self.folder, start);
                    memory::private().create(true).truncate(false).open(path)?
                }
            };
            let written = file.write_all_at(now, self.end - start);
            self.open = Some((start, file));
            written?;
            self.end += now.len() as u64;
            *bytes = rest;
        }
        Ok(())
    }

    /// A way to sync what is being appended.
    pub(super) fn syncing(&self) -> Syncing {
        Syncing { folder: self.folder.clone(), piece_bytes: self.piece_bytes, synced: 0, trying: 0 }
    }
}

/// Syncs what a writer has appended, beside the writer: a slow disk must not keep the pipe waiting.
#[derive(Debug)]
pub(super) struct Syncing {
    folder: PathBuf,
    piece_bytes: u64,
    synced: u64,
    /// What the work that was given out last makes durable.
    trying: u64,
}

impl Syncing {
    /// The work that makes everything up to `end` survive a power cut, if there is any.
    pub(super) fn up_to(
        &mut self,
        end: u64,
    ) -> Option<impl FnOnce() -> io::Result<()> + Send + 'static> {
        if end == self.synced {
            return None;
        }
        let folder = self.folder.clone();
        let first = self.synced - self.synced % self.piece_bytes;
        let step = usize::try_from(self.piece_bytes).unwrap_or(usize::MAX);
        self.trying = end;
        Some(move || {
            for start in (first..end).step_by(step) {
                match File::open(piece(&folder, start)).and_then(|file| file.sync_data()) {
                    // The server has it already.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    synced => synced?,
                }
            }
            memory::sync_folder(&folder)
        })
    }

    /// The work has succeeded.
    pub(super) fn done(&mut self) {
        self.synced = self.trying;
    }
}

fn piece(folder: &Path, start: u64) -> PathBuf {
    folder.join(format!("{start:020}.{PIECE_EXTENSION}"))
}

/// Where the pieces in a folder begin and end.
fn extent(folder: &Path) -> io::Result<(u64, u64)> {
    let mut pieces = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == PIECE_EXTENSION) {
            let start = path.file_stem().and_then(|name| name.to_str()?.parse::<u64>().ok());
            let start = start.ok_or_else(|| io::Error::other("it holds a piece of no position"))?;
            pieces.push((start, path.metadata()?.len()));
        }
    }
    pieces.sort_unstable();
    let first = pieces.first().map_or(0, |&(start, _)| start);
    pieces.iter().try_fold((first, first), |(first, end), &(start, bytes)| {
        let missing = || io::Error::other(format!("bytes {end} to {start} of it are missing"));
        (start == end).then(|| (first, start.saturating_add(bytes))).ok_or_else(missing)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session {
            device: "d".repeat(32),
            session: "s".repeat(32),
            name: "Bench".to_owned(),
            started_ms: 1_795_163_509_123,
            start: None,
        }
    }

    fn create(parent: &Path) -> (Spool, Writer) {
        Spool::create(parent, session(), "https://bench:5001".to_owned(), 10).unwrap()
    }

    fn append(writer: &mut Writer, mut bytes: &[u8]) {
        writer.append(&mut bytes).unwrap();
        assert!(bytes.is_empty());
    }

    fn read(spool: &mut Spool, position: u64, length: usize) -> Vec<u8> {
        let mut buffer = vec![0; length];
        spool.read(position, &mut buffer).unwrap();
        buffer
    }

    fn pieces(spool: &Spool) -> usize {
        let entries = std::fs::read_dir(spool.folder()).unwrap();
        entries.filter(|e| e.as_ref().unwrap().path().extension().is_some()).count() - 1
    }

    #[test]
    fn what_is_appended_is_read_back_across_pieces_and_freed_from_the_front() {
        let parent = tempfile::tempdir().unwrap();
        let (mut spool, mut writer) = create(parent.path());
        let stream: Vec<u8> = (0..35).collect();
        append(&mut writer, &stream[..7]);
        append(&mut writer, &stream[7..]);
        assert_eq!((writer.end(), pieces(&spool)), (35, 4));
        assert_eq!(read(&mut spool, 3, 30), stream[3..33]);
        assert_eq!(read(&mut spool, 9, 2), stream[9..11]);
        spool.forget(19);
        assert_eq!((spool.first(), pieces(&spool)), (10, 3));
        assert_eq!(read(&mut spool, 19, 16), stream[19..]);
        spool.forget(35);
        append(&mut writer, &[35, 36]);
        assert_eq!(read(&mut spool, 30, 7), [30, 31, 32, 33, 34, 35, 36]);
        spool.discard().unwrap();
        assert_eq!(left_behind(parent.path()).unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn what_a_killed_push_left_is_taken_up_by_one_other() {
        let parent = tempfile::tempdir().unwrap();
        let (mut spool, mut writer) = create(parent.path());
        append(&mut writer, &(0..25).collect::<Vec<u8>>());
        let start =
            memory::Start { mime: "video/webm".to_owned(), started_ms: 5, offset_ms: Some(7) };
        spool.note_start(start.clone()).unwrap();
        spool.forget(12);
        let left = left_behind(parent.path()).unwrap();
        assert_eq!(left.len(), 1);
        assert!(Spool::adopt(left[0].clone()).unwrap().is_none(), "it is in use");
        drop((spool, writer));
        let (mut spool, end) = Spool::adopt(left[0].clone()).unwrap().unwrap();
        assert_eq!((spool.first(), end), (10, 25));
        assert_eq!(spool.session(), &Session { start: Some(start), ..session() });
        assert_eq!(spool.to(), "https://bench:5001");
        assert_eq!(read(&mut spool, 12, 13), (12..25).collect::<Vec<u8>>());
        spool.set_aside().unwrap();
        assert_eq!(left_behind(parent.path()).unwrap(), Vec::<PathBuf>::new());
        assert_eq!(read(&mut spool, 24, 1), [24]);
    }

    #[test]
    fn a_spool_with_a_hole_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let (spool, mut writer) = create(parent.path());
        append(&mut writer, &[1; 25]);
        std::fs::remove_file(piece(spool.folder(), 10)).unwrap();
        let folder = spool.folder().to_owned();
        drop(spool);
        let error = Spool::adopt(folder.clone()).unwrap_err().to_string();
        assert!(error.contains("10 to 20"), "{error}");
        std::fs::write(folder.join(SESSION_NAME), "{").unwrap();
        assert!(Spool::adopt(folder).unwrap_err().to_string().contains(SESSION_NAME));
    }

    #[test]
    fn only_what_is_new_is_synced() {
        let parent = tempfile::tempdir().unwrap();
        let (_spool, mut writer) = create(parent.path());
        let mut syncing = writer.syncing();
        assert!(syncing.up_to(0).is_none());
        append(&mut writer, &[1; 25]);
        syncing.up_to(writer.end()).unwrap()().unwrap();
        assert!(syncing.up_to(25).is_some(), "nobody has said that it succeeded");
        syncing.done();
        assert!(syncing.up_to(25).is_none());
    }
}
