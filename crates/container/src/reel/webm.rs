//! A joined WebM (RFC 9559 sections 4.5, 5.1 and 22).

use bytes::Bytes;

use super::head::Family;
use super::head::webm::{Cue, WebmHead};
use super::pieces::Pieces;
use super::{Cut, Head, MAX_INDEX_BYTES, Part, Plan, ReelError};
use crate::sample::{Detail, Track};
use crate::webm::TrackDetail;
use crate::webm::finish::{ebml_header, info};
use crate::webm::syntax::{Write, id};
use crate::webm::tracks::write_tracks;

const NS_PER_MS: i64 = 1_000_000;

/// A CuePoint with a time of four bytes, a track's number of eight and a place of eight.
const MAX_CUE_BYTES: u64 = 32;

/// A part, or what of it is wanted.
struct Taken<'a> {
    part: usize,
    webm: &'a WebmHead,
    range: std::ops::Range<u64>,
    /// When its zero is in the whole; negative where a cut begins inside it.
    zero_ms: i64,
}

pub(super) fn plan(parts: &[Part], zeros_ns: &[i64], cut: Option<Cut>) -> Result<Plan, ReelError> {
    let all: Vec<(&WebmHead, &Head)> = parts
        .iter()
        .filter_map(|part| match &part.head.family {
            Family::Webm(webm) => Some((webm, &*part.head)),
            Family::Mp4(_) => None,
        })
        .collect();
    let (last_ns, last) = zeros_ns.last().zip(parts.last()).ok_or(ReelError::Empty)?;
    let whole = (0, (last_ns + last.head.duration_ns) as f64 / NS_PER_MS as f64);
    let (begin_ms, end_ms) = match cut {
        Some(cut) => borders(&all, zeros_ns, cut, whole.1)?,
        None => whole,
    };
    let taken = take(&all, zeros_ns, cut.is_some().then_some((begin_ms, end_ms)));
    if taken.is_empty() {
        return Err(ReelError::Empty);
    }
    let taken: Vec<Taken<'_>> =
        taken.into_iter().map(|it| Taken { zero_ms: it.zero_ms - begin_ms, ..it }).collect();
    let duration_ms = (end_ms - begin_ms as f64).max(0.0);
    let cues: usize = taken.iter().map(|it| it.webm.cues.len()).sum();
    if cues as u64 * MAX_CUE_BYTES > MAX_INDEX_BYTES {
        return Err(ReelError::TooLong);
    }
    let heads: Vec<&Head> = taken.iter().map(|it| &*parts[it.part].head).collect();
    let mut pieces = Pieces::default();
    pieces.made(front(&heads, &taken, duration_ms));
    for it in &taken {
        pieces.clusters(it.part, &it.range, parts[it.part].head.clone(), it.zero_ms);
    }
    let begins_ns = begin_ms * NS_PER_MS;
    Ok(Plan {
        duration_ns: (duration_ms * NS_PER_MS as f64) as i64,
        preroll_ns: cut.map_or(0, |cut| (cut.from_ns - begins_ns).max(0)),
        begins_ns,
        pieces,
    })
}

/// The zero of a part in ticks. Each is rounded for itself, so that no error grows.
fn ms(zero_ns: i64) -> i64 {
    (zero_ns + NS_PER_MS / 2).div_euclid(NS_PER_MS)
}

/// When the first and what is behind the last of the clusters of a cut begins, in milliseconds.
fn borders(
    all: &[(&WebmHead, &Head)],
    zeros_ns: &[i64],
    cut: Cut,
    whole_end_ms: f64,
) -> Result<(i64, f64), ReelError> {
    if cut.to_ns <= cut.from_ns || cut.to_ns <= 0 {
        return Err(ReelError::Empty);
    }
    let times = || {
        let parts = all.iter().zip(zeros_ns);
        parts.flat_map(|((webm, _), &zero_ns)| {
            // A part begins at its zero, whether a cue leads there or not.
            let cues = webm.cues.iter().map(|cue| i64::from(cue.ms));
            let own = std::iter::once(0).chain(cues.skip_while(|&ms| ms == 0));
            own.map(move |own_ms| ms(zero_ns) + own_ms)
        })
    };
    if cut.from_ns >= (whole_end_ms * NS_PER_MS as f64) as i64 {
        return Err(ReelError::Empty);
    }
    let begin = times().take_while(|&at| at * NS_PER_MS <= cut.from_ns).last().unwrap_or(0);
    let end = times().find(|&at| at * NS_PER_MS >= cut.to_ns && at > begin);
    Ok((begin, end.map_or(whole_end_ms, |end| end as f64)))
}

