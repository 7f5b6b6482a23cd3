//! What recordings of one process have to know of each other: a folder can hold several sessions.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::shared::Journals;

/// Folders whose recovery can go on side by side; more than a disk has use for.
const TURNS: usize = 64;

/// The files that are being written. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Active {
    paths: Arc<Mutex<HashSet<PathBuf>>>,
    /// All that were ever among them, until it is known what earlier processes have left.
    begun: Arc<Mutex<Option<HashSet<PathBuf>>>>,
    turns: Arc<[Semaphore]>,
    journals: Journals,
}

impl Default for Active {
    fn default() -> Self {
        let turns = std::iter::repeat_with(|| Semaphore::new(1)).take(TURNS).collect();
        let begun = Arc::new(Mutex::new(Some(HashSet::new())));
        Self { paths: Arc::default(), begun, turns, journals: Journals::default() }
    }
}

impl Active {
    /// Claims a path until the claim is dropped. `None` while somebody has it.
    pub(super) fn claim(&self, path: &Path) -> Option<Claim> {
        let is_new = self.lock().insert(path.to_owned());
        if is_new && let Some(begun) = &mut *self.begun() {
            begun.insert(path.to_owned());
        }
        is_new.then(|| Claim { active: self.clone(), path: path.to_owned() })
    }

    pub(super) fn contains(&self, path: &Path) -> bool {
        self.lock().contains(path)
    }

    /// Whether it is claimed, or was while it is not known what earlier processes have left. A file
    /// is claimed before it is there, so none of this process is taken for one of theirs.
    pub(super) fn is_own(&self, path: &Path) -> bool {
        let was_begun = self.begun().as_ref().is_some_and(|begun| begun.contains(path));
        was_begun || self.contains(path)
    }

    /// It is known what earlier processes have left.
    pub(super) fn scanned(&self) {
        *self.begun() = None;
    }

    /// What must be held while a folder's sessions are made whole: of one after the other.
    pub(super) fn turn(&self, folder: &str) -> &Semaphore {
        let mut hasher = DefaultHasher::new();
        folder.hash(&mut hasher);
        let slot = usize::try_from(hasher.finish() % TURNS as u64).unwrap_or(0);
        &self.turns[slot]
    }

    /// The journals that are open.
    pub(super) fn journals(&self) -> &Journals {
        &self.journals
    }

    fn begun(&self) -> MutexGuard<'_, Option<HashSet<PathBuf>>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A path that nobody else writes.
#[derive(Debug)]
pub(super) struct Claim {
    active: Active,
    path: PathBuf,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.active.lock().remove(&self.path);
    }
}
