//! The disk operations of one session: the doing, without any deciding.
//!
//! Every step can be repeated: a step that failed is run again from the same state.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use container::FinishStep;

use super::active::{Active, Claim};
use super::names;
use crate::clock::WallUs;
use crate::storage::{Open, Storage, StorageFile, read_pieces};

/// Attempts at a name that is not taken; each one means a file of the same millisecond.
const MAX_NAME_ATTEMPTS: u32 = 1000;

/// By this file a server claims its recordings folder.
pub(crate) const CLAIM: &str = ".lock";

/// Tells a session's files from one another while they grow.
pub(super) type FileId = u64;

/// One operation.
#[derive(Debug)]
pub(super) enum Step {
    /// Begin the growing file of a segment.
    Create { file: FileId, start_us: WallUs, extension: &'static str },
    /// Begin the growing file that shall replace the finished one of this name: `front`, then
    /// so many bytes of what the finished one holds from `media_at` on.
    Regrow { file: FileId, name: String, front: Bytes, media_at: u64, media_bytes: u64 },
    /// Append to a growing file.
    Append { file: FileId, parts: Vec<Bytes> },
    /// Make a growing file's content durable.
    Sync { file: FileId },
    /// Turn a growing file into the finished one. It gets its name when the journal has it.
    Finish { file: FileId, steps: Vec<FinishStep> },
    /// Give a finished file its name.
    Name { file: FileId },
    /// Begin the session journal.
    BeginJournal { start_us: WallUs },
    /// Append to the session journal.
    Journal { text: String },
    /// Append to the folder's note for people.
    About { text: String },
}

/// What a step brought about.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A finished file, whether another has the name that it will get, and what it holds.
    Finished { file: FileId, name: String, bytes: u64, sha256: String, is_replacing: bool },
    /// The session journal has been begun.
    JournalBegun { name: String },
}

/// A step that failed, with the words for a person.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {source}", path = .path.display())]
pub(super) struct DiskError {
    action: &'static str,
    pub(super) path: PathBuf,
    source: io::Error,
    /// Whether it was a sync: what it should have brought onto the disk may never get there.
    pub(super) is_sync: bool,
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

/// The files of one session.
#[derive(Debug)]
pub(super) struct Disk {
    storage: Arc<dyn Storage>,
    folder: PathBuf,
    root: PathBuf,
    growing: BTreeMap<FileId, Growing>,
    journal: Option<Growing>,
    is_folder_made: bool,
    active: Active,
}

/// A file that is appended to. What a failed write left behind `len` is written over.
#[derive(Debug)]
pub(super) struct Growing {
    file: Box<dyn StorageFile>,
    path: PathBuf,
    len: u64,
    /// Steps of finishing it that are done; they are not repeated.
    finished_steps: usize,
    is_named: bool,
    _claim: Option<Claim>,
}

impl Disk {
    /// A session's files in `folder` below `root`. Nothing is created before the first step.
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        root: &Path,
        folder: &str,
        active: Active,
    ) -> Self {
        Self {
            storage,
            active,
            folder: root.join(folder),
            root: root.to_owned(),
            growing: BTreeMap::new(),
            journal: None,
            is_folder_made: false,
        }
    }

    /// Goes on with a journal that is there.
    pub(super) fn adopt_journal(&mut self, journal: Growing) {
        self.journal = Some(journal);
        self.is_folder_made = true;
    }

