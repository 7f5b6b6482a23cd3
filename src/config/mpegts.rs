//! `[mpegts]` of the configuration file: what viewers by JSMpeg get.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::per_stream::{self, PerStream};

const SIZE: (u32, u32) = (640, 480);

/// JSMpeg decodes in JavaScript: more costs an old tablet its battery.
const FRAMES_PER_SECOND: f64 = 15.0;

const BITRATE_KBPS: u32 = 800;

/// Who joins waits for a picture no longer than this.
const KEYFRAME_SECONDS: f64 = 1.0;

/// Two and a half seconds of the usual bitrate.
const BUFFER_KB: u32 = 256;

/// MPEG-1 has twelve bits for a side; JSMpeg needs an even number of pixels.
const SIDES: std::ops::RangeInclusive<u32> = 16..=4094;

/// The largest that ffmpeg's encoder and JSMpeg's buffer of 512 KiB take at once.
const MAX_BITRATE_KBPS: u32 = 20_000;

const MAX_BUFFER_KB: u32 = 64 << 10;

/// So many groups of pictures have to have room: who joins begins with the newest whole one.
const MIN_GROUPS: f64 = 2.0;

/// What viewers by JSMpeg get.
pub(crate) type Mpegts = PerStream<MpegtsSettings>;

/// What viewers of one stream by JSMpeg get.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MpegtsSettings {
    /// Width and height.
    pub(crate) size: (u32, u32),
    pub(crate) frames_per_second: f64,
    pub(crate) bitrate_kbps: u32,
    pub(crate) keyframe_seconds: f64,
    /// What waits for viewers that are slower than the stream.
    pub(crate) buffer_bytes: usize,
}

impl Default for MpegtsSettings {
    fn default() -> Self {
        Self {
            size: SIZE,
            frames_per_second: FRAMES_PER_SECOND,
            bitrate_kbps: BITRATE_KBPS,
            keyframe_seconds: KEYFRAME_SECONDS,
            buffer_bytes: bytes(BUFFER_KB),
        }
    }
}

/// The section as it stands in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    size: Option<String>,
    frames_per_second: Option<f64>,
    bitrate_kbps: Option<u32>,
    keyframe_seconds: Option<f64>,
    buffer_kb: Option<u32>,
    #[serde(default)]
    streams: BTreeMap<String, Self>,
}

impl Section {
    /// Checks every value.
    pub(super) fn checked(mut self) -> Result<Mpegts, String> {
        let entries = std::mem::take(&mut self.streams);
        let default = self.own("mpegts", MpegtsSettings::default())?;
        let own = |section: &str, entry: Self| entry.own(section, default);
        let streams = per_stream::checked("mpegts", entries, own)?;
        Ok(PerStream { default, streams })
    }

    fn own(self, section: &str, base: MpegtsSettings) -> Result<MpegtsSettings, String> {
        per_stream::no_deeper(section, &self.streams)?;
        let size = match self.size {
            Some(text) => size(&text).ok_or_else(|| wrong_size(section, &text))?,
            None => base.size,
        };
        let frames_per_second = self.frames_per_second.unwrap_or(base.frames_per_second);
        per_stream::within(section, "frames_per_second", frames_per_second, 1.0..=60.0)?;
        let bitrate_kbps = self.bitrate_kbps.unwrap_or(base.bitrate_kbps);
        per_stream::within(section, "bitrate_kbps", bitrate_kbps, 50..=MAX_BITRATE_KBPS)?;
        let keyframe_seconds = self.keyframe_seconds.unwrap_or(base.keyframe_seconds);
        per_stream::within(section, "keyframe_seconds", keyframe_seconds, 0.1..=10.0)?;
        // More of everything else asks for more room where nobody has named it.
        let needed_kb =
            (MIN_GROUPS * keyframe_seconds * f64::from(bitrate_kbps) / 8.0).ceil() as u32;
        let buffer_bytes = match self.buffer_kb {
            Some(buffer_kb) => {
                per_stream::within(section, "buffer_kb", buffer_kb, needed_kb..=MAX_BUFFER_KB)?;
                bytes(buffer_kb)
            }
            None => base.buffer_bytes.max(bytes(needed_kb)),
        };
        let settings = MpegtsSettings {
            size,
            frames_per_second,
            bitrate_kbps,
            keyframe_seconds,
            buffer_bytes,
        };
        Ok(settings)
    }
}

fn bytes(kb: u32) -> usize {
    kb as usize * 1000
}

fn size(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once('x')?;
    let side = |text: &str| {
        let side: u32 = text.parse().ok()?;
        (SIDES.contains(&side) && side.is_multiple_of(2)).then_some(side)
    };
    Some((side(width)?, side(height)?))
}

fn wrong_size(section: &str, text: &str) -> String {
    format!(
        "{section}.size = {text:?} is not allowed: it must be width and height in even pixels from \
         {} to {}, as in \"640x480\"",
        SIDES.start(),
        SIDES.end()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Mpegts, String> {
        toml::from_str::<Section>(text).map_err(|error| error.to_string())?.checked()
    }

    #[test]
    fn a_stream_has_its_own_or_what_all_have() {
        let all = read("bitrate_kbps = 400\n[streams.door]\nsize = \"320x240\"").unwrap();
        assert_eq!((all.of("yard").size, all.of("yard").bitrate_kbps), (SIZE, 400));
        assert_eq!((all.of("door").size, all.of("door").bitrate_kbps), ((320, 240), 400));
        assert_eq!(read("").unwrap().of("door"), MpegtsSettings::default());
        assert!(read("bitrate_kbps = 8000").unwrap().of("door").buffer_bytes >= 2_000_000);
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        let said = |text: &str| read(text).unwrap_err();
        for wrong in ["640", "640x", "641x480", "640x4096", "0x0", "640x480x2", "-2x4"] {
            let message = said(&format!("size = \"{wrong}\""));
            assert!(message.contains("mpegts.size") && message.contains(wrong), "{message}");
        }
        assert!(said("frames_per_second = 0.5").contains("between 1 and 60"));
        assert!(said("bitrate_kbps = 0").contains("mpegts.bitrate_kbps = 0"));
        assert!(said("keyframe_seconds = 11").contains("between 0.1 and 10"));
        assert!(said("buffer_kb = 100").contains("between 200 and"));
        assert!(said("[streams.door]\nbuffer_kb = 1").contains("mpegts.streams.door.buffer_kb"));
    }
}
