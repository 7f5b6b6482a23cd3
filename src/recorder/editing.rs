//! What people change of a session, written into its journal.

use std::io;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Recorder;
use super::fault::{DiskError, fault, is_mounted, sync_folder};
use super::names;
use super::recovery::Site;
use crate::clock::{self, WallUs};
use crate::library::Session;
use crate::library::editing::{Decide, EditError, Editor, Place, Refusal};
use crate::library::journal::Line;
use crate::storage;

/// Files that are removed at once: whoever takes up a session of the same folder waits for it.
const MAX_REMOVED: usize = 100;

/// Those that a disk does not give up stand in front of so many others at most.
const MAX_TRIED: usize = 1000;

impl Editor for Recorder {
    fn edit(&self, place: Place, decide: Decide) -> BoxFuture<'_, Result<Arc<Session>, EditError>> {
        self.write(place, decide).boxed()
    }

    fn sweep(
        &self,
        place: Place,
        now_us: WallUs,
        deletion: Option<String>,
    ) -> BoxFuture<'_, Result<(usize, u64), EditError>> {
        self.remove_deleted(place, now_us, deletion).boxed()
    }
}

impl Recorder {
    async fn write(&self, place: Place, decide: Decide) -> Result<Arc<Session>, EditError> {
        self.scanned().await;
        // Whoever takes the session up, or edits it, waits; what runs goes on, and only lengthens it.
        let _turn = self.active.turn(&place.journal.folder).acquire().await;
        let session = self.library.at(&place).ok_or(EditError::Gone)?;
        if session.is_newer {
            return Err(Refusal::Newer.into());
        }
        let events = decide(&session)?;
        if events.is_empty() {
            return Ok(session);
        }
        // Nobody looks at it while it is changed: what is looked at is changed as a copy.
        drop(session);
        let lines: Vec<Line> =
            events.into_iter().map(|event| Line::new(clock::now(), event)).collect();
        let text: String = lines.iter().map(Line::to_text).collect();
        let site = self.site(place.session.clone(), place.journal.clone());
        let added = storage::execute(&self.storage, move || site.add(&text)).await;
        added.map_err(|error| self.refused(&place, &error))?;
        lines.iter().for_each(|line| self.library.apply(&place.session, &place.journal, line));
        self.library.at(&place).ok_or(EditError::Gone)
    }

    async fn remove_deleted(
        &self,
        place: Place,
        now_us: WallUs,
        deletion: Option<String>,
    ) -> Result<(usize, u64), EditError> {
        self.scanned().await;
        let _turn = self.active.turn(&place.journal.folder).acquire().await;
        let session = self.library.at(&place).ok_or(EditError::Gone)?;
        let due = session.removable(now_us, deletion.as_deref()).take(MAX_TRIED);
        let due: Vec<(String, u64)> = due.map(|file| (file.name.to_string(), file.bytes)).collect();
        // Nobody looks at it while it is changed: what is looked at is changed as a copy.
        drop(session);
        if due.is_empty() {
            return Ok((0, 0));
        }
        let site = self.site(place.session.clone(), place.journal.clone());
        let of = place.clone();
        let removing = move || site.remove_all(&of, due);
        let (gone, removed) = storage::execute(&self.storage, removing).await;
        let (names, bytes): (Vec<String>, Vec<u64>) = gone.into_iter().unzip();
        // What is gone cannot be had back, whatever became of the rest.
        self.library.removed(&place, &names);
        match removed {
            Err(error) if names.is_empty() => Err(self.refused(&place, &error)),
            Err(error) => {
                let session = &place.session;
                tracing::warn!(session, %error, "a deleted file stays on the disk for now");
                Ok((names.len(), bytes.into_iter().fold(0, u64::saturating_add)))
            }
            Ok(()) => Ok((names.len(), bytes.into_iter().fold(0, u64::saturating_add))),
        }
    }

    fn refused(&self, place: &Place, error: &DiskError) -> EditError {
        match error.kind() {
            io::ErrorKind::NotFound => EditError::Gone,
            io::ErrorKind::ResourceBusy => EditError::Busy,
            _ => {
                let session = &place.session;
                tracing::error!(session, %error, "a change of a recording waits for the disk");
                match error.may_be_there {
                    true => EditError::Unknown(error.to_string()),
                    false => EditError::Disk(error.to_string()),
                }
            }
        }
    }
}

impl Site {
    /// Appends lines to the journal, which may be open. Blocks.
    fn add(&self, text: &str) -> Result<(), DiskError> {
        let path = self.folder().join(&self.journal.name);
        match self.active.journals().get(&path) {
            Some(journal) => journal.append_line(text),
            None => self.open_journal()?.append_line(text),
        }
    }

    /// Removes files, whether they are there or not, as many as may be at once. Blocks. Says which are
    /// gone, and what has come free with each. Those that the disk does not give up keep no other.
    fn remove_all(
        &self,
        place: &Place,
        files: Vec<(String, u64)>,
    ) -> (Vec<(String, u64)>, Result<(), DiskError>) {
        if let Err(error) = is_mounted(&*self.storage, self.library.root()) {
            return (Vec::new(), Err(error));
        }
        let folder = self.folder();
        let mut gone = Vec::new();
        let mut first = Ok(());
        for (name, bytes) in files {
            if gone.len() >= MAX_REMOVED {
                break;
            }
            let path = folder.join(&name);
            // A device has come back and goes on with it, or just has: its line comes before its name.
            let is_written = self.active.contains(&folder.join(names::growing(&name)));
            if is_written || !self.library.may_be_removed(place, &name) {
                continue;
            }
            match self.storage.remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    if first.is_ok() {
                        first = Err(fault("remove", &path)(error));
                    }
                }
                Err(_) => gone.push((name, 0)),
                Ok(()) => gone.push((name, bytes)),
            }
        }
        let synced = sync_folder(&*self.storage, &folder);
        (gone, first.and(synced))
    }
}
