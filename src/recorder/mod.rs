//! Writes what is published to the disk: lossless, synced, and acknowledged only then.

mod commit;
mod disk;
mod generation;
mod names;
mod opening;
mod recording;
mod recovery;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio_util::task::TaskTracker;

use crate::library::{Library, Unfinished};
use crate::live::feed::Recording;
use crate::storage::{self, Storage};
use recovery::Ledger;

/// Sessions that are made whole at once: enough to keep a disk busy.
const RECOVERIES: usize = 8;

/// How files come about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Length of a segment in media time.
    pub(crate) segment: Duration,
}

/// What every recording needs. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    storage: Arc<dyn Storage>,
    library: Library,
    settings: Settings,
    ledger: Ledger,
    is_recovered: Arc<watch::Sender<bool>>,
}

impl Recorder {
    /// Records into the library's folder.
    pub(crate) fn new(storage: Arc<dyn Storage>, library: Library, settings: Settings) -> Self {
        let is_recovered = Arc::new(watch::Sender::new(false));
        Self { storage, library, settings, ledger: Ledger::default(), is_recovered }
    }

    /// Records every session that arrives, until the hub is gone and the last one is finished.
    pub(crate) async fn run(self, mut sessions: mpsc::Receiver<Recording>) {
        let tasks = TaskTracker::new();
        while let Some(recording) = sessions.recv().await {
            tasks.spawn(recording::run(recording, self.clone()));
        }
        tasks.close();
        tasks.wait().await;
    }

    /// Reads the library and makes whole what a crash has left in it. New sessions do not wait
    /// for it; those that were interrupted do.
    pub(crate) async fn recover(&self) {
        let (library, storage) = (self.library.clone(), Arc::clone(&self.storage));
        let unfinished = storage::execute(&self.storage, move || library.scan(&*storage)).await;
        let recoveries = unfinished.into_iter().map(|unfinished| self.recover_session(unfinished));
        futures_util::stream::iter(recoveries).buffer_unordered(RECOVERIES).collect::<()>().await;
        self.is_recovered.send_replace(true);
    }

    async fn recover_session(&self, unfinished: Unfinished) {
        let site = self.site(unfinished.session.clone(), unfinished.journal);
        let recovering = move || site.recover().map(drop);
        if let Err(error) = storage::execute(&self.storage, recovering).await {
            let session = unfinished.session;
            tracing::error!(session, %error, "the files of an interrupted recording stay as they are until the disk allows more");
        }
    }

    /// Waits until [`Self::recover`] is done.
    async fn recovered(&self) {
        // The sender lives as long as the recorder does.
        let _ = self.is_recovered.subscribe().wait_for(|recovered| *recovered).await;
    }
}
