//! Growing and finished MP4 files.

use bytes::Bytes;

use super::entry::{audio_timescale, sample_entry};
use super::finish;
use super::fragment::NON_SYNC;
use super::syntax::Write;
use super::tracks::UNITY_MATRIX;
use crate::commit::CommitRecord;
use crate::error::Fault;
use crate::output::{Extent, FinishStep, Pending, Summary, is_opus, summarise};
use crate::sample::{Detail, Kind, NANOS_PER_SECOND, Sample, Track, rescale};
use crate::segmenter::SegmentSpec;

/// What the index of a second of media takes: 30 frames and 50 audio packets of changing
/// duration at 12 bytes each, and the chunks of a commit. A busier file is rewritten once.
const INDEX_BYTES_PER_SECOND: i64 = 1200;
const INDEX_BYTES_ALWAYS: i64 = 4096;

/// A sample that depends on none, and one that depends on others (clause 8.8.3.1).
const SYNC_FLAGS: u32 = 0x0200_0000;
const DEPENDENT_FLAGS: u32 = 0x0100_0000 | NON_SYNC;

/// The language `und`, packed (clause 8.4.2.3).
const UNDETERMINED: u16 = 0x55C4;

/// Writes one MP4 file.
#[derive(Debug)]
pub struct Mp4Muxer {
    pub(crate) spec: SegmentSpec,
    pub(crate) tracks: Vec<OutTrack>,
    pub(crate) pending: Pending,
    extents: Vec<Extent>,
    pub(crate) reserved: u64,
    pub(crate) written: u64,
    fragments: u32,
}

/// The movie box of a fragmented file (clause 8.8.1): tracks without samples of their own.
pub(crate) fn fragmented_movie(out: &mut Vec<u8>, tracks: &[OutTrack]) {
    out.boxed(b"moov", |out| {
        finish::movie_header(out, 1000, 0, tracks.len());
        for (track, id) in tracks.iter().zip(1..) {
            let edits = [(0, track.hidden)];
            let edits = if track.hidden > 0 { &edits[..] } else { &[] };
            finish::track_box(out, track, id, 0, 0, edits, |out| {
                for table in [b"stts", b"stsc", b"stco"] {
                    out.full_box(table, 0, 0, |out| out.u32(0));
                }
                out.full_box(b"stsz", 0, 0, |out| out.u64(0));
            });
        }
        out.boxed(b"mvex", |out| {
            for id in 1..=tracks.len() as u32 {
                out.full_box(b"trex", 0, 0, |out| {
                    out.u32(id);
                    out.u32(1);
                    out.zeros(12);
                });
            }
        });
    });
}

/// A track of the file, and the index of what was written of it.
#[derive(Debug)]
pub(crate) struct OutTrack {
    pub(crate) kind: Kind,
    pub(crate) timescale: u32,
    pub(crate) entry: Vec<u8>,
    pub(crate) matrix: [u32; 9],
    pub(crate) language: u16,
    pub(crate) size: (u32, u32),
    /// [`SegmentSpec::origin_ns`] in ticks.
    pub(crate) origin: i64,
    /// What the growing file's edit list hides, in ticks.
    hidden: i64,
    pub(crate) rows: Vec<Row>,
    pub(crate) chunks: Vec<Chunk>,
}

/// A written sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) dts: i64,
    pub(crate) shift: i32,
    pub(crate) size: u32,
    pub(crate) sync: bool,
}

/// A run of one track's samples that lie side by side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk {
    pub(crate) offset: u64,
    pub(crate) samples: u32,
}

impl OutTrack {
    /// A track of a stream that has no samples yet.
    pub(crate) fn announced(kind: Kind, timescale: u32, entry: Vec<u8>, size: (u32, u32)) -> Self {
        Self {
            kind,
            timescale,
            entry,
            matrix: UNITY_MATRIX,
            language: UNDETERMINED,
            size,
            origin: 0,
            hidden: 0,
            rows: Vec::new(),
            chunks: Vec::new(),
        }
    }

    fn new(track: &Track, spec: &SegmentSpec) -> Result<Self, Fault> {
        let (timescale, matrix, language) = match &track.detail {
            Detail::Mp4(detail) => (track.timescale, detail.matrix, detail.language),
            Detail::Webm(_) if track.kind == Kind::Video => (90_000, UNITY_MATRIX, UNDETERMINED),
            Detail::Webm(_) => (audio_timescale(track), UNITY_MATRIX, UNDETERMINED),
        };
        // Known before the track's first sample comes, which may be in a later commit.
        let delay = rescale(track.delay, track.timescale, timescale.into());
        Ok(Self {
            kind: track.kind,
            timescale,
            entry: sample_entry(track, spec.keeps_delay)?,
            matrix,
            language,
            size: (track.width, track.height),
            origin: crate::sample::rescale_between(
                spec.origin_ns,
                NANOS_PER_SECOND,
                timescale.into(),
            ),
            hidden: if spec.keeps_delay { delay.max(0) } else { 0 },
            rows: Vec::new(),
            chunks: Vec::new(),
        })
    }
}

