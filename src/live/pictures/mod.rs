//! Live streams as JPEGs, for what plays no video. Decoded by ffmpeg, once for all who look, and
//! only while somebody does.

mod decoder;
pub(crate) mod parts;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::ffmpeg::Ffmpeg;
use super::fragments::Format;
use super::{State, Streams, Viewer};
use crate::clock::{self, WallUs};

/// A decoder takes a part of a core; with more of them the server would do nothing else.
const MAX_DECODERS: usize = 16;

/// An older picture is not shown to who comes.
const FRESH_US: i64 = 1_000_000;

/// Makes pictures of live streams. Clones share the decoders.
#[derive(Debug, Clone)]
pub(crate) struct Pictures {
    streams: Streams,
    ffmpeg: Ffmpeg,
    decoders: Arc<Mutex<HashMap<Key, Weak<Decoder>>>>,
}

type Key = (String, Quality);

/// A picture.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) jpeg: Bytes,
    /// When it was decoded.
    pub(crate) at_us: WallUs,
}

/// How good the pictures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Quality {
    Low,
    Medium,
    High,
}

impl Quality {
    /// Of a number from 1 to 100, as JPEG programs count.
    pub(crate) fn of_percent(percent: u8) -> Self {
        match percent {
            0..=40 => Self::Low,
            41..=80 => Self::Medium,
            _ => Self::High,
        }
    }

    /// As ffmpeg counts: 2 is best, 31 worst.
    fn scale(self) -> &'static str {
        match self {
            Self::Low => "14",
            Self::Medium => "6",
            Self::High => "3",
        }
    }
}

/// Why there are no pictures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoPictures {
    #[error("there is no stream {0}")]
    NoStream(String),
    #[error("the stream {0} is not live at the moment")]
    NotLive(String),
    #[error("the stream {0} has no picture, only sound")]
    NoVideo(String),
    #[error("pictures need ffmpeg, which is not installed on the server")]
    NoFfmpeg,
    #[error("the server makes pictures of as many streams as it can; try again later")]
    TooMany,
}

/// Somebody who looks at a stream.
#[derive(Debug)]
pub(crate) struct Looking {
    pictures: watch::Receiver<Option<Picture>>,
    _decoder: Arc<Decoder>,
}

/// A running decoder; it ends with the last who looks.
#[derive(Debug)]
struct Decoder {
    pictures: watch::Receiver<Option<Picture>>,
    task: AbortHandle,
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Pictures {
    pub(crate) fn new(streams: Streams) -> Self {
        Self { streams, ffmpeg: Ffmpeg::default(), decoders: Arc::default() }
    }

    /// Looks at a stream.
    pub(crate) fn look(&self, name: &str, quality: Quality) -> Result<Looking, NoPictures> {
        let no_stream = || NoPictures::NoStream(name.to_owned());
        let stream = self.streams.get(name).ok_or_else(no_stream)?;
        if stream.has_video() == Some(false) {
            return Err(NoPictures::NoVideo(name.to_owned()));
        }
        if stream.state().0 != State::Live {
            return Err(NoPictures::NotLive(name.to_owned()));
        }
        let mut decoders = self.decoders.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name.to_owned(), quality);
        // One that has ended with its stream is of no use to the next one of that name.
        let running = decoders.get(&key).and_then(Weak::upgrade);
        let running = running.filter(|decoder| !decoder.task.is_finished());
        if let Some(decoder) = running {
            let mut pictures = decoder.pictures.clone();
            let is_fresh = |picture: &Picture| clock::now_us() - picture.at_us < FRESH_US;
            if pictures.borrow().as_ref().is_some_and(is_fresh) {
                pictures.mark_changed();
            }
            return Ok(Looking { pictures, _decoder: decoder });
        }
        decoders.retain(|_, decoder| decoder.strong_count() > 0);
        if decoders.len() >= MAX_DECODERS {
            return Err(NoPictures::TooMany);
        }
        if !self.ffmpeg.is_there() {
            return Err(NoPictures::NoFfmpeg);
        }
        let (sender, pictures) = watch::channel(None);
        let (ffmpeg, viewer) = (self.ffmpeg.clone(), Viewer::new(stream));
        let task = tokio::spawn(async move {
            decoder::run(&ffmpeg, quality, viewer, &sender).await;
        });
        let task = task.abort_handle();
        let decoder = Arc::new(Decoder { pictures: pictures.clone(), task });
        decoders.insert(key, Arc::downgrade(&decoder));
        Ok(Looking { pictures, _decoder: decoder })
    }
}

impl Looking {
    /// The next picture; `None` when the stream is over. Who is slow sees fewer. Dropping the
    /// future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Picture> {
        loop {
            // Also the first time: a decoder that runs already has one.
            self.pictures.changed().await.ok()?;
            let picture = self.pictures.borrow_and_update().clone();
            if picture.is_some() {
                return picture;
            }
        }
    }
}
