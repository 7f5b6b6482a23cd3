//! Where the parser stands, and what can stand there.

use super::{Demuxer, MAX_BLOCK_BYTES};
use crate::byte_queue::ByteQueue;
use crate::error::{Error, ErrorKind, Fault};
use crate::webm::known::{Home, PEEKED_BYTES, home, is_endless};
use crate::webm::syntax::{Header, MAX_HEADER_BYTES, id};

/// An element that does not belong where it stands costs itself if it is no longer than a usual
/// frame and a known one follows it.
const MAX_STRAY_BYTES: u64 = 1 << 20;

pub(super) const OUT_OF_PLACE: Fault =
    Fault { kind: ErrorKind::NoHeader, element: "element out of place" };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Top,
    /// Ends at this stream position, if its size is known.
    Segment(Option<u64>),
    Cluster {
        end: Option<u64>,
        segment_end: Option<u64>,
        timestamp: Option<u64>,
    },
}

impl Demuxer {
    pub(super) fn segment_end(&self) -> Option<u64> {
        match self.place {
            Place::Top => None,
            Place::Segment(end) => end,
            Place::Cluster { segment_end, .. } => segment_end,
        }
    }

    /// Reads the next header, behind what cannot stand here.
    pub(super) fn read_header(&mut self, input: &mut ByteQueue) -> Result<Option<Header>, Error> {
        loop {
            let at = input.position();
            self.leave_places(at);
            let mut bytes = [0; MAX_HEADER_BYTES];
            let filled = input.peek(&mut bytes);
            let Some(header) = Header::read(&bytes[..filled]).map_err(|fault| fault.at(at))? else {
                return Ok(None);
            };
            let is_block = matches!(header.id, id::SIMPLE_BLOCK | id::BLOCK_GROUP);
            if !(is_block && matches!(self.place, Place::Cluster { .. })) {
                let mut bytes = [0; PEEKED_BYTES];
                let filled = input.peek(&mut bytes);
                if matches!(header.id, id::POSITION | id::PREV_SIZE) && filled < PEEKED_BYTES {
                    // What it says decides whether it is one.
                    return Ok(None);
                }
                if !self.enter(header, &bytes, at) {
                    match self.pass_stray(input, header)? {
                        true => continue,
                        false => return Ok(None),
                    }
                }
            }
            if let (Place::Cluster { end: Some(end), .. }, Some(size)) = (self.place, header.size)
                && at.saturating_add(header.len as u64).saturating_add(size) > end
            {
                return Err(Fault::malformed("element beyond its Cluster").at(at));
            }
            input.skip(header.len as u64);
            if !self.header.complete && header.id != id::CLUSTER {
                self.header.extend(&bytes[..header.len], at)?;
            }
            return Ok(Some(header));
        }
    }

    /// Leaves the places that end here.
    fn leave_places(&mut self, at: u64) {
        if let Place::Cluster { end: Some(end), segment_end, .. } = self.place
            && at >= end
        {
            self.place = Place::Segment(segment_end);
        }
        if let Place::Segment(Some(end)) = self.place
            && at >= end
        {
            self.place = Place::Top;
        }
    }

    /// Goes where the element stands. `false` where it cannot stand.
    fn enter(&mut self, header: Header, bytes: &[u8; PEEKED_BYTES], at: u64) -> bool {
        let begun = self.header.complete || !self.header.bytes.is_empty();
        let is_in_cluster = matches!(self.place, Place::Cluster { .. });
        match home(header, bytes, at) {
            Home::Anywhere => {
                // A second header inside the stream is a recorder that began anew.
                let damages = std::mem::take(&mut self.damages);
                let notes = self.notes;
                *self = Self { damages, notes, boundary: (at, Place::Top), ..Self::new() };
                true
            }
            Home::Top => self.place == Place::Top && begun,
            Home::Segment => {
                if let Place::Cluster { segment_end, .. } = self.place {
                    self.place = Place::Segment(segment_end);
                }
                self.place != Place::Top
            }
            Home::Cluster => is_in_cluster,
            Home::Inside => begun && !(is_in_cluster && is_endless(header)),
            // In front of the tracks there is nothing that could be lost.
            Home::Nowhere => false,
        }
    }

    /// Leaves out an element that cannot stand here, if a known one follows it; whether it is
    /// known by now what follows.
    fn pass_stray(&mut self, input: &mut ByteQueue, header: Header) -> Result<bool, Error> {
        let at = input.position();
        let stray = || OUT_OF_PLACE.at(at);
        let begun = self.header.complete || !self.header.bytes.is_empty();
        let size = header.size.filter(|&size| begun && size <= MAX_STRAY_BYTES);
        let bytes = header.len as u64 + size.ok_or_else(stray)?;
        let mut next = [0; PEEKED_BYTES];
        if input.peek_behind(bytes as usize, &mut next) < PEEKED_BYTES {
            return Ok(false);
        }
        let next_at = at + bytes;
        let follows = Header::read(&next).ok().flatten().map(|next_header| {
            let is_bounded = next_header.size.is_none_or(|size| size <= MAX_BLOCK_BYTES);
            is_bounded && home(next_header, &next, next_at) != Home::Nowhere
        });
        let ends_cluster = match self.place {
            Place::Cluster { end: Some(end), .. } => next_at > end,
            _ => false,
        };
        if follows != Some(true) || ends_cluster {
            return Err(stray());
        }
        input.skip(bytes);
        // In front of the tracks there is nothing that could be lost.
        if self.header.complete || !self.tracks.tracks.is_empty() {
            self.damages.add(stray(), bytes);
        }
        self.boundary = (next_at, self.place);
        Ok(true)
    }
}
