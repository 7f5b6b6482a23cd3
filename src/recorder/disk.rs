//! The disk operations of one session: the doing, without any deciding.
//!
//! Every step can be repeated: a step that failed is run again from the same state.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use container::FinishStep;

use super::active::Active;
use super::fault::{DiskError, fault, is_mounted, sync_fault, sync_folder};
use super::growing::Growing;
use super::names;
use super::shared::Journal;
use crate::clock::WallUs;
use crate::storage::{Group, Open, Storage, SyncOne};

/// Attempts at a name that is not taken; each one means a file of the same millisecond.
const MAX_NAME_ATTEMPTS: u32 = 1000;

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

impl Step {
    /// How much longer it makes growing files.
    pub(super) fn appended_bytes(&self) -> u64 {
        match self {
            Self::Append { parts, .. } => parts.iter().map(|part| part.len() as u64).sum(),
            Self::Regrow { front, media_bytes, .. } => front.len() as u64 + media_bytes,
            _ => 0,
        }
    }
}

/// What a step brought about.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A finished file, whether another has the name that it will get, and what it holds.
    Finished { file: FileId, name: String, bytes: u64, sha256: String, is_replacing: bool },
    /// The session journal has been begun.
    JournalBegun { name: String },
}

/// The files of one session.
#[derive(Debug)]
pub(super) struct Disk {
    storage: Arc<dyn Storage>,
    folder: PathBuf,
    root: PathBuf,
    growing: BTreeMap<FileId, Growing>,
    journal: Option<Journal>,
    is_folder_made: bool,
    active: Active,
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
    pub(super) fn adopt_journal(&mut self, journal: Journal) {
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

    /// The files whose syncs can be one with that of these steps, and what syncs this one's file by
    /// itself: where they do nothing but append to a file and sync it.
    pub(super) fn group(&self, steps: &VecDeque<Step>) -> Option<(Arc<Group>, SyncOne)> {
        let appends = |id, step: &Step| match step {
            Step::Append { file, .. } => *file == id,
            _ => false,
        };
        match (steps.back(), steps.len()) {
            (Some(Step::Sync { file }), 2..) => {
                let is_plain = steps.iter().take(steps.len() - 1).all(|step| appends(*file, step));
                self.growing.get(file).filter(|_| is_plain)?.group()
            }
            _ => None,
        }
    }

    /// Runs what comes before a sync that is one with others. The sync stays in front.
    pub(super) fn run_to_sync(&mut self, steps: &mut VecDeque<Step>) -> Result<(), DiskError> {
        while let Some(step) = steps.front() {
            if let Step::Sync { file } = step {
                return self.find(*file);
            }
            self.step(step)?;
            steps.pop_front();
        }
        Ok(())
    }

    /// A file that somebody removed takes writes and syncs as if it were there.
    fn find(&mut self, file: FileId) -> Result<(), DiskError> {
        let path = self.growing(file)?.path().to_owned();
        match self.storage.exists(&path).map_err(fault("find", &path))? {
            true => Ok(()),
            false => Err(fault("find", &path)(io::ErrorKind::NotFound.into())),
        }
    }

    /// What a sync says that was one with others.
    pub(super) fn synced(
        &mut self,
        steps: &mut VecDeque<Step>,
        synced: io::Result<()>,
    ) -> Result<(), DiskError> {
        if let Some(Step::Sync { file }) = steps.front() {
            let path = self.growing(*file)?.path().to_owned();
            synced.map_err(sync_fault(&path))?;
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
                self.growing(*file)?.append(parts)?;
            }
            Step::Sync { file } => {
                self.growing(*file)?.sync()?;
                self.find(*file)?;
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
                let journal = self.journal.as_ref();
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
        let mut growing = Growing::create(&*self.storage, path)?.claimed(claim);
        let copied = growing.copy(front, &*old, media_at, media_bytes);
        let copied = copied.and_then(|is_whole| {
            // Somebody may have changed the finished file since it was read.
            let short = || io::Error::from(io::ErrorKind::UnexpectedEof);
            if is_whole { Ok(()) } else { Err(fault("copy", &finished)(short())) }
        });
        if copied.is_err() {
            // On a full disk the half-written copy takes the room that is missing.
            let _ = self.storage.remove(growing.path());
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
        let journal = self.create_new(|attempt| {
            let name = names::journal(start_us, attempt);
            // That of an earlier process must not even be claimed, or it would pass for this one's.
            let path = self.folder.join(&name);
            let is_taken = self.storage.exists(&path).map_err(fault("find", &path))?;
            Ok((name, is_taken))
        })?;
        sync_folder(&*self.storage, &self.folder)?;
        let name = journal.name();
        self.journal = Some(self.active.journals().share(journal));
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
                    Ok(file) => return Ok(Growing::new(file, path, 0).claimed(Some(claim))),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(fault("create", &path)(error)),
                }
            }
            if attempt == MAX_NAME_ATTEMPTS {
                return Err(fault("create", &path)(io::ErrorKind::AlreadyExists.into()));
            }
            attempt += 1;
        }
    }
}
