//! Reads a recordings folder again, and says what is not as its journals tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};

use super::journal::{Deleted, Event, Line, Segment};
use super::names::{growing, is_abandoned, is_growing, is_journal, is_media, is_put_aside};
use super::scan::{entries, text};
use crate::storage::{Open, Storage, read_pieces};

/// A file is held in memory to see whether it plays; a longer one is only hashed.
const MAX_PLAYED_BYTES: u64 = 256 << 20;

/// What a verification found.
#[derive(Debug, Default)]
pub(crate) struct Verification {
    pub(crate) sessions: usize,
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    pub(crate) problems: Vec<Problem>,
}

/// Something that is not as it should be.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) path: PathBuf,
    what: What,
}

#[derive(Debug)]
enum What {
    Missing,
    Changed,
    Unplayable(Vec<String>),
    Unnamed,
    Growing,
    Abandoned,
    SetAside,
    Unreadable(io::Error),
}

impl Problem {
    /// Whether a server that runs on the folder explains it.
    pub(crate) fn is_growing(&self) -> bool {
        matches!(self.what, What::Growing)
    }

    /// Whether `--repair` can do something about it.
    pub(crate) fn is_repairable(&self) -> bool {
        matches!(self.what, What::Growing | What::Abandoned)
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.what {
            What::Missing => write!(f, "is named by its journal and missing"),
            What::Changed => write!(f, "is not what its journal says: it was changed or damaged"),
            What::Unplayable(problems) => write!(f, "does not play well: {}", problems.join("; ")),
            What::Unnamed => write!(f, "is named by no journal"),
            What::Growing => write!(f, "grows, or was left by a crash; --repair makes it whole"),
            What::Abandoned => {
                write!(f, "was left half-written by a crash; --repair names or removes it")
            }
            What::SetAside => write!(f, "was put aside, since it is damaged at its beginning"),
            What::Unreadable(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

/// What the journals of a folder tell of its files.
#[derive(Default)]
struct Told {
    named: BTreeMap<String, Segment>,
    /// With their deletions. They may be there until those can no longer be taken back.
    deleted: BTreeMap<String, (String, Segment)>,
}

impl Told {
    fn apply(&mut self, event: Event) {
        match event {
            Event::Segment(segment) | Event::Replaced(segment) => {
                self.deleted.remove(&segment.file);
                self.named.insert(segment.file.clone(), segment);
            }
            Event::Deleted(Deleted { deletion, files, .. }) => {
                for file in files {
                    let segment = self.named.remove(&file);
                    let segment = segment.map(|segment| (file, (deletion.clone(), segment)));
                    self.deleted.extend(segment);
                }
            }
            Event::Restored { deletion, .. } => {
                let back = self.deleted.extract_if(.., |_, (id, _)| *id == deletion);
                self.named.extend(back.map(|(file, (_, segment))| (file, segment)));
            }
            _ => {}
        }
    }
}

/// Verifies everything below `root`. Blocks.
pub(crate) fn verify(storage: &dyn Storage, root: &Path) -> Verification {
    let mut found = Verification::default();
    // The folder may be a session's own.
    found.folder(storage, root);
    for folder in entries(storage, root).into_iter().filter(|entry| entry.is_folder) {
        found.folder(storage, &root.join(folder.name));
    }
    found.problems.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

impl Verification {
    fn folder(&mut self, storage: &dyn Storage, folder: &Path) {
        let names: BTreeSet<String> =
            entries(storage, folder).into_iter().map(|entry| entry.name).collect();
        let mut told = Told::default();
        for name in names.iter().filter(|name| is_journal(name)) {
            self.sessions += 1;
            // One deletion has the same id in all journals that it touches.
            let mut own = Told::default();
            self.journal(storage, &folder.join(name), &mut own);
            told.named.extend(own.named);
            told.deleted.extend(own.deleted);
        }
        let Told { named, deleted } = told;
        for segment in named.values() {
            let path = folder.join(&segment.file);
            match names.contains(&segment.file) {
                true => self.file(storage, path, segment),
                // After a crash it waits for its name.
                false if names.contains(&growing(&segment.file)) => {}
                false => self.problem(path, What::Missing),
            }
        }
        for name in names.iter().filter(|name| is_media(name)) {
            let path = folder.join(name);
            if is_growing(name) {
                self.problem(path, What::Growing);
            } else if is_abandoned(name) {
                self.problem(path, What::Abandoned);
            } else if is_put_aside(name) {
                self.problem(path, What::SetAside);
            } else if !named.contains_key(name) && !deleted.contains_key(name) {
                self.problem(path, What::Unnamed);
            }
        }
    }

    fn journal(&mut self, storage: &dyn Storage, path: &Path, told: &mut Told) {
        let text = match text(storage, path) {
            Ok(text) => text,
            Err(error) => return self.problem(path.to_owned(), What::Unreadable(error)),
        };
        // A line that a crash has torn hides nothing.
        Line::read_all(&text).for_each(|line| told.apply(line.event));
    }

    fn file(&mut self, storage: &dyn Storage, path: PathBuf, segment: &Segment) {
        let mut hash = Context::new(&SHA256);
        let mut content = Vec::new();
        let mut bytes = 0;
        let read = storage.open(&path, Open::ReadOnly).and_then(|file| {
            read_pieces(&*file, |piece| {
                hash.update(piece);
                bytes += piece.len() as u64;
                if bytes <= MAX_PLAYED_BYTES {
                    content.extend_from_slice(piece);
                }
                Ok(true)
            })
        });
        self.files += 1;
        self.bytes += bytes;
        if let Err(error) = read {
            return self.problem(path, What::Unreadable(error));
        }
        if hex::encode(hash.finish()) != segment.sha256 {
            return self.problem(path, What::Changed);
        }
        if bytes <= MAX_PLAYED_BYTES {
            let problems = container::inspect(content.into()).problems;
            if !problems.is_empty() {
                self.problem(path, What::Unplayable(problems));
            }
        }
    }

    fn problem(&mut self, path: PathBuf, what: What) {
        self.problems.push(Problem { path, what });
    }
}
