//! What is known of the generation that a driver is in, for viewers and a recording that come to
//! it in the middle.

use std::collections::VecDeque;
use std::sync::Arc;

use container::{Container, Event, Init, Kind, Sample, Track};
use tokio::time::Instant;

use super::timing::Lateness;
use crate::clock::WallUs;

/// Sound comes up to this long in front of the picture that it belongs to.
const MAX_LEAD_US: i64 = 1_000_000;

/// The same in packets, however short they are.
const MAX_LEAD_SAMPLES: usize = 256;

const NANOS_PER_MICRO: i64 = 1000;

/// The generation that a driver is in.
#[derive(Debug)]
pub(super) struct Head {
    init: Arc<Init>,
    /// What the init segment's tracks have become.
    tracks: Vec<Track>,
    anchor_us: WallUs,
    began: Instant,
    lateness: Lateness,
    /// The track whose key frames a recording begins with.
    lead: usize,
    /// What came lately beside the lead.
    beside: VecDeque<Sample>,
    /// Whether a key frame has come.
    has_led: bool,
    newest_us: Option<i64>,
}

impl Head {
    pub(super) fn new(init: Init, anchor_us: WallUs) -> Self {
        let lead = init.tracks.iter().position(|track| track.kind == Kind::Video).unwrap_or(0);
        Self {
            tracks: init.tracks.clone(),
            init: Arc::new(init),
            anchor_us,
            began: Instant::now(),
            lateness: Lateness::default(),
            lead,
            beside: VecDeque::new(),
            has_led: false,
            newest_us: None,
        }
    }

    /// Notes what has come, once it has been given to whoever wants it.
    pub(super) fn learn(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::Init(_) => {}
                Event::Config { track, config } => {
                    if let Some(known) = self.tracks.get_mut(*track) {
                        known.clone_from(config);
                    }
                }
                Event::Sample(sample) => {
                    let at_us = self.media_us(sample);
                    self.newest_us = Some(self.newest_us.map_or(at_us, |known| known.max(at_us)));
                    self.has_led |= sample.track == self.lead && sample.sync;
                    if sample.track != self.lead {
                        self.beside.push_back(sample.clone());
                    }
                }
            }
        }
        let Some(newest_us) = self.newest_us else { return };
        self.lateness.came(newest_us, self.elapsed_us());
        let is_old = |head: &Self| {
            head.beside.len() > MAX_LEAD_SAMPLES
                || head.beside.front().is_some_and(|s| newest_us - head.media_us(s) > MAX_LEAD_US)
        };
        while is_old(self) {
            self.beside.pop_front();
        }
    }

    /// Those among these that a recording can begin with, and their places.
    pub(super) fn keys<'a>(
        &'a self,
        events: &'a [Event],
    ) -> impl Iterator<Item = (usize, &'a Sample)> {
        events.iter().enumerate().filter_map(|(at, event)| match event {
            Event::Sample(sample) if sample.track == self.lead && sample.sync => Some((at, sample)),
            _ => None,
        })
    }

    pub(super) fn media_us(&self, sample: &Sample) -> i64 {
        let track = self.tracks.get(sample.track);
        track.map_or(0, |track| track.to_nanos(sample.pts) / NANOS_PER_MICRO)
    }

    /// Sound that came in front of a key frame at `at_us`, in `before` the last of it, and was
    /// captured with it or later. At the beginning all of it belongs to the picture.
    pub(super) fn held<'a>(
        &'a self,
        before: &'a [Event],
        at_us: i64,
    ) -> impl Iterator<Item = &'a Sample> {
        let before = before.iter().filter_map(|event| match event {
            Event::Sample(sample) if sample.track != self.lead => Some(sample),
            _ => None,
        });
        let is_first = !self.has_led;
        self.beside.iter().chain(before).filter(move |sample| {
            let sample_us = self.media_us(sample);
            sample_us >= at_us || (is_first && sample_us >= at_us - MAX_LEAD_US)
        })
    }

    pub(super) fn init(&self) -> Arc<Init> {
        Arc::clone(&self.init)
    }

    pub(super) fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// What has changed since the init segment.
    pub(super) fn changes(&self) -> impl Iterator<Item = Event> {
        let tracks = self.tracks.iter().enumerate().zip(&self.init.tracks);
        let changed = tracks.filter(|((_, now), first)| now != first);
        changed.map(|((track, now), _)| Event::Config { track, config: Box::new(now.clone()) })
    }

    /// Wall time of media time zero, as what came last has it.
    pub(super) fn anchor_us(&self) -> WallUs {
        self.lateness.anchor_us(self.anchor_us)
    }

    /// When a sample was captured.
    pub(super) fn wall_us(&self, sample: &Sample) -> WallUs {
        self.anchor_us().saturating_add(self.media_us(sample))
    }

    pub(super) fn elapsed_us(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// Media time of the newest sample, once there is one.
    pub(super) fn newest_us(&self) -> Option<i64> {
        self.newest_us
    }

    pub(super) fn mime(&self) -> &'static str {
        match self.init.source {
            Container::Webm => "video/webm",
            Container::Mp4 => "video/mp4",
        }
    }
}
