//! `/api/access/…` for admins: who is let in, and changes to that.

pub(in super::super::super) mod codes;

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::super::super::State;
use super::super::super::authenticate::Holder;
use super::super::super::error::{ApiError, Path};
use super::super::super::place::Place;
use super::Small;
use super::wish::{ChosenMode, LinkScope, ScopeWish};
use crate::auth::{Applied, Change, Mode, Pass, Password, People, Role, Scope, Who};

/// A name and what it may.
#[derive(Deserialize, ToSchema)]
pub(in super::super::super) struct Named {
    #[schema(min_length = 1, max_length = 100, pattern = r"[^\p{Cc}\s]")]
    name: String,
    role: Role,
    #[serde(default)]
    #[schema(value_type = ScopeWish)]
    scope: Scope,
}

#[derive(Deserialize, ToSchema)]
pub(in super::super::super) struct NewUser {
    #[schema(min_length = 1, max_length = 100, pattern = r"[^\p{Cc}\s]")]
    name: String,
    role: Role,
    #[serde(default)]
    #[schema(value_type = ScopeWish)]
    scope: Scope,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 1024)]
    password: Option<Password>,
}

#[derive(Deserialize, ToSchema)]
pub(in super::super::super) struct NewToken {
    #[schema(min_length = 1, max_length = 100, pattern = r"[^\p{Cc}\s]")]
    name: String,
    role: Role,
    #[serde(default)]
    #[schema(value_type = ScopeWish)]
    scope: Scope,
    #[serde(default)]
    #[schema(minimum = 1, maximum = 36_525)]
    days: Option<u32>,
}

#[derive(Deserialize, ToSchema)]
pub(in super::super::super) struct NewLink {
    #[schema(value_type = LinkScope)]
    scope: BTreeSet<String>,
    /// Up to a leap year.
    #[schema(minimum = 1, maximum = 527_040)]
    minutes: u32,
}

#[derive(Deserialize, ToSchema)]
pub(in super::super::super) struct NewPassword {
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 1024)]
    password: Option<Password>,
}

#[derive(Deserialize, ToSchema)]
pub(in super::super::super) struct NewMode {
    #[schema(value_type = ChosenMode)]
    mode: Mode,
}

/// `GET /api/access/people`
pub(in super::super::super) async fn people(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
) -> impl IntoResponse {
    let mut people = state.access.people();
    people.name_devices(|device| state.devices.name_of(device));
    if let Who::Browser { id, .. } = pass.who() {
        mark_here(&mut people, id);
    }
    Json(people)
}

fn mark_here(people: &mut People, id: &str) {
    for browser in &mut people.browsers {
        browser.here = browser.id == id;
    }
}

/// `PUT /api/access/mode`
pub(in super::super::super) async fn set_mode(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Small(NewMode { mode }): Small<NewMode>,
) -> Result<Response, ApiError> {
    changed(&state, &pass, Change::SetMode { mode }).await
}

/// `POST /api/access/users`
pub(in super::super::super) async fn add_user(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Small(NewUser { name, role, scope, password }): Small<NewUser>,
) -> Result<Response, ApiError> {
    let applied =
        state.access.apply(Change::AddUser { name, role, scope, password }, &pass).await?;
    Ok((StatusCode::CREATED, Json(entry(&applied))).into_response())
}

/// `PUT /api/access/users/{id}`
pub(in super::super::super) async fn change_user(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
    Small(Named { name, role, scope }): Small<Named>,
) -> Result<Response, ApiError> {
    changed(&state, &pass, Change::AlterUser { id, name, role, scope }).await
}

/// `DELETE /api/access/users/{id}`
pub(in super::super::super) async fn remove_user(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    changed(&state, &pass, Change::RemoveUser { id }).await
}

/// `PUT /api/access/users/{id}/password`
pub(in super::super::super) async fn set_password(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
    Small(NewPassword { password }): Small<NewPassword>,
) -> Result<Response, ApiError> {
    changed(&state, &pass, Change::SetPassword { id, password }).await
}

/// `POST /api/access/tokens`: the answer holds the token, once.
pub(in super::super::super) async fn add_token(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Small(NewToken { name, role, scope, days }): Small<NewToken>,
) -> Result<Response, ApiError> {
    let applied = state.access.apply(Change::AddToken { name, role, scope, days }, &pass).await?;
    let mut told = entry(&applied);
    told["token"] = applied.secret.as_ref().map(|secret| secret.reveal().to_owned()).into();
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

/// `DELETE /api/access/tokens/{id}`
pub(in super::super::super) async fn revoke_token(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    changed(&state, &pass, Change::RevokeToken { id }).await
}

/// `POST /api/access/links`: the answer holds the address, once.
pub(in super::super::super) async fn add_link(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    uri: Uri,
    headers: HeaderMap,
    Small(NewLink { scope, minutes }): Small<NewLink>,
) -> Result<Response, ApiError> {
    let stream = scope.first().cloned().unwrap_or_default();
    let applied = state.access.apply(Change::AddLink { scope, minutes }, &pass).await?;
    let mut told = entry(&applied);
    let base = Place::of(&state, &uri, &headers).page;
    let stream = utf8_percent_encode(&stream, NON_ALPHANUMERIC).to_string().replace("%2D", "-");
    let secret = applied.secret.as_ref().map_or("", |secret| secret.reveal());
    told["url"] = format!("{base}/embed/{stream}?token={secret}").into();
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

/// `DELETE /api/access/links/{id}`
pub(in super::super::super) async fn revoke_link(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    changed(&state, &pass, Change::RevokeLink { id }).await
}

/// `PUT /api/access/browsers/{id}`
pub(in super::super::super) async fn change_browser(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
    Small(Named { name, role, scope }): Small<Named>,
) -> Result<Response, ApiError> {
    changed(&state, &pass, Change::AlterBrowser { id, name, role, scope }).await
}

/// `DELETE /api/access/browsers/{id}`
pub(in super::super::super) async fn revoke_browser(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    changed(&state, &pass, Change::RevokeBrowser { id }).await
}

/// Makes a change; its answer is the entry, or nothing where there is none any more.
async fn changed(state: &State, pass: &Pass, change: Change) -> Result<Response, ApiError> {
    let applied = state.access.apply(change, pass).await?;
    match (&applied.entry, &applied.warning) {
        (None, None) => Ok(StatusCode::NO_CONTENT.into_response()),
        _ => Ok(Json(entry(&applied)).into_response()),
    }
}

fn entry(applied: &Applied) -> Value {
    let entry = applied.entry.as_ref().and_then(|entry| serde_json::to_value(entry).ok());
    let mut told = entry.unwrap_or_else(|| json!({}));
    if let Some(warning) = &applied.warning {
        told["warning"] = warning.clone().into();
    }
    told
}
