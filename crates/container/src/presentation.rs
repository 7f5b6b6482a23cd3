//! How a track is shown, and what is spoken in it, in the words of no container.

/// As far as the sizes of pictures go in an MP4 (ISO 14496-12 clause 12.1.3). Some readers take the
/// sides of a shape, which have 32 bits, for numbers with a sign.
const MAX_SIDE: u64 = 0xFFFF;

/// Nobody has pixels that are so much longer than they are broad; a header that claims it is not
/// believed.
const MAX_STRETCH: u64 = 1000;

/// A tag of BCP 47 is hardly ever longer (RFC 5646 section 4.4.1).
const MAX_LANGUAGE_TAG_BYTES: usize = 35;

/// What a header says of how its track is shown. What it does not say is not here.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Presentation {
    pub(crate) crop: Option<Crop>,
    pub(crate) shape: Option<Shape>,
    pub(crate) turn: Option<Turn>,
    pub(crate) colour: Option<Colour>,
    pub(crate) mastering: Option<Mastering>,
    pub(crate) light: Option<Light>,
    pub(crate) language: Language,
}

/// How many pixels at each side are not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Crop {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) top: u32,
    pub(crate) bottom: u32,
}

/// What is spoken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Language {
    /// A tag of BCP 47, which counts instead of the code where it is known.
    pub(crate) tag: Option<String>,
    /// A code of ISO 639-2.
    pub(crate) code: Option<String>,
}

/// How wide a pixel is for how high it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) wide: u16,
    pub(crate) high: u16,
}

/// How a picture is turned to be shown: mirrored from side to side first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Turn {
    pub(crate) is_mirrored: bool,
    /// Counter-clockwise.
    pub(crate) degrees: f64,
}

/// What the numbers of a colour mean, in the words of ISO 23091-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour {
    pub(crate) primaries: u16,
    pub(crate) transfer: u16,
    pub(crate) coefficients: u16,
    /// `None` where only the stream itself may say it.
    pub(crate) is_full_range: Option<bool>,
}

/// The display that a picture was made on (SMPTE ST 2086).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mastering {
    /// Of red, green, blue and white, by CIE 1931.
    pub(crate) chromaticities: [[f64; 2]; 4],
    /// Of the brightest and the darkest, in candela per square metre.
    pub(crate) luminances: [f64; 2],
}

/// How bright it becomes, in candela per square metre (CTA-861.3); zero is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Light {
    pub(crate) brightest_pixel: u16,
    pub(crate) brightest_frame: u16,
}

impl Crop {
    /// What it leaves of a picture, unless that is nothing.
    pub(crate) fn rest(self, (width, height): (u32, u32)) -> Option<(u32, u32)> {
        let rest = |size: u32, a: u32, b: u32| {
            size.checked_sub(a)?.checked_sub(b).filter(|&rest| rest > 0)
        };
        rest(width, self.left, self.right).zip(rest(height, self.top, self.bottom))
    }
}

/// A tag of BCP 47 or a code of ISO 639 in these bytes, up to the first that is zero: letters and
/// digits, up to eight of them between hyphens (RFC 5646 section 2.1).
pub(crate) fn language_tag(bytes: &[u8]) -> Option<String> {
    let tag = str::from_utf8(bytes.split(|&byte| byte == 0).next()?).ok()?;
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    (tag.len() <= MAX_LANGUAGE_TAG_BYTES && tag.split('-').all(is_part)).then(|| tag.to_owned())
}

impl Shape {
    /// The fraction that is nearest to this one among those whose sides have 16 bits. `None` where
    /// a side is zero, and where one is so much longer that it cannot be meant.
    pub(crate) fn of(wide: u64, high: u64) -> Option<Self> {
        let is_far = |a: u64, b: u64| b.checked_mul(MAX_STRETCH).is_some_and(|most| a > most);
        if is_far(wide, high) || is_far(high, wide) {
            return None;
        }
        // The convergents of its continued fraction, of which the last one is the fraction itself.
        let (mut rest, mut before, mut last) = ((wide, high), (0u64, 1u64), (1u64, 0u64));
        while rest.1 > 0 {
            let times = rest.0 / rest.1;
            rest = (rest.1, rest.0 % rest.1);
            let next = |last: u64, before: u64| {
                times.checked_mul(last)?.checked_add(before).filter(|&side| side <= MAX_SIDE)
            };
            let Some(found) = next(last.0, before.0).zip(next(last.1, before.1)) else { break };
            (before, last) = (last, found);
        }
        let side = |side: u64| u16::try_from(side).ok().filter(|&side| side > 0);
        Some(Self { wide: side(last.0)?, high: side(last.1)? })
    }

    /// How wide so many of these pixels are, in such that are square.
    pub(crate) fn stretched(self, width: u32) -> u32 {
        let (wide, high) = (u64::from(self.wide), u64::from(self.high));
        let shown = (2 * u64::from(width) * wide + high) / (2 * high);
        u32::try_from(shown).unwrap_or(u32::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_fractions_of_16_bits() {
        for (wide, high, expected) in [
            (640, 480, Some((4, 3))),
            (1, 1, Some((1, 1))),
            (65_535, 65_534, Some((65_535, 65_534))),
            // 1:1 is nearer than any other that has so few bits.
            (u64::from(u32::MAX) - 1, u32::MAX.into(), Some((1, 1))),
            (7 << 40 | 1, 3 << 40, Some((7, 3))),
            (1000, 1, Some((1000, 1))),
            (1, 1001, None),
            (u64::MAX, 1, None),
            (0, 1, None),
            (1, 0, None),
            (0, 0, None),
        ] {
            let found = Shape::of(wide, high).map(|shape| (shape.wide, shape.high));
            assert_eq!(found, expected, "{wide}:{high}");
        }
    }

    #[test]
    fn languages_are_letters_digits_and_hyphens() {
        for good in ["fr-CA", "eng", "sl-rozaj-biske-1994", "x-klingon"] {
            assert_eq!(language_tag(good.as_bytes()).as_deref(), Some(good));
        }
        assert_eq!(language_tag(b"de\0\0"), Some("de".to_owned()));
        assert_eq!(language_tag(b"de\0-CH"), Some("de".to_owned()));
        let long = "de-".repeat(12) + "DE";
        for bad in
            ["", "de_DE", "de-\n", "-de", "de--DE", "de ", "deutschland", "fran\u{e7}", &long]
        {
            assert_eq!(language_tag(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn the_widest_of_all_pictures_is_stretched_without_harm() {
        let shape = |wide, high| Shape { wide, high };
        assert_eq!(shape(32, 27).stretched(720), 853);
        assert_eq!(shape(1000, 1).stretched(u32::MAX), u32::MAX);
        assert_eq!(shape(1, 1000).stretched(320), 1);
    }
}
