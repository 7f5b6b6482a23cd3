//! What there is, as people look for it: by day, by device, newest first.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use chrono::NaiveDate;

use super::session::{File, Session};
use super::{JournalPlace, Library};
use crate::clock::WallUs;

/// One session, without its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) id: String,
    pub(crate) device: String,
    /// The device's name when it began.
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) start_us: WallUs,
    pub(crate) end_us: WallUs,
    pub(crate) footage_us: i64,
    pub(crate) bytes: u64,
    pub(crate) files: usize,
    pub(crate) course: Course,
    pub(crate) is_kept: bool,
    pub(crate) has_video: bool,
    pub(crate) gaps: usize,
    /// Files that are not there, and journals that cannot be understood as a whole.
    pub(crate) faults: usize,
}

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    Recording,
    /// Put aside; its device may come back.
    Waiting,
    Finished,
}

/// Where a list goes on: behind the session that began then. Two can begin at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    pub(crate) start_us: WallUs,
    pub(crate) id: String,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) sessions: Vec<Summary>,
    pub(crate) next: Option<Cursor>,
}

/// A day, and what was recorded on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Day {
    pub(crate) sessions: usize,
    pub(crate) footage_us: i64,
    pub(crate) bytes: u64,
}

/// A device, and what there is of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfDevice {
    pub(crate) device: String,
    /// Its name in its newest session.
    pub(crate) name: String,
    pub(crate) sessions: usize,
    pub(crate) bytes: u64,
    pub(crate) first_us: WallUs,
    pub(crate) last_us: WallUs,
}

impl Library {
    /// The newest sessions that are wanted, behind a cursor.
    pub(crate) fn page(
        &self,
        is_wanted: impl Fn(&Session) -> bool,
        behind: Option<&Cursor>,
        limit: usize,
    ) -> Page {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        let order = |session: &Session| (session.started_us, session.id.clone());
        let is_behind = |session: &Session| {
            behind.is_none_or(|behind| order(session) < (behind.start_us, behind.id.clone()))
        };
        let all = sessions.values().flatten().map(Arc::as_ref);
        let mut found: Vec<&Session> = all
            .filter(|session| is_behind(session) && self.is_shown(session) && is_wanted(session))
            .collect();
        let newest_first = |a: &&Session, b: &&Session| order(b).cmp(&order(a));
        let is_more = found.len() > limit;
        if is_more && limit > 0 {
            found.select_nth_unstable_by(limit - 1, newest_first);
            found.truncate(limit);
        }
        found.sort_unstable_by(newest_first);
        let next = found.last().filter(|_| is_more).map(|last| {
            let (start_us, id) = order(last);
            Cursor { start_us, id }
        });
        Page { sessions: found.into_iter().map(|session| self.summary(session)).collect(), next }
    }

    /// One of them that is wanted: nothing, where there is nothing to show. `None` where there is none.
    pub(crate) fn summary_of(
        &self,
        id: &str,
        is_wanted: impl Fn(&Session) -> bool,
    ) -> Option<Option<Summary>> {
        let session = self.find(id, is_wanted)?;
        Some(self.is_shown(&session).then(|| self.summary(&session)))
    }

    /// The days of a calendar on which sessions that are wanted began.
    pub(crate) fn days(
        &self,
        date_of: impl Fn(WallUs) -> NaiveDate,
        is_wanted: impl Fn(&Session) -> bool,
    ) -> BTreeMap<NaiveDate, Day> {
        let mut days: BTreeMap<NaiveDate, Day> = BTreeMap::new();
        self.each(|session| {
            if self.is_shown(session) && is_wanted(session) {
                let day = days.entry(date_of(session.started_us)).or_default();
                day.sessions += 1;
                day.footage_us = day.footage_us.saturating_add(session.footage_us());
                day.bytes = day.bytes.saturating_add(session.bytes());
            }
        });
        days
    }

