//! One init segment's samples on their way to files.

use std::collections::VecDeque;
use std::sync::Arc;

use super::clock::Clock;
use crate::codec::configuration;
use crate::codec::prefixed::Record;
use crate::sample::{Container, Detail, Init, Kind, NANOS_PER_SECOND, Sample, Track};

/// How far audio and video of one moment arrive apart at most: Chromium's MP4 fragments hold all
/// audio of two seconds, then all video of them. After this long a file no longer waits.
pub(super) const MAX_SKEW_NS: i64 = 3 * NANOS_PER_SECOND;

/// The same for Matroska, where every browser interleaves within 100 ms. What is held back is
/// not acknowledged, so the bound is tight.
pub(super) const MAX_MATROSKA_SKEW_NS: i64 = NANOS_PER_SECOND;

/// How long a file goes on, as long again as it should be at most, where its next key frame begins
/// an open group: the pictures that are shown before that one need the file in front. An encoder
/// that closes groups closes one in ten seconds.
///
/// In H.265 decoders pass over such pictures at the beginning of a file. In H.264 nothing marks
/// them, and Chromium plays no file that begins with them, so there it goes on for longer.
pub(super) const MAX_OPEN_WAIT_NS: i64 = 10 * NANOS_PER_SECOND;

/// Where H.264 never closes a group, a file that so many times as long again would be worse than
/// one that begins with pictures which only some players pass over: it grows until the disk is full,
/// and its index with it.
pub(super) const MAX_CLOSED_WAIT_TIMES: i64 = 9;

/// When there was no picture for so long, files of sound alone begin. A picture that needs the ones
/// before it has no place in them, so this is longer than a screen stands still while it is shared.
const MAX_SILENCE_NS: i64 = 300 * NANOS_PER_SECOND;

/// The same where each picture stands for itself, as a cover does.
const MAX_STILL_SILENCE_NS: i64 = 10 * NANOS_PER_SECOND;

/// Three seconds of the smallest packets and of the largest; a stream that holds back more than
/// this is none that a recorder makes.
pub(super) const MAX_WAITING_SAMPLES: usize = 2000;
pub(super) const MAX_WAITING_BYTES: usize = 8 << 20;

/// What is held back where it is known that what it waits for stands in the same fragment, or in
/// the same file: half a minute of sound and picture at the bitrate of a telephone's best video.
/// What a sample takes beside its payload is counted, too.
pub(super) const MAX_ANNOUNCED_BYTES: usize = 64 << 20;
pub(super) const SAMPLE_BYTES: usize = 256;

/// Files that may wait for their audio at once; more only where key frames bring a new picture
/// size each.
pub(super) const MAX_PREVIOUS: usize = 8;

/// The same where their sound is sure to come: a fragment of a quarter of an hour in files of a
/// second.
pub(super) const MAX_ANNOUNCED_PREVIOUS: usize = 900;

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
    /// How far the lead track's clock had come when it broke off in front of its next sample.
    pub(super) broke_off_ns: Option<i64>,
    /// By track.
    pub(super) clocks: Vec<Clock>,
    pub(super) begun: bool,
    /// Where its first file on this clock begins.
    pub(super) begun_ns: i64,
    /// Whether nothing more comes.
    pub(super) has_ended: bool,
    /// Samples that came before the lead sample of their time, so that a cut may still fall
    /// before them.
    pub(super) waiting: VecDeque<Numbered>,
    /// When the newest lead sample is shown.
    pub(super) lead_ns: i64,
    pub(super) current: Option<Current>,
    /// A key frame of which the next picture tells whether its group is open.
    pub(super) held: Option<Numbered>,
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
    /// How many samples were pushed before the next file's first one.
    pub(super) number: u64,
    /// Where it ended, if the next file is on another clock.
    pub(super) broke_off_ns: Option<i64>,
    pub(super) passed: Vec<bool>,
}

impl Previous {
    /// Whether what is of this time belongs to a later file.
    pub(super) fn is_over(&self, at_ns: i64) -> bool {
        match self.broke_off_ns {
            None => at_ns >= self.cut_ns,
            // Of two clocks it is on the one that it is nearer to.
            Some(ended_ns) => at_ns.abs_diff(self.cut_ns) < at_ns.abs_diff(ended_ns),
        }
    }
}

pub(super) fn lead(init: &Init) -> usize {
    let videos = || init.tracks.iter().enumerate().filter(|(_, t)| t.kind == Kind::Video);
    let moving = videos().find(|(_, track)| !is_still(track));
    moving.or_else(|| videos().next()).map_or(0, |(index, _)| index)
}

/// Whether each of its pictures stands for itself, so that it may be a cover.
fn is_still(track: &Track) -> bool {
    const STILL: [&str; 4] = ["V_MJPEG", "V_UNCOMPRESSED", "jpeg", "png "];
    STILL.contains(&track.codec.as_str())
}

impl Stream {
    pub(super) fn new(init: Arc<Init>) -> Self {
        Self {
            tracks: init.tracks.clone(),
            lead: lead(&init),
            clocks: vec![Clock::default(); init.tracks.len()],
            init,
            config_changed: false,
            broke_off_ns: None,
            begun: false,
            begun_ns: i64::MAX,
            has_ended: false,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            lead_ns: i64::MIN,
            current: None,
            held: None,
            previous: VecDeque::new(),
        }
    }

    pub(super) fn shown_ns(&self, sample: &Sample) -> i64 {
        self.tracks[sample.track].to_nanos(sample.pts)
    }

    /// Its codec, where pictures may follow this key frame that do not decode without those in
    /// front of it.
    pub(super) fn may_begin_open_group(&self, key_frame: &Sample) -> Option<Record> {
        let track = &self.tracks[key_frame.track];
        let record = Record::of(&track.codec)?;
        let known = configuration(track, record.kind())?;
        record.is_open(&key_frame.data, &known)?.then_some(record)
    }

    /// How much time the waiting samples span.
    pub(super) fn waiting_ns(&self) -> i64 {
        match (self.waiting.front(), self.waiting.back()) {
            (Some(first), Some(last)) => self.shown_ns(&last.sample) - self.shown_ns(&first.sample),
            _ => 0,
        }
    }

    /// Whether the oldest waiting sample must go, cut or no cut.
    pub(super) fn has_waited_enough(&self, skew_ns: i64, is_announced: bool) -> bool {
        if is_announced {
            return self.waiting_bytes + self.waiting.len() * SAMPLE_BYTES > MAX_ANNOUNCED_BYTES;
        }
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

    /// After how long without a picture it is not waited for any more.
    pub(super) fn max_silence_ns(&self) -> i64 {
        let is_picture = self.tracks[self.lead].kind == Kind::Video;
        match is_picture && is_still(&self.tracks[self.lead]) {
            true => MAX_STILL_SILENCE_NS,
            false => MAX_SILENCE_NS,
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
