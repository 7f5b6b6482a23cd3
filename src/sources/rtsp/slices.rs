//! Whether a picture's first slice is there. A picture behind a loss may begin with its second.

use super::choice::Picture;

/// Length prefixes of NAL units, as the library is asked for.
const LENGTH_BYTES: usize = 4;

/// Whether the first slice of an access unit is the picture's first: `first_mb_in_slice` is zero,
/// one bit, in H.264 (ITU-T H.264 clause 7.3.3), and `first_slice_segment_in_pic_flag` is set in
/// H.265 (ITU-T H.265 clause 7.3.6.1). A JPEG is one piece.
pub(super) fn begins_picture(picture: Picture, access_unit: &[u8]) -> bool {
    let mut rest = access_unit;
    while let Some((length, after)) = rest.split_first_chunk::<LENGTH_BYTES>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((unit, after)) = after.split_at_checked(length) else { break };
        rest = after;
        let Some(&header) = unit.first() else { continue };
        let (is_slice, header_bytes) = match picture {
            Picture::H264 => (matches!(header & 0x1F, 1 | 2 | 5), 1),
            Picture::H265 => (header >> 1 & 0x3F < 32, 2),
            Picture::Jpeg => break,
        };
        if is_slice {
            return unit.get(header_bytes).is_some_and(|byte| byte & 0x80 != 0);
        }
    }
    picture == Picture::Jpeg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_slice_says_so() {
        let sei = [0, 0, 0, 2, 6, 1];
        let unit = |rest: &[u8]| [&sei[..], rest].concat();
        for (first, wanted) in [(0x88, true), (0x48, false)] {
            assert_eq!(begins_picture(Picture::H264, &unit(&[0, 0, 0, 2, 0x65, first])), wanted);
            assert_eq!(begins_picture(Picture::H264, &unit(&[0, 0, 0, 2, 0x41, first])), wanted);
            let prefix = [0, 0, 0, 3, 39 << 1, 1, 9];
            let unit = [&prefix[..], &[0, 0, 0, 3, 19 << 1, 1, first]].concat();
            assert_eq!(begins_picture(Picture::H265, &unit), wanted);
        }
        assert!(begins_picture(Picture::Jpeg, &[0xFF, 0xD8, 0xFF]));
    }

    #[test]
    fn what_is_torn_does_not_begin_a_picture() {
        for unit in [&[][..], &[0, 0, 0], &[0, 0, 0, 9, 0x65], &[0, 0, 0, 1, 0x65], &[0, 0, 0, 0]] {
            assert!(!begins_picture(Picture::H264, unit), "{unit:?}");
            assert!(!begins_picture(Picture::H265, unit), "{unit:?}");
        }
    }
}
