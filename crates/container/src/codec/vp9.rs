//! VP9 (bitstream specification section 7.2, uncompressed header).

use super::{Dimensions, bits::Bits};

/// The dimensions that a key frame carries; `None` for any other frame.
#[must_use]
pub fn key_frame_dimensions(frame: &[u8]) -> Option<Dimensions> {
    const SYNC_CODE: u32 = 0x49_83_42;
    const COLOR_SPACE_RGB: u32 = 7;
    let mut bits = Bits::new(frame);
    if bits.number(2)? != 2 {
        return None;
    }
    let profile = u32::from(bits.bit()?) | u32::from(bits.bit()?) << 1;
    if profile == 3 && bits.bit()? {
        return None;
    }
    let show_existing_frame = bits.bit()?;
    let non_key_frame = bits.bit()?;
    if show_existing_frame || non_key_frame {
        return None;
    }
    let _show_frame_and_error_resilience = bits.number(2)?;
    if bits.number(24)? != SYNC_CODE {
        return None;
    }
    if profile >= 2 {
        let _ten_or_twelve_bit = bits.bit()?;
    }
    if bits.number(3)? == COLOR_SPACE_RGB {
        if profile == 1 || profile == 3 {
            let _reserved = bits.bit()?;
        }
    } else {
        let _color_range = bits.bit()?;
        if profile == 1 || profile == 3 {
            let _subsampling_and_reserved = bits.number(3)?;
        }
    }
    Some((bits.number(16)? + 1, bits.number(16)? + 1))
}
