//! The front of a finished WebM: EBML, Segment of known size, SeekHead, Info, Tracks and Cues, and
//! behind them clusters (RFC 9559 sections 4.5 and 5.1).

use bytes::Bytes;

use super::window::{Lack, Window};
use super::{Family, Head};
use crate::error::{Error, ErrorKind, Fault};
use crate::reel::configuration::Configuration;
use crate::reel::patch::{CLUSTER_HEAD_BYTES, timestamp};
use crate::sample::Detail;
use crate::webm::syntax::{Children, Header, MAX_HEADER_BYTES, float, id, unsigned};
use crate::webm::tracks::{Tracks, announces_additions};

/// There are eight in front of the first cluster of a finished file.
const MAX_ELEMENTS: u32 = 32;

/// Info and Tracks are some hundred bytes; a font of an attachment is none of them.
const MAX_HEADER_ELEMENT_BYTES: u64 = 64 << 10;

/// Cues of four hours take 700 KB where two come each second. A longer file is no part of a reel.
const MAX_CUES_BYTES: u64 = 4 << 20;

/// Ticks of a millisecond, which all files of this program have.
const TICK_NS: u64 = 1_000_000;

/// The longest duration that a Timestamp of four bytes reaches over.
pub(in crate::reel) const MAX_MS: f64 = u32::MAX as f64;

/// What only a WebM's front says.
#[derive(Debug, Clone)]
pub(in crate::reel) struct WebmHead {
    /// In the order of their places.
    pub(in crate::reel) cues: Vec<Cue>,
    /// TrackNumber of what is sought by.
    pub(in crate::reel) cue_track: u64,
    pub(in crate::reel) has_additions: bool,
}

/// A cluster to begin at.
#[derive(Debug, Clone, Copy)]
pub(in crate::reel) struct Cue {
    pub(in crate::reel) ms: u32,
    /// From the start of the file.
    pub(in crate::reel) at: u64,
}

#[derive(Default)]
struct Front {
    info: Option<Bytes>,
    tracks: Option<Bytes>,
    cues: Option<Bytes>,
}

pub(super) fn read(window: &Window) -> Result<Head, Lack> {
    let (mut at, mut segment) = (0, None::<(u64, u64)>);
    let mut front = Front::default();
    for _ in 0..MAX_ELEMENTS {
        let bytes = window.peek(at, MAX_HEADER_BYTES)?;
        let header = Header::read(&bytes).map_err(|fault| fault.at(at))?;
        let header = header.ok_or(Fault::truncated("element header").at(at))?;
        let payload_at = at + header.len as u64;
        let other = || Error::new(ErrorKind::NotFinished, at, "Segment");
        let size = header.size.ok_or_else(other)?;
        let within = segment.map_or(window.file_bytes(), |(_, end)| end);
        let end = payload_at.checked_add(size).filter(|&end| end <= within);
        let end = end.ok_or_else(|| Fault::truncated("Segment").at(at))?;
        let payload = |most: u64, element| match size > most {
            true => Err(Error::new(ErrorKind::TooLarge, at, element).into()),
            false => window.get(payload_at, size as usize, element),
        };
        match header.id {
            id::EBML if at == 0 => {}
            id::SEGMENT if segment.is_none() => {
                segment = Some((payload_at, end));
                at = payload_at;
                continue;
            }
            id::INFO if front.info.is_none() => {
                front.info = Some(payload(MAX_HEADER_ELEMENT_BYTES, "Info")?);
            }
            id::TRACKS if front.tracks.is_none() => {
                front.tracks = Some(payload(MAX_HEADER_ELEMENT_BYTES, "Tracks")?);
            }
            id::CUES if front.cues.is_none() => front.cues = Some(payload(MAX_CUES_BYTES, "Cues")?),
            id::SEEK_HEAD | id::VOID => {}
            id::CLUSTER => {
                let (data, segment_end) = segment.ok_or_else(other)?;
                let head = window.peek(at, CLUSTER_HEAD_BYTES)?;
                timestamp(&head).map_err(|fault| fault.at(at))?;
                let head = understand(&front, data, at..segment_end);
                return Ok(head.map_err(|fault| fault.at(at))?);
            }
            _ => return Err(other().into()),
        }
        at = end;
    }
    Err(Error::new(ErrorKind::NotFinished, at, "Segment").into())
}

fn understand(front: &Front, data: u64, media: std::ops::Range<u64>) -> Result<Head, Fault> {
    let missing = |element| Fault { kind: ErrorKind::NotFinished, element };
    let info = front.info.as_ref().ok_or(missing("Info"))?;
    let tracks = front.tracks.as_ref().ok_or(missing("Tracks"))?;
    let cues = front.cues.as_ref().ok_or(missing("Cues"))?;
    let Tracks { tracks, .. } = Tracks::read(tracks)?;
    if tracks.is_empty() {
        return Err(Fault { kind: ErrorKind::NoTracks, element: "Tracks" });
    }
    let has_additions = tracks.iter().any(|track| match &track.detail {
        Detail::Webm(detail) => announces_additions(track, detail),
        Detail::Mp4(_) => false,
    });
    let (cues, cue_track) = read_cues(cues, data, &media)?;
    Ok(Head {
        configuration: Configuration::of_webm(&tracks),
        tracks,
        media,
        duration_ns: read_duration(info)?,
        zero: None,
        family: Family::Webm(WebmHead { cues, cue_track, has_additions }),
    })
}

fn read_duration(info: &Bytes) -> Result<i64, Fault> {
    let (mut ticks, mut scale) = (None, TICK_NS);
    for child in Children::of(info) {
        let child = child?;
        match child.id {
            id::TIMESTAMP_SCALE => scale = unsigned(child.payload),
            id::DURATION => ticks = Some(float(child.payload)?),
            _ => {}
        }
    }
    if scale != TICK_NS {
        return Err(Fault { kind: ErrorKind::NotFinished, element: "TimestampScale" });
    }
    let ticks = ticks.ok_or(Fault { kind: ErrorKind::NotFinished, element: "Duration" })?;
    match (0.0..=MAX_MS).contains(&ticks) {
        true => Ok((ticks * TICK_NS as f64) as i64),
        false => Err(Fault::malformed("Duration")),
    }
}

/// The clusters that Cues lead to, and the track that they are of.
fn read_cues(
    cues: &[u8],
    data: u64,
    media: &std::ops::Range<u64>,
) -> Result<(Vec<Cue>, u64), Fault> {
    const BAD: Fault = Fault::malformed("CuePoint");
    let mut read: Vec<Cue> = Vec::new();
    let mut cue_track = 1;
    for child in Children::of(cues) {
        let child = child?;
        if child.id != id::CUE_POINT {
            continue;
        }
        let (mut ms, mut at) = (None, None);
        for child in Children::of(child.payload) {
            let child = child?;
            match child.id {
                id::CUE_TIME => ms = u32::try_from(unsigned(child.payload)).ok(),
                id::CUE_TRACK_POSITIONS => {
                    for child in Children::of(child.payload) {
                        let child = child?;
                        match child.id {
                            id::CUE_TRACK => cue_track = unsigned(child.payload),
                            id::CUE_CLUSTER_POSITION => {
                                at = data.checked_add(unsigned(child.payload));
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        let (ms, at) = (ms.ok_or(BAD)?, at.filter(|at| media.contains(at)).ok_or(BAD)?);
        // In the order of their places and times, or nothing could be found by them.
        if read.last().is_some_and(|last| last.at >= at || last.ms > ms) {
            return Err(BAD);
        }
        read.push(Cue { ms, at });
    }
    Ok((read, cue_track))
}
