//! A zip whose entries are stored as they are: where each of its bytes lies is known before one is
//! read (PKWARE APPNOTE.TXT 6.3.10). Pure.

use std::ops::Range;

use chrono::{Datelike, Timelike};

use crate::clock::WallUs;
use crate::clock::zone::Zone;

/// From here on a field says that its value stands in the extra field (section 4.5.3).
const TOO_LARGE: u64 = 0xFFFF_FFFF;
/// The same for how many entries there are.
const TOO_MANY: usize = 0xFFFF;
/// Names are UTF-8 (section 4.4.4, bit 11).
const UTF8: u16 = 1 << 11;
/// A reader of version 2.0, or 4.5 where something is too large (section 4.4.3).
const PLAIN: u16 = 20;
const LARGE: u16 = 45;
/// Made on Unix, so that the permissions count (section 4.4.2).
const MADE_BY: u16 = (3 << 8) | LARGE;
/// A file that its owner may write and all may read.
const PERMISSIONS: u32 = 0o100_644 << 16;

/// A file in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// When it was recorded.
    pub(crate) at_us: WallUs,
}

/// Where everything lies.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    entries: Vec<Placed>,
    /// Where the list of entries begins.
    directory_at: u64,
    bytes: u64,
}

#[derive(Debug, Clone)]
struct Placed {
    entry: Entry,
    at: u64,
    /// As its header has them (section 4.4.6).
    date: u16,
    time: u16,
}

/// What lies at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Span {
    /// The header in front of an entry, and which part of it.
    Header { entry: usize, part: Range<usize> },
    /// Bytes of an entry.
    Content { entry: usize, range: Range<u64> },
    /// The list behind all entries.
    Directory { part: Range<usize> },
}

impl Layout {
    pub(super) fn new(entries: Vec<Entry>, zone: Zone) -> Self {
        let mut at = 0;
        let place = |entry: Entry| {
            let (date, time) = dos_time(entry.at_us, zone);
            let placed = Placed { entry, at, date, time };
            at = placed.end();
            placed
        };
        let entries: Vec<Placed> = entries.into_iter().map(place).collect();
        let mut layout = Self { entries, directory_at: at, bytes: 0 };
        let blank = vec![0; layout.entries.len()];
        layout.bytes = at + layout.directory(&blank).len() as u64;
        layout
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What lies there, at most so many bytes of it.
    pub(super) fn span(&self, at: u64, max_bytes: u64) -> Option<Span> {
        if at >= self.bytes {
            return None;
        }
        if at >= self.directory_at {
            let from = (at - self.directory_at) as usize;
            let left = (self.bytes - at).min(max_bytes) as usize;
            return Some(Span::Directory { part: from..from + left });
        }
        let entry = self.entries.partition_point(|placed| placed.at <= at) - 1;
        let placed = &self.entries[entry];
        let (from, header) = (at - placed.at, placed.header_bytes());
        Some(match from.checked_sub(header) {
            None => {
                let to = header.min(from + max_bytes);
                Span::Header { entry, part: from as usize..to as usize }
            }
            Some(from) => {
                let to = placed.entry.bytes.min(from + max_bytes);
                Span::Content { entry, range: from..to }
            }
        })
    }

    /// The header in front of an entry (section 4.3.7).
    pub(super) fn header(&self, entry: usize, crc: u32) -> Vec<u8> {
        let placed = &self.entries[entry];
        let is_large = placed.is_large();
        let mut to = Vec::with_capacity(placed.header_bytes() as usize);
        to.extend(0x0403_4B50_u32.to_le_bytes());
        to.extend(if is_large { LARGE } else { PLAIN }.to_le_bytes());
        placed.common(&mut to, crc);
        let size = field(placed.entry.bytes, is_large);
        to.extend(size.to_le_bytes());
        to.extend(size.to_le_bytes());
        to.extend((placed.entry.name.len() as u16).to_le_bytes());
        let mut extra = Vec::new();
        if is_large {
            zip64(&mut extra, &[placed.entry.bytes, placed.entry.bytes]);
        }
        to.extend((extra.len() as u16).to_le_bytes());
        to.extend(placed.entry.name.as_bytes());
        to.extend(extra);
        to
    }

    /// The list of entries, and what stands behind it (sections 4.3.12 to 4.3.16).
    pub(super) fn directory(&self, crcs: &[u32]) -> Vec<u8> {
        let mut to = Vec::new();
        for (placed, &crc) in self.entries.iter().zip(crcs) {
            placed.listed(&mut to, crc);
        }
        let bytes = to.len() as u64;
        let count = self.entries.len();
        if count >= TOO_MANY || bytes >= TOO_LARGE || self.directory_at >= TOO_LARGE {
            let end_at = self.directory_at + bytes;
            to.extend(0x0606_4B50_u32.to_le_bytes());
            to.extend(44_u64.to_le_bytes());
            to.extend(MADE_BY.to_le_bytes());
            to.extend(LARGE.to_le_bytes());
            to.extend([0; 8]);
            for value in [count as u64, count as u64, bytes, self.directory_at] {
                to.extend(value.to_le_bytes());
            }
            to.extend(0x0706_4B50_u32.to_le_bytes());
            to.extend([0; 4]);
            to.extend(end_at.to_le_bytes());
            to.extend(1_u32.to_le_bytes());
        }
        to.extend(0x0605_4B50_u32.to_le_bytes());
        to.extend([0; 4]);
        let count = count.min(TOO_MANY) as u16;
        to.extend(count.to_le_bytes());
        to.extend(count.to_le_bytes());
        to.extend(field(bytes, false).to_le_bytes());
        to.extend(field(self.directory_at, false).to_le_bytes());
        to.extend([0; 2]);
        to
    }
}

impl Placed {
    fn is_large(&self) -> bool {
        self.entry.bytes >= TOO_LARGE
    }

