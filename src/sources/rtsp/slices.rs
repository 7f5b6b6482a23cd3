//! What a picture's slices say of it.

use super::choice::Picture;

/// Length prefixes of NAL units, as the library is asked for.
const LENGTH_BYTES: usize = 4;

/// What the first slice of an access unit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shape {
    /// Whether it is the picture's first. A picture behind a loss may begin with its second:
    /// `first_mb_in_slice` is not zero then, one bit, in H.264 (ITU-T H.264 clause 7.3.3), and
    /// `first_slice_segment_in_pic_flag` not set in H.265 (ITU-T H.265 clause 7.3.6.1).
    pub(super) is_first_slice: bool,
    /// Whether decoding can begin with it: IDR, and what else H.265 has (clause 3.68, IRAP).
    pub(super) is_key: bool,
    /// Whether it is shown in front of the last such picture, and refers to what is in front of
    /// that (clause 3.126, RASL).
    pub(super) leads: bool,
}

/// The shape of an access unit. A JPEG is one piece.
pub(super) fn shape(picture: Picture, access_unit: &[u8]) -> Shape {
    let mut rest = access_unit;
    while let Some((length, after)) = rest.split_first_chunk::<LENGTH_BYTES>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((unit, after)) = after.split_at_checked(length) else { break };
        rest = after;
        let Some(&header) = unit.first() else { continue };
        let is_first = |at: usize| unit.get(at).is_some_and(|byte| byte & 0x80 != 0);
        match (picture, header & 0x1F, header >> 1 & 0x3F) {
            (Picture::H264, kind @ (1 | 2 | 5), _) => {
                return Shape { is_first_slice: is_first(1), is_key: kind == 5, leads: false };
            }
            (Picture::H265, _, kind @ 0..32) => {
                let is_first_slice = is_first(2);
                let (is_key, leads) = ((16..=21).contains(&kind), matches!(kind, 8 | 9));
                return Shape { is_first_slice, is_key, leads };
            }
            (Picture::Jpeg, ..) => break,
            _ => {}
        }
    }
    let is_jpeg = picture == Picture::Jpeg;
    Shape { is_first_slice: is_jpeg, is_key: is_jpeg, leads: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_slice_says_what_the_picture_is() {
        let unit = |rest: &[u8]| [&[0, 0, 0, 2, 6, 1], rest].concat();
        let shape_of = |is_first_slice, is_key, leads| Shape { is_first_slice, is_key, leads };
        for (first, is_first) in [(0x88, true), (0x48, false)] {
            for (header, is_key) in [(0x65, true), (0x41, false)] {
                let shape = shape(Picture::H264, &unit(&[0, 0, 0, 2, header, first]));
                assert_eq!(shape, shape_of(is_first, is_key, false));
            }
            // IDR, CRA, a picture that follows, and one that leads.
            for (kind, is_key, leads) in
                [(19, true, false), (21, true, false), (1, false, false), (9, false, true)]
            {
                let sei = [0, 0, 0, 3, 39 << 1, 1, 9];
                let unit = [&sei[..], &[0, 0, 0, 3, kind << 1, 1, first]].concat();
                assert_eq!(shape(Picture::H265, &unit), shape_of(is_first, is_key, leads));
            }
        }
        assert_eq!(shape(Picture::Jpeg, &[0xFF, 0xD8, 0xFF]), shape_of(true, true, false));
    }

    #[test]
    fn what_is_torn_is_nothing() {
        for unit in [&[][..], &[0, 0, 0], &[0, 0, 0, 9, 0x65], &[0, 0, 0, 0]] {
            assert_eq!(shape(Picture::H264, unit), Shape::default(), "{unit:?}");
            assert_eq!(shape(Picture::H265, unit), Shape::default(), "{unit:?}");
        }
        assert!(!shape(Picture::H264, &[0, 0, 0, 1, 0x65]).is_first_slice);
    }
}
