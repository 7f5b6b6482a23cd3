//! The clusters of a joined WebM: their Timestamps are those of the whole.

use std::ops::Range;

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Fault};
use crate::webm::mux::TIMESTAMP_BYTES;
use crate::webm::syntax::{Header, MAX_HEADER_BYTES, id, unsigned};

/// A Cluster's header, and its Timestamp with the longest header and value. A Block's header, the
/// number of its track and its time are shorter.
pub(super) const CLUSTER_HEAD_BYTES: usize = MAX_HEADER_BYTES + MAX_HEADER_BYTES + 8;

/// What is asked for at once: enough that a disk reads on, little enough for many viewers.
const CHUNK_BYTES: u64 = 64 << 10;

/// What becomes of a piece of a file before it is handed out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Patch {
    /// Nothing.
    None,
    /// The Timestamp of each Cluster (RFC 9559 section 5.1.3.1) becomes another one: [`Patcher`].
    Clusters {
        /// Where whole elements begin and end around the piece, in bytes of the file.
        within: Range<u64>,
        /// What is added to each Timestamp.
        add_ms: i64,
    },
}

/// The payload of the Timestamp of the Cluster that begins `bytes`, as a range in them; `None` of
/// any other element.
pub(super) fn timestamp(bytes: &[u8]) -> Result<Option<Range<usize>>, Fault> {
    const BAD: Fault = Fault::malformed("Cluster");
    let header = Header::read(bytes)?.ok_or(Fault::truncated("element header"))?;
    if header.id != id::CLUSTER {
        return Ok(None);
    }
    let child = Header::read(bytes.get(header.len..).unwrap_or_default())?;
    let child = child.filter(|child| child.id == id::TIMESTAMP).ok_or(BAD)?;
    let len = child.size.and_then(|size| usize::try_from(size).ok()).filter(|&len| len <= 8);
    let len = len.ok_or(BAD)?;
    if len < TIMESTAMP_BYTES {
        return Err(Fault { kind: ErrorKind::NarrowTimestamp, element: "Timestamp" });
    }
    let from = header.len + child.len;
    let is_inside = header.size.is_some_and(|size| size >= (child.len + len) as u64);
    match is_inside && from + len <= bytes.len() {
        true => Ok(Some(from..from + len)),
        false => Err(BAD),
    }
}

/// Reads a piece of a file and hands out what it is in the whole, in order. It holds 64 KiB at
/// most, and walks along the headers of elements to where the piece begins.
#[derive(Debug)]
pub struct Patcher {
    add_ms: i64,
    /// Where whole elements end.
    end: u64,
    /// What is still to be handed out.
    rest: Range<u64>,
    /// Where the next header is that was not looked at; behind `rest.start` inside an element.
    element_at: u64,
    is_patching: bool,
    /// The cluster that began last, where it would begin in front of zero.
    early: Option<Early>,
    asked: Option<(u64, usize)>,
    given: Option<Result<Bytes, Error>>,
}

/// A cluster that would begin in front of zero, where no Timestamp is: one that holds sound of
/// before a cut, which came later than the picture with which the cut begins. It begins at zero,
/// and its blocks stand so much further in front of that.
#[derive(Debug, Clone, Copy)]
struct Early {
    /// Where it ends in the file.
    end: u64,
    by_ms: i64,
}

/// What a [`Patcher`] has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchStep {
    /// It goes on with these bytes of the file: [`Patcher::give`].
    Need {
        /// From the start of the file.
        offset: u64,
        /// How many.
        bytes: usize,
    },
    /// What comes next of the piece.
    Bytes(Bytes),
    /// That was all of it.
    Done,
}

impl Patcher {
    /// Of the bytes `range` of a file, as [`crate::reel::Piece::File`] names them.
    #[must_use]
    pub fn new(range: Range<u64>, patch: &Patch) -> Self {
        let (is_patching, within, add_ms) = match patch {
            Patch::None => (false, range.clone(), 0),
            Patch::Clusters { within, add_ms } => (true, within.clone(), *add_ms),
        };
        let element_at = within.start;
        let (early, asked, given) = (None, None, None);
        Self { add_ms, end: within.end, rest: range, element_at, is_patching, early, asked, given }
    }

    /// What is next.
    ///
    /// # Errors
    /// When the file is not what its head said: nothing that follows could be right.
    pub fn poll(&mut self) -> Result<PatchStep, Error> {
        loop {
            if let Some((offset, bytes)) = self.asked {
                return Ok(PatchStep::Need { offset, bytes });
            }
            if self.rest.is_empty() {
                return Ok(PatchStep::Done);
            }
            let at = self.element_at;
            let is_walking = self.is_patching
                && (at < self.rest.start
                    || at == self.rest.start && at + CLUSTER_HEAD_BYTES as u64 > self.rest.end);
            let Some(given) = self.given.take() else {
                self.asked = Some(match is_walking {
                    true => {
                        (at, (self.end.saturating_sub(at)).min(CLUSTER_HEAD_BYTES as u64) as usize)
                    }
                    false => {
                        let left = self.rest.end - self.rest.start;
                        (self.rest.start, left.min(CHUNK_BYTES) as usize)
                    }
                });
                continue;
            };
            let given = given?;
            let ready = match (self.is_patching, is_walking) {
                (false, _) => {
                    self.rest.start += given.len() as u64;
                    given
                }
                (true, true) => match self.header(given)? {
                    Some(ready) => ready,
                    None => continue,
                },
                (true, false) => self.chunk(given)?,
            };
            return Ok(PatchStep::Bytes(ready));
        }
    }

