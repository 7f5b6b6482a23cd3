//! Where a source's session ends because its day does.

use chrono::NaiveDate;
use container::{Event, Sample};

use super::super::generation::Head;
use crate::clock::{self, WallUs};

/// A key frame with which a day begins.
#[derive(Debug)]
pub(super) struct Seam<'a> {
    /// What came in front of it.
    pub(super) before: &'a [Event],
    /// What comes from it on.
    pub(super) rest: &'a [Event],
    pub(super) key: &'a Sample,
    pub(super) wall_us: WallUs,
}

/// Where among these another day begins than that of what began at `began_us`. The pictures' own
/// time counts, since the next session begins with that: by the clock on the wall, which may have
/// been set meanwhile, every key frame could be of another day.
pub(super) fn seam<'a>(began_us: WallUs, head: &'a Head, events: &'a [Event]) -> Option<Seam<'a>> {
    let began = clock::local_date(began_us);
    let mut keys = head.keys(events).map(|(at, key)| (at, key, head.wall_us(key)));
    let (at, key, wall_us) =
        keys.find(|(_, _, wall_us)| is_over(began, clock::local_date(*wall_us)))?;
    let (before, rest) = events.split_at(at);
    Some(Seam { before, rest, key, wall_us })
}

/// Whether what began on a day is over on another one. A clock that is put right by a little just
/// after midnight goes back into the day before: that would end at the same midnight again.
fn is_over(began: NaiveDate, today: NaiveDate) -> bool {
    let days = (today - began).num_days();
    !(-1..1).contains(&days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_over_with_the_next_one_and_not_by_a_small_correction_of_the_clock() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
        let over = [15, 17, 18, 19, 20, 21, 22, 30].map(|today| is_over(day(20), day(today)));
        assert_eq!(over, [true, true, true, false, false, true, true, true]);
        let last = NaiveDate::from_ymd_opt(2026, 12, 31).unwrap();
        assert!(is_over(last, NaiveDate::from_ymd_opt(2027, 1, 1).unwrap()));
    }
}
