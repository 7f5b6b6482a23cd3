//! The certificate authority, in the types by which devices know it.

use axum::extract::State as Shared;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::super::State;
use super::super::error::ApiError;

const NONE: &str =
    "this server uses a certificate of its owner's; there is no authority to install";

/// `GET /ca.crt`, in DER.
pub(in super::super) async fn certificate(Shared(state): Shared<State>) -> Response {
    let Some(authority) = state.authority else {
        return ApiError::not_found(NONE).into_response();
    };
    let headers = [
        (CONTENT_TYPE, "application/x-x509-ca-cert"),
        (CONTENT_DISPOSITION, "attachment; filename=\"ca.crt\""),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, authority.certificate.clone()).into_response()
}

/// `GET /ca.mobileconfig`, for iOS and iPadOS.
pub(in super::super) async fn mobileconfig(Shared(state): Shared<State>) -> Response {
    let Some(authority) = state.authority else {
        return ApiError::not_found(NONE).into_response();
    };
    let headers = [
        (CONTENT_TYPE, "application/x-apple-aspen-config"),
        (CONTENT_DISPOSITION, "attachment; filename=\"localcamera.mobileconfig\""),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, authority.mobileconfig.clone()).into_response()
}
