//! What ffmpeg fetches: attached cameras, files, a test pattern, and cameras on the network that
//! speak what [`super::rtsp`] does not.

use serde::Serialize;

use super::failure::Failure;
use super::intake::Intake;
use super::spec::Input;
use crate::live::ffmpeg::Ffmpeg;

/// A camera that is plugged into the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AttachedCamera {
    /// By which it can be chosen.
    pub(crate) id: String,
    /// For people.
    pub(crate) name: String,
    /// Such as `mjpeg 1280x720 30`.
    pub(crate) formats: Vec<String>,
}

/// Fetches until that fails, or nothing more is wanted. Dropping the future ends the process.
pub(super) async fn run(_ffmpeg: &Ffmpeg, _input: &Input, _intake: &mut Intake) -> Failure {
    Failure::NoFfmpeg
}

/// The cameras that are plugged in.
pub(crate) async fn cameras(_ffmpeg: &Ffmpeg) -> Vec<AttachedCamera> {
    Vec::new()
}
