//! H.264 (ITU-T H.264 clause 7 and annex B, ISO 14496-15 clause 5).

use bytes::{BufMut, Bytes, BytesMut};

use super::{Dimensions, bits::Bits};

const NAL_SPS: u8 = 7;
const NAL_PPS: u8 = 8;
const NAL_AUD: u8 = 9;

/// Encoders use one or two; the standard's 256 would only serve to keep a server busy.
const MAX_PICTURE_SETS: usize = 32;

/// Parameter sets of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParameterSets {
    /// Sequence parameter set, without start code.
    pub sps: Bytes,
    /// Picture parameter sets, in order of appearance.
    pub pps: Vec<Bytes>,
}

/// The NAL units of an access unit in the byte stream format (annex B).
pub fn nal_units(access_unit: &Bytes) -> impl Iterator<Item = Bytes> + '_ {
    let mut next = start_code(access_unit, 0).map(|(_, after)| after);
    std::iter::from_fn(move || {
        let start = next?;
        let (end, after) = match start_code(access_unit, start) {
            Some((at, after)) => (at, Some(after)),
            None => (access_unit.len(), None),
        };
        next = after;
        // A trailing_zero_8bits belongs to no unit (clause B.1.1).
        let zeros = access_unit[start..end].iter().rev().take_while(|&&byte| byte == 0).count();
        Some(access_unit.slice(start..end - zeros))
    })
    .filter(|unit| !unit.is_empty())
}

/// The next start code from `from`: where it begins and where the unit after it does.
fn start_code(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    loop {
        // Every start code has its 1 in one of three neighbouring places.
        match bytes.get(at + 2)? {
            0 => at += 1,
            1 if bytes[at] == 0 && bytes[at + 1] == 0 => return Some((at, at + 3)),
            _ => at += 3,
        }
    }
}

/// Whether an access unit is in the byte stream format rather than length-prefixed.
#[must_use]
pub fn is_annex_b(access_unit: &[u8]) -> bool {
    access_unit.starts_with(&[0, 0, 1]) || access_unit.starts_with(&[0, 0, 0, 1])
}

/// An access unit with 4-byte length prefixes, without parameter sets and delimiters, and the
/// parameter sets that stood in it.
#[must_use]
pub fn to_length_prefixed(access_unit: &Bytes) -> (Bytes, ParameterSets) {
    let mut sets = ParameterSets::default();
    let mut out = BytesMut::with_capacity(access_unit.len() + 16);
    for unit in nal_units(access_unit) {
        match unit[0] & 0x1F {
            // A length of 16 bits stands in front of it in the record.
            NAL_SPS | NAL_PPS if unit.len() > usize::from(u16::MAX) => {}
            NAL_SPS => sets.sps = unit,
            NAL_PPS => {
                if sets.pps.len() < MAX_PICTURE_SETS && !sets.pps.contains(&unit) {
                    sets.pps.push(unit);
                }
            }
            NAL_AUD => {}
            _ => {
                out.put_u32(unit.len() as u32);
                out.extend_from_slice(&unit);
            }
        }
    }
    (out.freeze(), sets)
}

/// An access unit with 4-byte length prefixes, its parameter sets in their places.
pub(crate) fn to_length_prefixed_with_sets(access_unit: &Bytes) -> Bytes {
    let mut out = BytesMut::with_capacity(access_unit.len() + 16);
    for unit in nal_units(access_unit).filter(|unit| unit[0] & 0x1F != NAL_AUD) {
        out.put_u32(unit.len() as u32);
        out.extend_from_slice(&unit);
    }
    out.freeze()
}

/// A length-prefixed access unit in the byte stream format, behind the parameter sets of its
/// `avcC` where it is a key frame. `None` when one of the two is damaged.
#[must_use]
pub fn to_annex_b(access_unit: &[u8], avcc: &[u8], is_key: bool) -> Option<Vec<u8>> {
    const START_CODE: [u8; 4] = [0, 0, 0, 1];
    let length_bytes = usize::from(avcc.get(4)? & 3) + 1;
    let mut out = Vec::with_capacity(access_unit.len() + 64);
    let mut append = |unit: &[u8]| {
        out.extend_from_slice(&START_CODE);
        out.extend_from_slice(unit);
    };
    if is_key {
        let mut rest = avcc.get(5..)?;
        // Sequence parameter sets, then picture parameter sets (ISO 14496-15 clause 5.3.3.1).
        for mask in [0x1F, 0xFF] {
            let (&count, after) = rest.split_first()?;
            rest = after;
            for _ in 0..count & mask {
                let (length, after) = rest.split_first_chunk()?;
                let (unit, after) = after.split_at_checked(u16::from_be_bytes(*length).into())?;
                append(unit);
                rest = after;
            }
        }
    }
    let mut rest = access_unit;
    while !rest.is_empty() {
        let (length, after) = rest.split_at_checked(length_bytes)?;
        let length = length.iter().fold(0usize, |length, &byte| length << 8 | usize::from(byte));
        let (unit, after) = after.split_at_checked(length)?;
        append(unit);
        rest = after;
    }
    Some(out)
}

