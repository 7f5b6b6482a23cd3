//! `GET /api/sessions/{session}/export`: a part of a session, to take along.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::super::State;
use super::super::super::authenticate::Holder;
use super::super::super::error::{ApiError, Asked, Path};
use super::super::super::ranges::{self, Reel, Zip};
use super::super::library::calendar::zone;
use super::super::library::shown_name;
use super::timeline::GapView;
use super::{blocking, find};
use crate::auth::Pass;
use crate::clock::zone::Zone;
use crate::library::archive::{Archive, Content, Entry};
use crate::library::download::{distinct, file_name};
use crate::library::reels::{Outtake, Portion};
use crate::library::{File, Session};

/// How much of the file lies in front of what was asked for, and is shown.
const PREROLL: HeaderName = HeaderName::from_static("localcamera-preroll-ms");

/// How many recorded files of that time are not in it: the plan names them.
const LEFT_OUT: HeaderName = HeaderName::from_static("localcamera-left-out");

/// Which part is wanted: all of it where nothing is said.
#[derive(Debug, Deserialize)]
pub(in super::super::super) struct Wanted {
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    zone: Option<String>,
}

/// What there would be to take along.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportPlan)]
pub(in super::super::super) struct Plan {
    files: Vec<PlannedFile>,
    /// Of the file, or of the zip around several.
    bytes: u64,
    is_zip: bool,
    gaps: Vec<GapView>,
    /// Recorded files of that time that are in none of these.
    left_out: Vec<LeftOut>,
}

/// A recorded file that cannot be taken along.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeftOutFile)]
struct LeftOut {
    file: String,
    /// As in a session's timeline, or `alone`: it is had by itself alone.
    fault: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct PlannedFile {
    name: String,
    bytes: u64,
    start_ms: i64,
    duration_ms: i64,
    /// How much of it lies in front of what was asked for, and is shown.
    preroll_ms: i64,
}

/// A part of a session as files.
struct Cut {
    session: Arc<Session>,
    from_us: i64,
    to_us: i64,
    zone: Zone,
    name: String,
    files: Vec<(String, Portion)>,
    left_out: Vec<(File, &'static str)>,
}

/// `GET /api/sessions/{session}/export/plan`
pub(in super::super::super) async fn plan(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Plan>, ApiError> {
    let cut = cut(&state, &pass, &id, &wanted).await?;
    let gaps = cut.session.gaps.iter();
    let gaps = gaps.filter(|gap| gap.start_us < cut.to_us && cut.from_us < gap.end_us);
    let gaps = gaps.map(GapView::from).collect();
    let view = |(name, Portion { outline, .. }): &(String, Portion)| PlannedFile {
        name: name.clone(),
        bytes: outline.bytes,
        start_ms: outline.starts_us() / 1000,
        duration_ms: outline.duration_us / 1000,
        preroll_ms: outline.preroll_us / 1000,
    };
    let files: Vec<PlannedFile> = cut.files.iter().map(view).collect();
    let is_zip = files.len() > 1;
    let bytes = match &cut.files[..] {
        [] => 0,
        [(_, portion)] => portion.outline.bytes,
        _ => archive(&cut).bytes(),
    };
    let left_out = cut.left_out.iter().map(|(file, fault)| {
        let file = file.name.to_string();
        LeftOut { file, fault }
    });
    let left_out = left_out.collect();
    Ok(Json(Plan { files, bytes, is_zip, gaps, left_out }))
}

/// `GET /api/sessions/{session}/export`
pub(in super::super::super) async fn export(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
    Asked(wanted): Asked<Wanted>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let cut = cut(&state, &pass, &id, &wanted).await?;
    let left_out = cut.left_out.len();
    let mut response = answer(cut, &method, &headers).await?;
    if left_out > 0 {
        response.headers_mut().insert(LEFT_OUT, HeaderValue::from(left_out));
    }
    Ok(response)
}

async fn answer(cut: Cut, method: &Method, headers: &HeaderMap) -> Result<Response, ApiError> {
    let unreadable = |error: io::Error| ranges::refused(&error);
    match &cut.files[..] {
        [] => Err(ApiError::not_found(match &cut.left_out[..] {
            [] => "nothing of the recording lies in that time".to_owned(),
            [(file, fault), ..] => format!(
                "none of what was recorded in that time can be taken along: {} is {fault}, and so on; \
                 files of it: {}",
                file.name,
                cut.left_out.len()
            ),
        })),
        [(name, portion)] => {
            let preroll_ms = portion.outline.preroll_us / 1000;
            let portion = portion.clone();
            let made = blocking(move || portion.made()).await?.map_err(unreadable)?;
            let reel = Reel::new(made).map_err(unreadable)?;
            let mut response = ranges::answer(&Arc::new(reel), method, headers);
            response.headers_mut().insert(PREROLL, HeaderValue::from(preroll_ms));
            Ok(ranges::named(response, name))
        }
        _ => {
            let archive = archive(&cut);
            let zip = Zip::new(move || Ok(archive)).await.map_err(unreadable)?;
            let response = ranges::answer(&Arc::new(zip), method, headers);
            let starts_us =
                cut.files.first().map_or(cut.from_us, |(_, first)| first.outline.starts_us());
            Ok(ranges::named(response, &file_name(&cut.name, starts_us, cut.zone, "zip")))
        }
    }
}

async fn cut(state: &State, pass: &Pass, id: &str, wanted: &Wanted) -> Result<Cut, ApiError> {
    let session = find(state, pass, id)?;
    let zone = zone(wanted.zone.as_deref())?;
    let us = |ms: i64| ms.saturating_mul(1000);
    let (from_us, to_us) =
        (wanted.from_ms.map_or(i64::MIN / 2, us), wanted.to_ms.map_or(i64::MAX / 2, us));
    let name = session.title.clone();
    let name = name.unwrap_or_else(|| shown_name(state, &session.device, &session.name));
    let library = state.library.clone();
    let (session, Outtake { portions, left_out }) = blocking(move || {
        let outtake = library.reels().cut(&session, from_us, to_us);
        (session, outtake)
    })
    .await?;
    let called = portions.iter().map(|Portion { outline, .. }| {
        file_name(&name, outline.starts_us(), zone, outline.container)
    });
    let files = distinct(called).into_iter().zip(portions).collect();
    Ok(Cut { session, from_us, to_us, zone, name, files, left_out })
}

fn archive(cut: &Cut) -> Archive {
    let entry = |(name, portion): &(String, Portion)| {
        let Portion { outline, .. } = portion;
        let entry = Entry { name: name.clone(), bytes: outline.bytes, at_us: outline.starts_us() };
        (entry, Content::Reel(portion.clone()))
    };
    let modified = cut.files.iter().map(|(_, portion)| portion.outline.modified).max();
    let entries = cut.files.iter().map(entry).collect();
    Archive::new(entries, modified.unwrap_or(SystemTime::UNIX_EPOCH), cut.zone)
}
