//! One session, folded from its journal.

use super::JournalPlace;
use super::journal::{self, Event, Line, Segment};
use crate::clock::WallUs;

/// What the library knows of a session.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) journal: JournalPlace,
    pub(crate) device: String,
    pub(crate) name: String,
    pub(crate) stopped: bool,
    pub(crate) files: Vec<File>,
}

/// A finished file.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Its folder below the recordings folder; a session that went on after a restart of the
    /// server has files in several.
    pub(crate) folder: String,
    pub(crate) name: String,
    pub(crate) generation: u32,
    pub(crate) start_us: WallUs,
    pub(crate) duration_us: i64,
    pub(crate) bytes: u64,
}

impl Session {
    pub(super) fn new(id: String, journal: JournalPlace) -> Self {
        Self {
            id,
            journal,
            device: String::new(),
            name: String::new(),
            stopped: false,
            files: Vec::new(),
        }
    }

    pub(super) fn apply(&mut self, folder: &str, line: &Line) {
        match &line.event {
            Event::Session { device, name, .. } => {
                self.stopped = false;
                self.device.clone_from(device);
                self.name.clone_from(name);
            }
            Event::Segment(segment) | Event::Replaced(segment) => {
                self.file_finished(folder, segment);
            }
            Event::Resumed { .. } => self.stopped = false,
            Event::Stop { reason } => self.stopped = reason == journal::STOPPED,
            Event::Generation { .. }
            | Event::GenerationEnd { .. }
            | Event::Anchor { .. }
            | Event::Gap { .. }
            | Event::Mark { .. }
            | Event::Unknown => {}
        }
    }

    fn file_finished(&mut self, folder: &str, segment: &Segment) {
        let file = File {
            folder: folder.to_owned(),
            name: segment.file.clone(),
            generation: segment.generation,
            start_us: segment.start_us,
            duration_us: segment.duration_us,
            bytes: segment.bytes,
        };
        match self.files.iter_mut().find(|known| known.name == segment.file) {
            Some(known) => *known = file,
            None => self.files.push(file),
        }
    }

    /// A finished file by its name.
    pub(crate) fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
    }
}
