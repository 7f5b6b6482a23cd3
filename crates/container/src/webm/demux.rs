//! A push parser for WebM and Matroska: from bytes to samples.

use std::collections::VecDeque;

use bytes::Bytes;

use super::syntax::{Child, Children, Header, MAX_HEADER_BYTES, id, unsigned};
use super::tracks::{TrackDetail, read_tracks};
use crate::byte_queue::ByteQueue;
use crate::demux::Found;
use crate::error::{Error, ErrorKind, Fault};
use crate::sample::{Container, Detail, Init, Kind, MAX_TIME, Sample, Track};

/// Tracks and their codec data take a few hundred bytes; this leaves room for cover art.
const MAX_METADATA_BYTES: u64 = 1 << 20;

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
    tracks: Vec<Track>,
    laced: VecDeque<Sample>,
    /// The last place between two elements, all samples before it handed out.
    boundary: (u64, Place),
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
        let words = [cluster, end, segment_end];
        Some((self.boundary.0, words.iter().flat_map(|word| word.to_be_bytes()).collect()))
    }

    /// Goes on from a [`Self::boundary`]; the init segment has been parsed before.
    pub(crate) fn restore(&mut self, state: &[u8]) -> Result<(), Fault> {
        const BAD: Fault = Fault::malformed("resume state");
        if state.len() != 24 {
            return Err(BAD);
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
        self.complete_header()?;
        Ok(())
    }

    pub(crate) fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Parses until something is found or the bytes run out.
    pub(crate) fn poll(&mut self, input: &mut ByteQueue) -> Result<Option<Found>, Error> {
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
                    self.in_cluster(header.id, &payload).map_err(fault)?;
                }
                _ => {
                    self.open = None;
                    self.skip = header.size.ok_or_else(|| {
                        Error::new(ErrorKind::Malformed, at, "element of unknown size")
                    })?;
                    if !self.header.complete {
                        self.skip_into_header(header, input)?;
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
                *self = Self::new();
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
            return Err(Error::new(ErrorKind::NoHeader, at, "element out of place"));
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

    /// An element that is skipped still belongs to the init segment's bytes, up to a bound.
    fn skip_into_header(&mut self, header: Header, input: &ByteQueue) -> Result<(), Error> {
        let at = input.position();
        if self.skip > MAX_METADATA_BYTES {
            return Err(Error::new(ErrorKind::TooLarge, at, "element before the first Cluster"));
        }
        // Its content has no use later: a Void of the same length stands for it.
        let keep = self.header.bytes.len() - header.len;
        self.header.bytes.truncate(keep);
        let total = header.len as u64 + self.skip;
        if total >= 2 {
            super::syntax::Write::void(&mut self.header.bytes, total as usize);
        }
        self.header.check(at)
    }

    fn complete_header(&mut self) -> Result<Option<Init>, Fault> {
        if self.header.complete {
            return Ok(None);
        }
        if self.tracks.is_empty() {
            return Err(Fault { kind: ErrorKind::NoTracks, element: "Tracks" });
        }
        self.header.complete = true;
        let is_mp4_codec =
            |track: &Track| track.codec == "V_MPEG4/ISO/AVC" || track.codec == "V_MPEGH/ISO/HEVC";
        let output = match self.tracks.iter().any(is_mp4_codec) {
            true => Container::Mp4,
            false => Container::Webm,
        };
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
            id::SIMPLE_BLOCK => {
                let sync = payload.get(3).is_some_and(|flags| flags & 0x80 != 0);
                self.block(payload, sync, None, Bytes::new())
            }
            _ => self.block_group(payload),
        }
    }

    fn block_group(&mut self, group: &Bytes) -> Result<(), Fault> {
        let (mut block, mut duration, mut sync) = (None, None, true);
        let mut extra = Vec::new();
        for child in Children::of(group) {
            let Child { id, payload, whole } = child?;
            match id {
                id::BLOCK => block = Some(group.slice_ref(payload)),
                id::BLOCK_DURATION => duration = Some(unsigned(payload)),
                id::REFERENCE_BLOCK => sync = false,
                id::BLOCK_ADDITIONS | id::DISCARD_PADDING => extra.extend_from_slice(whole),
                _ => {}
            }
        }
        let block = block.ok_or(Fault::malformed("BlockGroup"))?;
        self.block(&block, sync, duration, extra.into())
    }

    /// The structure that SimpleBlock and Block share (RFC 9559 section 10).
    fn block(
        &mut self,
        block: &Bytes,
        sync: bool,
        duration: Option<u64>,
        block_extra: Bytes,
    ) -> Result<(), Fault> {
        const BAD: Fault = Fault::malformed("Block");
        let Place::Cluster { timestamp, .. } = self.place else { return Err(BAD) };
        let base = timestamp.ok_or(Fault::malformed("Cluster without Timestamp"))?;
        let number_len = block.first().map_or(9, |first| first.leading_zeros() as usize + 1);
        if number_len > 8 || block.len() < number_len + 3 {
            return Err(BAD);
        }
        let number = unsigned(&block[..number_len]) & (u64::MAX >> (64 - 7 * number_len));
        let relative = i16::from_be_bytes([block[number_len], block[number_len + 1]]);
        let flags = block[number_len + 2];
        let Some((index, track)) = self.track(number) else { return Ok(()) };
        let sync = sync || track.kind == Kind::Audio;
        let delay = track.delay;
        let default_duration = match &track.detail {
            Detail::Webm(TrackDetail { default_duration_ns, .. }) => *default_duration_ns,
            Detail::Mp4(_) => None,
        };
        let scale = i64::try_from(self.timestamp_scale).map_err(|_| BAD)?;
        let ticks = i64::try_from(base).ok().and_then(|base| base.checked_add(relative.into()));
        let pts =
            ticks.and_then(|ticks| ticks.checked_mul(scale)?.checked_sub(delay)).ok_or(BAD)?;
        let frames = split_lacing(block.slice(number_len + 3..), flags >> 1 & 3)?;
        let block_ns = duration.and_then(|ticks| ticks.checked_mul(self.timestamp_scale));
        let each = match block_ns {
            Some(total) => Some(total / frames.len() as u64),
            None => default_duration,
        };
        for (lace, data) in frames.into_iter().enumerate() {
            let shift = each.unwrap_or(0).saturating_mul(lace as u64);
            let pts = i64::try_from(shift).ok().and_then(|shift| pts.checked_add(shift));
            let pts = pts.filter(|pts| pts.abs() <= MAX_TIME).ok_or(BAD)?;
            self.laced.push_back(Sample {
                track: index,
                pts,
                dts: pts,
                duration: block_ns.and(each).and_then(|ns| u32::try_from(ns).ok()),
                sync,
                data,
                block_extra: block_extra.clone(),
            });
        }
        Ok(())
    }

    fn track(&self, number: u64) -> Option<(usize, &Track)> {
        self.tracks.iter().enumerate().find(|(_, track)| match &track.detail {
            Detail::Webm(detail) => detail.number == number,
            Detail::Mp4(_) => false,
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

/// Splits a block's frames (RFC 9559 section 10.3). Without lacing the block is one frame.
fn split_lacing(mut data: Bytes, lacing: u8) -> Result<Vec<Bytes>, Fault> {
    const BAD: Fault = Fault::malformed("lacing");
    if lacing == 0 {
        return Ok(vec![data]);
    }
    if data.is_empty() {
        return Err(BAD);
    }
    let count = usize::from(data.split_to(1)[0]) + 1;
    let mut sizes = Vec::with_capacity(count);
    match lacing {
        2 => {
            if !data.len().is_multiple_of(count) {
                return Err(BAD);
            }
            sizes.resize(count, data.len() / count);
        }
        1 => {
            while sizes.len() < count - 1 {
                let run = data.iter().take_while(|&&byte| byte == 255).count();
                let last = *data.get(run).ok_or(BAD)?;
                sizes.push(run * 255 + usize::from(last));
                let _ = data.split_to(run + 1);
            }
        }
        _ => {
            let mut previous = 0i64;
            while sizes.len() < count - 1 {
                let first = *data.first().ok_or(BAD)?;
                let len = first.leading_zeros() as usize + 1;
                if len > 8 || data.len() < len {
                    return Err(BAD);
                }
                let value = unsigned(&data[..len]) & (u64::MAX >> (64 - 7 * len));
                let value = value as i64;
                previous = match sizes.is_empty() {
                    true => value,
                    false => previous + value - ((1i64 << (7 * len - 1)) - 1),
                };
                sizes.push(usize::try_from(previous).map_err(|_| BAD)?);
                let _ = data.split_to(len);
            }
        }
    }
    if lacing != 2 {
        let known = sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size)).ok_or(BAD)?;
        sizes.push(data.len().checked_sub(known).ok_or(BAD)?);
    }
    Ok(sizes.into_iter().map(|size| data.split_to(size)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lacing_gives_back_its_frames() {
        let frames = |bytes: &[u8], lacing| {
            let split = split_lacing(Bytes::copy_from_slice(bytes), lacing).unwrap();
            split.iter().map(|frame| frame.to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(frames(&[1, 2, 3], 0), [vec![1, 2, 3]]);
        assert_eq!(frames(&[1, 2, 1, 9, 9, 8], 1), [vec![1, 9], vec![9, 8]]);
        assert_eq!(frames(&[1, 1, 2, 3, 4], 2), [vec![1, 2], vec![3, 4]]);
        // EBML lacing: the first size is absolute, the second a difference of -1 (0xBE).
        assert_eq!(frames(&[2, 0x82, 0xBE, 1, 2, 3, 4], 3), [vec![1, 2], vec![3], vec![4]]);
    }

    #[test]
    fn lacing_that_lies_is_an_error() {
        for (bytes, lacing) in
            [(&[][..], 1), (&[3, 255], 1), (&[1, 9, 1], 1), (&[2, 1, 2], 2), (&[1, 0x89, 1], 3)]
        {
            assert!(split_lacing(Bytes::copy_from_slice(bytes), lacing).is_err());
        }
    }
}