    /// The devices of sessions that are wanted.
    pub(crate) fn by_device(&self, is_wanted: impl Fn(&Session) -> bool) -> Vec<OfDevice> {
        let mut devices: HashMap<String, OfDevice> = HashMap::new();
        self.each(|session| {
            if !self.is_shown(session) || !is_wanted(session) {
                return;
            }
            let end_us = session.end_us().unwrap_or(session.started_us);
            let known = devices.entry(session.device.clone()).or_insert_with(|| OfDevice {
                device: session.device.clone(),
                name: String::new(),
                sessions: 0,
                bytes: 0,
                first_us: session.started_us,
                last_us: WallUs::MIN,
            });
            if end_us >= known.last_us {
                known.name.clone_from(&session.name);
            }
            known.sessions += 1;
            known.bytes = known.bytes.saturating_add(session.bytes());
            known.first_us = known.first_us.min(session.started_us);
            known.last_us = known.last_us.max(end_us);
        });
        devices.into_values().collect()
    }

    /// The files of sessions that are wanted that begin in this time, with their sessions' heads.
    pub(crate) fn files_between(
        &self,
        start_us: WallUs,
        end_us: WallUs,
        is_wanted: impl Fn(&Session) -> bool,
    ) -> Vec<(Session, Vec<File>)> {
        let mut found = Vec::new();
        self.each(|session| {
            let inside = |file: &&File| (start_us..end_us).contains(&file.start_us);
            let files: Vec<File> = session.files.iter().filter(inside).cloned().collect();
            if !files.is_empty() && is_wanted(session) {
                found.push((session.without_files(), files));
            }
        });
        found
    }

    /// A session is shown for what there is of it, or could not be recorded of it. One that was
    /// deleted is not.
    fn is_shown(&self, session: &Session) -> bool {
        !session.files.is_empty()
            || (!session.gaps.is_empty() && session.deletions.iter().next().is_none())
            || self.is_running(session)
    }

    /// Whether it is being recorded.
    pub(crate) fn is_running(&self, session: &Session) -> bool {
        self.running().has(&session.device, &session.id)
    }

    /// How far it has come.
    pub(crate) fn course(&self, session: &Session) -> Course {
        if self.is_running(session) {
            Course::Recording
        } else if session.is_over {
            Course::Finished
        } else {
            Course::Waiting
        }
    }

    fn summary(&self, session: &Session) -> Summary {
        let missing = session.files.iter().filter(|file| file.is_missing).count();
        Summary {
            id: session.id.clone(),
            device: session.device.clone(),
            name: session.name.clone(),
            title: session.title.clone(),
            start_us: session.first_us(),
            end_us: session.last_us(),
            footage_us: session.footage_us(),
            bytes: session.bytes(),
            files: session.files.len(),
            course: self.course(session),
            is_kept: !session.kept.is_empty(),
            has_video: session.files.is_empty() || session.files.iter().any(|file| file.has_video),
            gaps: session.gaps.len(),
            faults: missing + usize::from(session.is_newer),
        }
    }
}

impl Session {
    /// When it began: what was captured before Record was noted counts, too.
    pub(crate) fn first_us(&self) -> WallUs {
        self.files.first().map_or(self.started_us, |file| file.start_us.min(self.started_us))
    }

    /// Until when something is known of it.
    pub(crate) fn last_us(&self) -> WallUs {
        let gaps = self.gaps.iter().map(|gap| gap.end_us).max();
        self.end_us().max(gaps).unwrap_or(self.started_us).max(self.started_us)
    }

    /// How much was recorded.
    pub(crate) fn footage_us(&self) -> i64 {
        self.files.iter().map(|file| file.duration_us).fold(0, i64::saturating_add)
    }

    /// How large its files are.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).fold(0, u64::saturating_add)
    }

    /// Itself, without its files and what it is told of them.
    pub(crate) fn without_files(&self) -> Self {
        let journal: JournalPlace = self.journal.clone();
        Self {
            device: self.device.clone(),
            name: self.name.clone(),
            title: self.title.clone(),
            started_us: self.started_us,
            ..Self::new(self.id.clone(), journal)
        }
    }
}

