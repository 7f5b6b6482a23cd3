//! A file system in memory that loses whatever a real one may lose.
//!
//! It is as strict as POSIX: content is durable once its file was synced, a name once its folder
//! was, and neither implies the other. A seed decides everything that is left to chance.

mod content;
mod file;
mod names;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use content::Content;
use file::SimulatedFile;
use names::{Id, Place, ROOT};
use state::{EROFS, State, os_error, power_is_off};

use crate::simulation::random::Random;
use crate::storage::{Entry, Open, Storage, StorageFile};

/// A disk whose machine, process and hardware fail on demand. Clones are the same disk. What is
/// set to fail goes on failing after a boot, until it is taken back.
#[derive(Clone)]
pub(crate) struct SimulatedDisk(Arc<Mutex<State>>);

impl SimulatedDisk {
    /// An empty disk; `/` exists, and relative paths start there.
    pub(crate) fn new(seed: u64) -> Self {
        let state = State { random: Random(seed), ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// The machine loses power and boots: what is not durable is kept, lost or torn.
    pub(crate) fn power_cut(&self) {
        let mut state = self.lock();
        state.boot("power cut");
        state.lose();
    }

    /// The process dies and starts again. The machine lives, so everything written stays.
    pub(crate) fn kill(&self) {
        self.lock().boot("kill");
    }

    /// The next sync of a file fails with EIO and leaves its data clean and not durable: reads
    /// give it, later syncs succeed without it, a power cut loses it.
    pub(crate) fn fail_next_sync(&self) {
        self.lock().fails_next_sync = true;
    }

    /// The bytes that all files together may have. A file takes its length, holes included.
    pub(crate) fn set_capacity(&self, bytes: Option<u64>) {
        self.lock().capacity = bytes;
    }

    /// Every change fails with EROFS.
    pub(crate) fn set_read_only(&self, is_read_only: bool) {
        self.lock().is_read_only = is_read_only;
    }

    /// Every write fails with EIO and writes nothing.
    pub(crate) fn fail_writes(&self, fails_writes: bool) {
        self.lock().fails_writes = fails_writes;
    }

    /// The power goes in the middle of the n-th change from now on (1 is the next one). Then
    /// nothing works until `power_cut` or `kill`.
    pub(crate) fn crash_after(&self, operations: u64) {
        self.lock().crash_in = Some(operations.max(1));
    }

    pub(crate) fn is_off(&self) -> bool {
        self.lock().is_off
    }

    /// Changes that were asked for so far, those that failed included.
    pub(crate) fn operations(&self) -> u64 {
        self.lock().operations
    }

    pub(crate) fn bytes_written(&self) -> u64 {
        self.lock().bytes_written
    }

    /// All files by their absolute paths, as a process sees them now.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.lock();
        let mut files = BTreeMap::new();
        let mut folders = vec![(ROOT, PathBuf::from("/"))];
        while let Some((folder, path)) = folders.pop() {
            for ((_, name), id) in state.names.entries(folder) {
                match state.files.get(id) {
                    Some(file) => drop(files.insert(path.join(name), file.cached.clone())),
                    None => folders.push((*id, path.join(name))),
                }
            }
        }
        files
    }

    /// The last changes and outages, for a person who looks into a seed that failed.
    pub(crate) fn trace(&self) -> Vec<String> {
        self.lock().trace.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, for somebody who may use it: nobody without power, no handle of an earlier boot.
    fn ready(&self, generation: Option<u64>) -> io::Result<MutexGuard<'_, State>> {
        let state = self.lock();
        if state.is_off {
            return Err(power_is_off());
        }
        if generation.is_some_and(|generation| generation != state.generation) {
            return Err(io::Error::other("the file was opened before the last boot"));
        }
        Ok(state)
    }

    /// Runs a change. One that the power cut interrupts is told so; it may do all, a part or
    /// nothing, and its caller never learns which.
    fn change<T>(
        &self,
        generation: Option<u64>,
        what: impl Display,
        run: impl FnOnce(&mut State, bool) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.ready(generation)?;
        state.operations += 1;
        state.crash_in = state.crash_in.map(|left| left - 1);
        state.is_off = state.crash_in == Some(0);
        let is_cut = state.is_off;
        let result = if is_cut && state.random.coin() {
            Err(power_is_off())
        } else if state.is_read_only {
            Err(os_error(EROFS))
        } else {
            run(&mut state, is_cut)
        };
        let outcome = result.as_ref().map_or_else(ToString::to_string, |_| "ok".to_owned());
        let cut = if is_cut { "cut in the middle, " } else { "" };
        let line = format!("{} {what}: {cut}{outcome}", state.operations);
        state.note(line);
        if is_cut { Err(power_is_off()) } else { result }
    }
}

/// Contents stay out of the messages of failed assertions.
impl fmt::Debug for SimulatedDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedDisk").finish_non_exhaustive()
    }
}

