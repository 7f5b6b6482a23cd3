//! The names of files and folders, and what a power cut makes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{Component, Path};

use crate::simulation::random::Random;

/// A file or a folder, whatever its name.
pub(super) type Id = u64;
pub(super) const ROOT: Id = 0;
/// A name in a folder.
pub(super) type Place = (Id, String);

/// The folders, all of them flat.
#[derive(Default)]
pub(super) struct Names {
    /// As a process sees them.
    pub(super) seen: BTreeMap<Place, Id>,
    /// As the worst power cut leaves them.
    pub(super) durable: BTreeMap<Place, Id>,
    /// What lies between the two, oldest first.
    pub(super) pending: Vec<Relink>,
}

/// A file or folder gets, changes or loses its only name: one step, done or not done.
pub(super) struct Relink {
    pub(super) id: Id,
    pub(super) from: Option<Place>,
    pub(super) to: Option<Place>,
}

impl Names {
    pub(super) fn find(&self, path: &Path) -> io::Result<Id> {
        let mut id = ROOT;
        for component in path.components() {
            match component {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => {
                    let place = (id, text(Some(name))?);
                    id = *self.seen.get(&place).ok_or(ErrorKind::NotFound)?;
                }
                Component::ParentDir | Component::Prefix(_) => {
                    return Err(ErrorKind::InvalidInput.into());
                }
            }
        }
        Ok(id)
    }

    pub(super) fn entries(&self, folder: Id) -> impl Iterator<Item = (&Place, &Id)> {
        self.seen.range(entries_of(folder))
    }

    /// Everything that has a name or may have one again.
    pub(super) fn ids(&self) -> BTreeSet<Id> {
        let pending = self.pending.iter().map(|relink| relink.id);
        self.seen.values().chain(self.durable.values()).copied().chain(pending).collect()
    }

    pub(super) fn relink(&mut self, relink: Relink) {
        if let Some(from) = &relink.from {
            self.seen.remove(from);
        }
        if let Some(to) = &relink.to {
            self.seen.insert(to.clone(), relink.id);
        }
        self.pending.push(relink);
    }

    /// Makes the names in a folder durable, and with them the earlier changes of any name that
    /// these come from or go to. A move between two folders is one step, so either folder takes
    /// it along.
    pub(super) fn sync(&mut self, folder: Id) {
        let (mut durable, mut left) = (Vec::<Relink>::new(), Vec::new());
        for relink in std::mem::take(&mut self.pending).into_iter().rev() {
            let is_needed = durable.iter().any(|later| later.builds_upon(&relink));
            let list = if relink.is_in(folder) || is_needed { &mut durable } else { &mut left };
            list.push(relink);
        }
        self.pending = left.into_iter().rev().collect();
        for relink in durable.iter().rev() {
            self.settle(relink);
        }
    }

    /// Makes one change durable, unless its name still belongs to a file that was moved away, but
    /// not durably: that one has no other name to live on by.
    pub(super) fn settle(&mut self, relink: &Relink) -> bool {
        let holder = relink.to.as_ref().and_then(|to| self.durable.get(to));
        let lives = |holder: &Id| self.seen.values().any(|id| id == holder);
        if holder.is_some_and(|holder| *holder != relink.id && lives(holder)) {
            return false;
        }
        self.durable.retain(|_, id| *id != relink.id);
        self.durable.extend(relink.to.clone().map(|to| (to, relink.id)));
        true
    }

    /// Lets each change that is not durable come true or be lost; returns the lost ones.
    pub(super) fn power_cut(&mut self, random: &mut Random) -> Vec<Relink> {
        let odds = random.odds();
        let mut lost = std::mem::take(&mut self.pending);
        lost.retain(|relink| random.below(4) >= odds || !self.settle(relink));
        // A folder without a name takes along what is in it.
        let settled = std::mem::take(&mut self.durable);
        let mut folders = vec![ROOT];
        while let Some(folder) = folders.pop() {
            for (place, id) in settled.range(entries_of(folder)) {
                folders.push(*id);
                self.durable.insert(place.clone(), *id);
            }
        }
        self.seen.clone_from(&self.durable);
        lost
    }
}

impl Relink {
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.from.iter().chain(&self.to)
    }

    pub(super) fn is_in(&self, folder: Id) -> bool {
        self.places().any(|place| place.0 == folder)
    }

    pub(super) fn builds_upon(&self, earlier: &Self) -> bool {
        self.places().any(|place| earlier.places().any(|p| p == place))
    }
}

impl Display for Relink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |place: &Option<Place>| place.as_ref().map_or("nothing", |p| &p.1).to_owned();
        write!(f, "{} to {}", name(&self.from), name(&self.to))
    }
}

pub(super) fn entries_of(folder: Id) -> Range<Place> {
    (folder, String::new())..(folder + 1, String::new())
}

pub(super) fn text(name: Option<&OsStr>) -> io::Result<String> {
    let name = name.and_then(OsStr::to_str).ok_or(ErrorKind::InvalidInput)?;
    Ok(name.to_owned())
}
