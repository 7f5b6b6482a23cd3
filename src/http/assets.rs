//! The files of `web/`, inside the binary.

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::error::ApiError;

#[derive(RustEmbed)]
#[folder = "web/"]
#[exclude = "strings/*"]
struct Web;

/// One file. Browsers ask each time, and are told when theirs is the newest.
pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = Web::get(&path) else {
        return ApiError::not_found("there is no such file").into_response();
    };
    let etag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    if known {
        return (StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response();
    }
    let mime = mime_guess::from_path(&path).first_or_octet_stream();
    let headers =
        [(CONTENT_TYPE, mime.to_string()), (CACHE_CONTROL, "no-cache".to_owned()), (ETAG, etag)];
    (headers, file.data).into_response()
}
