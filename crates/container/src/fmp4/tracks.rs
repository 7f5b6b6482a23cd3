//! The `moov` of a fragmented MP4 (ISO 14496-12 clauses 8.2 to 8.8), read.

use bytes::Bytes;

use super::syntax::{Children, Header, Reader, find, require};
use crate::error::{ErrorKind, Fault};
use crate::sample::{Detail, Kind, MAX_TIME, Track, rescale};

/// The unity matrix of a track header: no rotation, no mirroring.
pub(crate) const UNITY_MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// What an MP4 track says beyond what every container knows.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackDetail {
    /// track_ID, by which fragments name their track.
    pub track_id: u32,
    /// The first sample entry, a whole box.
    pub sample_entry: Bytes,
    /// Rotation and mirroring of the track header.
    pub matrix: [u32; 9],
    /// ISO 639-2 language as packed in the media header.
    pub language: u16,
    pub(crate) defaults: Defaults,
}

/// What a fragment need not repeat (clause 8.8.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Defaults {
    pub(crate) duration: u32,
    pub(crate) size: u32,
    pub(crate) flags: u32,
}

/// The tracks of a `moov` payload; those that are neither audio nor video are passed over.
pub(crate) fn read_moov(moov: &[u8]) -> Result<Vec<Track>, Fault> {
    let mvhd = require(moov, &[b"mvhd"], "mvhd")?;
    let (version, _, mut reader) = Reader::full(mvhd, "mvhd")?;
    reader.skip(if version == 1 { 16 } else { 8 })?;
    let movie_timescale = reader.u32()?.max(1);
    let not_fragmented = Fault { kind: ErrorKind::NotFragmented, element: "moov" };
    let mvex = find(moov, b"mvex")?.ok_or(not_fragmented)?;
    let mut tracks = Vec::new();
    for child in Children::of(moov) {
        let child = child?;
        if child.kind == *b"trak" {
            if has_samples(child.payload)? {
                return Err(Fault { kind: ErrorKind::NotFragmented, element: "stsz" });
            }
            let mut track = read_trak(child.payload, movie_timescale)?;
            if let Some(Track { detail: Detail::Mp4(detail), .. }) = &mut track {
                detail.defaults = read_trex(mvex, detail.track_id)?;
            }
            tracks.extend(track);
        }
    }
    if tracks.is_empty() {
        return Err(Fault { kind: ErrorKind::NoTracks, element: "moov" });
    }
    Ok(tracks)
}

/// Whether a track's samples are listed in the movie box itself.
fn has_samples(trak: &[u8]) -> Result<bool, Fault> {
    let stbl = require(trak, &[b"mdia", b"minf", b"stbl"], "stbl")?;
    let Some(stsz) = find(stbl, b"stsz")? else { return Ok(false) };
    let (_, _, mut reader) = Reader::full(stsz, "stsz")?;
    reader.skip(4)?;
    Ok(reader.u32()? > 0)
}

