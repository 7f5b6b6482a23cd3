//! How pictures and sound are encoded that come in no codec that is recorded. Pure.

use crate::ffmpeg::Abilities;

/// Files are cut at key frames, and viewers join there.
const KEY_FRAME_SECONDS: u32 = 2;

/// What cameras mostly deliver, where it is not known.
const USUAL_RATE: f64 = 30.0;

/// What is enough for a still scene with people in it, as these encoders do it in real time.
const BITS_PER_PIXEL: f64 = 0.08;

/// Of a picture whose size is not known before it comes.
const USUAL_BITRATE_KBPS: u32 = 2000;

/// Of any size: below is mud, above is what cameras on the network send of 4K.
const BITRATES_KBPS: std::ops::RangeInclusive<u32> = 300..=12_000;

/// Speech is clear with it, and music decent.
const SOUND_BPS: &str = "128k";

/// A video encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VideoEncoder {
    X264,
    OpenH264,
    /// Of macOS.
    VideoToolbox,
    /// Of Windows.
    MediaFoundation,
    Vp8,
}

/// Best first. What a graphics card encodes is not asked for: ffmpeg lists it on computers that
/// have none.
const VIDEO_ENCODERS: [VideoEncoder; 5] = [
    VideoEncoder::X264,
    VideoEncoder::OpenH264,
    VideoEncoder::VideoToolbox,
    VideoEncoder::MediaFoundation,
    VideoEncoder::Vp8,
];

impl VideoEncoder {
    /// The best that this ffmpeg has.
    pub(super) fn of(abilities: &Abilities) -> Option<Self> {
        VIDEO_ENCODERS.into_iter().find(|encoder| abilities.encodes(encoder.name()))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::X264 => "libx264",
            Self::OpenH264 => "libopenh264",
            Self::VideoToolbox => "h264_videotoolbox",
            Self::MediaFoundation => "h264_mf",
            Self::Vp8 => "libvpx",
        }
    }

    pub(super) fn family(self) -> Family {
        if self == Self::Vp8 { Family::Webm } else { Family::Mp4 }
    }

    /// What makes it fast and without delay. Baseline, since every browser takes it by WebRTC
    /// (RFC 7742 section 5).
    fn ways(self) -> &'static [&'static str] {
        match self {
            Self::X264 => &[
                "-preset",
                "veryfast",
                "-tune",
                "zerolatency",
                "-profile:v",
                "baseline",
                "-sc_threshold",
                "0",
            ],
            Self::OpenH264 => &["-profile:v", "constrained_baseline"],
            Self::VideoToolbox => &["-realtime", "1", "-profile:v", "baseline", "-allow_sw", "1"],
            Self::MediaFoundation => &["-scenario", "live_streaming", "-rate_control", "u_vbr"],
            Self::Vp8 => &["-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0"],
        }
    }

    /// The arguments for the first video stream of an output.
    pub(super) fn arguments(self, wanted: &Wanted) -> Vec<String> {
        let mut arguments = vec!["-c:v".to_owned(), self.name().to_owned()];
        arguments.extend(self.ways().iter().map(|&way| way.to_owned()));
        let kbps = wanted.bitrate_kbps();
        // For an encoder that is not forced; the same distance would give two in a row.
        let seconds = f64::from(2 * KEY_FRAME_SECONDS);
        let frames = wanted.frames_per_second.unwrap_or(USUAL_RATE) * seconds;
        arguments.extend(["-pix_fmt".to_owned(), "yuv420p".to_owned()]);
        arguments.extend(["-b:v".to_owned(), format!("{kbps}k")]);
        arguments.extend(["-maxrate".to_owned(), format!("{kbps}k")]);
        arguments.extend(["-bufsize".to_owned(), format!("{kbps}k")]);
        arguments.extend(["-g".to_owned(), format!("{:.0}", frames.floor().max(1.0))]);
        // A camera in the dark delivers fewer frames than it says.
        let forced = format!("expr:gte(t,n_forced*{KEY_FRAME_SECONDS})");
        arguments.extend(["-force_key_frames".to_owned(), forced]);
        // Its frames keep the times at which they were taken, as Matroska writes them.
        arguments.extend(["-enc_time_base:v".to_owned(), "1:1000".to_owned()]);
        arguments
    }
}

