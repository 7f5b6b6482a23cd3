use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use crate::sources::AttachedCamera;

/// What is plugged into the server.
#[derive(Serialize, ToSchema)]
#[schema(as = AttachedCameras)]
pub(in super::super) struct Attached {
    cameras: Vec<AttachedCamera>,
    /// Whether the server can use them.
    ffmpeg: bool,
}

/// `GET /api/cameras`.
pub(in super::super) async fn cameras(Shared(state): Shared<State>) -> Json<Attached> {
    let ffmpeg = state.cameras.has_ffmpeg();
    Json(Attached { cameras: state.cameras.list().await, ffmpeg })
}
