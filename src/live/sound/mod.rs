//! The sound of live streams as Opus, for viewers by WebRTC, which carries nothing else of what is
//! recorded. Converted by ffmpeg, once for all who listen to a stream, and only while somebody
//! does.

mod job;
mod output;

use std::sync::Arc;

use bytes::Bytes;
use container::{Kind, Track};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::Stream;
use super::playback::NoSound;
use super::transcoder::{Client, Pool, Refusal, Transcoders};
use crate::clock::WallUs;
use job::Opus;

/// Has sound converted. Clones share what converts it.
#[derive(Debug, Clone)]
pub(crate) struct Sounds {
    pool: Pool<Opus>,
}

/// A packet of Opus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    /// Of the generation that it belongs to.
    pub(crate) anchor_us: WallUs,
    /// Media time at which its sound begins.
    pub(crate) at_ns: i64,
    pub(crate) data: Bytes,
}

/// Somebody who listens to a stream.
#[derive(Debug)]
pub(crate) struct Listening {
    packets: broadcast::Receiver<Packet>,
    /// Packets that were not taken in time.
    missed: u64,
    _client: Client<Opus>,
}

/// Whether WebRTC carries a track's sound as it is.
pub(crate) fn is_opus(track: &Track) -> bool {
    matches!(track.codec.as_str(), "A_OPUS" | "Opus")
}

/// The sound among the tracks that has to be converted.
pub(crate) fn to_convert(tracks: &[Track]) -> Option<(usize, &Track)> {
    let mut sounds = tracks.iter().enumerate().filter(|(_, track)| track.kind == Kind::Audio);
    // One is heard, and one that needs no conversion before others.
    let first = sounds.clone().next()?;
    (!sounds.any(|(_, track)| is_opus(track))).then_some(first)
}

impl Sounds {
    pub(crate) fn new(transcoders: Transcoders) -> Self {
        Self { pool: Pool::new(transcoders) }
    }

    /// Listens to a stream whose sound has to be converted.
    pub(crate) fn listen(&self, stream: &Arc<Stream>) -> Result<Listening, NoSound> {
        let client =
            self.pool.join(stream, Opus::new(), |_| None).map_err(|error| match error {
                Refusal::NoFfmpeg => NoSound::NoFfmpeg,
                _ => NoSound::TooMany,
            })?;
        Ok(Listening { packets: client.job().packets(), missed: 0, _client: client })
    }
}

impl Listening {
    /// The next packet; never when the stream is over. Who is slow hears less. Dropping the future
    /// loses nothing.
    pub(crate) async fn next(&mut self) -> Packet {
        loop {
            match self.packets.recv().await {
                Ok(packet) => return packet,
                Err(RecvError::Lagged(missed)) => self.missed += missed,
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if self.missed > 0 {
            tracing::debug!(packets = self.missed, "a viewer did not take all of the sound");
        }
    }
}

#[cfg(test)]
mod tests;
