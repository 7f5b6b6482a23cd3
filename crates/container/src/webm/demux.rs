//! A push parser for WebM and Matroska: from bytes to samples.

use std::collections::VecDeque;

use bytes::Bytes;

use super::block::Block;
use super::syntax::{Children, Header, MAX_HEADER_BYTES, id, unsigned};
use super::tracks::{TrackDetail, read_tracks};
use crate::byte_queue::ByteQueue;
use crate::codec;
use crate::error::{Damages, Error, ErrorKind, Fault, Landmark, Search};
use crate::sample::{
    Container, Detail, Found, Init, Kind, MAX_TIME, NANOS_PER_SECOND, Sample, Track,
};

/// Tracks and their codec data take a few hundred bytes, some kilobytes for Vorbis. Every file
/// repeats them.
const MAX_METADATA_BYTES: u64 = 64 << 10;

/// What else may stand in front of the first cluster, cover art say, and is passed over.
const MAX_SKIPPED_BYTES: u64 = 16 << 20;

/// The largest frame accepted: an uncompressed-looking 8K key frame stays below it.
const MAX_BLOCK_BYTES: u64 = 16 << 20;

/// Matroska's default TimestampScale: one millisecond.
const DEFAULT_TIMESTAMP_SCALE: u64 = 1_000_000;

/// An id, a size, and the first byte of what stands inside.
const LANDMARK_BYTES: usize = MAX_HEADER_BYTES + 1;

const OUT_OF_PLACE: Fault = Fault { kind: ErrorKind::NoHeader, element: "element out of place" };

/// Where the parser stands; all that it needs besides the bytes.
#[derive(Debug)]
pub(crate) struct Demuxer {
    place: Place,
    /// The element whose header is read and whose payload is awaited.
    open: Option<Header>,
    /// Bytes of an element without meaning here that are still to come.
    skip: u64,
    header: HeaderBytes,
    timestamp_scale: u64,
    tracks: Vec<Track>,
    laced: VecDeque<Sample>,
    /// The last place between two elements, all samples before it handed out.
    boundary: (u64, Place),
    /// Where reading cannot go on, it goes on at the next cluster.
    search: Option<Search>,
    landmark: Landmark,
    pub(crate) damages: Damages,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    /// Ends at this stream position, if its size is known.
    Segment(Option<u64>),
    Cluster {
        end: Option<u64>,
        segment_end: Option<u64>,
        timestamp: Option<u64>,
    },
}

/// The bytes of the init segment, kept until it is complete.
#[derive(Debug, Default)]
struct HeaderBytes {
    bytes: Vec<u8>,
    complete: bool,
}

impl Demuxer {
    pub(crate) fn new() -> Self {
        Self {
            place: Place::Top,
            open: None,
            skip: 0,
            header: HeaderBytes::default(),
            timestamp_scale: DEFAULT_TIMESTAMP_SCALE,
            tracks: Vec::new(),
            laced: VecDeque::new(),
            boundary: (0, Place::Top),
            search: None,
            landmark: Landmark::default(),
            damages: Damages::default(),
        }
    }

    /// Where parsing can resume, and what [`Self::restore`] needs for it beside the init segment.
    pub(crate) fn boundary(&self) -> Option<(u64, Vec<u8>)> {
        if !self.header.complete {
            return None;
        }
        let (mut end, mut cluster, mut segment_end) = (u64::MAX, u64::MAX, u64::MAX);
        match self.boundary.1 {
            Place::Top => {}
            Place::Segment(at) => segment_end = at.unwrap_or(u64::MAX),
            Place::Cluster { end: at, segment_end: segment_at, timestamp } => {
                end = at.unwrap_or(u64::MAX);
                segment_end = segment_at.unwrap_or(u64::MAX);
                cluster = timestamp.unwrap_or(u64::MAX - 1);
            }
        }
        let words = [cluster, end, segment_end].into_iter().chain(self.search.map(|s| s.from));
        Some((self.boundary.0, words.flat_map(u64::to_be_bytes).collect()))
    }

    /// Goes on from a [`Self::boundary`]; the init segment has been parsed before.
    pub(crate) fn restore(&mut self, position: u64, state: &[u8]) -> Result<(), Fault> {
        if !matches!(state.len(), 24 | 32) {
            return Err(Fault::malformed("resume state"));
        }
        let word = |index: usize| unsigned(&state[8 * index..8 * index + 8]);
        let known = |value: u64| (value != u64::MAX).then_some(value);
        self.place = match word(0) {
            u64::MAX => Place::Segment(known(word(2))),
            timestamp => Place::Cluster {
                end: known(word(1)),
                segment_end: known(word(2)),
                timestamp: (timestamp != u64::MAX - 1).then_some(timestamp),
            },
        };
        self.open = None;
        self.skip = 0;
        self.search = (state.len() == 32).then(|| Search { fault: OUT_OF_PLACE, from: word(3) });
        self.complete_header()?;
        self.boundary = (position, self.place);
        Ok(())
    }

