//! How long something takes, in classes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Durations by the class that they fall into.
#[derive(Debug)]
pub(crate) struct Histogram<const N: usize> {
    /// The upper ends of the classes; what takes longer than the last is in none.
    within_ms: [u64; N],
    classes: [AtomicU64; N],
    longer: AtomicU64,
    sum_us: AtomicU64,
}

/// What a histogram holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measured {
    /// The upper end of each class in seconds, and how many fell into it; the last has no end.
    pub(crate) classes: Vec<(f64, u64)>,
    pub(crate) sum_s: f64,
}

impl<const N: usize> Histogram<N> {
    pub(crate) const fn new(within_ms: [u64; N]) -> Self {
        let classes = [const { AtomicU64::new(0) }; N];
        Self { within_ms, classes, longer: AtomicU64::new(0), sum_us: AtomicU64::new(0) }
    }

    pub(crate) fn observe(&self, took: Duration) {
        let class = self.within_ms.iter().position(|ms| took <= Duration::from_millis(*ms));
        let count = class.map_or(&self.longer, |class| &self.classes[class]);
        count.fetch_add(1, Ordering::Relaxed);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    pub(crate) fn measured(&self) -> Measured {
        let ends = self.within_ms.iter().map(|ms| *ms as f64 / 1e3).chain([f64::INFINITY]);
        let counts = self.classes.iter().chain([&self.longer]);
        Measured {
            classes: ends.zip(counts.map(|count| count.load(Ordering::Relaxed))).collect(),
            sum_s: self.sum_us.load(Ordering::Relaxed) as f64 / 1e6,
        }
    }
}

impl Measured {
    /// How many were measured.
    pub(crate) fn count(&self) -> u64 {
        self.classes.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_falls_into_the_first_class_that_holds_it() {
        let histogram = Histogram::new([10, 100]);
        for ms in [0, 10, 11, 100, 101, 5000] {
            histogram.observe(Duration::from_millis(ms));
        }
        let measured = histogram.measured();
        assert_eq!(measured.classes, [(0.01, 2), (0.1, 2), (f64::INFINITY, 2)]);
        assert_eq!((measured.count(), measured.sum_s), (6, 5.222));
    }
}
