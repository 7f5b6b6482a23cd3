//! How good a JPEG is, by its own account.

/// The luminance table that JPEG programs scale (ITU-T T.81, table K.1), in the order in which it
/// stands in a file.
const LUMINANCE: [u8; 64] = [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37,
    29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81,
    87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];

/// Markers that have no length: the beginning, the end, and fillers.
const SOI: u8 = 0xD8;
const DQT: u8 = 0xDB;
/// Behind it the picture itself begins.
const SOS: u8 = 0xDA;

/// The quality, 1 to 100, at which JPEG programs use tables as coarse as the picture's; `None`
/// where it has none, or is no JPEG.
pub(super) fn estimate(jpeg: &[u8]) -> Option<u8> {
    let table = luminance(jpeg)?;
    let sum: u32 = table.iter().map(|&step| u32::from(step)).sum();
    let standard: u32 = LUMINANCE.iter().map(|&step| u32::from(step)).sum();
    let percent = f64::from(sum) * 100.0 / f64::from(standard);
    let quality = if percent > 100.0 { 5000.0 / percent } else { (200.0 - percent) / 2.0 };
    Some(quality.round().clamp(1.0, 100.0) as u8)
}

/// The first table, which is that of the luminance.
fn luminance(jpeg: &[u8]) -> Option<&[u8; 64]> {
    let mut rest = jpeg.strip_prefix(&[0xFF, SOI])?;
    loop {
        let [0xFF, marker, high, low, ..] = *rest else { return None };
        if marker == SOS {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(4..2 + length)?;
        // Eight bits for each step, table zero.
        if marker == DQT && segment.first() == Some(&0) {
            return segment[1..].first_chunk();
        }
        rest = &rest[2 + length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(table: [u8; 64]) -> Vec<u8> {
        let comment = [0xFF, 0xFE, 0, 5, 1, 2, 3];
        let head = [&[0xFF, SOI][..], &comment, &[0xFF, DQT, 0, 67, 0], &table].concat();
        [&head[..], &[0xFF, SOS, 0, 2, 1, 2, 3, 0xFF, 0xD9]].concat()
    }

    #[test]
    fn the_quality_is_what_programs_call_it() {
        // Below, the steps are as large as a byte can say.
        for quality in [25_u32, 30, 50, 75, 90, 100] {
            let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
            let table =
                LUMINANCE.map(|step| ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u8);
            let estimated = u32::from(estimate(&jpeg(table)).unwrap());
            assert!(estimated.abs_diff(quality) <= 1, "{estimated} instead of {quality}");
        }
    }

    #[test]
    fn what_is_no_jpeg_has_none() {
        let whole = jpeg(LUMINANCE);
        assert_eq!(estimate(&whole), Some(50));
        for length in 0..60 {
            assert_eq!(estimate(&whole[..length]), None);
        }
        assert_eq!(estimate(&[0xFF, SOI, 0xFF, DQT, 0, 0]), None);
        assert_eq!(estimate(b"no JPEG"), None);
    }
}
