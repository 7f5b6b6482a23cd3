//! Which samples of a reel are wanted, and where they lie.

use std::ops::Range;

use super::{Joined, widened};
use crate::reel::Cut;
use crate::sample::{Kind, NANOS_PER_SECOND, rescale, rescale_between};

/// What is taken of the parts.
pub(super) struct Selection {
    /// Of each track, as numbers in its decode order.
    pub(super) samples: Vec<Range<u64>>,
    /// Of each file, in the order of the parts.
    pub(super) ranges: Vec<(usize, Range<u64>)>,
    pub(super) cut: Option<Cut>,
}

impl Selection {
    /// Everything.
    pub(super) fn all(tracks: usize, ranges: impl Iterator<Item = (usize, Range<u64>)>) -> Self {
        Self { samples: vec![0..u64::MAX; tracks], ranges: ranges.collect(), cut: None }
    }

    /// What a cut takes. `None` where that is nothing.
    pub(super) fn of(joined: &Joined<'_>, cut: Cut) -> Option<Self> {
        if cut.to_ns <= cut.from_ns.max(0) {
            return None;
        }
        let video = joined.tracks.iter().position(|track| track.kind == Kind::Video);
        let lead = video.unwrap_or(0);
        // Without a picture the sound begins where it is wanted.
        let (begin, begin_ns) = beginning(joined, lead, cut.from_ns.max(0), true)?;
        let mut samples = Vec::new();
        for track in 0..joined.tracks.len() {
            let begin = match track == lead {
                true => Some(begin),
                false => beginning(joined, track, begin_ns, false).map(|(begin, _)| begin),
            };
            let begin = begin.unwrap_or(0);
            samples.push(begin..ending(joined, track, cut.to_ns).max(begin));
        }
        let ranges = ranges(joined, &samples);
        Some(Self { samples, ranges, cut: Some(cut) })
    }

    /// Where a byte of a part lies in what is taken.
    pub(super) fn places(&self) -> impl FnMut(usize, u64) -> u64 + use<> {
        let mut at = 0;
        let mut starts = Vec::with_capacity(self.ranges.len());
        for (part, range) in &self.ranges {
            starts.push((*part, at, range.start));
            at += range.end - range.start;
        }
        let mut current = 0;
        move |part, offset| {
            // Parts come in their order.
            while starts.get(current).is_some_and(|&(at, ..)| at < part) {
                current += 1;
            }
            let (_, at, from) = starts.get(current).copied().unwrap_or_default();
            at + offset.saturating_sub(from)
        }
    }
}

/// The last of the samples to begin with that is shown at this time or before, or the first of all;
/// with the time when it is shown.
fn beginning(joined: &Joined<'_>, track: usize, at_ns: i64, is_lead: bool) -> Option<(u64, i64)> {
    let timescale = joined.tracks[track].timescale;
    let at = rescale_between(at_ns, NANOS_PER_SECOND, timescale.into());
    let mut found = None;
    for (sample, number) in joined.samples(track).zip(0..) {
        if found.is_none() || sample.is_sync && sample.shown() <= at {
            found = Some((number, sample.shown()));
        }
        // Nothing is shown so much earlier than it is decoded that more could follow.
        if sample.is_sync && sample.shown() > at && number > 0 {
            break;
        }
    }
    let (number, shown) = found?;
    let begins_ns = rescale(shown, timescale, NANOS_PER_SECOND);
    Some((number, if is_lead { begins_ns.min(at_ns) } else { begins_ns }))
}

/// What is behind the last sample, in decode order, that is shown in front of this time.
fn ending(joined: &Joined<'_>, track: usize, at_ns: i64) -> u64 {
    let at = rescale_between(at_ns, NANOS_PER_SECOND, joined.tracks[track].timescale.into());
    let shown = joined.samples(track).zip(1..).filter(|(sample, _)| sample.shown() < at);
    shown.map(|(_, number)| number).max().unwrap_or(0)
}

/// From the first to the last byte of what is taken of each part.
fn ranges(joined: &Joined<'_>, samples: &[Range<u64>]) -> Vec<(usize, Range<u64>)> {
    let mut ranges = vec![0..0; joined.heads.len()];
    for (track, wanted) in samples.iter().enumerate() {
        for (sample, number) in joined.samples(track).zip(0..) {
            if wanted.contains(&number)
                && let Some(range) = ranges.get_mut(sample.part - joined.from)
            {
                widened(range, &sample);
            }
        }
    }
    let numbered = ranges.into_iter().zip(joined.from..).map(|(range, part)| (part, range));
    numbered.filter(|(_, range)| !range.is_empty()).collect()
}
