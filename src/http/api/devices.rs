//! `/api/devices`: the devices, and commands to them (`docs/control.md`).

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, State as Shared};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Path};
use super::super::listener::Peer;
use crate::devices::{Code, KeyHash, Order, Publisher, Refusal, Target};
use crate::live::{self, About, Streams};

/// A command with the longest value has some thousand bytes.
pub(in super::super) const MAX_COMMAND_BYTES: usize = 16 << 10;

/// `GET /api/devices`: what `/ws/control` tells.
pub(in super::super) async fn devices(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
) -> impl IntoResponse {
    let told = state.board.devices();
    let text = match pass.watches_all() {
        true => told.borrow().text(),
        false => told.borrow().seen_by(&pass).text(),
    };
    ([(CONTENT_TYPE, "application/json")], Bytes::from(text))
}

/// `POST /api/devices/{device}/commands`: answered when it is over.
pub(in super::super) async fn command(
    Shared(state): Shared<State>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(device): Path<String>,
    message: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Result<Json<Value>, ApiError> {
    let Json(message) =
        message.map_err(|rejection| Code::BadCommand.because(rejection.body_text()))?;
    let order = Order::parse(&message)?;
    let to = Target::Device(device.clone());
    state.devices.resolve(&to, &publishers(&state.streams))?;
    let running = state.devices.command(&device, &order, peer.address.ip())?;
    tokio::select! {
        outcome = running.end() => outcome?,
        () = state.shutdown.cancelled() => {
            return Err(ApiError::unavailable("the server is stopping"));
        }
    }
    Ok(Json(json!({ "ok": true })))
}

/// Whose media comes, by the names of their streams.
pub(in super::super) fn publishers(streams: &Streams) -> Vec<Publisher> {
    // Sources have a list of their own.
    let devices = streams.list().into_iter().filter(|about| about.source.is_none());
    devices.map(Publisher::from).collect()
}

impl From<About> for Publisher {
    fn from(about: About) -> Self {
        Self {
            device: about.device,
            key: about.key_sha256.map(KeyHash::new),
            name: about.title,
            session: about.session,
            since_ms: about.since_us / 1000,
            is_away: about.state == live::State::Away,
            stream: about.name,
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(Refusal { code, message }: Refusal) -> Self {
        let status = match code {
            Code::BadCommand => StatusCode::BAD_REQUEST,
            Code::NotAllowed | Code::Forbidden => StatusCode::FORBIDDEN,
            Code::UnknownDevice | Code::UnknownGroup => StatusCode::NOT_FOUND,
            Code::Offline | Code::Busy => StatusCode::CONFLICT,
            Code::Unsupported => StatusCode::UNPROCESSABLE_ENTITY,
            Code::Failed => StatusCode::BAD_GATEWAY,
            Code::NoAnswer => StatusCode::GATEWAY_TIMEOUT,
        };
        Self::new(status, code.name(), message)
    }
}
