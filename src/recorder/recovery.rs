//! What an earlier process, or an earlier attempt of this one, has left of a session.
//!
//! Every growing file is made whole: cut behind its last good commit, finished, named. Then the
//! session stands as if it had been put aside in good order, and can go on inside its last files.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use container::{FirstCommit, Reopened, Reopening};

use super::active::Active;
use super::fault::{DiskError, fault, sync_fault, sync_folder};
use super::generation::{Continued, tell_clamped};
use super::growing::{Growing, hash};
use super::left::Left;
use super::names;
use super::plan::Finishing;
use crate::clock;
use crate::library::journal::{Event, Line, Segment};
use crate::library::{JournalPlace, Library};
use crate::storage::{Open, Storage, read_pieces};

/// Where a session lies, and what is needed to read it.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) library: Library,
    pub(super) session: String,
    pub(super) journal: JournalPlace,
    pub(super) target_ns: i64,
    pub(super) active: Active,
}

/// A file that is finished and has not got its name yet.
struct Unnamed {
    file: Growing,
    segment: Segment,
    /// How far into the generation's stream it reaches.
    position: u64,
}

impl Site {
    pub(super) fn folder(&self) -> PathBuf {
        self.library.root().join(&self.journal.folder)
    }

    /// Reads the session and makes its growing files whole. Blocks. The journal comes back open.
    /// `None` when there is no journal any more.
    ///
    /// # Errors
    /// When the disk refuses; everything stays as it is and can be tried again.
    pub(super) fn recover(&self) -> Result<Option<(Left, Growing)>, DiskError> {
        let Some((mut left, mut journal)) = self.read_journal()? else { return Ok(None) };
        let folder = self.folder();
        let entries = self.storage.list(&folder).map_err(fault("list", &folder))?;
        let is_free = |name: &str| {
            let growing = names::growing(names::finished(name));
            !self.active.contains(&folder.join(growing))
        };
        let names = || entries.iter().map(|entry| entry.name.as_str()).filter(|name| is_free(name));
        let mut unnamed = Vec::new();
        for name in names().filter(|name| names::is_abandoned(name)) {
            match self.named(name, &left)? {
                Some(waiting) => unnamed.push(waiting),
                None => self.remove(&folder.join(name))?,
            }
        }
        // One that was written anew and waits for its name stands for its growing file.
        let is_waiting = |name: &str| {
            let mut waiting = unnamed.iter().map(|unnamed: &Unnamed| &unnamed.segment.file);
            waiting.any(|file| file == names::finished(name))
        };
        let growing = names().filter(|name| names::is_growing(name) && !is_waiting(name));
        let growing: Vec<&str> = growing.collect();
        for name in growing {
            unnamed.extend(self.make_whole(name, &left)?);
        }
        // The journal names a generation's files in the order of its stream.
        unnamed.sort_by_key(|unnamed| (unnamed.segment.generation, unnamed.position));
        let files = unnamed.len();
        self.name(unnamed, &mut left, &mut journal)?;
        if files > 0 {
            let session = &self.session;
            tracing::info!(session, folder = %folder.display(), files, "files of an interrupted recording are whole again");
        }
        Ok(Some((left, journal)))
    }

    /// The file in which a generation goes on. `None` when there is none, or it cannot be read.
    pub(super) fn continued(
        &self,
        left: &mut Left,
        journal: &mut Growing,
        generation: u32,
    ) -> Result<Option<Continued>, DiskError> {
        let file = left.files.iter().rfind(|file| file.generation == generation);
        let Some(Segment { file, start_us, .. }) = file.cloned() else { return Ok(None) };
        let path = self.folder().join(&file);
        if !self.exists(&path)? {
            return Ok(None);
        }
        let Some((mut reopened, mut front)) = self.reopen(&path, left)? else { return Ok(None) };
        if !reopened.is_same {
            // Written by another version: this one's form of the same samples takes its place.
            let rewritten = self.rewrite(&path, left)?;
            self.name(rewritten.into_iter().collect(), left, journal)?;
            let Some(again) = self.reopen(&path, left)? else { return Ok(None) };
            (reopened, front) = again;
        }
        Ok(Some(Continued { reopened, start_us, finished: (file, front) }))
    }

    /// Writes lines into the journal.
    pub(super) fn tell(&self, lines: &[Line], journal: &mut Growing) -> Result<(), DiskError> {
        let text: String = lines.iter().map(Line::to_text).collect();
        journal.append_line(&text)?;
        lines.iter().for_each(|line| self.library.apply(&self.session, &self.journal, line));
        Ok(())
    }

