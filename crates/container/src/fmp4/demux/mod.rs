//! A push parser for fragmented MP4: from bytes to samples.

mod recovery;
mod samples;

use std::collections::VecDeque;

use bytes::Bytes;

use super::fragment::{Announced, Known, Place, read_moof};
use super::syntax::{Header, MAX_HEADER_BYTES};
use super::tracks::{Defaults, read_moov, read_others};
use crate::byte_queue::ByteQueue;
use crate::error::{Damages, Error, ErrorKind, Landmark, Search};
use crate::movie::MAX_INDEX_BYTES;
use crate::notes::Notes;
use crate::sample::{Container, Found, Init, Track};
pub(crate) use recovery::{LANDMARK_BYTES, is_header};
use samples::Step;

/// A `moov` without samples takes a few kilobytes, the `moof` of a minute some hundred.
const MAX_METADATA_BYTES: u64 = 4 << 20;

/// The largest frame accepted, as for WebM.
pub(crate) const MAX_SAMPLE_BYTES: u32 = 16 << 20;

/// What else may stand between fragments (ISO 14496-12 clause 4.3 and 8.8, 23009-1 clause 5.10.3)
/// and is passed over; a box of another type is none.
const PASSED_OVER: [&[u8; 4]; 13] = [
    b"styp", b"sidx", b"ssix", b"emsg", b"prft", b"free", b"skip", b"wide", b"uuid", b"pdin",
    b"meta", b"mfra", b"udta",
];

/// How long such a box can be; more is a size field that lies.
const MAX_SKIPPED_BYTES: u64 = 16 << 20;

/// Where the parser stands; all that it needs besides the bytes.
#[derive(Debug)]
pub(crate) struct Demuxer {
    /// The box whose header is read and whose payload is awaited, and where the box begins.
    open: Option<(Header, u64)>,
    /// The stream position at which the open `mdat` ends.
    mdat_end: Option<u64>,
    skip: u64,
    /// Where the box begins that is passed over.
    skip_at: u64,
    /// `ftyp` and `moov` boxes, kept until the init segment is complete.
    header: Vec<u8>,
    complete: bool,
    tracks: Vec<Track>,
    /// Tracks that are neither audio nor video.
    others: Vec<(u32, Defaults)>,
    /// By track, which sample entry describes its last sample.
    descriptions: Vec<u32>,
    next_dts: Vec<i64>,
    announced: VecDeque<Announced>,
    /// `next_dts` in front of the last `moof`, until some of its data has come.
    dts_before: Option<Vec<i64>>,
    /// The last place between two boxes, all samples before it handed out.
    boundary: (u64, Vec<i64>),
    /// Where the recorder's file begins, from which it may count.
    file_at: u64,
    /// Where reading cannot go on, it goes on at the next fragment.
    search: Option<Search>,
    landmark: Landmark,
    pub(crate) damages: Damages,
    /// Of all headers so far.
    pub(crate) notes: Notes,
}

impl Demuxer {
    pub(crate) fn new() -> Self {
        Self {
            open: None,
            mdat_end: None,
            skip: 0,
            skip_at: 0,
            header: Vec::new(),
            complete: false,
            tracks: Vec::new(),
            others: Vec::new(),
            descriptions: Vec::new(),
            next_dts: Vec::new(),
            announced: VecDeque::new(),
            dts_before: None,
            boundary: (0, Vec::new()),
            file_at: 0,
            search: None,
            landmark: Landmark::default(),
            damages: Damages::default(),
            notes: Notes::default(),
        }
    }

    /// A parser of the fragments behind a movie whose index lists its first samples itself.
    /// It ends where each track's `next_dts` are.
    pub(crate) fn behind_index(
        tracks: Vec<Track>,
        others: Vec<(u32, Defaults)>,
        next_dts: Vec<i64>,
    ) -> Self {
        let descriptions = tracks.iter().map(Track::description).collect();
        Self { complete: true, tracks, others, descriptions, next_dts, ..Self::new() }
    }

