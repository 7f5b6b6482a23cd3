//! One session, folded from its journal.

use super::JournalPlace;
use super::journal::{self, Event, Line, Segment};
use crate::clock::WallUs;

/// The device that raw publishers share: what tells them apart is their address, which is their
/// name.
const RAW: &str = "raw";

/// What the id of a source begins with, and no device's does.
pub(crate) const SOURCE: &str = "source:";

/// A device, and of those that are many the name of one.
pub(crate) type Publisher = (String, String);

/// Whose sessions follow one another.
pub(super) fn publisher<'a>(device: &'a str, name: &'a str) -> (&'a str, &'a str) {
    (device, if device == RAW { name } else { "" })
}

/// What the library knows of a session.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) journal: JournalPlace,
    pub(crate) device: String,
    pub(crate) name: String,
    pub(crate) started_us: WallUs,
    /// Whether somebody has stopped it.
    pub(crate) stopped: bool,
    /// Whether nothing more comes, stopped or not.
    pub(crate) is_over: bool,
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
            started_us: 0,
            stopped: false,
            is_over: false,
            files: Vec::new(),
        }
    }

    pub(super) fn apply(&mut self, folder: &str, line: &Line) {
        match &line.event {
            Event::Session { device, name, start_us, .. } => {
                self.started_us = *start_us;
                (self.stopped, self.is_over) = (false, false);
                self.device.clone_from(device);
                self.name.clone_from(name);
            }
            Event::Segment(segment) | Event::Replaced(segment) => {
                self.file_finished(folder, segment);
            }
            Event::Resumed { .. } => (self.stopped, self.is_over) = (false, false),
            Event::Stop { reason } => {
                self.stopped = reason == journal::STOPPED;
                self.is_over = journal::is_over(reason);
            }
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

    /// Where its finished files end, in wall time.
    pub(crate) fn end_us(&self) -> Option<WallUs> {
        self.files.iter().map(|file| file.start_us.saturating_add(file.duration_us)).max()
    }

    /// Whose sessions follow one another.
    pub(super) fn publisher(&self) -> (&str, &str) {
        publisher(&self.device, &self.name)
    }

    /// A finished file by its name.
    pub(crate) fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
    }
}
