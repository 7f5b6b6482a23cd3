//! What a track's index says of its media beside the tables: what of it is shown, and where it lies.

use crate::error::Fault;
use crate::fmp4::syntax::{Reader, find};

/// How a track's media is shown (clause 8.6.6), as far as one edit of it goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Edits {
    /// What the edit list shows of the media, in ticks of the movie, when it is one part of it.
    pub(super) shown: Option<u64>,
    /// What stands empty in front of it, in ticks of the movie.
    pub(super) empty: u64,
    /// Parts of the media that are shown; more than one is more than can be followed.
    pub(super) parts: u32,
}

impl Edits {
    /// What the `trak` payload says.
    pub(super) fn read(trak: &[u8]) -> Result<Self, Fault> {
        let mut edits = Self::default();
        let Some(edts) = find(trak, b"edts")? else { return Ok(edits) };
        let Some(elst) = find(edts, b"elst")? else { return Ok(edits) };
        let (version, _, mut reader) = Reader::full(elst, "elst")?;
        for _ in 0..reader.u32()? {
            let duration = reader.versioned(version)?;
            let is_empty = match version {
                1 => reader.u64()? as i64 == -1,
                _ => reader.i32()? == -1,
            };
            reader.skip(4)?;
            match is_empty {
                true if edits.parts == 0 => edits.empty = edits.empty.saturating_add(duration),
                true => {}
                false => {
                    edits.parts += 1;
                    edits.shown = (edits.parts == 1 && duration > 0).then_some(duration);
                }
            }
        }
        Ok(edits)
    }
}

/// Media that lies in other files is none of this one.
pub(super) fn is_elsewhere(minf: &[u8]) -> Result<bool, Fault> {
    const SELF_CONTAINED: u32 = 1;
    let Some(dinf) = find(minf, b"dinf")? else { return Ok(false) };
    let Some(dref) = find(dinf, b"dref")? else { return Ok(false) };
    // The first entry's flags: four bytes of version and flags, a count, a box header.
    let word = dref.get(16..20).ok_or(Fault::malformed("dref"))?;
    let flags = u32::from_be_bytes([0, word[1], word[2], word[3]]);
    Ok(flags & SELF_CONTAINED == 0)
}
