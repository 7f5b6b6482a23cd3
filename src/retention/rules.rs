//! What was chosen, as the plan reads it. Pure.

use super::measure::Measured;
use super::plan::Rules;
use crate::config::Retention;
use crate::library::Room;

const GIGABYTE: f64 = 1e9;
const DAY_US: f64 = 86_400e6;
const SECONDS_PER_MINUTE: f64 = 60.0;

/// When free space has come below the reserve, so much more of it is freed, in parts of it:
/// otherwise a full disk would have a deletion every minute, each with a line in its journal.
const SLACK: u64 = 10;

/// What the rules are at the moment. `freed_bytes` come free by what is deleted already.
pub(super) fn rules(
    chosen: &Retention,
    measured: &Measured,
    room: Option<Room>,
    freed_bytes: u64,
) -> Rules {
    let free_bytes = room.map(|room| room.free_bytes.saturating_add(freed_bytes));
    let reserve = reserve_bytes(chosen, measured);
    Rules {
        max_age_us: chosen.max_age_days.map(|days| (days * DAY_US) as i64),
        max_total_bytes: chosen.max_total_gb.map(bytes),
        max_device_bytes: chosen.max_device_gb.map(bytes),
        // Where nobody has measured, nobody can say that there is too little.
        wanted_bytes: match (reserve, free_bytes) {
            (Some(reserve), Some(free)) if free < reserve => with_slack(reserve) - free,
            _ => 0,
        },
    }
}

/// How much shall stay free.
pub(super) fn reserve_bytes(chosen: &Retention, measured: &Measured) -> Option<u64> {
    let by_time = chosen
        .reserve_minutes
        .map(|minutes| (minutes * SECONDS_PER_MINUTE * measured.busy_bytes_per_s) as u64);
    chosen.reserve_gb.map(bytes).max(by_time)
}

/// Whether recording pauses for want of space before retention has made some: then there is none to
/// come.
pub(super) fn is_below_pause(chosen: &Retention, measured: &Measured, room: Option<Room>) -> bool {
    // What is not measured yet is no reason to warn.
    let reserve = reserve_bytes(chosen, measured).filter(|reserve| *reserve > 0);
    match (reserve, room) {
        (Some(reserve), Some(room)) => reserve < with_slack(room.reserve_bytes),
        _ => false,
    }
}

fn with_slack(reserve: u64) -> u64 {
    reserve.saturating_add(reserve / SLACK)
}

pub(super) fn bytes(gigabytes: f64) -> u64 {
    (gigabytes * GIGABYTE) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: Measured = Measured { busy_bytes_per_s: 1e6, bytes_per_day: 0.0, devices: 1 };

    fn room(free_bytes: u64) -> Option<Room> {
        Some(Room { free_bytes, reserve_bytes: 500_000_000 })
    }

    #[test]
    fn the_larger_reserve_holds_and_is_filled_with_a_tenth_more() {
        let chosen = Retention {
            reserve_gb: Some(1.0),
            reserve_minutes: Some(20.0),
            ..Retention::default()
        };
        let wanted = |free, freed| rules(&chosen, &BUSY, room(free), freed).wanted_bytes;
        assert_eq!(wanted(1_200_000_000, 0), 0);
        assert_eq!(wanted(1_199_999_999, 0), 120_000_001);
        assert_eq!(wanted(1_100_000_000, 100_000_000), 0, "so much comes free already");
        assert_eq!(rules(&chosen, &BUSY, None, 0).wanted_bytes, 0);
        let calm = Measured::default();
        assert_eq!(rules(&chosen, &calm, room(1_000_000_000), 0).wanted_bytes, 0);
        assert_eq!(rules(&Retention::default(), &BUSY, room(0), 0), Rules::default());
    }

    #[test]
    fn a_reserve_that_recording_does_not_reach_is_warned_of() {
        let below = |gigabytes| {
            let chosen = Retention { reserve_gb: Some(gigabytes), ..Retention::default() };
            is_below_pause(&chosen, &BUSY, room(0))
        };
        assert!(below(0.5) && below(0.54) && !below(0.56));
        assert!(!is_below_pause(&Retention::default(), &BUSY, room(0)));
    }
}
