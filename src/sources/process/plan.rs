//! What ffmpeg is told for a source. Pure.

use std::ffi::OsString;

use super::encoding::{self, Family, VideoEncoder, Wanted};
use crate::clock::WallUs;
use crate::ffmpeg::Abilities;
use crate::sources::spec::Pattern;

/// A pattern's, unless it is told.
const PATTERN_SIZE: (u32, u32) = (1280, 720);
const PATTERN_RATE: f64 = 25.0;

/// What is fetched, and what becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// The arguments of the input with the pictures, and of one with the sound, each with its
    /// `-i`.
    pub(super) inputs: Vec<Vec<OsString>>,
    pub(super) video: Video,
    pub(super) sound: Sound,
    /// Whether the camera's own JPEGs are written to the standard input, which is a socket then.
    pub(super) has_pictures: bool,
    /// Whether the inputs' times are the computer's, which tells how they belong together.
    pub(super) is_on_clock: bool,
}

/// What becomes of the pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Video {
    /// Recorded as they are, into files of this family.
    Copied(Family),
    Encoded(Wanted),
    None,
}

/// What becomes of the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sound {
    Copied,
    Encoded,
    None,
}

/// This ffmpeg can encode nothing that is recorded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this ffmpeg can encode neither H.264 nor VP8; install one with libx264, libopenh264 or libvpx"
)]
pub(super) struct NoEncoder;

impl Plan {
    /// A picture that moves, with a clock in it, and a beep each second.
    pub(super) fn pattern(pattern: &Pattern) -> Self {
        let (width, height) = pattern.size.unwrap_or(PATTERN_SIZE);
        let rate = pattern.frames_per_second.unwrap_or(PATTERN_RATE);
        // Both are made no faster than they are seen.
        let made = |what: String| ["-re", "-f", "lavfi", "-i", &what].map(OsString::from).to_vec();
        let mut inputs = vec![made(format!("testsrc2=size={width}x{height}:rate={rate}"))];
        if pattern.has_sound {
            let beep = r"if(lt(mod(t\,1)\,0.05)\,0.2*sin(2*PI*1000*t))";
            inputs.push(made(format!("aevalsrc={beep}:s=48000")));
        }
        let wanted = Wanted {
            size: Some((width, height)),
            frames_per_second: Some(rate),
            bitrate_kbps: pattern.bitrate_kbps,
        };
        Self {
            inputs,
            video: Video::Encoded(wanted),
            sound: if pattern.has_sound { Sound::Encoded } else { Sound::None },
            has_pictures: false,
            is_on_clock: false,
        }
    }

    /// What ffmpeg is started with, at `now_us`.
    pub(super) fn arguments(
        &self,
        abilities: &Abilities,
        now_us: WallUs,
    ) -> Result<Vec<OsString>, NoEncoder> {
        let mut arguments: Vec<OsString> = self.inputs.iter().flatten().cloned().collect();
        let mut tell = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
        let family = match self.video {
            Video::Copied(family) => {
                tell(&["-map", "0:v:0", "-c:v", "copy"]);
                family
            }
            Video::Encoded(wanted) => {
                let encoder = VideoEncoder::of(abilities).ok_or(NoEncoder)?;
                tell(&["-map", "0:v:0"]);
                let words = encoder.arguments(&wanted);
                tell(&words.iter().map(String::as_str).collect::<Vec<_>>());
                encoder.family()
            }
            Video::None => Family::Webm,
        };
        // It may turn out that there is none.
        let heard = format!("{}:a:0?", self.inputs.len().saturating_sub(1));
        match self.sound {
            Sound::Copied => tell(&["-map", &heard, "-c:a", "copy"]),
            Sound::Encoded => {
                // A picture without its sound is better than none.
                if let Some(words) = encoding::sound(family, abilities) {
                    tell(&["-map", &heard]);
                    tell(&words.iter().map(String::as_str).collect::<Vec<_>>());
                }
            }
            Sound::None => {}
        }
        if self.is_on_clock {
            // The stream begins at about zero all the same.
            tell(&["-copyts", "-output_ts_offset", &format!("-{}us", now_us)]);
        }
        // Each packet leaves in a cluster of its own as soon as the next one is there; one track
        // that stands still holds the other up no longer than this.
        tell(&["-max_interleave_delta", "500000", "-f", "matroska", "-live", "1"]);
        tell(&["-cluster_size_limit", "0", "-flush_packets", "1", "pipe:1"]);
        if self.has_pictures {
            // Cameras leave out the tables that a JPEG needs by itself.
            tell(&["-map", "0:v:0", "-c:v", "copy", "-bsf:v", "mjpeg2jpeg"]);
            tell(&["-f", "mpjpeg", "-flush_packets", "1", "pipe:0"]);
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(plan: &Plan, encoders: &[&str]) -> String {
        let arguments =
            plan.arguments(&Abilities::with(encoders, &[]), 1_700_000_000_123_456).unwrap();
        let words: Vec<_> = arguments.iter().map(|word| word.to_str().unwrap()).collect();
        words.join(" ")
    }

    fn pattern(has_sound: bool) -> Plan {
        let size = Some((640, 480));
        let (frames_per_second, bitrate_kbps) = (Some(10.0), Some(500));
        Plan::pattern(&Pattern { size, frames_per_second, bitrate_kbps, has_sound })
    }

    #[test]
    fn a_pattern_is_encoded_with_what_there_is() {
        let line = line(&pattern(true), &["libvpx", "libopus", "aac"]);
        assert!(line.contains("-re -f lavfi -i testsrc2=size=640x480:rate=10 "), "{line}");
        assert!(line.contains("-c:v libvpx ") && line.contains("-b:v 500k "), "{line}");
        assert!(line.contains("-map 1:a:0? -c:a libopus "), "{line}");
        assert!(line.ends_with(" pipe:1"), "{line}");
    }

    #[test]
    fn a_pattern_without_sound_has_one_input() {
        let line = line(&pattern(false), &["libx264", "aac"]);
        assert!(!line.contains(":a:0") && line.matches(" -i ").count() == 1, "{line}");
    }

    #[test]
    fn sound_that_cannot_be_encoded_is_left_out() {
        let line = line(&pattern(true), &["libvpx"]);
        assert!(!line.contains(":a:0"), "{line}");
    }

    #[test]
    fn without_an_encoder_it_is_said_what_to_install() {
        let error = pattern(true).arguments(&Abilities::with(&["mpeg4"], &[]), 0).unwrap_err();
        assert!(error.to_string().contains("libx264"));
    }

    #[test]
    fn times_of_the_computers_clock_begin_at_zero() {
        let line = line(&Plan { is_on_clock: true, ..pattern(true) }, &["libx264", "aac"]);
        assert!(line.contains(" -copyts -output_ts_offset -1700000000123456us "), "{line}");
    }

    #[test]
    fn a_copy_is_no_encoding_and_a_cameras_jpegs_go_beside() {
        let plan = Plan {
            inputs: vec![["-i", "x"].map(OsString::from).to_vec()],
            video: Video::Copied(Family::Mp4),
            sound: Sound::Copied,
            has_pictures: true,
            is_on_clock: false,
        };
        let line = line(&plan, &[]);
        assert!(line.contains("-map 0:v:0 -c:v copy -map 0:a:0? -c:a copy "), "{line}");
        assert!(line.contains("-c:v copy -bsf:v mjpeg2jpeg -f mpjpeg "), "{line}");
        assert!(line.ends_with(" pipe:0"), "{line}");
    }
}
