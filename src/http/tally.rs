//! What happens often is said once a minute, with how often it was.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Whoever reads the log sees that it goes on, and everything else beside it.
const BETWEEN: Duration = Duration::from_secs(60);

/// What has happened since it was last said.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    count: u64,
    said: Option<Instant>,
}

impl Tally {
    /// Counts one; gives the number when it is to be said.
    pub(super) fn count(&self) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).count(Instant::now())
    }
}

impl State {
    fn count(&mut self, now: Instant) -> Option<u64> {
        self.count += 1;
        if self.said.is_some_and(|said| now.duration_since(said) < BETWEEN) {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_said_at_once_and_the_others_in_one() {
        let (mut state, start) = (State::default(), Instant::now());
        assert_eq!(state.count(start), Some(1));
        for second in 0..60 {
            assert_eq!(state.count(start + Duration::from_secs(second)), None);
        }
        assert_eq!(state.count(start + BETWEEN), Some(61));
    }
}
