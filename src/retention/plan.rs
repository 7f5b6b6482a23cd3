//! What retention deletes, and what it never does. Pure.

use std::collections::HashMap;

use crate::clock::WallUs;

/// What may be deleted, and when. Nothing is, by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rules {
    /// Footage that ended longer ago goes.
    pub(super) max_age_us: Option<i64>,
    /// Of all footage.
    pub(super) max_total_bytes: Option<u64>,
    /// Of each device and source.
    pub(super) max_device_bytes: Option<u64>,
    /// So much is missing on the disk.
    pub(super) wanted_bytes: u64,
}

/// Which of them asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    MaxAge,
    MaxTotal,
    MaxDevice,
    FreeSpace,
}

impl Rule {
    /// The reason in the journal.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::MaxAge => "max_age",
            Self::MaxTotal => "max_total",
            Self::MaxDevice => "max_device",
            Self::FreeSpace => "free_space",
        }
    }
}

/// A finished file, as far as retention cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Footage {
    /// Which device's, by any number that is its own.
    pub(super) device: u32,
    pub(super) start_us: WallUs,
    pub(super) end_us: WallUs,
    pub(super) bytes: u64,
    /// Kept by a person, the last one of what grows or whose device may come back, written by a
    /// newer version, or of an unknown time.
    pub(super) is_safe: bool,
}

/// A file that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expiring {
    /// Its place in the list.
    pub(super) at: usize,
    /// The first rule that asks for it.
    pub(super) rule: Rule,
}

/// What is to be deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The oldest first.
    pub(super) files: Vec<Expiring>,
    pub(super) bytes: u64,
    /// Where the newest of them ends.
    pub(super) until_us: Option<WallUs>,
    /// What the rules ask for and what is safe does not allow.
    pub(super) missing_bytes: u64,
}

/// Which files go when it is `now_us`. Of each device the oldest go first: what is left of it and
/// not safe is newer than all that goes.
pub(super) fn plan(rules: &Rules, footage: &[Footage], now_us: WallUs) -> Plan {
    let mut oldest: Vec<usize> = (0..footage.len()).collect();
    // Files that end at the same moment go in the order of the list.
    oldest.sort_by_key(|&at| footage[at].end_us);
    let mut planning = Planning { footage, gone: vec![None; footage.len()], bytes: 0 };
    if let Some(max_age_us) = rules.max_age_us {
        let before_us = now_us.saturating_sub(max_age_us);
        // Sorted by their ends: none behind the first that is young enough is older.
        let old = oldest.partition_point(|&at| footage[at].end_us < before_us);
        oldest[..old].iter().for_each(|&at| planning.delete(at, Rule::MaxAge));
    }
    let mut missing_bytes = 0;
    if let Some(max_bytes) = rules.max_device_bytes {
        missing_bytes = missing_bytes.max(planning.fit_devices(&oldest, max_bytes));
    }
    if let Some(max_bytes) = rules.max_total_bytes {
        let left = planning.left_bytes();
        missing_bytes = missing_bytes.max(planning.fit(&oldest, left, max_bytes, Rule::MaxTotal));
    }
    let short = rules.wanted_bytes.saturating_sub(planning.bytes);
    missing_bytes = missing_bytes.max(planning.fit(&oldest, short, 0, Rule::FreeSpace));
    let expiring = |at: usize| planning.gone[at].map(|rule| Expiring { at, rule });
    let files: Vec<Expiring> = oldest.into_iter().filter_map(expiring).collect();
    let until_us = files.last().map(|file| footage[file.at].end_us);
    Plan { files, bytes: planning.bytes, until_us, missing_bytes }
}

struct Planning<'a> {
    footage: &'a [Footage],
    /// By which rule.
    gone: Vec<Option<Rule>>,
    bytes: u64,
}

impl Planning<'_> {
    fn may_go(&self, at: usize) -> bool {
        !self.footage[at].is_safe && self.gone[at].is_none()
    }

    fn delete(&mut self, at: usize, rule: Rule) {
        if self.may_go(at) {
            self.gone[at] = Some(rule);
            self.bytes = self.bytes.saturating_add(self.footage[at].bytes);
        }
    }

    fn left_bytes(&self) -> u64 {
        let left = self.footage.iter().zip(&self.gone).filter(|(_, gone)| gone.is_none());
        left.map(|(file, _)| file.bytes).fold(0, u64::saturating_add)
    }

    /// Deletes of these, the oldest first, until what there is has become as little as that. Gives
    /// back what it is more.
    fn fit(&mut self, oldest: &[usize], mut there: u64, max_bytes: u64, rule: Rule) -> u64 {
        for &at in oldest {
            if there <= max_bytes {
                break;
            }
            if self.may_go(at) {
                self.delete(at, rule);
                there = there.saturating_sub(self.footage[at].bytes);
            }
        }
        there.saturating_sub(max_bytes)
    }

    /// The same for each device. Gives back the most that one has more.
    fn fit_devices(&mut self, oldest: &[usize], max_bytes: u64) -> u64 {
        let mut of_device: HashMap<u32, (u64, Vec<usize>)> = HashMap::new();
        for &at in oldest.iter().filter(|&&at| self.gone[at].is_none()) {
            let (bytes, files) = of_device.entry(self.footage[at].device).or_default();
            *bytes = bytes.saturating_add(self.footage[at].bytes);
            files.push(at);
        }
        let fitted = of_device.into_values();
        let fitted =
            fitted.map(|(bytes, files)| self.fit(&files, bytes, max_bytes, Rule::MaxDevice));
        fitted.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
