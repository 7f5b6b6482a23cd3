//! The front of a WebM file: what stands there while it grows, and what makes it whole.
//!
//! ```text
//! growing   EBML  Segment(unknown size)  Void          Info(no Duration)  Tracks  Void
//! finished  EBML  Segment(size)          SeekHead+Void Info(Duration)     Tracks  Void Cues Void
//! ```
//!
//! Both fronts have the same length. The Cues are written inside the last Void and synced; then
//! one write of the front, a few hundred bytes in the file's first page, makes them valid.

use bytes::Bytes;

use super::syntax::{Write, id, size_len};
use super::tracks::{TrackDetail, write_tracks};
use crate::output::FinishStep;
use crate::sample::{NANOS_PER_SECOND, Track};
use crate::segmenter::SegmentSpec;

/// What finds a Cues entry of some twenty bytes for two key frames a second; where more key
/// frames come, the Cues are thinned.
const CUE_BYTES: i64 = 24;
const CUES_PER_SECOND: i64 = 2;
const SPARE_CUES: i64 = 40;

/// Three entries of at most 21 bytes, and their element's header.
const SEEK_HEAD_BYTES: usize = 80;

/// A Void header with an 8-byte size.
const VOID_HEADER_BYTES: usize = 9;

const APP: &str = concat!("localcamera ", env!("CARGO_PKG_VERSION"));

/// A place to seek to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cue {
    pub(crate) ms: u64,
    /// TrackNumber of the block that stands there.
    pub(crate) track: u64,
    /// From the start of the Segment's payload.
    pub(crate) cluster: u64,
}

/// The parts of a file's front that stay the same, and their places.
#[derive(Debug)]
pub(crate) struct Layout {
    ebml: Vec<u8>,
    tracks: Vec<u8>,
    /// The same for a file in which no block has additions.
    plain_tracks: Vec<u8>,
    reserved: usize,
}

impl Layout {
    pub(crate) fn new(spec: &SegmentSpec, details: &[TrackDetail], expected_ns: i64) -> Self {
        let pairs: Vec<(&Track, &TrackDetail)> = spec.tracks.iter().zip(details).collect();
        let delays: Vec<i64> = match spec.keeps_delay {
            true => spec.tracks.iter().map(|track| track.delay).collect(),
            false => vec![0; pairs.len()],
        };
        let expected_cues = expected_ns / NANOS_PER_SECOND * CUES_PER_SECOND + SPARE_CUES;
        Self {
            ebml: ebml_header(&spec.tracks),
            tracks: write_tracks(&pairs, &delays, true),
            plain_tracks: write_tracks(&pairs, &delays, false),
            reserved: usize::try_from(expected_cues * CUE_BYTES).unwrap_or(0),
        }
    }

    /// A player that takes the announcement at its word waits for what hardly ever comes.
    pub(crate) fn announce_no_additions(&mut self) {
        self.tracks.clone_from(&self.plain_tracks);
    }

    /// Offset of the Segment's payload, from which SeekHead and Cues count.
    pub(crate) fn segment_data(&self) -> u64 {
        self.ebml.len() as u64 + 12
    }

    /// Everything in front of the first cluster while the file grows.
    pub(crate) fn growing(&self) -> Vec<u8> {
        let mut front = self.ebml.clone();
        front.id(id::SEGMENT);
        front.extend_from_slice(&(u64::MAX >> 7).to_be_bytes());
        front.void(SEEK_HEAD_BYTES);
        front.extend(info(None));
        front.extend_from_slice(&self.tracks);
        front.void(self.reserved);
        front
    }

    /// Offset of the first byte behind the last Void's header.
    fn cues_offset(&self) -> u64 {
        let front = self.ebml.len() + 12 + SEEK_HEAD_BYTES + info(None).len() + self.tracks.len();
        (front + VOID_HEADER_BYTES) as u64
    }

    /// The front of the finished file, as far as the header of the Void before the Cues.
    fn finished(&self, ending: &Ending) -> Vec<u8> {
        let info = info(Some(ending.duration_ms));
        let segment_data = self.segment_data();
        let info_at = SEEK_HEAD_BYTES as u64;
        let tracks_at = info_at + info.len() as u64;
        let mut seeks = Vec::new();
        let cues_at = self.cues_offset() - segment_data;
        for (id, at) in [(id::INFO, info_at), (id::TRACKS, tracks_at), (id::CUES, cues_at)] {
            let mut seek = Vec::new();
            seek.element(id::SEEK_ID, &id.to_be_bytes());
            seek.unsigned(id::SEEK_POSITION, at);
            seeks.element(id::SEEK, &seek);
        }
        let mut front = self.ebml.clone();
        front.id(id::SEGMENT);
        front.size_8(ending.file_bytes.saturating_sub(segment_data));
        front.element(id::SEEK_HEAD, &seeks);
        let seek_head_end = segment_data as usize + SEEK_HEAD_BYTES;
        front.void(seek_head_end - front.len());
        front.extend(info);
        let tracks = if ending.has_additions { &self.tracks } else { &self.plain_tracks };
        front.extend_from_slice(tracks);
        // The Void now covers its own nine bytes only, so the Cues behind it are seen.
        front.void(VOID_HEADER_BYTES);
        front
    }
}

