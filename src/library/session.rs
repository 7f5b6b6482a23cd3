//! One session, folded from its journal.

use super::journal::{Event, Line};
use crate::clock::WallUs;

/// What the library knows of a session.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// Its folder below the recordings folder.
    pub(crate) folder: String,
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
    pub(super) fn new(id: String, folder: String) -> Self {
        Self {
            id,
            folder,
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
            Event::Segment { file, generation, start_us, duration_us, bytes, .. } => {
                self.files.retain(|known| known.name != *file);
                self.files.push(File {
                    folder: folder.to_owned(),
                    name: file.clone(),
                    generation: *generation,
                    start_us: *start_us,
                    duration_us: *duration_us,
                    bytes: *bytes,
                });
            }
            Event::Stop { .. } => self.stopped = true,
            Event::Generation { .. } | Event::Gap { .. } | Event::Mark { .. } | Event::Unknown => {}
        }
    }

    /// A finished file by its name.
    pub(crate) fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
    }
}
