//! The boxes of a file of this program, one after the other.

use super::syntax::{Header, MAX_HEADER_BYTES, find};
use crate::byte_queue::ByteQueue;
use crate::reopen::{MAX_PIECE_BYTES, Piece};

/// Walks through the boxes of a growing or finished file.
#[derive(Debug, Default)]
pub(crate) struct Walker {
    is_finished: bool,
    /// Whether the box that swallows the growing file's boxes has been entered.
    is_inside: bool,
}

impl Walker {
    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// The next box. `None` until more bytes come; `Err` where nothing can follow.
    pub(crate) fn next(&mut self, input: &mut ByteQueue) -> Result<Option<Piece>, ()> {
        let mut head = [0; MAX_HEADER_BYTES];
        let filled = input.peek(&mut head);
        let Some(header) = Header::read(&head[..filled]).map_err(|_| ())? else { return Ok(None) };
        if header.kind == *b"mdat" && self.is_finished && !self.is_inside {
            self.is_inside = true;
            return Ok(input.take(header.len).map(Piece::Passed));
        }
        let size = header.size.filter(|&size| size <= MAX_PIECE_BYTES).ok_or(())?;
        let Some(whole) = input.take(header.len + size as usize) else { return Ok(None) };
        Ok(Some(match &header.kind {
            b"free" => Piece::void(whole, header.len),
            b"moov" if !is_fragmented(&whole[header.len..]) => {
                self.is_finished = true;
                Piece::Passed(whole)
            }
            _ => Piece::Parsed(whole),
        }))
    }
}

fn is_fragmented(moov: &[u8]) -> bool {
    matches!(find(moov, b"mvex"), Ok(Some(_)))
}
