//! A publisher's connection, whatever carries it.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::auth::Pass;
use crate::metrics::Protocol;

/// A message from a publisher.
#[derive(Debug)]
pub(crate) enum Incoming {
    Text(String),
    Binary(Bytes),
    /// A sign of life without content.
    Pong,
}

/// Why no further message comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The peer said goodbye.
    Closed,
    /// The connection is gone without a goodbye.
    Gone,
    /// The peer sent a message beyond the limit; it can still be told so.
    TooLarge,
    /// What the peer sent is none of the transport's messages; it can still be told by this close
    /// code.
    Broken(u16),
}

/// A message to a publisher.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Text(String),
    Ping,
    /// The last message: a close code and a sentence of at most 123 bytes.
    Close(u16, String),
}

/// A connection that carries messages both ways.
pub(crate) trait Socket: Send {
    /// The next message. Dropping the future loses nothing.
    fn receive(&mut self) -> BoxFuture<'_, Result<Incoming, Ended>>;
    /// Sends a message; `Err` when the connection is gone.
    fn send(&mut self, message: Outgoing) -> BoxFuture<'_, Result<(), Ended>>;
}

/// A publisher that has connected.
pub(crate) struct Arrival {
    pub(crate) peer: SocketAddr,
    /// Whose connection it is; a device is known by its hello.
    pub(crate) pass: Pass,
    /// What the peer speaks.
    pub(crate) protocol: Protocol,
    pub(crate) socket: Box<dyn Socket>,
}

/// Serves a publisher until its connection ends.
pub(crate) type Door = Arc<dyn Fn(Arrival) -> BoxFuture<'static, ()> + Send + Sync>;
