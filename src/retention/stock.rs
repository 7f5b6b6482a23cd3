//! What there is to be deleted, out of the library.

use std::collections::HashMap;

use super::age::DATED_FROM_US;
use super::plan::{Footage, Plan, Rule};
use crate::clock::WallUs;
use crate::library::editing::Place;
use crate::library::{Library, Publisher, Session};

/// All finished files, and where they are.
#[derive(Debug, Default)]
pub(super) struct Stock {
    pub(super) footage: Vec<Footage>,
    /// By their places in `footage`: session and name.
    files: Vec<(u32, Box<str>)>,
    sessions: Vec<Place>,
    /// What comes free when it can no longer be had back. What should be gone already is not counted:
    /// the disk does not give it up.
    pub(super) waiting_bytes: u64,
}

/// Files of one session that one rule asks for, the oldest first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) place: Place,
    pub(super) rule: Rule,
    pub(super) files: Vec<String>,
}

impl Stock {
    /// What there is now, with what is to be removed after `swept_us`. Takes some tens of milliseconds for a year of a camera.
    pub(super) fn of(library: &Library, swept_us: WallUs) -> Self {
        let mut stock = Self::default();
        let mut publishers: HashMap<Publisher, u32> = HashMap::new();
        library.each(|session| {
            let (device, name) = session.publisher();
            let next = publishers.len() as u32;
            let publisher = (device.to_owned(), name.to_owned());
            let device = *publishers.entry(publisher).or_insert(next);
            stock.add(session, library.place(session), device);
            stock.waiting_bytes =
                stock.waiting_bytes.saturating_add(coming_free(session, swept_us));
        });
        stock
    }

    fn add(&mut self, session: &Session, place: Place, device: u32) {
        let of_session = self.sessions.len() as u32;
        self.sessions.push(place);
        let growing = session.provisional();
        // One that somebody has moved away takes no room.
        for file in session.files.iter().filter(|file| !file.is_missing) {
            let (start_us, end_us) = (file.start_us, file.end_us());
            let is_safe = session.is_newer
                || growing.contains(&*file.name)
                || session.kept.touches(start_us, end_us)
                || end_us < DATED_FROM_US;
            self.footage.push(Footage { device, start_us, end_us, bytes: file.bytes, is_safe });
            self.files.push((of_session, file.name.clone()));
        }
    }

    /// Where the newest ends that began before.
    pub(super) fn newest_us(&self, before_us: WallUs) -> Option<WallUs> {
        let earlier = self.footage.iter().filter(|file| file.start_us < before_us);
        earlier.map(|file| file.end_us.min(before_us)).max()
    }

    /// What a plan asks of each session, the oldest first, in batches of at most so many files.
    pub(super) fn batches(&self, plan: &Plan, max_files: usize) -> Vec<Batch> {
        let mut batches: Vec<Batch> = Vec::new();
        let mut open: HashMap<(u32, Rule), usize> = HashMap::new();
        for file in &plan.files {
            let (session, name) = &self.files[file.at];
            let key = (*session, file.rule);
            let known = open.get(&key).filter(|&&at| batches[at].files.len() < max_files).copied();
            let at = known.unwrap_or_else(|| {
                let place = self.sessions[*session as usize].clone();
                batches.push(Batch { place, rule: file.rule, files: Vec::new() });
                batches.len() - 1
            });
            open.insert(key, at);
            batches[at].files.push(name.to_string());
        }
        batches
    }
}

fn coming_free(session: &Session, swept_us: WallUs) -> u64 {
    let removable = session.deletions.to_come(swept_us).filter(|_| !session.is_newer);
    let removable = removable.filter(|file| !session.kept.touches(file.start_us, file.end_us()));
    removable.map(|file| file.bytes).fold(0, u64::saturating_add)
}
