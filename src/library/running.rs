//! Which sessions are being recorded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::changes::{Change, Changes};

/// The sessions that are being recorded, by device and id. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running {
    sessions: Arc<Mutex<HashMap<(String, String), usize>>>,
    changes: Changes,
}

/// As long as it lives, a session is being recorded.
#[derive(Debug)]
pub(crate) struct Run {
    running: Running,
    who: (String, String),
}

impl Running {
    /// None so far. What ends is a change.
    pub(super) fn new(changes: Changes) -> Self {
        Self { sessions: Arc::default(), changes }
    }

    /// A session is recorded from now on. One that ends and one that takes it up again may overlap.
    pub(crate) fn begin(&self, device: &str, session: &str) -> Run {
        let who = (device.to_owned(), session.to_owned());
        *self.lock().entry(who.clone()).or_default() += 1;
        Run { running: self.clone(), who }
    }

    /// Whether it is being recorded.
    pub(crate) fn has(&self, device: &str, session: &str) -> bool {
        self.lock().contains_key(&(device.to_owned(), session.to_owned()))
    }

    /// Looks at the devices of all that are being recorded, one for each session.
    pub(crate) fn each_device(&self, look: impl FnMut(&str)) {
        self.lock().keys().map(|(device, _)| device.as_str()).for_each(look);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), usize>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let mut running = self.running.lock();
        if let Some(count) = running.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.who);
            }
        }
        drop(running);
        self.running.changes.tell(|| Change::Session(self.who.1.clone()));
    }
}
