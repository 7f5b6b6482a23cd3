//! Growing and finished MP4 files.

use bytes::Bytes;

use super::boxes;
use super::finish::{self, Room};
use super::fragment::NON_SYNC;
use super::out_track::{Chunk, MAX_STEP, OutTrack, Row};
use super::syntax::Write;
use crate::commit::CommitRecord;
use crate::error::Fault;
use crate::output::{Extent, FinishStep, Pending, Summary, heard_opus, is_opus, summarise};
use crate::sample::{Detail, Kind, NANOS_PER_SECOND, Sample, rescale};
use crate::segmenter::SegmentSpec;

/// What the index of a second of media takes: 30 frames and 50 audio packets of changing
/// duration at 12 bytes each, and the chunks of a commit. A busier file is rewritten once.
const INDEX_BYTES_PER_SECOND: i64 = 1200;
const INDEX_BYTES_ALWAYS: i64 = 4096;

/// A sample that depends on none, and one that depends on others (clause 8.8.3.1).
const SYNC_FLAGS: u32 = 0x0200_0000;
const DEPENDENT_FLAGS: u32 = 0x0100_0000 | NON_SYNC;

/// Size and type of an `mdat` of 32 bits.
const MDAT_HEADER_BYTES: usize = 8;

/// How long a `moof` with these runs is: `moof` and `mfhd`; in each `traf` `tfhd`, `tfdt` and the
/// head of `trun`; four fields for each sample.
fn movie_fragment_len(tracks: &[OutTrack]) -> usize {
    let trafs = tracks.iter().map(|track| track.group.len()).filter(|&samples| samples > 0);
    8 + 16 + trafs.map(|samples| 8 + 16 + 20 + 20 + 16 * samples).sum::<usize>()
}

fn media_bytes(rows: &[Row]) -> u64 {
    rows.iter().map(|row| u64::from(row.size)).sum()
}

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
    /// As [`Summary::clamped_samples`], so far.
    pub(crate) clamped_samples: u64,
}

