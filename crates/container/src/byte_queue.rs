//! The bytes that have arrived and are not parsed yet.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

/// Pieces smaller than this are gathered into one buffer, so that a peer that sends single bytes
/// costs bytes, not list entries.
const SMALL_PIECE_BYTES: usize = 4096;

/// A queue of bytes that hands out slices of what was pushed instead of copies, where a slice
/// lies within one piece.
#[derive(Debug, Default)]
pub(crate) struct ByteQueue {
    pieces: VecDeque<Bytes>,
    small: BytesMut,
    len: usize,
    position: u64,
}

impl ByteQueue {
    pub(crate) fn push(&mut self, piece: Bytes) {
        self.len += piece.len();
        if piece.len() < SMALL_PIECE_BYTES {
            self.small.extend_from_slice(&piece);
            if self.small.len() >= 4 * SMALL_PIECE_BYTES {
                self.seal_small();
            }
        } else {
            self.seal_small();
            self.pieces.push_back(piece);
        }
    }

    fn seal_small(&mut self) {
        if !self.small.is_empty() {
            self.pieces.push_back(self.small.split().freeze());
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Offset of the next byte from the start of the stream.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Declares that the next byte pushed has this offset; for an empty queue.
    pub(crate) fn set_position(&mut self, position: u64) {
        debug_assert_eq!(self.len, 0);
        self.position = position;
    }

    /// Copies up to `buffer.len()` bytes from the front and returns how many there were.
    pub(crate) fn peek(&self, buffer: &mut [u8]) -> usize {
        let mut filled = 0;
        for piece in self.pieces.iter().map(|piece| &piece[..]).chain([&self.small[..]]) {
            let n = piece.len().min(buffer.len() - filled);
            buffer[filled..filled + n].copy_from_slice(&piece[..n]);
            filled += n;
            if filled == buffer.len() {
                break;
            }
        }
        filled
    }

    /// Takes exactly `n` bytes, or nothing while fewer are there.
    pub(crate) fn take(&mut self, n: usize) -> Option<Bytes> {
        if n > self.len {
            return None;
        }
        if self.pieces.front().is_none_or(|front| front.len() < n) {
            self.seal_small();
        }
        self.len -= n;
        self.position += n as u64;
        match self.pieces.front_mut() {
            Some(front) if front.len() > n => Some(front.split_to(n)),
            Some(front) if front.len() == n => self.pieces.pop_front(),
            _ => {
                let mut joined = BytesMut::with_capacity(n);
                while joined.len() < n {
                    let Some(front) = self.pieces.front_mut() else { break };
                    let part = front.len().min(n - joined.len());
                    joined.extend_from_slice(&front[..part]);
                    front.advance(part);
                    if front.is_empty() {
                        self.pieces.pop_front();
                    }
                }
                Some(joined.freeze())
            }
        }
    }

    /// Drops bytes up to a place whose next `N` bytes match, and says whether there is one; what
    /// could be the beginning of one stays.
    pub(crate) fn seek<const N: usize>(&mut self, matches: impl Fn(&[u8; N]) -> bool) -> bool {
        loop {
            self.seal_small();
            let Some(front) = self.pieces.front() else { return false };
            let len = front.len();
            let windows = front.windows(N).filter_map(<[u8]>::first_chunk);
            if let Some(at) =
                windows.enumerate().find_map(|(at, bytes)| matches(bytes).then_some(at))
            {
                self.skip(at as u64);
                return true;
            }
            // Where one piece ends and the next begins.
            let seam = len.min(N - 1);
            self.skip((len - seam) as u64);
            for _ in 0..seam {
                let mut bytes = [0; N];
                if self.peek(&mut bytes) < N {
                    return false;
                }
                if matches(&bytes) {
                    return true;
                }
                self.skip(1);
            }
        }
    }

    /// Drops up to `n` bytes and returns how many were dropped.
    pub(crate) fn skip(&mut self, n: u64) -> u64 {
        let n = usize::try_from(n).unwrap_or(usize::MAX).min(self.len);
        if n == 0 {
            return 0;
        }
        self.seal_small();
        let mut left = n;
        while left > 0 {
            let Some(front) = self.pieces.front_mut() else { break };
            let part = front.len().min(left);
            front.advance(part);
            left -= part;
            if front.is_empty() {
                self.pieces.pop_front();
            }
        }
        self.len -= n;
        self.position += n as u64;
        n as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_within_one_piece_is_not_copied() {
        let piece = Bytes::from(vec![7; 10_000]);
        let mut queue = ByteQueue::default();
        queue.push(piece.clone());
        let taken = queue.take(5000).unwrap();
        assert_eq!(taken.as_ptr(), piece.as_ptr());
        assert_eq!(queue.position(), 5000);
    }

    #[test]
    fn a_pattern_is_found_across_pieces() {
        let mut all = vec![0u8; 20_000];
        for at in [1, 4094, 4095, 9999, 19_996] {
            all[at..at + 4].copy_from_slice(b"here");
            for step in [1, 5, 4096, 5000, 20_000] {
                let mut queue = ByteQueue::default();
                let mut found = false;
                for piece in all.chunks(step) {
                    assert!(!found || queue.position() == at as u64);
                    queue.push(Bytes::copy_from_slice(piece));
                    found = found || queue.seek(|bytes: &[u8; 4]| bytes == b"here");
                }
                assert!(found);
                assert_eq!(queue.position(), at as u64);
                assert_eq!(queue.take(4).unwrap(), &b"here"[..]);
            }
            all[at..at + 4].fill(0);
        }
    }

    #[test]
    fn pieces_of_any_size_come_out_in_order() {
        let all: Vec<u8> = (0..60_000u32).map(|n| (n % 251) as u8).collect();
        for step in [1, 3, 4095, 4096, 20_000, 60_000] {
            let mut queue = ByteQueue::default();
            for piece in all.chunks(step) {
                queue.push(Bytes::copy_from_slice(piece));
            }
            let mut peeked = [0; 5000];
            assert_eq!(queue.peek(&mut peeked), 5000);
            assert_eq!(peeked[..], all[..5000]);
            assert_eq!(queue.skip(10), 10);
            assert_eq!(queue.take(33_333).unwrap(), &all[10..33_343]);
            assert_eq!(queue.take(60_000), None);
            assert_eq!(queue.take(60_000 - 33_343).unwrap(), &all[33_343..]);
            assert_eq!(queue.len(), 0);
            assert_eq!(queue.position(), 60_000);
        }
    }
}
