//! A session's journal, which its recording and those who edit the session both add to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::fault::DiskError;
use super::growing::Growing;

/// An open journal. Clones add to the same one.
#[derive(Debug, Clone)]
pub(super) struct Journal(Arc<Mutex<Growing>>);

/// The journals that are open, by their paths. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Journals(Arc<Mutex<HashMap<PathBuf, Weak<Mutex<Growing>>>>>);

impl Journal {
    /// Appends lines, or a part of one, and syncs.
    pub(super) fn append_line(&self, text: &str) -> Result<(), DiskError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).append_line(text)
    }
}

impl Journals {
    /// Opens one to all who ask for its path.
    pub(super) fn share(&self, journal: Growing) -> Journal {
        let path = journal.path().to_owned();
        let shared = Arc::new(Mutex::new(journal));
        let mut open = self.lock();
        open.retain(|_, journal| journal.strong_count() > 0);
        open.insert(path, Arc::downgrade(&shared));
        Journal(shared)
    }

    /// The one of this path, while it is open.
    pub(super) fn get(&self, path: &Path) -> Option<Journal> {
        self.lock().get(path)?.upgrade().map(Journal)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Weak<Mutex<Growing>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
