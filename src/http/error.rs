//! Answers that say no, in words.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, State as Shared};
use axum::http::header::{HOST, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};

use super::State;

/// What the server cannot do now it may do in a moment.
const RETRY_AFTER_S: &str = "1";

/// What an API call cannot do.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: String) -> Self {
        Self { status, code, message }
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "not_found", message: message.into() }
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, code: "forbidden", message: message.into() }
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "internal",
            message: message.into(),
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "bad_request", message: message.into() }
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self { status: StatusCode::CONFLICT, code: "conflict", message: message.into() }
    }

    pub(super) fn gone(message: impl Into<String>) -> Self {
        Self { status: StatusCode::GONE, code: "gone", message: message.into() }
    }

    pub(super) fn too_large(message: impl Into<String>) -> Self {
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, code: "too_large", message: message.into() }
    }

    pub(super) fn not_acceptable(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_ACCEPTABLE, code: "not_playable", message: message.into() }
    }

    pub(super) fn unsupported(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code: "unsupported",
            message: message.into(),
        }
    }

    /// What may work when it is tried again.
    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "unavailable",
            message: message.into(),
        }
    }

    pub(super) fn upgrade_required(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UPGRADE_REQUIRED,
            code: "upgrade_required",
            message: message.into(),
        }
    }
}

/// What stands behind the question mark of an address.
#[derive(FromRequestParts)]
#[from_request(via(Query), rejection(ApiError))]
pub(super) struct Asked<T>(pub(super) T);

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad_request(rejection.body_text())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": { "code": self.code, "message": self.message } });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        response
    }
}

/// Any path that the table does not name.
pub(super) async fn not_found(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(200).collect();
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
