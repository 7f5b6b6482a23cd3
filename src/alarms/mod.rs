//! What people must know at once: a recording that has gone silent, a disk that takes no more.
//! `docs/alarms.md`.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

/// Something that is wrong now. It stays the same from its rise to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Alarm {
    /// Of this rise: when the same thing goes wrong again, that is another alarm.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// Since when it has been wrong, which is before it was noticed.
    pub(crate) since_ms: i64,
    pub(crate) device: Option<String>,
    /// The device's name for people.
    pub(crate) name: Option<String>,
    pub(crate) session: Option<String>,
    /// One sentence for people.
    pub(crate) message: String,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A session that nobody has stopped makes nothing durable.
    Silent,
    /// Free space comes close to the reserve.
    DiskLow,
    /// Recording is paused for want of space.
    DiskFull,
    /// The disk refuses for another reason.
    DiskRefused,
}

/// The alarms of the moment, oldest first.
pub(crate) type List = watch::Receiver<Arc<[Alarm]>>;

/// The alarms of this server. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Alarms {
    list: List,
}

impl Alarms {
    /// The alarms of the moment, and word of each change.
    pub(crate) fn list(&self) -> List {
        self.list.clone()
    }
}
