//! Blocks (RFC 9559 section 10): the frames of one track at one time.

use bytes::{Buf, Bytes};

use super::syntax::{Child, Children, Write, id, unsigned};
use crate::error::Fault;

/// A SimpleBlock, or a BlockGroup with its Block.
#[derive(Debug)]
pub(crate) struct Block {
    /// TrackNumber.
    pub(crate) track: u64,
    /// Ticks from the cluster's timestamp.
    pub(crate) relative: i64,
    /// Whether its first frame decodes by itself.
    pub(crate) sync: bool,
    /// The frames in front of the last one, where there are several.
    pub(crate) laced: Vec<Bytes>,
    /// The last frame, and nearly always the only one.
    pub(crate) frame: Bytes,
    /// BlockDuration in ticks.
    pub(crate) duration: Option<u64>,
    /// BlockGroup children to carry along, as encoded.
    pub(crate) extra: Bytes,
}

/// The key frame bit of a SimpleBlock's flags.
const KEY_FRAME: u8 = 0x80;

/// What else a BlockGroup may hold (RFC 9559 section 5.1.3.5 and annex A): BlockVirtual,
/// ReferencePriority, ReferenceVirtual, CodecState, Slices, ReferenceFrame.
const PASSED_OVER: [u32; 8] = [id::VOID, id::CRC_32, 0xA2, 0xFA, 0xFD, 0xA4, 0x8E, 0xC8];

impl Block {
    pub(crate) fn simple(payload: Bytes) -> Result<Self, Fault> {
        let (flags, block) = Self::read(payload)?;
        Ok(Self { sync: flags & KEY_FRAME != 0, ..block })
    }

    pub(crate) fn group(group: &Bytes) -> Result<Self, Fault> {
        let (mut block, mut duration, mut sync) = (None, None, true);
        let mut extra = Vec::new();
        for child in Children::of(group) {
            let Child { id, payload, whole } = child?;
            match id {
                id::BLOCK => block = Some(group.slice_ref(payload)),
                id::BLOCK_DURATION => duration = Some(unsigned(payload)),
                id::REFERENCE_BLOCK => sync = false,
                id::BLOCK_ADDITIONS | id::DISCARD_PADDING => extra.extend_from_slice(whole),
                id if PASSED_OVER.contains(&id) => {}
                _ => return Err(Fault::malformed("BlockGroup")),
            }
        }
        let (_, block) = Self::read(block.ok_or(Fault::malformed("BlockGroup"))?)?;
        Ok(Self { sync, duration, extra: extra.into(), ..block })
    }

    /// What both kinds share, and the flags that mean different things in each.
    fn read(mut payload: Bytes) -> Result<(u8, Self), Fault> {
        const BAD: Fault = Fault::malformed("Block");
        let number_len = payload.first().map_or(9, |first| first.leading_zeros() as usize + 1);
        if number_len > 8 || payload.len() < number_len + 3 {
            return Err(BAD);
        }
        let track = unsigned(&payload[..number_len]) & (u64::MAX >> (64 - 7 * number_len));
        let relative = i16::from_be_bytes([payload[number_len], payload[number_len + 1]]);
        let flags = payload[number_len + 2];
        payload.advance(number_len + 3);
        let (laced, frame) = split_lacing(payload, flags >> 1 & 3)?;
        let (relative, extra) = (i64::from(relative), Bytes::new());
        Ok((flags, Self { track, relative, sync: false, laced, frame, duration: None, extra }))
    }
}

/// What is to be left out at the end of a block, in nanoseconds, by its DiscardPadding (RFC 9559
/// section 5.1.3.5.7); negative where it is at the beginning.
pub(crate) fn discard_padding_ns(block_extra: &[u8]) -> Option<i64> {
    let mut children = Children::of(block_extra).flatten();
    let padding = children.find(|child| child.id == id::DISCARD_PADDING)?.payload;
    let unused = 8usize.checked_sub(padding.len()).filter(|&unused| unused < 8)?;
    Some((unsigned(padding) << (8 * unused)) as i64 >> (8 * unused))
}

