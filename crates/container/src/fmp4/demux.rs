//! A push parser for fragmented MP4: from bytes to samples.

use std::collections::VecDeque;

use bytes::Bytes;

use super::fragment::{Announced, Place, read_moof};
use super::syntax::{Header, MAX_HEADER_BYTES};
use super::tracks::read_moov;
use crate::byte_queue::ByteQueue;
use crate::error::{Damages, Error, ErrorKind, Fault, Landmark, Search};
use crate::sample::{Container, Found, Init, Kind, Sample, Track};

/// A `moov` without samples takes a few kilobytes, the `moof` of a minute some hundred.
const MAX_METADATA_BYTES: u64 = 4 << 20;

/// The largest frame accepted, as for WebM.
const MAX_SAMPLE_BYTES: u32 = 16 << 20;

/// What else may stand between fragments, or behind the last sample of one, and is passed over.
const MAX_SKIPPED_BYTES: u64 = 16 << 20;

/// Size and type of a box and of its first child.
const LANDMARK_BYTES: usize = 16;

/// Where the parser stands; all that it needs besides the bytes.
#[derive(Debug)]
pub(crate) struct Demuxer {
    /// The box whose header is read and whose payload is awaited, and where the box begins.
    open: Option<(Header, u64)>,
    /// The stream position at which the open `mdat` ends.
    mdat_end: Option<u64>,
    skip: u64,
    /// `ftyp` and `moov` boxes, kept until the init segment is complete.
    header: Vec<u8>,
    complete: bool,
    tracks: Vec<Track>,
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
    /// Whether the next `mdat` belongs to a fragment that was left out.
    is_orphan: bool,
    pub(crate) damages: Damages,
}

impl Demuxer {
    pub(crate) fn new() -> Self {
        Self {
            open: None,
            mdat_end: None,
            skip: 0,
            header: Vec::new(),
            complete: false,
            tracks: Vec::new(),
            next_dts: Vec::new(),
            announced: VecDeque::new(),
            dts_before: None,
            boundary: (0, Vec::new()),
            file_at: 0,
            search: None,
            landmark: Landmark::default(),
            is_orphan: false,
            damages: Damages::default(),
        }
    }

    pub(crate) fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Where parsing can resume, and what [`Self::restore`] needs for it beside the init segment.
    pub(crate) fn boundary(&self) -> Option<(u64, Vec<u8>)> {
        let (position, dts) = &self.boundary;
        let times = dts.iter().map(|dts| dts.to_be_bytes());
        let file = std::iter::once(self.file_at.to_be_bytes());
        let search = self.search.map(|search| search.from.to_be_bytes());
        let state = times.chain(file).chain(search).flatten().collect();
        (self.complete && !dts.is_empty()).then_some((*position, state))
    }

