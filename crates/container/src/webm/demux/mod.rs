//! A push parser for WebM and Matroska: from bytes to samples.

mod blocks;
mod header;
mod places;
mod recovery;

use std::collections::VecDeque;

use bytes::Bytes;

use super::syntax::{Header, id};
use super::tracks::Tracks;
use crate::byte_queue::ByteQueue;
use crate::error::{Damages, Error, ErrorKind, Fault, Landmark, Search};
use crate::notes::Notes;
use crate::sample::{Found, Sample, Track};
use header::HeaderBytes;
use places::Place;
pub(crate) use recovery::is_header;

/// Tracks and their codec data take a few hundred bytes, some kilobytes for Vorbis. Every file
/// repeats them.
const MAX_METADATA_BYTES: u64 = 64 << 10;

/// Subtitles in many languages bring fonts and styles along, which no file repeats.
const MAX_TRACKS_BYTES: u64 = 4 << 20;

/// The largest frame accepted: an uncompressed-looking 8K key frame stays below it.
const MAX_BLOCK_BYTES: u64 = 16 << 20;

/// Matroska's default TimestampScale: one millisecond.
const DEFAULT_TIMESTAMP_SCALE: u64 = 1_000_000;

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
    tracks: Tracks,
    laced: VecDeque<Sample>,
    /// The last place between two elements, all samples before it handed out.
    boundary: (u64, Place),
    /// Where reading cannot go on, it goes on at the next cluster.
    search: Option<Search>,
    landmark: Landmark,
    pub(crate) damages: Damages,
    /// Of all headers so far.
    pub(crate) notes: Notes,
}

impl Demuxer {
    pub(crate) fn new() -> Self {
        Self {
            place: Place::Top,
            open: None,
            skip: 0,
            header: HeaderBytes::default(),
            timestamp_scale: DEFAULT_TIMESTAMP_SCALE,
            tracks: Tracks::default(),
            laced: VecDeque::new(),
            boundary: (0, Place::Top),
            search: None,
            landmark: Landmark::default(),
            damages: Damages::default(),
            notes: Notes::default(),
        }
    }

    pub(crate) fn tracks(&self) -> &[Track] {
        &self.tracks.tracks
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
            if !self.header.complete && self.tracks.tracks.is_empty() {
                return Err(error);
            }
            let init = self.complete_header().map_err(|fault| fault.at(error.offset))?;
            self.landmark.leave(input, &mut self.damages, &error);
            let fault = Fault { kind: error.kind, element: error.element };
            self.search = Some(Search { fault, from: error.offset });
            self.open = None;
            self.skip = 0;
            self.place = Place::Segment(None);
            if let Some(init) = init {
                return Ok(Some(Found::Init(init)));
            }
        }
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
            let begins_at = at.saturating_sub(header.len as u64);
            let fault = |fault: Fault| fault.at(begins_at);
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
                    let max = match header.id {
                        id::TRACKS => MAX_TRACKS_BYTES,
                        _ => MAX_METADATA_BYTES,
                    };
                    let Some(payload) = take_payload(input, header, max)? else {
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
                    let bytes = (header.len + payload.len()) as u64;
                    match self.in_cluster(header.id, payload) {
                        Ok(None) => {}
                        Ok(Some(sample)) => return Ok(Some(Found::Sample(sample))),
                        Err(fault) => {
                            // Its neighbours are as good as before.
                            self.damages.add(fault.at(begins_at), bytes);
                            self.laced.clear();
                        }
                    }
                }
                _ => {
                    self.open = None;
                    self.notes.has_attachments |= header.id == id::ATTACHMENTS;
                    self.notes.has_chapters |= header.id == id::CHAPTERS;
                    self.skip = header.size.ok_or_else(|| {
                        Error::new(ErrorKind::Malformed, begins_at, "element of unknown size")
                    })?;
                    if !self.header.complete {
                        self.skip_into_header(header);
                    }
                }
            }
        }
    }
}

fn take_payload(input: &mut ByteQueue, header: Header, max: u64) -> Result<Option<Bytes>, Error> {
    let at = input.position().saturating_sub(header.len as u64);
    let size = header.size.ok_or_else(|| Error::new(ErrorKind::Malformed, at, "unknown size"))?;
    if size > max {
        return Err(Error::new(ErrorKind::TooLarge, at, "element"));
    }
    Ok(input.take(size as usize))
}
