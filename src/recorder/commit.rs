//! Runs disk steps until they are done, and says so while they cannot be.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::disk::{Disk, DiskError, Outcome, Step};
use crate::live::feed::Durable;
use crate::storage::{self, Storage};

/// Long enough to free some space, short enough that nobody thinks it will not come back.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// The disk of a session, and whom to tell when it refuses.
#[derive(Debug)]
pub(super) struct Writer {
    storage: Arc<dyn Storage>,
    disk: Option<Disk>,
}

impl Writer {
    pub(super) fn new(storage: Arc<dyn Storage>, disk: Disk) -> Self {
        Self { storage, disk: Some(disk) }
    }

    /// Runs the steps; while the disk refuses, waits and tries again, and `durable` says why.
    /// The result is an error when that is of no use ([`DiskError::is_final`]): the file must not
    /// be used further. The outcomes are true all the same.
    pub(super) async fn run(
        &mut self,
        mut steps: VecDeque<Step>,
        durable: &watch::Sender<Durable>,
    ) -> (Vec<Outcome>, Result<(), DiskError>) {
        let mut outcomes = Vec::new();
        loop {
            let Some(disk) = self.disk.take() else { return (outcomes, Ok(())) };
            let task = move || {
                let (mut disk, mut steps, mut outcomes) = (disk, steps, outcomes);
                let result = disk.run(&mut steps, &mut outcomes);
                (disk, steps, outcomes, result)
            };
            let (disk, rest, done, result) = storage::execute(&self.storage, task).await;
            self.disk = Some(disk);
            (steps, outcomes) = (rest, done);
            let Err(error) = result else {
                clear(durable);
                return (outcomes, Ok(()));
            };
            if error.is_final() {
                return (outcomes, Err(error));
            }
            let message = error.to_string();
            let is_news = durable.send_if_modified(|durable| {
                let is_news = durable.storage_error.as_ref() != Some(&message);
                durable.storage_error = Some(message.clone());
                is_news
            });
            if is_news {
                tracing::error!(%error, "recording waits for the disk");
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }
}

fn clear(durable: &watch::Sender<Durable>) {
    durable.send_if_modified(|durable| durable.storage_error.take().is_some());
}
