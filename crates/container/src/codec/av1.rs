//! AV1 (bitstream specification sections 5.3 to 5.5).

use super::{Dimensions, bits::Bits};

const OBU_SEQUENCE_HEADER: u8 = 1;

/// The sequence header OBU of a temporal unit, with its OBU header, and its payload.
#[must_use]
pub fn sequence_header(unit: &[u8]) -> Option<&[u8]> {
    let mut rest = unit;
    loop {
        let &header = rest.first()?;
        let has_extension = header & 4 != 0;
        let has_size = header & 2 != 0;
        let header_len = 1 + usize::from(has_extension);
        let (size, size_len) = match has_size {
            true => leb128(rest.get(header_len..)?)?,
            false => (rest.len().checked_sub(header_len)?, 0),
        };
        let start = header_len + size_len;
        let end = start.checked_add(size)?;
        let payload = rest.get(start..end)?;
        if header >> 3 & 0xF == OBU_SEQUENCE_HEADER {
            return Some(payload);
        }
        rest = &rest[end..];
    }
}

fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().take(8).enumerate() {
        value |= u64::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, index + 1));
        }
    }
    None
}

/// The maximum frame dimensions that a sequence header payload states.
#[must_use]
pub fn dimensions(sequence_header: &[u8]) -> Option<Dimensions> {
    SequenceHeader::parse(sequence_header).map(|header| header.dimensions)
}

/// The `av1C` payload, which is Matroska's CodecPrivate, too (AV1 Codec ISO Media File Format
/// Binding section 2.3.3), for a stream with this sequence header payload.
#[must_use]
pub fn to_av1c(sequence_header: &[u8]) -> Option<Vec<u8>> {
    let SequenceHeader { profile, level, tier, depth, colour, .. } =
        SequenceHeader::parse(sequence_header)?;
    let (high, twelve) = match depth {
        8 => (0, 0),
        10 => (1, 0),
        _ => (1, 1),
    };
    // Monochrome, subsampling in both directions, and where its samples lie.
    let packed = tier << 7 | high << 6 | twelve << 5 | colour;
    // Marker and version; no initial presentation delay is known.
    let mut av1c = vec![0x81, profile << 5 | level, packed, 0];
    // The OBU again, with its size behind its header.
    av1c.push(OBU_SEQUENCE_HEADER << 3 | 2);
    let mut rest = sequence_header.len();
    while rest > 0x7F {
        av1c.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    av1c.push(rest as u8);
    av1c.extend_from_slice(sequence_header);
    Some(av1c)
}

/// What of a sequence header (section 5.5.1) a container repeats.
#[derive(Debug, PartialEq, Eq)]
struct SequenceHeader {
    dimensions: Dimensions,
    profile: u8,
    level: u8,
    tier: u8,
    depth: u8,
    /// The five lowest bits of the third byte of an `av1C`.
    colour: u8,
}

impl SequenceHeader {
    fn parse(payload: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(payload);
        let profile = bits.number(3)? as u8;
        let _still_picture = bits.bit()?;
        let is_reduced = bits.bit()?;
        let (level, tier) = match is_reduced {
            true => (bits.number(5)? as u8, 0),
            false => operating_points(&mut bits)?,
        };
        let width_bits = bits.number(4)? + 1;
        let height_bits = bits.number(4)? + 1;
        let dimensions = (bits.number(width_bits)? + 1, bits.number(height_bits)? + 1);
        if !is_reduced && bits.bit()? {
            let _frame_id_lengths = bits.number(7)?;
        }
        let _superblocks_and_intra_tools = bits.number(3)?;
        if !is_reduced {
            inter_tools(&mut bits)?;
        }
        let _superres_cdef_restoration = bits.number(3)?;
        let (depth, colour) = colour(&mut bits, profile)?;
        Some(Self { dimensions, profile, level, tier, depth, colour })
    }
}

fn inter_tools(bits: &mut Bits<'_>) -> Option<()> {
    let _compound_warped_and_dual_filter = bits.number(4)?;
    let has_order_hint = bits.bit()?;
    if has_order_hint {
        let _distances_and_motion_vectors = bits.number(2)?;
    }
    let chooses_screen_content = bits.bit()?;
    let has_screen_content = chooses_screen_content || bits.bit()?;
    if has_screen_content {
        let chooses_integer_motion = bits.bit()?;
        if !chooses_integer_motion {
            let _forced = bits.bit()?;
        }
    }
    if has_order_hint {
        let _order_hint_bits = bits.number(3)?;
    }
    Some(())
}

/// Section 5.5.2: bits per sample; and monochrome, subsampling and sample position, packed.
fn colour(bits: &mut Bits<'_>, profile: u8) -> Option<(u8, u8)> {
    const SRGB: (u32, u32, u32) = (1, 13, 0);
    let is_high = bits.bit()?;
    let depth = match is_high {
        true if profile == 2 && bits.bit()? => 12,
        true => 10,
        false => 8,
    };
    let is_monochrome = profile != 1 && bits.bit()?;
    let description = match bits.bit()? {
        true => (bits.number(8)?, bits.number(8)?, bits.number(8)?),
        false => (2, 2, 2),
    };
    if is_monochrome {
        return Some((depth, 0b1_11_00));
    }
    if description == SRGB {
        return Some((depth, 0));
    }
    let _range = bits.bit()?;
    let (x, y) = match profile {
        0 => (true, true),
        1 => (false, false),
        _ if depth == 12 => {
            let x = bits.bit()?;
            (x, x && bits.bit()?)
        }
        _ => (true, false),
    };
    let position = if x && y { bits.number(2)? as u8 } else { 0 };
    Some((depth, u8::from(x) << 3 | u8::from(y) << 2 | position))
}

/// Level and tier of the first operating point.
fn operating_points(bits: &mut Bits<'_>) -> Option<(u8, u8)> {
    let mut decoder_model_info = None;
    if bits.bit()? {
        let _num_units_and_time_scale = (bits.number(32)?, bits.number(32)?);
        if bits.bit()? {
            let _num_ticks_per_picture = bits.golomb()?;
        }
        if bits.bit()? {
            let buffer_delay_bits = bits.number(5)? + 1;
            let _units_and_removal = (bits.number(32)?, bits.number(5)?, bits.number(5)?);
            decoder_model_info = Some(buffer_delay_bits);
        }
    }
    let initial_display_delay_present = bits.bit()?;
    let mut first = None;
    for _ in 0..=bits.number(5)? {
        let _idc = bits.number(12)?;
        let level = bits.number(5)? as u8;
        let tier = level > 7 && bits.bit()?;
        first = first.or(Some((level, u8::from(tier))));
        if let Some(delay_bits) = decoder_model_info
            && bits.bit()?
        {
            let _delays = (bits.number(delay_bits)?, bits.number(delay_bits)?, bits.bit()?);
        }
        if initial_display_delay_present && bits.bit()? {
            let _initial_display_delay = bits.number(4)?;
        }
    }
    first
}
