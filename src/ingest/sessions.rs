//! The sessions that are open, by id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::session::{self, Handle};
use crate::live::feed::SessionInfo;
use crate::live::{Hub, Publication};

/// How long a stopped session is remembered: a device that was cut off at the last moment comes
/// back within minutes.
const REMEMBER: Duration = Duration::from_secs(600);

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

    /// The session with this id, and whether it was open already.
    pub(super) fn open(&self, info: SessionInfo) -> (Handle, bool) {
        let key = (info.device.clone(), info.id.clone());
        let mut open = self.lock();
        if let Some(handle) = open.get(&key) {
            return (handle.clone(), true);
        }
        let (publication, opening) = self.hub.publish(info);
        let (handle, task) = session::new(publication, self.shutdown.clone());
        open.insert(key.clone(), handle.clone());
        let listed = Listed { sessions: self.clone(), key, handle: handle.clone() };
        self.tasks.spawn(async move {
            opening.send().await;
            task.run().await;
            if listed.is_stopped() {
                // Until then a device that lost the summary gets it without a look at the disk.
                let shutdown = listed.sessions.shutdown.clone();
                let _ = tokio::time::timeout(REMEMBER, shutdown.cancelled()).await;
            }
            drop(listed);
        });
        (handle, false)
    }

    /// Opens a session that only its own connection feeds.
    pub(super) async fn publish(&self, info: SessionInfo) -> Publication {
        let (publication, opening) = self.hub.publish(info);
        opening.send().await;
        publication
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

/// A session's place in the list, given up however its task ends.
struct Listed {
    sessions: Sessions,
    key: Key,
    handle: Handle,
}

impl Listed {
    fn is_stopped(&self) -> bool {
        self.handle.durable.borrow().finished.as_ref().is_some_and(|finished| finished.is_stopped)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut open = self.sessions.lock();
        if open.get(&self.key).is_some_and(|known| known.is(&self.handle)) {
            open.remove(&self.key);
        }
    }
}
