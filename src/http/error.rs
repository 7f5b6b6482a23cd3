//! Answers that say no, in words.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Query, State as Shared};
use axum::http::header::{HOST, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};

use super::State;

/// What the server cannot do now it may do in a moment.
const RETRY_AFTER_S: u64 = 1;

/// What was asked for is repeated as far as a person can have meant it.
const MAX_SHOWN_CHARS: usize = 200;

/// What an API call cannot do.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after_s: Option<u64>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: String) -> Self {
        let is_passing = status == StatusCode::SERVICE_UNAVAILABLE;
        Self { status, code, message, retry_after_s: is_passing.then_some(RETRY_AFTER_S) }
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message.into())
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message.into())
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message.into())
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message.into())
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message.into())
    }

    pub(super) fn gone(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "gone", message.into())
    }

    pub(super) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message.into())
    }

    pub(super) fn too_many(message: impl Into<String>, retry_after_s: u64) -> Self {
        let refused = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message.into());
        Self { retry_after_s: Some(retry_after_s), ..refused }
    }

    pub(super) fn not_acceptable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, "not_playable", message.into())
    }

    pub(super) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported", message.into())
    }

    /// What may work when it is tried again.
    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message.into())
    }

    pub(super) fn upgrade_required(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", message.into())
    }
}

/// What stands behind the question mark of an address.
#[derive(FromRequestParts)]
#[from_request(via(Query), rejection(ApiError))]
pub(super) struct Asked<T>(pub(super) T);

/// What the braces of a route's path stand for.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub(super) struct Path<T>(pub(super) T);

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        match rejection.status().is_server_error() {
            // The route has other braces than its handler.
            true => Self::internal(rejection.body_text()),
            false => Self::bad_request(rejection.body_text()),
        }
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad_request(rejection.body_text())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": { "code": self.code, "message": self.message } });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A path that the table names, asked in another way.
pub(super) async fn no_such_method(method: Method, uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(MAX_SHOWN_CHARS).collect();
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("{path} takes no {method}; the header Allow says what it takes"),
    )
}

/// Any path that the table does not name.
pub(super) async fn not_found(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(MAX_SHOWN_CHARS).collect();
    ApiError::not_found(format!("there is nothing at {path}"))
}

/// On the plain listener everything else is on the encrypted one.
pub(super) async fn to_https(
    Shared(state): Shared<State>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Redirect, ApiError> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).and_then(|host| {
        host.parse::<axum::http::uri::Authority>().ok().map(|authority| authority.host().to_owned())
    });
    let Some(host) = host else {
        return Err(ApiError::not_found("the request names no host"));
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Ok(Redirect::temporary(&format!("https://{host}:{}{path}", state.https_port)))
}
