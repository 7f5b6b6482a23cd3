//! What people change of a session: lines that are added to its journal.
//!
//! Deciding is here, and pure; the recorder writes, since journals of sessions that run are its own.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::journal::{BY_HAND, Deleted, Event};
use super::session::{File, Kept, Session};
use super::{JournalPlace, Library, names};
use crate::clock::{self, WallUs};

/// Of a random id: with 48 bits, two of a million deletions are the same in one of 500 libraries.
const DELETION_DIGITS: usize = 12;

const MILLISECOND_US: i64 = 1000;

/// Writes into journals, whether their sessions run or not. Clones of what it writes with are shared.
pub(crate) trait Editor: Debug + Send + Sync {
    /// Adds to a session's journal what `decide` says of the session as it is then. Waits until the
    /// journals are read. The answer is the session behind it.
    fn edit(&self, place: Place, decide: Decide) -> BoxFuture<'_, Result<Arc<Session>, EditError>>;

    /// Removes of what was deleted of a session by then as much as one turn allows: of one deletion,
    /// or of all. The answer is how many files, and what came free: no files when all are removed.
    fn sweep(
        &self,
        place: Place,
        now_us: WallUs,
        deletion: Option<String>,
    ) -> BoxFuture<'_, Result<(usize, u64), EditError>>;
}

/// What to add to a session's journal.
pub(crate) type Decide = Box<dyn FnOnce(&Session) -> Result<Vec<Event>, Refusal> + Send>;

/// A session, and where its journal is: ids are the devices' own choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) session: String,
    pub(crate) journal: JournalPlace,
}

/// Why a session is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// A newer version of the program has written it.
    #[error(
        "a newer version of localcamera has written this recording's journal; change it with that version"
    )]
    Newer,
    /// What is to be deleted is kept.
    #[error("{file} lies in a time that is kept; release that first")]
    Kept { file: String },
    /// It is still being written.
    #[error("{file} may still grow; stop the recording first")]
    Growing { file: String },
    /// The session has no such file.
    #[error("the recording has no file {file}")]
    NoFile { file: String },
    /// Nothing is recorded in that time.
    #[error("nothing of the recording lies in that time")]
    Outside,
    /// There is nothing left to take back.
    #[error("it is too late to take that back: the files are removed")]
    Over,
    /// Something of that time is about to be removed.
    #[error(
        "a part of that time is deleted: take the deletion {deletion} back first, if that can still be done, or keep what is beside it"
    )]
    Deleted {
        /// Its id.
        deletion: String,
    },
    /// That time is not kept.
    #[error("no such time is kept")]
    NotKept,
}

/// Why a journal could not be added to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Somebody has moved it away.
    #[error("the recording's journal has been moved away")]
    Gone,
    /// The disk does not take it.
    #[error("{0}")]
    Disk(String),
    /// The disk has failed in the middle of it.
    #[error("{0}")]
    Unknown(String),
    /// Somebody writes into it at this moment.
    #[error("the recording's journal is in use; try again")]
    Busy,
}

/// A name for it, or none.
pub(crate) fn name(title: Option<String>, by: String) -> Decide {
    Box::new(move |session| {
        let is_news = session.title != title;
        Ok(is_news.then_some(Event::Name { title, by }).into_iter().collect())
    })
}

/// Something worth finding again.
pub(crate) fn mark(at_us: WallUs, detail: Option<String>) -> Decide {
    Box::new(move |session| {
        let (start_us, end_us) = session.span_us().ok_or(Refusal::Outside)?;
        if !(start_us..=end_us).contains(&at_us) {
            return Err(Refusal::Outside);
        }
        let kind = "mark".to_owned();
        Ok(vec![Event::Mark { at_us, kind, generation: None, detail, device_ms: None }])
    })
}

