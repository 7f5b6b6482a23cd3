//! The conversation of `/ws/ingest` over plain requests, for networks where WebSockets fail.

mod connection;
mod connections;
mod frames;
mod socket;
mod talk;
#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::Json;
use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Query, State as Shared};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Path};
use super::super::listener::Peer;
use crate::live::socket::Arrival;
use crate::metrics::Protocol;
use connection::{Connection, Turn};
pub(crate) use connections::Connections;
use frames::{FrameError, Frames};
use socket::RequestsSocket;
use talk::Refusal;
pub(in super::super) use talk::Said;

/// Four of the largest messages: one round trip brings what a second of good video takes.
const MAX_BODY_BYTES: usize = 1 << 20;

/// Whoever sends more than this after all has not read the protocol.
const MAX_PASSED_OVER_BYTES: usize = 16 << 20;

/// A body that takes longer comes over a network on which nothing can be delivered.
const READ_PATIENCE: Duration = Duration::from_secs(30);

/// The query of a POST.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Posted {
    /// Counts the POSTs of a connection from 0.
    seq: u64,
}

/// The query of a GET.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Asked {
    /// The number of the last message that the device has.
    #[serde(default)]
    after: u64,
}

/// A connection that has been opened.
#[derive(Serialize, ToSchema)]
#[schema(as = IngestConnection)]
pub(in super::super) struct Opened {
    /// Its id, which only whoever opened it knows.
    connection: String,
}

/// `POST /api/ingest`: opens a connection.
pub(in super::super) async fn open(
    Shared(state): Shared<State>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Holder(pass): Holder,
) -> Result<Response, ApiError> {
    let too_many = || ApiError::unavailable("too many connections are open; come back later");
    let listed = state.connections.open().ok_or_else(too_many)?;
    let answer = Json(Opened { connection: listed.id.clone() });
    let socket = Box::new(RequestsSocket::new(listed.connection.clone()));
    let serving =
        (state.door)(Arrival { peer: peer.address, pass, protocol: Protocol::Https, socket });
    tokio::spawn(async move {
        serving.await;
        listed.connection.forgettable().await;
    });
    Ok((StatusCode::CREATED, answer).into_response())
}

/// `POST /api/ingest/{connection}`: brings frames; answered when the session has taken them.
pub(in super::super) async fn post(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
    posted: Result<Query<Posted>, QueryRejection>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let connection = state.connections.find(&id);
    let _under_way = connection.as_ref().map(Connection::request);
    let turn = match (&connection, posted) {
        (None, _) => Err(unknown()),
        (_, Err(error)) => Err(ApiError::bad_request(error.body_text())),
        (Some(connection), Ok(Query(Posted { seq }))) => connection.turn(seq).map_err(refused),
    };
    match turn {
        Ok(Some(turn)) => {
            let frames = read(&turn, body).await?;
            turn.offer(frames).await.map_err(refused)?;
            Ok(StatusCode::NO_CONTENT)
        }
        told => {
            let _ = timeout(READ_PATIENCE, pass_over(body.into_data_stream())).await;
            told.map(|_| StatusCode::NO_CONTENT)
        }
    }
}

/// `GET /api/ingest/{connection}`: what the server has to say, as soon as there is something.
pub(in super::super) async fn get(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, ApiError> {
    let connection = state.connections.find(&id).ok_or_else(unknown)?;
    let Query(asked) = asked.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let _under_way = connection.request();
    let said = connection.listen(asked.after).await.map_err(refused)?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(said)).into_response())
}

/// `DELETE /api/ingest/{connection}`: the device ends the connection.
pub(in super::super) async fn delete(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    state.connections.find(&id).ok_or_else(unknown)?.leave();
    Ok(StatusCode::NO_CONTENT)
}

async fn read(turn: &Turn, body: Body) -> Result<Frames, ApiError> {
    let body = tokio::select! {
        body = timeout(READ_PATIENCE, collect(body)) => body,
        () = turn.lost() => return Err(refused(Refusal::Superseded)),
    };
    let too_slow = |_| ApiError::bad_request("the body did not come in time");
    Frames::read(body.map_err(too_slow)??).map_err(|error| match error {
        FrameError::TooLarge => ApiError::too_large(error.to_string()),
        _ => ApiError::bad_request(error.to_string()),
    })
}

/// The whole body in one piece, of which the frames are cut.
async fn collect(body: Body) -> Result<Bytes, ApiError> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut whole = BytesMut::with_capacity(expected.min(MAX_BODY_BYTES));
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| ApiError::bad_request("the body broke off"))?;
        if whole.len() + piece.len() > MAX_BODY_BYTES {
            pass_over(pieces).await;
            return Err(ApiError::too_large("a body has at most 1 MiB"));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// Reads a body for nothing: an answer before its end closes the connection, and may be lost
/// with it.
async fn pass_over(mut pieces: BodyDataStream) {
    let mut bytes = 0;
    while let Some(Ok(piece)) = pieces.next().await {
        bytes += piece.len();
        if bytes > MAX_PASSED_OVER_BYTES {
            return;
        }
    }
}

fn unknown() -> ApiError {
    ApiError::not_found("there is no such connection; it may have ended")
}

fn refused(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::Over => ApiError::gone("the connection has ended"),
        Refusal::Ahead => ApiError::conflict("a POST with a smaller number is missing"),
        Refusal::Superseded => ApiError::conflict("another request has taken this one's place"),
        Refusal::Busy => {
            ApiError::unavailable("the server takes nothing now; nothing of this was taken")
        }
    }
}
