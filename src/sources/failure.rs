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
    /// What the camera sends is fetched by ffmpeg or not at all.
    #[error("the camera sends {0}, which needs ffmpeg on the server")]
    OtherCodec(String),
    #[error("nothing came for {} s", .0.as_secs())]
    Silent(Duration),
    /// It ended as if it were over.
    #[error("the camera has ended the stream")]
    Ended,
    /// What fetched it has ended, for this reason.
    #[error("ffmpeg has ended: {0}")]
    Stopped(String),
    /// Whoever wanted it does not any more.
    #[error("nobody wants it any more")]
    Over,
}

impl Failure {
    /// The same with other words.
    pub(super) fn map(self, words: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::BadAddress(text) => Self::BadAddress(words(text)),
            Self::Unreachable(text) => Self::Unreachable(words(text)),
            Self::NoCamera(text) => Self::NoCamera(words(text)),
            Self::NotMedia(text) => Self::NotMedia(words(text)),
            Self::Stopped(text) => Self::Stopped(words(text)),
            Self::OtherCodec(text) => Self::OtherCodec(words(text)),
            Self::Unauthorized | Self::NoFfmpeg | Self::Silent(_) | Self::Ended | Self::Over => {
                self
            }
        }
    }

    /// What to do about it.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::BadAddress(_) => "check its address, or where its file is",
            Self::Unauthorized => "correct user and password",
            Self::Unreachable(_) => "see whether it is on, in this network, and its address right",
            Self::NoCamera(_) => "see whether it is plugged in",
            Self::NoFfmpeg | Self::OtherCodec(_) => "install ffmpeg on the server",
            Self::NotMedia(_) => "choose H.264 at the camera, or another file",
            Self::Silent(_) | Self::Ended | Self::Stopped(_) | Self::Over => {
                "see whether it works, and start it anew"
            }
        }
    }

    /// As it stands in messages.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::BadAddress(_) => "bad_address",
            Self::Unauthorized => "unauthorized",
            Self::Unreachable(_) => "unreachable",
            Self::NoCamera(_) => "no_camera",
            Self::NoFfmpeg => "no_ffmpeg",
            Self::NotMedia(_) => "not_media",
            Self::OtherCodec(_) => "other_codec",
            Self::Silent(_) => "silent",
            Self::Ended => "ended",
            Self::Stopped(_) => "stopped",
            Self::Over => "over",
        }
    }
}