    fn header_bytes(&self) -> u64 {
        30 + self.entry.name.len() as u64 + if self.is_large() { 20 } else { 0 }
    }

    fn end(&self) -> u64 {
        self.at + self.header_bytes() + self.entry.bytes
    }

    /// What both headers of an entry have: flags, method (stored), time and checksum.
    fn common(&self, to: &mut Vec<u8>, crc: u32) {
        to.extend(UTF8.to_le_bytes());
        to.extend([0; 2]);
        to.extend(self.time.to_le_bytes());
        to.extend(self.date.to_le_bytes());
        to.extend(crc.to_le_bytes());
    }

    /// Its line of the list (section 4.3.12).
    fn listed(&self, to: &mut Vec<u8>, crc: u32) {
        let (is_large, is_far) = (self.is_large(), self.at >= TOO_LARGE);
        let mut extra = Vec::new();
        if is_large || is_far {
            let size = is_large.then_some(self.entry.bytes);
            let at = is_far.then_some(self.at);
            let values: Vec<u64> = size.into_iter().chain(size).chain(at).collect();
            zip64(&mut extra, &values);
        }
        to.extend(0x0201_4B50_u32.to_le_bytes());
        to.extend(MADE_BY.to_le_bytes());
        to.extend(if is_large || is_far { LARGE } else { PLAIN }.to_le_bytes());
        self.common(to, crc);
        let size = field(self.entry.bytes, is_large);
        to.extend(size.to_le_bytes());
        to.extend(size.to_le_bytes());
        to.extend((self.entry.name.len() as u16).to_le_bytes());
        to.extend((extra.len() as u16).to_le_bytes());
        // No comment, the first disk, no internal attributes.
        to.extend([0; 6]);
        to.extend(PERMISSIONS.to_le_bytes());
        to.extend(field(self.at, is_far).to_le_bytes());
        to.extend(self.entry.name.as_bytes());
        to.extend(extra);
    }
}

/// The field for values that are too large for their own (section 4.5.3).
fn zip64(to: &mut Vec<u8>, values: &[u64]) {
    to.extend(1_u16.to_le_bytes());
    to.extend((8 * values.len() as u16).to_le_bytes());
    values.iter().for_each(|value| to.extend(value.to_le_bytes()));
}

fn field(value: u64, is_elsewhere: bool) -> u32 {
    if is_elsewhere { u32::MAX } else { value.min(TOO_LARGE) as u32 }
}

/// A wall time as the clocks there show it, in steps of two seconds from 1980 on.
fn dos_time(at_us: WallUs, zone: Zone) -> (u16, u16) {
    let at = zone.at(at_us);
    let Ok(years) = u16::try_from(at.year() - 1980) else { return ((1 << 5) | 1, 0) };
    let date = (years.min(127) << 9) | ((at.month() as u16) << 5) | at.day() as u16;
    let time = ((at.hour() as u16) << 11) | ((at.minute() as u16) << 5) | (at.second() as u16 / 2);
    (date, time)
}
