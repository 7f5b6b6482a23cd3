//! VP8 (RFC 6386 section 9.1).

use super::Dimensions;

/// Whether a frame is a key frame: the lowest bit of the frame tag is zero.
#[must_use]
pub fn is_key_frame(frame: &[u8]) -> bool {
    frame.first().is_some_and(|tag| tag & 1 == 0)
}

/// The dimensions that a key frame carries.
#[must_use]
pub fn key_frame_dimensions(frame: &[u8]) -> Option<Dimensions> {
    let &[tag, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1, ..] = frame else { return None };
    if tag & 1 != 0 {
        return None;
    }
    // The two upper bits are a scaling hint for display.
    let value = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    Some((value(w0, w1), value(h0, h1)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn dimensions_are_read_without_the_scaling_bits() {
        let frame = [0x10, 2, 0, 0x9D, 0x01, 0x2A, 0x40, 0x41, 0xF0, 0x80];
        assert_eq!(super::key_frame_dimensions(&frame), Some((320, 240)));
        assert_eq!(super::key_frame_dimensions(&frame[..9]), None);
    }
}
