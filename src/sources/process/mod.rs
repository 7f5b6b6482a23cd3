//! What ffmpeg fetches: attached cameras, files, a test pattern, and cameras on the network that
//! speak what [`super::rtsp`] does not.

mod camera;
mod cameras;
mod encoding;
mod facts;
mod network;
mod plan;
mod pump;
mod reason;
mod table;

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use utoipa::ToSchema;

use super::failure::Failure;
use super::intake::Intake;
use super::spec::{CameraSound, File, Input, Rtsp};
use crate::clock;
use crate::ffmpeg::{ANSWER_PATIENCE, Abilities, Answer, Ffmpeg, Words};
pub(crate) use cameras::Cameras;
use encoding::{VideoEncoder, Wanted};
use facts::Facts;
use plan::{Plan, Sound, Video};
use pump::{End, pump};
use reason::{Kind, Way, failure, is_about_sound};
pub(crate) use table::table;

/// What this ffmpeg encodes cameras' pictures with.
pub(crate) fn video_encoder(abilities: &Abilities) -> Option<&'static str> {
    VideoEncoder::of(abilities).map(VideoEncoder::name)
}

/// A camera that is plugged into the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AttachedCamera {
    /// By which it can be chosen, too: Linux's own, elsewhere its place in the list.
    pub(crate) number: u32,
    /// By which it can be chosen.
    pub(crate) id: String,
    /// For people; it can be chosen by it, too.
    pub(crate) name: String,
    /// Such as `mjpeg 1280x720 30`.
    pub(crate) formats: Vec<String>,
}

/// What is to be fetched.
struct Task {
    plan: Plan,
    kind: Kind,
    /// What ffmpeg reads from its standard input.
    script: Option<String>,
    secrets: Vec<String>,
}

/// Fetches until that fails, or nothing more is wanted. Dropping the future ends the process.
pub(super) async fn run(ffmpeg: &Ffmpeg, input: &Input, intake: &mut Intake) -> Failure {
    match fetch(ffmpeg, input, intake).await {
        Ok(over) | Err(over) => over,
    }
}

/// The cameras that are plugged in.
pub(crate) async fn cameras(ffmpeg: &Ffmpeg) -> Vec<AttachedCamera> {
    camera::list(ffmpeg).await
}

async fn fetch(ffmpeg: &Ffmpeg, input: &Input, intake: &mut Intake) -> Result<Failure, Failure> {
    let task = Task::of(ffmpeg, input, true).await?;
    let end = task.run(ffmpeg, intake).await?;
    let is_default = matches!(input, Input::Camera(c) if c.sound == CameraSound::Default);
    if let End::Exited { words, has_delivered: false, .. } = &end
        && is_default
        && task.plan.sound != Sound::None
        && is_about_sound(words)
    {
        // Nobody asked for this microphone in particular.
        let reason = words.reason().unwrap_or_default();
        tracing::warn!(%reason, "a camera's microphone cannot be opened; it is recorded without sound");
        let silent = Task::of(ffmpeg, input, false).await?;
        let end = silent.run(ffmpeg, intake).await?;
        return Ok(silent.failure(end));
    }
    Ok(task.failure(end))
}

impl Task {
    /// What has to be done for this input, as things are now.
    async fn of(ffmpeg: &Ffmpeg, input: &Input, has_sound: bool) -> Result<Self, Failure> {
        match input {
            Input::Pattern(pattern) => Ok(Self {
                plan: Plan::pattern(pattern),
                kind: Kind::Pattern,
                script: None,
                secrets: Vec::new(),
            }),
            Input::Camera(camera) => {
                let abilities = ffmpeg.abilities().await.map_err(not_started)?;
                let found = camera::find(ffmpeg, &camera.device).await;
                let (device, formats) = found.map_err(|e| Failure::NoCamera(e.to_string()))?;
                Ok(Self {
                    plan: camera::plan(camera, (&device, &formats), has_sound, abilities),
                    kind: Kind::Camera(device.name().to_owned()),
                    script: None,
                    secrets: Vec::new(),
                })
            }
            Input::File(file) => Self::of_file(ffmpeg, file).await,
            Input::Rtsp(rtsp) => Self::of_network(ffmpeg, rtsp).await,
        }
    }

