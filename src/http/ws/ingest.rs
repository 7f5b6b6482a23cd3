//! The doors for publishers.

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, State as Shared, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::response::Response;
use ingest_protocol::{MAX_MESSAGE_BYTES, SUBPROTOCOL};

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::ApiError;
use super::super::listener::Peer;
use super::socket::WebSocketSocket;
use crate::auth::Pass;
use crate::live::socket::Arrival;
use crate::metrics::Protocol;

/// A record of TLS, which is what a read brings at most: as much is made zero before each.
const READ_BUFFER_BYTES: usize = 16 << 10;

/// Safari hands out tens of megabytes at once after a pause.
const MAX_RAW_MESSAGE_BYTES: usize = 32 << 20;

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// `/ws/ingest`: v1 where the client offers it, raw otherwise.
pub(in super::super) async fn negotiate(
    Shared(state): Shared<State>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Holder(pass): Holder,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let speaks_v1 = offered(&headers).any(|protocol| protocol == SUBPROTOCOL);
    open(state, (peer, pass), &headers, upgrade, speaks_v1)
}

/// Any path of the second listener: raw.
pub(in super::super) async fn raw(
    Shared(state): Shared<State>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Holder(pass): Holder,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    open(state, (peer, pass), &headers, upgrade, false)
}

fn open(
    state: State,
    (peer, pass): (Peer, Pass),
    headers: &HeaderMap,
    upgrade: Upgrade,
    speaks_v1: bool,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|_| {
        ApiError::upgrade_required("this address takes WebSocket connections; see docs/protocol.md")
    })?;
    let max_message_bytes = if speaks_v1 { MAX_MESSAGE_BYTES } else { MAX_RAW_MESSAGE_BYTES };
    // A raw client gets back what it offers: some offer a subprotocol by accident and give up
    // when the answer names none.
    let answer = match speaks_v1 {
        true => vec![SUBPROTOCOL.to_owned()],
        false => offered(headers).map(str::to_owned).collect(),
    };
    let upgrade = upgrade
        .protocols(answer)
        .max_message_size(max_message_bytes)
        .max_frame_size(max_message_bytes)
        .read_buffer_size(READ_BUFFER_BYTES);
    let protocol = if speaks_v1 { Protocol::V1 } else { Protocol::Raw };
    Ok(upgrade.on_upgrade(move |socket| async move {
        let socket = Box::new(WebSocketSocket::new(socket));
        (state.door)(Arrival { peer: peer.address, pass, protocol, socket }).await;
    }))
}

fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}
