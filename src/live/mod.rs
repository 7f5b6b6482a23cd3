//! Where publishers, the recorder and viewers meet.

pub(crate) mod feed;
pub(crate) mod socket;

use tokio::sync::{mpsc, watch};

use feed::{Durable, Feed, Recording, SessionInfo};

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
}

impl Hub {
    /// A hub, and what the recorder takes its work from.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Recording>) {
        let (recordings, queue) = mpsc::channel(WAITING_RECORDINGS);
        (Self { recordings }, queue)
    }

    /// Opens a session. `None` when the recorder has stopped.
    pub(crate) async fn publish(&self, session: SessionInfo) -> Option<Publication> {
        let (feed, batches) = mpsc::channel(FEED_BATCHES);
        let (progress, durable) = watch::channel(Durable::default());
        let recording = Recording { session, feed: batches, durable: progress };
        self.recordings.send(recording).await.ok()?;
        Some(Publication { feed, durable })
    }
}
