//! The files of `web/`, inside the binary.

use std::borrow::Cow;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::error::{ApiError, Path};

#[derive(RustEmbed)]
#[folder = "web/"]
#[exclude = "strings/*"]
struct Web;

/// One file. Browsers ask each time, and are told when theirs is the newest.
pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = Web::get(&path) else {
        return ApiError::not_found("there is no such file").into_response();
    };
    let mime = mime_guess::from_path(&path).first_or_octet_stream();
    answer(&headers, mime.as_ref(), file.metadata.sha256_hash(), file.data)
}

/// Content that is named by its SHA-256, unless the browser has it.
pub(super) fn answer(
    headers: &HeaderMap,
    mime: &str,
    sha256: [u8; 32],
    content: Cow<'static, [u8]>,
) -> Response {
    let etag = format!("\"{}\"", hex::encode(&sha256[..16]));
    let known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    if known {
        return (StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response();
    }
    let headers =
        [(CONTENT_TYPE, mime.to_owned()), (CACHE_CONTROL, "no-cache".to_owned()), (ETAG, etag)];
    (headers, content).into_response()
}

/// The paths of all files and the SHA-256 of their content, in order.
pub(super) fn all() -> Vec<(String, [u8; 32])> {
    let hashed = |path: Cow<'static, str>| {
        let file = Web::get(&path)?;
        Some((path.into_owned(), file.metadata.sha256_hash()))
    };
    let mut all: Vec<_> = Web::iter().filter_map(hashed).collect();
    all.sort();
    all
}

/// The content of one file.
pub(super) fn content(path: &str) -> Option<Cow<'static, [u8]>> {
    Web::get(path).map(|file| file.data)
}
