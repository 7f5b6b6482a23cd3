//! Which of a publisher's sessions stands in the place of which.

use std::collections::HashMap;

use crate::clock::WallUs;

/// What a page had on its way when the next one took over becomes durable a moment after that has
/// begun.
const HANDOVER_US: i64 = 10_000_000;

/// Whether a session gives way to one of the same publisher that began at `newer_us`: that has begun
/// after the last that came of this one. Two that record side by side, as in two pages of one
/// browser, hide nothing of each other.
pub(crate) fn gives_way(started_us: WallUs, heard_us: WallUs, newer_us: WallUs) -> bool {
    started_us < newer_us && heard_us.saturating_sub(HANDOVER_US) <= newer_us
}

/// When the newest session of each publisher began.
#[derive(Debug, Default)]
pub(crate) struct Newest<'a>(HashMap<(&'a str, &'a str), WallUs>);

impl Newest<'_> {
    pub(crate) fn of(&self, publisher: (&str, &str)) -> Option<WallUs> {
        self.0.get(&publisher).copied()
    }
}

impl<'a> FromIterator<((&'a str, &'a str), WallUs)> for Newest<'a> {
    fn from_iter<I: IntoIterator<Item = ((&'a str, &'a str), WallUs)>>(began: I) -> Self {
        let mut newest = HashMap::new();
        for (publisher, began_us) in began {
            let known = newest.entry(publisher).or_insert(began_us);
            *known = began_us.max(*known);
        }
        Self(newest)
    }
}
