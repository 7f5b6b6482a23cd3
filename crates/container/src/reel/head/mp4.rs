//! The front of a finished MP4: `ftyp`, `moov` with all sample tables, `free`, and the header of an
//! `mdat` that is the rest of the file (ISO 14496-12 clauses 4.3, 8.1 and 8.2).

use std::ops::Range;

use bytes::Bytes;

use super::window::{Lack, Window};
use super::{Family, Head};
use crate::error::{Error, ErrorKind, Fault};
use crate::fmp4::syntax::{Children, Header, MAX_HEADER_BYTES, Reader, require};
use crate::fmp4::tracks::read_trak;
use crate::movie::tables::{Row, Rows};
use crate::reel::MAX_INDEX_BYTES;
use crate::reel::configuration::Configuration;
use crate::sample::{Kind, MAX_TRACKS, NANOS_PER_SECOND, Track, rescale};

/// What a table of that size lists at most with four bytes each; one that says so without a table
/// is not believed either.
const MAX_SAMPLES: u32 = (MAX_INDEX_BYTES / 4) as u32;

/// There are four in a finished file.
const MAX_BOXES: u32 = 16;

/// What an MP4's index says.
#[derive(Debug, Clone)]
pub(in crate::reel) struct Mp4Head {
    pub(in crate::reel) tracks: Vec<Listed>,
    /// Where the `ftyp` stands, and the `moov` that fragments belong to: what the media begins with.
    pub(in crate::reel) init: Option<[Range<u64>; 2]>,
}

/// The samples of a track, as boxes: nothing is expanded.
#[derive(Debug, Clone)]
pub(in crate::reel) struct Listed {
    kind: Kind,
    timescale: u32,
    /// What an edit list hides at the start, less what it shows empty; in ticks.
    pub(in crate::reel) delay: i64,
    /// In front of the first sample.
    rows: Rows,
    /// When the first of its samples is shown, in ticks from the file's zero.
    shown: i64,
}

impl Listed {
    /// The samples from the first on, at decode times from 0.
    pub(in crate::reel) fn rows(&self) -> impl Iterator<Item = Row> + use<> {
        let mut rows = self.rows.clone();
        // They were gone through once when the head was read, and cannot fail now.
        std::iter::from_fn(move || rows.next().ok().flatten())
    }
}

impl Mp4Head {
    pub(super) fn key_frames_ns(&self) -> Vec<i64> {
        let Some(video) = self.tracks.iter().find(|track| track.kind == Kind::Video) else {
            return Vec::new();
        };
        let shown = |row: Row| row.dts.saturating_add(row.shift.into()).saturating_sub(video.delay);
        let keys = video.rows().filter(|row| row.is_sync);
        keys.map(|row| rescale(shown(row), video.timescale, NANOS_PER_SECOND)).collect()
    }

    pub(super) fn lead_in_ns(&self) -> i64 {
        let early = |track: &Listed| rescale(-track.shown, track.timescale, NANOS_PER_SECOND);
        self.tracks.iter().map(early).max().unwrap_or(0).max(0)
    }
}

pub(super) fn read(window: &Window) -> Result<Head, Lack> {
    let file_bytes = window.file_bytes();
    let (mut at, mut index) = (0, None);
    let mut file_type = 0..0;
    for _ in 0..MAX_BOXES {
        let head = window.peek(at, MAX_HEADER_BYTES)?;
        let header = Header::read(&head).map_err(|fault| fault.at(at))?;
        let header = header.ok_or(Fault::truncated("box header").at(at))?;
        let payload_at = at + header.len as u64;
        let end = header.size.map_or(Some(file_bytes), |size| payload_at.checked_add(size));
        let end = end.filter(|&end| end <= file_bytes);
        let end = end.ok_or_else(|| Fault::truncated("box").at(at))?;
        let other = Error::new(ErrorKind::NotFinished, at, "box");
        match &header.kind {
            b"ftyp" if at == 0 => file_type = at..end,
            b"free" | b"skip" => {}
            b"moov" if index.is_none() => {
                if end - payload_at > MAX_INDEX_BYTES {
                    return Err(Error::new(ErrorKind::TooLarge, at, "moov").into());
                }
                let moov = window.get(payload_at, (end - payload_at) as usize, "moov")?;
                index = Some((at, moov));
            }
            b"mdat" if end == file_bytes => {
                let (index_at, moov) = index.ok_or(other)?;
                let first = window.peek(payload_at, MAX_HEADER_BYTES)?;
                let init = fragmented(&first, payload_at, end).map(|moov| [file_type, moov]);
                // A copy, so that nothing else that was read with it is kept.
                let moov = Bytes::copy_from_slice(&moov);
                let head =
                    understand(&moov, payload_at..end, init).map_err(|fault| fault.at(index_at))?;
                return Ok(head);
            }
            _ => return Err(other.into()),
        }
        at = end;
    }
    Err(Error::new(ErrorKind::NotFinished, at, "box").into())
}

