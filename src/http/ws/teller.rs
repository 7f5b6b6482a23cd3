//! A WebSocket that tells, and hears nothing but the end.

use std::time::Duration;

use axum::extract::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::super::error::ApiError;

/// Browsers close a silent WebSocket after about a minute, so a sign of life goes out before that.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// A peer that takes nothing for this long is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Nobody waits long for a goodbye to be read.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// Nothing needs to be said here; what comes by mistake is small.
const MAX_MESSAGE_BYTES: usize = 4096;

/// The reason for a close is at most this long (RFC 6455 section 5.5).
const MAX_REASON_BYTES: usize = 123;

pub(super) type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// The connection is over.
#[derive(Debug)]
pub(super) struct Gone;

#[derive(Debug)]
pub(super) struct Teller {
    socket: WebSocket,
    /// Nothing that is to be sent holds up the server's end.
    shutdown: CancellationToken,
    pings: Interval,
}

/// Takes the connection, and lets `tell` speak on it until it returns.
///
/// # Errors
/// When the request is none for a WebSocket.
pub(super) fn open<F, T>(
    upgrade: Upgrade,
    shutdown: CancellationToken,
    tell: F,
) -> Result<Response, ApiError>
where
    F: FnOnce(Teller) -> T + Send + 'static,
    T: Future<Output = Result<(), Gone>> + Send,
{
    let upgrade = upgrade.map_err(|_| {
        ApiError::upgrade_required("this address takes WebSocket connections; see docs/live.md")
    })?;
    let upgrade = upgrade.max_message_size(MAX_MESSAGE_BYTES).max_frame_size(MAX_MESSAGE_BYTES);
    // By default each viewer would hold 128 KiB for what it may say.
    let upgrade = upgrade.read_buffer_size(MAX_MESSAGE_BYTES);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let first = Instant::now() + PING_INTERVAL;
        let mut pings = tokio::time::interval_at(first, PING_INTERVAL);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Whatever ended it, the peer has been told if it was there to listen.
        let _ = tell(Teller { socket, shutdown, pings }).await;
    }))
}

impl Teller {
    /// Waits for the end of the connection, and gives signs of life meanwhile. Dropping the
    /// future loses nothing.
    pub(super) async fn gone(&mut self) -> Gone {
        loop {
            tokio::select! {
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Gone,
                    Some(Ok(_)) => {}
                },
                _ = self.pings.tick() => {
                    if self.send(Message::Ping(Bytes::new())).await.is_err() {
                        return Gone;
                    }
                }
            }
        }
    }

    pub(super) async fn say(&mut self, message: &impl Serialize) -> Result<(), Gone> {
        let text = serde_json::to_string(message).unwrap_or_default();
        self.send(Message::Text(text.into())).await
    }

    pub(super) async fn bytes(&mut self, bytes: Bytes) -> Result<(), Gone> {
        self.send(Message::Binary(bytes)).await
    }

    /// The last word.
    pub(super) async fn close(&mut self, code: u16, reason: &str) -> Result<(), Gone> {
        let reason = reason[..reason.floor_char_boundary(MAX_REASON_BYTES)].into();
        self.send(Message::Close(Some(CloseFrame { code, reason }))).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        let is_last = matches!(message, Message::Close(_));
        let patience = if is_last { LAST_PATIENCE } else { PATIENCE };
        let sending = tokio::time::timeout(patience, self.socket.send(message));
        tokio::select! {
            sent = sending => sent.map_err(|_| Gone)?.map_err(|_| Gone),
            () = self.shutdown.cancelled(), if !is_last => Err(Gone),
        }
    }
}