    pub(crate) fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Up to where everything is handed out or left out.
    pub(crate) fn complete_to(&self) -> u64 {
        self.boundary.0
    }

    /// Parses until something is found or the bytes run out.
    pub(crate) fn poll(&mut self, input: &mut ByteQueue) -> Result<Option<Found>, Error> {
        loop {
            if !self.find_cluster(input)? {
                return Ok(None);
            }
            let error = match self.read(input) {
                Ok(found) => return Ok(found),
                Err(error) => error,
            };
            // A header must be whole; behind it the stream can be taken up again.
            if !self.header.complete {
                return Err(error);
            }
            self.landmark.leave(input, &mut self.damages, &error);
            let fault = Fault { kind: error.kind, element: error.element };
            self.search = Some(Search { fault, from: error.offset });
            self.open = None;
            self.skip = 0;
            self.place = Place::Segment(None);
        }
    }

    /// Looks for the next cluster or header, if that is what is to be done.
    fn find_cluster(&mut self, input: &mut ByteQueue) -> Result<bool, Error> {
        let Some(search) = self.search else { return Ok(true) };
        let found = search.go_on(input, &mut self.damages, |input| input.seek(begins_anew));
        self.boundary = (input.position(), self.place);
        if found? {
            self.search = None;
            self.landmark.note(input);
        }
        Ok(self.search.is_none())
    }

    /// As [`Self::poll`], up to the first damage.
    fn read(&mut self, input: &mut ByteQueue) -> Result<Option<Found>, Error> {
        loop {
            if let Some(sample) = self.laced.pop_front() {
                return Ok(Some(Found::Sample(sample)));
            }
            self.skip -= input.skip(self.skip);
            if self.skip > 0 {
                return Ok(None);
            }
            let header = match self.open {
                Some(header) => header,
                None => {
                    self.boundary = (input.position(), self.place);
                    match self.read_header(input)? {
                        Some(header) => header,
                        None => return Ok(None),
                    }
                }
            };
            let at = input.position();
            let fault = |fault: Fault| fault.at(at);
            match header.id {
                id::SEGMENT => {
                    self.place = Place::Segment(header.size.map(|size| at + size));
                    self.open = None;
                }
                id::CLUSTER => {
                    let segment_end = self.segment_end();
                    let end = header.size.map(|size| at + size);
                    self.place = Place::Cluster { end, segment_end, timestamp: None };
                    self.open = None;
                    if let Some(init) = self.complete_header().map_err(fault)? {
                        return Ok(Some(Found::Init(init)));
                    }
                }
                id::EBML | id::INFO | id::TRACKS => {
                    let Some(payload) = take_payload(input, header, MAX_METADATA_BYTES)? else {
                        self.open = Some(header);
                        return Ok(None);
                    };
                    self.open = None;
                    self.metadata(header, &payload).map_err(fault)?;
                }
                id::TIMESTAMP | id::SIMPLE_BLOCK | id::BLOCK_GROUP => {
                    let Some(payload) = take_payload(input, header, MAX_BLOCK_BYTES)? else {
                        self.open = Some(header);
                        return Ok(None);
                    };
                    self.open = None;
                    if let Err(fault) = self.in_cluster(header.id, &payload) {
                        // Its neighbours are as good as before.
                        let bytes = (header.len + payload.len()) as u64;
                        let offset = at.saturating_sub(header.len as u64);
                        self.damages.add(fault.at(offset), bytes);
                        self.laced.clear();
                    }
                }
                _ => {
                    self.open = None;
                    self.skip = header.size.ok_or_else(|| {
                        Error::new(ErrorKind::Malformed, at, "element of unknown size")
                    })?;
                    if self.skip > MAX_SKIPPED_BYTES {
                        return Err(Error::new(ErrorKind::TooLarge, at, "element"));
                    }
                    if !self.header.complete {
                        self.skip_into_header(header);
                    }
                }
            }
        }
    }

    fn segment_end(&self) -> Option<u64> {
        match self.place {
            Place::Top => None,
            Place::Segment(end) => end,
            Place::Cluster { segment_end, .. } => segment_end,
        }
    }

