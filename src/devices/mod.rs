//! The devices that are known, what they say of themselves, and commands on their way to them
//! (`docs/control.md`).

pub(crate) mod command;
mod link;
mod list;
mod newcomers;
mod registry;
mod report;
mod running;
mod saving;
mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::clock;
pub(crate) use command::{Answer, Code, Command, Order, Refusal, Target, id_of};
pub(crate) use link::{Link, ToDevice};
pub(crate) use list::{Device, Publisher};
pub(crate) use registry::NotAdmitted;
use registry::{Registry, Speaker};
pub(crate) use report::{KeyHash, Said};
pub(crate) use running::Running;
use saving::Saving;
use store::Store;
pub(crate) use store::{KNOWN as FILE, NotLoaded};

/// Commands that a device has not answered. Nobody presses faster than a device does things; what
/// comes beyond that is told `busy`.
const MAX_PENDING: usize = 8;

/// Everything about devices. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Devices {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    inner: Mutex<Inner>,
    changed: watch::Sender<()>,
    saving: Saving,
}

#[derive(Debug)]
struct Inner {
    registry: Registry,
    /// By the numbers of their connections, which count up.
    outboxes: HashMap<u64, Outbox>,
    connections: u64,
    commands: u64,
}

/// A device's connection as commands reach it. Dropping it ends what is pending.
#[derive(Debug)]
struct Outbox {
    orders: mpsc::Sender<ToDevice>,
    /// By the server's ids, which count up.
    pending: BTreeMap<u64, Pending>,
}

/// A command that its device has not answered.
#[derive(Debug)]
struct Pending {
    answers: mpsc::Sender<Answer>,
    /// Whether it has been told that the person there is being asked.
    is_asked: bool,
}

impl Devices {
    /// The devices that the state folder remembers.
    ///
    /// # Errors
    /// When its file is there and cannot be read, or is a newer version's.
    pub(crate) fn load(state: PathBuf) -> Result<Self, NotLoaded> {
        let store = Store::new(state);
        let registry = Registry::new(store.load()?);
        Ok(Self::with(store, registry))
    }

    fn with(store: Store, registry: Registry) -> Self {
        let saving = Saving::new(store, store::text(registry.iter()));
        let inner = Inner { registry, outboxes: HashMap::new(), connections: 0, commands: 0 };
        let shared = Shared { inner: Mutex::new(inner), changed: watch::Sender::new(()), saving };
        Self { shared: Arc::new(shared) }
    }

