//! What admins change of a recording: its name, what is kept of it, marks. Each is a line of its
//! journal (`docs/recordings.md`).

use std::sync::{Arc, OnceLock};

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request, State as Shared};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Path};
use super::super::sight::sees_session;
use super::sessions::find;
use crate::auth::{Pass, Who};
use crate::clock::WallUs;
use crate::library::Session;
use crate::library::editing::{self, Decide, EditError, Place, Refusal};
use crate::text::{is_within, one_line};

/// The longest text in an escaped form, several times.
pub(in super::super) const MAX_EDIT_BYTES: usize = 16 << 10;

/// A line in a list, as for the names of devices twice.
const MAX_TITLE_CHARS: usize = 200;

/// As for marks that are set at a device.
const MAX_DETAIL_CHARS: usize = 200;

const MILLISECOND_US: i64 = 1000;

/// A JSON object. What is wrong with it is said in the form of the API.
pub(in super::super) struct Sent<T>(pub(in super::super) T);

impl<T: DeserializeOwned> FromRequest<State> for Sent<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &State) -> Result<Self, ApiError> {
        // A list of its values would do for an object, too.
        let Json(members) = Json::<Map<String, Value>>::from_request(request, state).await?;
        let body = serde_json::from_value(Value::Object(members));
        body.map(Self).map_err(|error| ApiError::bad_request(error.to_string()))
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TitleWish)]
pub(in super::super) struct Title {
    /// Null for none.
    #[serde(deserialize_with = "there")]
    #[schema(
        required = true,
        min_length = 1,
        max_length = 200,
        pattern = r"^\P{Cc}*[^\p{Cc}\s]\P{Cc}*$"
    )]
    title: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeptWish)]
pub(in super::super) struct Span {
    start_ms: i64,
    end_ms: i64,
}

/// A time of which nothing is deleted.
#[derive(Serialize, ToSchema)]
#[schema(as = KeptSpan)]
pub(in super::super) struct Held {
    start_ms: i64,
    end_ms: i64,
    by: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MarkWish)]
pub(in super::super) struct Mark {
    at_ms: i64,
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, pattern = r"^\P{Cc}*[^\p{Cc}\s]\P{Cc}*$")]
    detail: Option<String>,
}

/// A member that is there, if only as null.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

