//! `GET /api/sessions/{session}/reels/{reel}/{file}`: many files, played as one.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde::Deserialize;

use super::super::super::State;
use super::super::super::authenticate::Holder;
use super::super::super::error::{ApiError, Asked, Path};
use super::super::super::ranges::{self, Reel};
use super::{blocking, find};
use crate::library::reels::{Made, Version};

/// Which one it was when its address was told.
#[derive(Debug, Deserialize)]
pub(in super::super::super) struct Wanted {
    v: Option<String>,
}

/// `GET /api/sessions/{session}/reels/{reel}/{file}`
pub(in super::super::super) async fn reel(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path((id, number, file)): Path<(String, usize, String)>,
    Asked(wanted): Asked<Wanted>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let session = find(&state, &pass, &id)?;
    let version = match wanted.v.as_deref() {
        None => None,
        Some(text) => Some(Version::read(text).ok_or_else(no_such_version)?),
    };
    let is_named = version.is_some();
    let library = state.library.clone();
    let made: Option<Arc<Made>> =
        blocking(move || library.reels().reel(&session, number, version.as_ref())).await?;
    let made = made.ok_or_else(|| match is_named {
        true => ApiError::gone("the recording has changed; its timeline has the new addresses"),
        false => ApiError::not_found("the recording has no such reel"),
    })?;
    if file != format!("video.{}", made.outline().container) {
        return Err(ApiError::not_found("the recording's timeline says what the file is called"));
    }
    let reel = Reel::new(made).map_err(|error| ranges::refused(&error))?;
    Ok(ranges::answer(&Arc::new(reel), &method, &headers))
}

fn no_such_version() -> ApiError {
    ApiError::bad_request("v is as the recording's timeline has it")
}
