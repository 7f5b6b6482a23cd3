use std::io;
use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::header::{CONTENT_DISPOSITION, HeaderValue};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde::Deserialize;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Asked, Path};
use super::super::ranges::{self, File};
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
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let session = find(&state, &pass, &id)?;
    // Only names that the journal states reach the disk.
    let file = session.file(&name).ok_or_else(|| ApiError::not_found("there is no such file"))?;
    let path = state.library.root().join(session.path(file));
    let entity = File::open(path).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ApiError::not_found("the file has been moved away"),
        _ => ApiError::internal(format!("cannot read the file: {error}")),
    })?;
    let mut response = ranges::answer(&Arc::new(entity), &method, &headers);
    if wanted.download.is_some() && response.status().is_success() {
        let disposition = format!("attachment; filename=\"{}\"", file.name);
        if let Ok(value) = HeaderValue::from_str(&disposition) {
            response.headers_mut().insert(CONTENT_DISPOSITION, value);
        }
    }
    Ok(response)
}