/// Whether WebM names all codecs; everything else is Matroska in the same file type.
pub(crate) fn is_webm(tracks: &[Track]) -> bool {
    const NAMED: [&str; 5] = ["V_VP8", "V_VP9", "V_AV1", "A_OPUS", "A_VORBIS"];
    tracks.iter().all(|track| NAMED.contains(&track.codec.as_str()))
}

pub(crate) fn ebml_header(tracks: &[Track]) -> Vec<u8> {
    let is_webm = is_webm(tracks);
    let mut body = Vec::new();
    body.unsigned(id::EBML_VERSION, 1);
    body.unsigned(id::EBML_READ_VERSION, 1);
    body.unsigned(id::EBML_MAX_ID_LENGTH, 4);
    body.unsigned(id::EBML_MAX_SIZE_LENGTH, 8);
    body.string(id::DOC_TYPE, if is_webm { "webm" } else { "matroska" });
    body.unsigned(id::DOC_TYPE_VERSION, 4);
    body.unsigned(id::DOC_TYPE_READ_VERSION, 2);
    let mut header = Vec::new();
    header.element(id::EBML, &body);
    header
}

/// Info with a Duration, or with a Void of the same length in its place.
pub(crate) fn info(duration_ms: Option<f64>) -> Vec<u8> {
    const DURATION_BYTES: usize = 11;
    let mut body = Vec::new();
    body.unsigned(id::TIMESTAMP_SCALE, 1_000_000);
    body.string(id::MUXING_APP, APP);
    body.string(id::WRITING_APP, APP);
    match duration_ms {
        Some(duration_ms) => body.float(id::DURATION, duration_ms),
        None => body.void(DURATION_BYTES),
    }
    let mut info = Vec::new();
    info.element(id::INFO, &body);
    info
}

/// What is known of a file when it ends.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) file_bytes: u64,
    pub(crate) duration_ms: f64,
    /// Whether any block has additions, such as an alpha plane.
    pub(crate) has_additions: bool,
}

/// What finishes a file.
pub(crate) fn steps(layout: &Layout, cues: &[Cue], ending: &Ending) -> Vec<FinishStep> {
    let room = layout.reserved - VOID_HEADER_BYTES;
    vec![
        FinishStep::WriteAt { offset: layout.cues_offset(), bytes: fill_room(cues, room).into() },
        FinishStep::Sync,
        FinishStep::WriteAt { offset: 0, bytes: Bytes::from(layout.finished(ending)) },
        FinishStep::Sync,
    ]
}

/// The Cues, as many as fit evenly, and a Void, together exactly `room` bytes.
fn fill_room(cues: &[Cue], room: usize) -> Vec<u8> {
    let mut every = 1;
    loop {
        let mut points = Vec::new();
        for cue in cues.iter().step_by(every) {
            let mut position = Vec::new();
            position.unsigned(id::CUE_TRACK, cue.track);
            position.unsigned(id::CUE_CLUSTER_POSITION, cue.cluster);
            let mut point = Vec::new();
            point.unsigned(id::CUE_TIME, cue.ms);
            point.element(id::CUE_TRACK_POSITIONS, &position);
            points.element(id::CUE_POINT, &point);
        }
        let short = 4 + size_len(points.len() as u64) + points.len();
        let long = 4 + 8 + points.len();
        // A Void takes two bytes at least; a longer size field makes up for a single one.
        if short == room || short + 2 <= room {
            let mut out = Vec::with_capacity(room);
            out.element(id::CUES, &points);
            if short < room {
                out.void(room - short);
            }
            return out;
        }
        if long == room || long + 2 <= room {
            let mut out = Vec::with_capacity(room);
            out.id(id::CUES);
            out.size_8(points.len() as u64);
            out.extend_from_slice(&points);
            if long < room {
                out.void(room - long);
            }
            return out;
        }
        every += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::{Children, unsigned};
    use super::*;

    #[test]
    fn cues_fill_their_room_whatever_their_number() {
        for room in 60..400 {
            for count in [0u64, 1, 3, 10, 100] {
                let cues: Vec<Cue> = (0..count)
                    .map(|n| Cue { ms: n * 2000, track: 2, cluster: n * 70_000 })
                    .collect();
                let bytes = fill_room(&cues, room);
                assert_eq!(bytes.len(), room);
                let elements: Vec<_> = Children::of(&bytes).map(Result::unwrap).collect();
                assert_eq!(elements[0].id, id::CUES);
                assert!(elements[1..].iter().all(|element| element.id == id::VOID));
                let times: Vec<u64> = Children::of(elements[0].payload)
                    .map(|point| {
                        let point = point.unwrap();
                        unsigned(Children::of(point.payload).next().unwrap().unwrap().payload)
                    })
                    .collect();
                assert!(count == 0 || times[0] == 0);
                assert!(times.is_sorted());
            }
        }
    }
}