    /// Runs steps in order; those that are done are taken off the front.
    pub(super) fn run(
        &mut self,
        steps: &mut VecDeque<Step>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), DiskError> {
        while let Some(step) = steps.front() {
            outcomes.extend(self.step(step)?);
            steps.pop_front();
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<Option<Outcome>, DiskError> {
        match step {
            Step::Create { file, start_us, extension } => {
                if !self.growing.contains_key(file) {
                    let growing = self.create(*start_us, extension)?;
                    self.growing.insert(*file, growing);
                }
            }
            Step::Regrow { file, name, front, media_at, media_bytes } => {
                if !self.growing.contains_key(file) {
                    let growing = self.regrow(name, front, *media_at, *media_bytes)?;
                    self.growing.insert(*file, growing);
                }
            }
            Step::Append { file, parts } => {
                let growing = self.growing(*file)?;
                growing.append(parts).map_err(fault("write", &growing.path))?;
            }
            Step::Sync { file } => {
                let growing = self.growing(*file)?;
                growing.sync()?;
                // A file that somebody removed takes writes and syncs as if it were there.
                let path = growing.path.clone();
                if !self.storage.exists(&path).map_err(fault("find", &path))? {
                    return Err(fault("find", &path)(io::ErrorKind::NotFound.into()));
                }
            }
            Step::Finish { file, steps } => {
                let storage = Arc::clone(&self.storage);
                let growing = self.growing(*file)?;
                let (sha256, bytes) = growing.finish(&*storage, steps)?;
                let name = names::finished(&growing.name()).to_owned();
                let named = self.folder.join(&name);
                let is_replacing = self.storage.exists(&named).map_err(fault("find", &named))?;
                let file = *file;
                return Ok(Some(Outcome::Finished { file, name, bytes, sha256, is_replacing }));
            }
            Step::Name { file } => {
                let storage = Arc::clone(&self.storage);
                self.growing(*file)?.give_name(&*storage)?;
                sync_folder(&*self.storage, &self.folder)?;
                self.growing.remove(file);
            }
            Step::BeginJournal { start_us } => {
                if self.journal.is_none() {
                    return self.begin_journal(*start_us).map(Some);
                }
            }
            Step::Journal { text } => {
                let missing = fault("find", &self.folder.join("session_*.jsonl"));
                let journal = self.journal.as_mut();
                journal
                    .ok_or_else(|| missing(io::ErrorKind::NotFound.into()))?
                    .append_line(text)?;
            }
            Step::About { text } => self.append_note(text),
        }
        Ok(None)
    }

    /// A file that an earlier step has begun. Without it nothing may count as written.
    fn growing(&mut self, file: FileId) -> Result<&mut Growing, DiskError> {
        let missing = fault("find", &self.folder);
        self.growing.get_mut(&file).ok_or_else(|| missing(io::ErrorKind::NotFound.into()))
    }

    fn create(&mut self, start_us: WallUs, extension: &str) -> Result<Growing, DiskError> {
        self.create_folder()?;
        let growing = self.create_new(|attempt| {
            let name = names::segment(start_us, extension, attempt);
            let path = self.folder.join(&name);
            let is_taken = self.storage.exists(&path).map_err(fault("find", &path))?;
            Ok((names::growing(&name), is_taken))
        })?;
        sync_folder(&*self.storage, &self.folder)?;
        Ok(growing)
    }

    fn regrow(
        &self,
        name: &str,
        front: &Bytes,
        media_at: u64,
        media_bytes: u64,
    ) -> Result<Growing, DiskError> {
        let finished = self.folder.join(name);
        let path = self.folder.join(names::growing(name));
        let old = self.storage.open(&finished, Open::ReadOnly).map_err(fault("open", &finished))?;
        let claim = self.active.claim(&path);
        let mut growing = Growing::create(&*self.storage, path)?;
        growing._claim = claim;
        let copied = growing.write(front.clone()).and_then(|()| {
            let copied = growing.append_from(&*old, media_at, media_bytes);
            copied.map_err(fault("write", &growing.path))?;
            // Somebody may have changed the finished file since it was read.
            let is_whole = growing.len == front.len() as u64 + media_bytes;
            let short = || io::Error::from(io::ErrorKind::UnexpectedEof);
            if is_whole { Ok(()) } else { Err(fault("copy", &finished)(short())) }
        });
        if copied.is_err() {
            // On a full disk the half-written copy takes the room that is missing.
            let _ = self.storage.remove(&growing.path);
        }
        copied?;
        sync_folder(&*self.storage, &self.folder)?;
        Ok(growing)
    }

    /// Makes the session's folder, durable up to the recordings folder.
    fn create_folder(&mut self) -> Result<(), DiskError> {
        if !self.is_folder_made {
            let storage = &*self.storage;
            is_mounted(storage, &self.root)?;
            storage.create_folder(&self.folder).map_err(fault("create", &self.folder))?;
            sync_folder(storage, &self.root)?;
            self.is_folder_made = true;
        }
        Ok(())
    }

    fn begin_journal(&mut self, start_us: WallUs) -> Result<Outcome, DiskError> {
        self.create_folder()?;
        let journal = self.create_new(|attempt| Ok((names::journal(start_us, attempt), false)))?;
        sync_folder(&*self.storage, &self.folder)?;
        let name = journal.name();
        self.journal = Some(journal);
        Ok(Outcome::JournalBegun { name })
    }

    /// A note for people; no recording waits for it.
    fn append_note(&self, text: &str) {
        let path = self.folder.join("about.txt");
        let is_there = self.storage.exists(&path).unwrap_or(true);
        let how = if is_there { Open::Existing } else { Open::CreateNew };
        let written = self.storage.open(&path, how).and_then(|mut file| {
            let end = file.len()?;
            file.write_at(end, text.as_bytes())
        });
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "cannot write a note");
        }
    }

