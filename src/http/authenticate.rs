//! Whose a request is: by a token, by a cookie that its own page sends, or nobody's in particular.

use std::net::IpAddr;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State as Shared};
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::Next;
use axum::response::Response;
use percent_encoding::percent_decode_str;

use super::State;
use super::error::ApiError;
use super::listener::Peer;
use super::origin::{is_foreign, names_origin};
use super::ws::address::beside_address;
use crate::auth::{Access, Mode, Pass, TokenRefused};

/// Only its own origin can set it, and gets it: of a page elsewhere the browser sends it not.
pub(super) const COOKIE_NAME: &str = "__Host-localcamera";

/// Who asks, as the request shows it.
#[derive(Clone)]
pub(super) struct Caller {
    /// What the rules of routes and the handlers ask.
    pub(super) pass: Result<Pass, TokenRefused>,
    /// Whether a page of somebody else's asks, which has shown no secret of its own.
    pub(super) is_foreign: bool,
    pub(super) mode: Mode,
}

/// Looks once at each request, before any route.
pub(super) async fn authenticate(
    Shared(state): Shared<State>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let from = peer.address.ip().to_canonical();
    let caller = caller(&state.access, request.method(), request.uri(), request.headers(), from);
    request.extensions_mut().insert(caller);
    next.run(request).await
}

fn caller(
    access: &Access,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    from: IpAddr,
) -> Caller {
    let is_foreign = is_foreign(uri, headers);
    let mode = access.mode();
    if mode == Mode::Open {
        return Caller { pass: Ok(access.everyone()), is_foreign, mode };
    }
    if let Some(token) = token(uri, headers) {
        return Caller { pass: access.by_token(&token), is_foreign: false, mode };
    }
    let counts = match names_origin(headers) {
        true => !is_foreign,
        // Browsers name it with whatever changes something.
        false => matches!(*method, Method::GET | Method::HEAD),
    };
    let known =
        cookie(headers).filter(|_| counts).and_then(|secret| access.by_cookie(secret, from));
    let pass = known.unwrap_or_else(|| match is_foreign {
        // Any site can be open in the browser of somebody on the network.
        true => Pass::nobody(),
        false => access.everyone(),
    });
    Caller { pass: Ok(pass), is_foreign, mode }
}

/// The token of a request: in its header, or in its address where a client cannot set headers.
fn token(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    bearer.or_else(|| {
        let own = beside_address(uri.query()?);
        let value = own.split('&').find_map(|pair| pair.strip_prefix("token="))?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    })
}

/// The text of the cookie.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE_NAME).then_some(value)
    })
}

impl Caller {
    /// The pass, where a route's rule has let it through.
    pub(super) fn pass(&self) -> Pass {
        self.pass.clone().unwrap_or_else(|_| Pass::nobody())
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| ApiError::internal("nobody has looked at whose this request is"))
    }
}

/// The pass of a request that its route's rule has let through.
pub(super) struct Holder(pub(super) Pass);

impl<S: Sync> FromRequestParts<S> for Holder {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Self(Caller::from_request_parts(parts, state).await?.pass()))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(all: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_token_is_in_the_header_or_in_the_address() {
        let none = HeaderMap::new();
        let of = |uri: &'static str| token(&Uri::from_static(uri), &none);
        assert_eq!(of("/ws/live/a?container=webm&token=lct_a%2Db").as_deref(), Some("lct_a-b"));
        assert_eq!(of("/ws/live/a?container=webm"), None);
        assert_eq!(of("/ws/live/a?mytoken=b"), None);
        // A camera's address is its own.
        assert_eq!(of("/ws/stream?rtsp_url=rtsp://c/?a=1&token=b"), None);
        assert_eq!(of("/ws/stream?token=b&rtsp_url=rtsp://c/").as_deref(), Some("b"));
        assert_eq!(of("/ws/stream?rtsp_url=rtsp%3A%2F%2Fc&token=b").as_deref(), Some("b"));
        let bearer = headers(&[(AUTHORIZATION, "bearer lct_x")]);
        assert_eq!(token(&Uri::from_static("/?token=y"), &bearer).as_deref(), Some("lct_x"));
        let basic = headers(&[(AUTHORIZATION, "Basic lct_x")]);
        assert_eq!(token(&Uri::from_static("/"), &basic), None);
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let both = headers(&[(COOKIE, "a=b"), (COOKIE, "c=d; __Host-localcamera=secret; e=f")]);
        assert_eq!(cookie(&both), Some("secret"));
        assert_eq!(cookie(&headers(&[(COOKIE, "localcamera=secret")])), None);
    }
}
