//! How long to wait before the next attempt: doubling, capped, with jitter, so that a room full of
//! publishers does not come back to a restarted server in one instant.

use std::time::Duration;

/// On a local network an attempt costs nothing, and a returning server should be noticed at once.
const FIRST_MS: u64 = 250;

/// Longer, and a person who watches thinks that it has given up.
const LONGEST_MS: u64 = 5000;

#[derive(Debug, Default)]
pub(super) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// How long to wait now, never less than half of what the server asked for. `chance` is from
    /// 0 to 1.
    pub(super) fn next(&mut self, asked_ms: u64, chance: f64) -> Duration {
        let grown_ms = (FIRST_MS << self.attempts.min(8)).min(LONGEST_MS);
        self.attempts = self.attempts.saturating_add(1);
        let longest = Duration::from_millis(grown_ms.max(asked_ms.min(60 * LONGEST_MS)));
        longest.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }

    /// An attempt has succeeded.
    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// A number from 0 to 1 that no other publisher shares.
pub(super) fn chance() -> f64 {
    // The lowest bits of a random id are all random.
    let (_, random) = uuid::Uuid::new_v4().as_u64_pair();
    f64::from(random as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_begin_anew_after_success() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u128> = (0..7).map(|_| backoff.next(0, 1.0).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 5000, 5000]);
        assert_eq!(backoff.next(0, 0.0).as_millis(), 2500);
        backoff.reset();
        assert_eq!(backoff.next(0, 1.0).as_millis(), 250);
    }

    #[test]
    fn what_the_server_asks_for_counts() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(1000, 0.0).as_millis(), 500);
        assert!(backoff.next(u64::MAX, 1.0) <= Duration::from_secs(300));
    }

    #[test]
    fn chances_are_from_0_to_1() {
        assert!((0..100).all(|_| (0.0..=1.0).contains(&chance())));
    }
}