/// One track of a movie; `None` when it is neither audio nor video.
pub(crate) fn read_trak(trak: &[u8], movie_timescale: u32) -> Result<Option<Track>, Fault> {
    let hdlr = require(trak, &[b"mdia", b"hdlr"], "hdlr")?;
    let kind = match hdlr.get(8..12) {
        Some(b"vide") => Kind::Video,
        Some(b"soun") => Kind::Audio,
        _ => return Ok(None),
    };
    let (version, _, mut tkhd) = Reader::full(require(trak, &[b"tkhd"], "tkhd")?, "tkhd")?;
    tkhd.skip(if version == 1 { 16 } else { 8 })?;
    let track_id = tkhd.u32()?;
    tkhd.skip(if version == 1 { 12 } else { 8 } + 16)?;
    let mut matrix = [0; 9];
    for value in &mut matrix {
        *value = tkhd.u32()?;
    }
    let (version, _, mut mdhd) = Reader::full(require(trak, &[b"mdia", b"mdhd"], "mdhd")?, "mdhd")?;
    mdhd.skip(if version == 1 { 16 } else { 8 })?;
    let timescale = mdhd.u32()?;
    mdhd.skip(if version == 1 { 8 } else { 4 })?;
    let language = mdhd.u16()?;
    if timescale == 0 {
        return Err(Fault::malformed("mdhd"));
    }
    let stbl = require(trak, &[b"mdia", b"minf", b"stbl"], "stbl")?;
    let entry = read_sample_entry(require(stbl, &[b"stsd"], "stsd")?)?;
    let delay = read_edit_list(trak, movie_timescale, timescale)?;
    let small = |at: usize| {
        let bytes = entry.whole.get(8 + at..8 + at + 2);
        bytes.map_or(0, |bytes| u32::from(u16::from_be_bytes([bytes[0], bytes[1]])))
    };
    let (mut width, mut height, mut channels, mut sample_rate) = (0, 0, 0, 0);
    match kind {
        Kind::Video => (width, height) = (small(24), small(26)),
        Kind::Audio => (channels, sample_rate) = (small(16), small(24)),
    }
    Ok(Some(Track {
        kind,
        codec: entry.codec,
        timescale,
        delay,
        width,
        height,
        sample_rate,
        channels,
        detail: Detail::Mp4(TrackDetail {
            track_id,
            sample_entry: entry.whole,
            matrix,
            language,
            defaults: Defaults::default(),
        }),
    }))
}

struct SampleEntry {
    codec: String,
    whole: Bytes,
}

fn read_sample_entry(stsd: &[u8]) -> Result<SampleEntry, Fault> {
    const BAD: Fault = Fault::malformed("stsd");
    let entries = stsd.get(8..).ok_or(BAD)?;
    let header = Header::read(entries)?.ok_or(BAD)?;
    let len = header.size.and_then(|size| usize::try_from(size).ok()).ok_or(BAD)? + header.len;
    let whole = entries.get(..len).ok_or(BAD)?;
    if matches!(&header.kind, b"encv" | b"enca") {
        return Err(Fault { kind: ErrorKind::Encoded, element: "stsd" });
    }
    let codec = String::from_utf8_lossy(&header.kind).into_owned();
    Ok(SampleEntry { codec, whole: Bytes::copy_from_slice(whole) })
}

/// How far presentation lags behind the media's own times (clause 8.6.6): what the edit list
/// hides at the start, less what it shows empty. Later edits are not followed.
fn read_edit_list(trak: &[u8], movie_timescale: u32, timescale: u32) -> Result<i64, Fault> {
    let Some(elst) = find(trak, b"edts")?.map(|edts| find(edts, b"elst")).transpose()?.flatten()
    else {
        return Ok(0);
    };
    let (version, _, mut reader) = Reader::full(elst, "elst")?;
    let mut empty = 0i64;
    for _ in 0..reader.u32()? {
        let duration = reader.versioned(version)?;
        let media_time = match version {
            1 => reader.u64()? as i64,
            _ => i64::from(reader.i32()?),
        };
        reader.skip(4)?;
        if media_time >= 0 {
            let empty = rescale(empty, movie_timescale, timescale.into());
            return Ok(media_time.saturating_sub(empty).clamp(-MAX_TIME, MAX_TIME));
        }
        empty = empty.saturating_add(i64::try_from(duration).unwrap_or(0));
    }
    Ok(0)
}

fn read_trex(mvex: &[u8], track_id: u32) -> Result<Defaults, Fault> {
    for child in Children::of(mvex) {
        let child = child?;
        if child.kind != *b"trex" {
            continue;
        }
        let (_, _, mut reader) = Reader::full(child.payload, "trex")?;
        if reader.u32()? == track_id {
            let _description_index = reader.u32()?;
            let (duration, size, flags) = (reader.u32()?, reader.u32()?, reader.u32()?);
            return Ok(Defaults { duration, size, flags });
        }
    }
    Ok(Defaults::default())
}
