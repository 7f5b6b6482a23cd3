//! `/api/library/deletions`: what is deleted, by whom, and taking that back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Asked, Path};
use super::editing::{Sent, by, place};
use crate::auth::Pass;
use crate::clock;
use crate::library::editing::{self, EditError, Place, Refusal, Wish};
use crate::library::{Deletion, Library, Session};

/// As many names as one request may have.
pub(in super::super) const MAX_DELETION_BYTES: usize = 32 << 10;

/// Who has pressed the wrong thing knows within moments. The disk is not freed before.
const UNDO: Duration = Duration::from_secs(300);

/// What a page shows at once.
const USUAL_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

/// Of a deletion so many recordings are named.
const MAX_NAMED: usize = 100;

/// What shall be deleted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeletionWish)]
pub(in super::super) struct Wanted {
    /// With all their files.
    #[serde(default)]
    sessions: Vec<String>,
    /// Each as `session/file`.
    #[serde(default)]
    #[schema(value_type = Vec<FileOfSession>)]
    files: Vec<String>,
}

/// A recording and one of its files.
#[derive(ToSchema)]
#[schema(pattern = "^[^/]+/[^/]+$")]
#[expect(dead_code, reason = "it only describes")]
struct FileOfSession(String);

/// What was deleted.
#[derive(Serialize, ToSchema)]
#[schema(as = Deleted)]
pub(in super::super) struct Deleted {
    deletion: String,
    files: usize,
    bytes: u64,
    /// Until then it can be taken back.
    until_ms: i64,
}

#[derive(Debug, Deserialize)]
pub(in super::super) struct Page {
    before_ms: Option<i64>,
    limit: Option<usize>,
}

/// What was deleted, the newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Deletions)]
pub(in super::super) struct List {
    deletions: Vec<Dated>,
    /// For `before_ms`, if there are more.
    next_ms: Option<i64>,
    /// Whether all recordings have been read.
    is_complete: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deletion)]
struct Dated {
    deletion: String,
    at_ms: i64,
    by: String,
    /// `by_hand`, `max_age`, `max_total`, `max_device` or `free_space`.
    reason: String,
    files: usize,
    bytes: u64,
    /// Where the first of the files begins and the last ends.
    start_ms: i64,
    end_ms: i64,
    until_ms: i64,
    /// Whether it can be taken back: nothing of it is removed yet.
    can_be_undone: bool,
    /// The first hundred.
    sessions: Vec<Touched>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedOfSession)]
struct Touched {
    session: String,
    device: String,
    name: String,
    title: Option<String>,
    files: usize,
    bytes: u64,
}

/// `POST /api/library/deletions`: all of it or nothing.
pub(in super::super) async fn delete(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Sent(wanted): Sent<Wanted>,
) -> Result<(StatusCode, Json<Deleted>), ApiError> {
    let wanted = places(&state, &pass, wanted)?;
    for (place, files) in &wanted {
        check(&state, place, files.as_deref())?;
    }
    let undo_us = i64::try_from(UNDO.as_micros()).unwrap_or(i64::MAX);
    let until_us = clock::now_us().saturating_add(undo_us);
    let wish = Wish::by_hand(editing::deletion_id(), by(&pass), until_us);
    let id = wish.deletion.clone();
    // To the end, also when nobody waits for the answer any more.
    let deleting = tokio::spawn(async move { delete_all(&state, wanted, wish).await });
    let done = deleting.await.map_err(|error| ApiError::internal(error.to_string()))?;
    let (files, bytes) = done?;
    if files == 0 {
        let nothing = "there are no files to delete of that".to_owned();
        return Err(ApiError::new(StatusCode::CONFLICT, "nothing", nothing));
    }
    let until_ms = until_us / 1000;
    Ok((StatusCode::ACCEPTED, Json(Deleted { deletion: id, files, bytes, until_ms })))
}

