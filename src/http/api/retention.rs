//! `/api/library/retention`: what is deleted by itself, and what that would be.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::error::ApiError;
use super::editing::Sent;
use crate::config::Retention as Rules;
use crate::retention::{NotSet, Outlook};

/// Five numbers, many times.
pub(in super::super) const MAX_RULES_BYTES: usize = 4 << 10;

/// The rules, and what they would delete now.
#[derive(Serialize, ToSchema)]
#[schema(as = Retention)]
pub(in super::super) struct View {
    max_age_days: Option<f64>,
    max_total_gb: Option<f64>,
    max_device_gb: Option<f64>,
    reserve_gb: Option<f64>,
    reserve_minutes: Option<f64>,
    /// `file` where the configuration file decides, otherwise `page`.
    from: &'static str,
    plan: Plan,
}

/// What rules would delete now, and how much there is.
#[derive(Serialize, ToSchema)]
#[schema(as = RetentionPlan)]
pub(in super::super) struct Plan {
    files: usize,
    bytes: u64,
    /// Where the newest of the files ends.
    until_ms: Option<i64>,
    /// What the rules ask for beyond what may be deleted: the rest is kept, growing, or waits for
    /// its device.
    missing_bytes: u64,
    /// At the rate of the last day, with what may be deleted making room.
    days_that_fit: Option<f64>,
    /// All footage, and of that what nothing deletes by itself.
    footage_bytes: u64,
    safe_bytes: u64,
    /// Of footage, on the average of the last day.
    bytes_per_day: Option<f64>,
    free_bytes: Option<u64>,
    /// With less free than that recording pauses.
    pause_bytes: Option<u64>,
    /// `reserve_below_pause`: recording pauses before anything is deleted for want of space.
    /// `frees_nothing`: deleting for want of space has brought none, and stops for a day.
    warnings: Vec<&'static str>,
}

/// `GET /api/library/retention`
pub(in super::super) async fn retention(
    Shared(state): Shared<State>,
) -> Result<Json<View>, ApiError> {
    view(&state).await
}

/// `PUT /api/library/retention`: from now on.
pub(in super::super) async fn choose(
    Shared(state): Shared<State>,
    Sent(rules): Sent<Rules>,
) -> Result<Json<View>, ApiError> {
    is_read(&state)?;
    let retention = state.retention.clone();
    // What is saved holds, also when nobody waits for the answer any more.
    let choosing = tokio::spawn(async move { retention.choose(rules).await });
    choosing.await.map_err(|error| ApiError::internal(error.to_string()))??;
    view(&state).await
}

/// `POST /api/library/retention/plan`: what these rules would delete now.
pub(in super::super) async fn plan(
    Shared(state): Shared<State>,
    Sent(rules): Sent<Rules>,
) -> Result<Json<Plan>, ApiError> {
    is_read(&state)?;
    Ok(Json(state.retention.outlook(rules).await?.into()))
}

/// What rules would delete is not known before.
fn is_read(state: &State) -> Result<(), ApiError> {
    match state.library.is_complete() {
        true => Ok(()),
        false => Err(ApiError::unavailable("the recordings are still being read")),
    }
}

async fn view(state: &State) -> Result<Json<View>, ApiError> {
    is_read(state)?;
    let rules = state.retention.chosen();
    let plan = state.retention.outlook(rules).await?.into();
    let from = if state.retention.is_from_file() { "file" } else { "page" };
    let Rules { max_age_days, max_total_gb, max_device_gb, reserve_gb, reserve_minutes } = rules;
    let view =
        View { max_age_days, max_total_gb, max_device_gb, reserve_gb, reserve_minutes, from, plan };
    Ok(Json(view))
}

impl From<Outlook> for Plan {
    fn from(outlook: Outlook) -> Self {
        let warnings = [
            (outlook.is_below_pause, "reserve_below_pause"),
            (outlook.frees_nothing, "frees_nothing"),
        ];
        let warnings = warnings.into_iter().filter_map(|(is_so, word)| is_so.then_some(word));
        Self {
            files: outlook.files,
            bytes: outlook.bytes,
            until_ms: outlook.until_us.map(|us| us.div_euclid(1000)),
            missing_bytes: outlook.missing_bytes,
            days_that_fit: outlook.days_that_fit,
            footage_bytes: outlook.footage_bytes,
            safe_bytes: outlook.safe_bytes,
            bytes_per_day: outlook.bytes_per_day,
            free_bytes: outlook.room.map(|room| room.free_bytes),
            pause_bytes: outlook.room.map(|room| room.reserve_bytes),
            warnings: warnings.collect(),
        }
    }
}

impl From<NotSet> for ApiError {
    fn from(error: NotSet) -> Self {
        let (status, code) = match &error {
            NotSet::FromFile => (StatusCode::CONFLICT, "from_file"),
            NotSet::NotAllowed(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            NotSet::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
            NotSet::NotSaved(_) => (StatusCode::INSUFFICIENT_STORAGE, "not_saved"),
        };
        Self::new(status, code, error.to_string())
    }
}
