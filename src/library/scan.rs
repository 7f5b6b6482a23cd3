//! Finds the journals of a recordings folder.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use super::editing::Place as Site;
use super::journal::{Event, Line};
use super::names::{is_abandoned, is_growing, is_journal, is_media, is_recordings_folder};
use super::{JournalPlace, Library};
use crate::storage::{Entry, Open, Storage, read_pieces};

/// Journals that are read side by side; more than a disk has use for.
const READERS: usize = 4;

/// Fewer folders are read as fast one after the other.
const LEAST_FOLDERS_A_READER: usize = 64;

/// A journal beside which lies a growing file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfinished {
    pub(crate) session: String,
    pub(crate) journal: JournalPlace,
}

/// What the disk has not given back: nobody knows which sessions are in it.
#[derive(Debug)]
pub(super) struct Unread {
    place: Place,
    pub(super) path: PathBuf,
    pub(super) error: io::Error,
}

#[derive(Debug)]
enum Place {
    Root,
    Folder(String),
    Journal(JournalPlace),
}

/// Reads all journals but those that are this process's own.
pub(super) fn scan(
    library: &Library,
    storage: &dyn Storage,
    is_own: &(dyn Fn(&Path) -> bool + Sync),
) -> (Vec<Unfinished>, Vec<Unread>) {
    let mut scan = Scan::new(library, storage, is_own, HashSet::new());
    scan.root();
    (scan.unfinished, scan.unread)
}

/// Reads what could not be read before. Returns what still cannot.
pub(super) fn again(
    library: &Library,
    storage: &dyn Storage,
    is_own: &(dyn Fn(&Path) -> bool + Sync),
    unread: &[Unread],
) -> (Vec<Unfinished>, Vec<Unread>) {
    let mut scan = Scan::new(library, storage, is_own, library.journals());
    scan.is_again = true;
    let listed = storage.list(library.root()).ok();
    let is_there = |name: &str| {
        // Without a list nobody can say that it is gone.
        listed.as_ref().is_none_or(|entries| entries.iter().any(|entry| entry.name == name))
    };
    for Unread { place, .. } in unread {
        match place {
            Place::Root => scan.root(),
            Place::Folder(name) if is_there(name) => scan.folder(name.clone()),
            // With the whole folder, since a growing file may lie beside it.
            Place::Journal(journal) if is_there(&journal.folder) => {
                scan.folder(journal.folder.clone());
            }
            Place::Folder(_) | Place::Journal(_) => {}
        }
    }
    (scan.unfinished, scan.unread)
}

struct Scan<'a> {
    library: &'a Library,
    storage: &'a dyn Storage,
    /// Whether a journal was begun by this process, which tells the library itself.
    is_own: &'a (dyn Fn(&Path) -> bool + Sync),
    /// Journals that are in the library already. They are not read again: they may have grown in
    /// memory first.
    known: HashSet<JournalPlace>,
    unfinished: Vec<Unfinished>,
    unread: Vec<Unread>,
    /// Whether what cannot be read has been complained of before.
    is_again: bool,
}

impl<'a> Scan<'a> {
    fn new(
        library: &'a Library,
        storage: &'a dyn Storage,
        is_own: &'a (dyn Fn(&Path) -> bool + Sync),
        known: HashSet<JournalPlace>,
    ) -> Self {
        Self {
            library,
            storage,
            is_own,
            known,
            unfinished: Vec::new(),
            unread: Vec::new(),
            is_again: false,
        }
    }

    fn root(&mut self) {
        match self.storage.list(self.library.root()) {
            Ok(entries) => {
                let folders = entries.into_iter().filter(|entry| entry.is_folder);
                self.folders(folders.map(|entry| entry.name).collect());
            }
            Err(error) => self.not_read(Place::Root, self.library.root().to_owned(), error),
        }
    }

