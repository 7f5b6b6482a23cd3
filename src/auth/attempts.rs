//! Failures are counted, so that nobody guesses six digits or a password. Pure.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use crate::addresses::home_of;

/// Within which failures are counted.
const WINDOW_MS: u64 = 10 * 60 * 1000;

/// A person who misreads a code needs three or four.
const MAX_OF_ONE: usize = 10;

/// Of a million codes a hundred guesses in ten minutes find one in half a year, and codes end.
const MAX_OF_DIGITS: usize = 100;

/// More are hardly hashed in ten minutes.
const MAX_OF_PASSWORDS: usize = 10_000;

/// The failures of the last minutes. Never more than may be made in them.
#[derive(Debug)]
pub(super) struct Attempts {
    max_of_all: usize,
    /// The oldest first.
    failures: VecDeque<(u64, IpAddr)>,
    of_one: HashMap<IpAddr, usize>,
}

/// How long there is no further attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) retry_after_s: u64,
}

impl Attempts {
    /// For what few guesses find.
    pub(super) fn of_digits() -> Self {
        Self::new(MAX_OF_DIGITS)
    }

    /// For passwords, which no hundred guesses find: one computer that tries all the time does not
    /// keep everybody out.
    pub(super) fn of_passwords() -> Self {
        Self::new(MAX_OF_PASSWORDS)
    }

    fn new(max_of_all: usize) -> Self {
        Self { max_of_all, failures: VecDeque::new(), of_one: HashMap::new() }
    }

    /// Whether somebody at an address may try. `now_ms` is of a clock that only goes ahead.
    ///
    /// # Errors
    /// When too many have failed.
    pub(super) fn check(&mut self, from: IpAddr, now_ms: u64) -> Result<(), Pause> {
        self.forget(now_ms);
        let home = home_of(from);
        let blocking = if self.of_one.get(&home).is_some_and(|&count| count >= MAX_OF_ONE) {
            self.failures.iter().find(|(_, from)| *from == home)
        } else if self.failures.len() >= self.max_of_all {
            self.failures.front()
        } else {
            None
        };
        let Some((at_ms, _)) = blocking else { return Ok(()) };
        let left_ms = (at_ms + WINDOW_MS).saturating_sub(now_ms);
        Err(Pause { retry_after_s: left_ms.div_ceil(1000).max(1) })
    }

    /// An attempt has failed.
    pub(super) fn fail(&mut self, from: IpAddr, now_ms: u64) {
        let home = home_of(from);
        self.failures.push_back((now_ms, home));
        *self.of_one.entry(home).or_default() += 1;
        if self.failures.len() > self.max_of_all {
            self.forget_oldest();
        }
    }

    /// What was counted as a failure before its outcome was known has been none.
    pub(super) fn forgive(&mut self, from: IpAddr) {
        let home = home_of(from);
        let newest = self.failures.iter().rposition(|(_, other)| *other == home);
        if let Some(at) = newest {
            self.failures.remove(at);
            self.uncount(home);
        }
    }

    fn forget(&mut self, now_ms: u64) {
        while self.failures.front().is_some_and(|(at_ms, _)| at_ms + WINDOW_MS <= now_ms) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, home)) = self.failures.pop_front() {
            self.uncount(home);
        }
    }

    fn uncount(&mut self, home: IpAddr) {
        if let Some(count) = self.of_one.get_mut(&home) {
            *count -= 1;
            if *count == 0 {
                self.of_one.remove(&home);
            }
        }
    }
}
