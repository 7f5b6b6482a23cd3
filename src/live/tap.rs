//! Takes from what a publisher sends to the recorder what viewers shall see.

use std::collections::BTreeMap;
use std::sync::Arc;

use container::{Event, Init, Track};
use tokio::time::Instant;

use super::feed::{Feed, Generation, SessionInfo, Step};
use super::gate::Gate;
use super::stream::{Owner, Stream};
use super::streams::{Streams, slug};
use crate::clock::{self, WallUs};

/// A publisher's way to its viewers. It never waits.
#[derive(Debug)]
pub(super) struct Tap {
    streams: Streams,
    owner: Owner,
    /// The name that its stream should have.
    wish: String,
    stream: Option<Arc<Stream>>,
    generations: BTreeMap<u32, Known>,
    /// The generation that viewers see; `None` while what comes is not live.
    shown: Option<u32>,
}

/// What is known of a generation.
#[derive(Debug)]
struct Known {
    anchor_us: WallUs,
    init: Option<Arc<Init>>,
    tracks: Vec<Track>,
    gate: Gate,
    clock: Clock,
}

/// The server's clock as it was when a generation began, carried on steadily: one that is set
/// meanwhile makes nothing late.
#[derive(Debug)]
struct Clock {
    began_us: WallUs,
    began: Instant,
}

impl Clock {
    fn new() -> Self {
        Self { began_us: clock::now_us(), began: Instant::now() }
    }

    fn now_us(&self) -> WallUs {
        let passed_us = i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.began_us.saturating_add(passed_us)
    }

    /// By how much the server's clock has been set since.
    fn set_by_us(&self) -> i64 {
        clock::now_us().saturating_sub(self.now_us())
    }
}

impl Tap {
    /// Of a session, whose device has the stream.
    pub(super) fn of_session(streams: Streams, session: &SessionInfo) -> Self {
        let is_anonymous = !session.is_resumable;
        let wish = match is_anonymous {
            true => slug(&format!("{} {}", session.device, session.peer.address())),
            false => slug(&session.device),
        };
        let owner = Owner {
            device: if is_anonymous { session.id.clone() } else { session.device.clone() },
            key_sha256: session.key_sha256.clone(),
            session: session.id.clone(),
            title: session.name.clone(),
            source: None,
        };
        Self::new(streams, owner, wish)
    }

    pub(super) fn new(streams: Streams, owner: Owner, wish: String) -> Self {
        let generations = BTreeMap::new();
        Self { streams, owner, wish, stream: None, generations, shown: None }
    }

    /// The stream, once there is one that is its own.
    pub(super) fn stream(&self) -> Option<&Arc<Stream>> {
        self.stream.as_ref().filter(|stream| stream.lock().owner == self.owner)
    }

    /// What is shown is of another session from now on.
    pub(super) fn set_session(&mut self, session: String) {
        let owner = Owner { session, ..self.owner.clone() };
        if let Some(stream) = &self.stream {
            let mut shared = stream.lock();
            if shared.owner == self.owner {
                shared.owner = owner.clone();
                drop(shared);
                self.streams.notify();
            }
        }
        self.owner = owner;
    }

    /// A generation goes on that began in an earlier life of the session. `begun` is what is
    /// known of its stream, if anything came of it.
    pub(super) fn go_on(&mut self, start: &Generation, begun: Option<(Arc<Init>, Vec<Track>)>) {
        let (init, tracks) = begun.unzip();
        let known = Known::new(start.anchor_us, init, tracks.unwrap_or_default());
        self.generations.insert(start.number, known);
    }

    /// The device's connection is gone, or back.
    pub(super) fn set_away(&self, is_away: bool) {
        if let Some(stream) = &self.stream {
            let mut shared = stream.lock();
            if shared.owner == self.owner && shared.is_away != is_away {
                shared.is_away = is_away;
                drop(shared);
                stream.notify();
                self.streams.notify();
            }
        }
    }

    pub(super) fn offer(&mut self, message: &Feed) {
        match message {
            Feed::Begin(Generation { number, anchor_us, .. }) => {
                let known = || Known::new(*anchor_us, None, Vec::new());
                self.generations.entry(*number).or_insert_with(known);
            }
            Feed::Media { generation, steps } => self.media(*generation, steps),
            Feed::End { generation, .. } => {
                self.generations.remove(generation);
            }
            Feed::Clock { .. } | Feed::Note(_) | Feed::Missing { .. } | Feed::Finish(_) => {}
        }
    }

