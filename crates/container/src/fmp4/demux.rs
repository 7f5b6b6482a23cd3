//! A push parser for fragmented MP4: from bytes to samples.

use std::collections::VecDeque;

use bytes::Bytes;

use super::fragment::{Announced, read_moof};
use super::syntax::{Header, MAX_HEADER_BYTES};
use super::tracks::read_moov;
use crate::byte_queue::ByteQueue;
use crate::error::{Error, ErrorKind, Fault};
use crate::sample::{Container, Found, Init, Kind, Sample, Track};

/// A `moov` without samples takes a few kilobytes, the `moof` of a minute some hundred.
const MAX_METADATA_BYTES: u64 = 4 << 20;

/// The largest frame accepted, as for WebM.
const MAX_SAMPLE_BYTES: u32 = 16 << 20;

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
        }
    }

    pub(crate) fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Where parsing can resume, and what [`Self::restore`] needs for it beside the init segment.
    pub(crate) fn boundary(&self) -> Option<(u64, Vec<u8>)> {
        let (position, dts) = &self.boundary;
        let state = dts.iter().flat_map(|dts| dts.to_be_bytes()).collect();
        (self.complete && !dts.is_empty()).then_some((*position, state))
    }

    /// Goes on from a [`Self::boundary`]; the init segment has been parsed before.
    pub(crate) fn restore(&mut self, position: u64, state: &[u8]) -> Result<(), Fault> {
        let (words, rest) = state.as_chunks::<8>();
        if !rest.is_empty() || words.len() != self.tracks.len() || !self.complete {
            return Err(Fault::malformed("resume state"));
        }
        self.next_dts = words.iter().map(|word| i64::from_be_bytes(*word)).collect();
        self.boundary = (position, self.next_dts.clone());
        Ok(())
    }

    /// Parses until something is found or the bytes run out.
    pub(crate) fn poll(&mut self, input: &mut ByteQueue) -> Result<Option<Found>, Error> {
        loop {
            self.skip -= input.skip(self.skip);
            if self.skip > 0 {
                return Ok(None);
            }
            if let Some(end) = self.mdat_end {
                match self.next_sample(input, end)? {
                    Step::Found(sample) => return Ok(Some(Found::Sample(sample))),
                    Step::Wait => return Ok(None),
                    Step::Done => {
                        self.mdat_end = None;
                        self.skip = end.saturating_sub(input.position());
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
                _ => {
                    let size = header.size.ok_or_else(|| malformed(at, "box of open length"))?;
                    self.skip = size;
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
                _ if self.announced.is_empty() => {}
                _ => return Err(malformed(at, "moof before the last one's data")),
            }
            self.dts_before = Some(self.next_dts.clone());
            let samples = read_moof(payload, at, &self.tracks, &mut self.next_dts);
            self.announced = samples.map_err(|fault| fault.at(at))?.into();
            return Ok(None);
        }
        if std::mem::take(&mut self.complete) {
            self.header.clear();
            // What the old header announced means nothing under a new one.
            self.announced.clear();
            self.dts_before = None;
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

    fn begin_mdat(&mut self, header: Header, at: u64, position: u64) -> Result<(), Error> {
        if !self.complete {
            // Media in front of its index: a file that was meant to be read from a disk.
            return Err(Error::new(ErrorKind::NotFragmented, at, "mdat"));
        }
        self.dts_before = None;
        self.mdat_end = Some(match header.size {
            Some(size) => position.saturating_add(size),
            None => u64::MAX,
        });
        Ok(())
    }

    fn next_sample(&mut self, input: &mut ByteQueue, end: u64) -> Result<Step, Error> {
        let Some(&next) = self.announced.front().filter(|next| next.offset < end) else {
            return Ok(Step::Done);
        };
        let position = input.position();
        let gap = next.offset.checked_sub(position);
        let gap = gap.ok_or_else(|| malformed(position, "sample offset"))?;
        if next.size > MAX_SAMPLE_BYTES {
            return Err(Error::new(ErrorKind::TooLarge, position, "sample"));
        }
        if next.offset.saturating_add(next.size.into()) > end {
            return Err(malformed(position, "sample beyond its mdat"));
        }
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
    Done,
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
