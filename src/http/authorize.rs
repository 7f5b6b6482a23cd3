//! What stands before each handler: the rule of its route, and the end of what is open when its
//! pass ends.

use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request, State as Shared};
use axum::http::header::{ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::future::ready;
use futures_util::stream::{self, StreamExt};
use http_body_util::BodyExt;
use ingest_protocol::SUBPROTOCOL;
use tokio_util::sync::CancellationToken;

use super::authenticate::Caller;
use super::error::ApiError;
use super::listener::Peer;
use super::own_computer::is_own_computer;
use super::pages;
use super::rule::{Denied, Rule};
use crate::auth::{Mode, Pass, TokenRefused, Who};
use crate::metrics::{self, Refused};

/// What is longer takes its time on the way, and ends with the pass of whoever gets it.
const LONG_BYTES: u64 = 64 << 10;

/// A rule, and in which form it says no.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guard {
    pub(super) rule: Rule,
    is_page: bool,
}

impl Guard {
    pub(super) fn of(rule: Rule) -> Self {
        Self { rule, is_page: false }
    }

    pub(super) fn of_page(rule: Rule) -> Self {
        Self { rule, is_page: true }
    }
}

/// Lets a request through to its handler, or says why not.
pub(super) async fn authorize(
    Shared(guard): Shared<Guard>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    // Browsers name where a page that posts comes from.
    let is_own_page =
        || parts.headers.contains_key(ORIGIN) && is_own_computer(&peer, &parts.uri, &parts.headers);
    if guard.rule == Rule::FirstDecision && !is_own_page() {
        metrics::REFUSED.add(Refused::Forbidden, 1);
        return ApiError::forbidden(
            "who gets in is decided in a browser on the server's own computer; elsewhere, use the \
             link that `localcamera user link` makes there",
        )
        .into_response();
    }
    let mut rule = guard.rule;
    if rule == Rule::HelloOrPublish && !offers_v1(&parts.headers) {
        rule = Rule::Publish;
    }
    let denied = match (&caller.pass, rule) {
        (_, Rule::Public | Rule::FirstDecision) => None,
        (Err(refused), _) => Some(token(refused)),
        (Ok(pass), _) => match rule.ask(pass) {
            Err(Denied::Nobody) if guard.is_page => {
                metrics::REFUSED.add(Refused::SignIn, 1);
                return pages::sign_in(&parts.uri, &parts.headers);
            }
            Err(Denied::Nobody) => Some(sign_in(caller.mode)),
            Err(Denied::Forbidden(needed)) => Some(ApiError::forbidden(needed)),
            Ok(()) if rule.is_for_own_pages() && caller.is_foreign => Some(ApiError::forbidden(
                "only this server's own pages, and programs, may ask for that",
            )),
            Ok(()) => None,
        },
    };
    if let Some(denied) = denied {
        metrics::REFUSED.add(why(&caller), 1);
        return denied.into_response();
    }
    let body = match &caller.pass {
        Ok(pass) if is_ended_with_its_pass(rule) => ending(body, pass),
        _ => body,
    };
    let response = next.run(Request::from_parts(parts, body)).await;
    match caller.pass {
        Ok(pass) if is_ended_with_its_pass(rule) => tied(response, &pass, peer.cut),
        _ => response,
    }
}

fn why(caller: &Caller) -> Refused {
    match &caller.pass {
        Err(_) => Refused::Token,
        Ok(pass) if matches!(pass.who(), Who::Nobody) => Refused::SignIn,
        Ok(_) => Refused::Forbidden,
    }
}

/// Publishers are known by their hello, and nothing that everybody gets can be taken from anybody.
fn is_ended_with_its_pass(rule: Rule) -> bool {
    !matches!(
        rule,
        Rule::Public
            | Rule::FirstDecision
            | Rule::Hello
            | Rule::HelloOrPublish
            | Rule::Compat { needs_token: false }
    )
}

fn offers_v1(headers: &HeaderMap) -> bool {
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
    let mut offered = offered.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
    offered.any(|protocol| protocol.trim() == SUBPROTOCOL)
}

/// Nobody in particular asks.
fn sign_in(mode: Mode) -> ApiError {
    let message = match mode {
        Mode::Undecided => {
            "this server is not set up yet: open its page on the server's own computer, or run \
             `localcamera user link` there"
        }
        Mode::Paired | Mode::Network | Mode::Open => {
            "sign in first: open this server's page in a browser and enter six digits that an \
             admin makes under Devices; a program sends a token as Authorization: Bearer"
        }
    };
    ApiError::new(StatusCode::UNAUTHORIZED, "sign_in", message.to_owned())
}

fn token(refused: &TokenRefused) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "token", refused.to_string())
}

/// Whoever is sent away while they hold a request's body back does not finish it.
fn ending(body: Body, pass: &Pass) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let revoked = pass.revoked().clone();
    let data = body.into_data_stream().take_until(pass.revoked().clone().cancelled_owned());
    let end = stream::once(async move { revoked.is_cancelled() });
    let end = end.filter_map(|is_revoked| {
        let error = is_revoked.then(|| axum::Error::new("who asks is not let in any more"));
        ready(error.map(Err))
    });
    Body::from_stream(data.chain(end))
}

/// What goes on after its answer has begun ends with the pass, at once and whatever it is: the
/// connection beneath it is cut.
fn tied(response: Response, pass: &Pass, cut: CancellationToken) -> Response {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let revoked = pass.revoked().clone();
        tokio::spawn(async move {
            tokio::select! {
                () = revoked.cancelled() => cut.cancel(),
                // The connection has ended.
                () = cut.cancelled() => {}
            }
        });
        return response;
    }
    let is_short = response.body().size_hint().exact().is_some_and(|bytes| bytes <= LONG_BYTES);
    if is_short {
        return response;
    }
    let (revoked, over) = (pass.revoked().clone(), CancellationToken::new());
    let guard = over.clone().drop_guard();
    tokio::spawn(async move {
        tokio::select! {
            () = revoked.cancelled() => cut.cancel(),
            () = cut.cancelled() => {}
            () = over.cancelled() => {}
        }
    });
    // The closure is the body's, and the guard the closure's.
    response.map(|body| {
        Body::new(body.map_err(move |error| {
            let _over = &guard;
            error
        }))
    })
}
