//! Growing and finished WebM files.

use std::ops::Range;

use bytes::Bytes;

use super::finish::{self, Cue, Ending, Layout};
use super::syntax::{Write, id, size_len};
use super::tracks::TrackDetail;
use crate::commit::CommitRecord;
use crate::error::{ErrorKind, Fault};
use crate::output::{Extent, FinishStep, Pending, Summary, is_opus, summarise};
use crate::sample::{Detail, Kind, Sample};
use crate::segmenter::SegmentSpec;

/// The WebM guidelines ask for clusters of at most 5 s.
const MAX_CLUSTER_MS: i64 = 5000;

/// All ones: as far as the data goes (RFC 8794 section 6.2).
const UNKNOWN_SIZE: [u8; 8] = [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

/// Nanoseconds of Matroska's usual tick, which the files use.
const TICK_NS: i64 = 1_000_000;

/// Writes one WebM file.
#[derive(Debug)]
pub struct WebmMuxer {
    pub(crate) spec: SegmentSpec,
    details: Vec<TrackDetail>,
    layout: Layout,
    pub(crate) pending: Pending,
    extents: Vec<Extent>,
    last_ms: Vec<i64>,
    cues: Vec<Cue>,
    cue_track: usize,
    has_additions: bool,
    written: u64,
    /// The time of the cluster of unknown length that is open.
    open_ms: Option<i64>,
}

/// A block of a commit, with what its cluster needs to know of it.
struct Block {
    track: usize,
    ms: i64,
    sample: Sample,
}

impl WebmMuxer {
    pub(crate) fn new(spec: SegmentSpec, expected_ns: i64) -> Result<Self, Fault> {
        let details = spec.tracks.iter().map(|track| match &track.detail {
            Detail::Webm(detail) => Ok(detail.clone()),
            Detail::Mp4(_) => {
                Err(Fault { kind: ErrorKind::UnsupportedCodec, element: "TrackEntry" })
            }
        });
        let details = details.collect::<Result<Vec<_>, _>>()?;
        let video = spec.tracks.iter().position(|track| track.kind == Kind::Video);
        Ok(Self {
            layout: Layout::new(&spec, &details, expected_ns),
            pending: Pending::new(details.len()),
            extents: vec![Extent::default(); details.len()],
            last_ms: vec![0; details.len()],
            cues: Vec::new(),
            cue_track: video.unwrap_or(0),
            has_additions: false,
            written: 0,
            open_ms: None,
            details,
            spec,
        })
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        self.pending.push(sample);
    }

    pub(crate) fn commit(&mut self, record: Option<&CommitRecord>) -> Vec<Bytes> {
        let blocks = self.merge();
        let mut parts = Parts::default();
        if self.written == 0 {
            parts.head.extend(self.layout.growing());
            parts.end_head();
        }
        let mut rest = blocks.as_slice();
        while !rest.is_empty() {
            let len = self.cluster_len(rest);
            let (cluster, after) = rest.split_at(len);
            self.cluster(cluster, &mut parts);
            rest = after;
        }
        let front_parts = usize::from(self.written == 0);
        let mut out = parts.into_bytes();
        if let Some(record) = record
            && !out.is_empty()
        {
            let mut void = Vec::new();
            void.element(id::VOID, &record.encode(&self.spec, &out[front_parts..]));
            out.push(void.into());
        }
        self.written += out.iter().map(|part| part.len() as u64).sum::<u64>();
        out
    }

    /// What was pushed since the last call, as blocks of a cluster of unknown length. Another one
    /// begins where `begins_group`, or where a block's time would not fit into its 16 bits.
    pub(crate) fn go_on(&mut self, begins_group: bool) -> Vec<Bytes> {
        if begins_group {
            self.open_ms = None;
        }
        let mut parts = Parts::default();
        for block in self.merge() {
            let fits = |start: i64| (block.ms - start).abs() <= i64::from(i16::MAX);
            let start = self.open_ms.filter(|&start| fits(start)).unwrap_or_else(|| {
                parts.head.id(id::CLUSTER);
                parts.head.extend(UNKNOWN_SIZE);
                parts.head.unsigned(id::TIMESTAMP, block.ms.unsigned_abs());
                block.ms
            });
            self.open_ms = Some(start);
            self.block(&block, start, &mut parts);
        }
        parts.into_bytes()
    }

    pub(crate) fn finish(mut self, end_ns: Option<i64>) -> (Vec<FinishStep>, Summary) {
        if self.extents[self.cue_track].samples > 0 {
            let number = self.details[self.cue_track].number;
            self.cues.retain(|cue| cue.track == number);
        }
        let summary = summarise(&self.spec, &self.extents, end_ns);
        let ending = Ending {
            file_bytes: self.written,
            duration_ms: summary.duration_ns as f64 / TICK_NS as f64,
            has_additions: self.has_additions,
        };
        let steps = finish::steps(&self.layout, &self.cues, &ending);
        (steps, summary)
    }

    /// For a stream whose front is never written again, when it is known what has come.
    pub(crate) fn announce_no_additions(&mut self) {
        self.layout.announce_no_additions();
    }

    /// Pending samples of all tracks in the order of their times; within a track the order of
    /// arrival stays.
    fn merge(&mut self) -> Vec<Block> {
        let mut tracks: Vec<_> = self.pending.take().into_iter().map(Vec::into_iter).collect();
        let mut heads: Vec<_> = tracks.iter_mut().map(Iterator::next).collect();
        let mut blocks = Vec::new();
        loop {
            let next = heads.iter().enumerate().filter_map(|(track, head)| {
                let sample = head.as_ref()?;
                let kind = self.spec.tracks[track].kind;
                // Audio stands before the video that it is heard with.
                Some(((self.block_ms(track, sample.dts), kind == Kind::Video), track))
            });
            let Some((_, track)) = next.min() else { return blocks };
            let Some(sample) = std::mem::replace(&mut heads[track], tracks[track].next()) else {
                return blocks;
            };
            let ms = self.block_ms(track, sample.pts);
            blocks.push(Block { track, ms, sample });
        }
    }

    /// A sample's timestamp in this file. Audio that comes after its own file was closed would
    /// be negative; it stands at zero.
    fn block_ms(&self, track: usize, ticks: i64) -> i64 {
        let source = &self.spec.tracks[track];
        let delay = if self.spec.keeps_delay { source.delay } else { 0 };
        let ns = source.to_nanos(ticks + delay) - self.spec.origin_ns;
        ((ns + TICK_NS / 2).div_euclid(TICK_NS)).max(0)
    }

    /// How many of the blocks go into the next cluster.
    fn cluster_len(&self, blocks: &[Block]) -> usize {
        let start = blocks[0].ms;
        let ends = |block: &Block| {
            let begins_group = block.track == self.cue_track
                && self.spec.tracks[block.track].kind == Kind::Video
                && block.sample.sync;
            begins_group || block.ms - start > MAX_CLUSTER_MS || start - block.ms > MAX_CLUSTER_MS
        };
        1 + blocks[1..].iter().take_while(|block| !ends(block)).count()
    }

    fn cluster(&mut self, blocks: &[Block], parts: &mut Parts) {
        let start = blocks.iter().map(|block| block.ms).min().unwrap_or(0);
        let mut body = Parts::default();
        body.head.unsigned(id::TIMESTAMP, start.unsigned_abs());
        for block in blocks {
            self.block(block, start, &mut body);
            let track = &self.spec.tracks[block.track];
            self.extents[block.track].add(&block.sample, is_opus(&track.codec), track.timescale);
        }
        // A video track that stays silent leaves the sound to seek by.
        let is_silent = self.extents[self.cue_track].samples == 0;
        let leads =
            |block: &&Block| block.sample.sync && (is_silent || block.track == self.cue_track);
        if let Some(block) = blocks.iter().find(leads) {
            self.cues.push(Cue {
                ms: block.ms.unsigned_abs(),
                track: self.details[block.track].number,
                cluster: self.written + parts.len() - self.layout.segment_data(),
            });
        }
        parts.head.id(id::CLUSTER);
        parts.head.size(body.len());
        parts.append(body);
    }

    fn block(&mut self, block: &Block, cluster_ms: i64, parts: &mut Parts) {
        let Block { track, ms, sample } = block;
        let number = self.details[*track].number;
        let relative = i16::try_from(ms - cluster_ms).unwrap_or(i16::MAX);
        let header_len = size_len(number) + 3;
        let payload_len = (header_len + sample.data.len()) as u64;
        let head = &mut parts.head;
        if sample.block_extra.is_empty() && sample.duration.is_none() {
            head.id(id::SIMPLE_BLOCK);
            head.size(payload_len);
            block_header(head, number, relative, if sample.sync { 0x80 } else { 0 });
            parts.payload(sample.data.clone());
        } else {
            let mut tail = Vec::new();
            if let Some(duration) = sample.duration {
                let ns = self.spec.tracks[*track].to_nanos(duration.into());
                tail.unsigned(id::BLOCK_DURATION, (ns / TICK_NS).unsigned_abs());
            }
            if !sample.sync {
                let back = i16::try_from(self.last_ms[*track] - ms).unwrap_or(-1);
                tail.element(id::REFERENCE_BLOCK, &back.to_be_bytes());
            }
            self.has_additions |= !sample.block_extra.is_empty();
            tail.extend_from_slice(&sample.block_extra);
            let block_len = 1 + size_len(payload_len) as u64 + payload_len;
            head.id(id::BLOCK_GROUP);
            head.size(block_len + tail.len() as u64);
            head.id(id::BLOCK);
            head.size(payload_len);
            block_header(head, number, relative, 0);
            parts.payload(sample.data.clone());
            parts.head.extend_from_slice(&tail);
        }
        self.last_ms[*track] = *ms;
    }
}

fn block_header(out: &mut Vec<u8>, track: u64, relative: i16, flags: u8) {
    // A track number is written as a size is.
    out.size(track);
    out.extend_from_slice(&relative.to_be_bytes());
    out.push(flags);
}

/// Small pieces that are written here, between payloads that are shared.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) head: Vec<u8>,
    sealed: usize,
    list: Vec<Part>,
    payload_bytes: u64,
}

enum Part {
    Head(Range<usize>),
    Payload(Bytes),
}

impl Parts {
    pub(crate) fn len(&self) -> u64 {
        self.head.len() as u64 + self.payload_bytes
    }

    pub(crate) fn end_head(&mut self) {
        if self.sealed < self.head.len() {
            self.list.push(Part::Head(self.sealed..self.head.len()));
            self.sealed = self.head.len();
        }
    }

    pub(crate) fn payload(&mut self, payload: Bytes) {
        self.end_head();
        self.payload_bytes += payload.len() as u64;
        self.list.push(Part::Payload(payload));
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        other.end_head();
        for part in other.list {
            match part {
                Part::Head(range) => self.head.extend_from_slice(&other.head[range]),
                Part::Payload(payload) => self.payload(payload),
            }
        }
    }

    pub(crate) fn into_bytes(mut self) -> Vec<Bytes> {
        self.end_head();
        let head = Bytes::from(self.head);
        let part = |part| match part {
            Part::Head(range) => head.slice(range),
            Part::Payload(payload) => payload,
        };
        self.list.into_iter().map(part).collect()
    }
}