/// `DELETE /api/library/deletions/{deletion}`: takes it back.
pub(in super::super) async fn undo(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    if !state.library.is_complete() {
        // A part of it would come back, and the rest be removed.
        return Err(ApiError::unavailable("the recordings are still being read"));
    }
    let touched = state.library.deleted_by(&id);
    if touched.is_empty() {
        return Err(ApiError::not_found("there is no such deletion; it may be taken back already"));
    }
    let by = by(&pass);
    let undoing = tokio::spawn(async move {
        let (mut back, mut failed) = (0, None);
        for place in touched {
            match state.editor.edit(place, editing::restore(id.clone(), by.clone())).await {
                Ok(_) => back += 1,
                Err(error) => failed = Some(error),
            }
        }
        (back, failed)
    });
    let (back, failed) = undoing.await.map_err(|error| ApiError::internal(error.to_string()))?;
    match failed {
        None => Ok(StatusCode::NO_CONTENT),
        Some(error) if back == 0 => Err(error.into()),
        Some(EditError::Refused(Refusal::Over)) => Err(ApiError::gone(format!(
            "of some recordings it is too late, and their files are removed; recordings that came \
             back: {back}"
        ))),
        Some(error) => {
            let message = format!("not all of it came back, try again: {error}");
            Err(ApiError::new(StatusCode::INSUFFICIENT_STORAGE, "disk", message))
        }
    }
}

/// `GET /api/library/deletions`
pub(in super::super) async fn deletions(
    Shared(state): Shared<State>,
    Asked(Page { before_ms, limit }): Asked<Page>,
) -> Result<Json<List>, ApiError> {
    let limit = limit.unwrap_or(USUAL_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::bad_request(format!("limit is a number from 1 to {MAX_LIMIT}")));
    }
    let library = state.library.clone();
    let listing = tokio::task::spawn_blocking(move || dated(&library));
    let mut all = listing.await.map_err(|error| ApiError::internal(error.to_string()))?;
    all.retain(|dated| before_ms.is_none_or(|before_ms| dated.at_ms < before_ms));
    let (deletions, next_ms) = page(all, limit);
    Ok(Json(List { deletions, next_ms, is_complete: state.library.is_complete() }))
}

/// The newest, with all of the moment at which the page ends, and where the next one goes on.
fn page(mut all: Vec<Dated>, limit: usize) -> (Vec<Dated>, Option<i64>) {
    all.sort_by(|a, b| b.at_ms.cmp(&a.at_ms).then_with(|| a.deletion.cmp(&b.deletion)));
    let Some(last_ms) = all.get(limit - 1).map(|last| last.at_ms) else { return (all, None) };
    let end = all.partition_point(|dated| dated.at_ms >= last_ms);
    let has_more = end < all.len();
    all.truncate(end);
    (all, has_more.then_some(last_ms))
}

/// Files of a session; all of them for `None`.
type Named = (Place, Option<Vec<String>>);

/// Files by the sessions that they are of; all of a session for `None`.
fn places(
    state: &State,
    pass: &Pass,
    Wanted { sessions, files }: Wanted,
) -> Result<Vec<Named>, ApiError> {
    let mut named: BTreeMap<String, Option<BTreeSet<String>>> = BTreeMap::new();
    for file in files {
        let parts = file.split_once('/').filter(|(session, file)| {
            !session.is_empty() && !file.is_empty() && !file.contains('/')
        });
        let Some((session, file)) = parts else {
            return Err(ApiError::bad_request("each of files is SESSION/FILE"));
        };
        let known = named.entry(session.to_owned()).or_insert_with(|| Some(BTreeSet::new()));
        known.get_or_insert_default().insert(file.to_owned());
    }
    named.extend(sessions.into_iter().map(|session| (session, None)));
    let found = named.into_iter().map(|(session, files)| {
        Ok((place(state, pass, &session)?, files.map(|files| files.into_iter().collect())))
    });
    found.collect()
}

fn check(state: &State, place: &Place, files: Option<&[String]>) -> Result<(), ApiError> {
    let session = state.library.at(place).ok_or(EditError::Gone)?;
    let is_running = state.library.running().has(&session.device, &session.id);
    editing::deletable(&session, files, is_running)?;
    Ok(())
}

