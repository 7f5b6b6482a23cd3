//! Where publishers, the recorder and viewers meet.

pub(crate) mod feed;
pub(crate) mod socket;

use tokio::sync::{mpsc, oneshot, watch};

use feed::{Durable, Feed, Opened, Recording, SessionInfo};

/// Batches of samples between a publisher and the recorder. Few, since each holds up to a
/// message of media; a full channel is what pushes back on the publisher.
const FEED_BATCHES: usize = 8;

/// Sessions that were opened and not yet picked up by the recorder.
const WAITING_RECORDINGS: usize = 64;

/// Hands what is published to the recorder.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    recordings: mpsc::Sender<Recording>,
}

/// A publisher's end of one session.
#[derive(Debug)]
pub(crate) struct Publication {
    /// Takes what the session's device sends. Dropping it ends the session.
    pub(crate) feed: mpsc::Sender<Feed>,
    /// What of it is on the disk.
    pub(crate) durable: watch::Receiver<Durable>,
    /// What there is of it already.
    pub(crate) opened: oneshot::Receiver<Opened>,
}

impl Hub {
    /// A hub, and what the recorder takes its work from.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Recording>) {
        let (recordings, queue) = mpsc::channel(WAITING_RECORDINGS);
        (Self { recordings }, queue)
    }

    /// Makes a session's channels; [`Opening::send`] hands the other ends to the recorder.
    pub(crate) fn publish(&self, session: SessionInfo) -> (Publication, Opening) {
        let (feed, batches) = mpsc::channel(FEED_BATCHES);
        let (progress, durable) = watch::channel(Durable::default());
        let (answer, opened) = oneshot::channel();
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
