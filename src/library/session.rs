//! One session, folded from its journal.

use std::path::{Path, PathBuf};

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
    /// By name, which is by time.
    pub(crate) files: Vec<File>,
}

/// A finished file, in the folder of the session's journal. There are hundreds of thousands.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) name: Box<str>,
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

    pub(super) fn apply(&mut self, line: &Line) {
        match &line.event {
            Event::Session { device, name, start_us, .. } => {
                self.started_us = *start_us;
                (self.stopped, self.is_over) = (false, false);
                self.device.clone_from(device);
                self.name.clone_from(name);
            }
            Event::Segment(segment) | Event::Replaced(segment) => {
                self.file_finished(segment);
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

    fn file_finished(&mut self, segment: &Segment) {
        let file = File {
            name: segment.file.as_str().into(),
            generation: segment.generation,
            start_us: segment.start_us,
            duration_us: segment.duration_us,
            bytes: segment.bytes,
        };
        match self.place(&segment.file) {
            Ok(at) => self.files[at] = file,
            Err(at) => self.files.insert(at, file),
        }
    }

    /// Where a file is, or would be.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.files.binary_search_by(|known| (*known.name).cmp(name))
    }

    /// Where it lies, below the recordings folder.
    pub(crate) fn path(&self, file: &File) -> PathBuf {
        Path::new(&self.journal.folder).join(&*file.name)
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
        self.place(name).ok().map(|at| &self.files[at])
    }
}