/// Deletes what was found to be deletable a moment ago. Where that has changed meanwhile, what is
/// deleted already is taken back.
async fn delete_all(
    state: &State,
    wanted: Vec<Named>,
    wish: Wish,
) -> Result<(usize, u64), ApiError> {
    let mut done = Vec::new();
    let (mut files, mut bytes) = (0, 0_u64);
    for (place, names) in wanted {
        let running = state.library.running().clone();
        let is_running = move |session: &Session| running.has(&session.device, &session.id);
        let decide = editing::delete(names, is_running, wish.clone());
        match state.editor.edit(place.clone(), decide).await {
            Ok(session) => {
                if let Some(deletion) = session.deletions.get(&wish.deletion) {
                    files += deletion.files;
                    bytes = bytes.saturating_add(deletion.bytes);
                    done.push(place);
                }
            }
            Err(error) => return Err(take_back(state, done, &wish, error).await),
        }
    }
    Ok((files, bytes))
}

async fn take_back(state: &State, done: Vec<Place>, wish: &Wish, error: EditError) -> ApiError {
    let mut left = 0;
    for place in done {
        let decide = editing::restore(wish.deletion.clone(), wish.by.clone());
        if state.editor.edit(place, decide).await.is_err() {
            left += 1;
        }
    }
    match left {
        0 => error.into(),
        _ => ApiError::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "disk",
            format!(
                "{error}. Recordings of which something is deleted all the same: {left}; \
                 the deletion {} takes that back",
                wish.deletion
            ),
        ),
    }
}

fn dated(library: &Library) -> Vec<Dated> {
    let mut all: BTreeMap<String, Dated> = BTreeMap::new();
    library.each(|session| {
        for deletion in session.deletions.iter() {
            let known = all.entry(deletion.id.to_string());
            known.or_insert_with(|| Dated::new(deletion)).add(session, deletion);
        }
    });
    all.into_values().collect()
}

impl Dated {
    fn new(deletion: &Deletion) -> Self {
        Self {
            deletion: deletion.id.to_string(),
            at_ms: deletion.at_us.div_euclid(1000),
            by: deletion.by.to_string(),
            reason: deletion.reason.to_string(),
            files: 0,
            bytes: 0,
            start_ms: deletion.start_us.div_euclid(1000),
            end_ms: deletion.end_us.div_euclid(1000),
            until_ms: deletion.until_us.div_euclid(1000),
            can_be_undone: false,
            sessions: Vec::new(),
        }
    }

    fn add(&mut self, session: &Session, deletion: &Deletion) {
        self.at_ms = self.at_ms.min(deletion.at_us.div_euclid(1000));
        self.files += deletion.files;
        self.bytes = self.bytes.saturating_add(deletion.bytes);
        self.start_ms = self.start_ms.min(deletion.start_us.div_euclid(1000));
        self.end_ms = self.end_ms.max(deletion.end_us.div_euclid(1000));
        self.can_be_undone |= deletion.can_be_restored() && !deletion.waiting.is_empty();
        if let Some(known) = self.sessions.iter_mut().find(|known| known.session == session.id) {
            known.files += deletion.files;
            known.bytes = known.bytes.saturating_add(deletion.bytes);
        } else if self.sessions.len() < MAX_NAMED {
            self.sessions.push(Touched {
                session: session.id.clone(),
                device: session.device.clone(),
                name: session.name.clone(),
                title: session.title.clone(),
                files: deletion.files,
                bytes: deletion.bytes,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated(deletion: &str, at_ms: i64) -> Dated {
        Dated {
            deletion: deletion.to_owned(),
            at_ms,
            by: String::new(),
            reason: String::new(),
            files: 1,
            bytes: 1,
            start_ms: 0,
            end_ms: 0,
            until_ms: 0,
            can_be_undone: false,
            sessions: Vec::new(),
        }
    }

    #[test]
    fn pages_leave_nothing_out_and_end_at_a_moment() {
        let all = || vec![dated("a", 1), dated("b", 3), dated("c", 2), dated("d", 2)];
        let names = |page: &[Dated]| -> String {
            page.iter().map(|dated| dated.deletion.as_str()).collect()
        };
        let (first, next_ms) = page(all(), 2);
        assert_eq!((names(&first).as_str(), next_ms), ("bcd", Some(2)));
        let rest = all().into_iter().filter(|dated| dated.at_ms < 2).collect();
        let (second, next_ms) = page(rest, 2);
        assert_eq!((names(&second).as_str(), next_ms), ("a", None));
        assert_eq!(page(all(), 4).1, None);
    }
}
