//! `/api/library`: what there is, as people look for it.

pub(in super::super) mod calendar;
pub(in super::super) mod events;
pub(in super::super) mod take;

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Asked};
use super::super::sight::sees_session;
use crate::auth::Pass;
use crate::library::Session;
use crate::library::listing::{Course, Cursor, Summary};
use crate::live::Behind;
use crate::text::is_within;

/// A page of the list: more than fits on a screen.
const PAGE_SESSIONS: usize = 50;

/// More make an answer that is slow to read on a tablet.
pub(super) const MAX_PAGE_SESSIONS: usize = 500;

/// Longer than what anybody looks for.
pub(super) const MAX_TEXT_CHARS: usize = 200;

/// What of the list is wanted.
#[derive(Debug, Default, Deserialize)]
pub(in super::super) struct Wanted {
    /// Those that began before.
    before_ms: Option<i64>,
    device: Option<String>,
    text: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// A page of the list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Library)]
pub(in super::super) struct LibraryView {
    sessions: Vec<Entry>,
    /// Where it goes on: `cursor` of the next request.
    next: Option<String>,
    /// Whether all journals on the disk have been read.
    is_complete: bool,
}

/// A session without its files.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LibraryEntry)]
pub(in super::super) struct Entry {
    session: String,
    device: String,
    /// What the device is called now.
    name: String,
    /// A person's name for the session.
    title: Option<String>,
    start_ms: i64,
    end_ms: i64,
    footage_ms: i64,
    bytes: u64,
    files: usize,
    state: StateView,
    /// How far what has arrived lies behind now, while it is recorded: what its device still has.
    waiting_ms: Option<i64>,
    /// Whether something of it is kept.
    kept: bool,
    has_video: bool,
    gaps: usize,
    faults: usize,
}

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SessionState)]
pub(in super::super) enum StateView {
    Recording,
    /// Put aside; its device may come back.
    Waiting,
    Finished,
}

impl From<Course> for StateView {
    fn from(course: Course) -> Self {
        match course {
            Course::Recording => Self::Recording,
            Course::Waiting => Self::Waiting,
            Course::Finished => Self::Finished,
        }
    }
}

/// `GET /api/library`
pub(in super::super) async fn list(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<LibraryView>, ApiError> {
    let behind = wanted.cursor.as_deref().map(cursor).transpose()?;
    let limit = wanted.limit.unwrap_or(PAGE_SESSIONS);
    if !(1..=MAX_PAGE_SESSIONS).contains(&limit) {
        let message = format!("limit is from 1 to {MAX_PAGE_SESSIONS}");
        return Err(ApiError::bad_request(message));
    }
    let is_wanted = filter(&state, &pass, wanted.device.as_deref(), wanted.text.as_deref())?;
    let before_us = wanted.before_ms.map(|before_ms| before_ms.saturating_mul(1000));
    let page = state.library.page(
        |session| {
            before_us.is_none_or(|before_us| session.first_us() < before_us) && is_wanted(session)
        },
        behind.as_ref(),
        limit,
    );
    let next = page.next.map(|next| format!("{}:{}", next.start_us, next.id));
    let behind = state.streams.behind();
    let entry = |summary| entry(&state, &behind, summary);
    let sessions = page.sessions.into_iter().map(entry).collect();
    Ok(Json(LibraryView { sessions, next, is_complete: state.library.is_complete() }))
}

fn cursor(text: &str) -> Result<Cursor, ApiError> {
    let parts = text.split_once(':');
    let cursor = parts.and_then(|(start_us, id)| {
        Some(Cursor { start_us: start_us.parse().ok()?, id: id.to_owned() })
    });
    cursor.ok_or_else(|| ApiError::bad_request("cursor is what `next` of the page before says"))
}

/// Whether somebody sees a session, and looks for it.
pub(super) fn filter<'a>(
    state: &'a State,
    pass: &'a Pass,
    device: Option<&'a str>,
    text: Option<&str>,
) -> Result<impl Fn(&Session) -> bool + use<'a>, ApiError> {
    let text = text.unwrap_or_default();
    if !is_within(text, MAX_TEXT_CHARS) {
        let message = format!("text has at most {MAX_TEXT_CHARS} characters");
        return Err(ApiError::bad_request(message));
    }
    let text = text.trim().to_lowercase();
    let device = device.filter(|device| !device.is_empty());
    Ok(move |session: &Session| {
        let has = |part: &str| part.to_lowercase().contains(&text);
        device.is_none_or(|device| session.device == device)
            && sees_session(pass, session)
            && (text.is_empty()
                || session.title.as_deref().is_some_and(has)
                || has(&session.id)
                || has(&shown_name(state, &session.device, &session.name)))
    })
}

/// What a device is called now, or was when it recorded.
pub(super) fn shown_name(state: &State, device: &str, name: &str) -> String {
    state.devices.name_of(device).unwrap_or_else(|| name.to_owned())
}

/// What of a session that is recorded is still on its device.
pub(super) fn waiting_ms(
    behind: &Behind,
    course: Course,
    device: &str,
    session: &str,
) -> Option<i64> {
    let behind_us = behind.us_of(device, session).filter(|_| course == Course::Recording);
    behind_us.map(|behind_us| behind_us / 1000)
}

pub(super) fn entry(state: &State, behind: &Behind, summary: Summary) -> Entry {
    let waiting_ms = waiting_ms(behind, summary.course, &summary.device, &summary.id);
    Entry {
        waiting_ms,
        name: shown_name(state, &summary.device, &summary.name),
        session: summary.id,
        device: summary.device,
        title: summary.title,
        start_ms: summary.start_us / 1000,
        end_ms: summary.end_us / 1000,
        footage_ms: summary.footage_us / 1000,
        bytes: summary.bytes,
        files: summary.files,
        state: summary.course.into(),
        kept: summary.is_kept,
        has_video: summary.has_video,
        gaps: summary.gaps,
        faults: summary.faults,
    }
}
