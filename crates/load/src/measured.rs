//! Times, in order.

use std::time::Duration;

/// All that were measured, exactly.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times {
    sorted: Vec<Duration>,
}

impl Times {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self { sorted: times }
    }

    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The time that so many thousandths do not exceed, in milliseconds.
    pub(crate) fn permille_ms(&self, permille: usize) -> Option<f64> {
        let rank = (self.sorted.len() * permille).div_ceil(1000).max(1) - 1;
        self.sorted.get(rank).map(|time| time.as_secs_f64() * 1000.0)
    }

    /// `p50 / p99 / max`, in milliseconds.
    pub(crate) fn summary(&self) -> String {
        let at = |permille| match self.permille_ms(permille) {
            Some(ms) if ms < 10.0 => format!("{ms:.1}"),
            Some(ms) => format!("{ms:.0}"),
            None => "-".to_owned(),
        };
        match self.len() {
            0 => "-".to_owned(),
            _ => format!("{} / {} / {} ms", at(500), at(990), at(1000)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times = Times::new((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!(times.permille_ms(500), Some(100.0));
        assert_eq!(times.permille_ms(990), Some(198.0));
        assert_eq!(times.permille_ms(1000), Some(200.0));
        assert_eq!(times.permille_ms(0), Some(1.0));
        assert_eq!(Times::default().permille_ms(990), None);
        assert_eq!(times.summary(), "100 / 198 / 200 ms");
    }
}