    /// Creates the first file whose name is not taken.
    fn create_new(
        &self,
        name: impl Fn(u32) -> Result<(String, bool), DiskError>,
    ) -> Result<Growing, DiskError> {
        let mut attempt = 1;
        loop {
            let (file_name, is_taken) = name(attempt)?;
            let path = self.folder.join(file_name);
            if !is_taken && let Some(claim) = self.active.claim(&path) {
                match self.storage.open(&path, Open::CreateNew) {
                    Ok(file) => return Ok(Growing::new(file, path, 0).claimed(claim)),
                    Err(error)
                        if error.kind() == io::ErrorKind::AlreadyExists
                            && attempt < MAX_NAME_ATTEMPTS => {}
                    Err(error) => return Err(fault("create", &path)(error)),
                }
            }
            attempt += 1;
        }
    }
}

impl Growing {
    /// A file that is there, up to `len`.
    pub(super) fn new(file: Box<dyn StorageFile>, path: PathBuf, len: u64) -> Self {
        Self { file, path, len, finished_steps: 0, is_named: false, _claim: None }
    }

    /// A file that nobody else writes as long as this lives.
    pub(super) fn claimed(mut self, claim: Claim) -> Self {
        self._claim = Some(claim);
        self
    }

    /// A new file in place of whatever has its name.
    pub(super) fn create(storage: &dyn Storage, path: PathBuf) -> Result<Self, DiskError> {
        match storage.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(fault("remove", &path)(error));
            }
            _ => {}
        }
        let file = storage.open(&path, Open::CreateNew).map_err(fault("create", &path))?;
        Ok(Self::new(file, path, 0))
    }

    pub(super) fn append(&mut self, parts: &[Bytes]) -> io::Result<()> {
        let mut at = self.len;
        for part in parts {
            self.file.write_at(at, part)?;
            at += part.len() as u64;
        }
        self.len = at;
        Ok(())
    }

    /// Appends what another file holds from an offset on, at most `max` bytes of it.
    fn append_from(&mut self, other: &dyn StorageFile, from: u64, max: u64) -> io::Result<()> {
        let (mut at, end) = (0, from.saturating_add(max));
        read_pieces(other, |piece| {
            let (begin, next) = (at, at + piece.len() as u64);
            at = next;
            let skip = from.saturating_sub(begin).min(piece.len() as u64) as usize;
            let keep = end.saturating_sub(begin).min(piece.len() as u64) as usize;
            if skip < keep {
                self.file.write_at(self.len, &piece[skip..keep])?;
                self.len += (keep - skip) as u64;
            }
            Ok(next < end)
        })
    }

    pub(super) fn write(&mut self, bytes: Bytes) -> Result<(), DiskError> {
        self.append(&[bytes]).map_err(fault("write", &self.path))
    }

    pub(super) fn sync(&mut self) -> Result<(), DiskError> {
        self.file.sync().map_err(sync_fault(&self.path))
    }

    /// Appends lines, or a part of one, and syncs.
    pub(super) fn append_line(&mut self, text: &str) -> Result<(), DiskError> {
        let len = self.len;
        let written = self.write(Bytes::copy_from_slice(text.as_bytes()));
        let synced = written.and_then(|()| self.sync());
        if synced.is_err() {
            // Tried again, it is written in the same place.
            self.len = len;
        }
        synced
    }

    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Finishes the file. Returns its hash and its length.
    pub(super) fn finish(
        &mut self,
        storage: &dyn Storage,
        steps: &[FinishStep],
    ) -> Result<(String, u64), DiskError> {
        for step in &steps[self.finished_steps.min(steps.len())..] {
            match step {
                FinishStep::WriteAt { offset, bytes } => {
                    self.file.write_at(*offset, bytes).map_err(fault("write", &self.path))?;
                }
                FinishStep::Sync => self.sync()?,
                FinishStep::Rewrite { front, keep_from } => {
                    self.rewrite(storage, front, *keep_from)?;
                }
            }
            self.finished_steps += 1;
        }
        hash(&*self.file).map_err(fault("read", &self.path))
    }

    /// Gives the finished file its name, in place of the one that has it.
    pub(super) fn give_name(&mut self, storage: &dyn Storage) -> Result<(), DiskError> {
        // A step that is run again may have failed behind the renaming.
        if !self.is_named {
            let finished = self.path.with_extension("");
            storage.rename(&self.path, &finished).map_err(fault("rename", &self.path))?;
            self.is_named = true;
        }
        Ok(())
    }

    /// Writes the file anew beside the growing one and puts it in its place.
    fn rewrite(
        &mut self,
        storage: &dyn Storage,
        front: &Bytes,
        keep_from: u64,
    ) -> Result<(), DiskError> {
        let beside = self.path.with_extension(names::REWRITE);
        let mut new = Self::create(storage, beside.clone())?;
        let written = new
            .append(std::slice::from_ref(front))
            .and_then(|()| new.append_from(&*self.file, keep_from, u64::MAX))
            .map_err(fault("write", &beside));
        let renamed = written.and_then(|()| {
            new.sync()?;
            storage.rename(&beside, &self.path).map_err(fault("rename", &beside))
        });
        if renamed.is_err() {
            // On a full disk the half-written copy takes the room that is missing.
            let _ = storage.remove(&beside);
        }
        renamed?;
        (self.file, self.len) = (new.file, new.len);
        Ok(())
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

/// SHA-256 and length of a file, as `sha256sum` prints it.
pub(super) fn hash(file: &dyn StorageFile) -> io::Result<(String, u64)> {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let mut total = 0;
    read_pieces(file, |piece| {
        context.update(piece);
        total += piece.len() as u64;
        Ok(true)
    })?;
    Ok((hex::encode(context.finish()), total))
}

pub(super) fn sync_folder(storage: &dyn Storage, folder: &Path) -> Result<(), DiskError> {
    storage.sync_folder(folder).map_err(sync_fault(folder))
}

pub(super) fn fault(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> DiskError + use<> {
    let path = path.to_owned();
    move |source| DiskError { action, path, source, is_sync: false }
}

pub(super) fn sync_fault(path: &Path) -> impl FnOnce(io::Error) -> DiskError + use<> {
    let path = path.to_owned();
    move |source| DiskError { action: "sync", path, source, is_sync: true }
}
