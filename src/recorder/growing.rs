//! A file that is appended to until it is finished.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use container::FinishStep;

use super::active::Claim;
use super::fault::{DiskError, fault, sync_fault};
use super::names;
use crate::metrics;
use crate::storage::{Open, Storage, StorageFile, read_pieces};

/// A file that is appended to. What a failed write left behind `len` is written over.
#[derive(Debug)]
pub(super) struct Growing {
    file: Box<dyn StorageFile>,
    path: PathBuf,
    len: u64,
    /// Steps of finishing it that are done; they are not repeated.
    finished_steps: usize,
    is_named: bool,
    /// After a sync that failed, the file must not be used further.
    has_failed: bool,
    _claim: Option<Claim>,
}

impl Growing {
    /// A file that is there, up to `len`.
    pub(super) fn new(file: Box<dyn StorageFile>, path: PathBuf, len: u64) -> Self {
        Self {
            file,
            path,
            len,
            finished_steps: 0,
            is_named: false,
            has_failed: false,
            _claim: None,
        }
    }

    /// A file that nobody else writes as long as this lives.
    pub(super) fn claimed(mut self, claim: Option<Claim>) -> Self {
        self._claim = claim;
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

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(super) fn append(&mut self, parts: &[Bytes]) -> Result<(), DiskError> {
        let mut at = self.len;
        for part in parts {
            self.file.write_at(at, part).map_err(fault("write", &self.path))?;
            at += part.len() as u64;
        }
        self.len = at;
        Ok(())
    }

    /// Fills a new file with `front` and what another one holds from an offset on. Returns whether
    /// that was all of it.
    pub(super) fn copy(
        &mut self,
        front: &Bytes,
        other: &dyn StorageFile,
        media_at: u64,
        media_bytes: u64,
    ) -> Result<bool, DiskError> {
        self.append(std::slice::from_ref(front))?;
        let copied = self.append_from(other, media_at, media_bytes);
        copied.map_err(fault("write", &self.path))?;
        Ok(self.len == front.len() as u64 + media_bytes)
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

    pub(super) fn sync(&mut self) -> Result<(), DiskError> {
        metrics::syncing(|| self.file.sync()).map_err(sync_fault(&self.path))
    }

    /// Appends lines, or a part of one, and syncs.
    pub(super) fn append_line(&mut self, text: &str) -> Result<(), DiskError> {
        if self.has_failed {
            return Err(sync_fault(&self.path)(io::ErrorKind::Other.into()));
        }
        let len = self.len;
        let written = self.append(&[Bytes::copy_from_slice(text.as_bytes())]);
        let mut synced = written.and_then(|()| self.sync());
        if let Err(error) = &mut synced {
            // Tried again, it is written in the same place. What was told not to be in the journal
            // must not be found there later; where the disk refuses that too, nobody can say.
            self.len = len;
            let cut = self.file.set_len(len).and_then(|()| self.file.sync());
            error.may_be_there = cut.is_err();
            if let Err(error) = cut {
                tracing::error!(path = %self.path.display(), %error, "a line that was refused may be in the journal all the same");
            }
            self.has_failed = error.is_sync || error.may_be_there;
        }
        synced
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
        let written = new.append(std::slice::from_ref(front)).and_then(|()| {
            let rest = new.append_from(&*self.file, keep_from, u64::MAX);
            rest.map_err(fault("write", &beside))
        });
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
