//! `/api/access`: who asks, and how one gets in (`docs/access.md`).

pub(in super::super) mod admin;
mod refused;
mod wish;

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequest, Request, State as Shared};
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::super::State;
use super::super::authenticate::{COOKIE_NAME, Caller, Holder, cookie};
use super::super::error::ApiError;
use super::super::listener::Peer;
use super::super::own_computer::is_own_computer;
use super::super::place::Place;
use crate::auth::{LetIn, Mode, Pass, Password, Redeem, Role, Scope, Who};
use wish::ChosenMode;

/// The longest lists of names fit several times.
const MAX_BODY_BYTES: usize = 4 << 10;

/// A body of one packet that takes longer is held back; nothing is counted before it is there.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// Browsers keep none for longer (RFC 6265bis section 5.5).
const COOKIE_AGE_S: u64 = 400 * 24 * 60 * 60;

/// A JSON object, read whole before anything is decided.
pub(in super::super) struct Small<T>(pub(in super::super) T);

/// `POST /api/access/first`
#[derive(Deserialize, ToSchema)]
#[schema(as = FirstDecision)]
pub(in super::super) struct First {
    #[schema(value_type = ChosenMode)]
    mode: Mode,
    /// 256 bits that whoever asks has made, in base64url.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    claim: String,
    /// What the browser is called in lists.
    #[serde(default)]
    #[schema(required = true, min_length = 1, max_length = 100, pattern = r"[^\p{Cc}\s]")]
    name: String,
}

/// `POST /api/access/pair`
#[derive(Deserialize, ToSchema)]
pub(in super::super) struct Pair {
    /// Six digits, or what stands in a link.
    code: String,
    /// 256 bits that whoever asks has made, in base64url.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    claim: String,
    /// What the browser is called in lists.
    #[serde(default)]
    #[schema(required = true, min_length = 1, max_length = 100, pattern = r"[^\p{Cc}\s]")]
    name: String,
    #[serde(default)]
    device: Option<Device>,
}

/// The device that a browser records with.
#[derive(Deserialize, ToSchema)]
#[schema(as = PairedDevice)]
struct Device {
    #[schema(pattern = "^[A-Za-z0-9_-]{8,64}$")]
    id: String,
    #[schema(pattern = "^[!-~]{16,128}$")]
    key: String,
}

/// `POST /api/access/sign-in`
#[derive(Deserialize, ToSchema)]
pub(in super::super) struct SignIn {
    user: String,
    #[schema(value_type = String, format = Password)]
    password: Password,
    /// 256 bits that whoever asks has made, in base64url.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    claim: String,
    /// What the browser is called in lists.
    #[serde(default)]
    #[schema(required = true, min_length = 1, max_length = 100, pattern = r"[^\p{Cc}\s]")]
    name: String,
}

/// Who asks, and what they could do about it.
#[derive(Serialize, ToSchema)]
#[schema(as = Access)]
pub(in super::super) struct Told {
    mode: Mode,
    /// Whether this browser may decide who gets in.
    first_decision: bool,
    you: You,
    /// Whether somebody can sign in with one.
    passwords: bool,
    /// Where other devices find the page, and another address of it, if there is one.
    page: String,
    beside: Option<String>,
}

/// Who asks.
#[derive(Serialize, ToSchema)]
struct You {
    /// `nobody`, `everyone`, `open`, `browser`, `token` or `link`.
    who: &'static str,
    id: Option<String>,
    name: Option<String>,
    /// The user as whom a browser has signed in, by name.
    person: Option<String>,
    role: Option<Role>,
    scope: Scope,
    device: Option<String>,
}

/// `GET /api/access`: who asks, as the server sees it.
pub(in super::super) async fn about(
    Shared(state): Shared<State>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let pass = caller.pass();
    let may_decide = state.access.needs_first_decision() && is_own_computer(&peer, &uri, &headers);
    let place = Place::of(&state, &uri, &headers);
    let told = Json(told(&state, &pass, may_decide, place)).into_response();
    match (pass.who(), cookie(&headers)) {
        // Its time begins anew with each visit.
        (Who::Browser { .. }, Some(secret)) => with_cookie(told, secret, COOKIE_AGE_S),
        _ => told,
    }
}

/// `POST /api/access/first`: what is decided once, on the server's own computer.
pub(in super::super) async fn first(
    Shared(state): Shared<State>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    uri: Uri,
    headers: HeaderMap,
    Small(First { mode, claim, name }): Small<First>,
) -> Result<Response, ApiError> {
    let from = peer.address.ip().to_canonical();
    let let_in = state.access.decide_first(mode, &claim, &name, from).await?;
    Ok(welcome(&state, &let_in, Place::of(&state, &uri, &headers)))
}