/// Where the `moov` stands that a file of up to `end` bytes had while it grew, if it is what begins
/// at `at`.
fn fragmented(first: &[u8], at: u64, end: u64) -> Option<Range<u64>> {
    let header = Header::read(first).ok()??;
    let moov_end = at.checked_add(header.len as u64)?.checked_add(header.size?)?;
    (header.kind == *b"moov" && moov_end <= end).then_some(at..moov_end)
}

fn understand(
    moov: &Bytes,
    media: Range<u64>,
    init: Option<[Range<u64>; 2]>,
) -> Result<Head, Fault> {
    let (version, _, mut mvhd) = Reader::full(require(moov, &[b"mvhd"], "mvhd")?, "mvhd")?;
    mvhd.skip(if version == 1 { 16 } else { 8 })?;
    let movie_timescale = mvhd.u32()?.max(1);
    let duration = i64::try_from(mvhd.versioned(version)?).unwrap_or(i64::MAX);
    let mut tracks = Vec::new();
    let mut listed = Vec::new();
    for child in Children::of(moov) {
        let child = child?;
        // One without is that of a file that grows.
        if child.kind == *b"mvex" {
            return Err(Fault { kind: ErrorKind::NotFinished, element: "mvex" });
        }
        if child.kind != *b"trak" {
            continue;
        }
        let Some(track) = read_trak(child.payload, movie_timescale)? else { continue };
        if tracks.len() >= MAX_TRACKS {
            return Err(Fault { kind: ErrorKind::TooLarge, element: "trak" });
        }
        let stbl = require(child.payload, &[b"mdia", b"minf", b"stbl"], "stbl")?;
        listed.push(list(&track, &moov.slice_ref(stbl), &media)?);
        tracks.push(track);
    }
    if tracks.is_empty() {
        return Err(Fault { kind: ErrorKind::NoTracks, element: "moov" });
    }
    Ok(Head {
        configuration: Configuration::of_mp4(&tracks),
        tracks,
        media,
        duration_ns: rescale(duration, movie_timescale, NANOS_PER_SECOND).max(0),
        zero: None,
        family: Family::Mp4(Mp4Head { tracks: listed, init }),
    })
}

/// Goes through the tables once: all samples lie inside the media, under the only description.
fn list(track: &Track, stbl: &Bytes, media: &Range<u64>) -> Result<Listed, Fault> {
    let rows = Rows::read(stbl, 1, media.end)?;
    if rows.count() > MAX_SAMPLES || rows.beyond_bytes() > 0 {
        return Err(Fault { kind: ErrorKind::TooLarge, element: "stsz" });
    }
    if track.has_entry(2) {
        return Err(Fault { kind: ErrorKind::NotFinished, element: "stsd" });
    }
    let mut walk = rows.clone();
    let mut shown = None;
    while let Some(row) = walk.next()? {
        let end = row.offset.saturating_add(row.size.into());
        if row.offset < media.start || end > media.end {
            return Err(Fault::malformed("stco"));
        }
        if row.description != 1 {
            return Err(Fault::malformed("stsc"));
        }
        let at = row.dts + i64::from(row.shift) - track.delay;
        shown = Some(shown.map_or(at, |shown: i64| shown.min(at)));
    }
    let shown = shown.ok_or(Fault { kind: ErrorKind::NotFinished, element: "stsz" })?;
    let (kind, timescale, delay) = (track.kind, track.timescale, track.delay);
    Ok(Listed { kind, timescale, delay, rows, shown })
}
