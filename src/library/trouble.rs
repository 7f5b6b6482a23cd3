//! What keeps recordings from the disk at the moment: the recorder says it, the pages ask.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::session::{Publisher, publisher};

/// Of the recordings that the disk has ended, and of which nothing came since, so many are named: a
/// disk that takes nothing is said once.
const MAX_GIVEN_UP: usize = 100;

/// There is little room at so many times the reserve: on a usual disk that is hours of warning.
const LOW: u64 = 2;

/// There is little room no longer when there is so much more than that, in parts of it.
const SLACK: u64 = 10;

/// A disk that refuses is tried again every few seconds, and for a moment nothing is refused: it is
/// well after this.
pub(crate) const DISK_CALM: Duration = Duration::from_secs(10);

/// The state of the recordings' disk. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble {
    held: Arc<watch::Sender<Held>>,
    /// By session.
    refused: Arc<RwLock<BTreeMap<String, Refusal>>>,
    /// Counts the files that have been begun.
    writers: Arc<AtomicU64>,
    room: Arc<watch::Sender<Option<Room>>>,
    under_way: Arc<Mutex<UnderWay>>,
}

/// What the disk has been given to do and has not done.
#[derive(Debug, Default)]
struct UnderWay {
    begun: u64,
    since: BTreeMap<u64, Instant>,
}

/// As long as it lives, the disk has not done what it was given.
#[derive(Debug)]
pub(crate) struct Write {
    under_way: Arc<Mutex<UnderWay>>,
    number: u64,
}

/// Why no media is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Of anybody: free space fell below the reserve.
    pub(crate) all: Option<String>,
    /// Of those who have as much on the disk as they may.
    publishers: BTreeMap<Publisher, String>,
}

impl Held {
    /// How many have as much on the disk as they may.
    pub(crate) fn full_publishers(&self) -> usize {
        self.publishers.len()
    }

    /// Why nothing is taken of this device.
    pub(crate) fn of(&self, device: &str, name: &str) -> Option<&String> {
        self.all.as_ref().or_else(|| {
            let (device, name) = publisher(device, name);
            self.publishers.get(&(device.to_owned(), name.to_owned()))
        })
    }
}

/// What the disk refuses.
#[derive(Debug)]
struct Refusal {
    reason: String,
    /// Where it has ended the recording: the number of the next file to be begun.
    given_up_before: Option<u64>,
}

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) free_bytes: u64,
    /// Below so much no media is taken.
    pub(crate) reserve_bytes: u64,
}

impl Room {
    /// Whether there is little of it, after there was or was not.
    pub(crate) fn is_low(&self, was_low: bool) -> bool {
        let low_bytes = self.reserve_bytes.saturating_mul(LOW);
        let slack_bytes = if was_low { low_bytes / SLACK } else { 0 };
        self.free_bytes < low_bytes.saturating_add(slack_bytes)
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        lock(&self.under_way).since.remove(&self.number);
    }
}

