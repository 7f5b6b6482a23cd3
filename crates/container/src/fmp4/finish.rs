//! The index of a finished MP4, and the writes that put it in front of the media.
//!
//! ```text
//! growing   ftyp  free(room)                      moov(fragmented)  moof mdat free  moof mdat free …
//! finished  ftyp  moov(index)  free  mdat(64-bit: all that follows)
//! ```
//!
//! Everything but the room's first eight bytes is written and synced while it still is a `free`
//! box; then one write of eight bytes turns it into the `moov`.

use bytes::Bytes;

use super::mux::{Mp4Muxer, OutTrack};
use super::syntax::Write;
use super::tracks::UNITY_MATRIX;
use crate::output::FinishStep;
use crate::sample::Kind;

/// The header of an `mdat` with a 64-bit size.
const MDAT_HEADER_BYTES: u64 = 16;

pub(crate) fn file_type() -> Vec<u8> {
    let mut ftyp = Vec::new();
    ftyp.boxed(b"ftyp", |out| {
        out.extend_from_slice(b"isom");
        out.u32(0x200);
        out.extend_from_slice(b"isomiso6iso2mp41");
    });
    ftyp
}

/// What finishes the file whose tracks end at `ends`, in their ticks.
pub(crate) fn steps(muxer: &Mp4Muxer, ends: &[i64]) -> Vec<FinishStep> {
    let ftyp = file_type();
    let room_at = ftyp.len() as u64;
    let room_end = room_at + muxer.reserved;
    let moov = movie(muxer, ends, 0);
    let needed = moov.len() as u64 + MDAT_HEADER_BYTES;
    let media = muxer.written.saturating_sub(room_end);
    let filler = muxer.reserved.checked_sub(needed).filter(|&filler| filler == 0 || filler >= 8);
    let Some(filler) = filler else {
        let shift = needed as i64 - muxer.reserved as i64;
        let mut front = ftyp;
        front.extend(movie(muxer, ends, shift));
        front.extend(media_header(media));
        return vec![
            FinishStep::Rewrite { front: Bytes::from(front), keep_from: room_end },
            FinishStep::Sync,
        ];
    };
    let mut room = moov;
    if filler > 0 {
        room.boxed(b"free", |out| out.zeros(filler as usize - 8));
    }
    room.extend(media_header(media));
    let room = Bytes::from(room);
    vec![
        FinishStep::WriteAt { offset: room_at + 8, bytes: room.slice(8..) },
        FinishStep::Sync,
        FinishStep::WriteAt { offset: room_at, bytes: room.slice(..8) },
        FinishStep::Sync,
    ]
}

fn media_header(media_bytes: u64) -> Vec<u8> {
    let mut header = Vec::new();
    header.u32(1);
    header.extend_from_slice(b"mdat");
    header.u64(MDAT_HEADER_BYTES + media_bytes);
    header
}

/// The movie box with all tables; sample data stands `shift` bytes behind where it was written.
fn movie(muxer: &Mp4Muxer, ends: &[i64], shift: i64) -> Vec<u8> {
    // Edits count in the movie's ticks, and what they hide of the audio is heard.
    let audio = muxer.tracks.iter().find(|track| track.kind == Kind::Audio);
    let timescale = audio.or(muxer.tracks.first()).map_or(1000, |track| track.timescale);
    let written: Vec<_> =
        muxer.tracks.iter().zip(ends).filter(|(t, _)| !t.rows.is_empty()).collect();
    let plans: Vec<_> =
        written.iter().map(|(track, end)| Plan::new(track, **end, timescale)).collect();
    let duration = plans.iter().map(|plan| plan.duration).max().unwrap_or(0);
    // The shift itself depends on the answer, so a file near the limit gets large offsets early.
    let large = muxer.written + 2 * muxer.reserved > u32::MAX.into();
    let mut moov = Vec::new();
    moov.boxed(b"moov", |out| {
        movie_header(out, timescale, duration, plans.len());
        for (((track, _), plan), id) in written.iter().zip(&plans).zip(1..) {
            track_box(out, track, id, plan.duration, plan.media_duration, &plan.edits, |out| {
                plan.tables(out, track, large, shift);
            });
        }
    });
    moov
}

/// The times of one track in the finished file.
struct Plan {
    /// In ticks of the movie.
    duration: u64,
    /// In ticks of the track.
    media_duration: u64,
    last_step: u32,
    /// Duration in ticks of the movie and where in the media it begins; -1 for nothing.
    edits: Vec<(u64, i64)>,
}

