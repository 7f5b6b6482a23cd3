//! One init segment's samples on their way to files.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::sample::{Container, Detail, Init, Kind, NANOS_PER_SECOND, Sample, Track};

/// How far audio and video of one moment arrive apart at most: Chromium's MP4 fragments hold all
/// audio of two seconds, then all video of them. After this long a file no longer waits.
pub(super) const MAX_SKEW_NS: i64 = 3 * NANOS_PER_SECOND;

/// The same for Matroska, where every browser interleaves within 100 ms. What is held back is
/// not acknowledged, so the bound is tight.
pub(super) const MAX_MATROSKA_SKEW_NS: i64 = NANOS_PER_SECOND;

/// Three seconds of the smallest packets and of the largest; a stream that holds back more than
/// this is none that a recorder makes.
pub(super) const MAX_WAITING_SAMPLES: usize = 2000;
pub(super) const MAX_WAITING_BYTES: usize = 8 << 20;

/// Files that may wait for their audio at once; more only where key frames bring a new picture
/// size each.
pub(super) const MAX_PREVIOUS: usize = 8;

/// Recorders begin their clock at zero, give or take one audio packet.
const MAX_START_NS: i64 = NANOS_PER_SECOND / 10;

/// In an MP4 fragment all pictures can stand in front of sound that begins earlier, by as much as
/// a camera takes to give its first one.
const MAX_MP4_START_NS: i64 = NANOS_PER_SECOND;

/// One init segment's samples.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) init: Arc<Init>,
    pub(super) tracks: Vec<Track>,
    /// The track whose sync samples are the places to cut: video, if there is any.
    pub(super) lead: usize,
    pub(super) config_changed: bool,
    pub(super) begun: bool,
    /// Samples that came before the lead sample of their time, so that a cut may still fall
    /// before them.
    pub(super) waiting: VecDeque<Numbered>,
    /// When the newest lead sample is shown.
    pub(super) lead_ns: i64,
    pub(super) current: Option<Current>,
    pub(super) waiting_bytes: usize,
    /// The files before, which take audio of their time until all of it has come; oldest first.
    pub(super) previous: VecDeque<Previous>,
}

/// A sample, and how many were pushed before it.
#[derive(Debug)]
pub(super) struct Numbered {
    pub(super) sample: Sample,
    pub(super) number: u64,
}

#[derive(Debug)]
pub(super) struct Current {
    pub(super) segment: u64,
    /// When its first lead sample is shown; until there is one, when it begins.
    pub(super) start_ns: i64,
    pub(super) has_lead: bool,
}

#[derive(Debug)]
pub(super) struct Previous {
    pub(super) segment: u64,
    pub(super) cut_ns: i64,
    pub(super) passed: Vec<bool>,
}

pub(super) fn lead(init: &Init) -> usize {
    init.tracks.iter().position(|track| track.kind == Kind::Video).unwrap_or(0)
}

impl Stream {
    pub(super) fn new(init: Arc<Init>) -> Self {
        Self {
            tracks: init.tracks.clone(),
            lead: lead(&init),
            init,
            config_changed: false,
            begun: false,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            lead_ns: i64::MIN,
            current: None,
            previous: VecDeque::new(),
        }
    }

    pub(super) fn shown_ns(&self, sample: &Sample) -> i64 {
        self.tracks[sample.track].to_nanos(sample.pts)
    }

    /// How much time the waiting samples span.
    pub(super) fn waiting_ns(&self) -> i64 {
        match (self.waiting.front(), self.waiting.back()) {
            (Some(first), Some(last)) => self.shown_ns(&last.sample) - self.shown_ns(&first.sample),
            _ => 0,
        }
    }

    /// Whether the oldest waiting sample must go, cut or no cut.
    pub(super) fn has_waited_enough(&self, skew_ns: i64) -> bool {
        self.waiting_ns() > skew_ns
            || self.waiting.len() > MAX_WAITING_SAMPLES
            || self.waiting_bytes > MAX_WAITING_BYTES
    }

    /// Whether a lead sample that is still to come can begin a file before `at_ns`.
    pub(super) fn may_be_cut_before(&self, at_ns: i64, target_ns: i64) -> bool {
        let Some(current) = &self.current else { return true };
        let ahead = current.has_lead && at_ns > self.lead_ns;
        match self.init.source {
            // Any key frame can bring a new frame size.
            Container::Webm => ahead,
            // A new configuration nearly always comes with a new init segment. Where a key frame
            // brings it, sound of its fragment may stand in the file before.
            Container::Mp4 => ahead && at_ns >= current.start_ns.saturating_add(target_ns),
        }
    }

    /// How long audio waits for the first key frame.
    pub(super) fn max_start_skew_ns(&self) -> i64 {
        if self.lacks_parameter_sets() { i64::MAX } else { MAX_SKEW_NS }
    }

    /// A stream that begins this late begins at zero all the same.
    pub(super) fn max_start_ns(&self) -> i64 {
        match self.init.source {
            Container::Webm => MAX_START_NS,
            Container::Mp4 => MAX_MP4_START_NS,
        }
    }

    /// Whether no file can be begun before a key frame brings its parameter sets.
    pub(super) fn lacks_parameter_sets(&self) -> bool {
        self.tracks.iter().any(|track| match &track.detail {
            Detail::Webm(detail) => {
                self.init.output == Container::Mp4
                    && track.kind == Kind::Video
                    && detail.codec_private.is_none()
            }
            Detail::Mp4(_) => false,
        })
    }

    pub(super) fn max_skew_ns(&self) -> i64 {
        match self.init.source {
            Container::Webm => MAX_MATROSKA_SKEW_NS,
            Container::Mp4 => MAX_SKEW_NS,
        }
    }
}
