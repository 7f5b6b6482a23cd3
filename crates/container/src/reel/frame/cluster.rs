//! The first key frame of a Cluster (RFC 9559 section 5.1.3), as far as it must be read.

use bytes::Bytes;

use super::{MAX_FRAME_BYTES, NS_PER_MS};
use crate::error::{Error, ErrorKind, Fault};
use crate::reel::head::webm::Cue;
use crate::reel::head::window::{Lack, Window};
use crate::sample::{Detail, Track};
use crate::webm::block::Block;
use crate::webm::syntax::{Header, MAX_HEADER_BYTES, id, unsigned};

/// The headers of a BlockGroup and its Block, and how the Block begins: a number of 8 bytes at most,
/// a time, flags.
const BLOCK_HEAD_BYTES: usize = 2 * MAX_HEADER_BYTES + 8 + 3;

/// A cluster lasts 5 seconds, and 32 tracks of sound have 50 packets in each.
const MAX_ELEMENTS: u32 = 8192;

/// The key frame bit of a SimpleBlock's flags.
const KEY_FRAME: u8 = 0x80;

const BAD_BLOCK: Fault = Fault::malformed("Block");

/// Goes from block to block of the cluster that a cue leads to.
#[derive(Debug)]
pub(super) struct Walk {
    /// Where the next element begins.
    at: u64,
    /// Where the cluster ends, once its header was read.
    end: Option<u64>,
    cluster_ms: Option<i64>,
    /// TrackNumber.
    track: u64,
    from_ms: i64,
    elements: u32,
}

impl Walk {
    /// To the key frame of `track`, by a cue of the track `cue_track`: `None` where that is another
    /// one.
    pub(super) fn new(cue: &Cue, cue_track: u64, track: &Track) -> Option<Self> {
        let Detail::Webm(detail) = &track.detail else { return None };
        // In front of zero nothing is sought; what is shown there is found by the first cue.
        let from_ms = if cue.ms == 0 { i64::MIN } else { cue.ms.into() };
        (detail.number == cue_track).then_some(Self {
            at: cue.at,
            end: None,
            cluster_ms: None,
            track: detail.number,
            from_ms,
            elements: 0,
        })
    }

    /// The frame, and when it is shown; or what must be read first.
    pub(super) fn go_on(&mut self, window: &Window) -> Result<(i64, Bytes), Lack> {
        loop {
            if let Some(found) = self.step(window)? {
                return Ok(found);
            }
            self.elements += 1;
            if self.elements > MAX_ELEMENTS {
                return Err(Error::new(ErrorKind::TooLarge, self.at, "Cluster").into());
            }
        }
    }

    fn step(&mut self, window: &Window) -> Result<Option<(i64, Bytes)>, Lack> {
        let at = self.at;
        if self.end.is_some_and(|end| at >= end) {
            // A cue leads to a cluster that begins with its key frame.
            return Err(Fault::malformed("CuePoint").at(at).into());
        }
        if at >= window.file_bytes() {
            return Err(Fault::truncated("Cluster").at(at).into());
        }
        let end = self.end.unwrap_or(window.file_bytes());
        let head = window.peek(at, BLOCK_HEAD_BYTES)?;
        let header = Header::read(&head).map_err(|fault| fault.at(at))?;
        let header = header.ok_or(Fault::truncated("element header").at(at))?;
        let size = header.size.ok_or(Fault::malformed("Cluster").at(at))?;
        let payload_at = at + header.len as u64;
        let after = payload_at.checked_add(size).filter(|&after| after <= end);
        let after = after.ok_or(Fault::truncated("Cluster").at(at))?;
        if self.end.is_none() {
            if header.id != id::CLUSTER {
                return Err(Fault::malformed("CuePoint").at(at).into());
            }
            self.end = Some(after);
            self.at = payload_at;
            return Ok(None);
        }
        let front = &head[header.len..];
        match header.id {
            id::TIMESTAMP => {
                let len = usize::try_from(size).ok().filter(|&len| len <= 8);
                let value = len.and_then(|len| front.get(..len)).map(unsigned);
                let ms = value.and_then(|value| i64::try_from(value).ok());
                self.cluster_ms = Some(ms.ok_or(Fault::malformed("Timestamp").at(at))?);
            }
            id::SIMPLE_BLOCK | id::BLOCK_GROUP => {
                let is_group = header.id == id::BLOCK_GROUP;
                if self.may_be_wanted(front, is_group).map_err(|fault| fault.at(at))? {
                    if size > MAX_FRAME_BYTES {
                        return Err(Error::new(ErrorKind::TooLarge, at, "Block").into());
                    }
                    let payload = window.get(payload_at, size as usize, "Block")?;
                    let block = match is_group {
                        true => Block::group(&payload),
                        false => Block::simple(payload),
                    };
                    let found = block.and_then(|block| self.frame(block));
                    if let Some(found) = found.map_err(|fault| fault.at(at))? {
                        return Ok(Some(found));
                    }
                }
            }
            _ => {}
        }
        self.at = after;
        Ok(None)
    }

    /// Whether a block can be the key frame, by how it begins. Of a group that is not told by its
    /// Block, which stands in front.
    fn may_be_wanted(&self, front: &[u8], is_group: bool) -> Result<bool, Fault> {
        let block = match is_group {
            false => front,
            true => {
                let header = Header::read(front)?.ok_or(BAD_BLOCK)?;
                if header.id != id::BLOCK {
                    return Err(BAD_BLOCK);
                }
                &front[header.len..]
            }
        };
        let len = block.first().map_or(9, |first| first.leading_zeros() as usize + 1);
        if len > 8 || block.len() < len + 3 {
            return Err(BAD_BLOCK);
        }
        let track = unsigned(&block[..len]) & (u64::MAX >> (64 - 7 * len));
        Ok(track == self.track && (is_group || block[len + 2] & KEY_FRAME != 0))
    }

    fn frame(&self, block: Block) -> Result<Option<(i64, Bytes)>, Fault> {
        // No file of this program has lacing.
        if !block.laced.is_empty() || block.frame.is_empty() {
            return Err(BAD_BLOCK);
        }
        let cluster_ms = self.cluster_ms.ok_or(Fault::malformed("Cluster without Timestamp"))?;
        let ms = cluster_ms.checked_add(block.relative).ok_or(BAD_BLOCK)?;
        let at_ns = ms.checked_mul(NS_PER_MS).ok_or(BAD_BLOCK)?;
        Ok((block.sync && ms >= self.from_ms).then_some((at_ns, block.frame)))
    }
}
