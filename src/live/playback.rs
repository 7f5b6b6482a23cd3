//! What answers a browser that offers to take a stream by WebRTC, whoever does it.

use tokio_util::sync::CancellationToken;

/// The answer to an offer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// By this name the connection is ended.
    pub(crate) id: String,
    pub(crate) sdp: String,
    pub(crate) sound: Sound,
}

/// What is heard of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sound {
    /// It has no sound.
    None,
    /// Its own.
    Original,
    /// Its own, converted to what the viewer can take.
    Converted,
    /// Nothing, because of this.
    Missing(NoSound),
}

/// Why a stream's sound is not heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoSound {
    #[error(
        "its sound has to be converted, which needs ffmpeg, and that is not installed on the server"
    )]
    NoFfmpeg,
    #[error("the server converts the sound of as many streams as it can")]
    TooMany,
    #[error("the offer takes no Opus")]
    NotOffered,
}

/// Why an offer gets no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("there is no stream {0}")]
    NoStream(String),
    /// Nothing has come of it yet.
    #[error("the stream {0} has not begun yet; try again in a moment")]
    NotYet(String),
    #[error("{0}")]
    BadOffer(String),
    /// The stream's codecs and those of the offer do not meet; another way of watching may do.
    #[error("{0}")]
    NotPlayable(String),
    #[error("the server has as many WebRTC viewers as it takes")]
    TooMany,
    #[error("this server has no WebRTC: it is turned off, or its port is taken (--webrtc-port)")]
    Off,
}

/// Serves viewers by WebRTC.
pub(crate) trait Playback: Send + Sync {
    /// Answers an offer (SDP) for a stream, to a viewer who watches until `ended`.
    fn answer(
        &self,
        stream: &str,
        offer: &str,
        ended: CancellationToken,
    ) -> Result<Answer, Refusal>;
    /// Ends a connection; false when there is none of this name.
    fn end(&self, id: &str) -> bool;
}

/// WebRTC is turned off, or cannot be had.
pub(crate) struct NoPlayback;

impl Playback for NoPlayback {
    fn answer(
        &self,
        _stream: &str,
        _offer: &str,
        _ended: CancellationToken,
    ) -> Result<Answer, Refusal> {
        Err(Refusal::Off)
    }

    fn end(&self, _id: &str) -> bool {
        false
    }
}
