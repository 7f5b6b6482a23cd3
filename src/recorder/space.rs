//! Watches how much room is left.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Recorder;
use crate::library::Room;
use crate::storage;

/// A hundred devices at full speed write some 25 MB in this time; the reserve is larger.
const INTERVAL: Duration = Duration::from_secs(2);

/// Recording goes on when there is so much more than the reserve, in parts of it: otherwise a disk
/// at the edge would start and stop it every few seconds.
const SLACK: u64 = 10;

const MEGABYTE: u64 = 1_000_000;

impl Recorder {
    /// Pauses recording while less than the reserve is free. Runs for ever.
    pub(crate) async fn watch_space(self) {
        loop {
            let (storage, root) = (self.storage.clone(), self.library.root().to_owned());
            let measured = move || storage.free_bytes(&root);
            match storage::execute(&self.storage, measured).await {
                Ok(free_bytes) => self.judge(free_bytes),
                Err(error) => tracing::debug!(%error, "cannot measure free space"),
            }
            self.limit();
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Takes nothing more of devices that have as much on the disk as they may.
    fn limit(&self) {
        let Some(max_bytes) = self.settings.get().max_device_bytes else {
            // There may have been one before.
            self.library.trouble().limit(BTreeMap::new());
            return;
        };
        let taken = self.library.taken_bytes().into_iter();
        let full = taken.filter(|(_, bytes)| *bytes >= max_bytes).map(|(publisher, bytes)| {
            let reason = format!(
                "this device has {} MB on the server's disk and may have {} MB there; the server \
                 goes on writing by itself when some of that is deleted, or it may have more",
                bytes / MEGABYTE,
                max_bytes / MEGABYTE
            );
            (publisher, reason)
        });
        for (device, _) in self.library.trouble().limit(full.collect()) {
            tracing::warn!(
                %device,
                "recording of a device is paused: it has as much on the disk as max_device_mb lets it"
            );
        }
    }

    fn judge(&self, free_bytes: u64) {
        let reserve_bytes = self.settings.get().reserve_bytes;
        let trouble = self.library.trouble();
        trouble.measured(Room { free_bytes, reserve_bytes });
        let is_paused = trouble.held().borrow().all.is_some();
        let resume_bytes = reserve_bytes.saturating_add(reserve_bytes / SLACK);
        let enough_bytes = if is_paused { resume_bytes } else { reserve_bytes };
        let reason = (free_bytes < enough_bytes).then(|| {
            format!(
                "only {} MB are free on the server's disk; it goes on writing by itself when \
                 there are {} MB",
                free_bytes / MEGABYTE,
                resume_bytes.div_ceil(MEGABYTE)
            )
        });
        let text = reason.clone();
        if trouble.pause(reason) {
            match text {
                Some(text) => tracing::error!("recording is paused: {text}"),
                None => tracing::info!(
                    free_mb = free_bytes / MEGABYTE,
                    "there is room again: recording goes on"
                ),
            }
        }
    }
}
