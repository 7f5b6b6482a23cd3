//! What people want to keep of a session.

use crate::clock::WallUs;

/// A time of which nothing is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) start_us: WallUs,
    pub(crate) end_us: WallUs,
    /// Who wanted it.
    pub(crate) by: Box<str>,
}

impl Kept {
    /// Whether somebody who was told of it in milliseconds means this one. A part of one is told as
    /// the whole one, or not at all.
    pub(crate) fn is_told_as(&self, start_ms: i64, end_ms: i64) -> bool {
        let (first_ms, last_ms) = (self.start_us.div_euclid(1000), self.end_us.div_euclid(1000));
        let is_part = self.end_us.rem_euclid(1000) != 0;
        start_ms == first_ms && (end_ms == last_ms || (is_part && end_ms == last_ms + 1))
    }
}

/// All such times of a session, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spans(Vec<Kept>);

impl Spans {
    /// Keeps a time, beside others that may lie in it.
    pub(super) fn keep(&mut self, start_us: WallUs, end_us: WallUs, by: &str) {
        if start_us < end_us && !self.has(start_us, end_us) {
            self.0.push(Kept { start_us, end_us, by: by.into() });
            self.0.sort_by_key(|kept| (kept.start_us, kept.end_us));
        }
    }

    /// Keeps exactly this time no more.
    pub(super) fn release(&mut self, start_us: WallUs, end_us: WallUs) {
        self.0.retain(|kept| (kept.start_us, kept.end_us) != (start_us, end_us));
    }

    /// Whether exactly this time is kept.
    pub(crate) fn has(&self, start_us: WallUs, end_us: WallUs) -> bool {
        self.iter().any(|kept| (kept.start_us, kept.end_us) == (start_us, end_us))
    }

    /// Whether something of this time is kept.
    pub(crate) fn touches(&self, start_us: WallUs, end_us: WallUs) -> bool {
        // What lasts no time is somewhere all the same.
        let end_us = end_us.max(start_us.saturating_add(1));
        self.iter().any(|kept| kept.start_us < end_us && start_us < kept.end_us)
    }

    /// In the order of their beginnings.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_released_is_exactly_what_was_kept() {
        let mut spans = Spans::default();
        spans.keep(10, 20, "a");
        spans.keep(15, 30, "b");
        spans.keep(10, 20, "c");
        spans.keep(30, 30, "nothing");
        assert_eq!(spans.iter().count(), 2);
        assert!(spans.touches(19, 25) && spans.touches(29, 100) && !spans.touches(30, 40));
        assert!(!spans.touches(0, 10), "ends where it begins");
        spans.release(10, 21);
        assert!(spans.touches(10, 11));
        spans.release(10, 20);
        assert!(!spans.touches(10, 15) && spans.touches(15, 15));
    }
}
