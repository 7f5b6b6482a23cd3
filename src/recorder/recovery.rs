//! What an earlier process, or an earlier attempt of this one, has left of a session.
//!
//! Every growing file is made whole: cut behind its last good commit, finished, named. Then the
//! session stands as if it had been put aside in good order, and can go on inside its last files.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use bytes::Bytes;
use container::{Demuxer, Init, Muxer, Origin, Reopened, Reopening};

use super::disk::{DiskError, Growing, fault, hash, sync_folder};
use super::generation::{Continued, Finishing};
use super::names;
use crate::clock;
use crate::library::journal::{Event, Line, Segment};
use crate::library::{JournalPlace, Library};
use crate::live::feed;
use crate::storage::{Open, Storage, read_pieces};

/// What the recordings of one process know of each other's files. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Files that a recording is writing. A folder can hold several sessions.
    active: HashSet<PathBuf>,
    /// Files of which a sync failed, with how much of each is known to be on the disk. What the
    /// system gives back beyond that may be gone after the next power cut.
    distrusted: HashMap<PathBuf, u64>,
}

impl Ledger {
    pub(super) fn activate(&self, path: &Path) {
        self.lock().active.insert(path.to_owned());
    }

    pub(super) fn deactivate(&self, path: &Path) {
        self.lock().active.remove(path);
    }

    pub(super) fn distrust(&self, path: &Path, synced_bytes: u64) {
        self.lock().distrusted.insert(path.to_owned(), synced_bytes);
    }

    fn is_active(&self, path: &Path) -> bool {
        self.lock().active.contains(path)
    }

    fn trusted_bytes(&self, path: &Path) -> Option<u64> {
        self.lock().distrusted.get(path).copied()
    }

    fn trust(&self, path: &Path) {
        self.lock().distrusted.remove(path);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session as its journal and files tell it.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) generations: BTreeMap<u32, LeftGeneration>,
    /// Its finished files, in the order of the journal.
    pub(super) files: Vec<Segment>,
    /// Gaps and marks of the device, by kind and the device's own time.
    pub(super) noted: HashSet<(String, i64)>,
    pub(super) is_stopped: bool,
}

/// A generation as the journal tells it.
#[derive(Debug)]
pub(super) struct LeftGeneration {
    pub(super) start: feed::Generation,
    /// Its init segments, newest last.
    pub(super) inits: Vec<Arc<Init>>,
    /// Its length, when it is complete.
    pub(super) ended_bytes: Option<u64>,
}

/// Where a session lies, and what is needed to read it.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) library: Library,
    pub(super) session: String,
    pub(super) journal: JournalPlace,
    pub(super) target_ns: i64,
    pub(super) ledger: Ledger,
}

impl Site {
    fn folder(&self) -> PathBuf {
        self.library.root().join(&self.journal.folder)
    }

    /// Reads the session and makes its growing files whole. Blocks. The journal comes back open.
    ///
    /// # Errors
    /// When the disk refuses; everything stays as it is and can be tried again.
    pub(super) fn recover(&self) -> Result<(Left, Growing), DiskError> {
        let (mut left, mut journal) = self.read_journal()?;
        let mut lines = Vec::new();
        let mut unlisted = Vec::new();
        let folder = self.folder();
        let mut entries = self.storage.list(&folder).map_err(fault("list", &folder))?;
        // Names are times, so this is the order in which the files began.
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        let is_free = |name: &str| {
            let growing = format!("{}{}", names::finished(name), names::GROWING);
            !self.ledger.is_active(&folder.join(growing))
        };
        for entry in entries.into_iter().filter(|entry| !entry.is_folder && is_free(&entry.name)) {
            if entry.name.ends_with(names::GROWING) {
                let segment = self.make_whole(&entry.name, &left)?;
                unlisted.extend(segment);
            } else if names::is_segment(&entry.name)
                && left.files.iter().all(|file| file.file != entry.name)
            {
                unlisted.extend(self.describe(&entry.name, &left)?);
            }
        }
        for segment in unlisted {
            let is_known = left.files.iter().any(|file| file.file == segment.file);
            left.remember(segment.clone());
            let event = if is_known { Event::Replaced(segment) } else { Event::Segment(segment) };
            lines.push(Line::new(clock::now(), event));
        }
        if !lines.is_empty() {
            let text: String = lines.iter().map(Line::to_text).collect();
            append_lines(&mut journal, &text)?;
            let (id, files) = (&self.session, lines.len());
            tracing::info!(session = %id, folder = %folder.display(), files, "files of an interrupted recording are whole again");
            for line in &lines {
                self.library.apply(id, &self.journal, line);
            }
        }
        Ok((left, journal))
    }

