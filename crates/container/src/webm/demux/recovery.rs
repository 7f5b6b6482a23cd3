//! From where parsing can go on: at a place that was noted, and behind damage.

use super::Demuxer;
use super::places::{OUT_OF_PLACE, Place};
use crate::byte_queue::{ByteQueue, Sign};
use crate::demux::ResumeState;
use crate::error::{Error, ErrorKind, Fault, Search};
use crate::fmp4;
use crate::webm::syntax::{Header, MAX_HEADER_BYTES, id, unsigned};

/// An id, a size, and the first byte of what stands inside.
const LANDMARK_BYTES: usize = MAX_HEADER_BYTES + 1;

/// The first bytes of a Cluster's id and of EBML's.
const SIGN: Sign = Sign([(0, 0x1F), (0, 0x1A), (0, 0x1A)]);

/// And that of `ftyp`, behind the size: an MP4 may stand behind a WebM in one file.
const PATIENT_SIGN: Sign = Sign([(0, 0x1F), (0, 0x1A), (4, b'f')]);

impl Demuxer {
    /// Where parsing can resume, and what [`Self::restore`] needs for it beside the init segment.
    pub(crate) fn boundary(&self) -> Option<(u64, ResumeState)> {
        if !self.header.complete {
            return None;
        }
        let (mut end, mut cluster, mut segment_end) = (u64::MAX, u64::MAX, u64::MAX);
        match self.boundary.1 {
            Place::Top => {}
            Place::Segment(at) => segment_end = at.unwrap_or(u64::MAX),
            Place::Cluster { end: at, segment_end: segment_at, timestamp } => {
                end = at.unwrap_or(u64::MAX);
                segment_end = segment_at.unwrap_or(u64::MAX);
                cluster = timestamp.unwrap_or(u64::MAX - 1);
            }
        }
        let mut state = ResumeState::new();
        for word in [cluster, end, segment_end] {
            state.extend_from_slice(&word.to_be_bytes());
        }
        if let Some(search) = self.search {
            state.extend_from_slice(&search.from.to_be_bytes());
        }
        Some((self.boundary.0, state))
    }

    /// Goes on from a [`Self::boundary`]; the init segment has been parsed before.
    pub(crate) fn restore(&mut self, position: u64, state: &[u8]) -> Result<(), Fault> {
        if !matches!(state.len(), 24 | 32) {
            return Err(Fault::malformed("resume state"));
        }
        let word = |index: usize| unsigned(&state[8 * index..8 * index + 8]);
        let known = |value: u64| (value != u64::MAX).then_some(value);
        self.place = match word(0) {
            u64::MAX => Place::Segment(known(word(2))),
            timestamp => Place::Cluster {
                end: known(word(1)),
                segment_end: known(word(2)),
                timestamp: (timestamp != u64::MAX - 1).then_some(timestamp),
            },
        };
        self.open = None;
        self.skip = 0;
        self.search = (state.len() == 32).then(|| Search { fault: OUT_OF_PLACE, from: word(3) });
        self.complete_header()?;
        self.boundary = (position, self.place);
        Ok(())
    }

    /// Looks for the next cluster or header, if that is what is to be done.
    pub(super) fn find_cluster(&mut self, input: &mut ByteQueue) -> Result<bool, Error> {
        let Some(search) = self.search else { return Ok(true) };
        let is_patient = self.damages.is_patient;
        let found = search.go_on(input, &mut self.damages, |input| match is_patient {
            true => input.seek(PATIENT_SIGN, |bytes| is_own(bytes) || is_mp4(bytes)),
            false => input.seek(SIGN, begins_anew),
        });
        self.boundary = (input.position(), self.place);
        if found? {
            let mut bytes = [0; fmp4::demux::LANDMARK_BYTES];
            input.peek(&mut bytes);
            if is_patient && !is_own(&bytes) {
                return Err(Error::new(ErrorKind::NotMedia, input.position(), "ftyp"));
            }
            self.search = None;
            self.landmark.note(input);
        }
        Ok(self.search.is_none())
    }

    /// Nothing more will come. Leaves out the element that is not whole, and says whether what
    /// stands behind its beginning is still to be looked at.
    pub(crate) fn end(&mut self, input: &mut ByteQueue) -> bool {
        const TRUNCATED: Fault = Fault::truncated("element");
        if self.search.is_some() {
            self.damages.add_rest(input, TRUNCATED);
            return false;
        }
        let from = self.boundary.0;
        if std::mem::take(&mut self.skip) > 0 {
            // A length that lies could have hidden anything.
            self.damages.add(TRUNCATED.at(from), input.position() - from);
            self.boundary.0 = input.position();
            return false;
        }
        if from == input.position() + input.len() as u64 {
            return false;
        }
        if !self.header.complete {
            input.skip(u64::MAX);
            self.damages.add(TRUNCATED.at(from), input.position() - from);
            return false;
        }
        self.landmark.leave(input, &mut self.damages, &TRUNCATED.at(from));
        self.search = Some(Search { fault: TRUNCATED, from });
        self.open = None;
        self.place = Place::Segment(None);
        true
    }
}

/// Whether the header of a recorder's stream begins here.
pub(crate) fn is_header(bytes: &[u8; LANDMARK_BYTES]) -> bool {
    bytes.starts_with(&id::EBML.to_be_bytes()) && begins_anew(bytes)
}

/// As [`begins_anew`], of some bytes more.
fn is_own(bytes: &[u8; fmp4::demux::LANDMARK_BYTES]) -> bool {
    bytes.first_chunk().is_some_and(begins_anew)
}

/// Whether an MP4 begins here.
fn is_mp4(bytes: &[u8; fmp4::demux::LANDMARK_BYTES]) -> bool {
    bytes[4..].starts_with(b"ftyp") && fmp4::demux::is_header(bytes)
}

/// Whether a Cluster begins here, with one of the elements that stand first in it, or the header
/// of another recorder's stream.
fn begins_anew(bytes: &[u8; LANDMARK_BYTES]) -> bool {
    let firsts: &[u8] = match u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) {
        // Timestamp, CRC-32, Void, Position, PrevSize.
        id::CLUSTER => &[0xE7, 0xBF, 0xEC, 0xA7, 0xAB],
        // EBMLVersion and its like, CRC-32, Void.
        id::EBML => &[0x42, 0xBF, 0xEC],
        _ => return false,
    };
    let Ok(Some(header)) = Header::read(bytes) else { return false };
    bytes.get(header.len).is_some_and(|first| firsts.contains(first))
}
