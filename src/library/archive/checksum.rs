//! An entry's checksum, found in steps: an entry may take as long as a disk is large.

use std::io;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use crc32fast::Hasher;

/// Read at once.
const PIECE_BYTES: usize = 1 << 20;

/// What is done before somebody else has a turn: some tenths of a second.
const STEP_BYTES: u64 = 64 << 20;

/// As far as it is known.
#[derive(Debug, Default)]
pub(crate) struct Checksum(Mutex<State>);

#[derive(Debug)]
enum State {
    Begun { hasher: Hasher, at: u64 },
    Known(u32),
}

impl Default for State {
    fn default() -> Self {
        Self::Begun { hasher: Hasher::new(), at: 0 }
    }
}

impl Checksum {
    /// Goes on by a step. The answer is the checksum, once it is known. Blocks.
    pub(super) fn step(
        &self,
        mut read: impl FnMut(u64, usize) -> io::Result<Bytes>,
    ) -> io::Result<Option<u32>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (hasher, at) = match &mut *state {
            State::Known(crc) => return Ok(Some(*crc)),
            State::Begun { hasher, at } => (hasher, at),
        };
        let end = at.saturating_add(STEP_BYTES);
        while *at < end {
            let piece = read(*at, PIECE_BYTES)?;
            if piece.is_empty() {
                let crc = hasher.clone().finalize();
                *state = State::Known(crc);
                return Ok(Some(crc));
            }
            hasher.update(&piece);
            *at += piece.len() as u64;
        }
        Ok(None)
    }

    #[cfg(test)]
    pub(super) fn set(&self, crc: u32) {
        *self.0.lock().unwrap() = State::Known(crc);
    }
}