    pub(super) fn media(&mut self, number: u32, steps: &[Step]) {
        // What is left of earlier generations is not what happens now.
        let is_newest = self.generations.keys().next_back() == Some(&number);
        let Some(known) = self.generations.get_mut(&number) else { return };
        let is_live = known.is_live(steps);
        if is_live.is_none() {
            // Nothing to show yet; what it says is shown with the first sample behind it.
            if known.learn(steps) && self.shown == Some(number) {
                self.shown = None;
            }
            return;
        }
        if !is_newest || is_live == Some(false) {
            known.learn(steps);
            if self.shown == Some(number) {
                self.shown = None;
                self.hide();
            }
            return;
        }
        let stream = match &self.stream {
            Some(stream) if stream.lock().owner == self.owner => Arc::clone(stream),
            _ => {
                self.shown = None;
                self.streams.claim(&self.owner, &self.wish)
            }
        };
        let is_shown = self.shown.replace(number) == Some(number);
        let mut shared = stream.lock();
        let broadcast = &mut shared.broadcast;
        if !is_shown && let Some(init) = &known.init {
            broadcast.go_on(number, Arc::clone(init), known.tracks.clone(), known.anchor_us);
        }
        let mut bytes = 0;
        let mut is_begun = false;
        for event in steps.iter().filter_map(|step| step.event.as_ref()) {
            match event {
                Event::Init(init) => {
                    broadcast.begin(number, Arc::clone(init), known.anchor_us);
                    is_begun = true;
                }
                Event::Config { track, config } => broadcast.configure(*track, config),
                Event::Sample(sample) => {
                    bytes += sample.data.len();
                    broadcast.push(sample);
                }
            }
        }
        broadcast.set_drift(known.drift_us());
        broadcast.flush();
        shared.is_live_now(bytes);
        drop(shared);
        known.learn(steps);
        stream.notify();
        self.stream = Some(stream);
        if !is_shown || is_begun {
            self.streams.notify();
        }
    }

    /// Viewers wait for the next key frame that is live.
    fn hide(&self) {
        if let Some(stream) = &self.stream {
            let mut shared = stream.lock();
            if shared.owner == self.owner {
                shared.broadcast.interrupt();
            }
        }
    }
}

impl Known {
    fn new(anchor_us: WallUs, init: Option<Arc<Init>>, tracks: Vec<Track>) -> Self {
        Self { anchor_us, init, tracks, gate: Gate::default(), clock: Clock::new() }
    }

    /// By how much wall time is later now than the anchor says.
    fn drift_us(&self) -> i64 {
        self.gate.drift_us().saturating_add(self.clock.set_by_us())
    }

    /// Returns whether a new init segment has come.
    fn learn(&mut self, steps: &[Step]) -> bool {
        let mut is_begun = false;
        for event in steps.iter().filter_map(|step| step.event.as_ref()) {
            match event {
                Event::Init(init) => {
                    self.tracks.clone_from(&init.tracks);
                    self.init = Some(Arc::clone(init));
                    is_begun = true;
                }
                Event::Config { track, config } => {
                    if let Some(known) = self.tracks.get_mut(*track) {
                        known.clone_from(config);
                    }
                }
                Event::Sample(_) => {}
            }
        }
        is_begun
    }

    /// `None` when there is no sample to judge by.
    fn is_live(&mut self, steps: &[Step]) -> Option<bool> {
        let mut tracks = &self.tracks[..];
        let mut newest_ns = None;
        for event in steps.iter().filter_map(|step| step.event.as_ref()) {
            match event {
                Event::Init(init) => tracks = &init.tracks,
                Event::Sample(sample) => {
                    let at_ns = tracks.get(sample.track).map(|track| track.to_nanos(sample.pts));
                    newest_ns = newest_ns.max(at_ns);
                }
                Event::Config { .. } => {}
            }
        }
        newest_ns.map(|newest_ns| {
            let media_us = self.anchor_us.saturating_add(newest_ns / 1000);
            self.gate.judge(media_us, self.clock.now_us()).is_ok()
        })
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            self.streams.release(stream, &self.owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Delivery, Told, Viewer};
    use super::*;
    use crate::live::demuxing::Demuxing;

    const CAPTURE: &[u8] = include_bytes!("../../tests/captures/chromium-webm-vp8-opus.bin");

    #[tokio::test(start_paused = true)]
    async fn viewers_learn_that_the_clock_was_set_and_that_a_camera_drifts() {
        const BEGAN_US: WallUs = 1_000_000_000;
        const HOUR_US: i64 = 3_600_000_000;
        clock::simulate(Some(BEGAN_US));
        let owner = Owner {
            device: "d".to_owned(),
            key_sha256: None,
            session: String::new(),
            title: String::new(),
            source: None,
        };
        let mut tap = Tap::new(Streams::default(), owner, "d".to_owned());
        let (mime, reason) = (String::new(), String::new());
        tap.offer(&Feed::Begin(Generation { number: 0, mime, reason, anchor_us: BEGAN_US }));
        let mut demuxing = Demuxing::default();
        demuxing.push(bytes::Bytes::from_static(CAPTURE));
        // All of it is live in one instant.
        let mut first = demuxing.batch().unwrap();
        first.truncate(20);
        tap.media(0, &first);
        first.retain(|step| matches!(step.event, Some(Event::Sample(_))));
        let mut viewer = Viewer::new(Arc::clone(tap.stream().unwrap()));
        let Told::Delivery(Delivery::Format(format)) = viewer.next() else { panic!("no format") };
        assert_eq!(format.drift.us(), 0);
        clock::simulate(Some(BEGAN_US + HOUR_US));
        tap.media(0, &first);
        assert_eq!(format.drift.us(), HOUR_US);
        // A camera that is slow by a hundred parts per million.
        for second in 1..=600 {
            tokio::time::advance(std::time::Duration::from_micros(1_000_000)).await;
            clock::simulate(Some(BEGAN_US + HOUR_US + second * 1_000_000));
            let known = tap.generations.get_mut(&0).unwrap();
            known.anchor_us = BEGAN_US + second * (1_000_000 - 100);
            tap.media(0, &first);
        }
        clock::simulate(None);
        let drift_us = format.drift.us() - HOUR_US;
        assert!((45_000..=60_000).contains(&drift_us), "{drift_us}");
    }
}
