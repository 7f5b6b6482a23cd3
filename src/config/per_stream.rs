//! Settings that all streams have, and some have of their own.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// A stream's name is at most this long.
const MAX_NAME: usize = 64;

/// Settings by stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PerStream<T> {
    pub(super) default: T,
    pub(super) streams: BTreeMap<String, T>,
}

impl<T: Copy> PerStream<T> {
    /// Those of a stream.
    pub(crate) fn of(&self, stream: &str) -> T {
        self.streams.get(stream).copied().unwrap_or(self.default)
    }
}

/// Checks what stands below `<section>.streams`.
pub(super) fn checked<E, T>(
    section: &str,
    entries: BTreeMap<String, E>,
    check: impl Fn(&str, E) -> Result<T, String>,
) -> Result<BTreeMap<String, T>, String> {
    let checked = entries.into_iter().map(|(name, entry)| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) {
            return Err(format!(
                "{section}.streams.{name:?} is not allowed: a stream's name has small letters, \
                 digits and hyphens, at most {MAX_NAME}"
            ));
        }
        let settings = check(&format!("{section}.streams.{name}"), entry)?;
        Ok((name, settings))
    });
    checked.collect()
}

/// A stream has no streams.
pub(super) fn no_deeper<E>(section: &str, streams: &BTreeMap<String, E>) -> Result<(), String> {
    match streams.is_empty() {
        true => Ok(()),
        false => Err(format!("{section}.streams is not allowed: streams stand in one list")),
    }
}

/// Refuses what lies outside of some bounds.
pub(super) fn within<T: PartialOrd + Display>(
    section: &str,
    key: &str,
    value: T,
    allowed: RangeInclusive<T>,
) -> Result<(), String> {
    if allowed.contains(&value) {
        return Ok(());
    }
    Err(format!(
        "{section}.{key} = {value} is not allowed: it must be between {} and {}",
        allowed.start(),
        allowed.end()
    ))
}
