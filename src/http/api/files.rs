use axum::body::Body;
use axum::extract::{Path, Query, State as Shared};
use axum::http::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tower_http::services::ServeFile;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::ApiError;
use super::sessions::find;

/// How the file is wanted.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Wanted {
    download: Option<String>,
}

/// `GET /api/sessions/{session}/files/{file}`: the media, in ranges where asked.
pub(in super::super) async fn file(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path((id, name)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let session = find(&state, &pass, &id)?;
    // Only names that the journal states reach the disk.
    let file = session.file(&name).ok_or_else(|| ApiError::not_found("there is no such file"))?;
    let path = state.library.root().join(&file.folder).join(&file.name);
    let served = ServeFile::new(path).try_call(request).await;
    let mut response = served
        .map_err(|error| ApiError::internal(format!("cannot read the file: {error}")))?
        .into_response();
    // Players ask for one range after the other.
    let kept = HeaderValue::from_static("private, no-cache");
    response.headers_mut().insert(CACHE_CONTROL, kept);
    if wanted.download.is_some() {
        let disposition = format!("attachment; filename=\"{}\"", file.name);
        if let Ok(value) = HeaderValue::from_str(&disposition) {
            response.headers_mut().insert(CONTENT_DISPOSITION, value);
        }
    }
    Ok(response)
}