    async fn of_file(ffmpeg: &Ffmpeg, file: &File) -> Result<Self, Failure> {
        let kind = Kind::File(file.path.display().to_string());
        // A name is no address, and a playlist leads to no other place.
        let mut path = OsString::from("file:");
        path.push(&file.path);
        let place = ["-protocol_whitelist", "file", "-i"].map(OsString::from);
        let looked_at = format!("%+{}", facts::LOOKED_AT_SECONDS);
        let question = ["-read_intervals".into(), looked_at.into()].into_iter();
        let question = Facts::question().into_iter().map(OsString::from).chain(question);
        let question = question.chain(place.clone()).chain([path.clone()]);
        let facts = known(ffmpeg.probe(question, &[]).await, &kind, &[])?;
        let (video, sound) = match facts {
            Some(facts) => facts.of_file(file.has_sound),
            None => unknown(file.has_sound),
        };
        let paced = ["-re", "-stream_loop", "-1"].map(OsString::from);
        let plan = Plan {
            inputs: vec![paced.into_iter().chain(place).chain([path]).collect()],
            video,
            sound,
            has_pictures: false,
            is_on_clock: false,
        };
        Ok(Self { plan, kind, script: None, secrets: Vec::new() })
    }

    async fn of_network(ffmpeg: &Ffmpeg, rtsp: &Rtsp) -> Result<Self, Failure> {
        let bad_address = || Failure::BadAddress("it cannot hold this user name".to_owned());
        let script = network::script(rtsp).ok_or_else(bad_address)?;
        let secrets = network::secrets(rtsp);
        // Packets would have to be waited for.
        let question = Facts::question_about_streams().into_iter().map(OsString::from);
        let question = question.chain(network::input());
        let answer = ffmpeg.probe(question, script.as_bytes()).await;
        let facts = known(answer, &Kind::Network, &secrets)?;
        let has_pictures = facts.as_ref().is_some_and(Facts::has_jpegs);
        let (video, sound) = match facts {
            Some(facts) => facts.of_camera(rtsp.has_sound),
            None => unknown(rtsp.has_sound),
        };
        let inputs = vec![network::input()];
        let plan = Plan { inputs, video, sound, has_pictures, is_on_clock: false };
        Ok(Self { plan, kind: Kind::Network, script: Some(script), secrets })
    }

    /// Runs ffmpeg once.
    async fn run(&self, ffmpeg: &Ffmpeg, intake: &mut Intake) -> Result<End, Failure> {
        let abilities = ffmpeg.abilities().await.map_err(not_started)?;
        let arguments = self.plan.arguments(abilities, clock::now_us());
        let arguments = arguments.map_err(|error| Failure::NotMedia(error.to_string()))?;
        let is_spoken_with = self.script.is_some() || self.plan.has_pictures;
        let (side, input) =
            if is_spoken_with { sides().map_err(not_started)? } else { (None, Stdio::null()) };
        let fetching = ffmpeg.fetch(arguments, input).map_err(not_started)?;
        let side = match (side, &self.script) {
            (Some(mut side), Some(script)) => {
                // One that does not listen says so by its end.
                let _ = side.write_all(script.as_bytes()).await;
                let _ = side.shutdown().await;
                Some(side)
            }
            (side, _) => side,
        };
        let words = Words::without(self.secrets.iter().cloned());
        Ok(pump(fetching, side.filter(|_| self.plan.has_pictures), words, intake).await)
    }

    fn failure(&self, end: End) -> Failure {
        match end {
            End::Silent(patience) => Failure::Silent(patience),
            End::Refused(failure) => failure,
            End::Exited { words, way, .. } => failure(&self.kind, &words, way),
        }
    }
}

/// A socket as ffmpeg's standard input: it reads its script from it, and writes the pictures to it
/// that do not belong in its output.
fn sides() -> io::Result<(Option<UnixStream>, Stdio)> {
    let (ours, its) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((Some(UnixStream::from_std(ours)?), OwnedFd::from(its).into()))
}

fn not_started(error: io::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => Failure::NoFfmpeg,
        _ => Failure::Stopped(format!("it cannot be started: {error}")),
    }
}

/// What ffprobe has found out. Nothing, where there is none.
fn known(
    answer: io::Result<Answer>,
    kind: &Kind,
    secrets: &[String],
) -> Result<Option<Facts>, Failure> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) if error.kind() == ErrorKind::TimedOut => {
            return Err(Failure::Silent(ANSWER_PATIENCE));
        }
        Err(_) => return Ok(None),
    };
    if answer.is_success {
        return Ok(Facts::read(&answer.output));
    }
    let mut words = Words::without(secrets.iter().cloned());
    words.push(answer.complaints.as_bytes());
    words.end();
    // Asking again with ffmpeg would fail the same way, and lock accounts sooner.
    Err(failure(kind, &words, Way::Failed))
}

/// What nothing is known of is encoded: that always works.
fn unknown(has_sound: bool) -> (Video, Sound) {
    let sound = if has_sound { Sound::Encoded } else { Sound::None };
    (Video::Encoded(Wanted::default()), sound)
}

#[cfg(test)]
mod tests;
