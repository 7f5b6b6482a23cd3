//! The tracks of an index, and how far each is read.

use bytes::Bytes;

use super::edits::{Edits, is_elsewhere};
use super::tables::{Row, Rows};
use crate::error::{ErrorKind, Fault};
use crate::fmp4::fragment::frames_together;
use crate::fmp4::syntax::{Children, Reader, find, require};
use crate::fmp4::tracks::{Defaults, read_trak, read_trex};
use crate::notes::Notes;
use crate::sample::{Detail, Kind, MAX_TRACKS, NANOS_PER_SECOND, Sample, Track, rescale};

/// What a `moov` payload says.
pub(super) struct Movie {
    pub(super) tracks: Vec<Track>,
    pub(super) readings: Vec<Reading>,
    pub(super) duration_ns: i64,
    /// Whether fragments may follow.
    pub(super) may_continue: bool,
    pub(super) notes: Notes,
    /// Of tracks that cannot be read; the others can.
    pub(super) faults: Vec<Fault>,
}

/// Reads a `moov` payload of a file of so many bytes.
pub(super) fn read(moov: &Bytes, file_bytes: u64) -> Result<Movie, Fault> {
    let (version, _, mut mvhd) = Reader::full(require(moov, &[b"mvhd"], "mvhd")?, "mvhd")?;
    mvhd.skip(if version == 1 { 16 } else { 8 })?;
    let timescale = mvhd.u32()?.max(1);
    let duration = i64::try_from(mvhd.versioned(version)?).unwrap_or(0);
    let mvex = find(moov, b"mvex")?;
    let mut movie = Movie {
        tracks: Vec::new(),
        readings: Vec::new(),
        duration_ns: rescale(duration, timescale, NANOS_PER_SECOND),
        may_continue: mvex.is_some(),
        notes: Notes::default(),
        faults: Vec::new(),
    };
    for child in Children::of(moov) {
        let child = child?;
        if child.kind != *b"trak" {
            continue;
        }
        let trak = moov.slice_ref(child.payload);
        match read_track(&trak, timescale, file_bytes, &mut movie.notes) {
            Ok(Some((mut track, reading))) => {
                if let (Some(mvex), Detail::Mp4(detail)) = (mvex, &mut track.detail) {
                    detail.defaults = read_trex(mvex, detail.track_id)?;
                }
                if movie.tracks.len() >= MAX_TRACKS {
                    return Err(Fault { kind: ErrorKind::TooLarge, element: "trak" });
                }
                movie.tracks.push(track);
                movie.readings.push(reading);
            }
            Ok(None) => movie.notes.other_tracks += 1,
            Err(fault) => movie.faults.push(fault),
        }
    }
    Ok(movie)
}

fn read_track(
    trak: &Bytes,
    timescale: u32,
    file_bytes: u64,
    notes: &mut Notes,
) -> Result<Option<(Track, Reading)>, Fault> {
    let Some(track) = read_trak(trak, timescale)? else { return Ok(None) };
    let minf = require(trak, &[b"mdia", b"minf"], "minf")?;
    if is_elsewhere(minf)? {
        return Err(Fault { kind: ErrorKind::NoTracks, element: "dref" });
    }
    let stbl = trak.slice_ref(require(minf, &[b"stbl"], "stbl")?);
    let alike = Defaults { duration: 1, size: 1, ..Defaults::default() };
    let rows = Rows::read(&stbl, frames_together(&track, alike) as u32, file_bytes)?;
    let edits = Edits::read(trak)?;
    notes.unfollowed_edits += u32::from(edits.parts > 1);
    let mut reading = Reading {
        timescale: track.timescale,
        delay: track.delay,
        is_audio: track.kind == Kind::Audio,
        left: rows.count(),
        rows,
        next: None,
        end: i64::MAX,
        description: 1,
    };
    if let Some(shown) = edits.shown {
        reading.limit(shown.saturating_add(edits.empty), timescale, notes)?;
    }
    reading.advance()?;
    Ok(Some((track, reading)))
}