    /// Reads the next header and leaves the places that it ends.
    fn read_header(&mut self, input: &mut ByteQueue) -> Result<Option<Header>, Error> {
        let at = input.position();
        if let Place::Cluster { end: Some(end), segment_end, .. } = self.place
            && at >= end
        {
            self.place = Place::Segment(segment_end);
        }
        if let Place::Segment(Some(end)) = self.place
            && at >= end
        {
            self.place = Place::Top;
        }
        let mut bytes = [0; MAX_HEADER_BYTES];
        let filled = input.peek(&mut bytes);
        let Some(header) = Header::read(&bytes[..filled]).map_err(|fault| fault.at(at))? else {
            return Ok(None);
        };
        let begun = self.header.complete || !self.header.bytes.is_empty();
        let allowed = match header.id {
            id::EBML => {
                // A second header inside the stream is a recorder that began anew.
                let damages = std::mem::take(&mut self.damages);
                *self = Self { damages, boundary: (at, Place::Top), ..Self::new() };
                true
            }
            id::SEGMENT => self.place == Place::Top && begun,
            id::INFO
            | id::TRACKS
            | id::CLUSTER
            | id::CUES
            | id::TAGS
            | id::SEEK_HEAD
            | id::CHAPTERS
            | id::ATTACHMENTS => {
                if let Place::Cluster { segment_end, .. } = self.place {
                    self.place = Place::Segment(segment_end);
                }
                self.place != Place::Top
            }
            id::TIMESTAMP | id::SIMPLE_BLOCK | id::BLOCK_GROUP => {
                matches!(self.place, Place::Cluster { .. })
            }
            _ => begun,
        };
        if !allowed {
            return Err(OUT_OF_PLACE.at(at));
        }
        if let (Place::Cluster { end: Some(end), .. }, Some(size)) = (self.place, header.size)
            && at.saturating_add(header.len as u64).saturating_add(size) > end
        {
            return Err(Fault::malformed("element beyond its Cluster").at(at));
        }
        input.skip(header.len as u64);
        if !self.header.complete && header.id != id::CLUSTER {
            self.header.extend(&bytes[..header.len], at)?;
        }
        Ok(Some(header))
    }

    fn metadata(&mut self, header: Header, payload: &[u8]) -> Result<(), Fault> {
        if !self.header.complete {
            self.header.bytes.extend_from_slice(payload);
        }
        match header.id {
            id::INFO => {
                for child in Children::of(payload) {
                    let child = child?;
                    if child.id == id::TIMESTAMP_SCALE {
                        self.timestamp_scale = unsigned(child.payload).clamp(1, 1_000_000_000);
                    }
                }
            }
            id::TRACKS if !self.header.complete => self.tracks = read_tracks(payload)?,
            _ => {}
        }
        Ok(())
    }

    /// An element that is passed over leaves no trace in the init segment.
    fn skip_into_header(&mut self, header: Header) {
        // Its content has no use later, so the kept header goes without it.
        let keep = self.header.bytes.len() - header.len;
        self.header.bytes.truncate(keep);
    }

    /// The header is over; what it says, the first time.
    pub(crate) fn complete_header(&mut self) -> Result<Option<Init>, Fault> {
        if self.header.complete {
            return Ok(None);
        }
        if self.tracks.is_empty() {
            return Err(Fault { kind: ErrorKind::NoTracks, element: "Tracks" });
        }
        self.header.complete = true;
        let output = output_for(&self.tracks);
        Ok(Some(Init {
            source: Container::Webm,
            output,
            tracks: self.tracks.clone(),
            bytes: Bytes::from(std::mem::take(&mut self.header.bytes)),
        }))
    }

    fn in_cluster(&mut self, element: u32, payload: &Bytes) -> Result<(), Fault> {
        let Place::Cluster { timestamp, .. } = &mut self.place else {
            return Err(Fault::malformed("Cluster"));
        };
        match element {
            id::TIMESTAMP => {
                *timestamp = Some(unsigned(payload));
                Ok(())
            }
            id::SIMPLE_BLOCK => self.block(Block::simple(payload)?),
            _ => self.block(Block::group(payload)?),
        }
    }

