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

use super::boxes::{file_type, movie_header, track_box};
use super::out_track::OutTrack;
use super::plan::{Plan, Span, tables};
use super::syntax::Write;
use super::tables::Offsets;
use crate::output::FinishStep;
use crate::sample::Kind;

/// The header of an `mdat` with a 64-bit size.
pub(crate) const MDAT_HEADER_BYTES: u64 = 16;

/// What stands in front of the media for the index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// All of its bytes.
    pub(crate) reserved: u64,
    /// How many of them may stay empty.
    pub(crate) max_filler: u64,
}

impl Room {
    /// What stays empty, if an index of `needed` bytes fits: nothing, or enough for a box.
    fn filler(self, needed: u64) -> Option<u64> {
        let filler = self.reserved.checked_sub(needed)?;
        let is_allowed = filler <= self.max_filler || filler == 0;
        (is_allowed && (filler == 0 || filler >= 8)).then_some(filler)
    }
}

/// What finishes the file of `written` bytes whose tracks end at `ends`, in their ticks.
pub(crate) fn steps(
    tracks: &[OutTrack],
    ends: &[i64],
    room: Room,
    written: u64,
) -> Vec<FinishStep> {
    let reserved = room.reserved;
    let ftyp = file_type();
    let room_at = ftyp.len() as u64;
    let room_end = room_at + reserved;
    let (moov, offsets) = index(tracks, ends, room);
    let needed = moov.len() as u64 + MDAT_HEADER_BYTES;
    let media = written.saturating_sub(room_end);
    let Some(filler) = room.filler(needed) else {
        let shift = needed as i64 - reserved as i64;
        let mut front = ftyp;
        front.extend(movie(tracks, ends, offsets, shift));
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

/// What stands in front of so many bytes of media.
pub(crate) fn media_header(media_bytes: u64) -> Vec<u8> {
    let mut header = Vec::new();
    header.u32(1);
    header.extend_from_slice(b"mdat");
    header.u64(MDAT_HEADER_BYTES + media_bytes);
    header
}

/// The movie box of data that stays where it is, and how wide its offsets are: what they are when
/// the data moves behind it depends on how long it is.
fn index(tracks: &[OutTrack], ends: &[i64], room: Room) -> (Vec<u8>, Offsets) {
    let last = tracks.iter().filter_map(|track| track.chunks.last()).map(|chunk| chunk.offset);
    let last = last.max().unwrap_or(0);
    let moov = movie(tracks, ends, Offsets::Small, 0);
    let needed = moov.len() as u64 + MDAT_HEADER_BYTES;
    let moved = if room.filler(needed).is_some() { 0 } else { needed };
    // Data moves by what the room was too small.
    if last.saturating_sub(room.reserved.min(moved)) + moved <= u32::MAX.into() {
        return (moov, Offsets::Small);
    }
    (movie(tracks, ends, Offsets::Large, 0), Offsets::Large)
}

/// The movie box with all tables; sample data stands `shift` bytes behind where it was written.
fn movie(tracks: &[OutTrack], ends: &[i64], offsets: Offsets, shift: i64) -> Vec<u8> {
    // Edits count in the movie's ticks, and what they hide of the audio is heard.
    let audio = tracks.iter().find(|track| track.kind == Kind::Audio);
    let timescale = audio.or(tracks.first()).map_or(1000, |track| track.timescale);
    let written: Vec<_> = tracks.iter().zip(ends).filter(|(t, _)| !t.rows.is_empty()).collect();
    let spans: Vec<_> = written.iter().map(|(track, end)| Span::of(track, **end)).collect();
    let plans: Vec<_> = written
        .iter()
        .zip(&spans)
        .map(|((track, _), span)| Plan::new(span, track.timescale, timescale))
        .collect();
    let duration = plans.iter().map(|plan| plan.duration).max().unwrap_or(0);
    let mut moov = Vec::new();
    moov.boxed(b"moov", |out| {
        movie_header(out, timescale, duration, plans.len());
        for ((((track, _), span), plan), id) in written.iter().zip(&spans).zip(&plans).zip(1..) {
            track_box(out, track, id, plan.duration, plan.media_duration, &plan.edits, |out| {
                tables(track, span.last.1).write(out, track.kind, offsets, shift);
            });
        }
    });
    moov
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fmp4::out_track::{Chunk, Row};

    /// The end of the file that one chunk at `offset` gives, of more samples than the room holds.
    fn front(offset: u64, reserved: u64) -> Vec<u8> {
        let mut track = OutTrack::announced(Kind::Audio, 48_000, vec![0; 16], (0, 0));
        track.rows =
            (0..1000).map(|n| Row { dts: n, shift: 0, size: n as u32, sync: true }).collect();
        track.chunks = vec![Chunk { offset, samples: 1000 }];
        let room = Room { reserved, max_filler: u64::MAX };
        match &steps(&[track], &[1000], room, offset + 500_000)[0] {
            FinishStep::Rewrite { front, .. } => front.to_vec(),
            FinishStep::WriteAt { bytes, .. } => bytes.to_vec(),
            FinishStep::Sync => unreachable!(),
        }
    }

    fn offset(front: &[u8]) -> u64 {
        let behind = |kind| memchr::memmem::find(front, kind).map(|at| &front[at + 12..]);
        match (behind(b"stco"), behind(b"co64")) {
            (Some(small), None) => u32::from_be_bytes(*small.first_chunk().unwrap()).into(),
            (None, Some(large)) => u64::from_be_bytes(*large.first_chunk().unwrap()),
            both => panic!("{both:?}"),
        }
    }

    #[test]
    fn offsets_near_4_gib_are_as_wide_as_they_must_be_behind_a_longer_index() {
        let limit = u64::from(u32::MAX);
        let needed = front(1_000_000, 100).len() as u64 - file_type().len() as u64;
        let moved = needed - 100;
        for at in [limit - moved - 1, limit - moved, limit - moved + 1, limit, limit + 1] {
            let front = front(at, 100);
            // The wide one makes the index itself four bytes longer.
            let wide = u64::from(at + moved > limit) * 4;
            assert_eq!(offset(&front), at + moved + wide, "{at}");
            // In its place nothing moves.
            assert_eq!(offset(&self::front(at, 20_000)), at, "{at}");
        }
    }
}