impl Storage for SimulatedDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn StorageFile>> {
        let can_write = !matches!(how, Open::ReadOnly);
        if matches!(how, Open::CreateNew) {
            self.change(None, format_args!("create {}", path.display()), |state, _| {
                let id = state.create(path)?;
                state.files.insert(id, Content::default());
                Ok(())
            })?;
        }
        let state = self.ready(None)?;
        if can_write && state.is_read_only {
            return Err(os_error(EROFS));
        }
        let id = state.names.find(path)?;
        let handle = state.files.get(&id).ok_or(ErrorKind::IsADirectory)?.handles.clone();
        Ok(Box::new(SimulatedFile {
            disk: self.clone(),
            id,
            path: path.to_owned(),
            can_write,
            generation: state.generation,
            _handle: handle,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let what = format_args!("rename {} to {}", from.display(), to.display());
        self.change(None, what, |state, _| {
            let id = state.names.find(from)?;
            let (old, new) = (state.place(from)?, state.place(to)?);
            if old == new {
                return Ok(());
            }
            if to.starts_with(from) {
                return Err(ErrorKind::InvalidInput.into());
            }
            if let Some(replaced) = state.names.seen.get(&new) {
                // Putting one folder in the place of another is nothing that a recorder does.
                if !state.files.contains_key(&id) || !state.files.contains_key(replaced) {
                    return Err(ErrorKind::IsADirectory.into());
                }
            }
            state.relink(id, Some(old), Some(new))
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(None, format_args!("remove {}", path.display()), |state, _| {
            let id = state.names.find(path)?;
            if !state.files.contains_key(&id) {
                return Err(ErrorKind::IsADirectory.into());
            }
            let place = state.place(path)?;
            state.relink(id, Some(place), None)
        })
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let state = self.ready(None)?;
        if state.names.find(path).is_ok_and(|id| !state.files.contains_key(&id)) {
            return Ok(());
        }
        drop(state);
        self.change(None, format_args!("create folder {}", path.display()), |state, _| {
            state.create(path).map(drop)
        })
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.change(None, format_args!("sync folder {}", path.display()), |state, _| {
            let folder = state.folder(path)?;
            state.names.sync(folder);
            state.forget_lost();
            Ok(())
        })
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let state = self.ready(None)?;
        let entries = state.names.entries(state.folder(path)?);
        let entry = |((_, name), id): (&Place, &Id)| Entry {
            name: name.clone(),
            is_folder: !state.files.contains_key(id),
        };
        Ok(entries.map(entry).collect())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.ready(None)?.names.find(path).is_ok())
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let state = self.ready(None)?;
        state.names.find(path)?;
        Ok(state.free_bytes())
    }

    /// Runs the work where it is awaited. Work of a process that is gone never runs.
    fn execute(&self, work: Box<dyn FnOnce() + Send>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (disk, generation) = (self.clone(), self.lock().generation);
        Box::pin(async move {
            if disk.ready(Some(generation)).is_ok() {
                work();
            }
        })
    }
}