    /// Queues the frames of a block as samples.
    fn block(&mut self, block: Block) -> Result<(), Fault> {
        const BAD: Fault = Fault::malformed("Block");
        let Place::Cluster { timestamp, .. } = self.place else { return Err(BAD) };
        let base = timestamp.ok_or(Fault::malformed("Cluster without Timestamp"))?;
        // Empty, with its room.
        let mut laced = std::mem::take(&mut self.laced);
        let Some((index, track, detail)) = self.track(block.track) else { return Ok(()) };
        let sync = block.sync || track.kind == Kind::Audio;
        let scale = self.timestamp_scale;
        let ticks = i64::try_from(base).ok().and_then(|base| base.checked_add(block.relative));
        let scaled = ticks.and_then(|ticks| ticks.checked_mul(i64::try_from(scale).ok()?));
        let pts = scaled.and_then(|pts| pts.checked_sub(track.delay)).ok_or(BAD)?;
        let stated_ns = block.duration.and_then(|ticks| ticks.checked_mul(scale));
        let frames = block.frames.len();
        let stated_ns = stated_ns.map(|total| total / frames.max(1) as u64);
        let nominal_ns = stated_ns.or(detail.default_duration_ns);
        let mut extra = block.extra;
        let mut next = Some(pts);
        for (lace, data) in block.frames.into_iter().enumerate() {
            let pts = next.filter(|pts| pts.abs() <= MAX_TIME).ok_or(BAD)?;
            if lace + 1 < frames {
                let step_ns = nominal_ns.or_else(|| own_duration_ns(track, &data)).unwrap_or(0);
                next = i64::try_from(step_ns).ok().and_then(|step| pts.checked_add(step));
            }
            // What is said of the whole block ends with its last frame, as padding does.
            let block_extra = match lace + 1 == frames {
                true => std::mem::take(&mut extra),
                false => Bytes::new(),
            };
            laced.push_back(Sample {
                track: index,
                pts,
                dts: pts,
                duration: stated_ns.and_then(|ns| u32::try_from(ns).ok()),
                sync,
                data,
                block_extra,
            });
        }
        self.laced = laced;
        Ok(())
    }

    fn track(&self, number: u64) -> Option<(usize, &Track, &TrackDetail)> {
        self.tracks.iter().enumerate().find_map(|(index, track)| match &track.detail {
            Detail::Webm(detail) if detail.number == number => Some((index, track, detail)),
            _ => None,
        })
    }
}

impl HeaderBytes {
    fn extend(&mut self, bytes: &[u8], at: u64) -> Result<(), Error> {
        self.bytes.extend_from_slice(bytes);
        self.check(at)
    }

    fn check(&self, at: u64) -> Result<(), Error> {
        match self.bytes.len() as u64 > 2 * MAX_METADATA_BYTES {
            true => Err(Error::new(ErrorKind::TooLarge, at, "header")),
            false => Ok(()),
        }
    }
}

fn take_payload(input: &mut ByteQueue, header: Header, max: u64) -> Result<Option<Bytes>, Error> {
    let at = input.position();
    let size = header.size.ok_or_else(|| Error::new(ErrorKind::Malformed, at, "unknown size"))?;
    if size > max {
        return Err(Error::new(ErrorKind::TooLarge, at, "element"));
    }
    Ok(input.take(size as usize))
}

/// How long a packet lasts by its own words, or by what its codec always does.
fn own_duration_ns(track: &Track, packet: &[u8]) -> Option<u64> {
    const SECOND: u64 = NANOS_PER_SECOND as u64;
    let rate = u64::from(track.sample_rate.max(1));
    match track.codec.as_str() {
        "A_OPUS" => Some(u64::from(codec::opus::packet_duration(packet)?) * SECOND / 48_000),
        "A_AAC" => Some(1024 * SECOND / rate),
        "A_MPEG/L3" => Some(1152 * SECOND / rate),
        _ => None,
    }
}

/// Whether a Cluster begins here, with one of the elements that stand first in it, or the header
/// of another recorder's stream.
fn begins_anew(bytes: &[u8; LANDMARK_BYTES]) -> bool {
    let firsts: &[u8] = match u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) {
        // Timestamp, CRC-32, Void, Position, PrevSize.
        id::CLUSTER => &[0xE7, 0xBF, 0xEC, 0xA7, 0xAB],
        // EBMLVersion and its like, CRC-32, Void.
        id::EBML => &[0x42, 0xBF, 0xEC],
        _ => return false,
    };
    let Ok(Some(header)) = Header::read(bytes) else { return false };
    bytes.get(header.len).is_some_and(|first| firsts.contains(first))
}

/// H.264 and HEVC in Matroska play in few places, so they become MP4, where MP4 can carry the
/// audio beside them.
fn output_for(tracks: &[Track]) -> Container {
    let is_mp4_video = |track: &Track| track.codec.starts_with("V_MPEG");
    let fits = |track: &Track| is_mp4_video(track) || matches!(&*track.codec, "A_OPUS" | "A_AAC");
    match tracks.iter().any(is_mp4_video) && tracks.iter().all(fits) {
        true => Container::Mp4,
        false => Container::Webm,
    }
}