impl OutTrack {
    /// Frames that are shown in another order than they are decoded, from a stream that tells no
    /// decode times: they are decoded in the rhythm in which they are shown, early enough for all.
    fn settle_decode_times(&mut self) {
        if self.rows.iter().all(|row| row.shift >= 0) {
            return;
        }
        let shown = |row: &Row| row.dts + i64::from(row.shift);
        let mut times: Vec<i64> = self.rows.iter().map(shown).collect();
        times.sort_unstable();
        let late = self.rows.iter().zip(&times).map(|(row, time)| time - shown(row)).max();
        let late = late.unwrap_or(0);
        for (row, time) in self.rows.iter_mut().zip(times) {
            let at = shown(row);
            row.dts = time - late;
            row.shift = i32::try_from(at - row.dts).unwrap_or(0);
        }
    }
}

impl Mp4Muxer {
    pub(crate) fn new(spec: SegmentSpec, expected_ns: i64) -> Result<Self, Fault> {
        let tracks = spec.tracks.iter().map(|track| OutTrack::new(track, &spec));
        let index = expected_ns / NANOS_PER_SECOND * INDEX_BYTES_PER_SECOND + INDEX_BYTES_ALWAYS;
        Ok(Self {
            tracks: tracks.collect::<Result<_, _>>()?,
            pending: Pending::new(spec.tracks.len()),
            extents: vec![Extent::default(); spec.tracks.len()],
            reserved: u64::try_from(index).unwrap_or(0),
            written: 0,
            fragments: 0,
            spec,
        })
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        self.pending.push(sample);
    }

    pub(crate) fn commit(&mut self, record: Option<&CommitRecord>) -> Vec<Bytes> {
        let samples = self.pending.take();
        let mut out = Vec::new();
        if self.written == 0 {
            for (track, samples) in self.tracks.iter_mut().zip(&samples) {
                if let Some(first) = samples.first() {
                    let source = self.spec.tracks[first.track].timescale;
                    let dts = rescale(first.dts, source, track.timescale.into());
                    track.hidden = track.hidden.max(track.origin - dts);
                }
            }
            out.push(Bytes::from(self.growing_front()));
        }
        let front_bytes: u64 = out.iter().map(|part| part.len() as u64).sum();
        if samples.iter().any(|samples| !samples.is_empty()) {
            self.fragment(samples, self.written + front_bytes, &mut out);
        }
        if let Some(record) = record
            && !out.is_empty()
        {
            let mut free = Vec::new();
            let media = &out[usize::from(self.written == 0)..];
            free.boxed(b"free", |body| body.extend(record.encode(&self.spec, media)));
            out.push(free.into());
        }
        self.written += out.iter().map(|part| part.len() as u64).sum::<u64>();
        out
    }

    pub(crate) fn finish(mut self, end_ns: Option<i64>) -> (Vec<FinishStep>, Summary) {
        let summary = summarise(&self.spec, &self.extents, end_ns);
        let ends: Vec<i64> = self
            .tracks
            .iter()
            .zip(&self.extents)
            .enumerate()
            .map(|(index, (track, extent))| match (track.kind, end_ns) {
                (Kind::Video, Some(end)) => {
                    crate::sample::rescale_between(end, NANOS_PER_SECOND, track.timescale.into())
                }
                _ => {
                    let source = self.spec.tracks[index].timescale;
                    let cut = end_ns.map(|end_ns| self.spec.tracks[index].from_nanos(end_ns));
                    rescale(extent.end(source, cut), source, track.timescale.into())
                }
            })
            .collect();
        for track in &mut self.tracks {
            track.settle_decode_times();
        }
        (finish::steps(&self, &ends), summary)
    }

    /// Lets go of what only a finished file needs: of each track the last row says where it is.
    pub(crate) fn forget_index(&mut self) {
        for track in &mut self.tracks {
            track.rows.drain(..track.rows.len().saturating_sub(1));
            track.chunks.clear();
        }
    }

    /// `ftyp`, the room for the index, and the movie box of a fragmented file.
    fn growing_front(&self) -> Vec<u8> {
        let mut front = finish::file_type();
        front.boxed(b"free", |out| out.zeros(self.reserved as usize - 8));
        fragmented_movie(&mut front, &self.tracks);
        front
    }

