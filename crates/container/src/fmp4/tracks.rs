//! The `moov` of a fragmented MP4 (ISO 14496-12 clauses 8.2 to 8.8), read.

use bytes::Bytes;

use super::entry::configuration;
use super::syntax::{Children, Header, Reader, find, require};
use crate::codec::mpeg4;
use crate::error::{ErrorKind, Fault};
use crate::presentation::language_tag;
use crate::sample::{Detail, Kind, MAX_TIME, MAX_TRACKS, Track, rescale};

/// The unity matrix of a track header: no rotation, no mirroring.
pub(crate) const UNITY_MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// What an MP4 track says beyond what every container knows.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackDetail {
    /// track_ID, by which fragments name their track.
    pub track_id: u32,
    /// The sample entry, a whole box: the first one, until a fragment names another.
    pub sample_entry: Bytes,
    /// Rotation and mirroring of the track header.
    pub matrix: [u32; 9],
    /// How large it is shown by the track header, in 1/65,536 pixels.
    pub shown_size: (u32, u32),
    /// ISO 639-2 language as packed in the media header.
    pub language: u16,
    /// A tag of BCP 47 beside it: `elng` (ISO 14496-12 clause 8.4.6).
    pub language_tag: Option<String>,
    pub(crate) defaults: Defaults,
    /// All sample entries.
    pub(crate) entries: Vec<Bytes>,
}

/// An encoder that changes its settings has two or three.
const MAX_ENTRIES: usize = 16;

/// What a fragment need not repeat (clause 8.8.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Defaults {
    pub(crate) duration: u32,
    pub(crate) size: u32,
    pub(crate) flags: u32,
    /// sample_description_index, from 1.
    pub(crate) description: u32,
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
            if tracks.len() > MAX_TRACKS {
                return Err(Fault { kind: ErrorKind::TooLarge, element: "trak" });
            }
        }
    }
    if tracks.is_empty() {
        return Err(Fault { kind: ErrorKind::NoTracks, element: "moov" });
    }
    Ok(tracks)
}

/// The tracks of a `moov` payload that are not among `tracks`, by their track_ID: what fragments
/// hold of them is known, and passed over.
pub(crate) fn read_others(moov: &[u8], tracks: &[Track]) -> Vec<(u32, Defaults)> {
    let is_ours = |id: u32| {
        let id_of = |track: &Track| match &track.detail {
            Detail::Mp4(detail) => Some(detail.track_id),
            Detail::Webm(_) => None,
        };
        tracks.iter().any(|track| id_of(track) == Some(id))
    };
    let mvex = find(moov, b"mvex").ok().flatten().unwrap_or_default();
    let traks = Children::of(moov).flatten().filter(|child| child.kind == *b"trak");
    let other = |trak: &[u8]| {
        let (version, _, mut tkhd) = Reader::full(find(trak, b"tkhd").ok()??, "tkhd").ok()?;
        tkhd.skip(if version == 1 { 16 } else { 8 }).ok()?;
        let id = tkhd.u32().ok().filter(|&id| !is_ours(id))?;
        Some((id, read_trex(mvex, id).unwrap_or_default()))
    };
    traks.filter_map(|trak| other(trak.payload)).take(MAX_TRACKS).collect()
}

/// Whether a track's samples are listed in the movie box itself.
pub(crate) fn has_samples(trak: &[u8]) -> Result<bool, Fault> {
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
        Some(b"auxv" | b"pict") => return Ok(None),
        // The media's own header says the same once more.
        _ => match find(trak, b"mdia")?.map(|mdia| find(mdia, b"minf")).transpose()?.flatten() {
            Some(minf) if find(minf, b"vmhd")?.is_some() => Kind::Video,
            Some(minf) if find(minf, b"smhd")?.is_some() => Kind::Audio,
            _ => return Ok(None),
        },
    };
    let (version, _, mut tkhd) = Reader::full(require(trak, &[b"tkhd"], "tkhd")?, "tkhd")?;
    tkhd.skip(if version == 1 { 16 } else { 8 })?;
    let track_id = tkhd.u32()?;
    tkhd.skip(if version == 1 { 12 } else { 8 } + 16)?;
    let mut matrix = [0; 9];
    for value in &mut matrix {
        *value = tkhd.u32()?;
    }
    let shown_size = (tkhd.u32().unwrap_or(0), tkhd.u32().unwrap_or(0));
    let (version, _, mut mdhd) = Reader::full(require(trak, &[b"mdia", b"mdhd"], "mdhd")?, "mdhd")?;
    mdhd.skip(if version == 1 { 16 } else { 8 })?;
    let timescale = mdhd.u32()?;
    mdhd.skip(if version == 1 { 8 } else { 4 })?;
    let language = mdhd.u16()?;
    let elng = find(require(trak, &[b"mdia"], "mdia")?, b"elng")?;
    if timescale == 0 {
        return Err(Fault::malformed("mdhd"));
    }
    let stbl = require(trak, &[b"mdia", b"minf", b"stbl"], "stbl")?;
    let entries = read_sample_entries(require(stbl, &[b"stsd"], "stsd")?)?;
    let first = entries.first().cloned().ok_or(Fault::malformed("stsd"))?;
    let track = Track {
        kind,
        codec: String::new(),
        timescale,
        delay: read_edit_list(trak, movie_timescale, timescale)?,
        width: 0,
        height: 0,
        sample_rate: 0,
        channels: 0,
        detail: Detail::Mp4(TrackDetail {
            track_id,
            sample_entry: Bytes::new(),
            matrix,
            shown_size,
            language,
            language_tag: elng.and_then(|elng| language_tag(elng.get(4..)?)),
            defaults: Defaults::default(),
            entries,
        }),
    };
    Ok(Some(track.described_by(&first)))
}

