//! Writes what is published to the disk: lossless, synced, and acknowledged only then.

mod commit;
mod disk;
mod names;
mod recording;
mod segments;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::library::Library;
use crate::live::feed::Recording;

/// How files come about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Length of a segment in media time.
    pub(crate) segment: Duration,
}

/// Records every session that arrives, until the hub is gone and the last one is finished.
pub(crate) async fn run(
    mut sessions: mpsc::Receiver<Recording>,
    library: Library,
    settings: Settings,
) {
    let tasks = TaskTracker::new();
    while let Some(recording) = sessions.recv().await {
        tasks.spawn(recording::run(recording, library.clone(), settings));
    }
    tasks.close();
    tasks.wait().await;
}
