//! Headers that every answer carries.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tower_http::cors::{Any, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::config::{InForce, Origin};

/// Nothing inline and nothing from elsewhere. The page delivers to whichever of the server's
/// addresses answers, and those may change after it was opened.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' https: wss:; \
    object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors";

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Which sites' pages may show what they cannot read, such as a picture.
pub(super) const RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// Browsers keep it for at most a day, and less.
const PREFLIGHT_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Adds the headers to every answer of the routes: nobody shows them in a frame, holds on to a
/// window of theirs, or shows what is in them.
pub(super) fn secure(routes: Router) -> Router {
    let alone = [
        (X_FRAME_OPTIONS, "DENY"),
        (OPENER_POLICY, "same-origin"),
        (RESOURCE_POLICY, "same-origin"),
    ];
    let policy = policy("'none'");
    with_fixed(with_policy(routes, move || policy.clone()), alone).layer(from_fn(unstored))
}

/// The same for what the server's own pages, and those of these origins, may show in a frame.
/// `X-Frame-Options` could not name them.
pub(super) fn framed(routes: Router, origins: InForce<Vec<Origin>>) -> Router {
    with_policy(routes, move || {
        let named = origins.get().iter().map(|origin| format!(" {origin}")).collect::<String>();
        policy(&format!("'self'{named}"))
    })
}

fn policy(ancestors: &str) -> HeaderValue {
    let policy = HeaderValue::try_from(format!("{POLICY} {ancestors}"));
    // Nothing but ASCII gets into an origin; without a policy nothing is framed.
    policy.unwrap_or(HeaderValue::from_static("frame-ancestors 'none'"))
}

/// `policy` is asked with each answer.
fn with_policy(
    routes: Router,
    policy: impl Fn() -> HeaderValue + Clone + Send + Sync + 'static,
) -> Router {
    let policy = move |_: &Response| Some(policy());
    let routes =
        routes.layer(SetResponseHeaderLayer::if_not_present(CONTENT_SECURITY_POLICY, policy));
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (PERMISSIONS_POLICY, "camera=(self), microphone=(self), screen-wake-lock=(self)"),
    ];
    with_fixed(routes, fixed)
}

/// Where a route does not say something else.
fn with_fixed<const N: usize>(routes: Router, fixed: [(HeaderName, &'static str); N]) -> Router {
    fixed.into_iter().fold(routes, |routes, (name, value)| {
        let value = HeaderValue::from_static(value);
        routes.layer(SetResponseHeaderLayer::if_not_present(name, value))
    })
}

/// What the API says is for who asks, and for now: a browser that somebody signs out of, and
/// whatever is between, keeps nothing of it.
async fn unstored(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_api = path.starts_with("/api/") || path == "/health";
    let mut response = next.run(request).await;
    if is_api {
        let headers = response.headers_mut();
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
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
