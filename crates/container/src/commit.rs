//! The small record behind the media of each commit of a growing file.

use bytes::Bytes;

/// What lets a growing file be continued after a crash: how far the device's stream had been
/// parsed when everything in front of the record was written.
///
/// It lies in a Void element (WebM) or a `free` box (MP4), so players pass over it:
///
/// | bytes | |
/// |---|---|
/// | 4 | `LCcr` |
/// | 1 | version: 1 |
/// | 3 | zero |
/// | 4 | generation |
/// | 8 | position in the generation's byte stream |
/// | 2 | length of the parser state |
/// | n | parser state |
/// | 8 | how many bytes in front of the element or box the checksum covers |
/// | 4 | CRC-32 (IEEE) of those bytes and of this record up to here |
///
/// Integers are big-endian. Since the checksum covers the media, a record that survived a power
/// cut vouches for the media in front of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitRecord {
    /// The generation that the position counts in.
    pub generation: u32,
    /// As [`crate::ResumePoint::position`].
    pub position: u64,
    /// As [`crate::ResumePoint::state`].
    pub state: Vec<u8>,
}

const MAGIC: [u8; 8] = *b"LCcr\x01\0\0\0";
const FIXED_BYTES: usize = 8 + 4 + 8 + 2 + 8 + 4;

impl CommitRecord {
    /// The record's bytes behind the media of one commit.
    pub(crate) fn encode(&self, media: &[Bytes]) -> Vec<u8> {
        let mut crc = crc32fast::Hasher::new();
        let mut covered = 0u64;
        for part in media {
            crc.update(part);
            covered += part.len() as u64;
        }
        // A state longer than its length field is no state; resuming then begins at zero.
        let state_len = u16::try_from(self.state.len()).unwrap_or(0);
        let mut record = Vec::with_capacity(FIXED_BYTES + self.state.len());
        record.extend(MAGIC);
        record.extend(self.generation.to_be_bytes());
        record.extend(self.position.to_be_bytes());
        record.extend(state_len.to_be_bytes());
        record.extend(&self.state[..usize::from(state_len)]);
        record.extend(covered.to_be_bytes());
        crc.update(&record);
        record.extend(crc.finalize().to_be_bytes());
        record
    }

    /// Reads a record. `in_front(n)` gives the `n` bytes in front of the element or box that
    /// holds it, or `None` where there are not as many. `None` for anything that is not a record
    /// whose checksum holds.
    pub fn decode<'a>(
        record: &[u8],
        in_front: impl FnOnce(u64) -> Option<&'a [u8]>,
    ) -> Option<Self> {
        let rest = record.strip_prefix(&MAGIC)?;
        let (generation, rest) = rest.split_first_chunk()?;
        let (position, rest) = rest.split_first_chunk()?;
        let (state_len, rest) = rest.split_first_chunk()?;
        let (state, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*state_len)))?;
        let (covered, rest) = rest.split_first_chunk()?;
        let mut crc = crc32fast::Hasher::new();
        crc.update(in_front(u64::from_be_bytes(*covered))?);
        crc.update(&record[..record.len() - rest.len()]);
        (crc.finalize().to_be_bytes() == rest).then(|| Self {
            generation: u32::from_be_bytes(*generation),
            position: u64::from_be_bytes(*position),
            state: state.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_vouches_for_the_media_in_front_of_it() {
        let media = [Bytes::from_static(b"some "), Bytes::from_static(b"media")];
        let record = CommitRecord { generation: 3, position: 1 << 40, state: vec![1, 2, 3] };
        let bytes = record.encode(&media);
        let decode = |bytes: &[u8], media: &'static [u8]| {
            CommitRecord::decode(bytes, |n| (n == media.len() as u64).then_some(media))
        };
        assert_eq!(decode(&bytes, b"some media"), Some(record));
        assert_eq!(decode(&bytes, b"some mediA"), None);
        assert_eq!(decode(&bytes, b"ome media"), None);
        for index in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[index] ^= 0x40;
            assert_eq!(decode(&damaged, b"some media"), None);
            assert_eq!(decode(&bytes[..index], b"some media"), None);
        }
    }
}
