//! How a session is taken up: anew, or with what an earlier life of it has left.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use container::NANOS_PER_SECOND;

use super::Recorder;
use super::disk::Disk;
use super::fault::{self, DiskError, fault};
use super::generation::{Continued, Generation};
use super::left::Left;
use super::names;
use super::recovery::Site;
use super::shared::Journal;
use crate::library::journal::Segment;
use crate::library::{JournalPlace, Session};
use crate::live::feed::{
    DurableGeneration, Generation as Begun, Opened, OpenedGeneration, SessionInfo,
};
use crate::storage;

/// A session as it begins or goes on.
pub(super) struct Start {
    pub(super) disk: Disk,
    pub(super) folder: String,
    /// Where its journal is, if it has one.
    pub(super) journal: Option<JournalPlace>,
    pub(super) files: Vec<Segment>,
    /// Gaps and marks of the device, by kind and the device's own time.
    pub(super) noted: HashSet<(String, i64)>,
    pub(super) generations: BTreeMap<u32, Generation>,
    pub(super) durable: BTreeMap<u32, DurableGeneration>,
    /// Whether its device has ended it.
    pub(super) is_stopped: bool,
    pub(super) answer: Opened,
}

/// What is on the disk of a session.
struct Found {
    left: Left,
    journal: Journal,
    continued: BTreeMap<u32, Continued>,
}

/// Takes a session up.
///
/// # Errors
/// When the disk refuses to give back what there is of it.
pub(super) async fn open(session: &SessionInfo, recorder: &Recorder) -> Result<Start, DiskError> {
    let known = match session.is_resumable {
        true => {
            recorder.scanned().await;
            recorder.known(session).await?
        }
        false => None,
    };
    let mut start = begin(session, recorder);
    let Some(known) = known else { return Ok(start) };
    let site = recorder.site(known.id.clone(), known.journal.clone());
    let found = {
        let _turn = recorder.active.turn(&known.journal.folder).acquire().await;
        storage::execute(&recorder.storage, move || find(&site)).await?
    };
    let Some(Found { left, journal, mut continued }) = found else {
        fault::is_mounted(&*recorder.storage, recorder.library.root())?;
        // Somebody removed the recordings: it begins anew.
        recorder.library.forget(&known.id, &known.journal);
        return Ok(start);
    };
    let root = recorder.library.root();
    let (storage, active) = (Arc::clone(&recorder.storage), recorder.active.clone());
    start.disk = Disk::new(storage, root, &known.journal.folder, active);
    start.disk.adopt_journal(journal);
    start.folder.clone_from(&known.journal.folder);
    start.journal = Some(known.journal.clone());
    start.is_stopped = left.is_stopped;
    start.answer.is_known = left.is_named;
    for (number, known) in left.generations {
        let ended_bytes = known.ended_bytes;
        let mut durable = DurableGeneration { ended: ended_bytes.is_some(), ..Default::default() };
        let mut resume = None;
        let mut newest_us = known.start.anchor_us;
        if let Some(bytes) = ended_bytes {
            durable.position = bytes;
        } else {
            let start_of = known.start.clone();
            newest_us = known.mapping.newest_zero_us();
            let rejoined = known.rejoined().filter(|_| !left.is_stopped);
            let id = session.id.as_str().into();
            let mut generation = Generation::new(start_of, known.mapping, id, recorder.target_ns());
            if let Some(continued) = continued.remove(&number) {
                resume = Some(continued.resume());
                generation.go_on(continued);
                durable = generation.durable();
            } else if let Some(rejoined) = rejoined {
                tracing::warn!(session = %session.id, generation = number, "the last file of a recording is gone; it goes on with a new one");
                resume = Some(rejoined.resume());
                generation.rejoin(rejoined);
                durable = generation.durable();
            }
            start.generations.insert(number, generation);
        }
        let (position, is_ended) = (durable.position, durable.ended);
        start.durable.insert(number, durable);
        // Viewers need to know where it lies now, not where it began.
        let begun = Begun { anchor_us: newest_us, ..known.start };
        let opened = OpenedGeneration { start: begun, position, is_ended, resume };
        start.answer.generations.push(opened);
    }
    start.files = left.files;
    start.noted = left.noted;
    Ok(start)
}

fn begin(session: &SessionInfo, recorder: &Recorder) -> Start {
    let folder = names::folder(&session.peer);
    let (storage, active) = (Arc::clone(&recorder.storage), recorder.active.clone());
    Start {
        disk: Disk::new(storage, recorder.library.root(), &folder, active),
        folder,
        journal: None,
        files: Vec::new(),
        noted: HashSet::new(),
        generations: BTreeMap::new(),
        durable: BTreeMap::new(),
        is_stopped: false,
        answer: Opened::default(),
    }
}

fn find(site: &Site) -> Result<Option<Found>, DiskError> {
    let Some((mut left, mut journal)) = site.recover()? else { return Ok(None) };
    let mut continued = BTreeMap::new();
    let unended = left.generations.iter().filter(|(_, known)| known.ended_bytes.is_none());
    let unended: Vec<u32> = unended.map(|(&number, _)| number).collect();
    let is_stopped = left.is_stopped;
    for number in unended.into_iter().filter(|_| !is_stopped) {
        let found = site.continued(&mut left, &mut journal, number)?;
        continued.extend(found.map(|found| (number, found)));
    }
    let journal = site.active.journals().share(journal);
    Ok(Some(Found { left, journal, continued }))
}

impl Recorder {
    /// What the library has of a session.
    ///
    /// # Errors
    /// When it may have been in what the disk does not give back: to say that it is lost would be
    /// wrong.
    async fn known(&self, session: &SessionInfo) -> Result<Option<Arc<Session>>, DiskError> {
        let known = || self.library.session_of(&session.device, &session.id);
        if let Some(known) = known() {
            return Ok(Some(known));
        }
        if !session.is_continued {
            return Ok(None);
        }
        let (library, storage) = (self.library.clone(), Arc::clone(&self.storage));
        let active = self.active.clone();
        let reading = move || library.scan_unread(&*storage, &|path| active.is_own(path));
        let (unfinished, unread) = storage::execute(&self.storage, reading).await;
        for unfinished in unfinished {
            let recorder = self.clone();
            tokio::spawn(async move { recorder.recover_session(unfinished).await });
        }
        match (known(), unread) {
            (None, Some((path, error))) => Err(fault("read", &path)(error)),
            (known, _) => Ok(known),
        }
    }

    /// The length of a segment.
    pub(super) fn target_ns(&self) -> i64 {
        i64::try_from(self.settings.get().segment.as_nanos()).unwrap_or(60 * NANOS_PER_SECOND)
    }

    /// Where a session lies.
    pub(super) fn site(&self, session: String, journal: JournalPlace) -> Site {
        Site {
            storage: Arc::clone(&self.storage),
            library: self.library.clone(),
            session,
            journal,
            target_ns: self.target_ns(),
            active: self.active.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