    /// Writes the lines of finished files into the journal, then gives them their names. After a
    /// crash in between, [`Self::make_whole`] finds what the journal names.
    fn name(
        &self,
        unnamed: Vec<Unnamed>,
        left: &mut Left,
        journal: &mut Growing,
    ) -> Result<(), DiskError> {
        let mut lines = Vec::new();
        let mut replacing = HashSet::new();
        for Unnamed { segment, .. } in &unnamed {
            if left.files.contains(segment) {
                continue;
            }
            let is_known = left.file(&segment.file).is_some();
            if is_known {
                replacing.insert(segment.file.clone());
            }
            left.remember(segment.clone());
            let segment = segment.clone();
            let event = if is_known { Event::Replaced(segment) } else { Event::Segment(segment) };
            lines.push(Line::new(clock::now(), event));
        }
        if !lines.is_empty() {
            self.tell(&lines, journal)?;
        }
        let folder = self.folder();
        for Unnamed { mut file, segment, .. } in unnamed {
            file.give_name(&*self.storage)?;
            sync_folder(&*self.storage, &folder)?;
            // Where it was written anew, the old one goes last.
            let old = folder.join(names::growing(&segment.file));
            if self.exists(&old)? {
                self.remove(&old)?;
            }
            let is_replacing = replacing.contains(&segment.file);
            self.library.named(&self.session, &self.journal, segment, is_replacing);
        }
        Ok(())
    }

    /// A file that was written anew and has its line in the journal already.
    fn named(&self, name: &str, left: &Left) -> Result<Option<Unnamed>, DiskError> {
        let Some(segment) = left.file(names::finished(name)) else { return Ok(None) };
        let path = self.folder().join(name);
        self.settle(&path)?;
        let file = self.is_waiting_for_its_name(&path, segment)?;
        Ok(file.map(|file| Unnamed { file, segment: segment.clone(), position: 0 }))
    }

    /// Finishes a growing file of this session. `None` when it is another's, holds nothing that
    /// was acknowledged, or holds no more than the finished file that it was to replace.
    fn make_whole(&self, name: &str, left: &Left) -> Result<Option<Unnamed>, DiskError> {
        let path = self.folder().join(name);
        match self.settle(&path) {
            // Another session of this folder has just given it its name.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            settled => settled?,
        }
        let Some((reopened, _)) = self.reopen(&path, left)? else { return Ok(None) };
        let position = reopened.record.checkpoint.resume.position;
        if let Some(named) = left.file(names::finished(name))
            && let Some(file) = self.is_waiting_for_its_name(&path, named)?
        {
            return Ok(Some(Unnamed { file, segment: named.clone(), position }));
        }
        let finished = path.with_extension("");
        if self.exists(&finished)?
            && let Some((known, _)) = self.reopen(&finished, left)?
            && known.commits >= reopened.commits
        {
            self.remove(&path)?;
            return Ok(None);
        }
        // A file that is finished but for its name may have a front of another length.
        if !reopened.is_same || reopened.is_finished {
            return self.rewrite(&path, left);
        }
        let mut file = self.storage.open(&path, Open::Existing).map_err(fault("open", &path))?;
        file.set_len(reopened.len).map_err(fault("cut", &path))?;
        let growing = Growing::new(file, path, reopened.len);
        self.finish(growing, reopened, left).map(Some)
    }

    /// A crash has come between a file's line in the journal and its name in the folder.
    fn is_waiting_for_its_name(
        &self,
        path: &Path,
        named: &Segment,
    ) -> Result<Option<Growing>, DiskError> {
        let file = self.storage.open(path, Open::Existing).map_err(fault("open", path))?;
        let (sha256, bytes) = hash(&*file).map_err(fault("read", path))?;
        let is_it = sha256 == named.sha256;
        Ok(is_it.then(|| Growing::new(file, path.to_owned(), bytes)))
    }

    fn finish(
        &self,
        mut growing: Growing,
        reopened: Reopened,
        left: &Left,
    ) -> Result<Unnamed, DiskError> {
        let Reopened { muxer, record, .. } = reopened;
        let number = record.generation;
        let spec = muxer.spec().clone();
        let media_us = spec.origin_ns / 1000;
        let known = left.generations.get(&number);
        let start_us = known.map_or(media_us, |known| known.mapping.wall_us(media_us));
        let (steps, summary) = muxer.finish(None);
        tell_clamped(number, summary.clamped_samples);
        growing.sync()?;
        let (sha256, bytes) = growing.finish(&*self.storage, &steps)?;
        let name = names::finished(&growing.name()).to_owned();
        let checkpoint = record.checkpoint;
        let position = checkpoint.resume.position;
        let finishing = Finishing::of(number, start_us, &spec, summary, Some(&checkpoint));
        let segment = finishing.segment(name, bytes, sha256);
        Ok(Unnamed { file: growing, segment, position })
    }

