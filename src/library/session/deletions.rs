//! What was deleted of a session.

use super::File;
use crate::clock::WallUs;
use crate::library::journal::Deleted;

/// All deletions of a session, in the order of its journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Deletions(Vec<Deletion>);

/// Files that were deleted at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deletion {
    pub(crate) id: Box<str>,
    pub(crate) at_us: WallUs,
    pub(crate) by: Box<str>,
    pub(crate) reason: Box<str>,
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    pub(crate) start_us: WallUs,
    pub(crate) end_us: WallUs,
    /// Until then it can be taken back.
    pub(crate) until_us: WallUs,
    /// Those that may still be on the disk.
    pub(crate) waiting: Vec<File>,
    /// Whether some of them have been removed.
    pub(crate) is_swept: bool,
}

impl Deletions {
    pub(super) fn deleted(&mut self, deleted: &Deleted, at_us: WallUs, waiting: Vec<File>) {
        self.0.push(Deletion {
            id: deleted.deletion.as_str().into(),
            at_us,
            by: deleted.by.as_str().into(),
            reason: deleted.reason.as_str().into(),
            files: deleted.files.len(),
            bytes: deleted.bytes,
            start_us: deleted.start_us,
            end_us: deleted.end_us,
            until_us: deleted.until_us,
            waiting,
            is_swept: false,
        });
    }

    /// Takes one back, as far as its files have not been removed.
    pub(super) fn restored(&mut self, id: &str) -> Vec<File> {
        let restored = self.0.extract_if(.., |deletion| *deletion.id == *id);
        restored.flat_map(|deletion| deletion.waiting).collect()
    }

    /// A file of this name is not waiting to be removed, or has been.
    pub(super) fn forget(&mut self, name: &str) {
        for deletion in &mut self.0 {
            deletion.waiting.retain(|file| *file.name != *name);
        }
    }

    /// Keeps of those that wait what is still on the disk. What was to be removed by `now_us` is
    /// taken for removed by this program.
    pub(crate) fn retain(&mut self, now_us: WallUs, is_there: impl Fn(&str) -> bool) {
        for deletion in &mut self.0 {
            let before = deletion.waiting.len();
            deletion.waiting.retain(|file| is_there(&file.name));
            deletion.is_swept |= deletion.waiting.len() < before && deletion.until_us <= now_us;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Deletion> {
        self.0.iter()
    }

    /// Whether a file is still to be removed.
    pub(crate) fn is_waiting(&self, name: &str) -> bool {
        self.iter().flat_map(|deletion| &deletion.waiting).any(|file| *file.name == *name)
    }

    /// Whether nothing of a deletion has been removed: a part of it would be no undoing.
    pub(crate) fn can_be_restored(&self, id: &str) -> bool {
        let mut of = self.iter().filter(|deletion| *deletion.id == *id).peekable();
        of.peek().is_some() && of.all(Deletion::can_be_restored)
    }

    /// One that has something of a time, and of which that is still there.
    pub(crate) fn touching(&self, start_us: WallUs, end_us: WallUs) -> Option<&Deletion> {
        let is_inside = |file: &File| file.start_us < end_us && start_us < file.end_us();
        let touches = |deletion: &&Deletion| deletion.waiting.iter().any(is_inside);
        self.iter().find(touches)
    }

    /// The files that are to be removed after that time.
    pub(crate) fn to_come(&self, after_us: WallUs) -> impl Iterator<Item = &File> {
        let later = self.iter().filter(move |deletion| deletion.until_us > after_us);
        later.flat_map(|deletion| &deletion.waiting)
    }

    /// By its id, which is that of one in other sessions, too.
    pub(crate) fn get(&self, id: &str) -> Option<&Deletion> {
        self.iter().find(|deletion| *deletion.id == *id)
    }

    /// The files that are to be removed by then, of one deletion or of all.
    pub(super) fn due<'a>(
        &'a self,
        now_us: WallUs,
        only: Option<&'a str>,
    ) -> impl Iterator<Item = &'a File> {
        let due = self.iter().filter(move |deletion| {
            deletion.until_us <= now_us && only.is_none_or(|id| *deletion.id == *id)
        });
        due.flat_map(|deletion| &deletion.waiting)
    }
}

impl Deletion {
    /// Whether nothing of it has been removed. What a device has gone on with counts again by itself.
    pub(crate) fn can_be_restored(&self) -> bool {
        !self.is_swept
    }
}
