//! A connection that sends a MediaRecorder's byte stream as it is.

use std::net::SocketAddr;

use bytes::Bytes;
use tokio::time::Instant;

use super::{BROKEN, IDLE_TIMEOUT, Ingest};
use crate::auth::Pass;
use crate::clock;
use crate::live::Publication;
use crate::live::feed::{Ending, Feed, Peer, SessionInfo};
use crate::live::raw_stream::RawStream;
use crate::live::socket::{Arrival, Ended, Incoming, Outgoing, Socket};
use crate::metrics::{self, Mistake, Protocol};

/// How a connection ended.
enum Verdict {
    /// The peer closed it.
    Closed,
    /// The peer is gone, and has not closed it.
    Gone,
    /// The server closes it.
    Close(u16, &'static str),
    /// The stream cannot be read on.
    BadStream(String),
}

impl Verdict {
    /// Only who closes its connection has stopped; everybody else is missed.
    fn ending(&self) -> Ending {
        match self {
            Self::Closed => Ending::Stopped,
            Self::Gone | Self::Close(..) | Self::BadStream(_) => Ending::Lost,
        }
    }
}

/// Records the connection until it ends; its end is the session's.
pub(super) async fn serve(ingest: Ingest, arrival: Arrival) {
    let Arrival { peer, pass, mut socket, .. } = arrival;
    let stream = RawStream::default();
    let mut publisher = Publisher { ingest, peer, pass, stream, publication: None };
    let verdict = publisher.receive(socket.as_mut()).await;
    let ending = verdict.ending();
    // The peer may be gone already; the session ends all the same.
    let _ = tell(socket.as_mut(), verdict).await;
    publisher.finish(ending).await;
}

struct Publisher {
    ingest: Ingest,
    peer: SocketAddr,
    pass: Pass,
    stream: RawStream,
    /// Opened with the first sample, so that noise leaves no session behind.
    publication: Option<Publication>,
}

impl Publisher {
    async fn receive(&mut self, socket: &mut dyn Socket) -> Verdict {
        let mut pings = super::pings();
        let mut heard = Instant::now();
        loop {
            let is_held = self.holds();
            let freed = async {
                match &mut self.publication {
                    Some(publication) if is_held => drop(publication.durable.changed().await),
                    _ => std::future::pending().await,
                }
            };
            let message = tokio::select! {
                // What is not read stays with the peer: its browser holds it.
                message = socket.receive(), if !is_held => message,
                () = freed => {
                    heard = Instant::now();
                    continue;
                }
                _ = pings.tick() => match socket.send(Outgoing::Ping).await {
                    Ok(()) => continue,
                    Err(_) => return Verdict::Gone,
                },
                () = tokio::time::sleep_until(heard + IDLE_TIMEOUT), if !is_held => {
                    return Verdict::Gone;
                }
                () = self.pass.revoked().cancelled() => {
                    return Verdict::Close(4403, "this publisher is not let in any more");
                }
                () = self.ingest.shutdown.cancelled() => {
                    return Verdict::Close(1012, "the server is stopping");
                }
            };
            heard = Instant::now();
            match message {
                Ok(Incoming::Binary(bytes)) => {
                    if let Err(verdict) = self.take(bytes).await {
                        return verdict;
                    }
                    // A slow disk is no silence of the peer's.
                    heard = Instant::now();
                }
                Ok(Incoming::Text(_) | Incoming::Pong) => {}
                Err(Ended::TooLarge) => {
                    metrics::MISTAKES.add(Mistake::BadMessage, 1);
                    return Verdict::Close(1009, "a message is larger than 32 MiB");
                }
                Err(Ended::Broken(code)) => return Verdict::Close(code, BROKEN),
                Err(Ended::Closed) => return Verdict::Closed,
                Err(Ended::Gone) => return Verdict::Gone,
            }
        }
    }

    /// Whether the disk can take nothing at the moment.
    fn holds(&self) -> bool {
        let publication = self.publication.as_ref();
        publication.is_some_and(|p| p.durable.borrow().holds_because().is_some())
    }

    async fn take(&mut self, bytes: Bytes) -> Result<(), Verdict> {
        let now_us = clock::now_us();
        metrics::INGESTED_BYTES.add(Protocol::Raw, bytes.len() as u64);
        metrics::INGESTED_CHUNKS.add(Protocol::Raw, 1);
        self.stream.push(bytes);
        while let Some(feeds) = self.stream.next(now_us) {
            for feed in feeds {
                self.publish(feed, now_us).await?;
            }
        }
        match self.stream.failed() {
            Some(reason) => {
                metrics::MISTAKES.add(Mistake::BadStream, 1);
                Err(Verdict::BadStream(reason.to_owned()))
            }
            None => Ok(()),
        }
    }

    async fn publish(&mut self, feed: Feed, now_us: clock::WallUs) -> Result<(), Verdict> {
        if self.publication.is_none() {
            let info = self.info(&feed, now_us);
            self.publication = Some(self.ingest.sessions.publish(info).await);
        }
        let Some(publication) = &mut self.publication else {
            return Err(Verdict::Close(1011, "the recorder has stopped"));
        };
        let sent = publication.feed.send(feed).await;
        sent.map_err(|_| Verdict::Close(1011, "the server cannot write this recording"))
    }

    fn info(&self, first: &Feed, now_us: clock::WallUs) -> SessionInfo {
        let started_us = match first {
            Feed::Begin(generation) => generation.anchor_us,
            _ => now_us,
        };
        SessionInfo {
            id: uuid::Uuid::new_v4().simple().to_string(),
            device: "raw".to_owned(),
            key_sha256: None,
            name: self.peer.ip().to_canonical().to_string(),
            client: "raw".to_owned(),
            peer: Peer::Connection(self.peer),
            started_us,
            is_resumable: false,
            is_continued: false,
        }
    }

    /// There is nothing to come back to after a raw connection, so its session is over.
    async fn finish(mut self, ending: Ending) {
        let Some(mut publication) = self.publication.take() else { return };
        let last = self.stream.end().into_iter().chain([Feed::Finish(ending)]);
        for feed in last {
            if publication.feed.send(feed).await.is_err() {
                return;
            }
        }
    }
}

async fn tell(socket: &mut dyn Socket, verdict: Verdict) -> Result<(), Ended> {
    match verdict {
        Verdict::Closed | Verdict::Gone => Ok(()),
        Verdict::Close(code, reason) => socket.send(Outgoing::Close(code, reason.to_owned())).await,
        Verdict::BadStream(message) => {
            let error = serde_json::json!({
                "type": "error", "code": "bad_stream", "message": message,
            });
            socket.send(Outgoing::Text(error.to_string())).await?;
            let reason = "the stream cannot be recorded".to_owned();
            socket.send(Outgoing::Close(4400, reason)).await
        }
    }
}