    /// None, and nothing is remembered.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self::with(Store::new(PathBuf::new()), Registry::default())
    }

    /// Whether a device is known by this id that has another key.
    pub(crate) fn is_anothers(&self, device: &str, key: &str) -> bool {
        let key = KeyHash::of(key);
        self.lock().registry.get(device).is_some_and(|known| !known.key.is(&key))
    }

    /// What a device calls itself, if it is known.
    pub(crate) fn name_of(&self, device: &str) -> Option<String> {
        self.lock().registry.get(device).map(|known| known.name.clone())
    }

    /// Everyone who is known or publishes, by id.
    pub(crate) fn list(&self, publishers: &[Publisher]) -> Vec<Device> {
        list::list(&self.lock().registry, publishers)
    }

    /// Says when the list changes, apart from what publishers change.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.shared.changed.subscribe()
    }

    /// A connection from an address, over which a device may speak.
    pub(crate) fn connect(&self, from: IpAddr) -> Link {
        let mut inner = self.lock();
        inner.connections += 1;
        Link::new(self.clone(), Speaker { connection: inner.connections, from, is_admitted: false })
    }

    /// The devices that a command is for.
    pub(crate) fn resolve(
        &self,
        to: &Target,
        publishers: &[Publisher],
    ) -> Result<Vec<String>, Refusal> {
        self.lock().registry.resolve(to, publishers)
    }

    /// Hands an order to a device, for somebody at `from`.
    ///
    /// # Errors
    /// When it is known beforehand that nothing will come of it.
    pub(crate) fn command(
        &self,
        device: &str,
        order: &Order,
        from: IpAddr,
    ) -> Result<Running, Refusal> {
        if let Order::Groups(groups) = order {
            return self.set_groups(device, groups);
        }
        let mut inner = self.lock();
        let connection = inner.registry.check(device, order)?;
        inner.commands += 1;
        let number = inner.commands;
        let busy = || Code::Busy.because("too many commands wait for this device's answer");
        let outbox = inner.outboxes.get_mut(&connection).ok_or_else(busy)?;
        // Whoever gave the command may be gone.
        outbox.pending.retain(|_, pending| !pending.answers.is_closed());
        if outbox.pending.len() >= MAX_PENDING {
            return Err(busy());
        }
        let (running, answers) = Running::new(device);
        let to_device =
            ToDevice::new(number, order.clone(), from.to_canonical(), answers.downgrade());
        outbox.orders.try_send(to_device).map_err(|_| busy())?;
        outbox.pending.insert(number, Pending { answers, is_asked: false });
        Ok(running)
    }

    fn set_groups(&self, device: &str, groups: &[String]) -> Result<Running, Refusal> {
        let changed = self.lock().registry.set_groups(device, groups);
        let Some(is_new) = changed else {
            let sentence = "only devices that have had a control connection have groups";
            return Err(Code::Unsupported.because(sentence));
        };
        if is_new {
            self.notify();
        }
        // Also what is as it was may still wait for the disk.
        Ok(Running::saving(self.shared.saving.wait()))
    }

    /// Writes what changes until the future is dropped.
    pub(crate) async fn keep(&self) {
        self.shared.saving.run(|| self.text()).await;
    }

    /// The server ends: writes what is not yet written, and until when devices were there.
    pub(crate) async fn close(&self) {
        self.lock().registry.all_leave(clock::now_ms());
        self.shared.saving.save(|| self.text()).await;
    }

    fn text(&self) -> String {
        store::text(self.lock().registry.iter())
    }

    fn hear(
        &self,
        said: Said,
        by: Speaker,
        publishers: impl FnOnce() -> Vec<Publisher>,
    ) -> Result<Option<mpsc::Receiver<ToDevice>>, NotAdmitted> {
        // Whoever publishes with its key is there already, though the registry does not know it.
        let is_new = self.lock().registry.get(&said.device).is_none();
        if is_new && publishers().iter().any(|publisher| publisher.contradicts(&said)) {
            return Err(NotAdmitted::NotYours);
        }
        let mut inner = self.lock();
        let heard = inner.registry.hear(said, by, clock::now_ms())?;
        if let Some(older) = heard.took_over {
            inner.outboxes.remove(&older);
        }
        let received = (!by.is_admitted).then(|| {
            let (orders, received) = mpsc::channel(MAX_PENDING);
            inner.outboxes.insert(by.connection, Outbox { orders, pending: BTreeMap::new() });
            received
        });
        drop(inner);
        if heard.is_news {
            self.notify();
        }
        if heard.is_worth_saving {
            self.shared.saving.want();
        }
        Ok(received)
    }

    fn answered(&self, connection: u64, number: u64, answer: Answer) {
        let mut inner = self.lock();
        let Some(outbox) = inner.outboxes.get_mut(&connection) else { return };
        match answer {
            Answer::Asking(_) => {
                // Once, so that there is always room for what comes of it.
                let pending = outbox.pending.get_mut(&number);
                if let Some(pending) = pending.filter(|pending| !pending.is_asked) {
                    pending.is_asked = true;
                    let _ = pending.answers.try_send(answer);
                }
            }
            Answer::Over(_) => {
                if let Some(pending) = outbox.pending.remove(&number) {
                    // Who asked may be gone.
                    let _ = pending.answers.try_send(answer);
                }
            }
        }
    }

    fn leave(&self, device: &str, connection: u64) {
        let mut inner = self.lock();
        inner.outboxes.remove(&connection);
        let is_news = inner.registry.leave(device, connection, clock::now_ms());
        drop(inner);
        if is_news {
            self.notify();
        }
    }

    fn notify(&self) {
        self.shared.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
