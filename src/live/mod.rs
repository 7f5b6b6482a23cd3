//! Where publishers, the recorder and viewers meet.

mod broadcast;
pub(crate) mod demuxing;
pub(crate) mod feed;
mod fragments;
mod gate;
pub(crate) mod mpegts;
pub(crate) mod pictures;
pub(crate) mod playback;
pub(crate) mod raw_stream;
mod showing;
pub(crate) mod socket;
pub(crate) mod sound;
mod stream;
mod streams;
mod tap;
pub(crate) mod transcoder;
mod ts;

use std::sync::Arc;

use container::{Init, Track};
use tokio::sync::{mpsc, oneshot, watch};

use feed::{Durable, Feed, Generation, Opened, Recording, SessionInfo};
pub(crate) use fragments::{Delivery, Format, container_name};
pub(crate) use showing::{Showing, Shown};
pub(crate) use stream::{About, Audio, OfSource, State, Stream, Told, Video, Viewer, describe};
pub(crate) use streams::{Behind, Streams, stream_name_of};
use tap::Tap;

/// Batches of samples between a publisher and the recorder. Few, since each holds up to a
/// message of media; a full channel is what pushes back on the publisher.
const FEED_BATCHES: usize = 8;

/// Sessions that were opened and not yet picked up by the recorder.
const WAITING_RECORDINGS: usize = 64;

/// Hands what is published to the recorder and to viewers.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    recordings: mpsc::Sender<Recording>,
    streams: Streams,
}

/// A publisher's end of one session.
#[derive(Debug)]
pub(crate) struct Publication {
    /// Takes what the session's device sends. Dropping it ends the session.
    pub(crate) feed: Publisher,
    /// What of it is on the disk.
    pub(crate) durable: watch::Receiver<Durable>,
    /// What there is of it already.
    pub(crate) opened: oneshot::Receiver<Opened>,
}

/// Takes what a session's device sends: all of it for the recorder, which may make it wait, and
/// what is live for viewers, who may not.
#[derive(Debug)]
pub(crate) struct Publisher {
    feed: mpsc::Sender<Feed>,
    /// `None` for one that shows what it has apart from what it records.
    tap: Option<Tap>,
}

impl Publisher {
    /// `Err` when the recording has ended.
    pub(crate) async fn send(&mut self, message: Feed) -> Result<(), ()> {
        if let Some(tap) = &mut self.tap {
            tap.offer(&message);
        }
        self.feed.send(message).await.map_err(|_| ())
    }

    /// Hands over a message unless that would have to wait.
    pub(crate) fn try_send(&mut self, message: Feed) -> Result<(), NotSent> {
        match self.feed.try_reserve() {
            Ok(place) => {
                if let Some(tap) = &mut self.tap {
                    tap.offer(&message);
                }
                place.send(message);
                Ok(())
            }
            Err(mpsc::error::TrySendError::Full(())) => Err(NotSent::Full(message)),
            Err(mpsc::error::TrySendError::Closed(())) => Err(NotSent::Ended),
        }
    }

    /// Waits until the recorder takes another message, or none any more.
    pub(crate) async fn has_room(&self) {
        // What is reserved is given back at once.
        let _ = self.feed.reserve().await;
    }

    /// A generation goes on that began in an earlier life of the session.
    /// `begun` is what is known of its stream, if anything came of it.
    pub(crate) fn go_on(&mut self, start: &Generation, begun: Option<(Arc<Init>, Vec<Track>)>) {
        if let Some(tap) = &mut self.tap {
            tap.go_on(start, begun);
        }
    }

    /// The device's connection is gone, or back.
    pub(crate) fn set_away(&self, is_away: bool) {
        if let Some(tap) = &self.tap {
            tap.set_away(is_away);
        }
    }
}

/// Why a message was not handed over.
#[derive(Debug)]
pub(crate) enum NotSent {
    /// The recorder has not taken those before.
    Full(Feed),
    /// The recording has ended.
    Ended,
}

impl Hub {
    /// A hub, and what the recorder takes its work from.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Recording>) {
        let (recordings, queue) = mpsc::channel(WAITING_RECORDINGS);
        (Self { recordings, streams: Streams::default() }, queue)
    }

    /// What is live.
    pub(crate) fn streams(&self) -> Streams {
        self.streams.clone()
    }

    /// Makes a session's channels; [`Opening::send`] hands the other ends to the recorder.
    pub(crate) fn publish(&self, session: SessionInfo) -> (Publication, Opening) {
        let tap = Tap::of_session(self.streams.clone(), &session);
        self.open(session, Some(tap))
    }

    /// The same for one whose viewers get theirs by a [`Showing`], whether it is recorded or not.
    pub(crate) fn record(&self, session: SessionInfo) -> (Publication, Opening) {
        self.open(session, None)
    }

    fn open(&self, session: SessionInfo, tap: Option<Tap>) -> (Publication, Opening) {
        let (feed, batches) = mpsc::channel(FEED_BATCHES);
        let (progress, durable) = watch::channel(Durable::default());
        let (answer, opened) = oneshot::channel();
        let feed = Publisher { feed, tap };
        let recording = Recording { session, opened: answer, feed: batches, durable: progress };
        let publication = Publication { feed, durable, opened };
        (publication, Opening { recordings: self.recordings.clone(), recording })
    }
}

/// A session on its way to the recorder.
#[derive(Debug)]
pub(crate) struct Opening {
    recordings: mpsc::Sender<Recording>,
    recording: Recording,
}

impl Opening {
    /// Waits until the recorder takes the session. When it has stopped, the publication's
    /// channels close.
    pub(crate) async fn send(self) {
        // The channels that are dropped with it say that it has stopped.
        let _ = self.recordings.send(self.recording).await;
    }
}