    /// Reads folders, many of them side by side: a disk reads on while journals are understood.
    fn folders(&mut self, mut folders: Vec<String>) {
        let readers = (folders.len() / LEAST_FOLDERS_A_READER).clamp(1, READERS);
        let each = folders.len().div_ceil(readers).max(1);
        thread::scope(|scope| {
            let mut others = Vec::new();
            while folders.len() > each {
                let folders = folders.split_off(folders.len() - each);
                let mut other = self.beside();
                others.push(scope.spawn(move || {
                    folders.into_iter().for_each(|folder| other.folder(folder));
                    (other.unfinished, other.unread)
                }));
            }
            folders.into_iter().for_each(|folder| self.folder(folder));
            for other in others {
                match other.join() {
                    Ok((unfinished, unread)) => {
                        self.unfinished.extend(unfinished);
                        self.unread.extend(unread);
                    }
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
    }

    /// One that has read nothing yet.
    fn beside(&self) -> Self {
        let mut other = Self::new(self.library, self.storage, self.is_own, self.known.clone());
        other.is_again = self.is_again;
        other
    }

    fn folder(&mut self, folder: String) {
        let path = self.library.root().join(&folder);
        let entries = match self.storage.list(&path) {
            Ok(entries) => entries,
            // What is not ours may be closed to us, such as `lost+found`.
            Err(error) if !is_recordings_folder(&folder) => {
                return tracing::debug!(folder = %path.display(), %error, "a folder is passed over");
            }
            Err(error) => return self.not_read(Place::Folder(folder), path, error),
        };
        let names = || entries.iter().map(|entry| entry.name.as_str());
        let there: HashSet<&str> = names().filter(|name| is_media(name)).collect();
        let is_there = |name: &str| there.contains(name);
        let mut sessions = Vec::new();
        for name in names().filter(|name| is_journal(name)) {
            let journal = JournalPlace { folder: folder.clone(), name: name.to_owned() };
            let session = self.journal(journal.clone(), &is_there);
            sessions.extend(session.map(|session| Unfinished { session, journal }));
        }
        if names().any(|name| is_growing(name) || is_abandoned(name)) {
            self.unfinished.extend(sessions);
        }
    }

    /// Adds a journal's lines to the library, and returns the session that it belongs to.
    fn journal(
        &mut self,
        journal: JournalPlace,
        is_there: &dyn Fn(&str) -> bool,
    ) -> Option<String> {
        if self.known.contains(&journal) {
            return None;
        }
        let path = self.library.root().join(&journal.folder).join(&journal.name);
        if (self.is_own)(&path) {
            return None;
        }
        let text = match text(self.storage, &path) {
            Ok(text) => text,
            Err(error) => {
                self.not_read(Place::Journal(journal), path, error);
                return None;
            }
        };
        // Before anybody who asks has to wait for it.
        let lines: Vec<Line> = Line::read_all(&text).collect();
        // The first line names the session; without it nothing can refer to it.
        let Event::Session { session, .. } = &lines.first()?.event else { return None };
        self.library.apply_all(session, &journal, &lines);
        self.library.looked(&Site { session: session.clone(), journal }, is_there);
        Some(session.clone())
    }

    fn not_read(&mut self, place: Place, path: PathBuf, error: io::Error) {
        // Somebody has removed it since it was listed. A folder may also be a link to a disk that
        // is not there.
        if error.kind() == io::ErrorKind::NotFound && matches!(place, Place::Journal(_)) {
            return;
        }
        if !self.is_again {
            tracing::warn!(path = %path.display(), %error, "cannot read recordings; what may belong to them waits until they can be read");
        }
        self.unread.push(Unread { place, path, error });
    }
}

pub(super) fn entries(storage: &dyn Storage, folder: &Path) -> Vec<Entry> {
    storage.list(folder).unwrap_or_else(|error| {
        tracing::warn!(folder = %folder.display(), %error, "cannot list a folder");
        Vec::new()
    })
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;
    use crate::storage::Filesystem;

    #[test]
    fn many_folders_are_read_side_by_side_and_none_is_missed() {
        let root = tempfile::tempdir().unwrap();
        let folders = LEAST_FOLDERS_A_READER * READERS + 7;
        for number in 0..folders {
            let folder = root.path().join(format!("client_10.0.0.1_{number}"));
            fs::create_dir(&folder).unwrap();
            let line = format!(
                r#"{{"v":1,"at":"x","event":"session","session":"s-{number}","device":"d","name":"Door","client":"x","address":"x","start_us":{number}}}"#
            );
            fs::write(folder.join("session_1.jsonl"), line + "\n").unwrap();
            if number % 10 == 0 {
                fs::write(folder.join("video_1.webm.part"), b"grows").unwrap();
            }
        }
        let library = Library::new(root.path().to_owned());
        let unfinished = library.scan(&Filesystem::default(), &|_| false);
        let mut sessions = BTreeSet::new();
        library.each(|session| assert!(sessions.insert(session.id.clone())));
        assert_eq!(sessions.len(), folders);
        let unfinished: BTreeSet<String> = unfinished.into_iter().map(|one| one.session).collect();
        let grown = (0..folders).step_by(10).map(|number| format!("s-{number}"));
        assert_eq!(unfinished, grown.collect());
    }
}
