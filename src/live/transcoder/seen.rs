//! Which samples of a track have been there already.

use std::collections::BTreeSet;

/// Of the pictures in front of one, so many at most are shown behind it: no decoder holds more
/// (ITU-T H.264 and H.265, annex A).
const MAX_REORDERED: usize = 16;

/// Follows the times at which samples are shown, in whatever order they come.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The latest. What is earlier than all of them is not new.
    latest: BTreeSet<i64>,
}

impl Seen {
    /// Whether the sample that is shown then comes for the first time.
    pub(super) fn is_new(&mut self, pts: i64) -> bool {
        let is_full = self.latest.len() > MAX_REORDERED;
        if is_full && self.latest.first().is_some_and(|first| pts < *first) {
            return false;
        }
        let is_new = self.latest.insert(pts);
        if self.latest.len() > MAX_REORDERED + 1 {
            self.latest.pop_first();
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(seen: &mut Seen, times: impl IntoIterator<Item = i64>) -> Vec<i64> {
        times.into_iter().filter(|pts| seen.is_new(*pts)).collect()
    }

    /// I P B B B P B B B …, where of three B-pictures the middle one comes first.
    fn pyramid(groups: i64) -> Vec<i64> {
        let group = |at: i64| [4, 2, 1, 3].map(|place| at * 4 + place);
        std::iter::once(0).chain((0..groups).flat_map(group)).collect()
    }

    #[test]
    fn pictures_in_another_order_than_they_are_shown_are_all_new() {
        let mut seen = Seen::default();
        assert_eq!(new(&mut seen, pyramid(100)), pyramid(100));
        assert!(seen.latest.len() <= MAX_REORDERED + 1);
        // As many as there may be, behind one that is shown after them.
        let deep: Vec<i64> = [1000].into_iter().chain(500..900).collect();
        assert_eq!(new(&mut seen, deep.clone()), deep);
    }

    #[test]
    fn what_comes_again_is_not_new_wherever_it_begins() {
        for from in [0, 1, 2, 150, 395, 400] {
            let mut seen = Seen::default();
            new(&mut seen, pyramid(100));
            let again = pyramid(101).split_off(from);
            assert_eq!(new(&mut seen, again), [404, 402, 401, 403], "from {from}");
        }
    }
}
