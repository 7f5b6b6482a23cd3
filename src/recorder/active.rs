//! What recordings of one process have to know of each other: a folder can hold several sessions.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

/// Folders whose recovery can go on side by side; more than a disk has use for.
const TURNS: usize = 64;

/// The files that are being written. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Active {
    paths: Arc<Mutex<HashSet<PathBuf>>>,
    turns: Arc<[Semaphore]>,
}

impl Default for Active {
    fn default() -> Self {
        let turns = std::iter::repeat_with(|| Semaphore::new(1)).take(TURNS).collect();
        Self { paths: Arc::default(), turns }
    }
}

impl Active {
    /// Claims a path until the claim is dropped. `None` while somebody has it.
    pub(super) fn claim(&self, path: &Path) -> Option<Claim> {
        let is_new = self.lock().insert(path.to_owned());
        is_new.then(|| Claim { active: self.clone(), path: path.to_owned() })
    }

    pub(super) fn contains(&self, path: &Path) -> bool {
        self.lock().contains(path)
    }

    /// What must be held while a folder's sessions are made whole: of one after the other.
    pub(super) fn turn(&self, folder: &str) -> &Semaphore {
        let mut hasher = DefaultHasher::new();
        folder.hash(&mut hasher);
        let slot = usize::try_from(hasher.finish() % TURNS as u64).unwrap_or(0);
        &self.turns[slot]
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