impl ParameterSets {
    /// Those of an `avcC` payload; the last sequence parameter set, where it has several.
    pub(crate) fn of_avcc(avcc: &Bytes) -> Option<Self> {
        let mut sets = Self::default();
        let mut at = 5;
        for mask in [0x1F, 0xFF] {
            let count = avcc.get(at)? & mask;
            at += 1;
            for _ in 0..count {
                let length = u16::from_be_bytes(*avcc.get(at..)?.first_chunk()?);
                let unit = at + 2..at + 2 + usize::from(length);
                at = unit.end;
                let unit = (at <= avcc.len()).then(|| avcc.slice(unit))?;
                match mask {
                    0x1F => sets.sps = unit,
                    _ => sets.pps.push(unit),
                }
            }
        }
        Some(sets)
    }

    /// What is known once `newer` ones have come: a picture parameter set takes the place of the
    /// one with its id, whichever sequence it came with (clause 7.4.1.2.1).
    pub(crate) fn and(&self, newer: Self) -> Self {
        if newer.is_complete() && newer.sps != self.sps {
            return newer;
        }
        let mut all = self.clone();
        if newer.sps.len() >= 4 {
            all.sps = newer.sps;
        }
        for pps in newer.pps {
            let id = picture_set_id(&pps);
            match all.pps.iter().position(|known| picture_set_id(known) == id) {
                Some(place) => all.pps[place] = pps,
                None if all.pps.len() < MAX_PICTURE_SETS => all.pps.push(pps),
                None => {}
            }
        }
        all
    }

    /// Whether there is none of either kind.
    pub(crate) fn is_empty(&self) -> bool {
        self.sps.is_empty() && self.pps.is_empty()
    }

    /// Whether both kinds are there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.sps.len() >= 4 && !self.pps.is_empty()
    }

    /// The `avcC` payload (ISO 14496-15 clause 5.3.3.1).
    #[must_use]
    pub fn to_avcc(&self) -> Vec<u8> {
        let mut avcc = vec![1, self.sps[1], self.sps[2], self.sps[3], 0xFF, 0xE1];
        avcc.put_u16(self.sps.len() as u16);
        avcc.extend_from_slice(&self.sps);
        avcc.push(self.pps.len() as u8);
        for pps in &self.pps {
            avcc.put_u16(pps.len() as u16);
            avcc.extend_from_slice(pps);
        }
        if let Some((chroma_format, luma_depth, chroma_depth)) = self.high_profile() {
            avcc.extend([0xFC | chroma_format, 0xF8 | luma_depth, 0xF8 | chroma_depth, 0]);
        }
        avcc
    }

    /// The dimensions after cropping.
    #[must_use]
    pub fn dimensions(&self) -> Option<Dimensions> {
        Some(Sps::parse(&self.sps)?.dimensions)
    }

    /// Profiles from High on state their chroma format and bit depths in the `avcC` as well.
    fn high_profile(&self) -> Option<(u8, u8, u8)> {
        let sps = Sps::parse(&self.sps)?;
        matches!(self.sps[1], 100 | 110 | 122 | 144).then_some(sps.formats)
    }
}

/// The number by which pictures name it (clause 7.3.2.2).
fn picture_set_id(pps: &[u8]) -> Option<u32> {
    // It takes a few bits; the rest may be long.
    let front = unescape(pps.get(1..pps.len().min(16))?);
    Bits::new(&front).golomb()
}

/// Whether colours take all of their bits, by the sequence parameter set of an `avcC`. `None` where
/// that is damaged.
pub(crate) fn is_full_range(avcc: &[u8]) -> Option<bool> {
    let (len, rest) = avcc.get(6..)?.split_first_chunk()?;
    Sps::parse(rest.get(..u16::from_be_bytes(*len).into())?)?.is_full_range
}

struct Sps {
    dimensions: Dimensions,
    formats: (u8, u8, u8),
    /// `None` where the unit ends before it.
    is_full_range: Option<bool>,
}

