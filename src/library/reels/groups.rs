//! Which files are one reel.

use container::reel::Head;

use super::fronts::{Front, Kind};

/// A reel's index is in memory while it is played, and a player loads all of it first.
pub(super) const LONGEST_REEL_NS: i64 = 4 * 3600 * 1_000_000_000;

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
}

/// Groups neighbours whose tracks are alike, none longer than that. What cannot be played is in none.
pub(super) fn groups(fronts: &[Front], longest_ns: i64) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut last: Option<(&Front, &Head)> = None;
    let mut length_ns = 0_i64;
    for (at, front) in fronts.iter().enumerate() {
        let head = match &front.kind {
            Kind::Joinable(head) => head,
            Kind::Alone => {
                groups.push(Group { files: vec![at], follows: vec![None] });
                last = None;
                continue;
            }
            Kind::Faulty(_) => continue,
        };
        length_ns = length_ns.saturating_add(head.duration_ns());
        let before = last.filter(|(_, before)| {
            before.configuration() == head.configuration() && length_ns <= longest_ns
        });
        match (before, groups.last_mut()) {
            (Some(before), Some(group)) => {
                group.files.push(at);
                group.follows.push(distance_ns(before, (front, head)));
            }
            _ => {
                length_ns = head.duration_ns();
                groups.push(Group { files: vec![at], follows: vec![None] });
            }
        }
        last = Some((front, head));
    }
    groups
}

/// How far two files lie apart on the clock of their generation, where the one follows the other.
fn distance_ns(before: (&Front, &Head), next: (&Front, &Head)) -> Option<i64> {
    if before.0.file.generation != next.0.file.generation {
        return None;
    }
    let (zero, next_zero) = (before.1.zero()?, next.1.zero()?);
    if (&zero.session, zero.generation) != (&next_zero.session, next_zero.generation) {
        return None;
    }
    let distance_ns = next_zero.at_ns.checked_sub(zero.at_ns)?;
    let hole_ns = distance_ns.checked_sub(before.1.duration_ns())?;
    (distance_ns > 0 && (-MAX_OVERLAP_NS..=MAX_HOLE_NS).contains(&hole_ns)).then_some(distance_ns)
}
