//! How long the samples are: `stsz` and `stz2` (ISO 14496-12 clause 8.7.3).

use bytes::Bytes;

use super::entries::Entries;
use crate::error::Fault;
use crate::fmp4::syntax::{Reader, find, require};

#[derive(Debug, Clone)]
pub(super) enum Sizes {
    /// All alike.
    Fixed(u32),
    Each(Entries<1>),
    /// `stz2`, with so many bits for each.
    Compact(u8, Bytes),
}

impl Sizes {
    pub(super) fn read(stbl: &Bytes) -> Result<(Self, u32), Fault> {
        if let Some(stz2) = find(stbl, b"stz2")? {
            const BAD: Fault = Fault::malformed("stz2");
            let (_, _, mut reader) = Reader::full(stz2, "stz2")?;
            let bits = (reader.u32()? & 0xFF) as u8;
            let count = reader.u32()?;
            let table = stz2.get(12..).ok_or(BAD)?;
            let is_known = matches!(bits, 4 | 8 | 16);
            if !is_known || u64::from(count) * u64::from(bits) > 8 * table.len() as u64 {
                return Err(BAD);
            }
            return Ok((Self::Compact(bits, stbl.slice_ref(table)), count));
        }
        let stsz = require(stbl, &[b"stsz"], "stsz")?;
        let (_, _, mut reader) = Reader::full(stsz, "stsz")?;
        let fixed = reader.u32()?;
        let count = reader.u32()?;
        if fixed > 0 {
            return Ok((Self::Fixed(fixed), count));
        }
        let bytes = (count as usize).checked_mul(4).filter(|&bytes| bytes <= reader.rest_len());
        let table = bytes.and_then(|bytes| stsz.get(12..12 + bytes));
        let table = table.ok_or(Fault::malformed("stsz"))?;
        Ok((Self::Each(Entries(stbl.slice_ref(table))), count))
    }

    pub(super) fn get(&self, index: u32) -> Option<u32> {
        let index = index as usize;
        match self {
            Self::Fixed(size) => Some(*size),
            Self::Each(entries) => entries.get(index).map(|[size]| size),
            Self::Compact(4, table) => {
                let pair = *table.get(index / 2)?;
                Some(u32::from(if index.is_multiple_of(2) { pair >> 4 } else { pair & 0xF }))
            }
            Self::Compact(8, table) => table.get(index).map(|&size| size.into()),
            Self::Compact(_, table) => {
                let bytes = table.get(2 * index..2 * index + 2)?;
                Some(u32::from(u16::from_be_bytes([bytes[0], bytes[1]])))
            }
        }
    }
}
