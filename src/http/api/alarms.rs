//! `/api/alarms`: what is wrong now, and who is told.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Path};
use super::super::sight::Seen;
use crate::alarms::{Attempt, Current, TargetState};
use crate::clock;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alarms)]
pub(in super::super) struct View {
    now_ms: i64,
    #[serde(flatten)]
    current: Current,
    targets: Vec<Target>,
    /// 0 when no silence is an alarm.
    silent_seconds: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlarmTarget)]
struct Target {
    name: String,
    kind: &'static str,
    last: Option<Last>,
    tested: Option<Last>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlarmAttempt)]
struct Last {
    at_ms: i64,
    ok: bool,
    message: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlarmTest)]
pub(in super::super) struct Tested {
    targets: Vec<Outcome>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlarmTestOutcome)]
struct Outcome {
    name: String,
    kind: &'static str,
    ok: bool,
    message: Option<String>,
}

/// `GET /api/alarms`
///
/// Who is told is for those who see everything.
pub(in super::super) async fn alarms(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
) -> Json<View> {
    let alarms = &state.alarms;
    let list = alarms.list();
    let (current, targets) = match pass.watches_all() {
        true => (Current::clone(&list.borrow()), alarms.targets()),
        false => (list.borrow().seen_by(&pass), Vec::new()),
    };
    Json(View {
        now_ms: clock::now_ms(),
        current,
        targets: targets.into_iter().map(Target::from).collect(),
        silent_seconds: alarms.silent().map_or(0, |silent| silent.as_secs()),
    })
}

/// `POST /api/alarms/{id}/dismiss`
pub(in super::super) async fn dismiss(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    match state.alarms.dismiss(&id) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found("there is no such alarm; it may have ended meanwhile")),
    }
}

/// `POST /api/alarms/test`
pub(in super::super) async fn test(Shared(state): Shared<State>) -> Result<Json<Tested>, ApiError> {
    let tested = state.alarms.test().await;
    let tested = tested.map_err(|wait| {
        let seconds = wait.as_secs_f64().ceil();
        ApiError::conflict(format!(
            "a test was sent a moment ago; another one can be sent in {seconds} s"
        ))
    })?;
    Ok(Json(Tested { targets: tested.into_iter().map(Outcome::from).collect() }))
}

impl From<TargetState> for Target {
    fn from(target: TargetState) -> Self {
        let last =
            |(at_ms, result): Attempt| Last { at_ms, ok: result.is_ok(), message: result.err() };
        let (tested, last) = (target.tested.map(last), target.last.map(last));
        Self { name: target.name, kind: target.kind, last, tested }
    }
}

impl From<TargetState> for Outcome {
    fn from(target: TargetState) -> Self {
        let result = target.tested.map_or(Ok(()), |(_, result)| result);
        let (ok, message) = (result.is_ok(), result.err());
        Self { name: target.name, kind: target.kind, ok, message }
    }
}
