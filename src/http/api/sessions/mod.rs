//! `/api/sessions/{session}`: one recording.

pub(in super::super) mod export;
pub(in super::super) mod frames;
pub(in super::super) mod hls;
pub(in super::super) mod reels;
pub(in super::super) mod timeline;

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Path};
use super::super::sight::sees_session;
use crate::auth::Pass;
use crate::library::{File, Session};

/// A session as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(in super::super) struct SessionView {
    session: String,
    device: String,
    name: String,
    folder: String,
    state: &'static str,
    files: Vec<FileView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordedFile)]
struct FileView {
    file: String,
    url: String,
    generation: u32,
    start_ms: i64,
    duration_ms: i64,
    bytes: u64,
    mime: String,
}

/// `GET /api/sessions/{session}`
pub(in super::super) async fn session(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
) -> Result<Json<SessionView>, ApiError> {
    let session = find(&state, &pass, &id)?;
    Ok(Json(SessionView {
        files: session.files.iter().map(|file| view(&session, file)).collect(),
        state: if session.is_over { "finished" } else { "recording" },
        session: session.id.clone(),
        device: session.device.clone(),
        name: session.name.clone(),
        folder: session.journal.folder.clone(),
    }))
}

/// The session with this id, where it is there for whoever has the pass.
pub(super) fn find(state: &State, pass: &Pass, id: &str) -> Result<Arc<Session>, ApiError> {
    let mut seen = state.library.with_id(id, |session| sees_session(pass, session));
    seen.pop().ok_or_else(|| ApiError::not_found("there is no such session"))
}

/// A disk has no use for more at once, and recordings need threads that block, too.
const READERS: usize = 8;

static TURNS: Semaphore = Semaphore::const_new(READERS);

/// Runs what reads the disk where that may take its time.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let turn = TURNS.acquire().await.map_err(|_| ApiError::internal("reading has ended"))?;
    // The turn lasts as long as the work, which goes on when nobody waits for it any more.
    let working = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(turn);
        done
    });
    working.await.map_err(|error| ApiError::internal(format!("reading has crashed: {error}")))
}

/// Where a file is had as it is.
fn file_url(session: &Session, file: &File) -> String {
    format!("/api/sessions/{}/files/{}", session.id, file.name)
}

fn view(session: &Session, file: &File) -> FileView {
    FileView {
        url: file_url(session, file),
        generation: file.generation,
        start_ms: file.start_us / 1000,
        duration_ms: file.duration_us / 1000,
        bytes: file.bytes,
        mime: mime_guess::from_path(&*file.name).first_or_octet_stream().to_string(),
        file: file.name.to_string(),
    }
}
