//! Why nothing comes from a source.

use std::time::Duration;

/// Why a driver came back. No text holds a password, nor an address as it was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The camera has nothing at this address, or cannot be asked at it.
    #[error("nothing can be fetched from this address: {0}")]
    BadAddress(String),
    #[error("the camera does not accept this user name and password")]
    Unauthorized,
    #[error("the camera cannot be reached: {0}")]
    Unreachable(String),
    #[error("there is no such camera: {0}")]
    NoCamera(String),
    #[error("this needs ffmpeg, which is not installed on the server")]
    NoFfmpeg,
    #[error("what comes cannot be shown or recorded: {0}")]
    NotMedia(String),
    #[error("nothing came for {} s", .0.as_secs())]
    Silent(Duration),
    /// It ended as if it were over.
    #[error("the camera has ended the stream")]
    Ended,
    /// Whoever wanted it does not any more.
    #[error("nobody wants it any more")]
    Over,
}

impl Failure {
    /// As it stands in messages.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::BadAddress(_) => "bad_address",
            Self::Unauthorized => "unauthorized",
            Self::Unreachable(_) => "unreachable",
            Self::NoCamera(_) => "no_camera",
            Self::NoFfmpeg => "no_ffmpeg",
            Self::NotMedia(_) => "not_media",
            Self::Silent(_) => "silent",
            Self::Ended => "ended",
            Self::Over => "over",
        }
    }
}
