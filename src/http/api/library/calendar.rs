//! `/api/library/days` and `/api/library/devices`.

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::super::State;
use super::super::super::authenticate::Holder;
use super::super::super::error::{ApiError, Asked};
use super::super::super::sight::sees_session;
use super::{filter, shown_name};
use crate::clock::zone::Zone;

/// Which days are wanted.
#[derive(Debug, Default, Deserialize)]
pub(in super::super::super) struct Wanted {
    device: Option<String>,
    text: Option<String>,
    zone: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LibraryDays)]
pub(in super::super::super) struct Days {
    days: Vec<Day>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LibraryDay)]
struct Day {
    /// `2026-11-20`, on the calendar of the zone.
    day: String,
    sessions: usize,
    footage_ms: i64,
    bytes: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LibraryDevices)]
pub(in super::super::super) struct Devices {
    devices: Vec<Device>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LibraryDevice)]
struct Device {
    device: String,
    /// What it is called now.
    name: String,
    sessions: usize,
    bytes: u64,
    first_ms: i64,
    last_ms: i64,
}

/// `GET /api/library/days`
pub(in super::super::super) async fn days(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Days>, ApiError> {
    let zone = zone(wanted.zone.as_deref())?;
    let is_wanted = filter(&state, &pass, wanted.device.as_deref(), wanted.text.as_deref())?;
    let days = state.library.days(|wall_us| zone.date(wall_us), is_wanted);
    let view = |(day, of): (chrono::NaiveDate, crate::library::listing::Day)| Day {
        day: day.to_string(),
        sessions: of.sessions,
        footage_ms: of.footage_us / 1000,
        bytes: of.bytes,
    };
    Ok(Json(Days { days: days.into_iter().rev().map(view).collect() }))
}

/// `GET /api/library/devices`
pub(in super::super::super) async fn devices(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
) -> Json<Devices> {
    let of = state.library.by_device(|session| sees_session(&pass, session)).into_iter();
    let mut devices: Vec<Device> = of
        .map(|of| Device {
            name: shown_name(&state, &of.device, &of.name),
            device: of.device,
            sessions: of.sessions,
            bytes: of.bytes,
            first_ms: of.first_us / 1000,
            last_ms: of.last_us / 1000,
        })
        .collect();
    devices.sort_by(|a, b| (&a.name, &a.device).cmp(&(&b.name, &b.device)));
    Json(Devices { devices })
}

/// The calendar that somebody reads by; the server's own where nothing is said.
pub(in super::super) fn zone(name: Option<&str>) -> Result<Zone, ApiError> {
    match name.filter(|name| !name.is_empty()) {
        None => Ok(Zone::Local),
        Some(name) => Zone::named(name)
            .ok_or_else(|| ApiError::bad_request("zone is a name such as Europe/Zurich or UTC")),
    }
}