/// Keeps what there is of that time, as [`Session::keepable_us`] has it.
pub(crate) fn keep(start_us: WallUs, end_us: WallUs, by: String) -> Decide {
    Box::new(move |session| {
        let (start_us, end_us) = session.keepable_us(start_us, end_us).ok_or(Refusal::Outside)?;
        if let Some(deletion) = session.deletions.touching(start_us, end_us) {
            return Err(Refusal::Deleted { deletion: deletion.id.to_string() });
        }
        let is_news = !session.kept.has(start_us, end_us);
        Ok(is_news.then_some(Event::Keep { start_us, end_us, by }).into_iter().collect())
    })
}

/// Keeps that time no more, which is told in milliseconds.
pub(crate) fn release(start_ms: i64, end_ms: i64, by: String) -> Decide {
    Box::new(move |session| {
        let told = session.kept.iter().filter(|kept| kept.is_told_as(start_ms, end_ms));
        let release = |kept: &Kept| Event::Release {
            start_us: kept.start_us,
            end_us: kept.end_us,
            by: by.clone(),
        };
        let events: Vec<Event> = told.map(release).collect();
        if events.is_empty() { Err(Refusal::NotKept) } else { Ok(events) }
    })
}

/// What a deletion is for.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// One for all sessions that it touches.
    pub(crate) deletion: String,
    pub(crate) by: String,
    /// [`BY_HAND`], or the rule of retention.
    pub(crate) reason: String,
    /// When the files are removed.
    pub(crate) until_us: WallUs,
}

impl Wish {
    /// That of a person.
    pub(crate) fn by_hand(deletion: String, by: String, until_us: WallUs) -> Self {
        Self { deletion, by, reason: BY_HAND.to_owned(), until_us }
    }
}

/// Deletes these files, or all there are (`None`). `is_running`: whether the session is being
/// recorded; then what may still grow stays.
pub(crate) fn delete(
    files: Option<Vec<String>>,
    is_running: impl Fn(&Session) -> bool + Send + 'static,
    wish: Wish,
) -> Decide {
    Box::new(move |session| {
        let wanted = deletable(session, files.as_deref(), is_running(session))?;
        Ok(deleted(&wanted, wish).into_iter().collect())
    })
}

/// Deletes of these files what may be deleted by itself as it is then.
pub(crate) fn expire(names: Vec<String>, wish: Wish) -> Decide {
    Box::new(move |session| {
        let growing = session.provisional();
        let may_go = |file: &&File| {
            !growing.contains(&*file.name) && !session.kept.touches(file.start_us, file.end_us())
        };
        let wanted = names.iter().filter_map(|name| session.file(name)).filter(may_go);
        let wanted: Vec<&File> = wanted.collect();
        Ok(deleted(&wanted, wish).into_iter().collect())
    })
}

/// The line of these files, if there are any.
fn deleted(files: &[&File], wish: Wish) -> Option<Event> {
    let start_us = files.iter().map(|file| file.start_us).min()?;
    let end_us = files.iter().map(|file| file.end_us()).max()?;
    let Wish { deletion, by, reason, until_us } = wish;
    let bytes = files.iter().map(|file| file.bytes).fold(0, u64::saturating_add);
    let files = files.iter().map(|file| file.name.to_string()).collect();
    Some(Event::Deleted(Deleted { deletion, files, bytes, start_us, end_us, until_us, by, reason }))
}

/// An id for a deletion that no other has.
pub(crate) fn deletion_id() -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("d-{}", &random[..DELETION_DIGITS])
}

/// The files of the list, all of which can be deleted.
///
/// # Errors
/// With the first that cannot, and why.
pub(crate) fn deletable<'a>(
    session: &'a Session,
    names: Option<&[String]>,
    is_running: bool,
) -> Result<Vec<&'a File>, Refusal> {
    if session.is_newer {
        return Err(Refusal::Newer);
    }
    let wanted = match names {
        None if is_running => {
            return Err(Refusal::Growing { file: "the recording".to_owned() });
        }
        None => session.files.iter().collect::<Vec<_>>(),
        Some(names) => {
            let find = |name: &String| {
                session.file(name).ok_or_else(|| Refusal::NoFile { file: name.clone() })
            };
            names.iter().map(find).collect::<Result<_, _>>()?
        }
    };
    let growing = session.provisional();
    for file in &wanted {
        let name = || file.name.to_string();
        if session.kept.touches(file.start_us, file.end_us()) {
            return Err(Refusal::Kept { file: name() });
        }
        if is_running && growing.contains(&*file.name) {
            return Err(Refusal::Growing { file: name() });
        }
    }
    Ok(wanted)
}