fn lock(under_way: &Mutex<UnderWay>) -> MutexGuard<'_, UnderWay> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Trouble {
    /// Free space fell below the reserve, or there is enough again. Returns whether that is news.
    pub(crate) fn pause(&self, reason: Option<String>) -> bool {
        self.held.send_if_modified(|held| {
            let is_news = held.all.is_some() != reason.is_some();
            held.all = reason;
            is_news
        })
    }

    /// These have as much on the disk as they may. Returns those of whom that is news.
    pub(crate) fn limit(&self, publishers: BTreeMap<Publisher, String>) -> Vec<Publisher> {
        let mut news = Vec::new();
        self.held.send_if_modified(|held| {
            let known = &held.publishers;
            news.extend(publishers.keys().filter(|one| !known.contains_key(*one)).cloned());
            let is_news = !news.is_empty() || known.len() != publishers.len();
            held.publishers = publishers;
            is_news
        });
        news
    }

    /// Why no media is taken, while none is.
    pub(crate) fn held(&self) -> watch::Receiver<Held> {
        self.held.subscribe()
    }

    /// A file is begun: its number.
    pub(crate) fn writer(&self) -> u64 {
        self.writers.fetch_add(1, Ordering::Relaxed)
    }

    /// The disk is given something to do.
    pub(crate) fn write_begins(&self) -> Write {
        let mut under_way = lock(&self.under_way);
        let number = under_way.begun;
        under_way.begun += 1;
        under_way.since.insert(number, Instant::now());
        Write { under_way: Arc::clone(&self.under_way), number }
    }

    /// For how long the disk has had what it has not done, of that the oldest.
    pub(crate) fn oldest_write(&self) -> Option<Duration> {
        let under_way = lock(&self.under_way);
        under_way.since.first_key_value().map(|(_, since)| since.elapsed())
    }

    /// The disk refuses a session's files, which is tried again.
    pub(crate) fn refuse(&self, session: &str, reason: String) {
        let refusal = Refusal { reason, given_up_before: None };
        self.write().insert(session.to_owned(), refusal);
    }

    /// The disk has ended a session's recording. That stands until a file that was begun later,
    /// of this session or another, is written.
    pub(crate) fn give_up(&self, session: &str, reason: String) {
        let given_up_before = Some(self.writers.load(Ordering::Relaxed));
        let mut refused = self.write();
        let given_up = |(session, known): (&String, &Refusal)| {
            known.given_up_before.map(|number| (number, session.clone()))
        };
        let others: Vec<_> = refused.iter().filter_map(given_up).collect();
        if others.len() >= MAX_GIVEN_UP
            && let Some((_, oldest)) = others.into_iter().min()
        {
            refused.remove(&oldest);
        }
        refused.insert(session.to_owned(), Refusal { reason, given_up_before });
    }

    /// A recording was written.
    pub(crate) fn written(&self, session: &str, writer: u64) {
        if self.read().is_empty() {
            return;
        }
        self.write().retain(|refused, refusal| {
            let is_over =
                refusal.given_up_before.map_or(refused == session, |before| writer >= before);
            !is_over
        });
    }

    /// A recording has ended that the disk has not ended.
    pub(crate) fn ended(&self, session: &str) {
        let mut refused = self.write();
        if refused.get(session).is_some_and(|refusal| refusal.given_up_before.is_none()) {
            refused.remove(session);
        }
    }

    /// A session is over: nothing more of it can be refused.
    pub(crate) fn over(&self, session: &str) {
        self.write().remove(session);
    }

    /// What the disk refuses, by session.
    pub(crate) fn refused(&self) -> BTreeMap<String, String> {
        let refused = self.read();
        refused.iter().map(|(session, known)| (session.clone(), known.reason.clone())).collect()
    }

    /// Free space was measured.
    pub(crate) fn measured(&self, room: Room) {
        self.room.send_replace(Some(room));
    }

    /// How much room there was when it was measured last.
    pub(crate) fn room(&self) -> Option<Room> {
        *self.room.borrow()
    }

    /// In one sentence, if anything is wrong.
    pub(crate) fn reason(&self) -> Option<String> {
        let paused = self.held.borrow().all.clone();
        paused.or_else(|| self.read().values().next().map(|refusal| refusal.reason.clone()))
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Refusal>> {
        self.refused.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Refusal>> {
        self.refused.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(trouble: &Trouble) -> Vec<String> {
        trouble.refused().into_keys().collect()
    }

    #[test]
    fn what_is_tried_again_is_over_when_it_is_written_or_ends() {
        let trouble = Trouble::default();
        let writer = trouble.writer();
        trouble.refuse("s-1", "no".to_owned());
        trouble.written("s-2", trouble.writer());
        assert_eq!(names(&trouble), ["s-1"]);
        trouble.written("s-1", writer);
        assert_eq!(trouble.reason(), None);
        trouble.refuse("s-1", "no".to_owned());
        trouble.ended("s-1");
        assert_eq!(trouble.reason(), None);
    }

    #[test]
    fn a_disk_that_ended_a_recording_is_well_only_when_a_later_one_is_written() {
        let trouble = Trouble::default();
        let (first, beside) = (trouble.writer(), trouble.writer());
        trouble.refuse("s-1", "no".to_owned());
        trouble.give_up("s-1", "no".to_owned());
        trouble.ended("s-1");
        trouble.written("s-1", first);
        trouble.written("s-2", beside);
        assert_eq!(names(&trouble), ["s-1"]);
        trouble.written("s-3", trouble.writer());
        assert_eq!(trouble.reason(), None);
        trouble.give_up("s-1", "no".to_owned());
        trouble.over("s-1");
        assert_eq!(trouble.reason(), None);
    }

    #[test]
    fn the_given_up_are_bounded() {
        let trouble = Trouble::default();
        for number in 0..2 * MAX_GIVEN_UP {
            trouble.writer();
            trouble.give_up(&format!("s-{number}"), "no".to_owned());
        }
        assert_eq!(trouble.refused().len(), MAX_GIVEN_UP);
    }
}
