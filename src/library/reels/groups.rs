//! Which files are one reel.

use super::fronts::{Brief, Front, Kind};
use super::recipe::Recipe;
use crate::clock::WallUs;

/// A reel's index is in memory while it is played, and a player loads all of it first.
pub(super) const LONGEST_REEL_US: i64 = 4 * 3600 * 1_000_000;

/// Media runs as fast as wall time, but for clocks that were set.
const MAX_REEL_NS: i64 = 2 * LONGEST_REEL_US * 1000;

/// What is longer than this between two files of one stream is no rounding and no sound that sticks
/// out of its file, but missing.
const MAX_HOLE_NS: i64 = 1_000_000_000;

/// Sound of one moment may come so much later than its picture, and sticks out of its file's end.
const MAX_OVERLAP_NS: i64 = 3_000_000_000;

/// Files that are played as one, by their places in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) files: Vec<usize>,
    /// How far the zero of each lies behind that of the one before, where they follow each other.
    pub(super) follows: Vec<Option<i64>>,
}

impl Group {
    /// Its first and its second half.
    pub(super) fn halves(&self) -> [Self; 2] {
        let middle = self.files.len() / 2;
        let (files, more_files) = self.files.split_at(middle);
        let (follows, more_follow) = self.follows.split_at(middle);
        let half = |files: &[usize], follows: &[Option<i64>]| Self {
            files: files.to_vec(),
            follows: follows.to_vec(),
        };
        [half(files, follows), half(more_files, more_follow)]
    }

    /// How its first so many files are put together.
    pub(super) fn recipe(&self, fronts: &[Front], files: usize) -> Recipe {
        let parts = self.files.iter().zip(&self.follows).take(files);
        Recipe::new(parts.map(|(&at, &follows)| (fronts[at].clone(), follows)).collect())
    }
}

/// When a group ends although the next file is alike.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    /// With each four hours behind this time: wherever files go from the front, the others stay
    /// together.
    Slot { from_us: WallUs },
    /// When it would be longer than this.
    Length { max_ns: i64 },
}

impl Until {
    fn is_over(self, first: &Front, next: &Front, length_ns: i64) -> bool {
        let slot = |from_us: WallUs, front: &Front| {
            // The first file may begin a moment before its session.
            front.file.start_us.saturating_sub(from_us).max(0) / LONGEST_REEL_US
        };
        match self {
            Self::Slot { from_us } => {
                slot(from_us, first) != slot(from_us, next) || length_ns > MAX_REEL_NS
            }
            Self::Length { max_ns } => length_ns > max_ns,
        }
    }
}

/// Groups neighbours whose tracks are alike. What cannot be played is in none.
pub(super) fn groups(fronts: &[Front], until: Until) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    // The first of the group and the last of it.
    let mut open: Option<(&Front, &Front, &Brief)> = None;
    let mut length_ns = 0_i64;
    for (at, front) in fronts.iter().enumerate() {
        let alone = Group { files: vec![at], follows: vec![None] };
        let brief = match &front.kind {
            Kind::Joinable(brief) => brief,
            Kind::Alone => {
                groups.push(alone);
                open = None;
                continue;
            }
            Kind::Faulty(_) => continue,
        };
        length_ns = length_ns.saturating_add(brief.duration_ns);
        let before = open.filter(|(first, _, before)| {
            before.configuration == brief.configuration && !until.is_over(first, front, length_ns)
        });
        match (before, groups.last_mut()) {
            (Some((first, last, last_brief)), Some(group)) => {
                group.files.push(at);
                group.follows.push(distance_ns((last, last_brief), (front, brief)));
                open = Some((first, front, brief));
            }
            _ => {
                length_ns = brief.duration_ns;
                groups.push(alone);
                open = Some((front, front, brief));
            }
        }
    }
    groups
}

/// How far two files lie apart on the clock of their generation, where the one follows the other.
fn distance_ns(before: (&Front, &Brief), next: (&Front, &Brief)) -> Option<i64> {
    if before.0.file.generation != next.0.file.generation {
        return None;
    }
    let (zero, next_zero) = (before.1.zero.as_ref()?, next.1.zero.as_ref()?);
    if (&zero.session, zero.generation) != (&next_zero.session, next_zero.generation) {
        return None;
    }
    let distance_ns = next_zero.at_ns.checked_sub(zero.at_ns)?;
    let hole_ns = distance_ns.checked_sub(before.1.duration_ns)?;
    (distance_ns > 0 && (-MAX_OVERLAP_NS..=MAX_HOLE_NS).contains(&hole_ns)).then_some(distance_ns)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::SystemTime;

    use super::*;
    use crate::library::session::File;

    fn front(start_us: WallUs) -> Front {
        let file = File {
            name: "video.mp4".into(),
            generation: 0,
            is_missing: false,
            has_video: true,
            start_us,
            duration_us: 60_000_000,
            bytes: 1,
        };
        let modified = SystemTime::UNIX_EPOCH;
        Front { file, path: PathBuf::new(), stamp: None, modified, kind: Kind::Alone }
    }

    #[test]
    fn where_a_reel_ends_does_not_depend_on_what_is_gone_from_its_front() {
        let minute_us = 60_000_000;
        let from_us = 1_700_000_000_000_000;
        let ends = |first: i64| -> Vec<i64> {
            let mut begun = first;
            let mut ends = Vec::new();
            for minute in first + 1..720 {
                let (begins, next) =
                    (front(from_us + begun * minute_us), front(from_us + minute * minute_us));
                let length_ns = (minute - begun + 1) * minute_us * 1000;
                if (Until::Slot { from_us }).is_over(&begins, &next, length_ns) {
                    ends.push(minute);
                    begun = minute;
                }
            }
            ends
        };
        assert_eq!(ends(0), [240, 480]);
        assert_eq!(ends(59), [240, 480]);
        assert_eq!(ends(300), [480]);
    }
}
