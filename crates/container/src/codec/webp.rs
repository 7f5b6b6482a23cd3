//! A key frame of VP8 as a picture of its own (RFC 9649).

use bytes::Bytes;

use super::vp8;

/// `RIFF`, size, `WEBP`; `VP8 `, size.
const HEADER_BYTES: usize = 20;

/// What no decoder of pictures takes in a frame tag (RFC 6386 section 9.1): there are four profiles.
const MAX_PROFILE: u8 = 3;

/// A lossy WebP file of a VP8 key frame: the same bytes behind a header of 20. `None` of what is no
/// key frame, or one without a picture.
#[must_use]
pub fn still(vp8_key_frame: &[u8]) -> Option<Bytes> {
    let (width, height) = vp8::key_frame_dimensions(vp8_key_frame)?;
    let &[low, middle, high, ..] = vp8_key_frame else { return None };
    let is_shown = low & 0x10 != 0;
    let first_partition_bytes = u32::from_le_bytes([low, middle, high, 0]) >> 5;
    let is_whole = (first_partition_bytes as usize) < vp8_key_frame.len();
    if width == 0 || height == 0 || !is_shown || low >> 1 & 7 > MAX_PROFILE || !is_whole {
        return None;
    }
    let chunk_bytes = u32::try_from(vp8_key_frame.len()).ok()?;
    // A chunk of odd length is padded (RFC 9649 section 2.3).
    let padding = chunk_bytes & 1;
    let riff_bytes = chunk_bytes.checked_add(padding)?.checked_add(HEADER_BYTES as u32 - 8)?;
    let mut file = Vec::with_capacity(HEADER_BYTES + vp8_key_frame.len() + 1);
    file.extend_from_slice(b"RIFF");
    file.extend(riff_bytes.to_le_bytes());
    file.extend_from_slice(b"WEBPVP8 ");
    file.extend(chunk_bytes.to_le_bytes());
    file.extend_from_slice(vp8_key_frame);
    file.resize(file.len() + padding as usize, 0);
    Some(file.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame tag, the start code, a size, and something of a picture.
    const FRAME: [u8; 13] = [0x50, 0, 0, 0x9D, 0x01, 0x2A, 0x40, 1, 0xF0, 0, 7, 8, 9];

    #[test]
    fn a_file_is_as_long_as_it_says_and_padded() {
        for len in [12, 13] {
            let file = still(&FRAME[..len]).unwrap();
            let number = |at: usize| u32::from_le_bytes(*file[at..].first_chunk().unwrap());
            assert_eq!((&file[..4], &file[8..16]), (&b"RIFF"[..], &b"WEBPVP8 "[..]));
            assert_eq!(number(4) as usize, file.len() - 8);
            assert_eq!(number(16) as usize, len);
            assert_eq!(file[20..20 + len], FRAME[..len]);
            assert_eq!(file.len(), 34 - usize::from(len == 12) * 2);
        }
    }

    #[test]
    fn what_is_no_picture_is_none() {
        let changed = |at: usize, value: u8| {
            let mut frame = FRAME;
            frame[at] = value;
            still(&frame)
        };
        assert!(changed(0, 0x50).is_some());
        // Not a key frame, not shown, of no profile, and with a first partition behind its end.
        for tag in [0x51, 0x40, 0x58] {
            assert_eq!(changed(0, tag), None, "{tag:x}");
        }
        assert_eq!(changed(1, 2), None);
        // No start code, no width.
        assert_eq!(changed(3, 0), None);
        let mut flat = FRAME;
        flat[6..8].fill(0);
        assert_eq!(still(&flat), None);
        for len in 0..10 {
            assert_eq!(still(&FRAME[..len]), None, "{len}");
        }
    }
}
