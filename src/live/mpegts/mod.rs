//! Live streams as MPEG-1 video in MPEG-TS, for players that know nothing newer.

mod job;
mod rate;
mod ring;

use bytes::Bytes;
use tokio::sync::watch;

use super::transcoder::{Client, Pool, Refusal, Transcoders};
use super::{State, Streams};
use crate::config::{self, InForce};
use job::Mpeg1;
use ring::Cursor;

/// Makes MPEG-TS of live streams. Clones share what makes it.
#[derive(Debug, Clone)]
pub(crate) struct Mpegts {
    streams: Streams,
    pool: Pool<Mpeg1>,
    settings: InForce<config::Mpegts>,
}

/// Somebody who watches.
#[derive(Debug)]
pub(crate) struct Watching {
    client: Client<Mpeg1>,
    cursor: Cursor,
    changed: watch::Receiver<()>,
}

impl Mpegts {
    pub(crate) fn new(
        streams: Streams,
        transcoders: Transcoders,
        settings: InForce<config::Mpegts>,
    ) -> Self {
        Self { streams, pool: Pool::new(transcoders), settings }
    }

    /// Watches a stream.
    ///
    /// # Errors
    /// When nothing can be made of it.
    pub(crate) fn watch(&self, name: &str) -> Result<Watching, Refusal> {
        let stream = self.streams.get(name).ok_or_else(|| Refusal::NoStream(name.to_owned()))?;
        if stream.has_video() == Some(false) {
            return Err(Refusal::NoVideo(name.to_owned()));
        }
        if stream.state().0 != State::Live {
            return Err(Refusal::NotLive(name.to_owned()));
        }
        let job = Mpeg1::new(self.settings.get().of(name));
        let client = self.pool.join(&stream, job, |_| None)?;
        let changed = client.job().changes();
        Ok(Watching { client, cursor: Cursor::default(), changed })
    }
}

impl Watching {
    /// The next packets, whole ones; `None` when the stream is over. What comes first, and what
    /// comes behind something that was left out, begins with the tables and a key picture.
    /// Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.changed.mark_unchanged();
            if let Some(packets) = self.client.job().next(&mut self.cursor) {
                return Some(packets);
            }
            tokio::select! {
                changed = self.changed.changed() => changed.ok()?,
                () = self.client.over() => return None,
            }
        }
    }
}