impl Sps {
    /// Clause 7.3.2.1.1, as far as the range of its colours.
    fn parse(unit: &[u8]) -> Option<Self> {
        let payload = unescape(unit.get(1..)?);
        let mut bits = Bits::new(&payload);
        let profile = bits.number(8)?;
        let _constraints_and_level = bits.number(16)?;
        let _id = bits.golomb()?;
        let mut formats = (1, 0, 0);
        if matches!(
            profile,
            100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
        ) {
            let chroma = bits.golomb()?;
            if chroma == 3 {
                let _separate_colour_plane = bits.bit()?;
            }
            formats = (chroma as u8 & 3, bits.golomb()? as u8 & 7, bits.golomb()? as u8 & 7);
            let _transform_bypass = bits.bit()?;
            if bits.bit()? {
                for list in 0..if chroma == 3 { 12 } else { 8 } {
                    if bits.bit()? {
                        skip_scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                    }
                }
            }
        }
        let _log2_max_frame_num = bits.golomb()?;
        match bits.golomb()? {
            0 => {
                let _log2_max_pic_order_cnt_lsb = bits.golomb()?;
            }
            1 => {
                let _always_zero = bits.bit()?;
                let _offsets = (bits.signed_golomb()?, bits.signed_golomb()?);
                for _ in 0..bits.golomb()?.min(255) {
                    bits.signed_golomb()?;
                }
            }
            _ => {}
        }
        let _max_num_ref_frames = bits.golomb()?;
        let _gaps_allowed = bits.bit()?;
        let width_mbs = bits.golomb()?.checked_add(1)?;
        let height_units = bits.golomb()?.checked_add(1)?;
        let frame_mbs_only = u32::from(bits.bit()?);
        if frame_mbs_only == 0 {
            let _mb_adaptive = bits.bit()?;
        }
        let _direct_8x8 = bits.bit()?;
        let mut crop = [0; 4];
        if bits.bit()? {
            for side in &mut crop {
                *side = bits.golomb()?;
            }
        }
        let (unit_x, unit_y) = match formats.0 {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        let unit_y = unit_y * (2 - frame_mbs_only);
        let cropped = |size: u32, a: u32, b: u32, unit: u32| {
            size.checked_sub(a.checked_add(b)?.checked_mul(unit)?)
        };
        let width = cropped(width_mbs.checked_mul(16)?, crop[0], crop[1], unit_x)?;
        let height = height_units.checked_mul(16)?.checked_mul(2 - frame_mbs_only)?;
        let height = cropped(height, crop[2], crop[3], unit_y)?;
        let is_full_range = full_range_flag(&mut bits);
        Some(Self { dimensions: (width, height), formats, is_full_range })
    }
}

/// Of what stands behind the cropping rectangle (clause E.1.1); unsaid it is zero (clause E.2.1).
fn full_range_flag(bits: &mut Bits<'_>) -> Option<bool> {
    const EXTENDED_SAR: u32 = 255;
    let has_usability_information = bits.bit()?;
    if !has_usability_information {
        return Some(false);
    }
    let has_aspect_ratio = bits.bit()?;
    if has_aspect_ratio && bits.number(8)? == EXTENDED_SAR {
        let _width_and_height = bits.number(32)?;
    }
    let has_overscan = bits.bit()?;
    if has_overscan {
        let _is_appropriate = bits.bit()?;
    }
    let has_signal_type = bits.bit()?;
    if !has_signal_type {
        return Some(false);
    }
    let _video_format = bits.number(3)?;
    bits.bit()
}

fn skip_scaling_list(bits: &mut Bits<'_>, size: u32) -> Option<()> {
    let (mut last, mut next) = (8, 8);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.signed_golomb()?).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

/// Removes the emulation prevention bytes (clause 7.4.1).
pub(super) fn unescape(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len());
    let mut zeros = 0;
    for &byte in payload {
        if byte == 3 && zeros >= 2 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Chromium 156 sends for 320x240 in `chromium-mkv-h264-opus`.
    const SPS: [u8; 20] = [
        0x67, 0x42, 0xC0, 0x15, 0x8C, 0x8D, 0x40, 0xA0, 0xF9, 0x35, 0x06, 0x06, 0x07, 0x84, 0x42,
        0x35, 0, 0, 0, 0,
    ];

    #[test]
    fn access_units_change_their_framing() {
        let unit = Bytes::from_static(&[
            0, 0, 0, 1, 9, 0xF0, 0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 1, 0x68, 5, 0, 0, 0, 1, 0x65, 7,
            0, 0, 3, 1, 8, 0, 0, 1, 0x65, 9, 0,
        ]);
        let (data, sets) = to_length_prefixed(&unit);
        assert_eq!(data, &[0, 0, 0, 7, 0x65, 7, 0, 0, 3, 1, 8, 0, 0, 0, 2, 0x65, 9][..]);
        assert_eq!(sets.sps, &[0x67, 1, 2, 3][..]);
        assert_eq!(sets.pps, [&[0x68, 5][..]]);
        assert!(sets.is_complete());
        assert_eq!(&sets.to_avcc()[..8], &[1, 1, 2, 3, 0xFF, 0xE1, 0, 4]);
    }

    #[test]
    fn chromiums_parameter_set_says_its_size() {
        let sets = ParameterSets { sps: Bytes::from_static(&SPS), pps: vec![] };
        assert_eq!(sets.dimensions(), Some((320, 240)));
    }

    #[test]
    fn emulation_prevention_is_undone() {
        assert_eq!(unescape(&[1, 0, 0, 3, 0, 0, 3, 1, 3]), [1, 0, 0, 0, 0, 1, 3]);
    }
}
