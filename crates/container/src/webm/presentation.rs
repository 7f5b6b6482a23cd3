//! What a TrackEntry says of how its track is shown, and of what is spoken in it (RFC 9559 section
//! 5.1.4.1): passed through to WebM as it stands, and for MP4 said in that one's words.

use super::syntax::{Children, float, id, unsigned};
use super::tracks::TrackDetail;
use crate::presentation::{
    Colour, Crop, Language, Light, Mastering, Presentation, Shape, Turn, language_tag,
};

/// Recorders that know of no language and say none, by how their MuxingApp begins: Chromium,
/// Firefox, Safari, and what is built on the same libraries. For all others it is English that need
/// not be said (RFC 9559 section 5.1.4.1.19); mkvmerge leaves it away.
const SILENT_RECORDERS: [&[u8]; 5] =
    [b"Chrome", b"QTmuxingAppLibWebM", b"WebKit", b"libwebm", b"GStreamer"];

/// Whether English is not meant where no language is said by what calls itself so.
pub(super) fn is_silent(muxing_app: &[u8]) -> bool {
    SILENT_RECORDERS.iter().any(|name| muxing_app.starts_with(name))
}

/// The payload of the first child of this id.
fn child(elements: &[u8], wanted: u32) -> Option<&[u8]> {
    Children::of(elements).flatten().find(|child| child.id == wanted).map(|child| child.payload)
}

impl TrackDetail {
    /// How it is shown where its pictures are of this size, and what is spoken in it.
    pub(crate) fn presentation(&self, size: (u32, u32)) -> Presentation {
        let crop = self.crop().filter(|crop| crop.rest(size).is_some());
        let colour = child(&self.media_extra, id::COLOUR);
        Presentation {
            crop,
            shape: self.shape(crop.and_then(|crop| crop.rest(size)).unwrap_or(size)),
            turn: self.turn(),
            colour: colour.and_then(meaning),
            mastering: colour.and_then(mastering),
            light: colour.and_then(light),
            language: self.language(),
        }
    }

    fn language(&self) -> Language {
        let said = |wanted| child(&self.entry_extra, wanted).filter(|it| !it.is_empty());
        let (tag, code) = (said(id::LANGUAGE_BCP_47), said(id::LANGUAGE));
        let is_english = self.is_english_unless_said && tag.is_none() && code.is_none();
        let english = || is_english.then(|| "eng".to_owned());
        Language {
            tag: tag.and_then(language_tag),
            code: code.and_then(language_tag).or_else(english),
        }
    }

    fn crop(&self) -> Option<Crop> {
        let pixels = |wanted| {
            child(&self.size_extra, wanted).map_or(Some(0), |it| u32::try_from(unsigned(it)).ok())
        };
        let crop = Crop {
            left: pixels(id::PIXEL_CROP_LEFT)?,
            right: pixels(id::PIXEL_CROP_RIGHT)?,
            top: pixels(id::PIXEL_CROP_TOP)?,
            bottom: pixels(id::PIXEL_CROP_BOTTOM)?,
        };
        (crop != Crop::default()).then_some(crop)
    }

    /// The shape of pixels, of which so many are shown.
    fn shape(&self, (width, height): (u32, u32)) -> Option<Shape> {
        let (width, height) = (u64::from(width), u64::from(height));
        let number = |wanted| child(&self.size_extra, wanted).map(unsigned);
        let shown = (number(id::DISPLAY_WIDTH), number(id::DISPLAY_HEIGHT));
        let (shown_width, shown_height) = match (number(id::DISPLAY_UNIT).unwrap_or(0), shown) {
            (0, (None, None)) => return None,
            (0, (shown_width, shown_height)) => {
                (shown_width.unwrap_or(width), shown_height.unwrap_or(height))
            }
            // Centimetres, inches, or only their relation.
            (1..=3, (Some(shown_width), Some(shown_height))) => (shown_width, shown_height),
            _ => return None,
        };
        Shape::of(shown_width.checked_mul(height)?, shown_height.checked_mul(width)?)
    }

    /// How a flat picture is to be turned in its plane, where anything says so.
    fn turn(&self) -> Option<Turn> {
        let projection = child(&self.media_extra, id::PROJECTION)?;
        let is_flat = child(projection, id::PROJECTION_TYPE).is_none_or(|it| unsigned(it) == 0);
        let angle = |wanted| match child(projection, wanted) {
            Some(payload) => float(payload).ok().filter(|angle| angle.abs() <= 180.0),
            None => Some(0.0),
        };
        let (yaw, pitch) = (angle(id::PROJECTION_POSE_YAW)?, angle(id::PROJECTION_POSE_PITCH)?);
        let is_mirrored = yaw.abs() == 180.0;
        let is_in_plane = pitch == 0.0 && (is_mirrored || yaw == 0.0);
        let turn = Turn { is_mirrored, degrees: angle(id::PROJECTION_POSE_ROLL)? };
        let is_any = turn.is_mirrored || turn.degrees != 0.0;
        (is_flat && is_in_plane && is_any).then_some(turn)
    }
}

/// What the numbers mean by this Colour, if it says anything of that.
fn meaning(colour: &[u8]) -> Option<Colour> {
    const UNSPECIFIED: u16 = 2;
    let number = |wanted| {
        let number = child(colour, wanted).and_then(|it| u16::try_from(unsigned(it)).ok());
        number.unwrap_or(UNSPECIFIED)
    };
    let is_full_range = match child(colour, id::RANGE).map(unsigned) {
        Some(1) => Some(false),
        Some(2) => Some(true),
        _ => None,
    };
    let colour = Colour {
        primaries: number(id::PRIMARIES),
        transfer: number(id::TRANSFER_CHARACTERISTICS),
        coefficients: number(id::MATRIX_COEFFICIENTS),
        is_full_range,
    };
    let words = [colour.primaries, colour.transfer, colour.coefficients];
    (words != [UNSPECIFIED; 3] || is_full_range.is_some()).then_some(colour)
}

/// What stands in MasteringMetadata, if all of it does.
fn mastering(colour: &[u8]) -> Option<Mastering> {
    let metadata = child(colour, id::MASTERING_METADATA)?;
    let number = |wanted| float(child(metadata, wanted)?).ok().filter(|it| it.is_finite());
    let mut chromaticities = [[0.0; 2]; 4];
    for (value, id) in chromaticities.iter_mut().flatten().zip(id::PRIMARY_R_CHROMATICITY_X..) {
        *value = number(id)?;
    }
    let luminances = [number(id::LUMINANCE_MAX)?, number(id::LUMINANCE_MIN)?];
    Some(Mastering { chromaticities, luminances })
}

fn light(colour: &[u8]) -> Option<Light> {
    let level = |wanted| {
        let level = child(colour, wanted).map(unsigned)?;
        Some(u16::try_from(level).unwrap_or(u16::MAX))
    };
    let (pixel, frame) = (level(id::MAX_CLL), level(id::MAX_FALL));
    let light = Light { brightest_pixel: pixel.unwrap_or(0), brightest_frame: frame.unwrap_or(0) };
    (pixel.is_some() || frame.is_some()).then_some(light)
}
