//! What has been recorded: a fold over the session journals, held in memory.

pub(crate) mod archive;
mod changes;
pub(crate) mod download;
pub(crate) mod editing;
mod heartbeats;
pub(crate) mod journal;
pub(crate) mod listing;
pub(crate) mod names;
mod news;
pub(crate) mod reels;
mod running;
mod scan;
mod session;
mod trouble;
mod usage;
mod verify;

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::clock::WallUs;
use crate::storage::Storage;
pub(crate) use changes::{Change, Changes};
use heartbeats::gives_way;
pub(crate) use heartbeats::{Gone, Heartbeat, Heartbeats, Newest, TakenUp};
use journal::Line;
use news::Newsroom;
pub(crate) use news::{News, What};
use reels::Reels;
pub(crate) use running::Running;
pub(crate) use scan::Unfinished;
use scan::Unread;
pub(crate) use session::{Deletion, File, Gap, Kept, Mark, Publisher, SOURCE, Session};
pub(crate) use trouble::{DISK_CALM, Held, Room, Trouble};
pub(crate) use usage::Growth;
use usage::Usage;
pub(crate) use verify::{Problem, Verification, verify};

/// The sessions of one recordings folder. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Library {
    root: Arc<PathBuf>,
    /// By id. Ids are the devices' own choice, so two devices can have chosen the same.
    /// Whoever looks at one holds it as it was; a change makes another one then.
    sessions: Arc<RwLock<HashMap<String, Vec<Arc<Session>>>>>,
    /// What the disk has not given back yet.
    unread: Arc<Mutex<Vec<Unread>>>,
    trouble: Trouble,
    heartbeats: Heartbeats,
    usage: Usage,
    running: Running,
    changes: Changes,
    reels: Reels,
    /// Whether all journals have been read.
    is_complete: Arc<AtomicBool>,
    news: Newsroom,
}

/// The journal of a session, by where it lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct JournalPlace {
    /// Below the recordings folder.
    pub(crate) folder: String,
    /// The file's name.
    pub(crate) name: String,
}

/// A session that an earlier process has left, and that nobody has stopped.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) device: String,
    pub(crate) session: String,
    pub(crate) name: String,
    pub(crate) started_us: WallUs,
    /// Where its media ends.
    pub(crate) end_us: WallUs,
}

/// A session of a source that nobody has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unended {
    pub(crate) place: Unfinished,
    pub(crate) device: String,
    /// When the next session of the source began.
    pub(crate) next_us: Option<WallUs>,
}

impl Library {
    /// An empty library over a recordings folder; [`Self::scan`] fills it.
    pub(crate) fn new(root: PathBuf) -> Self {
        let root = Arc::new(root);
        let changes = Changes::default();
        Self {
            reels: Reels::new(Arc::clone(&root)),
            root,
            sessions: Arc::default(),
            unread: Arc::default(),
            trouble: Trouble::default(),
            heartbeats: Heartbeats::default(),
            usage: Usage::default(),
            running: Running::new(changes.clone()),
            changes,
            is_complete: Arc::default(),
            news: Newsroom::default(),
        }
    }

    /// The recordings folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What keeps recordings from the disk.
    pub(crate) fn trouble(&self) -> &Trouble {
        &self.trouble
    }

    /// When something of each session became durable last.
    pub(crate) fn heartbeats(&self) -> &Heartbeats {
        &self.heartbeats
    }

    /// What grows on the disk.
    pub(crate) fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Which sessions are being recorded.
    pub(crate) fn running(&self) -> &Running {
        &self.running
    }

