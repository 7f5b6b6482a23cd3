//! What keeps recordings from the disk at the moment: the recorder says it, the pages ask.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

/// The state of the recordings' disk. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble {
    paused: Arc<watch::Sender<Option<String>>>,
    /// By session.
    refused: Arc<RwLock<BTreeMap<String, String>>>,
    room: Arc<watch::Sender<Option<Room>>>,
}

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) free_bytes: u64,
    /// Below so much no media is taken.
    pub(crate) reserve_bytes: u64,
}

impl Trouble {
    /// Free space fell below the reserve, or there is enough again. Returns whether that is news.
    pub(crate) fn pause(&self, reason: Option<String>) -> bool {
        self.paused.send_if_modified(|known| {
            let is_news = known.is_some() != reason.is_some();
            *known = reason;
            is_news
        })
    }

    /// Why no media is taken, while none is.
    pub(crate) fn paused(&self) -> watch::Receiver<Option<String>> {
        self.paused.subscribe()
    }

    /// The disk refuses a session's files, or takes them again.
    pub(crate) fn refuse(&self, session: &str, reason: Option<String>) {
        let mut refused = self.refused.write().unwrap_or_else(PoisonError::into_inner);
        match reason {
            Some(reason) => drop(refused.insert(session.to_owned(), reason)),
            None => drop(refused.remove(session)),
        }
    }

    /// What the disk refuses, by session.
    pub(crate) fn refused(&self) -> BTreeMap<String, String> {
        self.refused.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Free space was measured.
    pub(crate) fn measured(&self, room: Room) {
        self.room.send_replace(Some(room));
    }

    /// How much room there was when it was measured last.
    pub(crate) fn room(&self) -> Option<Room> {
        *self.room.borrow()
    }

    /// In one sentence, if anything is wrong.
    pub(crate) fn reason(&self) -> Option<String> {
        let paused = self.paused.borrow().clone();
        let refused = self.refused.read().unwrap_or_else(PoisonError::into_inner);
        paused.or_else(|| refused.values().next().cloned())
    }
}
