//! One MP4 of recordings that one file cannot hold as they are, by ffmpeg.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::reading;
use super::writing::{Unnamed, copy};
use crate::console;
use crate::ffmpeg::{self, Ffmpeg};
use crate::interruption::Interruption;
use crate::library::reels::{Outline, Portion};

/// What players everywhere play, at a quality at which nobody sees the difference.
const VIDEO: [&str; 8] =
    ["-c:v", "libx264", "-crf", "18", "-preset", "veryfast", "-pix_fmt", "yuv420p"];
const SOUND: [&str; 4] = ["-c:a", "aac", "-b:a", "160k"];

/// Encodes all of them anew, one behind the other, in the size of the first.
pub(super) fn write(portions: &[Portion], path: &Path, stop: &Interruption) -> Result<PathBuf> {
    let ffmpeg = Ffmpeg::default();
    if !ffmpeg.is_there() {
        bail!("--reencode needs ffmpeg, which is not installed. {}", ffmpeg::advice());
    }
    let (unnamed, file) = Unnamed::create(path)?;
    let mut inputs = Vec::new();
    for (number, portion) in portions.iter().enumerate() {
        let extension = portion.outline.container;
        let input = unnamed.beside().with_extension(format!("{number}.{extension}"));
        let (input, mut content) = Unnamed::create(&input)?;
        copy(&reading(portion)?, &mut content, stop)
            .with_context(|| format!("cannot write {}", input.beside().display()))?;
        inputs.push(input);
    }
    console::note("ffmpeg encodes it anew, which may take as long as the recording lasts");
    let mut command = Command::new(ffmpeg.program());
    command.args(["-nostdin", "-hide_banner", "-loglevel", "error", "-stats", "-y"]);
    for input in &inputs {
        command.arg("-i").arg(input.beside());
    }
    let (graph, has_sound) =
        graph(&portions.iter().map(|portion| &*portion.outline).collect::<Vec<_>>());
    command.args(["-filter_complex", &graph, "-map", "[v]"]).args(VIDEO);
    if has_sound {
        command.args(["-map", "[a]"]).args(SOUND);
    }
    command.args(["-movflags", "+faststart", "-f", "mp4"]).arg(unnamed.beside());
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.context("cannot run ffmpeg")?;
    stop.check()?;
    if !status.success() {
        bail!("ffmpeg has failed ({status}); what it said is above");
    }
    unnamed.name(&file)?;
    Ok(path.to_owned())
}

/// All pictures in the size of the first, with sound where any has some: silence for the others.
fn graph(all: &[&Outline]) -> (String, bool) {
    let with_video = all.iter().find(|outline| outline.has_video);
    let (width, height) = with_video.map_or((640, 360), |outline| outline.size);
    let (width, height) = (width & !1, height & !1);
    let has_sound = all.iter().any(|outline| outline.has_sound);
    let mut graph = String::new();
    let mut joined = String::new();
    for (number, outline) in all.iter().enumerate() {
        let seconds = outline.duration_us as f64 / 1e6;
        graph += &match outline.has_video {
            true => format!(
                "[{number}:v:0]scale={width}:{height}:force_original_aspect_ratio=decrease,\
                 pad={width}:{height}:-1:-1,setsar=1,format=yuv420p[v{number}];"
            ),
            false => format!("color=black:{width}x{height}:d={seconds},setsar=1[v{number}];"),
        };
        joined += &format!("[v{number}]");
        if has_sound {
            graph += &match outline.has_sound {
                true => format!(
                    "[{number}:a:0]aresample=48000:async=1,aformat=channel_layouts=stereo[a{number}];"
                ),
                false => format!("anullsrc=r=48000:cl=stereo:d={seconds}[a{number}];"),
            };
            joined += &format!("[a{number}]");
        }
    }
    let (count, sound) = (all.len(), u8::from(has_sound));
    let outputs = if has_sound { "[v][a]" } else { "[v]" };
    (format!("{graph}{joined}concat=n={count}:v=1:a={sound}{outputs}"), has_sound)
}
