//! Finds the journals of a recordings folder.

use std::io;
use std::path::Path;

use super::journal::{Event, Line};
use super::names::{is_abandoned, is_growing, is_journal};
use super::{JournalPlace, Library};
use crate::storage::{Entry, Open, Storage, read_pieces};

/// A journal beside which lies a growing file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfinished {
    pub(crate) session: String,
    pub(crate) journal: JournalPlace,
}

pub(super) fn scan(library: &Library, storage: &dyn Storage) -> Vec<Unfinished> {
    let mut unfinished = Vec::new();
    for folder in entries(storage, library.root()).into_iter().filter(|entry| entry.is_folder) {
        let path = library.root().join(&folder.name);
        let entries = entries(storage, &path);
        let names = || entries.iter().map(|entry| entry.name.as_str());
        let mut sessions = Vec::new();
        for name in names().filter(|name| is_journal(name)) {
            let journal = JournalPlace { folder: folder.name.clone(), name: name.to_owned() };
            if let Some(session) = read(library, storage, &path.join(name), &journal) {
                sessions.push(Unfinished { session, journal });
            }
        }
        if names().any(|name| is_growing(name) || is_abandoned(name)) {
            unfinished.extend(sessions);
        }
    }
    unfinished
}

pub(super) fn entries(storage: &dyn Storage, folder: &Path) -> Vec<Entry> {
    storage.list(folder).unwrap_or_else(|error| {
        tracing::warn!(folder = %folder.display(), %error, "cannot list a folder");
        Vec::new()
    })
}

/// Adds a journal's lines to the library, and returns the session that it belongs to.
fn read(
    library: &Library,
    storage: &dyn Storage,
    path: &Path,
    journal: &JournalPlace,
) -> Option<String> {
    let text = match text(storage, path) {
        Ok(text) => text,
        Err(error) => {
            tracing::warn!(journal = %path.display(), %error, "cannot read a session journal");
            return None;
        }
    };
    let mut lines = Line::read_all(&text);
    // The first line names the session; without it nothing can refer to it.
    let first = lines.next()?;
    let Event::Session { session, .. } = &first.event else { return None };
    let session = session.clone();
    library.apply(&session, journal, &first);
    lines.for_each(|line| library.apply(&session, journal, &line));
    Some(session)
}

pub(super) fn text(storage: &dyn Storage, path: &Path) -> io::Result<Vec<u8>> {
    let file = storage.open(path, Open::ReadOnly)?;
    let mut text = Vec::new();
    read_pieces(&*file, |piece| {
        text.extend_from_slice(piece);
        Ok(true)
    })?;
    Ok(text)
}
