//! When something of each session became durable last: the recorder says it, the alarms look.

mod publishers;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::Left;
use super::session::publisher;
use crate::clock::{self, WallUs};
pub(crate) use publishers::{Newest, gives_way};

/// A session that is never stopped is remembered until the server ends. More of them than this
/// are not devices that record; [`Known::make_room`] says which goes first.
const MAX_SESSIONS: usize = 10_000;

/// A device, and the id that it chose for its session.
type Key = (String, String);

/// The sessions that nobody has stopped. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Heartbeats {
    known: Arc<Mutex<Known>>,
    began: Instant,
}

#[derive(Debug)]
struct Known {
    sessions: HashMap<Key, Heartbeat>,
    /// Why sessions are no longer among them, until somebody looks.
    gone: HashMap<Key, Gone>,
    /// What has ended before it is known what an earlier process has left: that knows nothing of
    /// it. `None` once it is known.
    ended: Option<Vec<Heartbeat>>,
}

/// A session that nobody has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    pub(crate) device: String,
    pub(crate) session: String,
    /// The device's name for people.
    pub(crate) name: String,
    pub(crate) started_us: WallUs,
    /// Whether a newer session of the same publisher takes its place: a device records one at a
    /// time, while several raw connections can come from one address.
    pub(crate) gives_way: bool,
    /// Whether anything of it has ever become durable.
    pub(crate) has_recorded: bool,
    /// Whether something of it became durable since it was taken up.
    pub(crate) has_beaten: bool,
    /// When something of it became durable last, or when it was taken up. Not by the wall clock,
    /// which may be set: a computer without a battery starts in the past.
    pub(crate) heard: Instant,
    /// Until when it is durable, for people, or when it was taken up.
    pub(crate) heard_us: WallUs,
}

/// Why a session is no longer looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    Stopped,
    /// A newer one of the same publisher was recorded.
    Followed,
    /// Its publisher went away, and there is nothing to come back to.
    Empty,
    /// There are too many.
    Crowded,
}

impl Heartbeat {
    /// Whose sessions follow one another.
    pub(crate) fn publisher(&self) -> (&str, &str) {
        publisher(&self.device, &self.name)
    }

    fn key(&self) -> Key {
        (self.device.clone(), self.session.clone())
    }

    /// Whether a session that began then stands in its place.
    pub(crate) fn is_followed_by(&self, newer_us: WallUs) -> bool {
        self.gives_way && gives_way(self.started_us, self.heard_us, newer_us)
    }

    fn is_ended_by(&self, ended: &Self) -> bool {
        ended.has_beaten
            && self.publisher() == ended.publisher()
            && self.is_followed_by(ended.started_us)
    }
}

/// Who has taken a session up.
#[derive(Debug)]
pub(crate) struct TakenUp<'a> {
    pub(crate) device: &'a str,
    pub(crate) session: &'a str,
    pub(crate) name: &'a str,
    pub(crate) started_us: WallUs,
    /// Until when there are files of it.
    pub(crate) recorded_us: Option<WallUs>,
    /// Whether a newer session of the same publisher takes its place.
    pub(crate) gives_way: bool,
}

/// By which a recording tells how it is doing.
#[derive(Debug)]
pub(crate) struct Pulse {
    heartbeats: Heartbeats,
    taken_up: Heartbeat,
}

impl Default for Heartbeats {
    fn default() -> Self {
        let ended = Some(Vec::new());
        let known = Known { sessions: HashMap::new(), gone: HashMap::new(), ended };
        Self { known: Arc::new(Mutex::new(known)), began: Instant::now() }
    }
}

impl Heartbeats {
    /// A session is recorded. That alone makes nothing durable: one that comes back after a while
    /// has been silent since.
    pub(crate) fn take_up(&self, who: &TakenUp<'_>) -> Pulse {
        let taken_up = Heartbeat {
            device: who.device.to_owned(),
            session: who.session.to_owned(),
            name: who.name.to_owned(),
            started_us: who.started_us,
            gives_way: who.gives_way,
            has_recorded: who.recorded_us.is_some(),
            has_beaten: false,
            heard: Instant::now(),
            heard_us: who.recorded_us.unwrap_or_else(clock::now_us),
        };
        let mut known = self.lock();
        match known.sessions.get_mut(&taken_up.key()) {
            // Somebody may have called it otherwise.
            Some(session) => session.name.clone_from(&taken_up.name),
            None => known.insert(taken_up.clone()),
        }
        if let Some(ended) = &mut known.ended {
            ended.retain(|ended| ended.key() != taken_up.key());
        }
        drop(known);
        Pulse { heartbeats: self.clone(), taken_up }
    }

