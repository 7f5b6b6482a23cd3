//! A conversation over requests as publishers' connections are seen elsewhere.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::connection::Connection;
use super::frames::Frames;
use super::talk::Heard;
use crate::live::socket::{Ended, Incoming, Outgoing, Socket};

pub(super) struct RequestsSocket {
    connection: Arc<Connection>,
    /// What is left of the POST that was taken last.
    frames: Frames,
}

impl RequestsSocket {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        Self { connection, frames: Frames::default() }
    }

    async fn next(&mut self) -> Result<Incoming, Ended> {
        loop {
            if let Some(message) = self.frames.next() {
                return Ok(message);
            }
            match self.connection.hear().await? {
                Heard::Frames(frames) => self.frames = frames,
                Heard::Sign => return Ok(Incoming::Pong),
            }
        }
    }
}

impl Socket for RequestsSocket {
    fn receive(&mut self) -> BoxFuture<'_, Result<Incoming, Ended>> {
        self.next().boxed()
    }

    fn send(&mut self, message: Outgoing) -> BoxFuture<'_, Result<(), Ended>> {
        self.connection.say(message).boxed()
    }
}

impl Drop for RequestsSocket {
    fn drop(&mut self) {
        self.connection.end();
    }
}
