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
    let root = state.library.root().to_owned();
    let written = tokio::task::spawn_blocking(move || probe(&root)).await;
    let written = written.unwrap_or_else(|_| Err("the look at the disk has crashed".to_owned()));
    let reason = written.err().or_else(|| state.library.trouble().reason());
    let (code, status) = match &reason {
        None => (StatusCode::OK, "ok"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "failing"),
    };
    let access = state.access.mode().word();
    let health = Health { status, version: env!("CARGO_PKG_VERSION"), access, reason };
    (code, Json(health))
}

/// Writes and removes a byte, since permissions and free space lie.
fn probe(root: &std::path::Path) -> Result<(), String> {
    let path = root.join(format!(".health-{}", uuid::Uuid::new_v4().simple()));
    let written = std::fs::write(&path, b"1");
    // A full disk leaves an empty file behind.
    let removed = std::fs::remove_file(&path);
    written.and(removed).map_err(|error| format!("cannot write to the recordings folder: {error}"))
}
