use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::super::State;

/// `GET /health`: whether the server can record.
pub(in super::super) async fn health(Shared(state): Shared<State>) -> Response {
    let root = state.library.root().to_owned();
    let writable = tokio::task::spawn_blocking(move || probe(&root)).await;
    let version = env!("CARGO_PKG_VERSION");
    let access = state.access.mode().word();
    match writable {
        Ok(Ok(())) => match state.library.trouble().reason() {
            Some(reason) => failing(&reason, access),
            None => {
                let body =
                    serde_json::json!({ "status": "ok", "version": version, "access": access });
                Json(body).into_response()
            }
        },
        Ok(Err(reason)) => failing(&reason, access),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn failing(reason: &str, access: &str) -> Response {
    let version = env!("CARGO_PKG_VERSION");
    let body = serde_json::json!({
        "status": "failing", "version": version, "access": access, "reason": reason,
    });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

/// Writes and removes a byte, since permissions and free space lie.
fn probe(root: &std::path::Path) -> Result<(), String> {
    let path = root.join(format!(".health-{}", uuid::Uuid::new_v4().simple()));
    let written = std::fs::write(&path, b"1");
    // A full disk leaves an empty file behind.
    let removed = std::fs::remove_file(&path);
    written.and(removed).map_err(|error| format!("cannot write to the recordings folder: {error}"))
}
