//! A joined MP4 (ISO 14496-12): a `moov` with the tables of all parts one behind the other, and the
//! header of one `mdat` with all files behind it.

mod select;
mod timeline;

use std::ops::Range;

use bytes::Bytes;

use super::head::Family;
use super::head::mp4::{Listed, Mp4Head};
use super::pieces::Pieces;
use super::{Cut, MAX_INDEX_BYTES, Part, Plan, ReelError, places};
use crate::fmp4::boxes::{file_type, movie_header, track_box};
use crate::fmp4::entry::clear_pre_skip;
use crate::fmp4::finish::{MDAT_HEADER_BYTES, media_header};
use crate::fmp4::out_track::{MAX_STEP, OutTrack};
use crate::fmp4::plan::{Plan as Times, Span};
use crate::fmp4::syntax::Write;
use crate::fmp4::tables::{Offsets, SampleTables};
use crate::sample::{Detail, Kind, NANOS_PER_SECOND, Track, rescale, rescale_between};
use select::Selection;
use timeline::{Placed, samples};

/// What is joined: parts from `from` on, each with its zero.
struct Joined<'a> {
    from: usize,
    heads: Vec<&'a Mp4Head>,
    zeros_ns: &'a [i64],
    tracks: &'a [Track],
}

/// A track of the whole, with chunks that count from the front of the media.
struct Written {
    track: OutTrack,
    tables: SampleTables,
    span: Span,
}

impl<'a> Joined<'a> {
    fn listed(&self, track: usize) -> impl Iterator<Item = (usize, &'a Listed, i64)> + '_ {
        let parts = self.heads.iter().zip(self.zeros_ns).zip(self.from..);
        parts.filter_map(move |((head, &zero_ns), part)| {
            Some((part, head.tracks.get(track)?, zero_ns))
        })
    }

    /// All samples of a track, in decode order.
    fn samples(&self, track: usize) -> impl Iterator<Item = Placed> + '_ {
        let Track { kind, timescale, .. } = self.tracks[track];
        samples(self.listed(track), kind, timescale)
    }
}

pub(super) fn plan(parts: &[Part], zeros_ns: &[i64], cut: Option<Cut>) -> Result<Plan, ReelError> {
    let touched = match cut {
        Some(cut) => places::touched(zeros_ns, cut.from_ns, cut.to_ns),
        None => 0..parts.len(),
    };
    let heads = parts.get(touched.clone()).unwrap_or_default().iter();
    let heads: Vec<&Mp4Head> = heads
        .filter_map(|part| match &part.head.family {
            Family::Mp4(mp4) => Some(mp4),
            Family::Webm(_) => None,
        })
        .collect();
    let first = parts.first().ok_or(ReelError::Empty)?;
    let zeros_ns = zeros_ns.get(touched.clone()).unwrap_or_default();
    let joined = Joined { from: touched.start, heads, zeros_ns, tracks: &first.head.tracks };
    let media = || (touched.start.., parts[touched.clone()].iter().map(|part| part.head.media()));
    let selection = match cut {
        Some(cut) => Selection::of(&joined, cut).ok_or(ReelError::Empty)?,
        None => {
            let (numbers, ranges) = media();
            Selection::all(joined.tracks.len(), numbers.zip(ranges))
        }
    };
    let mut written = Vec::new();
    for track in 0..joined.tracks.len() {
        written.extend(write(&joined, &selection, track)?);
    }
    if written.is_empty() {
        return Err(ReelError::Empty);
    }
    if written.iter().map(|it| it.tables.max_bytes()).sum::<u64>() > MAX_INDEX_BYTES {
        return Err(ReelError::TooLong);
    }
    let media_bytes = selection.ranges.iter().map(|(_, range)| range.end - range.start).sum();
    let (front, duration_ns) = front(&written, media_bytes);
    let mut pieces = Pieces::default();
    pieces.made(front);
    selection.ranges.iter().for_each(|(part, range)| pieces.file(*part, range));
    let begins_ns = cut.map_or(0, |cut| cut.from_ns.max(0));
    Ok(Plan { duration_ns, preroll_ns: 0, begins_ns, pieces })
}

