//! The boxes that a file consists of, as far as the index and the end of its movie.

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Fault};
use crate::fmp4::syntax::{Children, Header, MAX_HEADER_BYTES};
use crate::fmp4::tracks::has_samples;

/// A day of 60 pictures and 50 packets a second, at some twenty bytes each.
pub(crate) const MAX_INDEX_BYTES: u64 = 256 << 20;

/// Recorders write a dozen; some hundred fragments may stand behind a first part with an index.
const MAX_BOXES: u32 = 100_000;

/// What a movie consists of, of which the last may be longer than what is left of the file.
const MAY_BE_TORN: [&[u8; 4]; 6] = [b"ftyp", b"moov", b"mdat", b"moof", b"free", b"wide"];

/// Goes from box to box.
#[derive(Debug, Default)]
pub(super) struct Walk {
    at: u64,
    boxes: u32,
    /// The payload of `moov`, and where the box begins.
    index: Option<(Bytes, u64)>,
    /// Where the index is awaited: its box, and its payload.
    awaited: Option<(u64, u64)>,
    media_at: Option<u64>,
    is_continued: bool,
    /// Whether what stands behind the boxes is none.
    is_torn: bool,
}

pub(super) enum Walked {
    /// These bytes are needed.
    Need(u64, usize),
    Fragmented,
    Movie {
        index: Bytes,
        index_at: u64,
        /// Where its boxes end.
        boxes_end: u64,
        /// Before where its media lies, whatever the boxes say of their lengths.
        end: u64,
        /// Whether fragments stand behind its end.
        is_continued: bool,
    },
}

impl Walk {
    /// From the box on that stands at `at`.
    pub(super) fn from(at: u64) -> Self {
        Self { at, ..Self::default() }
    }

    /// Goes on in a file that ends at `end`, with the bytes that were needed last.
    pub(super) fn go_on(&mut self, end: u64, given: Option<(u64, Bytes)>) -> Result<Walked, Error> {
        let mut given = given;
        loop {
            if let Some((box_at, payload_at)) = self.awaited {
                let Some((_, payload)) = given.take() else {
                    let bytes = (self.at - payload_at) as usize;
                    return Ok(Walked::Need(payload_at, bytes));
                };
                self.awaited = None;
                if payload_at + payload.len() as u64 != self.at {
                    return Err(Fault::truncated("moov").at(box_at));
                }
                if !lists_samples(&payload).map_err(|fault| fault.at(box_at))? {
                    return Ok(Walked::Fragmented);
                }
                self.index = Some((payload, box_at));
                continue;
            }
            if self.at >= end || self.boxes >= MAX_BOXES {
                return self.result(end);
            }
            let Some((_, head)) = given.take() else {
                let bytes = (end - self.at).min(MAX_HEADER_BYTES as u64) as usize;
                return Ok(Walked::Need(self.at, bytes));
            };
            if self.one(&head, end)? {
                return if self.index.is_none() {
                    Ok(Walked::Fragmented)
                } else {
                    self.result(end)
                };
            }
        }
    }

    /// Takes the box whose header is `head`. Whether nothing that counts comes behind it.
    fn one(&mut self, head: &[u8], end: u64) -> Result<bool, Error> {
        let at = self.at;
        let is_named = |kind: &[u8; 4]| kind.iter().all(|&byte| byte >= b' ' && byte != 0x7F);
        let end_of = |header: &Header| {
            let payload_at = at + header.len as u64;
            header.size.map_or(end, |size| payload_at.saturating_add(size))
        };
        // Of those that may be torn off others are told by their length: what is no box has any.
        let is_inside =
            |header: &Header| MAY_BE_TORN.contains(&&header.kind) || end_of(header) <= end;
        let header = match Header::read(head) {
            Ok(Some(header)) if is_named(&header.kind) && is_inside(&header) => header,
            _ => {
                // What stands here is no box; what came before it may be a whole movie.
                self.is_torn = true;
                return self.result(end).map(|_| true);
            }
        };
        self.boxes += 1;
        let (payload_at, after) = (at + header.len as u64, end_of(&header));
        match &header.kind {
            b"moof" => {
                self.is_continued = true;
                return Ok(true);
            }
            b"ftyp" if self.index.is_some() || self.media_at.is_some() => return self.next_movie(),
            b"moov" if self.index.is_none() => {
                if after > end {
                    return Err(Fault::truncated("moov").at(at));
                }
                if after - payload_at > MAX_INDEX_BYTES {
                    return Err(Error::new(ErrorKind::TooLarge, at, "moov"));
                }
                self.awaited = Some((at, payload_at));
            }
            b"mdat" => self.media_at = self.media_at.or(Some(at)),
            _ => {}
        }
        self.at = after;
        Ok(false)
    }

    /// Another movie begins; that of this one is over.
    fn next_movie(&self) -> Result<bool, Error> {
        match self.index {
            Some(_) => Ok(true),
            None => self.result(self.at).map(|_| true),
        }
    }

    fn result(&self, end: u64) -> Result<Walked, Error> {
        let boxes_end = end.min(self.at);
        let end = if self.is_torn { end } else { boxes_end };
        match (&self.index, self.media_at) {
            (Some((index, index_at)), _) => {
                let (index, index_at, is_continued) = (index.clone(), *index_at, self.is_continued);
                Ok(Walked::Movie { index, index_at, boxes_end, end, is_continued })
            }
            (None, Some(at)) => Err(Error::new(ErrorKind::NoIndex, at, "mdat")),
            (None, None) => Err(Error::new(ErrorKind::NoHeader, 0, "moov")),
        }
    }
}

/// Whether a `moov` payload lists samples itself.
fn lists_samples(moov: &[u8]) -> Result<bool, Fault> {
    for child in Children::of(moov) {
        let child = child?;
        if child.kind == *b"trak" && has_samples(child.payload)? {
            return Ok(true);
        }
    }
    Ok(false)
}
