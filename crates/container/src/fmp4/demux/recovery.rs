//! From where parsing can go on: at a place that was noted, and behind damage.

use super::Demuxer;
use crate::byte_queue::{ByteQueue, Sign};
use crate::demux::ResumeState;
use crate::error::{Error, ErrorKind, Fault, Search};
use crate::fmp4::syntax::Header;
use crate::webm;

/// Size and type of a box and of its first child.
pub(crate) const LANDMARK_BYTES: usize = 16;

/// The first letters of `moof` and `moov`, and of `ftyp`, behind the size.
const SIGN: Sign = Sign([(4, b'm'), (4, b'f'), (4, b'f')]);

/// And that of EBML's id: a WebM may stand behind an MP4 in one file.
const PATIENT_SIGN: Sign = Sign([(4, b'm'), (4, b'f'), (0, 0x1A)]);

impl Demuxer {
    /// Where parsing can resume, and what [`Self::restore`] needs for it beside the init segment.
    pub(crate) fn boundary(&self) -> Option<(u64, ResumeState)> {
        let (position, dts) = &self.boundary;
        if !self.complete || dts.is_empty() {
            return None;
        }
        // The times, and two words more.
        let mut state = ResumeState::with_capacity(8 * (dts.len() + 2));
        dts.iter().for_each(|dts| state.extend_from_slice(&dts.to_be_bytes()));
        state.extend_from_slice(&self.file_at.to_be_bytes());
        if let Some(search) = self.search {
            state.extend_from_slice(&search.from.to_be_bytes());
        }
        Some((*position, state))
    }

    /// Goes on from a [`Self::boundary`]; the init segment has been parsed before.
    pub(crate) fn restore(&mut self, position: u64, state: &[u8]) -> Result<(), Fault> {
        let (words, rest) = state.as_chunks::<8>();
        let tracks = self.tracks.len();
        // States of earlier versions end with the times.
        let is_known = (tracks..=tracks + 2).contains(&words.len());
        if !rest.is_empty() || !is_known || !self.complete {
            return Err(Fault::malformed("resume state"));
        }
        let (times, words) = words.split_at(tracks);
        self.next_dts = times.iter().map(|word| i64::from_be_bytes(*word)).collect();
        let word = |index: usize| words.get(index).map(|word| u64::from_be_bytes(*word));
        self.file_at = word(0).unwrap_or(0);
        let fault = Fault::malformed("box");
        self.search = word(1).map(|from| Search { fault, from });
        self.boundary = (position, self.next_dts.clone());
        Ok(())
    }

    pub(super) fn search_from(&mut self, error: &Error) {
        let fault = Fault { kind: error.kind, element: error.element };
        self.search = Some(Search { fault, from: error.offset });
        self.open = None;
        self.mdat_end = None;
        self.skip = 0;
        self.announced.clear();
        self.dts_before = None;
    }

    /// Looks for the next fragment or header, if that is what is to be done.
    pub(super) fn find_fragment(&mut self, input: &mut ByteQueue) -> Result<bool, Error> {
        let Some(search) = self.search else { return Ok(true) };
        let is_patient = self.damages.is_patient;
        let found = search.go_on(input, &mut self.damages, |input| match is_patient {
            true => input.seek(PATIENT_SIGN, |bytes| begins_anew(bytes) || is_webm(bytes)),
            false => input.seek(SIGN, begins_anew),
        });
        self.boundary = (input.position(), self.next_dts.clone());
        if found? {
            let mut bytes = [0; LANDMARK_BYTES];
            input.peek(&mut bytes);
            if is_patient && !begins_anew(&bytes) {
                return Err(Error::new(ErrorKind::NotMedia, input.position(), "EBML"));
            }
            self.search = None;
            self.landmark.note(input);
        }
        Ok(self.search.is_none())
    }

    /// Nothing more will come. Leaves out the box or sample that is not whole, and says whether
    /// what stands behind its beginning is still to be looked at.
    pub(crate) fn end(&mut self, input: &mut ByteQueue) -> bool {
        if self.search.is_some() {
            self.damages.add_rest(input, Fault::truncated("box"));
            return false;
        }
        if std::mem::take(&mut self.skip) > 0 {
            // A length that lies could have hidden anything.
            let bytes = input.position() - self.skip_at;
            self.damages.add(Fault::truncated("box").at(self.skip_at), bytes);
            self.boundary.0 = input.position();
        }
        let end = input.position() + input.len() as u64;
        let (fault, from) = match (self.open, self.announced.is_empty()) {
            (Some((_, at)), _) => (Fault::truncated("box"), at),
            (None, false) => (Fault::truncated("sample"), input.position()),
            (None, true) if self.mdat_end.is_some() => return false,
            (None, true) => (Fault::truncated("box"), input.position()),
        };
        if !self.announced.is_empty() && from == end {
            // Not a byte of the next sample has come.
            self.damages.add(Fault::truncated("fragment").at(end), 0);
            self.announced.clear();
        }
        if from == end {
            return false;
        }
        if !self.complete {
            input.skip(u64::MAX);
            self.damages.add(fault.at(from), end - from);
            return false;
        }
        self.landmark.leave(input, &mut self.damages, &fault.at(from));
        self.search_from(&fault.at(from));
        true
    }
}

/// Whether the header of a recorder's stream begins here.
pub(crate) fn is_header(bytes: &[u8; LANDMARK_BYTES]) -> bool {
    !bytes[4..].starts_with(b"moof") && begins_anew(bytes)
}

/// Whether a WebM begins here.
fn is_webm(bytes: &[u8; LANDMARK_BYTES]) -> bool {
    bytes.first_chunk().is_some_and(webm::demux::is_header)
}

/// Whether a fragment begins here, with the box that stands first in it, or another header.
fn begins_anew(bytes: &[u8; LANDMARK_BYTES]) -> bool {
    if !matches!(Header::read(bytes), Ok(Some(_))) {
        return false;
    }
    let kinds = (&bytes[4..8], &bytes[12..]);
    matches!(kinds, (b"moof", b"mfhd") | (b"moov", b"mvhd"))
        || kinds.0 == b"moof" && bytes.starts_with(&[0, 0, 0, 1]) && bytes[8..12] == [0; 4]
        || kinds.0 == b"ftyp" && bytes.starts_with(&[0, 0]) && bytes[8..12].is_ascii()
}