    /// The file in which a generation goes on. `None` when there is none, or it cannot be read.
    pub(super) fn continued(
        &self,
        left: &Left,
        generation: u32,
    ) -> Result<Option<Continued>, DiskError> {
        let file = left.files.iter().rfind(|file| file.generation == generation);
        let Some(file) = file else { return Ok(None) };
        let path = self.folder().join(&file.file);
        if !self.storage.exists(&path) {
            return Ok(None);
        }
        let Some((mut reopened, front)) = self.reopen(&path, left, u64::MAX)? else {
            return Ok(None);
        };
        if !reopened.is_same {
            // Written by another version: its own form of the same samples takes its place.
            self.rewrite(&path, left, u64::MAX)?;
            let Some((rewritten, _)) = self.reopen(&path, left, u64::MAX)? else { return Ok(None) };
            reopened = rewritten;
        }
        let finished = (file.file.clone(), front);
        Ok(Some(Continued { reopened, start_us: file.start_us, finished }))
    }

    /// Finishes a growing file of this session. `None` when it is another's, holds nothing that
    /// was acknowledged, or holds no more than the finished file that it was to replace.
    fn make_whole(&self, name: &str, left: &Left) -> Result<Option<Segment>, DiskError> {
        let path = self.folder().join(name);
        let finished = path.with_extension("");
        let is_replacing = self.storage.exists(&finished);
        let trusted = self.ledger.trusted_bytes(&path);
        let limit = trusted.unwrap_or(u64::MAX);
        let Some((reopened, _)) = self.reopen(&path, left, limit)? else {
            if self.is_ours(&path, left)? {
                self.remove(&path)?;
            }
            return Ok(None);
        };
        if is_replacing
            && let Some((known, _)) = self.reopen(&finished, left, u64::MAX)?
            && known.commits >= reopened.commits
        {
            self.remove(&path)?;
            return Ok(None);
        }
        if !reopened.is_same || trusted.is_some() {
            self.rewrite(&path, left, limit)?;
            return self.describe(names::finished(name), left);
        }
        let mut file = self.storage.open(&path, Open::Existing).map_err(fault("open", &path))?;
        file.set_len(reopened.len).map_err(fault("cut", &path))?;
        let growing = Growing::new(file, path, reopened.len);
        let (generation, start_us) = self.place(&reopened, left);
        self.finish(growing, reopened.muxer, generation, start_us).map(Some)
    }

    fn finish(
        &self,
        mut growing: Growing,
        muxer: Muxer,
        generation: u32,
        start_us: clock::WallUs,
    ) -> Result<Segment, DiskError> {
        let spec = muxer.spec().clone();
        let (steps, summary) = muxer.finish(None);
        // What was written before the crash may never have been synced.
        growing.sync()?;
        let (file, bytes, sha256, _) = growing.finish(&*self.storage, &steps)?;
        sync_folder(&*self.storage, &self.folder())?;
        Ok(Finishing::of(generation, start_us, &spec, summary).segment(file, bytes, sha256))
    }

