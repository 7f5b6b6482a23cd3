//! Tables of numbers behind a count, read one by one.

use bytes::Bytes;

use crate::error::Fault;
use crate::fmp4::syntax::{Reader, find};

/// A table of entries of `N` 32-bit fields behind a count.
#[derive(Debug, Clone, Default)]
pub(super) struct Entries<const N: usize>(pub(super) Bytes);

impl<const N: usize> Entries<N> {
    pub(super) fn read(
        stbl: &Bytes,
        kind: &[u8; 4],
        element: &'static str,
    ) -> Result<Option<Self>, Fault> {
        let Some(table) = find(stbl, kind)? else { return Ok(None) };
        let (_, _, mut reader) = Reader::full(table, element)?;
        let count = reader.u32()? as usize;
        let bytes = count.checked_mul(4 * N).filter(|&bytes| bytes <= reader.rest_len());
        let bytes = bytes.ok_or(Fault::malformed(element))?;
        let from = table.len() - reader.rest_len();
        Ok(Some(Self(stbl.slice_ref(&table[from..from + bytes]))))
    }

    pub(super) fn get(&self, index: usize) -> Option<[u32; N]> {
        let bytes = self.0.get(index.checked_mul(4 * N)?..)?.get(..4 * N)?;
        let mut entry = [0; N];
        for (field, word) in entry.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *field = u32::from_be_bytes(*word);
        }
        Some(entry)
    }
}

/// A table of run lengths. Where it ends too early, its last value goes on.
#[derive(Debug, Clone)]
pub(super) struct Runs {
    entries: Entries<2>,
    at: usize,
    pub(super) left: u32,
    value: u32,
}

impl Runs {
    pub(super) fn new(entries: Entries<2>) -> Self {
        Self { entries, at: 0, left: 0, value: 0 }
    }

    pub(super) fn next(&mut self) -> u32 {
        while self.left == 0 {
            match self.entries.get(self.at) {
                Some([count, value]) => (self.left, self.value) = (count, value),
                None => self.left = u32::MAX,
            }
            self.at += 1;
        }
        self.left -= 1;
        self.value
    }
}

/// The numbers of the samples that decode by themselves, in order.
#[derive(Debug, Clone)]
pub(super) struct Sync {
    pub(super) numbers: Entries<1>,
    pub(super) at: usize,
}

impl Sync {
    pub(super) fn holds(&mut self, number: u32) -> bool {
        while let Some([sync]) = self.numbers.get(self.at) {
            if sync >= number {
                return sync == number;
            }
            self.at += 1;
        }
        false
    }
}
