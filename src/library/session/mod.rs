//! One session, folded from its journal.

mod deletions;
mod kept;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::JournalPlace;
use super::journal::{self, Event, Line, Segment, TrackKind};
use crate::clock::WallUs;
pub(crate) use deletions::{Deletion, Deletions};
pub(crate) use kept::{Kept, Spans};

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
    /// The device's name when it began.
    pub(crate) name: String,
    /// A person's name for it.
    pub(crate) title: Option<String>,
    pub(crate) started_us: WallUs,
    /// Whether somebody has stopped it.
    pub(crate) stopped: bool,
    /// Whether nothing more comes, stopped or not.
    pub(crate) is_over: bool,
    /// By name, which is by time.
    pub(crate) files: Vec<File>,
    /// In the order of the journal.
    pub(crate) gaps: Vec<Gap>,
    /// In the order of the journal.
    pub(crate) marks: Vec<Mark>,
    pub(crate) kept: Spans,
    pub(crate) deletions: Deletions,
    /// Whether a newer version of the program has written some of it: nothing is added to that.
    pub(crate) is_newer: bool,
    /// Generations of which nothing more comes.
    pub(super) ended: BTreeSet<u32>,
}

/// A finished file, in the folder of the session's journal. There are hundreds of thousands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: Box<str>,
    pub(crate) generation: u32,
    /// Whether it was not there when somebody looked last.
    pub(crate) is_missing: bool,
    pub(crate) has_video: bool,
    pub(crate) start_us: WallUs,
    pub(crate) duration_us: i64,
    pub(crate) bytes: u64,
}

/// Wall time without media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) start_us: WallUs,
    pub(crate) end_us: WallUs,
    pub(crate) reason: Box<str>,
    pub(crate) detail: Option<Box<str>>,
}

/// Something that happened at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) at_us: WallUs,
    pub(crate) kind: Box<str>,
    pub(crate) detail: Option<Box<str>>,
}

impl Session {
    pub(super) fn new(id: String, journal: JournalPlace) -> Self {
        Self {
            id,
            journal,
            device: String::new(),
            name: String::new(),
            title: None,
            started_us: 0,
            stopped: false,
            is_over: false,
            files: Vec::new(),
            gaps: Vec::new(),
            marks: Vec::new(),
            kept: Spans::default(),
            deletions: Deletions::default(),
            is_newer: false,
            ended: BTreeSet::new(),
        }
    }

    pub(super) fn apply(&mut self, line: &Line) {
        self.is_newer |= line.is_newer();
        match &line.event {
            Event::Session { device, name, start_us, .. } => {
                self.started_us = *start_us;
                (self.stopped, self.is_over) = (false, false);
                self.device.clone_from(device);
                self.name.clone_from(name);
            }
            Event::Segment(segment) | Event::Replaced(segment) => self.file_finished(segment),
            Event::Resumed { .. } => (self.stopped, self.is_over) = (false, false),
            Event::Stop { reason } => {
                self.stopped = reason == journal::STOPPED;
                self.is_over = journal::is_over(reason);
            }
            Event::GenerationEnd { generation, .. } => {
                self.ended.insert(*generation);
            }
            Event::Gap { start_us, end_us, reason, detail, .. } => self.gaps.push(Gap {
                start_us: *start_us,
                end_us: *end_us,
                reason: reason.as_str().into(),
                detail: detail.as_deref().map(Into::into),
            }),
            Event::Mark { at_us, kind, detail, .. } => self.marks.push(Mark {
                at_us: *at_us,
                kind: kind.as_str().into(),
                detail: detail.as_deref().map(Into::into),
            }),
            Event::Name { title, .. } => self.title.clone_from(title),
            Event::Keep { start_us, end_us, by } => self.kept.keep(*start_us, *end_us, by),
            Event::Release { start_us, end_us, .. } => self.kept.release(*start_us, *end_us),
            Event::Deleted(deleted) => {
                let gone = self.take_files(&deleted.files);
                self.deletions.deleted(deleted, line.at_us().unwrap_or(deleted.until_us), gone);
            }
            Event::Restored { deletion, .. } => {
                let back = self.deletions.restored(deletion);
                back.into_iter().for_each(|file| self.put_file(file));
            }
            Event::Generation { .. } | Event::Anchor { .. } | Event::Unknown => {}
        }
    }

    fn file_finished(&mut self, segment: &Segment) {
        // One that a device has gone on with, or a new one of an old name.
        self.deletions.forget(&segment.file);
        self.put_file(File {
            name: segment.file.as_str().into(),
            generation: segment.generation,
            is_missing: false,
            has_video: segment.tracks.iter().any(|track| track.kind == TrackKind::Video),
            start_us: segment.start_us,
            duration_us: segment.duration_us,
            bytes: segment.bytes,
        });
    }

    fn put_file(&mut self, file: File) {
        match self.place(&file.name) {
            Ok(at) => self.files[at] = file,
            Err(at) => self.files.insert(at, file),
        }
    }

    fn take_files(&mut self, names: &[String]) -> Vec<File> {
        let named: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        self.files.extract_if(.., |file| named.contains(&*file.name)).collect()
    }

    /// Where a file is, or would be.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.files.binary_search_by(|known| (*known.name).cmp(name))
    }

    /// The deleted files that can be removed by then: none of a time that is kept, whenever somebody
    /// wanted that, and none of a journal that a newer version has written.
    pub(crate) fn removable<'a>(
        &'a self,
        now_us: WallUs,
        deletion: Option<&'a str>,
    ) -> impl Iterator<Item = &'a File> {
        let due = self.deletions.due(now_us, deletion).filter(|_| !self.is_newer);
        due.filter(|file| !self.kept.touches(file.start_us, file.end_us()))
    }

    /// Where it lies, below the recordings folder.
    pub(crate) fn path(&self, file: &File) -> PathBuf {
        Path::new(&self.journal.folder).join(&*file.name)
    }

    /// Where its finished files end, in wall time.
    pub(crate) fn end_us(&self) -> Option<WallUs> {
        self.files.iter().map(File::end_us).max()
    }

    /// Whose sessions follow one another.
    pub(crate) fn publisher(&self) -> (&str, &str) {
        publisher(&self.device, &self.name)
    }

    /// A finished file by its name.
    pub(crate) fn file(&self, name: &str) -> Option<&File> {
        self.place(name).ok().map(|at| &self.files[at])
    }

    /// The files that may be replaced by their longer selves: a device that comes back goes on with
    /// the last one of each generation that has not ended.
    pub(crate) fn provisional(&self) -> BTreeSet<&str> {
        if self.is_over {
            return BTreeSet::new();
        }
        let mut last = std::collections::BTreeMap::new();
        for file in self.files.iter().filter(|file| !self.ended.contains(&file.generation)) {
            last.insert(file.generation, &*file.name);
        }
        last.into_values().collect()
    }
}

impl File {
    /// The wall time at which it ends.
    pub(crate) fn end_us(&self) -> WallUs {
        self.start_us.saturating_add(self.duration_us)
    }
}

#[cfg(test)]
mod tests;