/// `PUT /api/sessions/{session}/title`
pub(in super::super) async fn name(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
    Sent(Title { title }): Sent<Title>,
) -> Result<StatusCode, ApiError> {
    let title = line(title, "a title", MAX_TITLE_CHARS)?;
    edit(&state, &pass, &id, editing::name(title, by(&pass))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/sessions/{session}/kept`: the answer is what holds, which is no more than there is.
pub(in super::super) async fn keep(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
    Sent(Span { start_ms, end_ms }): Sent<Span>,
) -> Result<(StatusCode, Json<Held>), ApiError> {
    let (start_us, end_us) = (us(start_ms), us(end_ms));
    let (by, known) = (by(&pass), Arc::new(OnceLock::new()));
    let decide: Decide = {
        let (by, known) = (by.clone(), Arc::clone(&known));
        Box::new(move |session| {
            let span = session.keepable_us(start_us, end_us).ok_or(Refusal::Outside)?;
            // Asked once.
            let _ = known.set(span);
            editing::keep(span.0, span.1, by)(session)
        })
    };
    edit(&state, &pass, &id, decide).await?;
    let (start_us, end_us) = known.get().copied().unwrap_or((start_us, end_us));
    let held = Held { start_ms: start_us / MILLISECOND_US, end_ms: end_us / MILLISECOND_US, by };
    Ok((StatusCode::CREATED, Json(held)))
}

/// `DELETE /api/sessions/{session}/kept/{span}`
pub(in super::super) async fn release(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path((id, span)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let bounds = span.split_once('-').map(|(start, end)| (start.parse(), end.parse()));
    let Some((Ok(start_ms), Ok(end_ms))) = bounds else {
        return Err(ApiError::bad_request(
            "a time that is kept is START-END, in milliseconds since 1970",
        ));
    };
    edit(&state, &pass, &id, editing::release(start_ms, end_ms, by(&pass))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/sessions/{session}/marks`
pub(in super::super) async fn mark(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
    Sent(Mark { at_ms, detail }): Sent<Mark>,
) -> Result<StatusCode, ApiError> {
    let detail = line(detail, "a mark's detail", MAX_DETAIL_CHARS)?;
    edit(&state, &pass, &id, editing::mark(us(at_ms), detail)).await?;
    Ok(StatusCode::CREATED)
}

async fn edit(
    state: &State,
    pass: &Pass,
    id: &str,
    decide: Decide,
) -> Result<Arc<Session>, ApiError> {
    let place = place(state, pass, id)?;
    write(state, place, decide).await
}

/// Writes to the end also when nobody waits for the answer any more.
pub(super) async fn write(
    state: &State,
    place: Place,
    decide: Decide,
) -> Result<Arc<Session>, ApiError> {
    let editor = Arc::clone(&state.editor);
    let writing = tokio::spawn(async move { editor.edit(place, decide).await });
    let written = writing.await.map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(written?)
}

/// Where a recording is that whoever asks may change.
pub(super) fn place(state: &State, pass: &Pass, id: &str) -> Result<Place, ApiError> {
    let is_complete = state.library.is_complete();
    if state.library.with_id(id, |session| sees_session(pass, session)).len() > 1 {
        return Err(ApiError::conflict(
            "two recordings have this id, since a folder was copied: move one of them away first",
        ));
    }
    let found = find(state, pass, id).map(|session| state.library.place(&session));
    found.map_err(|error| match is_complete {
        true => error,
        false => ApiError::unavailable("the recordings are still being read"),
    })
}

/// By which name somebody stands in journals.
pub(super) fn by(pass: &Pass) -> String {
    match pass.who() {
        Who::Browser { person: Some(name), .. }
        | Who::Browser { name, .. }
        | Who::Token { name, .. } => name.clone(),
        Who::Link { .. } => "a link".to_owned(),
        Who::Nobody | Who::Everyone | Who::Open => "everyone".to_owned(),
    }
}

/// One line of text, or none.
fn line(text: Option<String>, what: &str, max_chars: usize) -> Result<Option<String>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let line = one_line(&text);
    if line.is_empty() || text.chars().any(char::is_control) || !is_within(&text, max_chars) {
        return Err(ApiError::bad_request(format!(
            "{what} is one line of text with at most {max_chars} characters"
        )));
    }
    Ok(Some(line))
}

/// No time that there is lies beyond what can be said.
fn us(ms: i64) -> WallUs {
    ms.saturating_mul(MILLISECOND_US)
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large("the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::unsupported("this takes application/json"),
            _ => Self::bad_request(rejection.body_text()),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match &refusal {
            Refusal::Newer => (StatusCode::CONFLICT, "newer_version"),
            Refusal::Kept { .. } => (StatusCode::CONFLICT, "kept"),
            Refusal::Growing { .. } => (StatusCode::CONFLICT, "growing"),
            Refusal::Outside => (StatusCode::CONFLICT, "outside"),
            Refusal::Deleted { .. } => (StatusCode::CONFLICT, "deleted"),
            Refusal::NoFile { .. } | Refusal::NotKept => (StatusCode::NOT_FOUND, "not_found"),
            Refusal::Over => (StatusCode::GONE, "gone"),
        };
        Self::new(status, code, refusal.to_string())
    }
}

impl From<EditError> for ApiError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Refused(refusal) => refusal.into(),
            EditError::Gone => Self::gone(error.to_string()),
            EditError::Disk(_) => {
                let message = format!("the disk does not take it, and nothing is changed: {error}");
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk", message)
            }
            EditError::Unknown(_) => Self::internal(format!(
                "the disk has failed meanwhile, and whether it is changed shows when the server starts \
                 again: {error}"
            )),
            EditError::Busy => Self::unavailable(error.to_string()),
        }
    }
}