/// One track, and its next sample.
#[derive(Debug)]
pub(super) struct Reading {
    timescale: u32,
    /// As [`Track::delay`].
    delay: i64,
    is_audio: bool,
    rows: Rows,
    /// Rows that may still be handed out; a packet of uncompressed sound counts for one.
    left: u32,
    next: Option<Next>,
    /// Where the edit list ends what it shows, in ticks of presentation.
    end: i64,
    description: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Next {
    pub(super) row: Row,
    /// When it is decoded, on the clock of all tracks.
    pub(super) at_ns: i64,
}

impl Reading {
    /// How much more its tables name than the file can hold.
    pub(super) fn beyond_bytes(&self) -> u64 {
        self.rows.beyond_bytes()
    }

    /// The sample that is next.
    pub(super) fn next(&self) -> Option<&Next> {
        self.next.as_ref()
    }

    pub(super) fn advance(&mut self) -> Result<(), Fault> {
        self.next = None;
        if self.left == 0 {
            return Ok(());
        }
        self.left -= 1;
        let (timescale, delay) = (self.timescale, self.delay);
        self.next = self.rows.next()?.map(|row| Next {
            row,
            at_ns: rescale(row.dts.saturating_sub(delay), timescale, NANOS_PER_SECOND),
        });
        Ok(())
    }

    /// Leaves out what is decoded behind the last sample that the edit list shows: `shown` ticks
    /// of the movie, from its beginning on.
    fn limit(&mut self, shown: u64, movie_scale: u32, notes: &mut Notes) -> Result<(), Fault> {
        let ticks = |shown: u64| {
            let shown = i64::try_from(shown).unwrap_or(i64::MAX);
            rescale(shown, movie_scale, self.timescale.into())
        };
        self.end = ticks(shown);
        // The end is rounded to the movie's ticks, and no sample is to be lost to that.
        let tolerated = ticks(shown.saturating_add(1));
        let (mut rows, mut number, mut last) = (self.rows.clone(), 0, 0);
        // What is wrong with the tables is found again where it matters.
        while let Ok(Some(row)) = rows.next() {
            number += 1;
            if row.dts.saturating_sub(self.delay).saturating_add(row.shift.into()) < tolerated {
                last = number;
            }
        }
        self.left = last;
        notes.hidden_samples += u64::from(number - last);
        Ok(())
    }

    /// Takes nothing more of it.
    pub(super) fn give_up(&mut self) {
        (self.left, self.next) = (0, None);
    }

    /// Where the tables end, in ticks of the media.
    pub(super) fn into_end_dts(mut self) -> i64 {
        // What the edit list hides counts, too; what is wrong with the tables was told before.
        while let Ok(Some(_)) = self.rows.next() {}
        self.rows.end_dts()
    }

    /// Whether this sample entry of the track is known.
    pub(super) fn has_description(&self, description: u32, track: &Track) -> bool {
        description == self.description || track.has_entry(description)
    }

    /// The track as another of its sample entries describes it, if that is not the one before.
    pub(super) fn describe(&mut self, description: u32, track: &Track) -> Option<Track> {
        if description == self.description {
            return None;
        }
        let track = track.under(description)?;
        self.description = description;
        Some(track)
    }

    pub(super) fn to_sample(&self, row: &Row, track: usize, data: Bytes) -> Sample {
        let dts = row.dts.saturating_sub(self.delay);
        let pts = dts.saturating_add(row.shift.into());
        // The last one that is shown may last longer than it is shown.
        let left = u32::try_from(self.end.saturating_sub(pts)).unwrap_or(u32::MAX);
        let duration = if left == 0 { row.duration } else { row.duration.min(left) };
        Sample {
            track,
            pts,
            dts,
            duration: Some(duration.into()),
            sync: row.is_sync || self.is_audio,
            data,
            block_extra: Bytes::new(),
        }
    }
}
