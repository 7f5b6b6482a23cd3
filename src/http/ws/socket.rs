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
}

impl WebSocketSocket {
    pub(super) fn new(socket: WebSocket) -> Self {
        Self { socket }
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
            Some(Err(error)) if is_too_large(&error) => Err(Ended::TooLarge),
            None | Some(Err(_)) => Err(Ended::Gone),
        }
    }

    async fn close(&mut self, code: u16, reason: String) -> Result<(), Ended> {
        let frame = CloseFrame { code, reason: reason.into() };
        let sending = tokio::time::timeout(LINGER, self.socket.send(Message::Close(Some(frame))));
        sending.await.map_err(|_| Ended::Gone)?.map_err(|_| Ended::Gone)?;
        let _ = tokio::time::timeout(LINGER, answered(&mut self.socket)).await;
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

/// Waits until the peer has answered a close. What is left of a message that was too large cannot
/// be read past: then this never returns.
pub(super) async fn answered(socket: &mut WebSocket) {
    loop {
        match socket.recv().await {
            Some(Ok(Message::Close(_))) | None => return,
            Some(Ok(_)) => {}
            Some(Err(_)) => std::future::pending().await,
        }
    }
}

pub(super) fn is_too_large(error: &axum::Error) -> bool {
    use std::error::Error;
    let source = error.source().and_then(|source| source.downcast_ref::<tungstenite::Error>());
    matches!(source, Some(tungstenite::Error::Capacity(_)))
}