/// The samples of a track that are wanted. `None` where there are none.
fn write(
    joined: &Joined<'_>,
    selection: &Selection,
    number: usize,
) -> Result<Option<Written>, ReelError> {
    let track = &joined.tracks[number];
    let wanted = &selection.samples[number];
    let mut places = selection.places();
    let mut tables = SampleTables::default();
    let mut chunk = Chunk::default();
    let (mut first, mut last) = (None::<Placed>, None::<Placed>);
    let (mut shown, mut end) = (i64::MAX, i64::MIN);
    let own = joined.samples(number).zip(0u64..);
    for (sample, _) in
        own.skip_while(|(_, n)| *n < wanted.start).take_while(|(_, n)| *n < wanted.end)
    {
        if let Some(before) = last {
            tables.step((sample.dts - before.dts).clamp(0, MAX_STEP) as u32);
        }
        tables.sample(sample.size, sample.shift, sample.is_sync);
        chunk.take(&sample, places(sample.part, sample.offset), &mut tables);
        shown = shown.min(sample.shown());
        end = end.max(sample.end());
        first = first.or(Some(sample));
        last = Some(sample);
        if tables.max_bytes() > MAX_INDEX_BYTES {
            return Err(ReelError::TooLong);
        }
    }
    chunk.end(&mut tables);
    let Some((first, last)) = first.zip(last) else { return Ok(None) };
    let last_step = last.duration.max(1);
    tables.step(last_step);
    let ticks = |ns: i64| rescale_between(ns, NANOS_PER_SECOND, track.timescale.into());
    let (origin, limit) =
        selection.cut.map_or((0, i64::MAX), |cut| (ticks(cut.from_ns.max(0)), ticks(cut.to_ns)));
    let span =
        Span { origin, first: first.dts, shown, end: end.min(limit), last: (last.dts, last_step) };
    if span.end <= span.origin.max(span.shown) {
        return Ok(None);
    }
    Ok(Some(Written { track: described(joined, track, &first), tables, span }))
}

/// The track as the whole begins with this sample: what an encoder put in front of its sound is
/// there only where the sound begins with it.
fn described(joined: &Joined<'_>, track: &Track, first: &Placed) -> OutTrack {
    let Detail::Mp4(detail) = &track.detail else {
        return OutTrack::announced(track.kind, track.timescale, Vec::new(), (0, 0));
    };
    let mut entry = detail.sample_entry.to_vec();
    if first.part > 0 || !first.is_first || joined.from > 0 {
        clear_pre_skip(&mut entry);
    }
    OutTrack::described(track, detail, entry)
}

/// Samples side by side.
#[derive(Default)]
struct Chunk {
    at: u64,
    end: u64,
    samples: u32,
}

impl Chunk {
    fn take(&mut self, sample: &Placed, at: u64, tables: &mut SampleTables) {
        if self.samples > 0 && self.end != at {
            self.end(tables);
        }
        if self.samples == 0 {
            self.at = at;
        }
        self.samples += 1;
        self.end = at + u64::from(sample.size);
    }

    fn end(&mut self, tables: &mut SampleTables) {
        if self.samples > 0 {
            tables.chunk(self.at, self.samples);
            self.samples = 0;
        }
    }
}

/// Everything in front of the media, and how long it is shown.
fn front(written: &[Written], media_bytes: u64) -> (Bytes, i64) {
    // Edits count in the movie's ticks, and what they hide of the sound is heard.
    let audio = written.iter().find(|it| it.track.kind() == Kind::Audio);
    let timescale = audio.or(written.first()).map_or(1000, |it| it.track.timescale());
    let times: Vec<Times> =
        written.iter().map(|it| Times::new(&it.span, it.track.timescale(), timescale)).collect();
    let duration = times.iter().map(|times| times.duration).max().unwrap_or(0);
    let movie = |width: Offsets, shift: i64| {
        let mut moov = Vec::new();
        moov.boxed(b"moov", |out| {
            movie_header(out, timescale, duration, written.len());
            for ((it, times), id) in written.iter().zip(&times).zip(1..) {
                let (duration, media) = (times.duration, times.media_duration);
                track_box(out, &it.track, id, duration, media, &times.edits, |out| {
                    it.tables.write(out, it.track.kind(), width, shift);
                });
            }
        });
        moov
    };
    let mut front = file_type();
    // The index is as long whatever its offsets say; only how wide they are counts.
    let in_front = |width| (front.len() + movie(width, 0).len()) as u64 + MDAT_HEADER_BYTES;
    let small = in_front(Offsets::Small);
    let (width, shift) = match small.saturating_add(media_bytes) <= u32::MAX.into() {
        true => (Offsets::Small, small),
        false => (Offsets::Large, in_front(Offsets::Large)),
    };
    front.extend(movie(width, shift as i64));
    front.extend(media_header(media_bytes));
    let duration = i64::try_from(duration).unwrap_or(i64::MAX);
    (front.into(), rescale(duration, timescale, NANOS_PER_SECOND))
}

/// The first and the last byte of what is wanted of a part.
fn widened(range: &mut Range<u64>, sample: &Placed) {
    let end = sample.offset + u64::from(sample.size);
    *range = match range.is_empty() {
        true => sample.offset..end,
        false => range.start.min(sample.offset)..range.end.max(end),
    };
}
