//! The bytes that have arrived and are not parsed yet.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

/// Pieces smaller than this are gathered into one buffer, so that a peer that sends single bytes
/// costs bytes, not list entries.
const SMALL_PIECE_BYTES: usize = 4096;

/// Room for small pieces is made in steps of this.
const GATHERED_BYTES: usize = 16 << 10;

/// What is awaited has its room in front, up to this much, so that it is copied once: usual frames
/// fit, and it is little to reserve for nothing but a size field.
const MAX_AWAITED_BYTES: usize = 64 << 10;

/// What may be taken and put back in a row: some of the longest boxes, which nobody loses at once.
const MAX_PUT_BACK_BYTES: u64 = 32 << 20;

/// How much of it each byte makes up for that is passed for good. What stands in a box that is no
/// good may say of itself that it is as long, and so on every few bytes: reading all of it each
/// time would take hours.
const PUT_BACK_BYTES_PER_BYTE: u64 = 16;

/// What is quick to look for: one of these bytes, each so far behind the beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sign(pub(crate) [(usize, u8); 3]);

/// A queue of bytes that hands out slices of what was pushed instead of copies, where a slice
/// lies within one piece.
#[derive(Debug, Default)]
pub(crate) struct ByteQueue {
    pieces: VecDeque<Bytes>,
    /// Small pieces behind all others.
    small: BytesMut,
    len: usize,
    position: u64,
    /// What was put back and is not made up for, and where that was.
    put_back: (u64, u64),
}

impl ByteQueue {
    pub(crate) fn push(&mut self, piece: Bytes) {
        self.len += piece.len();
        if piece.len() < SMALL_PIECE_BYTES {
            if self.small.capacity() - self.small.len() < piece.len() {
                self.small.reserve(GATHERED_BYTES);
            }
            self.small.extend_from_slice(&piece);
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
        if let Some(bytes) = self.pieces.front().and_then(|front| front.get(..buffer.len())) {
            buffer.copy_from_slice(bytes);
            return buffer.len();
        }
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

    /// As [`Self::peek`], so many bytes behind the front.
    pub(crate) fn peek_behind(&self, mut behind: usize, buffer: &mut [u8]) -> usize {
        let mut filled = 0;
        for piece in self.pieces.iter().map(|piece| &piece[..]).chain([&self.small[..]]) {
            let from = behind.min(piece.len());
            behind -= from;
            let n = (piece.len() - from).min(buffer.len() - filled);
            buffer[filled..filled + n].copy_from_slice(&piece[from..from + n]);
            filled += n;
            if filled == buffer.len() {
                break;
            }
        }
        filled
    }

    /// Puts back what was taken last.
    pub(crate) fn put_back(&mut self, bytes: Bytes) {
        self.len += bytes.len();
        self.position -= bytes.len() as u64;
        self.put_back = (self.put_back_bytes() + bytes.len() as u64, self.position);
        if !bytes.is_empty() {
            self.pieces.push_front(bytes);
        }
    }

    /// Whether so many bytes more may be taken that turn out to be put back.
    pub(crate) fn may_put_back(&self, bytes: u64) -> bool {
        self.put_back_bytes().saturating_add(bytes) <= MAX_PUT_BACK_BYTES
    }

    fn put_back_bytes(&self) -> u64 {
        let (bytes, at) = self.put_back;
        let passed = self.position.saturating_sub(at);
        bytes.saturating_sub(passed.saturating_mul(PUT_BACK_BYTES_PER_BYTE))
    }

    /// Takes exactly `n` bytes, or nothing while fewer are there.
    pub(crate) fn take(&mut self, n: usize) -> Option<Bytes> {
        if n > self.len {
            self.await_bytes(n);
            return None;
        }
        if self.pieces.is_empty() {
            self.len -= n;
            self.position += n as u64;
            return Some(self.small.split_to(n).freeze());
        }
        if self.pieces.front().is_some_and(|front| front.len() < n) {
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

    /// Makes room for the rest of `n` bytes, of which some have come in small pieces.
    fn await_bytes(&mut self, n: usize) {
        if self.pieces.is_empty() && !self.small.is_empty() {
            // A longer one doubles what it has.
            let most = self.len.max(MAX_AWAITED_BYTES);
            self.small.reserve((n - self.len).min(most));
        }
    }

    /// Drops bytes up to a place whose next `N` bytes match, and says whether there is one; what
    /// could be the beginning of one stays. In all that match, one of the sign's bytes stands at its
    /// place, by which the others are passed over; no two that match begin inside each other.
    pub(crate) fn seek<const N: usize>(
        &mut self,
        Sign(sign): Sign,
        matches: impl Fn(&[u8; N]) -> bool,
    ) -> bool {
        loop {
            self.seal_small();
            let Some(front) = self.pieces.front() else { return false };
            let len = front.len();
            let last = (len + 1).saturating_sub(N);
            let is_match =
                |at: &usize| *at < last && front[*at..].first_chunk().is_some_and(&matches);
            let [(_, one), (_, two), (_, three)] = sign;
            let begin = |at: usize| {
                let begins = sign.iter().filter(move |(_, byte)| front[at] == *byte);
                begins.filter_map(move |(behind, _)| at.checked_sub(*behind))
            };
            let signs = memchr::memchr3_iter(one, two, three, front);
            if let Some(at) = signs.flat_map(begin).find(is_match) {
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
        let mut left = n;
        while left > 0 {
            let Some(front) = self.pieces.front_mut() else {
                self.small.advance(left);
                break;
            };
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
    fn what_comes_in_small_pieces_is_copied_once() {
        let mut queue = ByteQueue::default();
        queue.push(Bytes::from_static(&[1; 100]));
        assert_eq!(queue.take(50_000), None);
        let room = queue.small.as_ptr();
        for _ in 0..500 {
            queue.push(Bytes::from_static(&[2; 100]));
            assert!(queue.len() >= 50_000 || queue.take(50_000).is_none());
        }
        let taken = queue.take(50_000).unwrap();
        assert_eq!((taken.as_ptr(), queue.len()), (room, 100));
        // The next one is no copy of the rest either, as long as there is room.
        assert_eq!(queue.take(100).unwrap(), &[2; 100][..]);
    }

    #[test]
    fn a_size_reserves_little() {
        let mut queue = ByteQueue::default();
        queue.push(Bytes::from_static(&[1; 100]));
        assert_eq!(queue.take(16 << 20), None);
        assert!(queue.small.capacity() <= GATHERED_BYTES + MAX_AWAITED_BYTES);
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
                    let sign = Sign([(2, b'r'), (9, b'x'), (0, b'y')]);
                    found = found || queue.seek(sign, |bytes: &[u8; 4]| bytes == b"here");
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
