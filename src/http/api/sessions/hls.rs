//! `GET /api/sessions/{session}/playlist.m3u8`: the MP4s of a session as a playlist (RFC 8216), by
//! ranges into the files as they lie there.

use std::fmt::Write;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use container::reel::{Fragments, Head};
use serde::Deserialize;

use super::super::super::State;
use super::super::super::authenticate::Holder;
use super::super::super::error::{ApiError, Asked, Path};
use super::super::super::ranges::{self, Small};
use super::{blocking, file_url, find};
use crate::clock::from_us;
use crate::library::listing::Course;
use crate::library::reels::Front;
use crate::library::{File, Session};

/// A player reads all of a playlist each few seconds while it grows: of what is longer it gets a day,
/// the last one unless it says which.
const LONGEST_US: i64 = 24 * 3600 * 1_000_000;

/// As Apple asks for: pieces that are long enough for few requests, and short enough to seek in.
const TARGET_NS: i64 = 6_000_000_000;

const NS_PER_S: i64 = 1_000_000_000;

/// Which part of a session that is longer than a day.
#[derive(Debug, Deserialize)]
pub(in super::super::super) struct Wanted {
    from_ms: Option<i64>,
}

/// `GET /api/sessions/{session}/playlist.m3u8`
pub(in super::super::super) async fn playlist(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, ApiError> {
    let session = find(&state, &pass, &id)?;
    let is_growing = state.library.course(&session) != Course::Finished;
    let library = state.library.clone();
    let text = blocking(move || {
        let fronts = library.reels().fronts(&session);
        let shown = shown(&fronts, wanted.from_ms);
        let may_grow = is_growing && shown.end == fronts.len();
        let fronts = &fronts[shown];
        let mut playlist = Playlist::new(&session, fronts.first(), may_grow);
        library.reels().heads(fronts, |front, head| playlist.add(&front.file, &head))?;
        io::Result::Ok(playlist.text())
    })
    .await?;
    let text = text.map_err(unreadable)?;
    let text = text.ok_or_else(|| {
        ApiError::not_found("there is no MP4 in the recording: its timeline says how it is played")
    })?;
    let headers =
        [(CONTENT_TYPE, "application/vnd.apple.mpegurl"), (CACHE_CONTROL, "private, no-cache")];
    Ok((headers, text).into_response())
}

/// `GET /api/sessions/{session}/files/{file}/init.mp4`: what a player must have before a piece of the
/// file.
pub(in super::super::super) async fn init(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path((id, name)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let session = find(&state, &pass, &id)?;
    let none = || ApiError::not_found("there is no such MP4");
    let file = session.file(&name).cloned().ok_or_else(none)?;
    let library = state.library.clone();
    let bytes = blocking(move || {
        let front = library.reels().fronts_of(&session, &[file]).pop();
        let mut bytes = Ok(None);
        library.reels().heads(front.as_slice(), |front, head| {
            let fragments = Fragments::of(&head, TARGET_NS);
            let init = fragments.map(|fragments| init_bytes(front, &fragments)).transpose();
            bytes = init.map(|init| init.map(|bytes| (bytes, front.modified)));
        })?;
        bytes
    })
    .await?;
    let (bytes, modified) = bytes.map_err(unreadable)?.ok_or_else(none)?;
    let init = Small::new(bytes.into(), "video/mp4", modified).map_err(unreadable)?;
    Ok(ranges::answer(&Arc::new(init), &method, &headers))
}

fn init_bytes(front: &Front, fragments: &Fragments) -> io::Result<Vec<u8>> {
    let file = front.open()?;
    let mut all = Vec::new();
    for range in fragments.init() {
        let from = all.len();
        all.resize(from + (range.end - range.start) as usize, 0);
        file.read_exact_at(&mut all[from..], range.start)?;
    }
    Ok(all)
}

fn unreadable(error: io::Error) -> ApiError {
    match error.kind() {
        io::ErrorKind::NotFound => ApiError::not_found("a file has been moved away"),
        _ => ApiError::internal(format!("cannot read the recording: {error}")),
    }
}

/// A day of a session's files.
fn shown(fronts: &[Front], from_ms: Option<i64>) -> Range<usize> {
    let ends_us = fronts.last().map_or(0, |front| front.file.end_us());
    let last_day_us = ends_us.saturating_sub(LONGEST_US);
    let from_us = from_ms.map_or(last_day_us, |from_ms| from_ms.saturating_mul(1000));
    let to_us = from_us.saturating_add(LONGEST_US);
    let first = fronts.partition_point(|front| front.file.end_us() <= from_us);
    let last = match from_ms {
        Some(_) => fronts.partition_point(|front| front.file.start_us < to_us),
        None => fronts.len(),
    };
    first.min(last)..last
}

/// MP4s of a session, in their order.
struct Playlist<'a> {
    session: &'a Session,
    may_grow: bool,
    /// The number of the first piece. What has been removed from the front counts (RFC 8216 section
    /// 6.2.2), and nobody remembers in how many pieces it was: it is reckoned by its time.
    sequence: i64,
    longest_ns: i64,
    body: String,
}

impl<'a> Playlist<'a> {
    fn new(session: &'a Session, first: Option<&Front>, may_grow: bool) -> Self {
        let behind_us =
            first.map_or(0, |first| first.file.start_us.saturating_sub(session.started_us).max(0));
        let sequence = behind_us.saturating_mul(1000) / TARGET_NS;
        Self { session, may_grow, sequence, longest_ns: TARGET_NS, body: String::new() }
    }

    fn add(&mut self, file: &File, head: &Head) {
        let Some(fragments) = Fragments::of(head, TARGET_NS) else { return };
        let url = file_url(self.session, file);
        let at = from_us(file.start_us).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let between = if self.body.is_empty() { "" } else { "#EXT-X-DISCONTINUITY\n" };
        // With its length, since ffmpeg's reader waits for the end of the connection without one.
        let init: u64 = fragments.init().iter().map(|range| range.end - range.start).sum();
        // Writing into a text does not fail.
        let _ = write!(
            self.body,
            "{between}#EXT-X-PROGRAM-DATE-TIME:{at}\n\
             #EXT-X-MAP:URI=\"{url}/init.mp4\",BYTERANGE=\"{init}@0\"\n"
        );
        for fragment in fragments.list() {
            self.longest_ns = self.longest_ns.max(fragment.duration_ns);
            let seconds = fragment.duration_ns as f64 / NS_PER_S as f64;
            let (at, bytes) = (fragment.range.start, fragment.range.end - fragment.range.start);
            let piece = format!("#EXTINF:{seconds:.6},\n#EXT-X-BYTERANGE:{bytes}@{at}\n{url}\n");
            self.body.push_str(&piece);
        }
    }

    /// `None` where there is no MP4.
    fn text(self) -> Option<String> {
        let Self { may_grow, sequence, longest_ns, body, .. } = self;
        if body.is_empty() {
            return None;
        }
        let target_s = (longest_ns + NS_PER_S / 2) / NS_PER_S;
        // One that grows may lose its oldest files to retention, which an EVENT may not.
        let kind = if may_grow { "" } else { "#EXT-X-PLAYLIST-TYPE:VOD\n" };
        let end = if may_grow { "" } else { "#EXT-X-ENDLIST\n" };
        Some(format!(
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target_s}\n\
             #EXT-X-MEDIA-SEQUENCE:{sequence}\n\
             {kind}{body}{end}"
        ))
    }
}
