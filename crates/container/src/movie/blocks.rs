//! The part of a file that is in memory while its samples are read in the order of their times.

use bytes::{Bytes, BytesMut};

use crate::thrift::Thrift;

/// What is asked for at once: enough that a disk reads on, little enough for a cache.
const BLOCK_BYTES: u64 = 1 << 20;

/// Sound and picture of one moment lie at most some seconds apart in most files: 32 MiB are that
/// at the bitrate of a telephone's best video. Where they lie further apart, each has blocks of
/// its own and none is read twice either.
const MAX_BLOCKS: usize = 32;

/// Blocks of a file, those that were not used for longest forgotten first.
#[derive(Debug)]
pub(super) struct Blocks {
    end: u64,
    kept: Vec<Block>,
    uses: u64,
    thrift: Thrift,
}

#[derive(Debug)]
struct Block {
    number: u64,
    bytes: Bytes,
    used: u64,
}

/// A block that has to be given first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Missing {
    number: u64,
    pub(super) offset: u64,
    pub(super) bytes: usize,
}

impl Blocks {
    /// Of a file of so many bytes.
    pub(super) fn new(end: u64) -> Self {
        Self { end, kept: Vec::new(), uses: 0, thrift: Thrift::default() }
    }

    /// Bytes that lie inside the file: a slice of a block, or a copy where they lie in several
    /// or where little of what was read is asked for.
    pub(super) fn get(&mut self, offset: u64, size: u32) -> Result<Bytes, Missing> {
        let (first, last) =
            (offset / BLOCK_BYTES, (offset + u64::from(size)).saturating_sub(1) / BLOCK_BYTES);
        let from = (offset % BLOCK_BYTES) as usize;
        if first >= last {
            let mut slice = self.block(first)?.slice(from..from + size as usize);
            self.thrift.keep(&mut slice);
            return Ok(slice);
        }
        let mut joined = BytesMut::with_capacity(size as usize);
        for number in first..=last {
            let block = self.block(number)?;
            let from = if number == first { from } else { 0 };
            let to = block.len().min(from + size as usize - joined.len());
            joined.extend_from_slice(&block[from..to]);
        }
        self.thrift.count(joined.len());
        Ok(joined.freeze())
    }

    fn block(&mut self, number: u64) -> Result<&Bytes, Missing> {
        self.uses += 1;
        match self.kept.iter_mut().rev().find(|block| block.number == number) {
            Some(block) => {
                block.used = self.uses;
                Ok(&block.bytes)
            }
            None => {
                let offset = number * BLOCK_BYTES;
                let bytes = self.end.saturating_sub(offset).min(BLOCK_BYTES) as usize;
                Err(Missing { number, offset, bytes })
            }
        }
    }

    /// Keeps a block that was missing.
    pub(super) fn keep(&mut self, missing: Missing, bytes: Bytes) {
        if self.kept.len() >= MAX_BLOCKS {
            let oldest = self.kept.iter().enumerate().min_by_key(|(_, block)| block.used);
            if let Some((oldest, _)) = oldest {
                self.kept.remove(oldest);
            }
        }
        self.thrift.pass(bytes.len() as u64);
        self.kept.push(Block { number: missing.number, bytes, used: self.uses });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_one_block_is_shared_and_each_is_asked_for_once() {
        let file: Vec<u8> = (0..5 * BLOCK_BYTES / 2).map(|n| (n % 253) as u8).collect();
        let file = Bytes::from(file);
        let mut blocks = Blocks::new(file.len() as u64);
        let mut asked = Vec::new();
        for (offset, size) in [(10, 100), (BLOCK_BYTES - 1, 2), (0, 5 << 19), (20, 0), (5 << 19, 0)]
        {
            let got = loop {
                match blocks.get(offset, size) {
                    Ok(got) => break got,
                    Err(missing) => {
                        let from = missing.offset as usize;
                        asked.push((missing.offset, missing.bytes));
                        blocks.keep(missing, file.slice(from..from + missing.bytes));
                    }
                }
            };
            assert_eq!(got, file.slice(offset as usize..offset as usize + size as usize));
        }
        assert_eq!(blocks.get(10, 100).unwrap().as_ptr(), file[10..].as_ptr());
        let block = BLOCK_BYTES as usize;
        assert_eq!(asked, [(0, block), (1 << 20, block), (2 << 20, block / 2)]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut blocks = Blocks::new(u64::MAX);
        for number in 0..100 {
            let missing = blocks.get(number * BLOCK_BYTES, 1).unwrap_err();
            blocks.keep(missing, Bytes::from_static(&[0; 8]));
            // One that is in use stays.
            assert!(number == 0 || blocks.get(0, 1).is_ok());
        }
        assert_eq!(blocks.kept.len(), MAX_BLOCKS);
    }
}
