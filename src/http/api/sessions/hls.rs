//! `GET /api/sessions/{session}/playlist.m3u8`: the MP4s of a session as a playlist (RFC 8216), by
//! ranges into the files as they lie there.

use std::fmt::Write;
use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use axum::extract::State as Shared;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use container::reel::Fragments;

use super::super::super::State;
use super::super::super::authenticate::Holder;
use super::super::super::error::{ApiError, Path as Asked};
use super::{blocking, file_url, find};
use crate::clock::from_us;
use crate::library::listing::Course;
use crate::library::reels::{Front, Kind};
use crate::library::{File, Session};

/// As Apple asks for: pieces that are long enough for few requests, and short enough to seek in.
const TARGET_NS: i64 = 6_000_000_000;

const NS_PER_S: i64 = 1_000_000_000;

/// `GET /api/sessions/{session}/playlist.m3u8`
pub(in super::super::super) async fn playlist(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Asked(id): Asked<String>,
) -> Result<Response, ApiError> {
    let session = find(&state, &pass, &id)?;
    let may_grow = state.library.course(&session) != Course::Finished;
    let library = state.library.clone();
    let text = blocking(move || {
        let fronts = library.reels().fronts(&session);
        text(&session, &fronts, may_grow)
    })
    .await?;
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
    Asked((id, name)): Asked<(String, String)>,
) -> Result<Response, ApiError> {
    let session = find(&state, &pass, &id)?;
    let none = || ApiError::not_found("there is no such MP4");
    let file = session.file(&name).cloned().ok_or_else(none)?;
    let library = state.library.clone();
    let bytes = blocking(move || {
        let path = library.root().join(session.path(&file));
        let front = library.reels().fronts_of(&session, &[file]).pop();
        let head = match &front?.kind {
            Kind::Joinable(head) => head.clone(),
            Kind::Alone | Kind::Faulty(_) => return None,
        };
        let fragments = Fragments::of(&head, TARGET_NS)?;
        Some(init_bytes(&path, &fragments))
    })
    .await?;
    let bytes = bytes.ok_or_else(none)?;
    let bytes =
        bytes.map_err(|error| ApiError::internal(format!("cannot read the file: {error}")))?;
    let headers = [(CONTENT_TYPE, "video/mp4"), (CACHE_CONTROL, "private, no-cache")];
    Ok((headers, bytes).into_response())
}

fn init_bytes(path: &Path, fragments: &Fragments) -> io::Result<Vec<u8>> {
    let file = fs::File::open(path)?;
    let mut all = Vec::new();
    for range in fragments.init() {
        let from = all.len();
        all.resize(from + (range.end - range.start) as usize, 0);
        file.read_exact_at(&mut all[from..], range.start)?;
    }
    Ok(all)
}

/// Of all MP4s, in their order. `None` where there is none.
fn text(session: &Session, fronts: &[Front], may_grow: bool) -> Option<String> {
    let mut body = String::new();
    let mut longest_ns = TARGET_NS;
    let mut is_first = true;
    for front in fronts {
        let Kind::Joinable(head) = &front.kind else { continue };
        let Some(fragments) = Fragments::of(head, TARGET_NS) else { continue };
        begin(&mut body, session, &front.file, is_first);
        is_first = false;
        for fragment in fragments.list() {
            longest_ns = longest_ns.max(fragment.duration_ns);
            let seconds = fragment.duration_ns as f64 / NS_PER_S as f64;
            let (at, bytes) = (fragment.range.start, fragment.range.end - fragment.range.start);
            let url = file_url(session, &front.file);
            // Writing into a text does not fail.
            let _ = write!(body, "#EXTINF:{seconds:.6},\n#EXT-X-BYTERANGE:{bytes}@{at}\n{url}\n");
        }
    }
    if is_first {
        return None;
    }
    let target_s = (longest_ns + NS_PER_S / 2) / NS_PER_S;
    // One that grows may lose its oldest files to retention, which an EVENT may not.
    let kind = if may_grow { "" } else { "#EXT-X-PLAYLIST-TYPE:VOD\n" };
    let end = if may_grow { "" } else { "#EXT-X-ENDLIST\n" };
    Some(format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target_s}\n\
         {kind}{body}{end}"
    ))
}

fn begin(body: &mut String, session: &Session, file: &File, is_first: bool) {
    if !is_first {
        body.push_str("#EXT-X-DISCONTINUITY\n");
    }
    let at = from_us(file.start_us).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let url = file_url(session, file);
    let _ = write!(body, "#EXT-X-PROGRAM-DATE-TIME:{at}\n#EXT-X-MAP:URI=\"{url}/init.mp4\"\n");
}
