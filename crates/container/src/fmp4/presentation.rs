//! How a picture is shown: what stands in its sample entry, and in its track header.

use super::entry::{coded_size, configuration};
use super::syntax::Write;
use super::tracks::{TrackDetail, UNITY_MATRIX};
use crate::presentation::{Crop, Mastering, Presentation, Shape, Turn};
use crate::sample::{Kind, Track};

/// The boxes behind a codec's configuration: what of a picture is shown, the shape of a pixel and
/// what colours mean (ISO 14496-12 clauses 12.1.4 to 12.1.8). `is_full_range` is what the stream itself says of its colours:
/// the box has no number for what nobody says.
pub(super) fn boxes(
    out: &mut Vec<u8>,
    shown: &Presentation,
    size: (u32, u32),
    is_full_range: Option<bool>,
) {
    if let Some(crop) = shown.crop
        && let Some((width, height)) = crop.rest(size)
    {
        out.boxed(b"clap", |out| clean_aperture(out, crop, (width, height)));
    }
    if let Some(shape) = shown.shape {
        out.boxed(b"pasp", |out| {
            out.u32(shape.wide.into());
            out.u32(shape.high.into());
        });
    }
    if let Some(colour) = shown.colour
        && let Some(is_full_range) = colour.is_full_range.or(is_full_range)
    {
        out.boxed(b"colr", |out| {
            out.extend_from_slice(b"nclx");
            for word in [colour.primaries, colour.transfer, colour.coefficients] {
                out.u16(word);
            }
            out.push(u8::from(is_full_range) << 7);
        });
    }
    if let Some(mastering) = shown.mastering.and_then(mastering_display) {
        out.boxed(b"mdcv", |out| out.extend(mastering));
    }
    if let Some(light) = shown.light {
        out.boxed(b"clli", |out| {
            out.u16(light.brightest_pixel);
            out.u16(light.brightest_frame);
        });
    }
}

/// A CleanApertureBox: the size of what is shown, and how far from the middle its middle lies, in
/// fractions (clause 12.1.4.1).
fn clean_aperture(out: &mut Vec<u8>, crop: Crop, (width, height): (u32, u32)) {
    let (right, down) = (crop.left.wrapping_sub(crop.right), crop.top.wrapping_sub(crop.bottom));
    for (numerator, denominator) in [(width, 1), (height, 1), (right, 2), (down, 2)] {
        out.u32(numerator);
        out.u32(denominator);
    }
}

/// The payload of a MasteringDisplayColourVolumeBox, unless a number does not fit: green, blue, red
/// and white in 1/50,000, luminances in 1/10,000 (clause 12.1.7).
fn mastering_display(mastering: Mastering) -> Option<Vec<u8>> {
    let scaled = |value: f64, scale: f64, most: u32| {
        let scaled = (value * scale).round();
        (0.0..=f64::from(most)).contains(&scaled).then_some(scaled as u32)
    };
    let [red, green, blue, white] = mastering.chromaticities;
    let mut out = Vec::new();
    for value in [green, blue, red, white].into_iter().flatten() {
        out.u16(scaled(value, 50_000.0, u16::MAX.into())? as u16);
    }
    for value in mastering.luminances {
        out.u32(scaled(value, 10_000.0, u32::MAX)?);
    }
    Some(out)
}

/// How large a picture of so many pixels is shown, with square pixels (clause 8.3.2.3).
pub(super) fn shown_size(shown: &Presentation, size: (u32, u32)) -> (u32, u32) {
    let (width, height) = shown.crop.and_then(|crop| crop.rest(size)).unwrap_or(size);
    (shown.shape.map_or(width, |shape| shape.stretched(width)), height)
}

/// How large pictures that come in an MP4 are shown, in 1/65,536 pixels: as their track header says,
/// while they are of the size that they have there, and otherwise by the shape of their pixels.
pub(super) fn carried_size(track: &Track, detail: &TrackDetail) -> (u32, u32) {
    let size = (track.width, track.height);
    if track.kind == Kind::Audio {
        return (0, 0);
    }
    let is_told = detail.shown_size.0 > 0 && detail.shown_size.1 > 0;
    if is_told && detail.entries.first().and_then(|entry| coded_size(entry)) == Some(size) {
        return detail.shown_size;
    }
    let pasp = configuration(&detail.sample_entry, track.kind, b"pasp");
    let side = |pasp: &[u8], at: usize| Some(u32::from_be_bytes(*pasp.get(at..)?.first_chunk()?));
    let shape = pasp.and_then(|it| Shape::of(side(&it, 0)?.into(), side(&it, 4)?.into()));
    fixed_size(shown_size(&Presentation { shape, ..Presentation::default() }, size))
}

/// Pixels in the upper half of 32 bits.
pub(super) fn fixed_size((width, height): (u32, u32)) -> (u32, u32) {
    (width.min(0xFFFF) << 16, height.min(0xFFFF) << 16)
}

/// The matrix of a track header (clause 6.2.2) that turns a picture which is shown in this size,
/// and moves it to where it lay.
pub(super) fn turned(turn: Option<Turn>, (width, height): (u32, u32)) -> [u32; 9] {
    let Some(Turn { is_mirrored, degrees }) = turn else { return UNITY_MATRIX };
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (across, down) = if is_mirrored { (-cos, sin) } else { (cos, -sin) };
    let (width, height) = (f64::from(width), f64::from(height));
    // How far it would stand out to the left, and at the top.
    let left = (across * width).min(0.0) + (sin * height).min(0.0);
    let top = (down * width).min(0.0) + (cos * height).min(0.0);
    let fixed = |value: f64| (value * 65_536.0).round() as i32 as u32;
    let one = UNITY_MATRIX[8];
    [fixed(across), fixed(down), 0, fixed(sin), fixed(cos), 0, fixed(-left), fixed(-top), one]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a corner of the picture comes to lie.
    fn corner(matrix: [u32; 9], (x, y): (i64, i64)) -> (i64, i64) {
        let at = |index: usize| i64::from(matrix[index] as i32);
        let place = |first: usize| (at(first) * x + at(first + 3) * y + at(first + 6)) >> 16;
        (place(0), place(1))
    }

    #[test]
    fn a_turned_picture_lies_where_it_lay() {
        for (is_mirrored, degrees, expected) in [
            (false, 90.0, [(0, 640), (0, 0), (480, 640)]),
            (false, -90.0, [(480, 0), (480, 640), (0, 0)]),
            (false, 180.0, [(640, 480), (0, 480), (640, 0)]),
            (true, 0.0, [(640, 0), (0, 0), (640, 480)]),
            // To the left first, and a quarter of the circle then.
            (true, 90.0, [(0, 0), (0, 640), (480, 0)]),
        ] {
            let matrix = turned(Some(Turn { is_mirrored, degrees }), (640, 480));
            let corners = [(0, 0), (640, 0), (0, 480)].map(|at| corner(matrix, at));
            assert_eq!(corners, expected, "{is_mirrored} {degrees}");
        }
        assert_eq!(turned(None, (640, 480)), UNITY_MATRIX);
    }
}