    /// A session's publisher has lost its connection for good, and brings another session.
    pub(crate) fn give_way(&self, device: &str, session: &str) {
        let key = (device.to_owned(), session.to_owned());
        if let Some(session) = self.lock().sessions.get_mut(&key) {
            session.gives_way = true;
        }
    }

    /// An earlier process has left these sessions: they are missed from this one's start on. Those
    /// that went on and were stopped meanwhile are not.
    pub(crate) fn expect(&self, left: Vec<Left>) {
        let mut known = self.lock();
        let ended = known.ended.take().unwrap_or_default();
        for left in left {
            let heartbeat = Heartbeat {
                device: left.device,
                session: left.session,
                name: left.name,
                started_us: left.started_us,
                gives_way: true,
                has_recorded: true,
                has_beaten: false,
                heard: self.began,
                heard_us: left.end_us,
            };
            let key = heartbeat.key();
            let is_over =
                ended.iter().any(|ended| ended.key() == key || heartbeat.is_ended_by(ended));
            if !is_over && !known.sessions.contains_key(&key) {
                known.insert(heartbeat);
            }
        }
    }

    /// All of them, and why others have gone since the last look.
    pub(crate) fn look(&self) -> (Vec<Heartbeat>, HashMap<(String, String), Gone>) {
        let mut known = self.lock();
        let gone = std::mem::take(&mut known.gone);
        (known.sessions.values().cloned().collect(), gone)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn insert(&mut self, heartbeat: Heartbeat) {
        let key = heartbeat.key();
        self.gone.remove(&key);
        self.sessions.insert(key.clone(), heartbeat);
        if self.sessions.len() > MAX_SESSIONS {
            self.make_room(&key);
        }
    }

    /// What never recorded anything goes before what did, and then what has been silent longest:
    /// whoever can say hello ten thousand times hides no camera by it.
    fn make_room(&mut self, newest: &Key) {
        let others = self.sessions.iter().filter(|(key, _)| *key != newest);
        let first = others.min_by_key(|(_, session)| (session.has_recorded, session.heard));
        if let Some(key) = first.map(|(key, _)| key.clone()) {
            self.sessions.remove(&key);
            self.note(key, Gone::Crowded);
        }
    }

    fn remove(&mut self, key: &Key, why: Gone) -> Option<Heartbeat> {
        let session = self.sessions.remove(key)?;
        self.note(key.clone(), why);
        if let Some(ended) = self.ended.as_mut().filter(|ended| ended.len() < MAX_SESSIONS) {
            ended.push(session.clone());
        }
        Some(session)
    }

    /// Where nobody looks, there need not be more of them than of those that are looked after.
    fn note(&mut self, key: Key, why: Gone) {
        if self.gone.len() < MAX_SESSIONS {
            self.gone.insert(key, why);
        }
    }
}

impl Pulse {
    /// Something became durable.
    pub(crate) fn beat(&self) {
        let mut known = self.heartbeats.lock();
        let key = self.taken_up.key();
        if !known.sessions.contains_key(&key) {
            // It had to make room, or gave way too early.
            known.insert(self.taken_up.clone());
        }
        if let Some(session) = known.sessions.get_mut(&key) {
            (session.has_recorded, session.has_beaten) = (true, true);
            session.heard = Instant::now();
            session.heard_us = clock::now_us();
        }
    }

    /// It was stopped: nothing more is missed, of earlier sessions neither.
    pub(crate) fn stopped(&self) {
        let mut known = self.heartbeats.lock();
        let Some(stopped) = known.remove(&self.taken_up.key(), Gone::Stopped) else { return };
        let followed = known.sessions.iter().filter(|(_, session)| session.is_ended_by(&stopped));
        let followed: Vec<Key> = followed.map(|(key, _)| key.clone()).collect();
        for key in followed {
            known.remove(&key, Gone::Followed);
        }
    }

    /// It has left nothing to come back to.
    pub(crate) fn forget(&self) {
        self.heartbeats.lock().remove(&self.taken_up.key(), Gone::Empty);
    }

    /// Its publisher's connection is gone for good, and a new one brings another session.
    pub(crate) fn give_way(&self) {
        self.heartbeats.give_way(&self.taken_up.device, &self.taken_up.session);
    }
}

#[cfg(test)]
mod tests;
