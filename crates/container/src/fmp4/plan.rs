//! The times of one track in a finished file, and its sample tables (ISO 14496-12 clauses 8.6 and
//! 8.7).

use super::boxes::counted;
use super::out_track::{MAX_STEP, OutTrack};
use super::syntax::Write;
use crate::sample::Kind;

/// The box that offsets are in: `stco` or `co64` (clause 8.7.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offsets {
    Small,
    Large,
}

/// The times of one track in the finished file.
pub(super) struct Plan {
    /// In ticks of the movie.
    pub(super) duration: u64,
    /// In ticks of the track.
    pub(super) media_duration: u64,
    last_step: u32,
    /// Duration in ticks of the movie and where in the media it begins; -1 for nothing.
    pub(super) edits: Vec<(u64, i64)>,
}

impl Plan {
    pub(super) fn new(track: &OutTrack, end: i64, movie_timescale: u32) -> Self {
        let first = track.rows.first().map_or(0, |row| row.dts);
        let last = track.rows.last().map_or((0, 0), |row| (row.dts, i64::from(row.shift)));
        let shown = track.rows.iter().map(|row| row.dts + i64::from(row.shift)).min().unwrap_or(0);
        let last_step = (end - last.0 - last.1).clamp(1, MAX_STEP) as u32;
        // Rounded up, since a player may drop what an edit does not cover.
        let movie = |ticks: i64| {
            let scaled = i128::from(ticks.max(0)) * i128::from(movie_timescale);
            let timescale = i128::from(track.timescale.max(1));
            u64::try_from((scaled + timescale - 1) / timescale).unwrap_or(u64::MAX)
        };
        let late = shown - track.origin;
        let mut edits = Vec::new();
        if late > 0 {
            edits.push((movie(late), -1));
        }
        let from = shown.max(track.origin);
        edits.push((movie(end - from), from - first));
        Self {
            duration: edits.iter().map(|edit| edit.0).sum(),
            media_duration: (last.0 - first).unsigned_abs() + u64::from(last_step),
            last_step,
            edits,
        }
    }

    /// The children of `stbl` behind `stsd` (clause 8.6 and 8.7).
    pub(super) fn tables(&self, out: &mut Vec<u8>, track: &OutTrack, width: Offsets, shift: i64) {
        let rows = &track.rows;
        let steps =
            rows.windows(2).map(|pair| (pair[1].dts - pair[0].dts).clamp(0, MAX_STEP) as u32);
        counted(out, b"stts", 0, runs(steps.chain([self.last_step])), |out, (count, step)| {
            out.u32(count);
            out.u32(step);
        });
        if rows.iter().any(|row| row.shift != 0) {
            counted(
                out,
                b"ctts",
                1,
                runs(rows.iter().map(|row| row.shift)),
                |out, (count, shift)| {
                    out.u32(count);
                    out.u32(shift as u32);
                },
            );
        }
        if track.kind == Kind::Video && rows.iter().any(|row| !row.sync) {
            let sync =
                rows.iter().zip(1u32..).filter(|(row, _)| row.sync).map(|(_, number)| number);
            counted(out, b"stss", 0, sync.collect(), Write::u32);
        }
        let chunks = &track.chunks;
        let mut first = 1;
        let mut groups = Vec::new();
        for (count, samples) in runs(chunks.iter().map(|chunk| chunk.samples)) {
            groups.push((first, samples));
            first += count;
        }
        counted(out, b"stsc", 0, groups, |out, (first, samples)| {
            out.u32(first);
            out.u32(samples);
            out.u32(1);
        });
        out.full_box(b"stsz", 0, 0, |out| {
            out.u32(0);
            out.u32(rows.len() as u32);
            for row in rows {
                out.u32(row.size);
            }
        });
        let offsets =
            chunks.iter().map(|chunk| chunk.offset.saturating_add_signed(shift)).collect();
        match width {
            Offsets::Large => counted(out, b"co64", 0, offsets, Write::u64),
            Offsets::Small => {
                counted(out, b"stco", 0, offsets, |out, offset| out.u32(offset as u32));
            }
        }
    }
}

/// Equal neighbours as (how many, value).
fn runs<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<(u32, T)> {
    let mut runs: Vec<(u32, T)> = Vec::new();
    for value in values {
        match runs.last_mut() {
            Some((count, last)) if *last == value => *count += 1,
            _ => runs.push((1, value)),
        }
    }
    runs
}