/// A DiscardPadding as it stands in a BlockGroup.
pub(crate) fn discard_padding(ns: i64) -> Bytes {
    let mut element = Vec::new();
    element.element(id::DISCARD_PADDING, &ns.to_be_bytes());
    element.into()
}

/// Splits a block's frames (RFC 9559 section 10.3) into the last one and those in front of it.
/// Without lacing the block is one frame.
fn split_lacing(mut data: Bytes, lacing: u8) -> Result<(Vec<Bytes>, Bytes), Fault> {
    const BAD: Fault = Fault::malformed("lacing");
    if lacing == 0 {
        return Ok((Vec::new(), data));
    }
    if data.is_empty() {
        return Err(BAD);
    }
    let count = usize::from(data.split_to(1)[0]) + 1;
    let mut sizes = Vec::with_capacity(count);
    match lacing {
        2 => {
            if !data.len().is_multiple_of(count) {
                return Err(BAD);
            }
            sizes.resize(count - 1, data.len() / count);
        }
        1 => {
            while sizes.len() < count - 1 {
                let run = data.iter().take_while(|&&byte| byte == 255).count();
                let last = *data.get(run).ok_or(BAD)?;
                sizes.push(run * 255 + usize::from(last));
                let _ = data.split_to(run + 1);
            }
        }
        _ => {
            let mut previous = 0i64;
            while sizes.len() < count - 1 {
                let first = *data.first().ok_or(BAD)?;
                let len = first.leading_zeros() as usize + 1;
                if len > 8 || data.len() < len {
                    return Err(BAD);
                }
                let value = unsigned(&data[..len]) & (u64::MAX >> (64 - 7 * len));
                let value = value as i64;
                previous = match sizes.is_empty() {
                    true => value,
                    false => value - ((1i64 << (7 * len - 1)) - 1) + previous,
                };
                // No frame is longer than the block, so no sum of two runs over.
                let size = usize::try_from(previous).ok().filter(|&size| size <= data.len());
                sizes.push(size.ok_or(BAD)?);
                let _ = data.split_to(len);
            }
        }
    }
    let known = sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size)).ok_or(BAD)?;
    // Empty frames cost a sender nothing and mean nothing.
    if sizes.contains(&0) || known >= data.len() {
        return Err(BAD);
    }
    let laced = sizes.into_iter().map(|size| data.split_to(size)).collect();
    Ok((laced, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lacing_gives_back_its_frames() {
        let frames = |bytes: &[u8], lacing| {
            let (laced, last) = split_lacing(Bytes::copy_from_slice(bytes), lacing).unwrap();
            laced.iter().chain([&last]).map(|frame| frame.to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(frames(&[1, 2, 3], 0), [vec![1, 2, 3]]);
        assert_eq!(frames(&[1, 2, 1, 9, 9, 8], 1), [vec![1, 9], vec![9, 8]]);
        assert_eq!(frames(&[1, 1, 2, 3, 4], 2), [vec![1, 2], vec![3, 4]]);
        // EBML lacing: the first size is absolute, the second a difference of -1 (0xBE).
        assert_eq!(frames(&[2, 0x82, 0xBE, 1, 2, 3, 4], 3), [vec![1, 2], vec![3], vec![4]]);
    }

    #[test]
    fn lacing_that_lies_is_an_error() {
        for (bytes, lacing) in [
            (&[][..], 1),
            (&[3, 255], 1),
            (&[1, 9, 1], 1),
            (&[2, 1, 2], 2),
            (&[1, 0x89, 1], 3),
            // Empty frames would make much of nothing.
            (&[255], 2),
            (&[1, 0, 9], 1),
        ] {
            assert!(split_lacing(Bytes::copy_from_slice(bytes), lacing).is_err());
        }
    }
    /// As much as a size can say, again and again, is more than a number holds.
    #[test]
    fn sizes_without_end_are_an_error() {
        let largest = [1, 255, 255, 255, 255, 255, 255, 254];
        let bytes = [&[255][..], &largest.repeat(255), &[9; 300]].concat();
        assert!(split_lacing(bytes.into(), 3).is_err());
    }
}
