//! What the listeners for clients that cannot be changed answer to a plain request.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

/// Byte for byte what such clients have been told since before this program.
const STATUS: &str = r#"{"status":"ok","message":"Video Streaming Server is running."}"#;

/// `GET /` of the listener for JPEG frames.
pub(super) async fn status() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], STATUS)
}
