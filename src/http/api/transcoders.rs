//! `GET /api/streams/{stream}/transcoders`: what is made of a stream, by which process.

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Path};
use super::super::sight::sees_stream_named;
use crate::live::transcoder::Report;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transcoders)]
pub(in super::super) struct List {
    transcoders: Vec<Transcoder>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Transcoder {
    format: &'static str,
    detail: String,
    state: &'static str,
    since_ms: i64,
    restarts: u32,
    clients: usize,
    packets: u64,
    bytes: u64,
    log: Vec<String>,
}

pub(in super::super) async fn transcoders(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(name): Path<String>,
) -> Result<Json<List>, ApiError> {
    if state.streams.get(&name).is_none() || !sees_stream_named(&state, &pass, &name) {
        return Err(ApiError::not_found(format!("there is no stream {name}")));
    }
    let transcoders = state.transcoders.of(&name).into_iter().map(Transcoder::from).collect();
    Ok(Json(List { transcoders }))
}

impl From<Report> for Transcoder {
    fn from(report: Report) -> Self {
        Self {
            format: report.format,
            detail: report.detail,
            state: report.state.name(),
            since_ms: report.since_ms,
            restarts: report.restarts,
            clients: report.clients,
            packets: report.packets,
            bytes: report.bytes,
            log: report.log,
        }
    }
}
