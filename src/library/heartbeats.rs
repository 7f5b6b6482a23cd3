//! When something of each session became durable last: the recorder says it, the alarms look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::session::{Session, publisher};
use crate::clock::{self, WallUs};

/// A session that is never stopped is remembered until the server ends. More of them than this
/// are not devices that record; the one that has been silent for longest goes first.
const MAX_SESSIONS: usize = 10_000;

/// A device, and the id that it chose for its session.
type Key = (String, String);

/// The sessions that nobody has stopped. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Heartbeats {
    sessions: Arc<Mutex<HashMap<Key, Heartbeat>>>,
    began: Instant,
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
    /// Whether something of it became durable since it was taken up.
    pub(crate) has_beaten: bool,
    /// When something of it became durable last, or when it was taken up. Not by the wall clock,
    /// which may be set: a computer without a battery starts in the past.
    pub(crate) heard: Instant,
    /// The same for people.
    pub(crate) heard_us: WallUs,
}

impl Heartbeat {
    /// Whose sessions follow one another.
    pub(crate) fn publisher(&self) -> (&str, &str) {
        publisher(&self.device, &self.name)
    }

    fn key(&self) -> Key {
        (self.device.clone(), self.session.clone())
    }

    fn is_followed_by(&self, newer: &Self) -> bool {
        self.gives_way
            && self.started_us < newer.started_us
            && self.publisher() == newer.publisher()
    }
}

/// Who has taken a session up.
#[derive(Debug)]
pub(crate) struct TakenUp<'a> {
    pub(crate) device: &'a str,
    pub(crate) session: &'a str,
    pub(crate) name: &'a str,
    pub(crate) started_us: WallUs,
    /// Whether its publisher can come back to it.
    pub(crate) is_resumable: bool,
}

/// By which a recording tells how it is doing.
#[derive(Debug)]
pub(crate) struct Pulse {
    heartbeats: Heartbeats,
    key: Key,
}

impl Default for Heartbeats {
    fn default() -> Self {
        Self { sessions: Arc::default(), began: Instant::now() }
    }
}

impl Heartbeats {
    /// A session is recorded. That alone makes nothing durable: one that comes back after a while
    /// has been silent since.
    pub(crate) fn take_up(&self, who: &TakenUp<'_>) -> Pulse {
        let heartbeat = Heartbeat {
            device: who.device.to_owned(),
            session: who.session.to_owned(),
            name: who.name.to_owned(),
            started_us: who.started_us,
            gives_way: who.is_resumable,
            has_beaten: false,
            heard: Instant::now(),
            heard_us: clock::now_us(),
        };
        let key = heartbeat.key();
        let mut sessions = self.lock();
        sessions.entry(key.clone()).or_insert(heartbeat);
        if sessions.len() > MAX_SESSIONS {
            let others = sessions.iter().filter(|(other, _)| **other != key);
            let longest = others.min_by_key(|(_, known)| known.heard);
            if let Some(longest) = longest.map(|(other, _)| other.clone()) {
                sessions.remove(&longest);
            }
        }
        Pulse { heartbeats: self.clone(), key }
    }

    /// An earlier process has left these sessions: they are missed from this one's start on.
    pub(crate) fn expect(&self, left: Vec<Session>) {
        let mut sessions = self.lock();
        for session in left {
            let heartbeat = Heartbeat {
                started_us: session.started_us,
                gives_way: true,
                has_beaten: false,
                heard: self.began,
                heard_us: session.end_us().unwrap_or(session.started_us),
                device: session.device,
                session: session.id,
                name: session.name,
            };
            if sessions.len() < MAX_SESSIONS {
                sessions.entry(heartbeat.key()).or_insert(heartbeat);
            }
        }
    }

    /// All of them.
    pub(crate) fn list(&self) -> Vec<Heartbeat> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Heartbeat>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pulse {
    /// Something became durable.
    pub(crate) fn beat(&self) {
        if let Some(known) = self.heartbeats.lock().get_mut(&self.key) {
            known.has_beaten = true;
            known.heard = Instant::now();
            known.heard_us = clock::now_us();
        }
    }

    /// It was stopped: nothing more is missed, of earlier sessions neither.
    pub(crate) fn stopped(&self) {
        let mut sessions = self.heartbeats.lock();
        let Some(stopped) = sessions.remove(&self.key) else { return };
        if stopped.has_beaten {
            sessions.retain(|_, known| !known.is_followed_by(&stopped));
        }
    }

    /// It has left nothing to come back to.
    pub(crate) fn forget(&self) {
        self.heartbeats.lock().remove(&self.key);
    }

    /// Its publisher's connection is closed for good, and a new one brings another session.
    pub(crate) fn give_way(&self) {
        if let Some(known) = self.heartbeats.lock().get_mut(&self.key) {
            known.gives_way = true;
        }
    }
}

/// Which session counts for each publisher, by the time of its beginning: the newest of which
/// something became durable.
pub(crate) fn newest(sessions: &[Heartbeat]) -> HashMap<(&str, &str), WallUs> {
    let mut newest = HashMap::new();
    for known in sessions.iter().filter(|known| known.has_beaten) {
        let latest = newest.entry(known.publisher()).or_insert(known.started_us);
        *latest = known.started_us.max(*latest);
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_up(heartbeats: &Heartbeats, device: &str, session: &str, started_us: i64) -> Pulse {
        let who = TakenUp { device, session, name: device, started_us, is_resumable: true };
        heartbeats.take_up(&who)
    }

    fn names(heartbeats: &Heartbeats) -> Vec<String> {
        let mut names: Vec<_> = heartbeats.list().into_iter().map(|known| known.session).collect();
        names.sort();
        names
    }

    #[tokio::test(start_paused = true)]
    async fn coming_back_is_no_sign_of_life_but_durable_media_is() {
        let heartbeats = Heartbeats::default();
        let pulse = take_up(&heartbeats, "a", "s-1", 1);
        pulse.beat();
        let heard = heartbeats.list()[0].heard;
        tokio::time::advance(std::time::Duration::from_secs(9)).await;
        let again = take_up(&heartbeats, "a", "s-1", 1);
        assert_eq!(heartbeats.list()[0].heard, heard);
        again.beat();
        assert_eq!(heartbeats.list()[0].heard, Instant::now());
    }

    #[test]
    fn stop_ends_what_the_same_device_left_before() {
        let heartbeats = Heartbeats::default();
        let _left = take_up(&heartbeats, "a", "s-1", 1);
        let _other = take_up(&heartbeats, "b", "s-2", 1);
        let newer = take_up(&heartbeats, "a", "s-3", 3);
        let _newest = take_up(&heartbeats, "a", "s-4", 4);
        newer.beat();
        newer.stopped();
        assert_eq!(names(&heartbeats), ["s-2", "s-4"]);
    }

    #[test]
    fn a_session_that_recorded_nothing_takes_no_place() {
        let heartbeats = Heartbeats::default();
        let _left = take_up(&heartbeats, "a", "s-1", 1);
        take_up(&heartbeats, "a", "s-2", 2).stopped();
        assert_eq!(names(&heartbeats), ["s-1"]);
    }

    #[test]
    fn their_number_is_bounded() {
        let heartbeats = Heartbeats::default();
        for number in 0..=MAX_SESSIONS {
            let _pulse = take_up(&heartbeats, &format!("device-{number}"), "s", 1);
        }
        assert_eq!(heartbeats.list().len(), MAX_SESSIONS);
    }
}