    /// What changes of it.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Whether all journals that the disk gives have been read.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete.load(Ordering::Acquire)
    }

    /// Its recordings as they are played.
    pub(crate) fn reels(&self) -> &Reels {
        &self.reels
    }

    /// Looks at every session. Nothing changes meanwhile, so it shall not take long.
    pub(crate) fn each(&self, look: impl FnMut(&Session)) {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        sessions.values().flatten().map(Arc::as_ref).for_each(look);
    }

    /// The devices' sessions that nobody has stopped, whose media ends in that time, and which gave
    /// way to no newer one of their publisher. A source that shall record begins a new one at once.
    pub(crate) fn unstopped(&self, time: RangeInclusive<WallUs>) -> Vec<Left> {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        let is_recorded =
            |session: &&Session| !session.files.is_empty() && !session.device.starts_with(SOURCE);
        let recorded = || sessions.values().flatten().map(Arc::as_ref).filter(is_recorded);
        let newest: Newest<'_> =
            recorded().map(|session| (session.publisher(), session.started_us)).collect();
        let left = |session: &Session| {
            let end_us = session.end_us().filter(|end_us| time.contains(end_us))?;
            let newest_us = newest.of(session.publisher());
            let is_followed =
                newest_us.is_some_and(|newest_us| gives_way(session.started_us, end_us, newest_us));
            (!session.stopped && !is_followed).then(|| Left {
                device: session.device.clone(),
                session: session.id.clone(),
                name: session.name.clone(),
                started_us: session.started_us,
                end_us,
            })
        };
        recorded().filter_map(left).collect()
    }

    /// The sessions of sources behind which something may come, as far as their journals know; those
    /// apart that this process has begun.
    pub(crate) fn unended_sources(&self, is_own: impl Fn(&JournalPlace) -> bool) -> Vec<Unended> {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        let of_sources = || {
            sessions
                .values()
                .flatten()
                .map(Arc::as_ref)
                .filter(|session| session.device.starts_with(SOURCE))
        };
        // Two can begin with the same microsecond: their journals have other names.
        let order = |session: &Session| (session.started_us, session.journal.name.clone());
        let mut starts: HashMap<&str, Vec<(WallUs, String)>> = HashMap::new();
        for session in of_sources() {
            starts.entry(&session.device).or_default().push(order(session));
        }
        let unended = of_sources().filter(|session| !session.is_over && !is_own(&session.journal));
        let place = |session: &Session| {
            let own = order(session);
            let starts = starts.get(session.device.as_str()).into_iter().flatten();
            let next = starts.filter(|start| **start > own).min();
            let (id, journal) = (session.id.clone(), session.journal.clone());
            Unended {
                place: Unfinished { session: id, journal },
                device: session.device.clone(),
                next_us: next.map(|(started_us, _)| *started_us),
            }
        };
        unended.map(place).collect()
    }

    /// Adds a line that this process has written to a session's journal.
    pub(crate) fn apply(&self, session: &str, journal: &JournalPlace, line: &Line) {
        self.apply_all(session, journal, std::iter::once(line));
        self.told(session, journal, line);
    }

    /// Adds lines of a session's journal, at once.
    fn apply_all<L: Borrow<Line>>(
        &self,
        session: &str,
        journal: &JournalPlace,
        lines: impl IntoIterator<Item = L>,
    ) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        let alike = sessions.entry(session.to_owned()).or_default();
        let known = match alike.iter().position(|known| known.journal == *journal) {
            Some(at) => &mut alike[at],
            None => alike.push_mut(Arc::new(Session::new(session.to_owned(), journal.clone()))),
        };
        let known = Arc::make_mut(known);
        lines.into_iter().for_each(|line| known.apply(line.borrow()));
        drop(sessions);
        self.changes.tell(|| Change::Session(session.to_owned()));
    }

    /// Changes what is remembered of a session, if it is there.
    fn change(&self, place: &editing::Place, change: impl FnOnce(&mut Session)) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        let mut alike = sessions.get_mut(&place.session).into_iter().flatten();
        alike.find(|session| session.journal == place.journal).map(Arc::make_mut).map(change);
    }

    /// Looks at a session where it is, if it is there: it may have tens of thousands of files.
    fn look<T>(&self, place: &editing::Place, look: impl FnOnce(&Session) -> T) -> Option<T> {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        let mut alike = sessions.get(&place.session).into_iter().flatten();
        alike.find(|session| session.journal == place.journal).map(|session| look(session))
    }

    /// A session by its id.
    pub(crate) fn session(&self, id: &str) -> Option<Arc<Session>> {
        self.find(id, |_| true)
    }

    /// All sessions with this id that are wanted: ids are the devices' own choice, and folders are
    /// copied.
    pub(crate) fn with_id(
        &self,
        id: &str,
        is_wanted: impl Fn(&Session) -> bool,
    ) -> Vec<Arc<Session>> {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        let wanted = sessions.get(id).into_iter().flatten().filter(|session| is_wanted(session));
        let mut wanted: Vec<Arc<Session>> = wanted.cloned().collect();
        let place =
            |session: &Arc<Session>| (session.journal.name.clone(), session.journal.folder.clone());
        wanted.sort_by_key(place);
        wanted
    }

    /// A device's session by its id.
    pub(crate) fn session_of(&self, device: &str, id: &str) -> Option<Arc<Session>> {
        self.find(id, |session| session.device == device)
    }

    fn find(&self, id: &str, is_wanted: impl Fn(&Session) -> bool) -> Option<Arc<Session>> {
        self.with_id(id, is_wanted).pop()
    }

    /// Lets go of a session whose journal somebody has removed.
    pub(crate) fn forget(&self, id: &str, journal: &JournalPlace) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(alike) = sessions.get_mut(id) {
            alike.retain(|session| session.journal != *journal);
        }
    }

    /// Reads the journals on the disk and returns those beside which something was left
    /// unfinished. Blocks; a journal that cannot be read is named in the log and hides no other.
    /// What this process has begun itself is passed over: the library is told of it.
    pub(crate) fn scan(
        &self,
        storage: &dyn Storage,
        is_own: &(dyn Fn(&Path) -> bool + Sync),
    ) -> Vec<Unfinished> {
        let (unfinished, unread) = scan::scan(self, storage, is_own);
        let (mut sessions, mut files) = (0_usize, 0);
        self.each(|session| (sessions, files) = (sessions + 1, files + session.files.len()));
        tracing::info!(sessions, files, "the library is read");
        *self.unread.lock().unwrap_or_else(PoisonError::into_inner) = unread;
        self.is_complete.store(true, Ordering::Release);
        self.changes.tell(|| Change::Complete);
        unfinished
    }

    /// Reads what could not be read so far. Blocks. Returns beside which journals something was
    /// left unfinished, and the first thing that still cannot be read.
    pub(crate) fn scan_unread(
        &self,
        storage: &dyn Storage,
        is_own: &(dyn Fn(&Path) -> bool + Sync),
    ) -> (Vec<Unfinished>, Option<(PathBuf, io::Error)>) {
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        if unread.is_empty() {
            return (Vec::new(), None);
        }
        let (unfinished, still) = scan::again(self, storage, is_own, &unread);
        *unread = still;
        let again = |error: &io::Error| {
            let code = error.raw_os_error();
            code.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
        };
        let first = unread.first().map(|first| (first.path.clone(), again(&first.error)));
        (unfinished, first)
    }

    fn journals(&self) -> HashSet<JournalPlace> {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        sessions
            .values()
            .flatten()
            .map(Arc::as_ref)
            .map(|session| session.journal.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session with a file from `start_s` to `end_s`, or without any.
    fn session(library: &Library, id: &str, device: &str, start_s: i64, end_s: i64, reason: &str) {
        let line = |event: &str| {
            let text = format!(r#"{{"v":1,"at":"x",{event}}}"#);
            Line::read_all(text.as_bytes()).next().unwrap()
        };
        let start_us = start_s * 1_000_000;
        let duration_us = (end_s - start_s) * 1_000_000;
        let journal = JournalPlace { folder: "client_1".to_owned(), name: format!("{id}.jsonl") };
        let mut events = vec![format!(
            r#""event":"session","session":"{id}","device":"{device}","name":"10.0.0.{device}",
            "client":"x","address":"x","start_us":{start_us}"#
        )];
        if duration_us > 0 {
            events.push(format!(
                r#""event":"segment","file":"video_{id}.webm","generation":0,
                "start_us":{start_us},"duration_us":{duration_us},"bytes":1,"tracks":[],"sha256":"x""#
            ));
        }
        if !reason.is_empty() {
            events.push(format!(r#""event":"stop","reason":"{reason}""#));
        }
        for event in events {
            library.apply(id, &journal, &line(&event.replace('\n', "")));
        }
    }

    #[test]
    fn of_sources_the_sessions_without_an_end_are_found_and_what_followed_them() {
        let library = Library::new(PathBuf::new());
        session(&library, "s-older", "source:a", 100, 200, "");
        session(&library, "s-newest", "source:a", 200, 300, "");
        session(&library, "s-followed", "source:b", 100, 200, "");
        session(&library, "s-stopped", "source:b", 200, 300, journal::STOPPED);
        session(&library, "s-lost", "source:c", 100, 200, journal::LOST);
        session(&library, "s-device", "a", 100, 200, "");
        session(&library, "s-alike", "source:d", 300, 300, "");
        session(&library, "s-zz", "source:d", 300, 400, "");
        session(&library, "s-own", "source:a", 400, 500, "");
        let unended = library.unended_sources(|journal| journal.name == "s-own.jsonl").into_iter();
        let mut unended: Vec<_> =
            unended.map(|unended| (unended.place.session, unended.next_us)).collect();
        unended.sort();
        let found = |session: &str, next_us| (session.to_owned(), next_us);
        let wanted = [
            found("s-alike", Some(300_000_000)),
            found("s-followed", Some(200_000_000)),
            found("s-newest", Some(400_000_000)),
            found("s-older", Some(200_000_000)),
            found("s-zz", None),
        ];
        assert_eq!(unended, wanted);
    }

    #[test]
    fn who_recorded_lately_and_has_not_stopped_is_expected_back() {
        let library = Library::new(PathBuf::new());
        session(&library, "s-old", "a", 100, 200, "");
        session(&library, "s-left", "b", 900, 1100, "");
        session(&library, "s-aside", "c", 100, 1000, journal::TIMED_OUT);
        session(&library, "s-stopped", "d", 900, 1100, journal::STOPPED);
        session(&library, "s-followed", "e", 900, 1100, "");
        session(&library, "s-newer", "e", 1100, 1200, journal::STOPPED);
        session(&library, "s-before-nothing", "f", 900, 1100, "");
        session(&library, "s-nothing", "f", 1000, 1000, "");
        session(&library, "s-beside", "g", 900, 1100, "");
        session(&library, "s-longer", "g", 1000, 1200, journal::STOPPED);
        session(&library, "s-lost", "raw", 900, 1100, journal::LOST);
        session(&library, "s-source", "source:door", 900, 1100, "");
        // A clock that starts in the past has not come to this one yet.
        session(&library, "s-to-come", "h", 900, 1301, "");
        let left = library.unstopped(1_000_000_000..=1_300_000_000);
        let mut left: Vec<_> = left.into_iter().map(|left| left.session).collect();
        left.sort();
        assert_eq!(left, ["s-aside", "s-before-nothing", "s-beside", "s-left", "s-lost"]);
    }
}
