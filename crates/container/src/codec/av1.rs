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
    let mut bits = Bits::new(sequence_header);
    let _profile = bits.number(3)?;
    let _still_picture = bits.bit()?;
    let reduced_still_picture_header = bits.bit()?;
    if reduced_still_picture_header {
        let _level = bits.number(5)?;
    } else {
        operating_points(&mut bits)?;
    }
    let width_bits = bits.number(4)? + 1;
    let height_bits = bits.number(4)? + 1;
    Some((bits.number(width_bits)? + 1, bits.number(height_bits)? + 1))
}

fn operating_points(bits: &mut Bits<'_>) -> Option<()> {
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
    for _ in 0..=bits.number(5)? {
        let _idc = bits.number(12)?;
        if bits.number(5)? > 7 {
            let _tier = bits.bit()?;
        }
        if let Some(delay_bits) = decoder_model_info
            && bits.bit()?
        {
            let _delays = (bits.number(delay_bits)?, bits.number(delay_bits)?, bits.bit()?);
        }
        if initial_display_delay_present && bits.bit()? {
            let _initial_display_delay = bits.number(4)?;
        }
    }
    Some(())
}
