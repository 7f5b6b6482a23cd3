//! `GET /api/sessions/{session}/timeline`: what there is of a session when, and how it is played.

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::super::State;
use super::super::super::authenticate::Holder;
use super::super::super::error::{ApiError, Path};
use super::super::library::{StateView, shown_name, waiting_ms};
use super::{blocking, file_url, find};
use crate::library::journal::BY_HAND;
use crate::library::listing::Course;
use crate::library::reels::{Entry, Fault, Front, Lineup, Outline, Stretch};
use crate::library::{Deletion, Gap, Kept, Mark, Session};

/// Files follow each other as closely, whatever their encoder's clock does.
const SEAM_MS: i64 = 150;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timeline)]
pub(in super::super::super) struct TimelineView {
    session: String,
    device: String,
    /// What the device is called now.
    name: String,
    title: Option<String>,
    start_ms: i64,
    end_ms: i64,
    state: StateView,
    is_growing: bool,
    /// How far what has arrived lies behind now, while it is recorded: what its device still has.
    waiting_ms: Option<i64>,
    reels: Vec<ReelView>,
    gaps: Vec<GapView>,
    marks: Vec<MarkView>,
    kept: Vec<KeptView>,
    files: Vec<FileView>,
}

/// Files that are played as one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reel)]
struct ReelView {
    reel: usize,
    /// `webm` or `mp4`
    container: &'static str,
    mime: String,
    url: String,
    width: u32,
    height: u32,
    has_video: bool,
    has_sound: bool,
    duration_ms: i64,
    bytes: u64,
    /// When it is which wall time: media_ms, wall_ms, length_ms. Media time has no holes.
    pieces: Vec<[i64; 3]>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Gap)]
pub(super) struct GapView {
    start_ms: i64,
    end_ms: i64,
    /// As in the journal; in a timeline also `deleted`, `expired` (retention has deleted it),
    /// `file_missing` and `file_damaged`.
    reason: String,
    detail: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mark)]
struct MarkView {
    at_ms: i64,
    kind: String,
    detail: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Kept)]
struct KeptView {
    start_ms: i64,
    end_ms: i64,
    by: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineFile)]
struct FileView {
    file: String,
    url: String,
    start_ms: i64,
    duration_ms: i64,
    bytes: u64,
    /// `missing`, `empty`, `truncated`, `damaged` or `unreadable`
    fault: Option<&'static str>,
}

/// `GET /api/sessions/{session}/timeline`
pub(in super::super::super) async fn timeline(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
) -> Result<Json<TimelineView>, ApiError> {
    let session = find(&state, &pass, &id)?;
    let library = state.library.clone();
    let (session, lineup) = blocking(move || {
        let lineup = library.reels().lineup(&session);
        (session, lineup)
    })
    .await?;
    Ok(Json(view(&state, &session, lineup)))
}

fn view(state: &State, session: &Session, Lineup { fronts, reels }: Lineup) -> TimelineView {
    let course = state.library.course(session);
    let mut gaps: Vec<GapView> = session.gaps.iter().map(GapView::from).collect();
    gaps.extend(deleted(session));
    let growing = session.provisional();
    let still = fronts.iter().filter(|front| !growing.contains(&*front.file.name));
    gaps.extend(still.filter_map(lost));
    gaps.sort_by_key(|gap| gap.start_ms);
    let mut marks: Vec<MarkView> = session.marks.iter().map(MarkView::from).collect();
    marks.sort_by_key(|mark| mark.at_ms);
    let reels = reels.iter().enumerate();
    TimelineView {
        name: shown_name(state, &session.device, &session.name),
        title: session.title.clone(),
        start_ms: session.first_us() / 1000,
        end_ms: session.last_us() / 1000,
        state: course.into(),
        is_growing: course == Course::Recording,
        waiting_ms: waiting_ms(&state.streams.behind(), course, &session.device, &session.id),
        reels: reels
            .map(|(number, entry)| match entry {
                Entry::Reel(outline) => reel(session, number, outline),
                Entry::Alone(at) => alone(session, number, &fronts[*at]),
            })
            .collect(),
        gaps,
        marks,
        kept: session.kept.iter().map(KeptView::from).collect(),
        files: fronts.iter().map(|front| file(session, front)).collect(),
        session: session.id.clone(),
        device: session.device.clone(),
    }
}

