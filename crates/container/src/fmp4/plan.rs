//! The times of one track in a finished file (ISO 14496-12 clauses 8.6.1 and 8.6.6).

use super::out_track::{MAX_STEP, OutTrack, Row};
use super::tables::SampleTables;

/// From where to where a track reaches, in its ticks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// What is zero in the file.
    pub(crate) origin: i64,
    /// When its first sample is decoded.
    pub(crate) first: i64,
    /// When the first of its samples is shown.
    pub(crate) shown: i64,
    /// Where it ends.
    pub(crate) end: i64,
    /// When its last sample is decoded, and how long it lasts.
    pub(crate) last: (i64, u32),
}

/// The times of one track in the finished file.
pub(crate) struct Plan {
    /// In ticks of the movie.
    pub(crate) duration: u64,
    /// In ticks of the track.
    pub(crate) media_duration: u64,
    /// Duration in ticks of the movie and where in the media it begins; -1 for nothing.
    pub(crate) edits: Vec<(u64, i64)>,
}

impl Span {
    /// Of a track that ends at `end`.
    pub(super) fn of(track: &OutTrack, end: i64) -> Self {
        let last = track.rows.last().map_or((0, 0), |row| (row.dts, i64::from(row.shift)));
        let last_step = (end - last.0 - last.1).clamp(1, MAX_STEP) as u32;
        Self {
            origin: track.origin,
            first: track.rows.first().map_or(0, |row| row.dts),
            shown: track.rows.iter().map(Row::shown).min().unwrap_or(0),
            end,
            last: (last.0, last_step),
        }
    }
}

impl Plan {
    pub(crate) fn new(span: &Span, timescale: u32, movie_timescale: u32) -> Self {
        // Rounded up, since a player may drop what an edit does not cover.
        let movie = |ticks: i64| {
            let scaled = i128::from(ticks.max(0)) * i128::from(movie_timescale);
            let timescale = i128::from(timescale.max(1));
            u64::try_from((scaled + timescale - 1) / timescale).unwrap_or(u64::MAX)
        };
        let late = span.shown - span.origin;
        let mut edits = Vec::new();
        if late > 0 {
            edits.push((movie(late), -1));
        }
        let from = span.shown.max(span.origin);
        edits.push((movie(span.end - from), from - span.first));
        Self {
            duration: edits.iter().map(|edit| edit.0).fold(0, u64::saturating_add),
            media_duration: (span.last.0 - span.first).unsigned_abs() + u64::from(span.last.1),
            edits,
        }
    }
}

/// The sample tables of a track whose last sample lasts `last_step`.
pub(super) fn tables(track: &OutTrack, last_step: u32) -> SampleTables {
    let rows = &track.rows;
    let mut tables = SampleTables::for_samples(rows.len());
    let steps = rows.windows(2).map(|pair| (pair[1].dts - pair[0].dts).clamp(0, MAX_STEP) as u32);
    for (row, step) in rows.iter().zip(steps.chain([last_step])) {
        tables.sample(row.size, row.shift, row.sync);
        tables.step(step);
    }
    for chunk in &track.chunks {
        tables.chunk(chunk.offset, chunk.samples);
    }
    tables
}