    /// Goes on where the tracks have become what they are `now`.
    pub(crate) fn set_descriptions(&mut self, now: &[Track]) {
        for (description, now) in self.descriptions.iter_mut().zip(now) {
            *description = now.description();
        }
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
            if !self.find_fragment(input)? {
                return Ok(None);
            }
            let error = match self.read(input) {
                Ok(found) => return Ok(found),
                Err(error) => error,
            };
            // A header must be whole; behind it the stream can be taken up again.
            if !self.complete {
                return Err(self.of_whole_file(error));
            }
            self.landmark.leave(input, &mut self.damages, &error);
            self.search_from(&error);
        }
    }

    /// Where it is no stream, but a file, that is so from its beginning on.
    fn of_whole_file(&self, error: Error) -> Error {
        match error.kind {
            ErrorKind::NotFragmented if self.header.get(4..8) == Some(b"ftyp") => {
                Error { offset: self.file_at, element: "ftyp", ..error }
            }
            _ => error,
        }
    }

    /// As [`Self::poll`], up to the first damage.
    fn read(&mut self, input: &mut ByteQueue) -> Result<Option<Found>, Error> {
        loop {
            self.skip -= input.skip(self.skip);
            if self.skip > 0 {
                return Ok(None);
            }
            if let Some(end) = self.mdat_end {
                match self.next_sample(input, end)? {
                    Step::Found(found) => return Ok(Some(found)),
                    Step::Wait => return Ok(None),
                    Step::Next => continue,
                    Step::Done if input.position() == end => {
                        self.mdat_end = None;
                        continue;
                    }
                    Step::Done if input.len() == 0 => return Ok(None),
                    // Nobody says what it is: a length that lies, or a fragment that is lost.
                    Step::Done => return Err(malformed(input.position(), "mdat")),
                }
            }
            let (header, at) = match self.open {
                Some(open) => open,
                None => {
                    if self.announced.is_empty() {
                        self.boundary.0 = input.position();
                        self.boundary.1.clone_from(&self.next_dts);
                    }
                    match read_header(input, self.complete)? {
                        Some(open) => open,
                        None => return Ok(None),
                    }
                }
            };
            match &header.kind {
                b"ftyp" | b"moov" | b"moof" => {
                    let Some(payload) = take_payload(input, header, at)? else {
                        self.open = Some((header, at));
                        return Ok(None);
                    };
                    self.open = None;
                    match self.metadata(header, at, &payload) {
                        Ok(Some(init)) => return Ok(Some(Found::Init(init))),
                        Ok(None) => {}
                        Err(error) => {
                            // With a length that lies it holds the next one, too.
                            input.put_back(payload);
                            return Err(error);
                        }
                    }
                }
                b"mdat" => self.begin_mdat(header, at, input.position())?,
                _ => {
                    let size = header.size.ok_or_else(|| malformed(at, "box"))?;
                    if size > MAX_SKIPPED_BYTES && self.complete {
                        return Err(Error::new(ErrorKind::TooLarge, at, "box"));
                    }
                    (self.skip, self.skip_at) = (size, at);
                }
            }
        }
    }

    fn metadata(&mut self, header: Header, at: u64, payload: &[u8]) -> Result<Option<Init>, Error> {
        if header.kind == *b"moof" {
            if !self.complete {
                return Err(Error::new(ErrorKind::NoHeader, at, "moof"));
            }
            match self.dts_before.take() {
                // GStreamer's muxer writes the last fragment's header twice when it is stopped.
                Some(before) if !self.announced.is_empty() => self.next_dts = before,
                _ => self.leave_out_announced(at),
            }
            let before = self.next_dts.clone();
            let place = Place { moof: at, file: self.file_at };
            let known = Known { tracks: &self.tracks, others: &self.others };
            match read_moof(payload, place, known, &mut self.next_dts) {
                Ok(samples) => {
                    self.announced = samples.into();
                    self.dts_before = Some(before);
                }
                Err(fault) => {
                    // Its neighbours are as good as before.
                    self.next_dts = before;
                    return Err(fault.at(at));
                }
            }
            return Ok(None);
        }
        if self.complete && header.kind == *b"moov" {
            // One bit makes it of a moof: what is none takes nothing back.
            read_moov(payload).map_err(|fault| fault.at(at))?;
        }
        if std::mem::take(&mut self.complete) {
            self.header.clear();
            // What the old header announced means nothing under a new one.
            self.leave_out_announced(at);
            self.dts_before = None;
        }
        if self.header.is_empty() && header.kind == *b"ftyp" {
            self.file_at = at;
        }
        let whole = (payload.len() + 8) as u32;
        self.header.extend_from_slice(&whole.to_be_bytes());
        self.header.extend_from_slice(&header.kind);
        self.header.extend_from_slice(payload);
        if self.header.len() as u64 > 2 * MAX_METADATA_BYTES {
            return Err(Error::new(ErrorKind::TooLarge, at, "ftyp"));
        }
        if header.kind == *b"ftyp" {
            return Ok(None);
        }
        self.tracks = read_moov(payload).map_err(|fault| fault.at(at))?;
        self.others = read_others(payload, &self.tracks);
        let others = self.others.len() as u32;
        self.notes.other_tracks = self.notes.other_tracks.max(others);
        self.descriptions = vec![1; self.tracks.len()];
        self.next_dts = vec![0; self.tracks.len()];
        self.complete = true;
        Ok(Some(Init {
            source: Container::Mp4,
            output: Container::Mp4,
            tracks: self.tracks.clone(),
            bytes: Bytes::copy_from_slice(&self.header),
        }))
    }
}

fn malformed(at: u64, element: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, at, element)
}

/// Takes the next header, if it is one.
fn read_header(input: &mut ByteQueue, is_complete: bool) -> Result<Option<(Header, u64)>, Error> {
    let at = input.position();
    let mut bytes = [0; MAX_HEADER_BYTES];
    let filled = input.peek(&mut bytes);
    let header = Header::read(&bytes[..filled]).map_err(|fault| fault.at(at))?;
    let Some(header) = header else { return Ok(None) };
    // Types are letters; in front of the movie's header others than known ones may come.
    let is_named = header.kind.iter().all(|&byte| byte >= b' ' && byte != 0x7F);
    let is_known = matches!(&header.kind, b"ftyp" | b"moov" | b"moof" | b"mdat")
        || PASSED_OVER.contains(&&header.kind);
    if !is_known && (is_complete || !is_named) {
        return Err(malformed(at, "box"));
    }
    input.skip(header.len as u64);
    Ok(Some((header, at)))
}

fn take_payload(input: &mut ByteQueue, header: Header, at: u64) -> Result<Option<Bytes>, Error> {
    match header.size {
        None => Err(malformed(at, "box of open length")),
        // Media of an hour is listed in it.
        Some(MAX_METADATA_BYTES..=MAX_INDEX_BYTES) if header.kind == *b"moov" => {
            Err(Error::new(ErrorKind::NotFragmented, at, "moov"))
        }
        Some(size) if size > MAX_METADATA_BYTES => {
            Err(Error::new(ErrorKind::TooLarge, at, "movie header"))
        }
        // One of many that stand in one another.
        Some(size) if !input.may_put_back(size) => Err(malformed(at, "movie header")),
        Some(size) => Ok(input.take(size as usize)),
    }
}