/// What of each part lies between two borders.
fn take<'a>(
    all: &[(&'a WebmHead, &'a Head)],
    zeros_ns: &[i64],
    borders: Option<(i64, f64)>,
) -> Vec<Taken<'a>> {
    let mut taken = Vec::new();
    for (part, ((webm, head), &zero_ns)) in all.iter().zip(zeros_ns).enumerate() {
        let zero_ms = ms(zero_ns);
        let mut range = head.media.clone();
        if let Some((begin_ms, end_ms)) = borders {
            let next_ms = zeros_ns.get(part + 1).map(|&zero_ns| ms(zero_ns));
            if next_ms.is_some_and(|next_ms| next_ms <= begin_ms) || zero_ms as f64 >= end_ms {
                continue;
            }
            let place = |cue: &&Cue| zero_ms + i64::from(cue.ms);
            let begin = webm.cues.iter().take_while(|cue| place(cue) <= begin_ms).last();
            if let Some(cue) = begin.filter(|cue| cue.ms > 0) {
                range.start = cue.at;
            }
            if let Some(cue) =
                webm.cues.iter().find(|cue| cue.ms > 0 && place(cue) as f64 >= end_ms)
            {
                range.end = cue.at;
            }
        }
        if !range.is_empty() {
            taken.push(Taken { part, webm, range, zero_ms });
        }
    }
    taken
}

/// Everything in front of the first cluster. All numbers in it that depend on places have a fixed
/// width.
fn front(heads: &[&Head], taken: &[Taken<'_>], duration_ms: f64) -> Bytes {
    let tracks = tracks(heads, taken);
    let info = info(Some(duration_ms));
    let cue_track = taken.first().map_or(1, |it| it.webm.cue_track);
    let seek_head_bytes = seek_head([0; 3]).len() as u64;
    let cues_at = seek_head_bytes + (info.len() + tracks.len()) as u64;
    let cues_bytes = cues(taken, cue_track, 0).len() as u64;
    let first_at = cues_at + cues_bytes;
    let media: u64 = taken.iter().map(|it| it.range.end - it.range.start).sum();
    let mut front = ebml_header(&heads.first().map_or(Vec::new(), |head| head.tracks.clone()));
    front.id(id::SEGMENT);
    front.size_8(first_at + media);
    front.extend(seek_head([seek_head_bytes, seek_head_bytes + info.len() as u64, cues_at]));
    front.extend(info);
    front.extend(tracks);
    front.extend(cues(taken, cue_track, first_at));
    front.into()
}

fn seek_head([info_at, tracks_at, cues_at]: [u64; 3]) -> Vec<u8> {
    let mut seeks = Vec::new();
    for (id, at) in [(id::INFO, info_at), (id::TRACKS, tracks_at), (id::CUES, cues_at)] {
        let mut seek = Vec::new();
        seek.element(id::SEEK_ID, &id.to_be_bytes());
        seek.element(id::SEEK_POSITION, &at.to_be_bytes());
        seeks.element(id::SEEK, &seek);
    }
    let mut out = Vec::new();
    out.element(id::SEEK_HEAD, &seeks);
    out
}

/// The Cues of all parts, whose first cluster stands `first_at` bytes into the Segment's payload.
fn cues(taken: &[Taken<'_>], cue_track: u64, first_at: u64) -> Vec<u8> {
    let mut points = Vec::new();
    let mut part_at = first_at;
    for it in taken {
        for cue in it.webm.cues.iter().filter(|cue| it.range.contains(&cue.at)) {
            let at_ms = (it.zero_ms + i64::from(cue.ms)).clamp(0, u32::MAX.into()) as u32;
            let mut position = Vec::new();
            position.unsigned(id::CUE_TRACK, cue_track);
            let at = part_at + (cue.at - it.range.start);
            position.element(id::CUE_CLUSTER_POSITION, &at.to_be_bytes());
            let mut point = Vec::new();
            point.element(id::CUE_TIME, &at_ms.to_be_bytes());
            point.element(id::CUE_TRACK_POSITIONS, &position);
            points.element(id::CUE_POINT, &point);
        }
        part_at += it.range.end - it.range.start;
    }
    let mut out = Vec::new();
    out.element(id::CUES, &points);
    out
}

/// The tracks of all parts. A delay that not all of them have is none: what a player would take
/// back of the others is not in front of them.
fn tracks(heads: &[&Head], taken: &[Taken<'_>]) -> Vec<u8> {
    // Additions are announced where any part has some.
    let announcing = taken.iter().position(|it| it.webm.has_additions).unwrap_or(0);
    let Some(head) = heads.get(announcing) else { return Vec::new() };
    let delays: Vec<i64> = (0..head.tracks.len())
        .map(|track| {
            let mut delays =
                heads.iter().map(|head| head.tracks.get(track).map_or(0, |it| it.delay));
            let first = delays.next().unwrap_or(0);
            if delays.all(|delay| delay == first) { first } else { 0 }
        })
        .collect();
    let pairs: Vec<(&Track, &TrackDetail)> = head
        .tracks
        .iter()
        .filter_map(|track| match &track.detail {
            Detail::Webm(detail) => Some((track, detail)),
            Detail::Mp4(_) => None,
        })
        .collect();
    write_tracks(&pairs, &delays, true)
}
