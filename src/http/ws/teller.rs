//! A WebSocket that tells, and hears little or nothing.

use std::time::Duration;

use axum::extract::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use axum::response::Response;
use bytes::Bytes;
use futures_util::SinkExt;
use serde::Serialize;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::super::error::ApiError;
use super::socket::{Fault, answered};

/// Browsers close a silent WebSocket after about a minute, so a sign of life goes out before that.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// A peer that takes nothing for this long is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Nobody waits long for a goodbye to be read.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// Where nothing needs to be said; what comes by mistake is small.
const MAX_MESSAGE_BYTES: usize = 4096;

/// So many unanswered signs of life: the network is gone, not slow.
const MAX_UNANSWERED: u32 = 3;

/// Most peers say nothing at all; by default each would be kept 128 KiB for it.
const READ_BUFFER_BYTES: usize = 4096;

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
    /// Signs of life that went out since something was heard.
    unanswered: u32,
    /// What has come cannot be read past.
    is_broken: bool,
    /// What is to be told the peer of it, where nobody hears what it says.
    fault: Option<Fault>,
    /// Until when it has time to read that.
    ends_at: Option<Instant>,
}

/// What a peer says.
#[derive(Debug)]
pub(super) enum Heard {
    Text(Utf8Bytes),
    Binary,
    /// The connection cannot be read any further.
    Broken(Fault),
}

/// Gives the client back the subprotocol that it offers: some offer one by accident, and give up
/// when the answer names none.
pub(super) fn echoing(upgrade: Upgrade) -> Upgrade {
    upgrade.map(|mut upgrade| {
        let offered = upgrade.requested_protocols().find(|protocol| !protocol.is_empty()).cloned();
        if let Some(protocol) = offered {
            upgrade.set_selected_protocol(protocol);
        }
        upgrade
    })
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
    open_to_hear(upgrade, shutdown, MAX_MESSAGE_BYTES, tell)
}

/// The same, for messages of some size.
///
/// # Errors
/// When the request is none for a WebSocket.
pub(super) fn open_to_hear<F, T>(
    upgrade: Upgrade,
    shutdown: CancellationToken,
    max_message_bytes: usize,
    tell: F,
) -> Result<Response, ApiError>
where
    F: FnOnce(Teller) -> T + Send + 'static,
    T: Future<Output = Result<(), Gone>> + Send,
{
    let upgrade = upgrade.map_err(|_| {
        ApiError::upgrade_required("this address takes WebSocket connections; see docs/live.md")
    })?;
    let upgrade = upgrade
        .max_message_size(max_message_bytes)
        .max_frame_size(max_message_bytes)
        .read_buffer_size(READ_BUFFER_BYTES);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let first = Instant::now() + PING_INTERVAL;
        let mut pings = tokio::time::interval_at(first, PING_INTERVAL);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Whatever ended it, the peer has been told if it was there to listen.
        let _ = tell(Teller {
            socket,
            shutdown,
            pings,
            unanswered: 0,
            is_broken: false,
            fault: None,
            ends_at: None,
        })
        .await;
    }))
}

impl Teller {
    /// Waits for the end of the connection, and gives signs of life meanwhile. Dropping the
    /// future loses nothing.
    pub(super) async fn gone(&mut self) -> Gone {
        loop {
            if let Some(fault) = self.fault {
                return self.end_on(fault).await;
            }
            tokio::select! {
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Close(_))) => {
                        // The answer to it waits to be sent.
                        let _ = tokio::time::timeout(LAST_PATIENCE, self.socket.flush()).await;
                        return Gone;
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => match Fault::of(&error) {
                        // Said above, or by what is sent next where this future is dropped.
                        Some(fault) => self.fault = Some(fault),
                        None => return Gone,
                    },
                    None => return Gone,
                },
                _ = self.pings.tick() => {
                    if self.send(Message::Ping(Bytes::new())).await.is_err() {
                        return Gone;
                    }
                }
            }
        }
    }

    /// What the peer says next, with signs of life meanwhile. A peer that gives none itself is
    /// gone. Dropping the future loses nothing.
    pub(super) async fn hear(&mut self) -> Result<Heard, Gone> {
        loop {
            let message = tokio::select! {
                // What is there already is no silence.
                biased;
                message = self.socket.recv() => message,
                _ = self.pings.tick() => {
                    if self.unanswered >= MAX_UNANSWERED {
                        return Err(Gone);
                    }
                    self.unanswered += 1;
                    self.send(Message::Ping(Bytes::new())).await?;
                    continue;
                }
            };
            self.unanswered = 0;
            match message {
                Some(Ok(Message::Text(text))) => return Ok(Heard::Text(text)),
                Some(Ok(Message::Binary(_))) => return Ok(Heard::Binary),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Err(error)) => {
                    let fault = Fault::of(&error).ok_or(Gone)?;
                    self.is_broken = true;
                    return Ok(Heard::Broken(fault));
                }
                Some(Ok(Message::Close(_))) => {
                    // The answer to it waits to be sent.
                    let _ = tokio::time::timeout(LAST_PATIENCE, self.socket.flush()).await;
                    return Err(Gone);
                }
                None => return Err(Gone),
            }
        }
    }

    /// The last word to a peer that may still be sending: ending the connection under it would
    /// take the word with it.
    pub(super) async fn close_on_sender(&mut self, code: u16, reason: &str) -> Result<(), Gone> {
        self.close(code, reason).await?;
        let _ =
            tokio::time::timeout(LAST_PATIENCE, answered(&mut self.socket, self.is_broken)).await;
        Ok(())
    }

    pub(super) async fn say(&mut self, message: &impl Serialize) -> Result<(), Gone> {
        self.say_text(serde_json::to_string(message).unwrap_or_default().into()).await
    }

    /// The same, for a text that others are told, too.
    pub(super) async fn say_text(&mut self, text: Utf8Bytes) -> Result<(), Gone> {
        self.send(Message::Text(text)).await
    }

    pub(super) async fn bytes(&mut self, bytes: Bytes) -> Result<(), Gone> {
        self.send(Message::Binary(bytes)).await
    }

    /// The last word.
    pub(super) async fn close(&mut self, code: u16, reason: &str) -> Result<(), Gone> {
        let reason = reason[..reason.floor_char_boundary(MAX_REASON_BYTES)].into();
        self.send(Message::Close(Some(CloseFrame { code, reason }))).await
    }

    /// Tells a peer what is wrong with what it has sent, and gives it its time to read that.
    /// Dropping the future and calling this again goes on where it was.
    async fn end_on(&mut self, fault: Fault) -> Gone {
        let until = match self.ends_at {
            Some(until) => {
                let _ = tokio::time::timeout_at(until, self.socket.flush()).await;
                until
            }
            None => {
                let until = *self.ends_at.insert(Instant::now() + LAST_PATIENCE);
                let _ = self.close(fault.code(), fault.sentence()).await;
                until
            }
        };
        let _ = tokio::time::timeout_at(until, answered(&mut self.socket, true)).await;
        Gone
    }

    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        let is_last = matches!(message, Message::Close(_));
        if let Some(fault) = self.fault.filter(|_| !is_last) {
            return Err(Box::pin(self.end_on(fault)).await);
        }
        let patience = if is_last { LAST_PATIENCE } else { PATIENCE };
        let sending = tokio::time::timeout(patience, self.socket.send(message));
        tokio::select! {
            sent = sending => sent.map_err(|_| Gone)?.map_err(|_| Gone),
            () = self.shutdown.cancelled(), if !is_last => Err(Gone),
        }
    }
}
