use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, HeaderValue};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tower_http::services::ServeFile;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Asked, Path};
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
    Asked(wanted): Asked<Wanted>,
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
    if let Some(refused) = refused(response.status()) {
        let range = response.headers_mut().remove(CONTENT_RANGE);
        let mut response = refused.into_response();
        // It says how long the file is.
        response.headers_mut().extend(range.map(|range| (CONTENT_RANGE, range)));
        return Ok(response);
    }
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

/// What is served says no without a word.
fn refused(status: StatusCode) -> Option<ApiError> {
    match status {
        StatusCode::NOT_FOUND => Some(ApiError::not_found("the file has been moved away")),
        StatusCode::RANGE_NOT_SATISFIABLE => Some(ApiError::new(
            status,
            "bad_range",
            "the file has no such range; Content-Range says how long it is".to_owned(),
        )),
        StatusCode::PRECONDITION_FAILED => Some(ApiError::new(
            status,
            "changed",
            "the file is newer than what If-Unmodified-Since names".to_owned(),
        )),
        _ => None,
    }
}
