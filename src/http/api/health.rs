use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;

/// Whether the server can record.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Health {
    /// `ok` or `failing`.
    status: &'static str,
    version: &'static str,
    /// `undecided`, `paired`, `network` or `open`.
    access: &'static str,
    /// Why it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// `GET /health`: whether the server can record.
pub(in super::super) async fn health(Shared(state): Shared<State>) -> (StatusCode, Json<Health>) {
    let reason = state.vitals.reason().await;
    let (code, status) = match &reason {
        None => (StatusCode::OK, "ok"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "failing"),
    };
    let access = state.access.mode().word();
    let health = Health { status, version: env!("CARGO_PKG_VERSION"), access, reason };
    (code, Json(health))
}