impl Track {
    /// The track as this sample entry describes it.
    fn described_by(&self, entry: &Bytes) -> Self {
        let mut track = self.clone();
        let number = |at: usize| {
            let bytes = entry.get(8 + at..8 + at + 2);
            bytes.map_or(0, |bytes| u32::from(u16::from_be_bytes([bytes[0], bytes[1]])))
        };
        match self.kind {
            Kind::Video => (track.width, track.height) = (number(24), number(26)),
            Kind::Audio => {
                // A rate that has no room there stands in what the decoder must know, and mostly is
                // that of the media's clock.
                let esds = || configuration(entry, Kind::Audio, b"esds");
                let told = || mpeg4::sample_rate(mpeg4::decoder_config(&esds()?)?.1);
                let rate = Some(number(24)).filter(|&rate| rate > 0).or_else(told);
                let rate = rate.unwrap_or(track.timescale);
                (track.channels, track.sample_rate) = (number(16), rate);
            }
        }
        track.codec = String::from_utf8_lossy(entry.get(4..8).unwrap_or_default()).into_owned();
        if let Detail::Mp4(detail) = &mut track.detail {
            detail.sample_entry = entry.clone();
        }
        track
    }

    /// The track under another of its sample entries, which count from 1.
    pub(crate) fn under(&self, description: u32) -> Option<Self> {
        let Detail::Mp4(detail) = &self.detail else { return None };
        let entry = detail.entries.get(description.checked_sub(1)? as usize)?;
        Some(self.described_by(entry))
    }

    /// Whether [`Self::under`] knows it.
    pub(crate) fn has_entry(&self, description: u32) -> bool {
        let Detail::Mp4(detail) = &self.detail else { return false };
        (1..=detail.entries.len()).contains(&(description as usize))
    }

    /// Which of its sample entries describes it, from 1; the first one where its stream has
    /// changed that.
    pub(crate) fn description(&self) -> u32 {
        let Detail::Mp4(detail) = &self.detail else { return 1 };
        let place = detail.entries.iter().position(|entry| *entry == detail.sample_entry);
        place.map_or(1, |place| place as u32 + 1)
    }
}

/// The sample entries of a track, whole boxes (clause 8.5.2).
fn read_sample_entries(stsd: &[u8]) -> Result<Vec<Bytes>, Fault> {
    const BAD: Fault = Fault::malformed("stsd");
    let mut rest = stsd.get(8..).ok_or(BAD)?;
    let mut entries = Vec::new();
    while !rest.is_empty() && entries.len() < MAX_ENTRIES {
        // What stands behind the first may be anything; no sample under it can be read.
        let entry = Header::read(rest).and_then(|header| {
            let header = header.ok_or(BAD)?;
            let len = header.size.and_then(|size| usize::try_from(size).ok()).ok_or(BAD)?;
            let whole = len.checked_add(header.len).and_then(|len| rest.split_at_checked(len));
            Ok((header.kind, whole.ok_or(BAD)?))
        });
        let (kind, (whole, behind)) = match entry {
            Ok(entry) => entry,
            Err(fault) if entries.is_empty() => return Err(fault),
            Err(_) => break,
        };
        if matches!(&kind, b"encv" | b"enca") {
            return Err(Fault { kind: ErrorKind::Encoded, element: "stsd" });
        }
        entries.push(Bytes::copy_from_slice(whole));
        rest = behind;
    }
    Ok(entries)
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

pub(crate) fn read_trex(mvex: &[u8], track_id: u32) -> Result<Defaults, Fault> {
    for child in Children::of(mvex) {
        let child = child?;
        if child.kind != *b"trex" {
            continue;
        }
        let (_, _, mut reader) = Reader::full(child.payload, "trex")?;
        if reader.u32()? == track_id {
            let description = reader.u32()?;
            let (duration, size, flags) = (reader.u32()?, reader.u32()?, reader.u32()?);
            return Ok(Defaults { duration, size, flags, description });
        }
    }
    Ok(Defaults::default())
}
