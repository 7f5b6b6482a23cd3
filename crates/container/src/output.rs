//! What the muxers of both families share: samples that wait, how far tracks reach, and the steps
//! that finish a file.

use bytes::Bytes;

use crate::codec;
use crate::sample::{Kind, NANOS_PER_SECOND, Sample};
use crate::segmenter::SegmentSpec;
use crate::webm;

/// One step of finishing a file, to be done in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishStep {
    /// Write these bytes at this offset.
    WriteAt {
        /// From the start of the file.
        offset: u64,
        /// What stands there afterwards.
        bytes: Bytes,
    },
    /// Everything written so far must be on the disk before the next step.
    Sync,
    /// The room kept for the index is too small: write a new file that consists of `front` and
    /// of what the growing file holds from `keep_from` on, and put it in the old one's place.
    Rewrite {
        /// The new beginning.
        front: Bytes,
        /// First byte of the growing file that stays.
        keep_from: u64,
    },
}

/// What a finished file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// From the first presentation to the end of the last sample, in nanoseconds.
    pub duration_ns: i64,
    /// Samples of the video track.
    pub video_samples: u64,
    /// Packets of the audio track.
    pub audio_samples: u64,
    /// Samples that the file has at another time than they came with, or with another length,
    /// since its container has no number for that or the file begins behind it: they are as near
    /// to it as they can be.
    pub clamped_samples: u64,
}

/// Samples that wait for the next commit, by track.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) tracks: Vec<Vec<Sample>>,
    pub(crate) bytes: usize,
    pub(crate) samples: usize,
}

impl Pending {
    pub(crate) fn new(tracks: usize) -> Self {
        Self { tracks: vec![Vec::new(); tracks], bytes: 0, samples: 0 }
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        if let Some(track) = self.tracks.get_mut(sample.track) {
            self.bytes += sample.data.len();
            self.samples += 1;
            track.push(sample);
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Vec<Sample>> {
        self.bytes = 0;
        self.samples = 0;
        let empty = vec![Vec::new(); self.tracks.len()];
        std::mem::replace(&mut self.tracks, empty)
    }
}

/// Follows one track's samples to know where it ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extent {
    pub(crate) samples: u64,
    pub(crate) sync_samples: u64,
    first_pts: i64,
    last_pts: i64,
    last_step: i64,
    is_reordered: bool,
    last_duration: Option<i64>,
}

impl Extent {
    pub(crate) fn add(&mut self, sample: &Sample, is_opus: bool, timescale: u32) {
        if self.samples == 0 {
            self.first_pts = sample.pts;
        } else if sample.pts > self.last_pts {
            self.last_step = sample.pts - self.last_pts;
        } else {
            self.is_reordered = true;
        }
        self.samples += 1;
        self.sync_samples += u64::from(sample.sync);
        if self.samples == 1 || sample.pts >= self.last_pts {
            self.last_pts = sample.pts;
            let opus = is_opus.then(|| heard_opus(sample)).flatten();
            let opus = opus.map(|d| crate::sample::rescale(d, 48_000, timescale.into()));
            self.last_duration = opus.or(sample.duration).filter(|&duration| duration > 0);
        }
    }

    /// Where the track ends, in its ticks. A single frame of unknown length lasts a thirtieth of
    /// a second. Behind `cut`, where the next file begins, lasts only what is as long as usual: a
    /// recorder may give the last packet in front of a hole the length of the hole.
    pub(crate) fn end(&self, timescale: u32, cut: Option<i64>) -> i64 {
        let end = self.stated_end(timescale);
        match cut {
            Some(cut) if self.last_step > 0 && !self.is_reordered => {
                end.min(cut.max(self.last_pts.saturating_add(self.last_step)))
            }
            _ => end,
        }
    }

    fn stated_end(&self, timescale: u32) -> i64 {
        let span = self.last_pts - self.first_pts;
        let step = match self.is_reordered {
            true => span / i64::try_from(self.samples.max(2) - 1).unwrap_or(1),
            false => self.last_step,
        };
        let step = (step > 0).then_some(step);
        self.last_pts + self.last_duration.or(step).unwrap_or(i64::from(timescale / 30).max(1))
    }
}

/// How much of an Opus packet is heard, in samples of 48 kHz: what its encoder put behind the end
/// of the sound, to fill the last packet, is not.
pub(crate) fn heard_opus(sample: &Sample) -> Option<i64> {
    let whole = i64::from(codec::opus::packet_duration(&sample.data)?);
    let padding_ns = webm::block::discard_padding_ns(&sample.block_extra).unwrap_or(0);
    let padding = crate::sample::rescale_between(padding_ns, NANOS_PER_SECOND, 48_000);
    // At least a sample of it, since nobody would have sent it otherwise.
    Some((whole - padding.clamp(0, whole)).max(1))
}

pub(crate) fn is_opus(codec: &str) -> bool {
    matches!(codec, "A_OPUS" | "Opus")
}

/// The counts and the duration that [`crate::Muxer::finish`] reports.
pub(crate) fn summarise(spec: &SegmentSpec, extents: &[Extent], end_ns: Option<i64>) -> Summary {
    let mut summary = Summary::default();
    for (track, extent) in spec.tracks.iter().zip(extents) {
        let counter = match track.kind {
            Kind::Video => &mut summary.video_samples,
            Kind::Audio => &mut summary.audio_samples,
        };
        *counter += extent.samples;
        if extent.samples > 0 {
            let end = match (track.kind, end_ns) {
                (Kind::Video, Some(end_ns)) => end_ns,
                _ => {
                    let cut = end_ns.map(|end_ns| track.from_nanos(end_ns));
                    track.to_nanos(extent.end(track.timescale, cut))
                }
            };
            summary.duration_ns = summary.duration_ns.max(end - spec.origin_ns);
        }
    }
    summary
}
