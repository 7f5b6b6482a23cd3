//! Figures with their names and what tells them apart.

use crate::metrics::{Label, Measured};

/// What kind of a figure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// All figures of a name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Family {
    /// Of a counter without `_total`.
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: Kind,
    pub(super) samples: Vec<Sample>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) labels: Vec<(&'static str, &'static str)>,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Measured(Measured),
}

impl Family {
    /// What only grows.
    pub(super) fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: Kind::Counter, samples: Vec::new() }
    }

    /// What is so now.
    pub(super) fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: Kind::Gauge, samples: Vec::new() }
    }

    /// How long something takes.
    pub(super) fn histogram(name: &'static str, help: &'static str, measured: Measured) -> Self {
        let samples = vec![Sample { labels: Vec::new(), value: Value::Measured(measured) }];
        Self { name, help, kind: Kind::Histogram, samples }
    }

    /// The one figure that there is.
    pub(super) fn is(self, value: f64) -> Self {
        self.with(&[], value)
    }

    /// The one figure, where it is known.
    pub(super) fn may_be(self, value: Option<f64>) -> Self {
        match value {
            Some(value) => self.is(value),
            None => self,
        }
    }

    /// A figure with what tells it apart.
    pub(super) fn with(mut self, labels: &[(&'static str, &'static str)], value: f64) -> Self {
        self.samples.push(Sample { labels: labels.to_vec(), value: Value::Number(value) });
        self
    }

    /// A figure for each of a closed set.
    pub(super) fn by<L: Label>(self, key: &'static str, value: impl Fn(L) -> f64) -> Self {
        let all = L::ALL.iter();
        all.fold(self, |family, of| family.with(&[(key, of.word())], value(*of)))
    }

    /// How many there are of each of these words.
    pub(super) fn of_words(
        self,
        key: &'static str,
        words: &[&'static str],
        found: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        let found: Vec<&str> = found.into_iter().collect();
        let count = |word: &str| found.iter().filter(|found| **found == word).count() as f64;
        words.iter().fold(self, |family, word| family.with(&[(key, word)], count(word)))
    }
}