impl Plan {
    fn new(track: &OutTrack, end: i64, movie_timescale: u32) -> Self {
        let first = track.rows.first().map_or(0, |row| row.dts);
        let last = track.rows.last().map_or((0, 0), |row| (row.dts, i64::from(row.shift)));
        let shown = track.rows.iter().map(|row| row.dts + i64::from(row.shift)).min().unwrap_or(0);
        let last_step = u32::try_from(end - last.0 - last.1).unwrap_or(0).max(1);
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
    fn tables(&self, out: &mut Vec<u8>, track: &OutTrack, large: bool, shift: i64) {
        let rows = &track.rows;
        let steps = rows
            .windows(2)
            .map(|pair| u32::try_from(pair[1].dts - pair[0].dts).unwrap_or(u32::MAX));
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
        match large {
            true => counted(out, b"co64", 0, offsets, Write::u64),
            false => counted(out, b"stco", 0, offsets, |out, offset| out.u32(offset as u32)),
        }
    }
}

/// A table: a full box with a count in front of its entries.
fn counted<T>(
    out: &mut Vec<u8>,
    kind: &[u8; 4],
    version: u8,
    entries: Vec<T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.full_box(kind, version, 0, |out| {
        out.u32(entries.len() as u32);
        for entry in entries {
            write(out, entry);
        }
    });
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

pub(crate) fn movie_header(out: &mut Vec<u8>, timescale: u32, duration: u64, tracks: usize) {
    let version = version_for(duration);
    out.full_box(b"mvhd", version, 0, |out| {
        out.zeros(if version == 1 { 16 } else { 8 });
        out.u32(timescale);
        versioned(out, version, duration);
        out.u32(0x1_0000);
        out.u16(0x100);
        out.zeros(10);
        matrix(out, &UNITY_MATRIX);
        out.zeros(24);
        out.u32(tracks as u32 + 1);
    });
}

/// A `trak` whose sample tables `tables` writes.
pub(crate) fn track_box(
    out: &mut Vec<u8>,
    track: &OutTrack,
    id: u32,
    duration: u64,
    media_duration: u64,
    edits: &[(u64, i64)],
    tables: impl FnOnce(&mut Vec<u8>),
) {
    let (handler, name): (&[u8; 4], &[u8]) = match track.kind {
        Kind::Video => (b"vide", b"video\0"),
        Kind::Audio => (b"soun", b"audio\0"),
    };
    out.boxed(b"trak", |out| {
        let version = version_for(duration);
        // Enabled, and part of the movie and its preview.
        out.full_box(b"tkhd", version, 7, |out| {
            out.zeros(if version == 1 { 16 } else { 8 });
            out.u32(id);
            out.zeros(4);
            versioned(out, version, duration);
            out.zeros(12);
            out.u16(if track.kind == Kind::Audio { 0x100 } else { 0 });
            out.zeros(2);
            matrix(out, &track.matrix);
            out.u32(track.size.0 << 16);
            out.u32(track.size.1 << 16);
        });
        if !edits.is_empty() {
            out.boxed(b"edts", |out| edit_list(out, edits));
        }
        out.boxed(b"mdia", |out| {
            let version = version_for(media_duration);
            out.full_box(b"mdhd", version, 0, |out| {
                out.zeros(if version == 1 { 16 } else { 8 });
                out.u32(track.timescale);
                versioned(out, version, media_duration);
                out.u16(track.language);
                out.zeros(2);
            });
            out.full_box(b"hdlr", 0, 0, |out| {
                out.zeros(4);
                out.extend_from_slice(handler);
                out.zeros(12);
                out.extend_from_slice(name);
            });
            out.boxed(b"minf", |out| {
                match track.kind {
                    Kind::Video => out.full_box(b"vmhd", 0, 1, |out| out.zeros(8)),
                    Kind::Audio => out.full_box(b"smhd", 0, 0, |out| out.zeros(4)),
                }
                out.boxed(b"dinf", |out| {
                    out.full_box(b"dref", 0, 0, |out| {
                        out.u32(1);
                        out.full_box(b"url ", 0, 1, |_| {});
                    });
                });
                out.boxed(b"stbl", |out| {
                    out.full_box(b"stsd", 0, 0, |out| {
                        out.u32(1);
                        out.extend_from_slice(&track.entry);
                    });
                    tables(out);
                });
            });
        });
    });
}

fn edit_list(out: &mut Vec<u8>, edits: &[(u64, i64)]) {
    let large = |&(duration, media_time): &(u64, i64)| {
        duration > u32::MAX.into() || i32::try_from(media_time).is_err()
    };
    let version = u8::from(edits.iter().any(large));
    counted(out, b"elst", version, edits.to_vec(), |out, (duration, media_time)| {
        versioned(out, version, duration);
        versioned(out, version, media_time as u64);
        out.u32(0x1_0000);
    });
}

fn version_for(duration: u64) -> u8 {
    u8::from(duration > u32::MAX.into())
}

fn versioned(out: &mut Vec<u8>, version: u8, value: u64) {
    match version {
        1 => out.u64(value),
        _ => out.u32(value as u32),
    }
}

fn matrix(out: &mut Vec<u8>, matrix: &[u32; 9]) {
    for &value in matrix {
        out.u32(value);
    }
}
