use axum::Json;
use axum::extract::State as Shared;
use container::FileReport;
use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Path};
use super::sessions::find;
use crate::library::File;

/// More files than a self-test ever makes; a check reads every byte.
const MAX_FILES: usize = 20;

/// An hour at 500 kbit/s, ten minutes of the best.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// A check holds a whole file in memory, so one runs at a time.
static TURN: Semaphore = Semaphore::const_new(1);

/// What the server finds in a session's files when it reads them again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub(in super::super) struct CheckView {
    ok: bool,
    files: Vec<FileView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckedFile)]
struct FileView {
    file: String,
    ok: bool,
    duration_ms: i64,
    index_in_front: bool,
    tracks: Vec<TrackView>,
    problems: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckedTrack)]
struct TrackView {
    kind: &'static str,
    codec: String,
    width: u32,
    height: u32,
    sample_rate: u32,
    channels: u32,
    samples: u64,
    sync_samples: u64,
}

/// `GET /api/sessions/{session}/check`
pub(in super::super) async fn check(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
) -> Result<Json<CheckView>, ApiError> {
    let session = find(&state, &pass, &id)?;
    let _turn = TURN.acquire().await.map_err(|_| ApiError::internal("the check has stopped"))?;
    let root = state.library.root().to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let read = |file: &File| {
            let name = file.name.to_string();
            if file.bytes > MAX_FILE_BYTES {
                let reason = "the file is too large to be checked here; see localcamera check";
                return view(name, FileReport::unreadable(reason.to_owned()));
            }
            let report = match std::fs::read(root.join(session.path(file))) {
                Ok(bytes) => container::inspect(bytes.into()),
                Err(error) => FileReport::unreadable(format!("cannot read the file: {error}")),
            };
            view(name, report)
        };
        session.files.iter().take(MAX_FILES).map(read).collect::<Vec<_>>()
    });
    let files = reading.await.map_err(|_| ApiError::internal("the check has crashed"))?;
    let ok = !files.is_empty() && files.iter().all(|file| file.ok);
    Ok(Json(CheckView { ok, files }))
}

fn view(file: String, report: FileReport) -> FileView {
    let tracks = report.tracks.into_iter().map(|track| TrackView {
        kind: match track.kind {
            container::Kind::Video => "video",
            container::Kind::Audio => "audio",
        },
        codec: track.codec,
        width: track.width,
        height: track.height,
        sample_rate: track.sample_rate,
        channels: track.channels,
        samples: track.samples,
        sync_samples: track.sync_samples,
    });
    FileView {
        file,
        ok: report.problems.is_empty(),
        duration_ms: report.duration_ns / 1_000_000,
        index_in_front: report.index_in_front,
        tracks: tracks.collect(),
        problems: report.problems,
    }
}
