//! Cameras on the network, over RTSP.
//!
//! `connection.rs` talks to the camera with the retina crate, `reading.rs` says in this program's
//! words what comes; all that is decided about it is in modules without clock and socket:
//! `choice.rs` which streams are fetched, `gate.rs` which pictures can be decoded, `pace.rs` and
//! `sync.rs` when they were made, `assembly.rs` what generations that makes.

mod assembly;
mod beginnings;
mod choice;
mod connection;
mod gate;
mod item;
mod pace;
mod reading;
mod refusal;
mod running;
mod slices;
mod sync;

use std::time::{Duration, Instant};

use container::{BareTrack, Event, Init};
use futures_util::{FutureExt, StreamExt};
use retina::client::{Demuxed, Playing, Session};

use super::failure::Failure;
use super::intake::Intake;
use super::spec::{Address, Rtsp};
use crate::clock::{self, WallUs};
use assembly::{Assembly, Output};
use connection::{Connected, refused};
use item::Item;
use reading::Reading;

/// Cameras send several pictures a second, and those that save power one in some seconds. What is
/// silent for longer has hung, or its network has: without data TCP itself notices after minutes,
/// UDP never.
const SILENCE: Duration = Duration::from_secs(10);

/// Cameras send key frames every few seconds, some every 20; a new connection brings one at once.
const KEY_FRAME_WAIT: Duration = Duration::from_secs(30);

/// What goes to the recorder at once.
const MAX_BATCH: usize = 64;

/// Fetches from one of the camera's addresses until that fails, or nothing more is wanted.
/// Dropping the future ends the connection.
pub(super) async fn run(input: &Rtsp, address: &Address, intake: &mut Intake) -> Failure {
    let begun = Instant::now();
    match connection::connect(input, address).await {
        Ok(connected) => Fetch::new(address.host(), connected, begun).run(intake).await,
        Err(failure) => failure,
    }
}

/// A playback.
struct Fetch {
    host: String,
    streams: Demuxed,
    packets: Option<Session<Playing>>,
    reading: Reading,
    assembly: Assembly,
    has_video: bool,
    /// When something came last that the playback is for, and when it could be shown last.
    heard: Instant,
    shown: Instant,
    generation: Option<Generation>,
}

/// What is told of a generation besides its samples.
struct Generation {
    /// Wall time of media time zero, and its time of arrival.
    anchor_us: WallUs,
    zero_us: i64,
    is_jpeg: bool,
}

impl Fetch {
    fn new(host: &str, connected: Connected, begun: Instant) -> Self {
        let Connected { streams, choice, audio, packets } = connected;
        let has_video = choice.video.is_some();
        let assembly = Assembly::new(has_video, audio).with_sound_apart(packets.is_some());
        Self {
            host: host.to_owned(),
            streams,
            packets,
            reading: Reading::new(choice, begun),
            assembly,
            has_video,
            heard: Instant::now(),
            shown: Instant::now(),
            generation: None,
        }
    }

    async fn run(mut self, intake: &mut Intake) -> Failure {
        loop {
            let ended = self.receive().await;
            // What came before the end is told first.
            let told_from = Instant::now();
            if let Err(failure) = self.tell(intake).await {
                return failure;
            }
            // A disk that is slow is no silence of the camera's.
            let held = told_from.elapsed();
            self.heard += held;
            self.shown += held;
            if let Err(failure) = ended {
                return failure;
            }
            if self.shown.elapsed() > KEY_FRAME_WAIT {
                let (host, waited) = (&self.host, KEY_FRAME_WAIT.as_secs());
                return Failure::NotMedia(format!("{host} sent no key frame for {waited} s"));
            }
        }
    }

    /// Waits for something, and takes what is there.
    async fn receive(&mut self) -> Result<(), Failure> {
        let silent_at = self.heard + SILENCE;
        let due_us = self.assembly.deadline_us().map(|due_us| due_us - self.reading.now_us());
        let due = due_us.map(|due_us| Instant::now() + Duration::from_micros(due_us.max(0) as u64));
        let until = due.map_or(silent_at, |due| due.min(silent_at));
        let next = tokio::time::timeout_at(until.into(), self.next()).await;
        let Ok(mut next) = next else {
            self.assembly.tick(self.reading.now_us());
            return match self.heard.elapsed() >= SILENCE {
                true => Err(Failure::Silent(SILENCE)),
                false => Ok(()),
            };
        };
        for _ in 0..MAX_BATCH {
            if let Some(item) = next? {
                self.take(item);
            }
            match self.next().now_or_never() {
                Some(more) => next = more,
                None => break,
            }
        }
        Ok(())
    }

    /// What comes next, where it is of any use. Cancelling it loses nothing.
    async fn next(&mut self) -> Result<Option<Item>, Failure> {
        let Self { host, streams, packets, reading, .. } = self;
        let wrong = |error| refused(refusal::Stage::Playing, &error, host);
        let packet = async {
            match packets {
                Some(packets) => packets.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            item = streams.next() => {
                let item = item.ok_or(Failure::Ended)?.map_err(wrong)?;
                Ok(reading.item(item, streams))
            }
            packet = packet => {
                let packet = packet.ok_or(Failure::Ended)?.map_err(wrong)?;
                Ok(reading.packet(packet))
            }
        }
    }

    fn take(&mut self, item: Item) {
        let is_lead = |item: &Item| match item {
            Item::Frame(frame) => (frame.kind == container::Kind::Video) == self.has_video,
            Item::Report(_) => false,
        };
        if is_lead(&item) {
            self.heard = Instant::now();
        }
        self.assembly.push(item);
    }

    async fn tell(&mut self, intake: &mut Intake) -> Result<(), Failure> {
        let mut events = Vec::new();
        for output in self.assembly.take() {
            if let Output::Sample(sample) = output {
                if sample.track == 0 {
                    self.shown = Instant::now();
                    if self.generation.as_ref().is_some_and(|generation| generation.is_jpeg) {
                        intake.picture(sample.data.clone());
                    }
                }
                events.push(Event::Sample(sample));
                continue;
            }
            if !events.is_empty() {
                intake.media(std::mem::take(&mut events)).await?;
            }
            self.tell_other(output, intake).await?;
        }
        if !events.is_empty() {
            intake.media(events).await?;
        }
        Ok(())
    }

    async fn tell_other(&mut self, output: Output, intake: &mut Intake) -> Result<(), Failure> {
        match output {
            Output::Begin { tracks, zero_us } => {
                let passed_us = self.reading.now_us().saturating_sub(zero_us);
                let anchor_us = clock::now_us().saturating_sub(passed_us);
                let is_jpeg = tracks.first().is_some_and(BareTrack::is_jpeg);
                self.generation = Some(Generation { anchor_us, zero_us, is_jpeg });
                let init = Init::of_bare(&tracks);
                let host = &self.host;
                let wrong = |_| Failure::NotMedia(format!("{host} describes its media wrongly"));
                intake.begin(init.map_err(wrong)?, anchor_us).await?;
            }
            Output::Clock(reading) => intake.clock(reading.media_us, reading.elapsed_us).await?,
            Output::Gap { kind, from_us, to_us } => {
                if let Some(Generation { anchor_us, zero_us, .. }) = self.generation {
                    let wall_us = |at_us: i64| anchor_us.saturating_add(at_us - zero_us);
                    intake.gap(kind, wall_us(from_us), wall_us(to_us)).await?;
                }
            }
            Output::Leap => intake.leapt().await?,
            Output::Sample(_) => {}
        }
        Ok(())
    }
}