    /// The bytes that [`PatchStep::Need`] asked for. Fewer mean that the file has become shorter,
    /// which is an error of the next [`Self::poll`].
    pub fn give(&mut self, bytes: Bytes) {
        let Some((offset, wanted)) = self.asked.take() else { return };
        self.given = Some(match bytes.len() == wanted {
            true => Ok(bytes),
            false => Err(Fault::truncated("Cluster").at(offset)),
        });
    }

    /// Takes the header at `element_at`. What of it is to be handed out, if anything.
    fn header(&mut self, given: Bytes) -> Result<Option<Bytes>, Error> {
        let mut head = Vec::from(given);
        let at = self.element_at;
        let end = self.patch(at, &mut head)?;
        self.element_at = end;
        let from = self.rest.start - at;
        let to = (self.rest.end.min(end) - at).min(head.len() as u64);
        if from >= to {
            return Ok(None);
        }
        self.rest.start = at + to;
        Ok(Some(Bytes::from(head).slice(from as usize..to as usize)))
    }

    /// Takes bytes from `rest.start` on, up to the first header that is not in them as a whole.
    fn chunk(&mut self, given: Bytes) -> Result<Bytes, Error> {
        let (from, end) = (self.rest.start, self.rest.start + given.len() as u64);
        let mut chunk = Vec::from(given);
        while self.element_at + (CLUSTER_HEAD_BYTES as u64) <= end {
            let at = (self.element_at - from) as usize;
            self.element_at = self.patch(self.element_at, &mut chunk[at..])?;
        }
        chunk.truncate((self.element_at.min(end) - from) as usize);
        self.rest.start += chunk.len() as u64;
        Ok(chunk.into())
    }

    /// Changes the element at the file's `offset` whose first bytes these are. Where the next one is
    /// to be looked at.
    fn patch(&mut self, offset: u64, bytes: &mut [u8]) -> Result<u64, Error> {
        let early = self.early.filter(|early| offset < early.end);
        let within = early.map_or(self.end, |early| early.end);
        let header = Header::read(bytes).map_err(|fault| fault.at(offset))?;
        let header = header.ok_or(Fault::truncated("element header").at(offset))?;
        let size = header.size.ok_or(Fault::malformed("Cluster").at(offset))?;
        let payload_at = offset + header.len as u64;
        let end = payload_at.checked_add(size).filter(|&end| end <= within);
        let end = end.ok_or(Fault::truncated("Cluster").at(offset))?;
        match (early, header.id) {
            (Some(_), id::BLOCK_GROUP) => return Ok(payload_at),
            (Some(early), id::SIMPLE_BLOCK | id::BLOCK) => {
                move_block(&mut bytes[header.len..], early.by_ms).map_err(|it| it.at(offset))?;
            }
            (Some(_), _) => {}
            (None, _) => {
                if let Some(range) = timestamp(bytes).map_err(|fault| fault.at(offset))? {
                    let behind = offset + range.end as u64;
                    let by_ms = move_cluster(&mut bytes[range], self.add_ms);
                    self.early = (by_ms > 0).then_some(Early { end, by_ms });
                    if by_ms > 0 {
                        return Ok(behind);
                    }
                }
            }
        }
        Ok(end)
    }
}

/// Adds to the value of a Timestamp. By how much it would have to be less than zero.
fn move_cluster(value: &mut [u8], add_ms: i64) -> i64 {
    let most = u64::MAX >> (8 * (8 - value.len()));
    let ms = i128::from(unsigned(value)) + i128::from(add_ms);
    // A reel is shorter than what there is room for.
    let kept = ms.clamp(0, most.into()) as u64;
    let from = 8 - value.len();
    value.copy_from_slice(&kept.to_be_bytes()[from..]);
    // No more than what was taken off.
    ms.min(0).unsigned_abs() as i64
}

/// Takes so much off a block's time, as far as its 16 bits reach (RFC 9559 section 10).
fn move_block(payload: &mut [u8], by_ms: i64) -> Result<(), Fault> {
    let number_len = payload.first().map_or(0, |first| first.leading_zeros() as usize + 1);
    let time = payload.get_mut(number_len..).and_then(|rest| rest.first_chunk_mut::<2>());
    let time = time.ok_or(Fault::truncated("Block"))?;
    let moved = i64::from(i16::from_be_bytes(*time)).saturating_sub(by_ms);
    *time = (moved.max(i16::MIN.into()) as i16).to_be_bytes();
    Ok(())
}
