//! Which samples of a stream are in files, and from where it can be continued.

use std::collections::VecDeque;

use crate::commit::Checkpoint;
use crate::demux::ResumePoint;

/// Counts the samples of one stream in and out.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// Samples that were pushed.
    pub(super) pushed: u64,
    tracks: Vec<Counts>,
    /// Places behind which something is still held back, with how many samples came before each.
    places: VecDeque<(u64, ResumePoint)>,
    /// The last place from which everything that was handed out can be continued.
    settled: Option<(u64, ResumePoint)>,
    /// The tracks of the samples behind the first place that is noted.
    behind: VecDeque<usize>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    pushed: u64,
    /// Handed out, or dropped for good.
    done: u64,
    /// Samples that are still to come and are in files already.
    skip: u32,
}

impl Books {
    /// The books of a stream that goes on at `checkpoint`.
    pub(super) fn resume(checkpoint: &Checkpoint) -> Self {
        let counts = |&already: &u32| Counts { pushed: 0, done: already.into(), skip: already };
        Self {
            tracks: checkpoint.already.iter().map(counts).collect(),
            settled: Some((0, checkpoint.resume.clone())),
            ..Self::default()
        }
    }

    /// A new init segment: what comes now is counted for its tracks.
    pub(super) fn begin(&mut self, tracks: usize) {
        *self = Self {
            pushed: self.pushed,
            tracks: vec![Counts::default(); tracks],
            ..Self::default()
        };
    }

    /// Counts a sample in, and says whether it is in no file yet.
    pub(super) fn push(&mut self, track: usize) -> bool {
        self.pushed += 1;
        if self.settled.is_some() || !self.places.is_empty() {
            self.behind.push_back(track);
        }
        let Some(counts) = self.tracks.get_mut(track) else { return false };
        counts.pushed += 1;
        let is_new = counts.skip == 0;
        counts.skip = counts.skip.saturating_sub(1);
        is_new
    }

    /// Counts a sample out.
    pub(super) fn hand_out(&mut self, track: usize) {
        if let Some(counts) = self.tracks.get_mut(track) {
            counts.done += 1;
        }
    }

    /// Notes a place behind what was pushed so far.
    pub(super) fn place(&mut self, resume: ResumePoint) {
        let known = self.places.back().or(self.settled.as_ref());
        if known.is_none_or(|(_, known)| *known != resume) {
            self.places.push_back((self.pushed, resume));
        }
    }

    /// How many samples came before the newest place that is noted.
    pub(super) fn placed(&self) -> Option<u64> {
        self.places.back().or(self.settled.as_ref()).map(|(pushed, _)| *pushed)
    }

    /// The last place in front of which all samples are among the first `settled`.
    pub(super) fn checkpoint(&mut self, settled: u64) -> Option<Checkpoint> {
        while let Some(place) = self.places.pop_front_if(|(pushed, _)| *pushed <= settled) {
            self.settled = Some(place);
        }
        let (pushed, resume) = self.settled.as_ref()?;
        let keep = usize::try_from(self.pushed - pushed).unwrap_or(usize::MAX);
        self.behind.drain(..self.behind.len().saturating_sub(keep));
        let mut behind = vec![0; self.tracks.len()];
        for &track in &self.behind {
            if let Some(count) = behind.get_mut(track) {
                *count += 1;
            }
        }
        let already = self.tracks.iter().zip(behind).map(|(counts, behind)| {
            u32::try_from((counts.done + behind).saturating_sub(counts.pushed)).unwrap_or(u32::MAX)
        });
        Some(Checkpoint { resume: resume.clone(), already: already.collect() })
    }
}
