//! The sample tables of one track, written (ISO 14496-12 clauses 8.6.1, 8.6.2 and 8.7).

use super::boxes::counted;
use super::syntax::Write;
use crate::sample::Kind;

/// The box that offsets are in: `stco` or `co64` (clause 8.7.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offsets {
    Small,
    Large,
}

/// What a track's tables say, as runs where the boxes are such.
#[derive(Debug, Default)]
pub(crate) struct SampleTables {
    /// How many, and how long each lasts.
    steps: Vec<(u32, u32)>,
    /// How many, and how much later each is shown than decoded.
    shifts: Vec<(u32, i32)>,
    /// Numbers from 1.
    sync: Vec<u32>,
    sizes: Vec<u32>,
    /// The first of the chunks with so many samples each.
    groups: Vec<(u32, u32)>,
    chunks: Vec<u64>,
}

impl SampleTables {
    pub(crate) fn for_samples(samples: usize) -> Self {
        Self { sizes: Vec::with_capacity(samples), ..Self::default() }
    }

    /// The next sample, of so many bytes.
    pub(crate) fn sample(&mut self, size: u32, shift: i32, is_sync: bool) {
        self.sizes.push(size);
        count(&mut self.shifts, shift);
        if is_sync {
            self.sync.push(self.sizes.len() as u32);
        }
    }

    /// How long the next sample lasts that has no length yet.
    pub(crate) fn step(&mut self, ticks: u32) {
        count(&mut self.steps, ticks);
    }

    /// So many samples lie side by side at `offset`.
    pub(crate) fn chunk(&mut self, offset: u64, samples: u32) {
        self.chunks.push(offset);
        if self.groups.last().is_none_or(|&(_, last)| last != samples) {
            self.groups.push((self.chunks.len() as u32, samples));
        }
    }

    /// How many bytes the boxes take at most.
    pub(crate) fn max_bytes(&self) -> u64 {
        let words = 2 * (self.steps.len() + self.shifts.len()) + self.sync.len();
        let words = words + 3 * self.groups.len() + 2 * self.chunks.len();
        4 * (words + self.sizes.len()) as u64
    }

    /// The children of `stbl` behind `stsd`, with all chunks `shift` bytes further on.
    pub(crate) fn write(&self, out: &mut Vec<u8>, kind: Kind, width: Offsets, shift: i64) {
        counted(out, b"stts", 0, &self.steps, |out, &(count, step)| {
            out.u32(count);
            out.u32(step);
        });
        if self.shifts.iter().any(|&(_, shift)| shift != 0) {
            counted(out, b"ctts", 1, &self.shifts, |out, &(count, shift)| {
                out.u32(count);
                out.u32(shift as u32);
            });
        }
        if kind == Kind::Video && self.sync.len() < self.sizes.len() {
            counted(out, b"stss", 0, &self.sync, |out, &number| out.u32(number));
        }
        counted(out, b"stsc", 0, &self.groups, |out, &(first, samples)| {
            out.u32(first);
            out.u32(samples);
            out.u32(1);
        });
        out.full_box(b"stsz", 0, 0, |out| {
            out.u32(0);
            out.u32(self.sizes.len() as u32);
            self.sizes.iter().for_each(|&size| out.u32(size));
        });
        let moved = |offset: u64| offset.saturating_add_signed(shift);
        match width {
            Offsets::Large => {
                counted(out, b"co64", 0, &self.chunks, |out, &offset| out.u64(moved(offset)));
            }
            Offsets::Small => {
                counted(out, b"stco", 0, &self.chunks, |out, &offset| {
                    out.u32(moved(offset) as u32);
                });
            }
        }
    }
}

/// Adds to runs of equal neighbours.
fn count<T: PartialEq>(runs: &mut Vec<(u32, T)>, value: T) {
    match runs.last_mut() {
        Some((count, last)) if *last == value => *count += 1,
        _ => runs.push((1, value)),
    }
}