    /// Writes a file anew from its good commits and finishes it, beside the old one.
    fn rewrite(&self, path: &Path, left: &Left) -> Result<Option<Unnamed>, DiskError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let beside = self.folder().join(format!("{}.{}", names::finished(&name), names::REMADE));
        let mut new = Growing::create(&*self.storage, beside.clone())?;
        let mut appended = Ok(());
        let reopened = self.read(path, left, |parts| {
            if appended.is_ok() {
                appended = new.append(&parts);
            }
        });
        let finished = reopened.and_then(|reopened| {
            appended?;
            reopened.map(|reopened| self.finish(new, reopened, left)).transpose()
        });
        if finished.is_err() {
            // On a full disk the half-written copy takes the room that is missing.
            let _ = self.storage.remove(&beside);
        }
        sync_folder(&*self.storage, &self.folder())?;
        finished
    }

    /// Reads a file of this session, with the front of its growing form.
    fn reopen(&self, path: &Path, left: &Left) -> Result<Option<(Reopened, Bytes)>, DiskError> {
        let mut front = None;
        let reopened = self.read(path, left, |parts| {
            front = front.take().or(parts.into_iter().next());
        })?;
        Ok(reopened.zip(front))
    }

    /// Reads a file of this session.
    fn read(
        &self,
        path: &Path,
        left: &Left,
        mut each: impl FnMut(Vec<Bytes>),
    ) -> Result<Option<Reopened>, DiskError> {
        let file = self.storage.open(path, Open::ReadOnly).map_err(fault("open", path))?;
        let mut reopening = Reopening::new(self.target_ns);
        let pieces = read_pieces(&*file, |piece| {
            reopening.push(Bytes::copy_from_slice(piece));
            while let Some(parts) = reopening.next(|origin| left.init(origin)) {
                each(parts);
            }
            Ok(!reopening.is_over())
        });
        pieces.map_err(fault("read", path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if names::is_growing(&name) && reopening.is_empty() {
            self.judge(path, reopening.first_commit())?;
        }
        Ok(reopening.finish())
    }

    /// What becomes of a growing file in which no commit is good.
    fn judge(&self, path: &Path, first: &FirstCommit) -> Result<(), DiskError> {
        match first {
            FirstCommit::None => return self.remove(path),
            // Torn by a power cut before it was acknowledged, or damaged since: nobody can tell.
            FirstCommit::Damaged(session) if *session == self.session => {
                let aside = path.with_added_extension(names::DAMAGED);
                tracing::error!(file = %path.display(), aside = %aside.display(), "a growing file is damaged at its beginning and is put aside");
                self.storage.rename(path, &aside).map_err(fault("rename", path))?;
                return sync_folder(&*self.storage, &self.folder());
            }
            FirstCommit::Unreadable => {
                tracing::error!(file = %path.display(), "a growing file of another version of the program stays as it is");
            }
            FirstCommit::Whole(session) if *session == self.session => {
                tracing::error!(file = %path.display(), "a growing file stays as it is: its journal does not say how to read it");
            }
            FirstCommit::Damaged(_) | FirstCommit::Whole(_) => {}
        }
        Ok(())
    }

    fn exists(&self, path: &Path) -> Result<bool, DiskError> {
        self.storage.exists(path).map_err(fault("find", path))
    }

    /// What was written before the crash may never have been synced, and of what a sync failed on
    /// the system may still pretend to have it.
    fn settle(&self, path: &Path) -> Result<(), DiskError> {
        let mut file = self.storage.open(path, Open::Existing).map_err(fault("open", path))?;
        file.sync().map_err(sync_fault(path))?;
        file.drop_cache().map_err(fault("read", path))
    }

    fn remove(&self, path: &Path) -> Result<(), DiskError> {
        self.storage.remove(path).map_err(fault("remove", path))?;
        sync_folder(&*self.storage, &self.folder())
    }

    fn read_journal(&self) -> Result<Option<(Left, Growing)>, DiskError> {
        let path = self.folder().join(&self.journal.name);
        if !self.exists(&path)? {
            return Ok(None);
        }
        let (text, journal) = self.claim_journal()?;
        let mut left = Left::new(&self.session);
        Line::read_all(&text).for_each(|line| left.apply(line.event));
        Ok(Some((left, journal)))
    }

    /// Opens the journal, so that the next line stands by itself. Blocks.
    pub(super) fn open_journal(&self) -> Result<Growing, DiskError> {
        self.claim_journal().map(|(_, journal)| journal)
    }

    fn claim_journal(&self) -> Result<(Vec<u8>, Growing), DiskError> {
        let path = self.folder().join(&self.journal.name);
        let busy = || fault("claim", &path)(io::ErrorKind::ResourceBusy.into());
        let claim = self.active.claim(&path).ok_or_else(busy)?;
        self.settle(&path)?;
        let file = self.storage.open(&path, Open::Existing).map_err(fault("open", &path))?;
        let mut text = Vec::new();
        read_pieces(&*file, |piece| {
            text.extend_from_slice(piece);
            Ok(true)
        })
        .map_err(fault("read", &path))?;
        let mut journal = Growing::new(file, path, text.len() as u64).claimed(Some(claim));
        if text.last().is_some_and(|&last| last != b'\n') {
            // The next line must not become part of one that was torn.
            journal.append_line("\n")?;
        }
        Ok((text, journal))
    }
}
