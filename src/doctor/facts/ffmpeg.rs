//! Asks ffmpeg what it is and what it can.

use super::super::findings::ffmpeg::Facts;
use crate::config::sources::{Input, Spec};
use crate::ffmpeg::Ffmpeg;
use crate::sources::video_encoder;
use crate::text::{cut, one_line};

/// Encoders beside that for cameras, and what they are for.
const ENCODERS: [(&str, &str); 3] = [
    ("mjpeg", "mjpeg (single pictures)"),
    ("mpeg1video", "mpeg1video (viewers by JSMpeg)"),
    ("libopus", "libopus (sound for viewers by WebRTC)"),
];

/// A version's name, without what stands behind it.
const MAX_VERSION_CHARS: usize = 60;

pub(in super::super) async fn gather(ffmpeg: &Ffmpeg, sources: &[Spec]) -> Facts {
    let through_it = sources.iter().filter(|spec| !matches!(spec.input, Input::Rtsp(_)));
    let sources = through_it.map(|spec| spec.name.to_string()).collect();
    if !ffmpeg.is_there() {
        return Facts { sources, ..Facts::default() };
    }
    let (version, probe, abilities) =
        tokio::join!(ffmpeg.ask(["-version"]), ffmpeg.probe(["-version"], &[]), ffmpeg.abilities());
    let version = version.ok().filter(|answer| answer.is_success);
    let version = version.and_then(|answer| version_of(&answer.output));
    let abilities = abilities.cloned().unwrap_or_default();
    let lacks = ENCODERS.into_iter().filter(|(encoder, _)| !abilities.encodes(encoder));
    Facts {
        is_there: true,
        version,
        has_probe: probe.is_ok_and(|answer| answer.is_success),
        video_encoder: video_encoder(&abilities),
        lacks: lacks.map(|(_, what)| what).collect(),
        sources,
    }
}

/// The first line, up to whose it is.
fn version_of(said: &str) -> Option<String> {
    let line = said.lines().next()?;
    let line = line.split(" Copyright").next()?;
    Some(cut(&one_line(line), MAX_VERSION_CHARS)).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_what_stands_before_whose_it_is() {
        let said = "ffmpeg version 7.1.1-1 Copyright (c) 2000-2025 the FFmpeg developers\nbuilt";
        assert_eq!(version_of(said).as_deref(), Some("ffmpeg version 7.1.1-1"));
        assert_eq!(version_of(""), None);
    }
}