    /// Writes a file anew from its good commits, finishes it and gives it the finished file's
    /// name. The old one goes only then.
    fn rewrite(&self, path: &Path, left: &Left, limit: u64) -> Result<(), DiskError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let finished = self.folder().join(names::finished(&name));
        let beside = finished.with_added_extension(names::REMADE);
        let mut new = Growing::create(&*self.storage, beside.clone())?;
        let mut appended = Ok(());
        let reopened = self.read(path, left, limit, |parts| {
            if appended.is_ok() {
                appended = new.append(&parts).map_err(fault("write", &beside));
            }
        })?;
        appended?;
        let Some(reopened) = reopened else { return self.remove(&beside) };
        let (generation, start_us) = self.place(&reopened, left);
        self.finish(new, reopened.muxer, generation, start_us)?;
        if path != finished {
            self.remove(path)?;
        }
        self.ledger.trust(path);
        Ok(())
    }

    /// A finished file as the journal names it; `None` when it is not this session's.
    fn describe(&self, name: &str, left: &Left) -> Result<Option<Segment>, DiskError> {
        let path = self.folder().join(name);
        let Some((reopened, _)) = self.reopen(&path, left, u64::MAX)? else { return Ok(None) };
        let file = self.storage.open(&path, Open::ReadOnly).map_err(fault("open", &path))?;
        let (sha256, bytes) = hash(&*file).map_err(fault("read", &path))?;
        let (generation, start_us) = self.place(&reopened, left);
        let spec = reopened.muxer.spec().clone();
        let (_, summary) = reopened.muxer.finish(None);
        let finishing = Finishing::of(generation, start_us, &spec, summary);
        Ok(Some(finishing.segment(name.to_owned(), bytes, sha256)))
    }

    fn place(&self, reopened: &Reopened, left: &Left) -> (u32, clock::WallUs) {
        let number = reopened.record.generation;
        let anchor_us = left.generations.get(&number).map_or(0, |known| known.start.anchor_us);
        (number, anchor_us.saturating_add(reopened.muxer.spec().origin_ns / 1000))
    }

    /// Reads a file of this session, with the front of its growing form.
    fn reopen(
        &self,
        path: &Path,
        left: &Left,
        limit: u64,
    ) -> Result<Option<(Reopened, Bytes)>, DiskError> {
        let mut front = None;
        let reopened = self.read(path, left, limit, |parts| {
            front = front.take().or(parts.into_iter().next());
        })?;
        Ok(reopened.zip(front))
    }

    fn read(
        &self,
        path: &Path,
        left: &Left,
        limit: u64,
        mut each: impl FnMut(Vec<Bytes>),
    ) -> Result<Option<Reopened>, DiskError> {
        let file = self.storage.open(path, Open::ReadOnly).map_err(fault("open", path))?;
        let mut reopening = Reopening::new(self.target_ns);
        let find = |origin: Origin<'_>| left.init(&self.session, origin);
        read_pieces(&*file, limit, |piece| {
            reopening.push(Bytes::copy_from_slice(piece));
            while let Some(parts) = reopening.next(find) {
                each(parts);
            }
            Ok(!reopening.is_over())
        })
        .map_err(fault("read", path))?;
        Ok(reopening.finish())
    }

    /// Whether a growing file that holds nothing good can be this session's: it is, unless
    /// another session's journal lies beside it.
    fn is_ours(&self, path: &Path, left: &Left) -> Result<bool, DiskError> {
        let file = self.storage.open(path, Open::ReadOnly).map_err(fault("open", path))?;
        let mut reopening = Reopening::new(self.target_ns);
        let mut session = None;
        read_pieces(&*file, u64::MAX, |piece| {
            reopening.push(Bytes::copy_from_slice(piece));
            while reopening
                .next(|origin| {
                    session = Some(origin.session.to_owned());
                    left.init(&self.session, origin)
                })
                .is_some()
            {}
            Ok(!reopening.is_over())
        })
        .map_err(fault("read", path))?;
        Ok(session.is_none_or(|session| session == self.session))
    }

    fn remove(&self, path: &Path) -> Result<(), DiskError> {
        self.storage.remove(path).map_err(fault("remove", path))?;
        sync_folder(&*self.storage, &self.folder())
    }

    fn read_journal(&self) -> Result<(Left, Growing), DiskError> {
        let path = self.folder().join(&self.journal.name);
        let how = Open::Existing;
        let mut file = self.storage.open(&path, how).map_err(fault("open", &path))?;
        let trusted = self.ledger.trusted_bytes(&path);
        let mut text = Vec::new();
        read_pieces(&*file, trusted.unwrap_or(u64::MAX), |piece| {
            text.extend_from_slice(piece);
            Ok(true)
        })
        .map_err(fault("read", &path))?;
        if trusted.is_some() {
            let beside = path.with_added_extension(names::REMADE);
            let mut new = Growing::create(&*self.storage, beside.clone())?;
            new.append(&[Bytes::copy_from_slice(&text)]).map_err(fault("write", &beside))?;
            new.sync()?;
            self.storage.rename(&beside, &path).map_err(fault("rename", &beside))?;
            sync_folder(&*self.storage, &self.folder())?;
            self.ledger.trust(&path);
            file = self.storage.open(&path, how).map_err(fault("open", &path))?;
        }
        let mut left = Left::default();
        Line::read_all(&text).for_each(|line| left.apply(line.event));
        let len = text.len() as u64;
        let mut journal = Growing::new(file, path, len);
        if text.last().is_some_and(|&last| last != b'\n') {
            // The next line must not become part of one that was torn.
            append_lines(&mut journal, "\n")?;
        }
        Ok((left, journal))
    }
}

impl Left {
    fn apply(&mut self, event: Event) {
        match event {
            Event::Generation { generation, mime, reason, anchor_us, init } => {
                let start = feed::Generation { number: generation, mime, reason, anchor_us };
                let known = self.generations.entry(generation).or_insert_with(|| LeftGeneration {
                    start,
                    inits: Vec::new(),
                    ended_bytes: None,
                });
                known.inits.extend(parse_init(&init).map(Arc::new));
            }
            Event::GenerationEnd { generation, bytes, .. } => {
                if let Some(known) = self.generations.get_mut(&generation) {
                    known.ended_bytes = Some(bytes);
                }
            }
            Event::Segment(segment) | Event::Replaced(segment) => self.remember(segment),
            Event::Gap { reason: kind, device_ms: Some(device_ms), .. }
            | Event::Mark { kind, device_ms: Some(device_ms), .. } => {
                self.noted.insert((kind, device_ms));
            }
            Event::Stop { reason } => {
                self.is_stopped = reason == crate::library::journal::STOPPED;
            }
            _ => {}
        }
    }

    fn remember(&mut self, segment: Segment) {
        match self.files.iter_mut().find(|known| known.file == segment.file) {
            Some(known) => *known = segment,
            None => self.files.push(segment),
        }
    }

    fn init(&self, session: &str, origin: Origin<'_>) -> Option<Arc<Init>> {
        if origin.session != session {
            return None;
        }
        let inits = &self.generations.get(&origin.generation)?.inits;
        inits.iter().rev().find(|init| init.crc() == origin.init_crc).cloned()
    }
}

fn parse_init(base64: &str) -> Option<Init> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).ok()?;
    Demuxer::read_init(&bytes.into()).ok()
}

fn append_lines(journal: &mut Growing, text: &str) -> Result<(), DiskError> {
    journal.write(Bytes::copy_from_slice(text.as_bytes()))?;
    journal.sync()
}