    /// Goes on from a [`Self::boundary`]; the init segment has been parsed before.
    pub(crate) fn restore(&mut self, position: u64, state: &[u8]) -> Result<(), Fault> {
        let (words, rest) = state.as_chunks::<8>();
        let tracks = self.tracks.len();
        // States of earlier versions end with the times.
        let is_known = (tracks..=tracks + 2).contains(&words.len());
        if !rest.is_empty() || !is_known || !self.complete {
            return Err(Fault::malformed("resume state"));
        }
        let (times, words) = words.split_at(tracks);
        self.next_dts = times.iter().map(|word| i64::from_be_bytes(*word)).collect();
        let word = |index: usize| words.get(index).map(|word| u64::from_be_bytes(*word));
        self.file_at = word(0).unwrap_or(0);
        let fault = Fault::malformed("box");
        self.search = word(1).map(|from| Search { fault, from });
        self.boundary = (position, self.next_dts.clone());
        Ok(())
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
                return Err(error);
            }
            self.landmark.leave(input, &mut self.damages, &error);
            self.search_from(&error);
        }
    }

    fn search_from(&mut self, error: &Error) {
        let fault = Fault { kind: error.kind, element: error.element };
        self.search = Some(Search { fault, from: error.offset });
        self.open = None;
        self.mdat_end = None;
        self.skip = 0;
        self.announced.clear();
        self.dts_before = None;
        self.is_orphan = false;
    }

    /// Looks for the next fragment or header, if that is what is to be done.
    fn find_fragment(&mut self, input: &mut ByteQueue) -> Result<bool, Error> {
        let Some(search) = self.search else { return Ok(true) };
        let found = search.go_on(input, &mut self.damages, |input| input.seek(begins_anew));
        self.boundary = (input.position(), self.next_dts.clone());
        if found? {
            self.search = None;
            self.landmark.note(input);
        }
        Ok(self.search.is_none())
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
                    Step::Found(sample) => return Ok(Some(Found::Sample(sample))),
                    Step::Wait => return Ok(None),
                    Step::Next => continue,
                    Step::Done => {
                        self.mdat_end = None;
                        self.skip = end.saturating_sub(input.position());
                        if self.skip > MAX_SKIPPED_BYTES && end < u64::MAX {
                            return Err(malformed(input.position(), "mdat"));
                        }
                        continue;
                    }
                }
            }
            let (header, at) = match self.open {
                Some(open) => open,
                None => {
                    if self.announced.is_empty() {
                        self.boundary = (input.position(), self.next_dts.clone());
                    }
                    match read_header(input)? {
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
                    if let Some(init) = self.metadata(header, at, &payload)? {
                        return Ok(Some(Found::Init(init)));
                    }
                }
                b"mdat" => self.begin_mdat(header, at, input.position())?,
                kind => {
                    // Types are letters; others than known ones may come, garbage may not.
                    let is_named = kind.iter().all(|&byte| byte >= b' ' && byte != 0x7F);
                    let size = header.size.filter(|_| is_named);
                    self.skip = size.ok_or_else(|| malformed(at, "box"))?;
                    if self.skip > MAX_SKIPPED_BYTES {
                        return Err(Error::new(ErrorKind::TooLarge, at, "box"));
                    }
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
            match read_moof(payload, place, &self.tracks, &mut self.next_dts) {
                Ok(samples) => {
                    self.is_orphan = false;
                    self.announced = samples.into();
                    self.dts_before = Some(before);
                }
                Err(fault) => {
                    // Its neighbours are as good as before.
                    self.next_dts = before;
                    self.is_orphan = true;
                    self.damages.add(fault.at(at), (header.len + payload.len()) as u64);
                }
            }
            return Ok(None);
        }
        if std::mem::take(&mut self.complete) {
            self.header.clear();
            // What the old header announced means nothing under a new one.
            self.announced.clear();
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
        self.next_dts = vec![0; self.tracks.len()];
        self.complete = true;
        Ok(Some(Init {
            source: Container::Mp4,
            output: Container::Mp4,
            tracks: self.tracks.clone(),
            bytes: Bytes::copy_from_slice(&self.header),
        }))
    }

    /// Samples of which the data did not come before the next fragment.
    fn leave_out_announced(&mut self, at: u64) {
        let bytes: u64 = self.announced.drain(..).map(|sample| u64::from(sample.size)).sum();
        if bytes > 0 {
            self.damages.add(malformed(at, "moof before the last one's data"), bytes);
        }
    }

    fn begin_mdat(&mut self, header: Header, at: u64, position: u64) -> Result<(), Error> {
        if !self.complete {
            // Media in front of its index: a file that was meant to be read from a disk.
            return Err(Error::new(ErrorKind::NotFragmented, at, "mdat"));
        }
        self.dts_before = None;
        let end = header.size.map(|size| position.saturating_add(size));
        self.mdat_end = Some(end.unwrap_or(u64::MAX));
        if std::mem::take(&mut self.is_orphan) {
            let size = header.size.unwrap_or(0).min(MAX_SKIPPED_BYTES);
            self.damages.add(malformed(at, "mdat without its moof"), size + header.len as u64);
        }
        Ok(())
    }

    fn next_sample(&mut self, input: &mut ByteQueue, end: u64) -> Result<Step, Error> {
        let Some(&next) = self.announced.front().filter(|next| next.offset < end) else {
            return Ok(Step::Done);
        };
        let position = input.position();
        let left_out = match next.offset.checked_sub(position) {
            None => Some(malformed(next.offset, "sample offset")),
            Some(_) if next.size > MAX_SAMPLE_BYTES => {
                Some(Error::new(ErrorKind::TooLarge, next.offset, "sample"))
            }
            Some(_) if next.offset.saturating_add(next.size.into()) > end => {
                Some(malformed(next.offset, "sample beyond its mdat"))
            }
            Some(_) => None,
        };
        if let Some(error) = left_out {
            self.announced.pop_front();
            self.damages.add(error, next.size.into());
            return Ok(Step::Next);
        }
        let gap = next.offset - position;
        if input.skip(gap) < gap {
            return Ok(Step::Wait);
        }
        let Some(data) = input.take(next.size as usize) else { return Ok(Step::Wait) };
        self.announced.pop_front();
        let track = &self.tracks[next.track];
        let dts = next.dts.saturating_sub(track.delay);
        Ok(Step::Found(Sample {
            track: next.track,
            pts: dts.saturating_add(next.shift),
            dts,
            duration: Some(next.duration),
            sync: next.sync || track.kind == Kind::Audio,
            data,
            block_extra: Bytes::new(),
        }))
    }
}

enum Step {
    Found(Sample),
    Wait,
    /// One was left out.
    Next,
    Done,
}

/// Whether a fragment begins here, with the box that stands first in it, or another header.
fn begins_anew(bytes: &[u8; LANDMARK_BYTES]) -> bool {
    if !matches!(Header::read(bytes), Ok(Some(_))) {
        return false;
    }
    let kinds = (&bytes[4..8], &bytes[12..]);
    matches!(kinds, (b"moof", b"mfhd") | (b"moov", b"mvhd"))
        || kinds.0 == b"moof" && bytes.starts_with(&[0, 0, 0, 1]) && bytes[8..12] == [0; 4]
        || kinds.0 == b"ftyp" && bytes.starts_with(&[0, 0]) && bytes[8..12].is_ascii()
}

fn malformed(at: u64, element: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, at, element)
}

fn read_header(input: &mut ByteQueue) -> Result<Option<(Header, u64)>, Error> {
    let at = input.position();
    let mut bytes = [0; MAX_HEADER_BYTES];
    let filled = input.peek(&mut bytes);
    let header = Header::read(&bytes[..filled]).map_err(|fault| fault.at(at))?;
    Ok(header.map(|header| {
        input.skip(header.len as u64);
        (header, at)
    }))
}

fn take_payload(input: &mut ByteQueue, header: Header, at: u64) -> Result<Option<Bytes>, Error> {
    match header.size {
        None => Err(malformed(at, "box of open length")),
        Some(size) if size > MAX_METADATA_BYTES => {
            Err(Error::new(ErrorKind::TooLarge, at, "movie header"))
        }
        Some(size) => Ok(input.take(size as usize)),
    }
}
