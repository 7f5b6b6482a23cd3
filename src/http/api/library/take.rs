//! `GET /api/library/export`: recorded files as they are, many at once.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use chrono::NaiveDate;
use serde::Deserialize;

use super::super::super::State;
use super::super::super::authenticate::Holder;
use super::super::super::error::{ApiError, Asked};
use super::super::super::ranges::{self, Zip};
use super::super::super::sight::sees_session;
use super::super::sessions::find;
use super::calendar::zone;
use super::shown_name;
use crate::clock::zone::Zone;
use crate::library::archive::{Archive, Content, Entry};
use crate::library::download::{distinct, file_name, plain};
use crate::library::listing::names;
use crate::library::{File, Session};

/// A day of fifty cameras.
const MAX_FILES: usize = 100_000;

/// A day on some calendar.
#[derive(Debug, Deserialize)]
pub(in super::super::super) struct WantedDay {
    day: NaiveDate,
    zone: Option<String>,
    /// These alone, with commas between them.
    devices: Option<String>,
}

/// `session/file`, with commas between them.
#[derive(Debug, Deserialize)]
pub(in super::super::super) struct WantedFiles {
    files: String,
    zone: Option<String>,
}

/// A file to be taken along.
struct Taken {
    session: Arc<Session>,
    /// Of the device, as it is called now.
    name: String,
    file: File,
}

/// `GET /api/library/export`
pub(in super::super::super) async fn day(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Asked(wanted): Asked<WantedDay>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let zone = zone(wanted.zone.as_deref())?;
    let (begin_us, end_us) = zone.day_us(wanted.day);
    let only = wanted.devices.as_deref().and_then(names);
    let found = state.library.files_between(begin_us, end_us, |session| {
        only.as_ref().is_none_or(|only| only.contains(session.device.as_str()))
            && sees_session(&pass, session)
    });
    let zip = zip(&state, found, zone).await?;
    Ok(ranges::named(ranges::answer(&zip, &method, &headers), &format!("{}.zip", wanted.day)))
}

/// `GET /api/library/export/files`
pub(in super::super::super) async fn files(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Asked(wanted): Asked<WantedFiles>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let zone = zone(wanted.zone.as_deref())?;
    let mut found = Vec::new();
    for named in wanted.files.split(',').filter(|named| !named.is_empty()) {
        let missing = || ApiError::not_found(format!("there is no file {named}"));
        let (id, name) = named.split_once('/').ok_or_else(missing)?;
        let session = find(&state, &pass, id)?;
        let file = session.file(name).cloned().ok_or_else(missing)?;
        found.push((session.without_files(), vec![file]));
    }
    let zip = zip(&state, found, zone).await?;
    Ok(ranges::named(ranges::answer(&zip, &method, &headers), "recordings.zip"))
}

async fn zip(
    state: &State,
    found: Vec<(Session, Vec<File>)>,
    zone: Zone,
) -> Result<Arc<Zip>, ApiError> {
    let mut taken: Vec<Taken> = Vec::new();
    for (session, files) in found {
        let name = shown_name(state, &session.device, &session.name);
        let session = Arc::new(session);
        let take = |file| Taken { session: Arc::clone(&session), name: name.clone(), file };
        taken.extend(files.into_iter().map(take));
    }
    if taken.is_empty() {
        return Err(ApiError::not_found("nothing was recorded then"));
    }
    if taken.len() > MAX_FILES {
        let message = format!("that is more than {MAX_FILES} files; take fewer devices at once");
        return Err(ApiError::too_large(message));
    }
    taken.sort_by(|a, b| (&a.name, a.file.start_us).cmp(&(&b.name, b.file.start_us)));
    let root = state.library.root().to_owned();
    let zip = Zip::new(move || archive(&root, taken, zone)).await;
    let zip = zip.map_err(|error| ranges::refused(&error))?;
    Ok(Arc::new(zip))
}

/// A text that is no formula for whoever opens the table in a spreadsheet.
fn cell(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

/// All of them by device and time, and what they are as a table. Those that are not there are in the
/// table alone. Blocks.
fn archive(root: &std::path::Path, taken: Vec<Taken>, zone: Zone) -> io::Result<Archive> {
    let called = taken.iter().map(|Taken { name, file, .. }| {
        let extension = file.name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let folder = plain(name);
        let folder = if folder.is_empty() { "camera".to_owned() } else { folder };
        format!("{folder}/{}", file_name(name, file.start_us, zone, extension))
    });
    let called = distinct(called);
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "file",
        "device",
        "name",
        "title",
        "session",
        "start",
        "seconds",
        "bytes",
        "recorded_as",
        "fault",
    ])?;
    let mut entries = Vec::new();
    let mut modified = SystemTime::UNIX_EPOCH;
    let mut first_us = i64::MAX;
    for (name, Taken { session, name: device_name, file }) in called.into_iter().zip(taken) {
        let path = session.path(&file);
        let content = Content::file(root.join(&path));
        let fault = if content.is_ok() { "" } else { "missing" };
        table.write_record([
            &cell(&name),
            &session.device,
            &cell(&device_name),
            &cell(session.title.as_deref().unwrap_or_default()),
            &session.id,
            &zone.at(file.start_us).to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            &format!("{:.3}", file.duration_us as f64 / 1e6),
            &file.bytes.to_string(),
            path.to_string_lossy().as_ref(),
            fault,
        ])?;
        first_us = first_us.min(file.start_us);
        if let Ok((content, bytes)) = content {
            modified = modified.max(content.modified());
            entries.push((Entry { name, bytes, at_us: file.start_us }, content));
        }
    }
    let table = table.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    let entry = Entry { name: "index.csv".to_owned(), bytes: table.len() as u64, at_us: first_us };
    entries.insert(0, (entry, Content::Made(table.into())));
    Ok(Archive::new(entries, modified, zone))
}