/// The devices of a list, for a filter.
pub(crate) fn names(devices: &str) -> Option<BTreeSet<&str>> {
    let names: BTreeSet<&str> = devices.split(',').filter(|name| !name.is_empty()).collect();
    (!names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::journal::Line;
    use super::*;
    use crate::clock::zone::Zone;

    fn library(sessions: &[(&str, &str, i64, i64)]) -> Library {
        let library = Library::new(PathBuf::new());
        for &(id, device, start_s, seconds) in sessions {
            let journal =
                JournalPlace { folder: "client_1".to_owned(), name: format!("{id}.jsonl") };
            let (start_us, duration_us) = (start_s * 1_000_000, seconds * 1_000_000);
            let text = format!(
                r#"{{"v":1,"at":"x","event":"session","session":"{id}","device":"{device}","name":"Cam {device}","client":"x","address":"x","start_us":{start_us}}}
{{"v":1,"at":"x","event":"segment","file":"video_{id}.webm","generation":0,"start_us":{start_us},"duration_us":{duration_us},"bytes":{seconds},"tracks":[],"sha256":"x"}}"#
            );
            for line in Line::read_all(text.as_bytes()) {
                library.apply(id, &journal, &line);
            }
        }
        library
    }

    fn ids(page: &Page) -> Vec<&str> {
        page.sessions.iter().map(|session| session.id.as_str()).collect()
    }

    #[test]
    fn pages_follow_each_other_newest_first_and_miss_none() {
        let library =
            library(&[("a", "1", 10, 5), ("b", "1", 30, 5), ("c", "2", 20, 5), ("d", "2", 20, 5)]);
        let first = library.page(|_| true, None, 2);
        assert_eq!(ids(&first), ["b", "d"]);
        let second = library.page(|_| true, first.next.as_ref(), 2);
        assert_eq!(ids(&second), ["c", "a"], "what began at once is not passed over");
        assert_eq!(second.next, None);
        let of_two = library.page(|session| session.device == "2", None, 5);
        assert_eq!(ids(&of_two), ["d", "c"]);
    }

    #[test]
    fn days_and_devices_count_what_is_theirs() {
        let day_s = 86_400;
        let library =
            library(&[("a", "1", day_s - 1, 5), ("b", "1", day_s, 7), ("c", "2", day_s + 1, 9)]);
        let utc = Zone::named("UTC").unwrap();
        let days = library.days(|wall_us| utc.date(wall_us), |_| true);
        let found: Vec<_> = days.values().map(|day| (day.sessions, day.bytes)).collect();
        assert_eq!(found, [(1, 5), (2, 16)]);
        let east = Zone::named("Europe/Zurich").unwrap();
        let days = library.days(|wall_us| east.date(wall_us), |_| true);
        assert_eq!(days.len(), 1, "of another calendar");
        let mut devices = library.by_device(|_| true);
        devices.sort_by(|a, b| a.device.cmp(&b.device));
        assert_eq!((devices[0].sessions, devices[0].bytes), (2, 12));
        assert_eq!(devices[0].last_us, (day_s + 7) * 1_000_000);
    }

    #[test]
    fn a_deleted_session_is_not_listed_and_one_that_runs_without_a_file_is() {
        let library = library(&[("a", "1", 10, 5)]);
        let journal = JournalPlace { folder: "client_1".to_owned(), name: "a.jsonl".to_owned() };
        let deleted = r#"{"v":1,"at":"x","event":"deleted","deletion":"d","files":["video_a.webm"],"bytes":5,"start_us":1,"end_us":2,"until_us":3,"by":"x","reason":"by_hand"}"#;
        let line = Line::read_all(deleted.as_bytes()).next().unwrap();
        library.apply("a", &journal, &line);
        assert_eq!(library.page(|_| true, None, 5).sessions.len(), 0);
        let _run = library.running().begin("1", "a");
        let page = library.page(|_| true, None, 5);
        assert_eq!(page.sessions[0].course, Course::Recording);
    }
}
