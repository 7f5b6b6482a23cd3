//! Which elements stand where (RFC 9559 section 5.1): what is none of them is damage.

use super::syntax::{Header, MAX_HEADER_BYTES, id};

/// A header, and the number that may stand behind it.
pub(crate) const PEEKED_BYTES: usize = MAX_HEADER_BYTES + 8;

/// Padding between blocks is passed over up to this; more is a size field that lies.
const MAX_PADDING_BYTES: u64 = 16 << 20;

/// Where an element may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// EBML: it begins a stream anew, wherever it stands.
    Anywhere,
    /// Segment.
    Top,
    /// The children of the Segment; they end a Cluster of unknown size.
    Segment,
    /// The children of a Cluster.
    Cluster,
    /// CRC-32 and Void.
    Inside,
    /// Of no name that is known here, or a name that what stands behind it belies.
    Nowhere,
}

/// Where the element at this position may stand, by its first bytes.
pub(crate) fn home(header: Header, bytes: &[u8; PEEKED_BYTES], at: u64) -> Home {
    let is_at_most = |most: u64| header.size.is_some_and(|size| size <= most);
    match header.id {
        id::EBML => Home::Anywhere,
        id::SEGMENT => Home::Top,
        id::INFO
        | id::TRACKS
        | id::CLUSTER
        | id::CUES
        | id::TAGS
        | id::SEEK_HEAD
        | id::CHAPTERS
        | id::ATTACHMENTS => Home::Segment,
        id::TIMESTAMP if is_at_most(8) => Home::Cluster,
        id::SIMPLE_BLOCK | id::BLOCK_GROUP => Home::Cluster,
        // One bit away from a SimpleBlock; but they say where something in front of them is.
        id::POSITION | id::PREV_SIZE if is_at_most(8) => {
            let len = header.size.unwrap_or(0) as usize;
            let number = bytes.get(header.len..header.len + len).unwrap_or_default();
            match super::syntax::unsigned(number) <= at {
                true => Home::Cluster,
                false => Home::Nowhere,
            }
        }
        id::SILENT_TRACKS if is_at_most(0xFF) => Home::Cluster,
        id::CRC_32 if header.size == Some(4) => Home::Inside,
        id::VOID if header.size.is_some() => Home::Inside,
        _ => Home::Nowhere,
    }
}

/// Whether padding is so long that nobody pads so between blocks.
pub(crate) fn is_endless(header: Header) -> bool {
    header.size.is_none_or(|size| size > MAX_PADDING_BYTES)
}
