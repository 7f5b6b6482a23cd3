//! The sessions that are open, by id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::session::{self, Handle};
use crate::live::feed::SessionInfo;
use crate::live::{Hub, Publication};

/// A session belongs to its device: another device with the same id has its own.
type Key = (String, String);

/// Open sessions. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Sessions {
    hub: Hub,
    open: Arc<Mutex<HashMap<Key, Handle>>>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Sessions {
    pub(super) fn new(hub: Hub, shutdown: CancellationToken) -> Self {
        Self { hub, open: Arc::default(), tasks: TaskTracker::new(), shutdown }
    }

    /// The session with this id, and whether it was open already. `None` when the recorder has
    /// stopped.
    pub(super) async fn open(&self, info: SessionInfo) -> Option<(Handle, bool)> {
        let key = (info.device.clone(), info.id.clone());
        if let Some(handle) = self.lock().get(&key) {
            return Some((handle.clone(), true));
        }
        let publication = self.hub.publish(info).await?;
        let (handle, task) = session::new(publication, self.shutdown.clone());
        self.lock().insert(key.clone(), handle.clone());
        let sessions = self.clone();
        self.tasks.spawn(async move {
            task.run().await;
            sessions.lock().remove(&key);
        });
        Some((handle, false))
    }

    /// Opens a session that only its own connection feeds.
    pub(super) async fn publish(&self, info: SessionInfo) -> Option<Publication> {
        self.hub.publish(info).await
    }

    /// Waits until every session is over and its files are finished.
    pub(super) async fn finished(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Handle>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
