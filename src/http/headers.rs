//! Headers that every answer carries.

use std::time::Duration;

use axum::Router;
use axum::http::Method;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use tower_http::cors::{Any, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

/// Nothing inline and nothing from elsewhere. The page delivers to whichever of the server's
/// addresses answers, and those may change after it was opened.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' https: wss:; \
    object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Browsers keep it for at most a day, and less.
const PREFLIGHT_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Adds the headers to every answer of the routes.
pub(super) fn secure(routes: Router) -> Router {
    let fixed = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (PERMISSIONS_POLICY, "camera=(self), microphone=(self), screen-wake-lock=(self)"),
    ];
    fixed.into_iter().fold(routes, |routes, (name, value)| {
        let value = HeaderValue::from_static(value);
        routes.layer(SetResponseHeaderLayer::if_not_present(name, value))
    })
}

/// Lets the page of another address of this server ask: that is another origin to the browser.
pub(super) fn from_anywhere() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([CONTENT_TYPE])
        .allow_private_network(true)
        .max_age(PREFLIGHT_AGE)
}
