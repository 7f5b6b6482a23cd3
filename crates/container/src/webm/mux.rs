//! Growing and finished WebM files.

use bytes::Bytes;

use super::finish::{self, Cue, Ending, Layout};
use super::parts::Parts;
use super::syntax::{Write, id, size_len};
use super::tracks::{TrackDetail, has_child};
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

/// How many bytes a file's Timestamp takes at least, whatever its value: so it can be another one,
/// of a file that several are put together to, and nothing behind it moves. 32 bits of milliseconds
/// are 49 days.
pub(crate) const TIMESTAMP_BYTES: usize = 4;

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
    /// As [`Summary::clamped_samples`], so far.
    pub(crate) clamped_samples: u64,
}

/// A block of a commit, with what its cluster needs to know of it.
struct Block {
    track: usize,
    ms: i64,
    /// Whether it belongs in front of the file's zero, where it cannot stand.
    is_moved: bool,
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
            clamped_samples: 0,
            details,
            spec,
        })
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        self.pending.push(sample);
    }

    pub(crate) fn commit(&mut self, record: Option<&CommitRecord>) -> Vec<Bytes> {
        let mut blocks = self.merge().into_iter();
        let mut parts = Parts::for_blocks(blocks.len());
        if self.written == 0 {
            parts.head.extend(self.layout.growing());
            parts.end_head();
        }
        while !blocks.as_slice().is_empty() {
            self.cluster(&mut blocks, &mut parts);
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
        let blocks = self.merge();
        let mut parts = Parts::for_blocks(blocks.len());
        for mut block in blocks {
            block.ms = block.ms.max(0);
            let fits = |start: i64| (block.ms - start).abs() <= i64::from(i16::MAX);
            let start = self.open_ms.filter(|&start| fits(start)).unwrap_or_else(|| {
                parts.head.id(id::CLUSTER);
                parts.head.extend(UNKNOWN_SIZE);
                parts.head.unsigned(id::TIMESTAMP, block.ms.unsigned_abs());
                block.ms
            });
            self.open_ms = Some(start);
            self.block(block, start, &mut parts);
        }
        parts.into_bytes()
    }

    pub(crate) fn finish(mut self, end_ns: Option<i64>) -> (Vec<FinishStep>, Summary) {
        if self.extents[self.cue_track].samples > 0 {
            let number = self.details[self.cue_track].number;
            self.cues.retain(|cue| cue.track == number);
        }
        let mut summary = summarise(&self.spec, &self.extents, end_ns);
        summary.clamped_samples = self.clamped_samples;
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
        let samples = self.pending.samples;
        let mut tracks: Vec<_> = self.pending.take().into_iter().map(Vec::into_iter).collect();
        // Audio stands before the video that it is heard with.
        let place = |track: usize, sample: &Sample| {
            let is_video = self.spec.tracks[track].kind == Kind::Video;
            (self.block_ms(track, self.own_ms(track, sample.dts)), is_video, track)
        };
        let next = |track: usize, samples: &mut std::vec::IntoIter<Sample>| {
            samples.next().map(|sample| (place(track, &sample), sample))
        };
        let heads = tracks.iter_mut().enumerate().map(|(track, samples)| next(track, samples));
        let mut heads: Vec<_> = heads.collect();
        let mut blocks = Vec::with_capacity(samples);
        loop {
            let first = heads.iter().flatten().map(|(place, _)| *place).min();
            let Some((_, _, track)) = first else { return blocks };
            let next = next(track, &mut tracks[track]);
            let Some((_, sample)) = std::mem::replace(&mut heads[track], next) else {
                return blocks;
            };
            let own_ms = self.own_ms(track, sample.pts);
            let ms = self.block_ms(track, own_ms);
            blocks.push(Block { track, ms, is_moved: ms != own_ms, sample });
        }
    }

    /// How far behind the file's zero a time of a track is.
    fn own_ms(&self, track: usize, ticks: i64) -> i64 {
        let source = &self.spec.tracks[track];
        let delay = if self.spec.keeps_delay { source.delay } else { 0 };
        let ns = source.to_nanos(ticks + delay) - self.spec.origin_ns;
        (ns + TICK_NS / 2).div_euclid(TICK_NS)
    }

    /// A sample's timestamp in this file. Audio that comes after its own file was closed would
    /// be negative; it stands at zero. Pictures that are shown before the key frame which begins
    /// the file stand in front of zero, where players do not show what they cannot decode.
    fn block_ms(&self, track: usize, own_ms: i64) -> i64 {
        let is_video = self.spec.tracks[track].kind == Kind::Video;
        if is_video { own_ms } else { own_ms.max(0) }
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

    /// The next of the blocks that belong together.
    fn cluster(&mut self, blocks: &mut std::vec::IntoIter<Block>, parts: &mut Parts) {
        let len = self.cluster_len(blocks.as_slice());
        let own = &blocks.as_slice()[..len];
        let start = own.iter().map(|block| block.ms).min().unwrap_or(0).max(0);
        self.note_cue(own, parts.len());
        let header = parts.reserve();
        timestamp(&mut parts.head, start.unsigned_abs());
        for block in blocks.take(len) {
            let track = &self.spec.tracks[block.track];
            let extent = &mut self.extents[block.track];
            extent.add(&block.sample, is_opus(&track.codec), track.timescale);
            self.block(block, start, parts);
        }
        parts.fill(header, |head, len| {
            head.id(id::CLUSTER);
            head.size(len);
        });
    }

    /// Notes where a cluster of these blocks is sought, which begins behind `offset` bytes of the
    /// commit.
    fn note_cue(&mut self, blocks: &[Block], offset: u64) {
        let leads = |block: &Block| block.track == self.cue_track;
        // A video track that stays silent leaves the sound to seek by.
        let is_silent = self.extents[self.cue_track].samples == 0 && !blocks.iter().any(leads);
        let is_place = |block: &&Block| block.sample.sync && (is_silent || leads(block));
        if let Some(block) = blocks.iter().find(is_place) {
            self.cues.push(Cue {
                // In front of zero nothing is sought.
                ms: block.ms.max(0).unsigned_abs(),
                track: self.details[block.track].number,
                cluster: self.written + offset - self.layout.segment_data(),
            });
        }
    }

    fn block(&mut self, block: Block, cluster_ms: i64, parts: &mut Parts) {
        let Block { track, ms, is_moved, sample } = block;
        let number = self.details[track].number;
        // The segmenter lets no time of a file's pictures go so far back; what is further back all
        // the same stays in front of what it was in front of.
        let far = if ms < cluster_ms { i16::MIN } else { i16::MAX };
        let relative = i16::try_from(ms - cluster_ms).unwrap_or(far);
        let at_ms = cluster_ms + i64::from(relative);
        self.clamped_samples += u64::from(is_moved || at_ms != ms);
        let header_len = size_len(number) + 3;
        let payload_len = (header_len + sample.data.len()) as u64;
        let head = &mut parts.head;
        if sample.block_extra.is_empty() && sample.duration.is_none() {
            head.id(id::SIMPLE_BLOCK);
            head.size(payload_len);
            block_header(head, number, relative, if sample.sync { 0x80 } else { 0 });
            parts.payload(sample.data);
        } else {
            let mut tail = Vec::new();
            if let Some(duration) = sample.duration {
                let ns = self.spec.tracks[track].to_nanos(duration);
                tail.unsigned(id::BLOCK_DURATION, (ns / TICK_NS).unsigned_abs());
            }
            if !sample.sync {
                let back = self.last_ms[track] - at_ms;
                // Two bytes hold nearly all of them.
                let spare = if i16::try_from(back).is_ok() { 6 } else { 0 };
                tail.element(id::REFERENCE_BLOCK, &back.to_be_bytes()[spare..]);
            }
            self.has_additions |= has_child(&sample.block_extra, id::BLOCK_ADDITIONS);
            tail.extend_from_slice(&sample.block_extra);
            let block_len = 1 + size_len(payload_len) as u64 + payload_len;
            head.id(id::BLOCK_GROUP);
            head.size(block_len + tail.len() as u64);
            head.id(id::BLOCK);
            head.size(payload_len);
            block_header(head, number, relative, 0);
            parts.payload(sample.data);
            parts.head.extend_from_slice(&tail);
        }
        self.last_ms[track] = at_ms;
    }
}

/// A Cluster's Timestamp (RFC 9559 section 5.1.3.1) that can be another one later.
fn timestamp(out: &mut Vec<u8>, ms: u64) {
    let len = if u32::try_from(ms).is_ok() { TIMESTAMP_BYTES } else { size_of::<u64>() };
    out.element(id::TIMESTAMP, &ms.to_be_bytes()[size_of::<u64>() - len..]);
}

fn block_header(out: &mut Vec<u8>, track: u64, relative: i16, flags: u8) {
    // A track number is written as a size is.
    out.size(track);
    out.extend_from_slice(&relative.to_be_bytes());
    out.push(flags);
}
