//! What a source does next: when it is tried again, and what is waited for. No clock, no IO.

use std::time::Duration;

use super::failure::Failure;

/// On a local network an attempt costs nothing, and a camera that restarts should be back at once.
const FIRST: Duration = Duration::from_secs(1);

/// Longer, and a person who watches thinks that it has given up.
const LONGEST: Duration = Duration::from_secs(30);

/// A camera that is plugged in again is wanted at once, and to look for it costs little.
const LONGEST_PLUGGED: Duration = Duration::from_secs(5);

/// Cameras lock an account after a handful of wrong passwords, often for half an hour.
const FIRST_UNAUTHORIZED: Duration = Duration::from_secs(60);
const LONGEST_UNAUTHORIZED: Duration = Duration::from_secs(1800);

/// One that was live for so long is well: what comes next is a new fault.
const SETTLED: Duration = Duration::from_secs(10);

/// The course of a source, from one attempt to the next.
#[derive(Debug, Default)]
pub(super) struct Course {
    attempts: u32,
    refusals: u32,
    was_ever_live: bool,
}

impl Course {
    /// Media comes. Returns whether it had come before.
    pub(super) fn live(&mut self) -> bool {
        self.refusals = 0;
        std::mem::replace(&mut self.was_ever_live, true)
    }

    /// The driver has come back, after it was live for so long, if it was. Returns how long to
    /// wait; `chance` is from 0 to 1.
    pub(super) fn failed(
        &mut self,
        failure: &Failure,
        live_for: Option<Duration>,
        chance: f64,
    ) -> Duration {
        if live_for.is_some_and(|live_for| live_for >= SETTLED) {
            self.attempts = 0;
        }
        let longest = match failure {
            Failure::Unauthorized => {
                let pause = grown(FIRST_UNAUTHORIZED, self.refusals, LONGEST_UNAUTHORIZED);
                self.refusals = self.refusals.saturating_add(1);
                // Never sooner: each attempt is one that counts.
                return pause.mul_f64(1.0 + chance.clamp(0.0, 1.0) / 10.0);
            }
            Failure::NoCamera(_) => LONGEST_PLUGGED,
            _ => LONGEST,
        };
        let pause = grown(FIRST, self.attempts, longest);
        self.attempts = self.attempts.saturating_add(1);
        pause.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }
}

fn grown(first: Duration, attempts: u32, longest: Duration) -> Duration {
    first.saturating_mul(1 << attempts.min(16)).min(longest)
}

/// A number from 0 to 1 that no other source shares.
pub(super) fn chance() -> f64 {
    // The lowest bits of a random id are all random.
    let (_, random) = uuid::Uuid::new_v4().as_u64_pair();
    f64::from(random as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone() -> Failure {
        Failure::Unreachable("refused".to_owned())
    }

    fn pauses(course: &mut Course, failure: &Failure, count: usize) -> Vec<u64> {
        (0..count).map(|_| course.failed(failure, None, 1.0).as_secs()).collect()
    }

    #[test]
    fn pauses_grow_to_a_bound_and_are_never_the_same_for_all() {
        let mut course = Course::default();
        assert_eq!(pauses(&mut course, &gone(), 7), [1, 2, 4, 8, 16, 30, 30]);
        let least = course.failed(&gone(), None, 0.0);
        assert_eq!(least, Duration::from_secs(15));
        assert!((0..100).all(|_| (0.0..=1.0).contains(&chance())));
    }

    #[test]
    fn one_that_was_well_begins_anew_and_one_that_flaps_does_not() {
        let mut course = Course::default();
        pauses(&mut course, &gone(), 5);
        let flapping = course.failed(&gone(), Some(Duration::from_secs(1)), 1.0);
        assert_eq!(flapping, Duration::from_secs(30));
        let settled = course.failed(&gone(), Some(SETTLED), 1.0);
        assert_eq!(settled, FIRST);
    }

    #[test]
    fn a_wrong_password_is_tried_seldom() {
        let mut course = Course::default();
        for chance in [0.0, 1.0] {
            let pause = Course::default().failed(&Failure::Unauthorized, None, chance);
            assert!(pause >= Duration::from_secs(60), "{pause:?}");
        }
        let hour: u64 = pauses(&mut course, &Failure::Unauthorized, 5).iter().sum();
        assert!(hour >= 1800, "five attempts within {hour} s");
        let later = course.failed(&Failure::Unauthorized, None, 1.0);
        assert!(later <= Duration::from_secs(1980), "{later:?}");
        // Once let in, the camera was only starting.
        assert!(!course.live() && course.live());
        assert_eq!(course.failed(&Failure::Unauthorized, None, 0.0), FIRST_UNAUTHORIZED);
    }

    #[test]
    fn a_camera_that_was_unplugged_is_looked_for_every_few_seconds() {
        let mut course = Course::default();
        let failure = Failure::NoCamera("/dev/video0".to_owned());
        assert_eq!(pauses(&mut course, &failure, 6), [1, 2, 4, 5, 5, 5]);
    }
}
