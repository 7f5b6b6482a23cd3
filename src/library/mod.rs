//! What has been recorded: a fold over the session journals, held in memory.

pub(crate) mod journal;
mod scan;
mod session;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use journal::Line;
pub(crate) use session::{File, Session};

/// The sessions of one recordings folder. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Library {
    root: Arc<PathBuf>,
    sessions: Arc<RwLock<HashMap<String, Session>>>,
}

impl Library {
    /// An empty library over a recordings folder; [`Self::scan`] fills it.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root: Arc::new(root), sessions: Arc::default() }
    }

    /// The recordings folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Adds a journal line of a session whose journal lies in `folder`.
    pub(crate) fn apply(&self, session: &str, folder: &str, line: &Line) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        let known = sessions
            .entry(session.to_owned())
            .or_insert_with(|| Session::new(session.to_owned(), folder.to_owned()));
        known.apply(folder, line);
    }

    /// A session by its id.
    pub(crate) fn session(&self, id: &str) -> Option<Session> {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        sessions.get(id).cloned()
    }

    /// Reads the journals on the disk. Blocks; a journal that cannot be read is named in the log
    /// and hides no other.
    pub(crate) fn scan(&self) {
        scan::scan(self);
    }
}
