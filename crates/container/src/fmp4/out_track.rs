//! A track of a file that is written: what it says of itself, and the index of its samples.

use std::ops::Range;

use super::entry::{audio_timescale, sample_entry};
use super::language::{self, UNDETERMINED};
use super::presentation::{carried_size, fixed_size, shown_size, turned};
use super::tracks::{TrackDetail, UNITY_MATRIX};
use crate::error::Fault;
use crate::sample::{Detail, Kind, NANOS_PER_SECOND, Track, rescale};
use crate::segmenter::SegmentSpec;

/// The longest step from one sample to the next, in ticks.
pub(crate) const MAX_STEP: i64 = u32::MAX as i64;

/// The most ticks per second: a step then reaches over more than an hour without a picture. With a
/// finer clock, as some of Microsoft's and ffmpeg's files have it, it reaches over some seconds only.
pub(crate) const MAX_TIMESCALE: u32 = 1_000_000;

/// A track of the file, and the index of what was written of it.
#[derive(Debug)]
pub(crate) struct OutTrack {
    pub(super) kind: Kind,
    pub(super) timescale: u32,
    pub(super) entry: Vec<u8>,
    pub(super) matrix: [u32; 9],
    pub(super) language: u16,
    /// What the language is more closely: a tag of BCP 47.
    pub(super) language_tag: Option<String>,
    /// As it is shown, in 1/65,536 pixels.
    pub(super) size: (u32, u32),
    /// [`SegmentSpec::origin_ns`] in ticks.
    pub(super) origin: i64,
    /// What the growing file's edit list hides, in ticks.
    pub(super) hidden: i64,
    pub(super) rows: Vec<Row>,
    pub(super) chunks: Vec<Chunk>,
    /// Which of a commit's samples the fragment holds that is being written.
    pub(super) group: Range<usize>,
}

/// A written sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(super) dts: i64,
    pub(super) shift: i32,
    pub(super) size: u32,
    pub(super) sync: bool,
}

impl Row {
    pub(super) fn shown(&self) -> i64 {
        self.dts + i64::from(self.shift)
    }

    /// Puts it to where it is decoded and shown. From one sample to the next there are 32 bits of
    /// ticks (clause 8.6.1.2), and as many, with a sign, from decoding to presentation: what is
    /// further away is as near as they reach.
    pub(super) fn place(&mut self, decoded: i64, shown: i64, last: Option<i64>) {
        self.dts = last.map_or(decoded, |last| decoded.min(last + MAX_STEP));
        self.shift = (shown - self.dts).clamp(i32::MIN.into(), i32::MAX.into()) as i32;
    }
}

/// A run of one track's samples that lie side by side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk {
    pub(super) offset: u64,
    pub(super) samples: u32,
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
            language_tag: None,
            size: fixed_size(size),
            origin: 0,
            hidden: 0,
            rows: Vec::new(),
            chunks: Vec::new(),
            group: 0..0,
        }
    }

    /// A track as an MP4 describes it, under this sample entry.
    pub(crate) fn described(track: &Track, detail: &TrackDetail, entry: Vec<u8>) -> Self {
        Self {
            matrix: detail.matrix,
            language: detail.language,
            language_tag: detail.language_tag.clone(),
            size: detail.shown_size,
            ..Self::announced(track.kind, track.timescale, entry, (0, 0))
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn timescale(&self) -> u32 {
        self.timescale
    }

    pub(super) fn new(track: &Track, spec: &SegmentSpec) -> Result<Self, Fault> {
        let (timescale, matrix, size, (language, language_tag)) = match &track.detail {
            Detail::Mp4(detail) => {
                let size = carried_size(track, detail);
                let language = (detail.language, detail.language_tag.clone());
                (track.timescale.min(MAX_TIMESCALE), detail.matrix, size, language)
            }
            Detail::Webm(detail) => {
                let size = (track.width, track.height);
                let shown = detail.presentation(size);
                let size = shown_size(&shown, size);
                let timescale = match track.kind {
                    Kind::Video => 90_000,
                    Kind::Audio => audio_timescale(track),
                };
                let matrix = turned(shown.turn, size);
                (timescale, matrix, fixed_size(size), language::of(&shown.language))
            }
        };
        // Known before the track's first sample comes, which may be in a later commit.
        let delay = rescale(track.delay, track.timescale, timescale.into());
        Ok(Self {
            kind: track.kind,
            timescale,
            entry: sample_entry(track, spec.keeps_delay)?,
            matrix,
            language,
            language_tag,
            size,
            origin: crate::sample::rescale_between(
                spec.origin_ns,
                NANOS_PER_SECOND,
                timescale.into(),
            ),
            hidden: if spec.keeps_delay { delay.max(0) } else { 0 },
            rows: Vec::new(),
            chunks: Vec::new(),
            group: 0..0,
        })
    }

    /// Frames that are shown in another order than they are decoded, from a stream that tells no
    /// decode times: they are decoded in the rhythm in which they are shown, early enough for all.
    /// Returns how many cannot be shown when they should.
    pub(super) fn settle_decode_times(&mut self) -> u64 {
        if self.rows.iter().all(|row| row.shift >= 0) {
            return 0;
        }
        let mut times: Vec<i64> = self.rows.iter().map(Row::shown).collect();
        times.sort_unstable();
        let late = self.rows.iter().zip(&times).map(|(row, time)| time - row.shown()).max();
        let late = late.unwrap_or(0);
        let (mut last, mut clamped) = (None, 0);
        for (row, time) in self.rows.iter_mut().zip(times) {
            let shown = row.shown();
            row.place(time - late, shown, last);
            last = Some(row.dts);
            clamped += u64::from(row.shown() != shown);
        }
        clamped
    }
}
