//! A WebSocket as publishers' connections are seen elsewhere.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, SinkExt};

use crate::live::socket::{Ended, Incoming, Outgoing, Socket};

/// How long a peer gets to read why the connection ends. Closing while it still sends would
/// reset the connection and take the reason with it.
const LINGER: Duration = Duration::from_secs(3);

/// A peer that takes nothing for this long is gone.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct WebSocketSocket {
    socket: WebSocket,
    /// What came cannot be read past.
    is_broken: bool,
}

impl WebSocketSocket {
    pub(super) fn new(socket: WebSocket) -> Self {
        Self { socket, is_broken: false }
    }

    async fn next(&mut self) -> Result<Incoming, Ended> {
        match self.socket.recv().await {
            Some(Ok(Message::Text(text))) => Ok(Incoming::Text(text.to_string())),
            Some(Ok(Message::Binary(bytes))) => Ok(Incoming::Binary(bytes)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Incoming::Pong),
            Some(Ok(Message::Close(_))) => {
                // The answer to the close is waiting to be sent.
                let _ = tokio::time::timeout(LINGER, self.socket.flush()).await;
                Err(Ended::Closed)
            }
            Some(Err(error)) => {
                let fault = Fault::of(&error);
                self.is_broken = fault.is_some();
                Err(match fault {
                    Some(Fault::TooLarge) => Ended::TooLarge,
                    Some(fault) => Ended::Broken(fault.code()),
                    None => Ended::Gone,
                })
            }
            None => Err(Ended::Gone),
        }
    }

    async fn close(&mut self, code: u16, reason: String) -> Result<(), Ended> {
        let frame = CloseFrame { code, reason: reason.into() };
        let sending = tokio::time::timeout(LINGER, self.socket.send(Message::Close(Some(frame))));
        sending.await.map_err(|_| Ended::Gone)?.map_err(|_| Ended::Gone)?;
        let _ = tokio::time::timeout(LINGER, answered(&mut self.socket, self.is_broken)).await;
        Ok(())
    }
}

impl Socket for WebSocketSocket {
    fn receive(&mut self) -> BoxFuture<'_, Result<Incoming, Ended>> {
        self.next().boxed()
    }

    fn send(&mut self, message: Outgoing) -> BoxFuture<'_, Result<(), Ended>> {
        async move {
            let message = match message {
                Outgoing::Text(text) => Message::Text(text.into()),
                Outgoing::Ping => Message::Ping(bytes::Bytes::new()),
                Outgoing::Close(code, reason) => return self.close(code, reason).await,
            };
            let sending = tokio::time::timeout(PATIENCE, self.socket.send(message));
            sending.await.map_err(|_| Ended::Gone)?.map_err(|_| Ended::Gone)
        }
        .boxed()
    }
}

/// What is wrong with what a peer has sent, in words of the protocol (RFC 6455 section 7.1.7): it
/// is told so before the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    TooLarge,
    NoText,
    NoFrame,
}

impl Fault {
    /// `None` where the connection itself is gone.
    pub(super) fn of(error: &axum::Error) -> Option<Self> {
        use std::error::Error;
        use tungstenite::error::{Error as Failure, ProtocolError};
        match error.source().and_then(|source| source.downcast_ref::<Failure>())? {
            Failure::Capacity(_) => Some(Self::TooLarge),
            Failure::Utf8(_) => Some(Self::NoText),
            // No mistake, but an end without goodbye.
            Failure::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
            Failure::Protocol(_) => Some(Self::NoFrame),
            _ => None,
        }
    }

    /// As RFC 6455 section 7.4.1 has it.
    pub(super) fn code(self) -> u16 {
        match self {
            Self::TooLarge => 1009,
            Self::NoText => 1007,
            Self::NoFrame => 1002,
        }
    }

    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::TooLarge => "a message is too large",
            Self::NoText => "a text is not UTF-8",
            Self::NoFrame => "what came is no frame of a WebSocket",
        }
    }
}

/// Waits until the peer has answered a close. Behind something that cannot be read past, such as
/// what is left of a message that was too large, no answer is heard: then this never returns.
pub(super) async fn answered(socket: &mut WebSocket, is_broken: bool) {
    if is_broken {
        std::future::pending::<()>().await;
    }
    loop {
        match socket.recv().await {
            Some(Ok(Message::Close(_))) | None => return,
            Some(Ok(_)) => {}
            Some(Err(_)) => std::future::pending().await,
        }
    }
}