/// `POST /api/access/pair`: a code lets this browser in.
pub(in super::super) async fn pair(
    Shared(state): Shared<State>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Small(Pair { code, claim, name, device }): Small<Pair>,
) -> Result<Response, ApiError> {
    own_page(&caller)?;
    let pass = caller.pass();
    if matches!(pass.who(), Who::Browser { .. }) && pass.is_admin() {
        // Any site can have it follow a link with a code for less.
        return Err(ApiError::conflict(
            "this browser is an admin's and stays so: open the link on the device that it is for, \
             or sign out here first",
        ));
    }
    let is_anothers =
        device.as_ref().is_some_and(|Device { id, key }| state.devices.is_anothers(id, key));
    let device = device.map(|Device { id, key }| (id, key.into()));
    let from = peer.address.ip().to_canonical();
    let redeem = Redeem { code: code.into(), claim: claim.into(), name, device, is_anothers, from };
    let let_in = state.access.redeem(redeem).await?;
    Ok(welcome(&state, &let_in, Place::of(&state, &uri, &headers)))
}

/// `POST /api/access/sign-in`: a user's password lets this browser in.
pub(in super::super) async fn sign_in(
    Shared(state): Shared<State>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Small(SignIn { user, password, claim, name }): Small<SignIn>,
) -> Result<Response, ApiError> {
    own_page(&caller)?;
    let from = peer.address.ip().to_canonical();
    let let_in = state.access.sign_in(&user, &password, &claim, &name, from).await?;
    Ok(welcome(&state, &let_in, Place::of(&state, &uri, &headers)))
}

/// `POST /api/access/sign-out`: this browser goes.
pub(in super::super) async fn sign_out(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
) -> Result<Response, ApiError> {
    let warning = state.access.sign_out(&pass).await?;
    let told = match warning {
        Some(warning) => Json(json!({ "warning": warning })).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    };
    Ok(with_cookie(told, "", 0))
}

fn own_page(caller: &Caller) -> Result<(), ApiError> {
    match caller.is_foreign {
        true => Err(ApiError::forbidden("only this server's own pages, and programs, get in here")),
        false => Ok(()),
    }
}

fn told(state: &State, pass: &Pass, may_decide: bool, place: Place) -> Told {
    let (who, id, name, person) = match pass.who() {
        Who::Nobody => ("nobody", None, None, None),
        Who::Everyone => ("everyone", None, None, None),
        Who::Open => ("open", None, None, None),
        Who::Browser { id, name, person } => ("browser", Some(id), Some(name), person.clone()),
        Who::Token { id, name } => ("token", Some(id), Some(name), None),
        Who::Link { id } => ("link", Some(id), None, None),
    };
    let Place { page, beside } = place;
    Told {
        mode: state.access.mode(),
        first_decision: may_decide,
        you: You {
            who,
            id: id.cloned(),
            name: name.cloned(),
            person,
            role: pass.role(),
            scope: pass.scope().clone(),
            device: pass.device().map(str::to_owned),
        },
        passwords: state.access.has_passwords(),
        page,
        beside,
    }
}

/// What whoever was let in is told: the same as by `GET /api/access`, and its cookie, once.
fn welcome(state: &State, let_in: &LetIn, place: Place) -> Response {
    let told = Json(told(state, &let_in.pass, false, place)).into_response();
    with_cookie(told, let_in.cookie.reveal(), COOKIE_AGE_S)
}

fn with_cookie(mut response: Response, secret: &str, age_s: u64) -> Response {
    let cookie = format!(
        "{COOKIE_NAME}={secret}; Path=/; Max-Age={age_s}; Secure; HttpOnly; SameSite=Strict"
    );
    if let Ok(mut value) = axum::http::HeaderValue::try_from(cookie) {
        value.set_sensitive(true);
        response.headers_mut().insert(SET_COOKIE, value);
    }
    response
}

impl<T: DeserializeOwned> FromRequest<State> for Small<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &State) -> Result<Self, ApiError> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        // A form of another site's page can send other kinds without asking.
        let is_json = kind.is_some_and(|kind| {
            kind.split(';')
                .next()
                .is_some_and(|k| k.trim().eq_ignore_ascii_case("application/json"))
        });
        if !is_json {
            return Err(ApiError::unsupported("this takes application/json"));
        }
        let body: Body = request.into_body();
        let whole = Limited::new(body, MAX_BODY_BYTES).collect();
        let whole = tokio::time::timeout(BODY_PATIENCE, whole).await;
        let whole = whole.map_err(|_| ApiError::bad_request("the body did not come in time"))?;
        let whole =
            whole.map_err(|error| match error.is::<http_body_util::LengthLimitError>() {
                true => ApiError::too_large("a body has at most 4 KiB here"),
                false => ApiError::bad_request("the body broke off"),
            })?;
        // The words of an error may repeat a secret.
        serde_json::from_slice(&whole.to_bytes()).map(Self).map_err(|error| {
            ApiError::bad_request(format!(
                "the body is not the JSON that is asked for here (column {}); see docs/access.md",
                error.column()
            ))
        })
    }
}
