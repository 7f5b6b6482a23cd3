//! Whether deleting gives the disk room. Pure.

use std::time::Duration;

use crate::library::Room;

/// Snapshots that hold on to what is removed are themselves removed some day: then it is tried anew.
const UNTIL_NEXT_TRY: Duration = Duration::from_secs(24 * 3600);

/// What is known of it. Where snapshots and linked copies hold on to what is removed, one deletion
/// after the other would end with nothing left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Relief {
    failed_at: Option<Duration>,
}

/// A deletion for the sake of room, and what the disk had before and after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deleting {
    pub(super) before: Option<Room>,
    pub(super) after: Option<Room>,
    /// Of files that were there.
    pub(super) removed_bytes: u64,
    /// What cameras have written meanwhile.
    pub(super) written_bytes: u64,
}

impl Relief {
    /// Whether a deletion may help, at that time of a clock that only goes on.
    pub(super) fn is_hoped_for(self, now: Duration) -> bool {
        self.failed_at.is_none_or(|at| now.saturating_sub(at) >= UNTIL_NEXT_TRY)
    }

    /// Learns of a deletion what it has brought. `true` when that was nothing, and it is news.
    pub(super) fn learn(&mut self, deleting: Deleting, now: Duration) -> bool {
        let Deleting { before: Some(before), after: Some(after), .. } = deleting else {
            return false;
        };
        if deleting.removed_bytes == 0 {
            return false;
        }
        // Half of it: something else may write, too, and a file system takes its time.
        let wanted_bytes = before.free_bytes.saturating_add(deleting.removed_bytes / 2);
        let is_news = self.failed_at.is_none();
        match after.free_bytes.saturating_add(deleting.written_bytes) >= wanted_bytes {
            true => *self = Self::default(),
            false => self.failed_at = Some(now),
        }
        is_news && self.failed_at.is_some()
    }

    /// Somebody has made room: what was learned of the disk is old.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn deleting(before: u64, after: u64, removed_bytes: u64) -> Deleting {
        let room = |free_bytes| Some(Room { free_bytes, reserve_bytes: 0 });
        Deleting { before: room(before), after: room(after), removed_bytes, written_bytes: 10 }
    }

    #[test]
    fn a_disk_that_gets_no_room_by_deleting_is_left_alone_for_a_day() {
        let mut relief = Relief::default();
        assert!(relief.is_hoped_for(HOUR), "the first time");
        assert!(relief.learn(deleting(100, 100, 1000), HOUR));
        assert!(!relief.is_hoped_for(HOUR * 2) && !relief.is_hoped_for(HOUR * 24));
        assert!(relief.is_hoped_for(HOUR * 25));
        assert!(!relief.learn(deleting(100, 100, 1000), HOUR * 25), "that was told");
        assert!(!relief.is_hoped_for(HOUR * 26));
        relief.forget();
        assert!(relief.is_hoped_for(HOUR * 26));
    }

    #[test]
    fn what_brought_room_may_be_done_again_at_once() {
        let mut relief = Relief::default();
        assert!(!relief.learn(deleting(100, 590, 1000), HOUR), "cameras have written meanwhile");
        assert!(relief.is_hoped_for(HOUR));
        // Files that were gone already bring nothing, and say nothing.
        assert!(!relief.learn(deleting(100, 50, 0), HOUR));
        assert!(relief.is_hoped_for(HOUR));
        assert!(relief.learn(deleting(100, 589, 1000), HOUR));
    }
}
