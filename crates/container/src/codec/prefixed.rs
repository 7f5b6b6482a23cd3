//! Parameter sets inside access units with length prefixes (ISO 14496-15 clauses 5 and 8), as
//! `avc3` and `hev1` streams carry them, and others that change their configuration.

use bytes::{Buf, Bytes};

use super::h264::ParameterSets;
use super::{Dimensions, h265};

/// Encoders use two or three; more would only serve to keep a server busy.
const MAX_SETS: usize = 64;

/// Which of the two configuration records a track has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record {
    /// `avcC` (clause 5.3.3.1).
    Avc,
    /// `hvcC` (clause 8.3.3.1).
    Hevc,
}

impl Record {
    pub(crate) fn of(codec: &str) -> Option<Self> {
        match codec {
            "avc1" | "avc3" | "V_MPEG4/ISO/AVC" => Some(Self::Avc),
            "hvc1" | "hev1" | "V_MPEGH/ISO/HEVC" => Some(Self::Hevc),
            _ => None,
        }
    }

    /// The type of its box.
    pub(crate) fn kind(self) -> &'static [u8; 4] {
        match self {
            Self::Avc => b"avcC",
            Self::Hevc => b"hvcC",
        }
    }

    fn is_set(self, first: u8) -> bool {
        match self {
            // Sequence and picture parameter sets.
            Self::Avc => matches!(first & 0x1F, 7 | 8),
            // The same, and those of the video.
            Self::Hevc => matches!(first >> 1 & 0x3F, 32..=34),
        }
    }

    /// The configuration as of a key frame that brings parameter sets which `known` has not, and
    /// the picture's size by them.
    pub(crate) fn changed_by(
        self,
        key_frame: &Bytes,
        known: &[u8],
    ) -> Option<(Vec<u8>, Option<Dimensions>)> {
        let sets = self.sets(key_frame, self.length_bytes(known)?)?;
        let holds = |set: &Bytes| memchr::memmem::find(known, set).is_some();
        if sets.iter().all(holds) {
            return None;
        }
        match self {
            Self::Avc => {
                let mut all = ParameterSets::default();
                for set in sets {
                    match set[0] & 0x1F {
                        7 => all.sps = set,
                        _ => all.pps.push(set),
                    }
                }
                if !all.is_complete() {
                    return None;
                }
                let mut avcc = all.to_avcc();
                avcc[4] = 0xFC | known[4] & 3;
                Some((avcc, all.dimensions()))
            }
            Self::Hevc => h265::with_parameter_sets(known, &sets),
        }
    }

    /// Whether pictures may follow a key frame that are shown before it and need pictures from
    /// in front of it: all but an IDR picture in H.264, a CRA picture in H.265.
    pub(crate) fn is_open(self, key_frame: &[u8], known: &[u8]) -> Option<bool> {
        const AVC_IDR: u8 = 5;
        const HEVC_CRA: u8 = 21;
        let length_bytes = self.length_bytes(known)?;
        let mut rest = key_frame;
        loop {
            let (length, after) = rest.split_at_checked(length_bytes)?;
            let length = length.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
            let (unit, after) = after.split_at_checked(length)?;
            rest = after;
            let Some(&first) = unit.first() else { continue };
            match (self, first & 0x1F, first >> 1 & 0x3F) {
                (Self::Avc, kind @ 1..=5, _) => return Some(kind != AVC_IDR),
                (Self::Hevc, _, kind @ 0..=31) => return Some(kind == HEVC_CRA),
                _ => {}
            }
        }
    }

    /// How long the length in front of each unit is.
    fn length_bytes(self, known: &[u8]) -> Option<usize> {
        let length_at = if self == Self::Avc { 4 } else { 21 };
        Some(usize::from(known.get(length_at)? & 3) + 1)
    }

    fn sets(self, key_frame: &Bytes, length_bytes: usize) -> Option<Vec<Bytes>> {
        let mut rest = key_frame.clone();
        let mut sets = Vec::new();
        while !rest.is_empty() {
            let length = rest.get(..length_bytes)?;
            let length =
                length.iter().fold(0usize, |length, &byte| length << 8 | usize::from(byte));
            rest.advance(length_bytes);
            if length > rest.len() {
                return None;
            }
            let unit = rest.split_to(length);
            let is_set = unit.first().is_some_and(|&first| self.is_set(first));
            // A length of 16 bits stands in front of it in the record.
            if is_set && sets.len() < MAX_SETS && unit.len() <= usize::from(u16::MAX) {
                sets.push(unit);
            }
        }
        Some(sets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPS: &[u8] = &[
        0x67, 0x42, 0xC0, 0x15, 0x8C, 0x8D, 0x40, 0xA0, 0xF9, 0x35, 0x06, 0x06, 0x07, 0x84, 0x42,
        0x35,
    ];

    fn unit(sets: &[&[u8]]) -> Bytes {
        let mut unit = Vec::new();
        for set in sets {
            unit.extend((set.len() as u16).to_be_bytes());
            unit.extend(*set);
        }
        unit.into()
    }

    #[test]
    fn parameter_sets_that_are_known_change_nothing() {
        let sets = ParameterSets {
            sps: Bytes::from_static(&[0x67, 1, 2, 3]),
            pps: vec![Bytes::from_static(&[0x68, 9])],
        };
        let mut known = sets.to_avcc();
        // Two bytes of length.
        known[4] = 0xFD;
        let same = unit(&[&[0x67, 1, 2, 3], &[0x68, 9], &[0x65, 1, 1]]);
        assert_eq!(Record::Avc.changed_by(&same, &known), None);
        assert_eq!(Record::Avc.changed_by(&unit(&[&[0x65, 1, 1]]), &known), None);
        // Half of a configuration, and an access unit that is none.
        assert_eq!(Record::Avc.changed_by(&unit(&[SPS, &[0x65, 1]]), &known), None);
        assert_eq!(Record::Avc.changed_by(&Bytes::from_static(&[0xFF, 0xFF, 1]), &known), None);
    }

    #[test]
    fn new_parameter_sets_make_a_new_configuration() {
        let known = [1, 0x42, 0, 0x1E, 0xFD, 0xE0, 0];
        let key_frame = unit(&[SPS, &[0x68, 9], &[0x65, 1, 1]]);
        let (avcc, dimensions) = Record::Avc.changed_by(&key_frame, &known).unwrap();
        assert_eq!(dimensions, Some((320, 240)));
        assert_eq!(&avcc[..6], &[1, 0x42, 0xC0, 0x15, 0xFD, 0xE1]);
        assert_eq!(Record::Avc.changed_by(&key_frame, &avcc), None);
    }
}
