//! Numbers that many add to at once.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::Label;

/// How often something has happened, or how much of it.
#[derive(Debug)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The same for each of a closed set.
#[derive(Debug)]
pub(crate) struct Counts<L, const N: usize>([Count; N], PhantomData<L>);

impl<L: Label, const N: usize> Counts<L, N> {
    pub(crate) const fn new() -> Self {
        assert!(L::ALL.len() == N, "there is a number for each");
        Self([const { Count::new() }; N], PhantomData)
    }

    pub(crate) fn add(&self, of: L, more: u64) {
        self.0[of.index()].add(more);
    }

    pub(crate) fn get(&self, of: L) -> u64 {
        self.0[of.index()].get()
    }
}

/// How much of something there is at the moment.
#[derive(Debug)]
pub(crate) struct Gauge(AtomicI64);

/// As long as it lives, there is one more.
#[derive(Debug)]
pub(crate) struct Present(&'static Gauge);

impl Gauge {
    pub(crate) const fn new() -> Self {
        Self(AtomicI64::new(0))
    }

    pub(crate) fn set(&self, now: i64) {
        self.0.store(now, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// One more.
    pub(crate) fn enter(&'static self) -> Present {
        self.0.fetch_add(1, Ordering::Relaxed);
        Present(self)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The same for each of a closed set.
#[derive(Debug)]
pub(crate) struct Gauges<L, const N: usize>([Gauge; N], PhantomData<L>);

impl<L: Label, const N: usize> Gauges<L, N> {
    pub(crate) const fn new() -> Self {
        assert!(L::ALL.len() == N, "there is a number for each");
        Self([const { Gauge::new() }; N], PhantomData)
    }

    /// One more of these.
    pub(crate) fn enter(&'static self, of: L) -> Present {
        self.0[of.index()].enter()
    }

    pub(crate) fn get(&self, of: L) -> i64 {
        self.0[of.index()].get()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Protocol, Watched};
    use super::*;

    #[test]
    fn each_has_its_own_number() {
        let counts: Counts<Protocol, 4> = Counts::new();
        counts.add(Protocol::V1, 3);
        counts.add(Protocol::Raw, 5);
        counts.add(Protocol::V1, 1);
        let all: Vec<u64> = Protocol::ALL.iter().map(|of| counts.get(*of)).collect();
        assert_eq!(all, [4, 0, 5, 0]);
    }

    #[test]
    fn who_leaves_is_counted_no_more() {
        static GAUGES: Gauges<Watched, 6> = Gauges::new();
        let (first, second) = (GAUGES.enter(Watched::Live), GAUGES.enter(Watched::Live));
        assert_eq!((GAUGES.get(Watched::Live), GAUGES.get(Watched::Webrtc)), (2, 0));
        drop((first, second));
        assert_eq!(GAUGES.get(Watched::Live), 0);
    }
}
