//! How far the clock of what comes has drifted away from this one. No clock, no IO.
//!
//! What comes is late by what camera, encoder and network took, which is never less than nothing
//! and often very little: the least lateness of a while grows or shrinks as the clocks drift
//! apart, whatever the rest of them do.

/// The least lateness of this window and of the one before.
#[derive(Debug)]
pub(crate) struct LeastLateness {
    /// How long a window is.
    window_us: i64,
    /// The least of the first window.
    base_us: Option<i64>,
    before_us: Option<i64>,
    least_us: Option<i64>,
    began_us: i64,
}

impl LeastLateness {
    pub(crate) fn over(window_us: i64) -> Self {
        Self { window_us, base_us: None, before_us: None, least_us: None, began_us: 0 }
    }

    /// What came at `at_us` was so late.
    pub(crate) fn came(&mut self, late_us: i64, at_us: i64) {
        if at_us.saturating_sub(self.began_us).saturating_abs() >= self.window_us {
            self.base_us = self.base_us.or(self.least_us);
            self.before_us = self.least_us.take();
            self.began_us = at_us;
        }
        self.least_us = Some(self.least_us.map_or(late_us, |least_us| least_us.min(late_us)));
    }

    pub(crate) fn least_us(&self) -> Option<i64> {
        [self.before_us, self.least_us].into_iter().flatten().min()
    }

    /// By how much it has grown since the first window; `None` as long as that lasts.
    pub(crate) fn drift_us(&self) -> Option<i64> {
        Some(self.least_us()?.saturating_sub(self.base_us?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_two_windows_counts_and_drift_is_what_it_has_grown_by() {
        let mut lateness = LeastLateness::over(100);
        assert_eq!((lateness.least_us(), lateness.drift_us()), (None, None));
        for (late_us, at_us) in [(7, 0), (5, 50), (9, 99)] {
            lateness.came(late_us, at_us);
        }
        assert_eq!((lateness.least_us(), lateness.drift_us()), (Some(5), None));
        lateness.came(8, 100);
        assert_eq!((lateness.least_us(), lateness.drift_us()), (Some(5), Some(0)));
        lateness.came(9, 199);
        lateness.came(10, 200);
        assert_eq!((lateness.least_us(), lateness.drift_us()), (Some(8), Some(3)));
        // A clock that was set back begins another window.
        lateness.came(12, 90);
        assert_eq!(lateness.least_us(), Some(10));
    }
}
