//! The clock by which footage ages. Pure.
//!
//! A server's clock can be wrong, and one that leaps years ahead would have everything deleted by
//! its age at once. So age counts by a clock that follows the server's: at once over a day or two,
//! and over more only so fast that somebody can notice; it is never ahead of it. Footage from the
//! future has no age.

use crate::clock::WallUs;

const DAY_US: i64 = 86_400_000_000;

/// What a server that was off over a weekend, or slept, has missed. A wrong clock costs no more.
const BELIEVED_US: i64 = 3 * DAY_US;

/// How much faster than time the clock goes that is behind: a holiday of three weeks is caught up
/// in two days, and a clock that is ten years ahead takes a year to be believed.
const CATCHING_UP: i64 = 10;

/// Footage that ended earlier is that of a computer whose clock had not been set: 2020-01-01. How
/// old it is nobody knows, so it stays until somebody deletes it.
pub(super) const DATED_FROM_US: WallUs = 1_577_836_800_000_000;

/// Where the clock is now that was at `known_us` so long ago.
pub(super) fn follow(known_us: WallUs, now_us: WallUs, elapsed_us: i64) -> WallUs {
    if now_us.saturating_sub(known_us) <= BELIEVED_US.saturating_add(elapsed_us) {
        return now_us;
    }
    known_us.saturating_add(elapsed_us.saturating_mul(CATCHING_UP)).min(now_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_US: i64 = DAY_US / 24;

    #[test]
    fn a_clock_that_goes_on_or_back_is_followed_at_once() {
        assert_eq!(follow(1000, 1000 + HOUR_US, HOUR_US), 1000 + HOUR_US);
        assert_eq!(follow(1000, 1000 + BELIEVED_US, 0), 1000 + BELIEVED_US);
        assert_eq!(follow(50 * DAY_US, 10 * DAY_US, HOUR_US), 10 * DAY_US);
    }

    #[test]
    fn a_clock_that_leaps_is_believed_slowly_and_one_that_was_right_soon() {
        let leapt = 3650 * DAY_US;
        let mut known = 0;
        for hour in 1..=24 {
            known = follow(known, leapt + hour * HOUR_US, HOUR_US);
        }
        assert_eq!(known, 10 * DAY_US, "of ten years, after a day");
        // It is set right again.
        assert_eq!(follow(known, DAY_US, HOUR_US), DAY_US);
        let mut hours = 0;
        let mut known = 0;
        let holiday = 21 * DAY_US;
        while known < holiday + hours * HOUR_US {
            hours += 1;
            known = follow(known, holiday + hours * HOUR_US, HOUR_US);
        }
        assert!((40..=50).contains(&hours), "{hours}");
    }
}
