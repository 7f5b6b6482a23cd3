//! What is live, by name.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::stream::{About, Owner, State, Stream};
use crate::clock;

/// Names have at most this many characters.
const MAX_NAME: usize = 64;

/// The streams that are live. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Streams {
    streams: Arc<Mutex<BTreeMap<String, Arc<Stream>>>>,
    /// Names that are kept for one publisher, by its id.
    reserved: Arc<Mutex<BTreeMap<String, String>>>,
    changed: Arc<watch::Sender<()>>,
}

/// How much of what is recorded devices have not sent yet: of those that are behind.
#[derive(Debug, Default)]
pub(crate) struct Behind(HashMap<(String, String), i64>);

impl Behind {
    /// In microseconds, of a device's session.
    pub(crate) fn us_of(&self, device: &str, session: &str) -> Option<i64> {
        self.0.get(&(device.to_owned(), session.to_owned())).copied()
    }
}

impl Streams {
    /// A stream by its name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Stream>> {
        self.lock().get(name).cloned()
    }

    /// All of them, by name.
    pub(crate) fn list(&self) -> Vec<About> {
        let streams: Vec<Arc<Stream>> = self.lock().values().cloned().collect();
        streams.iter().map(|stream| stream.about()).collect()
    }

    /// How they are doing.
    pub(crate) fn states(&self) -> Vec<State> {
        let streams: Vec<Arc<Stream>> = self.lock().values().cloned().collect();
        streams.iter().map(|stream| stream.state().0).collect()
    }

    /// How far behind are those who are.
    pub(crate) fn behind(&self) -> Behind {
        let now_us = clock::now_us();
        let streams: Vec<Arc<Stream>> = self.lock().values().cloned().collect();
        let mut behind = Behind::default();
        for (of, behind_us) in streams.iter().filter_map(|stream| stream.behind_us(now_us)) {
            let known = behind.0.entry(of).or_default();
            *known = behind_us.max(*known);
        }
        behind
    }

    /// Says when streams come, go, or change.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Keeps a name for a publisher until it is given back.
    pub(super) fn reserve(&self, name: &str, device: &str) {
        self.reserved().insert(name.to_owned(), device.to_owned());
    }

    /// Gives a name back.
    pub(super) fn free(&self, name: &str, device: &str) {
        let mut reserved = self.reserved();
        if reserved.get(name).is_some_and(|known| known == device) {
            reserved.remove(name);
        }
    }

    fn is_kept_from(&self, name: &str, device: &str) -> bool {
        self.reserved().get(name).is_some_and(|known| known != device)
    }

    fn reserved(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn notify(&self) {
        self.changed.send_replace(());
    }

    /// The stream of a publisher whose media is live. A device's next session takes over the
    /// stream of the one before, unless both are live.
    pub(super) fn claim(&self, owner: &Owner, wish: &str) -> Arc<Stream> {
        let now_us = clock::now_us();
        let mut streams = self.lock();
        let mut number = 1;
        loop {
            let name = numbered(wish, number);
            if self.is_kept_from(&name, &owner.device) {
                number += 1;
                continue;
            }
            let Some(stream) = streams.get(&name) else {
                let stream = Arc::new(Stream::new(name.clone(), owner.clone()));
                streams.insert(name, Arc::clone(&stream));
                drop(streams);
                self.notify();
                return stream;
            };
            let mut shared = stream.lock();
            let is_free =
                shared.owner.device == owner.device && shared.state(now_us) != State::Live;
            if shared.owner == *owner || is_free {
                shared.owner = owner.clone();
                drop(shared);
                return Arc::clone(stream);
            }
            drop(shared);
            number += 1;
        }
    }

    /// The publisher has ended.
    pub(super) fn release(&self, stream: &Arc<Stream>, owner: &Owner) {
        {
            // Nobody claims it in between.
            let mut streams = self.lock();
            if stream.lock().owner != *owner {
                return;
            }
            streams.retain(|_, known| !Arc::ptr_eq(known, stream));
            stream.end();
        }
        self.notify();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Stream>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name for addresses: small letters, digits and hyphens.
pub(super) fn slug(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let text: String = text.chars().map(plain).collect();
    let parts: Vec<&str> = text.split('-').filter(|part| !part.is_empty()).collect();
    let mut slug = parts.join("-");
    slug.truncate(MAX_NAME);
    if slug.is_empty() { "stream".to_owned() } else { slug }
}

/// The name that the stream of a device has, unless another one was there first.
pub(crate) fn stream_name_of(device: &str) -> String {
    slug(device)
}

fn numbered(wish: &str, number: u32) -> String {
    if number == 1 {
        return wish.to_owned();
    }
    let suffix = format!("-{number}");
    format!("{}{suffix}", &wish[..wish.len().min(MAX_NAME - suffix.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_into_addresses() {
        assert_eq!(slug("device-7Q2m"), "device-7q2m");
        assert_eq!(slug("raw [fe80::1%eth0]:5001"), "raw-fe80-1-eth0-5001");
        assert_eq!(slug("…"), "stream");
        assert_eq!(slug(&"x".repeat(100)).len(), MAX_NAME);
        assert_eq!(numbered(&"x".repeat(64), 12).len(), MAX_NAME);
    }

    fn owner(device: &str, session: &str) -> Owner {
        Owner {
            device: device.to_owned(),
            key_sha256: None,
            session: session.to_owned(),
            title: String::new(),
            source: None,
        }
    }

    #[test]
    fn a_name_that_is_kept_goes_to_nobody_else() {
        let streams = Streams::default();
        streams.reserve("door", "source:door");
        assert_eq!(streams.claim(&owner("door", "1"), "door").name(), "door-2");
        assert_eq!(streams.claim(&owner("source:door", "2"), "door").name(), "door");
        streams.free("door", "another");
        assert_eq!(streams.claim(&owner("else", "3"), "door").name(), "door-3");
    }

    #[test]
    fn a_device_has_one_stream_and_nobody_elses() {
        let streams = Streams::default();
        let first = streams.claim(&owner("a", "1"), "a");
        first.lock().is_live_now(1);
        // Another device whose id looks the same in an address, and a second session of the first.
        let other = streams.claim(&owner("A", "2"), "a");
        let second = streams.claim(&owner("a", "3"), "a");
        let names: Vec<String> = streams.list().into_iter().map(|about| about.name).collect();
        assert_eq!(names, ["a", "a-2", "a-3"]);
        assert!(!Arc::ptr_eq(&first, &other) && !Arc::ptr_eq(&first, &second));
        first.lock().is_away = true;
        assert!(Arc::ptr_eq(&first, &streams.claim(&owner("a", "4"), "a")));
        // The one that has lost it takes nothing down with it.
        streams.release(&first, &owner("a", "1"));
        assert!(streams.get("a").is_some());
        streams.release(&first, &owner("a", "4"));
        assert!(streams.get("a").is_none());
    }
}
