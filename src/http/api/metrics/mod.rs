//! `/metrics`: how the server is doing, in figures for Prometheus (`docs/metrics.md`).
//!
//! What other parts know is asked of them, what nobody knows is counted in [`crate::metrics`]; both
//! without a look at the disk, and without making anybody wait who records.

mod counted;
mod families;
mod known;
mod process;
#[cfg(test)]
mod tests;
mod text;

use axum::extract::State as Shared;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};

use super::super::State;
use super::super::error::ApiError;
use families::Family;
use text::Format;

/// `GET /metrics`
pub(in super::super) async fn metrics(
    Shared(state): Shared<State>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let format = Format::accepted(&headers);
    let text = format.text(all(&state));
    let text = text.map_err(|_| ApiError::unavailable("the figures cannot be written down"))?;
    let about = [
        (CONTENT_TYPE, format.content_type()),
        (CACHE_CONTROL, "no-store"),
        (VARY, ACCEPT.as_str()),
    ];
    Ok((about, text).into_response())
}

fn all(state: &State) -> Vec<Family> {
    let mut all = known::of_server(state);
    all.extend(counted::families());
    all.extend(process::families());
    all
}