/// Takes a deletion back.
pub(crate) fn restore(deletion: String, by: String) -> Decide {
    Box::new(move |session| match session.deletions.can_be_restored(&deletion) {
        true => Ok(vec![Event::Restored { deletion, by }]),
        false => Err(Refusal::Over),
    })
}

impl Session {
    /// From where to where in wall time there is something of it.
    pub(crate) fn span_us(&self) -> Option<(WallUs, WallUs)> {
        let end_us = self.end_us()?;
        let start_us = self.files.iter().map(|file| file.start_us).min()?;
        Some((start_us, end_us))
    }

    /// The part of a time in which there is something of it, in whole milliseconds: as it is told,
    /// it is found again.
    pub(crate) fn keepable_us(&self, start_us: WallUs, end_us: WallUs) -> Option<(WallUs, WallUs)> {
        let (first_us, last_us) = self.span_us()?;
        let (start_us, end_us) = (start_us.max(first_us), end_us.min(last_us));
        let start_ms = start_us.div_euclid(MILLISECOND_US);
        let end_ms = end_us.saturating_add(MILLISECOND_US - 1).div_euclid(MILLISECOND_US);
        (start_us < end_us).then_some((start_ms * MILLISECOND_US, end_ms * MILLISECOND_US))
    }
}

impl Library {
    /// Where the journal of a session is.
    pub(crate) fn place(&self, session: &Session) -> Place {
        Place { session: session.id.clone(), journal: session.journal.clone() }
    }

    /// The sessions of which files are to be removed by then.
    pub(crate) fn due(&self, now_us: WallUs) -> Vec<Place> {
        let mut due = Vec::new();
        self.each(|session| {
            if session.removable(now_us, None).next().is_some() {
                due.push(self.place(session));
            }
        });
        due
    }

    /// The sessions with files of a deletion.
    pub(crate) fn deleted_by(&self, deletion: &str) -> Vec<Place> {
        let mut touched = Vec::new();
        self.each(|session| {
            if session.deletions.get(deletion).is_some() {
                touched.push(self.place(session));
            }
        });
        touched
    }

    /// The session of a place.
    pub(crate) fn at(&self, place: &Place) -> Option<Arc<Session>> {
        let at = |session: &Session| session.journal == place.journal;
        self.with_id(&place.session, at).pop()
    }

    /// Whether a file is deleted, waits to be removed, and is nobody else's: a journal that was
    /// copied beside itself names the same files.
    pub(crate) fn may_be_removed(&self, place: &Place, name: &str) -> bool {
        let is_other = |session: &Session| {
            session.journal != place.journal && session.journal.folder == place.journal.folder
        };
        let others = self.with_id(&place.session, |session| {
            is_other(session) && (session.is_newer || session.file(name).is_some())
        });
        others.is_empty()
            && self.look(place, |session| session.deletions.is_waiting(name)).unwrap_or(false)
    }

    /// These files are not on the disk any more.
    pub(crate) fn removed(&self, place: &Place, names: &[String]) {
        let names: HashSet<&str> = names.iter().map(String::as_str).collect();
        self.change(place, |session| {
            session.deletions.retain(i64::MAX, |name| !names.contains(name));
        });
    }

    /// Somebody has looked which files are there.
    pub(crate) fn looked(&self, place: &Place, is_there: impl Fn(&str) -> bool) {
        self.change(place, |session| {
            session.deletions.retain(clock::now_us(), &is_there);
            for file in &mut session.files {
                // After a crash it may wait for its name.
                file.is_missing = !is_there(&file.name)
                    && !is_there(&names::growing(&file.name))
                    && !is_there(&names::remade(&file.name));
            }
        });
    }
}