fn reel(session: &Session, number: usize, outline: &Outline) -> ReelView {
    let (id, container, version) = (&session.id, outline.container, outline.version().text());
    let (width, height) = outline.size;
    ReelView {
        reel: number,
        container,
        mime: outline.content_type.clone(),
        url: format!("/api/sessions/{id}/reels/{number}/video.{container}?v={version}"),
        width,
        height,
        has_video: outline.has_video,
        has_sound: outline.has_sound,
        duration_ms: outline.duration_us / 1000,
        bytes: outline.bytes,
        pieces: outline.stretches().iter().map(piece).collect(),
    }
}

/// A file that plays by itself alone.
fn alone(session: &Session, number: usize, front: &Front) -> ReelView {
    let file = &front.file;
    let mime = mime_guess::from_path(&*file.name).first_or_octet_stream();
    let duration_ms = file.duration_us / 1000;
    ReelView {
        reel: number,
        container: if file.name.ends_with(".mp4") { "mp4" } else { "webm" },
        mime: mime.to_string(),
        url: file_url(session, file),
        width: 0,
        height: 0,
        has_video: file.has_video,
        has_sound: true,
        duration_ms,
        bytes: file.bytes,
        pieces: vec![[0, file.start_us / 1000, duration_ms]],
    }
}

fn piece(stretch: &Stretch) -> [i64; 3] {
    // Both ends are rounded, so that none reaches behind the next one's beginning.
    let media_ms = stretch.media_us / 1000;
    let length_ms = (stretch.media_us + stretch.length_us) / 1000 - media_ms;
    [media_ms, stretch.wall_us / 1000, length_ms]
}

/// What is gone by deletion: what retention has taken hour by hour is one.
fn deleted(session: &Session) -> Vec<GapView> {
    let mut gaps: Vec<GapView> = session.deletions.iter().map(GapView::from).collect();
    gaps.sort_by_key(|gap| gap.start_ms);
    gaps.dedup_by(|next, gap| {
        let is_one = next.reason == gap.reason && next.start_ms <= gap.end_ms + SEAM_MS;
        if is_one {
            gap.end_ms = gap.end_ms.max(next.end_ms);
        }
        is_one
    });
    gaps
}

/// What was recorded, and cannot be played.
fn lost(front: &Front) -> Option<GapView> {
    let reason = match front.fault()? {
        Fault::Missing => "file_missing",
        Fault::Empty | Fault::Truncated | Fault::Damaged | Fault::Unreadable => "file_damaged",
    };
    Some(GapView {
        start_ms: front.file.start_us / 1000,
        end_ms: front.file.end_us() / 1000,
        reason: reason.to_owned(),
        detail: Some(front.file.name.to_string()),
    })
}

fn file(session: &Session, front: &Front) -> FileView {
    FileView {
        file: front.file.name.to_string(),
        url: file_url(session, &front.file),
        start_ms: front.file.start_us / 1000,
        duration_ms: front.file.duration_us / 1000,
        bytes: front.file.bytes,
        fault: front.fault().map(Fault::word),
    }
}

impl From<&Gap> for GapView {
    fn from(gap: &Gap) -> Self {
        Self {
            start_ms: gap.start_us / 1000,
            end_ms: gap.end_us / 1000,
            reason: gap.reason.to_string(),
            detail: gap.detail.as_deref().map(str::to_owned),
        }
    }
}

impl From<&Deletion> for GapView {
    fn from(deletion: &Deletion) -> Self {
        let reason = if *deletion.reason == *BY_HAND { "deleted" } else { "expired" };
        Self {
            start_ms: deletion.start_us / 1000,
            end_ms: deletion.end_us / 1000,
            reason: reason.to_owned(),
            detail: None,
        }
    }
}

impl From<&Mark> for MarkView {
    fn from(mark: &Mark) -> Self {
        Self {
            at_ms: mark.at_us / 1000,
            kind: mark.kind.to_string(),
            detail: mark.detail.as_deref().map(str::to_owned),
        }
    }
}

impl From<&Kept> for KeptView {
    fn from(kept: &Kept) -> Self {
        Self { start_ms: kept.start_us / 1000, end_ms: kept.end_us / 1000, by: kept.by.to_string() }
    }
}
