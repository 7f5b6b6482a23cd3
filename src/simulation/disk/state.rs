//! The disk inside: names, contents and faults.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use super::content::{Content, Edit, whole_sectors};
use super::names::{Id, Names, Place, Relink, text};
use crate::simulation::random::Random;

/// With less room than this the disk is full: a name or a sync may need one block more.
pub(super) const BLOCK_BYTES: u64 = 4096;
/// The room on a disk without a capacity.
pub(super) const UNLIMITED_BYTES: u64 = 1 << 40;
pub(super) const MAX_TRACE_LINES: usize = 2000;

pub(super) const EIO: i32 = 5;
pub(super) const ENOSPC: i32 = 28;
pub(super) const EROFS: i32 = 30;

#[derive(Default)]
pub(super) struct State {
    pub(super) random: Random,
    pub(super) names: Names,
    pub(super) files: BTreeMap<Id, Content>,
    pub(super) last_id: Id,
    /// Counts the boots; what was opened in an earlier one is dead.
    pub(super) generation: u64,
    pub(super) operations: u64,
    pub(super) bytes_written: u64,
    pub(super) crash_in: Option<u64>,
    pub(super) is_off: bool,
    pub(super) capacity: Option<u64>,
    pub(super) fails_next_sync: bool,
    pub(super) fails_writes: bool,
    pub(super) is_read_only: bool,
    pub(super) trace: VecDeque<String>,
}

impl State {
    pub(super) fn note(&mut self, line: String) {
        if self.trace.len() == MAX_TRACE_LINES {
            self.trace.pop_front();
        }
        self.trace.push_back(line);
    }

    pub(super) fn folder(&self, path: &Path) -> io::Result<Id> {
        let id = self.names.find(path)?;
        if self.files.contains_key(&id) { Err(ErrorKind::NotADirectory.into()) } else { Ok(id) }
    }

    pub(super) fn place(&self, path: &Path) -> io::Result<Place> {
        let folder = self.folder(path.parent().unwrap_or(Path::new("")))?;
        Ok((folder, text(path.file_name())?))
    }

    pub(super) fn file(&mut self, id: Id) -> io::Result<&mut Content> {
        self.files.get_mut(&id).ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub(super) fn free_bytes(&self) -> u64 {
        let Some(capacity) = self.capacity else { return UNLIMITED_BYTES };
        let named: BTreeSet<Id> = self.names.seen.values().copied().collect();
        let files = self.files.iter().filter(|(id, file)| named.contains(id) || file.is_open());
        capacity.saturating_sub(files.map(|(_, file)| file.cached.len() as u64).sum())
    }

    pub(super) fn is_full(&self) -> bool {
        self.free_bytes() < BLOCK_BYTES
    }

    /// Gives a new file or folder its name.
    pub(super) fn create(&mut self, path: &Path) -> io::Result<Id> {
        let place = self.place(path)?;
        if self.names.seen.contains_key(&place) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let id = self.last_id + 1;
        self.relink(id, None, Some(place))?;
        self.last_id = id;
        Ok(id)
    }

    pub(super) fn relink(
        &mut self,
        id: Id,
        from: Option<Place>,
        to: Option<Place>,
    ) -> io::Result<()> {
        if to.is_some() && self.is_full() && self.random.coin() {
            return Err(os_error(ENOSPC));
        }
        self.names.relink(Relink { id, from, to });
        Ok(())
    }

    pub(super) fn write(
        &mut self,
        id: Id,
        offset: u64,
        bytes: &[u8],
        is_cut: bool,
    ) -> io::Result<()> {
        if self.fails_writes {
            return Err(os_error(EIO));
        }
        let end = self.free_bytes() + self.file(id)?.cached.len() as u64;
        let fits = end.saturating_sub(offset).min(bytes.len() as u64);
        let is_short = fits < bytes.len() as u64;
        let taken = match is_short || is_cut {
            true => whole_sectors(offset, self.random.below(fits + 1)),
            false => fits,
        };
        let bytes = bytes[..taken as usize].to_vec();
        self.file(id)?.edit(Edit::Write { offset, bytes });
        self.bytes_written += taken;
        if is_short { Err(os_error(ENOSPC)) } else { Ok(()) }
    }

    pub(super) fn sync(&mut self, id: Id) -> io::Result<()> {
        let is_full = self.is_full() && self.random.below(4) == 0;
        let is_broken = std::mem::take(&mut self.fails_next_sync);
        let file = self.file(id)?;
        let dirty = std::mem::take(&mut file.dirty);
        // What could not be written back counts as clean from now on, as in a page cache.
        if is_broken {
            return Err(os_error(EIO));
        }
        if is_full && !dirty.is_empty() {
            return Err(os_error(ENOSPC));
        }
        dirty.iter().for_each(|edit| edit.apply(&mut file.durable));
        Ok(())
    }

    /// Begins a boot; no handle of the earlier ones is left.
    pub(super) fn boot(&mut self, cause: &str) {
        self.generation += 1;
        self.is_off = false;
        self.crash_in = None;
        self.files.values_mut().for_each(|file| file.handles = Arc::default());
        self.forget_lost();
        self.note(format!("{cause}: boot {}", self.generation));
    }

    /// What is not durable is kept, lost or torn.
    pub(super) fn lose(&mut self) {
        let mut lines = Vec::new();
        for relink in self.names.power_cut(&mut self.random) {
            lines.push(format!("power cut: lost {relink}"));
        }
        self.forget_lost();
        for ((_, name), id) in &self.names.seen {
            if let Some(file) = self.files.get_mut(id) {
                let fates = file.power_cut(&mut self.random);
                lines.extend(fates.map(|fates| format!("power cut: writes to {name}:{fates}")));
            }
        }
        lines.into_iter().for_each(|line| self.note(line));
    }

    /// Drops files that have no name, get none from a power cut, and are not open.
    pub(super) fn forget_lost(&mut self) {
        let named = self.names.ids();
        self.files.retain(|id, file| named.contains(id) || file.is_open());
    }
}

pub(super) fn os_error(code: i32) -> io::Error {
    io::Error::from_raw_os_error(code)
}

pub(super) fn power_is_off() -> io::Error {
    io::Error::other("the power is off")
}
