//! `[pictures]` of the configuration file: how many pictures a second viewers get as JPEG, and how
//! good they are.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::per_stream::{self, PerStream};

/// What a person takes for motion, at a third of what it would cost as JPEG at full rate.
const FRAMES_PER_SECOND: f64 = 10.0;

/// As many as a usual camera has.
const MAX_FRAMES_PER_SECOND: f64 = 30.0;

/// No display shows more.
const LIMIT_FRAMES_PER_SECOND: f64 = 60.0;

/// One in ten seconds is slow enough for any wall.
pub(crate) const MIN_FRAMES_PER_SECOND: f64 = 0.1;

/// As most JPEG programs have it.
const QUALITY: u8 = 75;

/// Beyond it only the bytes grow.
const MAX_QUALITY: u8 = 95;

/// What viewers of single pictures get.
pub(crate) type Pictures = PerStream<PicturesSettings>;

/// What viewers of one stream's pictures get.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PicturesSettings {
    /// Unless a viewer asks for something else.
    pub(crate) frames_per_second: f64,
    pub(crate) max_frames_per_second: f64,
    /// 0 to 100.
    pub(crate) quality: u8,
    pub(crate) max_quality: u8,
}

impl Default for PicturesSettings {
    fn default() -> Self {
        Self {
            frames_per_second: FRAMES_PER_SECOND,
            max_frames_per_second: MAX_FRAMES_PER_SECOND,
            quality: QUALITY,
            max_quality: MAX_QUALITY,
        }
    }
}

/// The section as it stands in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    frames_per_second: Option<f64>,
    max_frames_per_second: Option<f64>,
    quality: Option<u8>,
    max_quality: Option<u8>,
    #[serde(default)]
    streams: BTreeMap<String, Self>,
}

impl Section {
    /// Checks every value.
    pub(super) fn checked(mut self) -> Result<Pictures, String> {
        let entries = std::mem::take(&mut self.streams);
        let default = self.own("pictures", PicturesSettings::default())?;
        let own = |section: &str, entry: Self| entry.own(section, default);
        let streams = per_stream::checked("pictures", entries, own)?;
        Ok(PerStream { default, streams })
    }

    fn own(self, section: &str, base: PicturesSettings) -> Result<PicturesSettings, String> {
        per_stream::no_deeper(section, &self.streams)?;
        let max_frames_per_second =
            self.max_frames_per_second.unwrap_or(base.max_frames_per_second);
        let limits = MIN_FRAMES_PER_SECOND..=LIMIT_FRAMES_PER_SECOND;
        per_stream::within(section, "max_frames_per_second", max_frames_per_second, limits)?;
        // A lower limit moves a default that nobody has named.
        let default = base.frames_per_second.min(max_frames_per_second);
        let frames_per_second = self.frames_per_second.unwrap_or(default);
        let limits = MIN_FRAMES_PER_SECOND..=max_frames_per_second;
        per_stream::within(section, "frames_per_second", frames_per_second, limits)?;
        let max_quality = self.max_quality.unwrap_or(base.max_quality);
        per_stream::within(section, "max_quality", max_quality, 0..=100)?;
        let quality = self.quality.unwrap_or(base.quality.min(max_quality));
        per_stream::within(section, "quality", quality, 0..=max_quality)?;
        Ok(PicturesSettings { frames_per_second, max_frames_per_second, quality, max_quality })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Pictures, String> {
        toml::from_str::<Section>(text).map_err(|error| error.to_string())?.checked()
    }

    #[test]
    fn a_stream_has_its_own_or_what_all_have() {
        let text = "frames_per_second = 5\n[streams.door]\nquality = 40\nmax_quality = 50\n\
                    [streams.yard]\nmax_frames_per_second = 2";
        let pictures = read(text).unwrap();
        let of = |name| pictures.of(name);
        assert_eq!((of("other").frames_per_second, of("other").quality), (5.0, QUALITY));
        assert_eq!((of("door").frames_per_second, of("door").quality), (5.0, 40));
        assert_eq!((of("yard").frames_per_second, of("yard").quality), (2.0, QUALITY));
        assert_eq!(read("max_quality = 30").unwrap().of("door").quality, 30);
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        let said = |text: &str| read(text).unwrap_err();
        assert!(said("quality = 96").contains("pictures.quality = 96 is not allowed"));
        assert!(said("quality = 96").contains("between 0 and 95"));
        assert!(said("frames_per_second = 0").contains("between 0.1 and 30"));
        assert!(said("max_frames_per_second = nan").contains("max_frames_per_second"));
        assert!(
            said("[streams.door]\nmax_quality = 101").contains("pictures.streams.door.max_quality")
        );
        assert!(said("[streams.\"Front door\"]").contains("Front door"));
        assert!(said("qualty = 1").contains("qualty"));
    }
}
