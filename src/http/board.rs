//! The list of devices, made once for all who are told.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::api::devices::publishers;
use crate::devices::{Device, Devices};
use crate::live::Streams;

/// A burst of changes is one.
const SETTLE: Duration = Duration::from_millis(50);

/// The list as it is at the moment. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    list: watch::Receiver<Arc<[Device]>>,
}

impl Board {
    /// Keeps the list until nobody is left to read it.
    pub(crate) fn new(devices: Devices, streams: Streams) -> Self {
        let now = move |devices: &Devices, streams: &Streams| -> Arc<[Device]> {
            devices.list(&publishers(streams)).into()
        };
        let (mut said, mut published) = (devices.changes(), streams.changes());
        let (sender, list) = watch::channel(now(&devices, &streams));
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    Ok(()) = said.changed() => {}
                    Ok(()) = published.changed() => {}
                    () = sender.closed() => return,
                }
                tokio::time::sleep(SETTLE).await;
                said.mark_unchanged();
                published.mark_unchanged();
                let new = now(&devices, &streams);
                sender.send_if_modified(|told| {
                    let is_news = *told != new;
                    *told = new;
                    is_news
                });
            }
        });
        Self { list }
    }

    /// For one who is told the list and each of its changes.
    pub(super) fn follow(&self) -> watch::Receiver<Arc<[Device]>> {
        self.list.clone()
    }
}