/// What is known of the pictures, and asked of them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Wanted {
    pub(super) size: Option<(u32, u32)>,
    pub(super) frames_per_second: Option<f64>,
    pub(super) bitrate_kbps: Option<u32>,
}

impl Wanted {
    fn bitrate_kbps(&self) -> u32 {
        let usual = |(width, height): (u32, u32)| {
            let rate = self.frames_per_second.unwrap_or(USUAL_RATE);
            let bps = f64::from(width) * f64::from(height) * rate * BITS_PER_PIXEL;
            ((bps / 1000.0) as u32).clamp(*BITRATES_KBPS.start(), *BITRATES_KBPS.end())
        };
        self.bitrate_kbps.or_else(|| self.size.map(usual)).unwrap_or(USUAL_BITRATE_KBPS)
    }
}

/// Which files the pictures end in; it decides about the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Mp4,
    Webm,
}

/// The arguments that encode sound for it; none where this ffmpeg cannot. AAC beside H.264, since
/// such files play everywhere.
pub(super) fn sound(family: Family, abilities: &Abilities) -> Option<Vec<String>> {
    let encoders: &[&str] = match family {
        Family::Mp4 => &["aac", "libopus"],
        Family::Webm => &["libopus", "libvorbis"],
    };
    let encoder = encoders.iter().find(|encoder| abilities.encodes(encoder))?;
    let arguments = ["-c:a", encoder, "-b:a", SOUND_BPS, "-ar", "48000"];
    Some(arguments.map(str::to_owned).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_encoder_that_is_there_is_taken() {
        let of = |encoders: &[&str]| VideoEncoder::of(&Abilities::with(encoders, &[]));
        assert_eq!(of(&["libvpx", "libopenh264", "h264_vaapi"]), Some(VideoEncoder::OpenH264));
        assert_eq!(of(&["libvpx", "libopenh264", "libx264"]), Some(VideoEncoder::X264));
        assert_eq!(of(&["libvpx", "h264_nvenc"]).map(VideoEncoder::family), Some(Family::Webm));
        assert_eq!(of(&["h264_nvenc", "mpeg4"]), None);
    }

    #[test]
    fn a_key_frame_comes_every_two_seconds_at_any_rate() {
        let wanted = Wanted { frames_per_second: Some(12.5), ..Wanted::default() };
        let line = VideoEncoder::X264.arguments(&wanted).join(" ");
        assert!(line.contains("-g 50 ") && line.contains("gte(t,n_forced*2)"), "{line}");
        let slow = Wanted { frames_per_second: Some(0.1), ..Wanted::default() };
        assert!(VideoEncoder::Vp8.arguments(&slow).join(" ").contains("-g 1 "));
    }

    #[test]
    fn the_bitrate_follows_the_size_unless_it_is_given() {
        let wanted = |size, bitrate_kbps| Wanted { size, bitrate_kbps, ..Wanted::default() };
        assert_eq!(wanted(Some((1280, 720)), None).bitrate_kbps(), 2211);
        assert_eq!(wanted(Some((160, 120)), None).bitrate_kbps(), 300);
        assert_eq!(wanted(Some((1280, 720)), Some(800)).bitrate_kbps(), 800);
        assert_eq!(wanted(None, None).bitrate_kbps(), 2000);
    }

    #[test]
    fn the_sound_fits_the_files_that_the_pictures_end_in() {
        let all = Abilities::with(&["aac", "libopus"], &[]);
        assert_eq!(sound(Family::Mp4, &all).unwrap()[1], "aac");
        assert_eq!(sound(Family::Webm, &all).unwrap()[1], "libopus");
        assert_eq!(sound(Family::Webm, &Abilities::with(&["aac"], &[])), None);
    }
}
