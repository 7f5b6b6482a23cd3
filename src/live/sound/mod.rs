//! The sound of live streams as Opus, for viewers by WebRTC, which carries nothing else of what is
//! recorded. Converted by ffmpeg, once for all who listen to a stream, and only while somebody
//! does.

mod converter;
mod input;
mod output;
mod progress;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use container::{Kind, Track};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;

use super::ffmpeg::Ffmpeg;
use super::playback::NoSound;
use super::{Stream, Viewer};
use crate::clock::WallUs;

/// A converter takes a hundredth of a core and some tens of megabytes; the bound is for a server
/// on which everything is watched at once.
const MAX_CONVERTERS: usize = 16;

/// Packets that wait for who does not take them: 5 s of 20 ms each.
const KEPT_PACKETS: usize = 256;

/// Has sound converted. Clones share the converters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sounds {
    ffmpeg: Ffmpeg,
    /// By the stream's name.
    converters: Arc<Mutex<HashMap<String, Weak<Converter>>>>,
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
    _converter: Arc<Converter>,
}

/// A running converter; it ends with the last who listens.
#[derive(Debug)]
struct Converter {
    stream: Weak<Stream>,
    packets: broadcast::Sender<Packet>,
    task: AbortHandle,
}

impl Drop for Converter {
    fn drop(&mut self) {
        self.task.abort();
    }
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
    /// Listens to a stream whose sound has to be converted.
    pub(crate) fn listen(&self, stream: &Arc<Stream>) -> Result<Listening, NoSound> {
        let mut converters = self.converters.lock().unwrap_or_else(PoisonError::into_inner);
        // One that has ended with its stream is of no use to the next one of that name.
        let is_its = |converter: &Arc<Converter>| {
            let stream = Arc::downgrade(stream);
            Weak::ptr_eq(&converter.stream, &stream) && !converter.task.is_finished()
        };
        let running = converters.get(stream.name()).and_then(Weak::upgrade).filter(is_its);
        if let Some(converter) = running {
            return Ok(Listening::to(converter));
        }
        converters.retain(|_, converter| converter.strong_count() > 0);
        if converters.len() >= MAX_CONVERTERS {
            return Err(NoSound::TooMany);
        }
        if !self.ffmpeg.is_there() {
            return Err(NoSound::NoFfmpeg);
        }
        let packets = broadcast::Sender::new(KEPT_PACKETS);
        let (ffmpeg, viewer) = (self.ffmpeg.clone(), Viewer::new(Arc::clone(stream)));
        let (name, sender) = (stream.name().to_owned(), packets.clone());
        let key = name.clone();
        let task = tokio::spawn(async move {
            converter::run(&ffmpeg, &name, viewer, &sender).await;
        });
        let task = task.abort_handle();
        let converter = Arc::new(Converter { stream: Arc::downgrade(stream), packets, task });
        converters.insert(key, Arc::downgrade(&converter));
        Ok(Listening::to(converter))
    }
}

impl Listening {
    fn to(converter: Arc<Converter>) -> Self {
        Self { packets: converter.packets.subscribe(), missed: 0, _converter: converter }
    }

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
