//! The elements of a file of this program, one after the other.

use super::syntax::{Header, MAX_HEADER_BYTES, id};
use crate::byte_queue::ByteQueue;
use crate::reopen::{MAX_PIECE_BYTES, Piece};

/// Walks through the elements of a growing or finished file.
#[derive(Debug, Default)]
pub(crate) struct Walker {
    is_finished: bool,
}

impl Walker {
    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// The next element. `None` until more bytes come; `Err` where nothing can follow.
    pub(crate) fn next(&mut self, input: &mut ByteQueue) -> Result<Option<Piece>, ()> {
        let mut head = [0; MAX_HEADER_BYTES];
        let filled = input.peek(&mut head);
        let Some(header) = Header::read(&head[..filled]).map_err(|_| ())? else { return Ok(None) };
        if header.id == id::SEGMENT {
            self.is_finished = header.size.is_some();
            return Ok(input.take(header.len).map(Piece::Parsed));
        }
        let size = header.size.filter(|&size| size <= MAX_PIECE_BYTES).ok_or(())?;
        let Some(whole) = input.take(header.len + size as usize) else { return Ok(None) };
        Ok(Some(match header.id {
            id::VOID => Piece::void(whole, header.len),
            // What the finished file has beyond the growing one.
            id::CUES | id::SEEK_HEAD => Piece::Passed(whole),
            _ => Piece::Parsed(whole),
        }))
    }
}