    /// One `moof` and `mdat` at `offset`, each track's samples side by side.
    fn fragment(&mut self, samples: Vec<Vec<Sample>>, offset: u64, out: &mut Vec<Bytes>) {
        self.fragments += 1;
        let mut runs: Vec<Vec<Row>> = Vec::new();
        for ((track, extent), samples) in self.tracks.iter().zip(&mut self.extents).zip(&samples) {
            let mut rows = Vec::with_capacity(samples.len());
            let mut last_dts = track.rows.last().map(|row| row.dts);
            for sample in samples {
                let source = &self.spec.tracks[sample.track];
                let ticks = |at| rescale(at, source.timescale, track.timescale.into());
                extent.add(sample, is_opus(&source.codec), source.timescale);
                // Matroska tells no decode times. They only have to grow; what is shown when
                // is said by the shift.
                // A fragment cannot begin in front of the file's own zero.
                let earliest = last_dts.map_or(track.origin - track.hidden, |last| last + 1);
                let dts = earliest.max(ticks(sample.dts));
                last_dts = Some(dts);
                rows.push(Row {
                    dts,
                    shift: i32::try_from(ticks(sample.pts) - dts).unwrap_or(0),
                    size: sample.data.len() as u32,
                    sync: sample.sync,
                });
            }
            runs.push(rows);
        }
        let nominal = |index: usize| {
            let last = samples[index].last();
            if let Some(duration) = last.and_then(|sample| sample.duration) {
                let source = &self.spec.tracks[index];
                return rescale(
                    duration.into(),
                    source.timescale,
                    self.tracks[index].timescale.into(),
                );
            }
            // A player that takes a stream piece by piece wants some length: that of the one
            // before.
            let mut rows = runs[index].iter().rev().chain(self.tracks[index].rows.last());
            let pair = rows.next().zip(rows.next());
            pair.map_or(0, |(last, before)| last.dts - before.dts)
        };
        // The data offsets count from the moof's start, so its length comes first.
        let measure = self.movie_fragment(&runs, &nominal, 0).len() as u64;
        let moof = self.movie_fragment(&runs, &nominal, measure + 8);
        let media: u64 = runs.iter().flatten().map(|row| u64::from(row.size)).sum();
        let mut head = moof;
        head.u32(media as u32 + 8);
        head.extend_from_slice(b"mdat");
        let mut at = offset + head.len() as u64;
        out.push(Bytes::from(head));
        for ((track, rows), samples) in self.tracks.iter_mut().zip(runs).zip(samples) {
            if rows.is_empty() {
                continue;
            }
            track.chunks.push(Chunk { offset: at, samples: rows.len() as u32 });
            at += rows.iter().map(|row| u64::from(row.size)).sum::<u64>();
            track.rows.extend(rows);
            out.extend(samples.into_iter().map(|sample| sample.data));
        }
    }

    fn movie_fragment(
        &self,
        runs: &[Vec<Row>],
        nominal: &impl Fn(usize) -> i64,
        data_offset: u64,
    ) -> Vec<u8> {
        let mut data_offset = data_offset;
        let mut moof = Vec::new();
        moof.boxed(b"moof", |out| {
            out.full_box(b"mfhd", 0, 0, |out| out.u32(self.fragments));
            for (index, (track, rows)) in self.tracks.iter().zip(runs).enumerate() {
                let Some(first) = rows.first() else { continue };
                out.boxed(b"traf", |out| {
                    out.full_box(b"tfhd", 0, 0x2_0000, |out| out.u32(index as u32 + 1));
                    let start = (first.dts - track.origin + track.hidden).max(0);
                    out.full_box(b"tfdt", 1, 0, |out| out.u64(start.unsigned_abs()));
                    out.full_box(b"trun", 1, 0xF01, |out| {
                        out.u32(rows.len() as u32);
                        out.u32(data_offset as u32);
                        for (row, next) in
                            rows.iter().zip(rows.iter().skip(1).map(Some).chain([None]))
                        {
                            let step =
                                next.map_or_else(|| nominal(index), |next| next.dts - row.dts);
                            out.u32(u32::try_from(step).unwrap_or(u32::MAX));
                            out.u32(row.size);
                            out.u32(if row.sync { SYNC_FLAGS } else { DEPENDENT_FLAGS });
                            out.u32(row.shift as u32);
                        }
                    });
                });
                data_offset += rows.iter().map(|row| u64::from(row.size)).sum::<u64>();
            }
        });
        moof
    }
}
