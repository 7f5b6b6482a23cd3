//! Which sessions are being recorded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The sessions that are being recorded, by device and id. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashMap<(String, String), usize>>>);

/// As long as it lives, a session is being recorded.
#[derive(Debug)]
pub(crate) struct Run {
    running: Running,
    who: (String, String),
}

impl Running {
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

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    }
}
