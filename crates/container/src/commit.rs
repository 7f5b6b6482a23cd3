//! The small record behind the media of each commit of a growing file.

use bytes::Bytes;

use crate::demux::ResumePoint;
use crate::segmenter::SegmentSpec;

/// What lets a growing file be continued after a crash: how far the device's stream had been
/// parsed when everything in front of the record was written.
///
/// It lies in a Void element (WebM) or a `free` box (MP4), so players pass over it:
///
/// | bytes | |
/// |---|---|
/// | 4 | `LCcr` |
/// | 1 | version: 1 |
/// | 1 | 1 where the file keeps the encoder's delay, else 0 |
/// | 2 | zero |
/// | 4 | CRC-32 of the init segment that the samples came under |
/// | 8 | presentation time of the stream that is zero in the file, in nanoseconds, signed |
/// | 4 | generation |
/// | 8 | position in the generation's byte stream |
/// | 1, n | length and text of the session's id |
/// | 1, 4 each | number of tracks; of each, how many samples behind the position are in files |
/// | 2, n | length and bytes of the parser state |
/// | 8 | how many bytes in front of the element or box the checksum covers |
/// | 4 | CRC-32 (IEEE) of those bytes and of this record up to here |
///
/// Integers are big-endian. Since the checksum covers the media, a record that survived a power
/// cut vouches for the media in front of it; not for the file's front, which changes when the
/// file is finished.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommitRecord {
    /// The session that the file belongs to; at most 255 bytes are kept.
    pub session: String,
    /// The generation that the position counts in.
    pub generation: u32,
    /// Where the stream can be continued.
    pub checkpoint: Checkpoint,
}

/// Where a stream can be continued so that its files hold every sample once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// Where parsing begins again.
    pub resume: ResumePoint,
    /// How many samples of each track behind that position are in files already: audio and video
    /// of one moment are not written at once.
    pub already: Vec<u32>,
}

/// What a record says of the file that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// CRC-32 of [`crate::Init::bytes`].
    pub(crate) init_crc: u32,
    /// As [`crate::SegmentSpec::origin_ns`].
    pub(crate) origin_ns: i64,
    /// As [`crate::SegmentSpec::keeps_delay`].
    pub(crate) keeps_delay: bool,
}

const MAGIC: [u8; 5] = *b"LCcr\x01";

impl CommitRecord {
    /// The record's bytes behind the media of one commit.
    pub(crate) fn encode(&self, spec: &SegmentSpec, media: &[Bytes]) -> Vec<u8> {
        let mut crc = crc32fast::Hasher::new();
        let mut covered = 0u64;
        for part in media {
            crc.update(part);
            covered += part.len() as u64;
        }
        let Checkpoint { resume, already } = &self.checkpoint;
        let mut record = Vec::with_capacity(80 + self.session.len() + resume.state.len());
        record.extend(MAGIC);
        record.extend([u8::from(spec.keeps_delay), 0, 0]);
        record.extend(spec.init.crc().to_be_bytes());
        record.extend(spec.origin_ns.to_be_bytes());
        record.extend(self.generation.to_be_bytes());
        record.extend(resume.position.to_be_bytes());
        let session = self.session.as_bytes();
        let session = &session[..session.len().min(usize::from(u8::MAX))];
        record.push(session.len() as u8);
        record.extend(session);
        let already = &already[..already.len().min(usize::from(u8::MAX))];
        record.push(already.len() as u8);
        record.extend(already.iter().flat_map(|count| count.to_be_bytes()));
        // A state longer than its length field is no state: nothing can be resumed from it.
        let state_len = u16::try_from(resume.state.len()).unwrap_or(0);
        record.extend(state_len.to_be_bytes());
        record.extend(&resume.state[..usize::from(state_len)]);
        record.extend(covered.to_be_bytes());
        crc.update(&record);
        record.extend(crc.finalize().to_be_bytes());
        record
    }

    /// Reads a record and where its file stands. The checksum is the caller's to verify.
    pub(crate) fn read(record: &[u8]) -> Option<(Self, Place)> {
        let rest = record.strip_prefix(&MAGIC)?;
        let ([keeps_delay, 0, 0], rest) = rest.split_first_chunk()? else { return None };
        let (init_crc, rest) = rest.split_first_chunk()?;
        let (origin_ns, rest) = rest.split_first_chunk()?;
        let (generation, rest) = rest.split_first_chunk()?;
        let (position, rest) = rest.split_first_chunk()?;
        let (&session_len, rest) = rest.split_first()?;
        let (session, rest) = rest.split_at_checked(usize::from(session_len))?;
        let (&tracks, rest) = rest.split_first()?;
        let (already, rest) = rest.split_at_checked(4 * usize::from(tracks))?;
        let (state_len, rest) = rest.split_first_chunk()?;
        let (state, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*state_len)))?;
        let already = already.as_chunks().0.iter().map(|count| u32::from_be_bytes(*count));
        let resume = ResumePoint { position: u64::from_be_bytes(*position), state: state.into() };
        let record = Self {
            session: str::from_utf8(session).ok()?.to_owned(),
            generation: u32::from_be_bytes(*generation),
            checkpoint: Checkpoint { resume, already: already.collect() },
        };
        let place = Place {
            init_crc: u32::from_be_bytes(*init_crc),
            origin_ns: i64::from_be_bytes(*origin_ns),
            keeps_delay: *keeps_delay == 1,
        };
        (rest.len() == 12).then_some((record, place))
    }

    /// Whether the checksum of a record holds. `in_front` is what was written in the same commit
    /// in front of the element or box that holds it.
    pub(crate) fn vouches_for(record: &[u8], in_front: &[Bytes]) -> bool {
        let Some((body, stored)) = record.split_last_chunk::<4>() else { return false };
        let Some((_, covered)) = body.split_last_chunk::<8>() else { return false };
        let mut crc = crc32fast::Hasher::new();
        let mut len = 0u64;
        for part in in_front {
            crc.update(part);
            len += part.len() as u64;
        }
        crc.update(body);
        u64::from_be_bytes(*covered) == len && crc.finalize().to_be_bytes() == *stored
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Container, Init};

    fn spec() -> SegmentSpec {
        let (source, output) = (Container::Webm, Container::Webm);
        let init = Arc::new(Init { source, output, tracks: Vec::new(), bytes: Bytes::new() });
        SegmentSpec { init, tracks: Vec::new(), origin_ns: -5, keeps_delay: true }
    }

    #[test]
    fn a_record_vouches_for_the_media_in_front_of_it() {
        let media = [Bytes::from_static(b"some "), Bytes::from_static(b"media")];
        let resume = ResumePoint { position: 1 << 40, state: [1, 2, 3][..].into() };
        let checkpoint = Checkpoint { resume, already: vec![0, 7] };
        let record = CommitRecord { session: "session-1".to_owned(), generation: 3, checkpoint };
        let bytes = record.encode(&spec(), &media);
        let place = Place { init_crc: 0, origin_ns: -5, keeps_delay: true };
        assert_eq!(CommitRecord::read(&bytes), Some((record, place)));
        let vouches = |bytes: &[u8], media: &'static [u8]| {
            CommitRecord::vouches_for(bytes, &[Bytes::from_static(media)])
        };
        assert!(vouches(&bytes, b"some media"));
        assert!(!vouches(&bytes, b"some mediA"));
        assert!(!vouches(&bytes, b"ome media"));
        for index in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[index] ^= 0x40;
            assert!(!vouches(&damaged, b"some media"));
            assert!(!vouches(&bytes[..index], b"some media"));
            assert_eq!(CommitRecord::read(&bytes[..index]), None);
        }
    }
}