/// The movie box of a fragmented file (clause 8.8.1): tracks without samples of their own.
pub(crate) fn fragmented_movie(out: &mut Vec<u8>, tracks: &[OutTrack]) {
    out.boxed(b"moov", |out| {
        boxes::movie_header(out, 1000, 0, tracks.len());
        for (track, id) in tracks.iter().zip(1..) {
            let edits = [(0, track.hidden)];
            let edits = if track.hidden > 0 { &edits[..] } else { &[] };
            boxes::track_box(out, track, id, 0, 0, edits, |out| {
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
            clamped_samples: 0,
            spec,
        })
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        self.pending.push(sample);
    }

    pub(crate) fn commit(&mut self, record: Option<&CommitRecord>) -> Vec<Bytes> {
        // And what stands in front of them and behind.
        let mut out = Vec::with_capacity(self.pending.samples + 3);
        let samples = self.pending.take();
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

    /// At most `max_filler` bytes of the room for the index stay empty.
    pub(crate) fn finish(
        mut self,
        end_ns: Option<i64>,
        max_filler: u64,
    ) -> (Vec<FinishStep>, Summary) {
        let mut summary = summarise(&self.spec, &self.extents, end_ns);
        let mut ends: Vec<i64> = self
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
        let mut early_ends = 0;
        for (track, end) in self.tracks.iter_mut().zip(&mut ends) {
            self.clamped_samples += track.settle_decode_times();
            let last = track.rows.last().map_or(*end, Row::shown);
            if *end > last + MAX_STEP {
                *end = last + MAX_STEP;
                early_ends += 1;
            }
        }
        summary.clamped_samples = self.clamped_samples + early_ends;
        if early_ends > 0 {
            let written = self.tracks.iter().zip(&ends).filter(|(track, _)| !track.rows.is_empty());
            let lasts = written
                .map(|(track, end)| rescale(end - track.origin, track.timescale, NANOS_PER_SECOND));
            summary.duration_ns = lasts.max().unwrap_or(0);
        }
        let room = Room { reserved: self.reserved, max_filler };
        (finish::steps(&self.tracks, &ends, room, self.written), summary)
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
        let mut front = boxes::file_type();
        front.boxed(b"free", |out| out.zeros(self.reserved as usize - 8));
        fragmented_movie(&mut front, &self.tracks);
        front
    }

    /// A `moof` and its `mdat` for each group of pictures, the first of them at `offset`; in each
    /// the samples of a track lie side by side.
    fn fragment(&mut self, mut samples: Vec<Vec<Sample>>, offset: u64, out: &mut Vec<Bytes>) {
        let runs = self.rows(&samples);
        self.tracks.iter_mut().for_each(|track| track.group = 0..0);
        let mut at = offset;
        let mut is_last = false;
        while !is_last {
            is_last = self.next_group(&runs);
            self.fragments += 1;
            let head = self.movie_fragment(&runs, &samples);
            at += head.len() as u64;
            out.push(Bytes::from(head));
            for ((track, rows), samples) in self.tracks.iter_mut().zip(&runs).zip(&mut samples) {
                let group = track.group.clone();
                if group.is_empty() {
                    continue;
                }
                track.chunks.push(Chunk { offset: at, samples: group.len() as u32 });
                at += media_bytes(&rows[group.clone()]);
                out.extend(samples[group].iter_mut().map(|it| std::mem::take(&mut it.data)));
            }
        }
        for (track, rows) in self.tracks.iter_mut().zip(runs) {
            track.rows.extend(rows);
        }
    }

    /// Goes on to the next group of pictures of a commit: each but the first begins with a key
    /// frame, and the sound from there on goes with it. A player that takes fragments one by one
    /// can begin at each of these. Whether it is the last one.
    fn next_group(&mut self, runs: &[Vec<Row>]) -> bool {
        let video = self.tracks.iter().position(|track| track.kind == Kind::Video);
        let key = video.and_then(|video| {
            let from = self.tracks[video].group.end + 1;
            let at = from + runs[video].get(from..)?.iter().position(|row| row.sync)?;
            Some((video, at, runs[video][at].dts, self.tracks[video].timescale))
        });
        for (index, (track, rows)) in self.tracks.iter_mut().zip(runs).enumerate() {
            let from = track.group.end;
            let to = match key {
                None => rows.len(),
                Some((video, at, ..)) if video == index => at,
                Some((_, _, dts, clock)) => {
                    let begins = rescale(dts, clock, track.timescale.into());
                    from + rows[from..].partition_point(|row| row.dts < begins)
                }
            };
            track.group = from..to;
        }
        key.is_none()
    }

    /// When the samples of a commit are decoded and shown.
    fn rows(&mut self, samples: &[Vec<Sample>]) -> Vec<Vec<Row>> {
        let mut runs: Vec<Vec<Row>> = Vec::with_capacity(samples.len());
        for ((track, extent), samples) in self.tracks.iter().zip(&mut self.extents).zip(samples) {
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
                let size = sample.data.len() as u32;
                let mut row = Row { dts: 0, shift: 0, size, sync: sample.sync };
                let shown = ticks(sample.pts);
                row.place(earliest.max(ticks(sample.dts)), shown, last_dts);
                self.clamped_samples += u64::from(row.shown() != shown);
                last_dts = Some(row.dts);
                rows.push(row);
            }
            runs.push(rows);
        }
        runs
    }

    /// How long the last sample of a track's commit lasts, nominally.
    fn last_step(&self, index: usize, rows: &[Row], samples: &[Sample]) -> i64 {
        let last = samples.last();
        // The length of the last packet tells how much of it is heard. Matroska's own durations
        // are whole milliseconds.
        let source = &self.spec.tracks[index];
        if matches!(source.detail, Detail::Webm(_))
            && is_opus(&source.codec)
            && let Some(heard) = last.and_then(heard_opus)
        {
            return rescale(heard, 48_000, self.tracks[index].timescale.into());
        }
        if let Some(duration) = last.and_then(|sample| sample.duration) {
            return rescale(duration, source.timescale, self.tracks[index].timescale.into());
        }
        // A player that takes a stream piece by piece wants some length: that of the one
        // before.
        let mut rows = rows.iter().rev().chain(self.tracks[index].rows.last());
        let pair = rows.next().zip(rows.next());
        pair.map_or(0, |(last, before)| last.dts - before.dts)
    }

    /// The `moof` of a group of what is committed, and the header of its `mdat`.
    fn movie_fragment(&self, runs: &[Vec<Row>], samples: &[Vec<Sample>]) -> Vec<u8> {
        // The data offsets count from the moof's start, so its length comes first.
        let len = movie_fragment_len(&self.tracks);
        let mut data_offset = (len + MDAT_HEADER_BYTES) as u64;
        let mut moof = Vec::with_capacity(len + MDAT_HEADER_BYTES);
        moof.boxed(b"moof", |out| {
            out.full_box(b"mfhd", 0, 0, |out| out.u32(self.fragments));
            for (index, (track, all)) in self.tracks.iter().zip(runs).enumerate() {
                let rows = &all[track.group.clone()];
                let Some(first) = rows.first() else { continue };
                let behind = all[track.group.start + 1..].iter().map(Some).chain([None]);
                out.boxed(b"traf", |out| {
                    out.full_box(b"tfhd", 0, 0x2_0000, |out| out.u32(index as u32 + 1));
                    let start = (first.dts - track.origin + track.hidden).max(0);
                    out.full_box(b"tfdt", 1, 0, |out| out.u64(start.unsigned_abs()));
                    out.full_box(b"trun", 1, 0xF01, |out| {
                        out.u32(rows.len() as u32);
                        out.u32(data_offset as u32);
                        for (row, next) in rows.iter().zip(behind) {
                            // Only what is nominal can be longer.
                            let step = next.map_or_else(
                                || self.last_step(index, all, &samples[index]),
                                |next| next.dts - row.dts,
                            );
                            out.u32(step.clamp(0, MAX_STEP) as u32);
                            out.u32(row.size);
                            out.u32(if row.sync { SYNC_FLAGS } else { DEPENDENT_FLAGS });
                            out.u32(row.shift as u32);
                        }
                    });
                });
                data_offset += media_bytes(rows);
            }
        });
        debug_assert_eq!(moof.len(), len);
        moof.u32((data_offset - len as u64) as u32);
        moof.extend_from_slice(b"mdat");
        moof
    }
}
