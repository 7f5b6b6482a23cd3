//! Runs disk steps until they are done, and says so while they cannot be.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::disk::{Disk, Outcome, Step};
use super::fault::DiskError;
use crate::library::Trouble;
use crate::live::feed::Durable;
use crate::metrics;
use crate::storage::{self, Storage};

/// Long enough to free some space, short enough that nobody thinks it will not come back.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// A file on a disk that was unplugged or mounted anew does not come back, its name does: after
/// so many refusals that are not for want of room the files are opened again.
const MAX_ATTEMPTS: u32 = 5;

/// The disk of a session, and whom to tell when it refuses.
#[derive(Debug)]
pub(super) struct Writer {
    session: String,
    trouble: Trouble,
    /// The number of its newest file among all that are written.
    number: u64,
    storage: Arc<dyn Storage>,
    disk: Option<Disk>,
}

impl Writer {
    pub(super) fn new(
        session: String,
        trouble: Trouble,
        storage: Arc<dyn Storage>,
        disk: Disk,
    ) -> Self {
        let number = trouble.writer();
        Self { session, trouble, number, storage, disk: Some(disk) }
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
        let mut attempts = 0;
        if steps.iter().any(|step| matches!(step, Step::Create { .. })) {
            // A file that is begun now shows how the disk is now.
            self.number = self.trouble.writer();
        }
        loop {
            let Some(mut disk) = self.disk.take() else { return (outcomes, Ok(())) };
            let under_way = self.trouble.write_begins();
            let result = match disk.group(&steps) {
                Some((group, sync)) => {
                    let work = move || {
                        let mut steps = steps;
                        let result = disk.run_to_sync(&mut steps);
                        let sync = result.is_ok().then_some(sync);
                        ((disk, steps, result), sync)
                    };
                    let ((mut disk, mut rest, result), synced) = group.commit(work).await;
                    let result = result.and_then(|()| disk.synced(&mut rest, synced));
                    self.disk = Some(disk);
                    steps = rest;
                    result
                }
                None => {
                    let work = move || {
                        let (mut disk, mut steps, mut outcomes) = (disk, steps, outcomes);
                        let result = disk.run(&mut steps, &mut outcomes);
                        (disk, steps, outcomes, result)
                    };
                    let (disk, rest, done, result) = storage::execute(&self.storage, work).await;
                    self.disk = Some(disk);
                    (steps, outcomes) = (rest, done);
                    result
                }
            };
            drop(under_way);
            let Err(error) = result else {
                self.clear(durable);
                return (outcomes, Ok(()));
            };
            metrics::DISK_ERRORS.add(1);
            attempts += u32::from(!error.is_full());
            if error.is_final() || attempts > MAX_ATTEMPTS {
                return (outcomes, Err(error));
            }
            let message = error.to_string();
            let is_news = durable.send_if_modified(|durable| {
                let is_news = durable.storage_error.as_ref() != Some(&message);
                durable.storage_error = Some(message.clone());
                is_news
            });
            if is_news {
                self.trouble.refuse(&self.session, message);
                tracing::error!(%error, "recording waits for the disk");
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    fn clear(&self, durable: &watch::Sender<Durable>) {
        durable.send_if_modified(|durable| durable.storage_error.take().is_some());
        self.trouble.written(&self.session, self.number);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.trouble.ended(&self.session);
    }
}
