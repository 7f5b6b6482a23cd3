//! A stream that is live, as its publisher and its viewers share it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use container::codec::codec_name;
use container::{Container, Kind, Sample, Track};
use tokio::sync::watch;

use super::broadcast::Broadcast;
use super::fragments::{Cursor, Delivery, container_name, mime};
use super::pictures::{Newest, Picture};
use crate::clock::{self, WallUs};

/// A stream of which nothing live came for this long is not live.
const SILENCE_US: i64 = 5_000_000;

/// Bitrates are taken over this long.
const METER_US: i64 = 2_000_000;

/// A picture is not larger; what claims to be is none.
const MAX_PICTURE_BYTES: usize = 16 << 20;

const JPEG_BEGIN: [u8; 3] = [0xFF, 0xD8, 0xFF];

/// A live stream.
#[derive(Debug)]
pub(crate) struct Stream {
    name: String,
    shared: Mutex<Shared>,
    changed: watch::Sender<()>,
    /// The newest picture that the camera itself has made.
    newest: watch::Sender<Newest>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) broadcast: Broadcast,
    pub(super) owner: Owner,
    pub(super) is_away: bool,
    is_over: bool,
    /// When live media came last.
    live_us: Option<WallUs>,
    /// When the stream began, or came back.
    since_us: WallUs,
    meter: Meter,
}

/// Whose stream it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) device: String,
    pub(super) key_sha256: Option<String>,
    pub(super) session: String,
    /// For people.
    pub(super) title: String,
    pub(super) source: Option<OfSource>,
}

/// Which of a source's pictures a stream has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfSource {
    /// The source's name.
    pub(crate) source: String,
    /// Whether it is the smaller picture of a camera that has two.
    pub(crate) is_small: bool,
}

/// How a stream is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Media of now is coming.
    Live,
    /// Its device is silent, or catches up.
    Behind,
    /// Its device's connection is gone.
    Away,
}

impl State {
    /// As it stands in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Behind => "behind",
            Self::Away => "away",
        }
    }
}

/// What there is to say of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct About {
    pub(crate) name: String,
    /// Its publisher's id: a device's, or the session's for one that has none.
    pub(crate) device: String,
    /// Of the key that it has shown.
    pub(crate) key_sha256: Option<String>,
    pub(crate) title: String,
    /// Empty for a source that does not record.
    pub(crate) session: String,
    pub(crate) source: Option<OfSource>,
    pub(crate) state: State,
    pub(crate) since_us: WallUs,
    /// Since live media came last.
    pub(crate) behind_us: i64,
    pub(crate) container: Option<&'static str>,
    pub(crate) mime: Option<String>,
    pub(crate) video: Option<Video>,
    pub(crate) audio: Option<Audio>,
    pub(crate) bitrate_bps: u64,
    pub(crate) viewers: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Video {
    pub(crate) codec: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Audio {
    pub(crate) codec: String,
    pub(crate) sample_rate: u32,
    pub(crate) channels: u32,
}

#[derive(Debug, Default)]
struct Meter {
    begun_us: WallUs,
    bytes: u64,
    bps: u64,
}

impl Meter {
    fn count(&mut self, bytes: usize, now_us: WallUs) {
        self.bytes += bytes as u64;
        let elapsed_us = now_us.saturating_sub(self.begun_us);
        if (0..METER_US).contains(&elapsed_us) {
            return;
        }
        // A pause is not a slow stream.
        let is_measured = (METER_US..2 * METER_US).contains(&elapsed_us);
        if is_measured {
            self.bps = self.bytes.saturating_mul(8_000_000) / elapsed_us.unsigned_abs();
        }
        (self.begun_us, self.bytes) = (now_us, 0);
    }
}

impl Shared {
    /// Live media of so many bytes has come.
    pub(super) fn is_live_now(&mut self, bytes: usize) {
        let now_us = clock::now_us();
        self.live_us = Some(now_us);
        self.is_away = false;
        self.meter.count(bytes, now_us);
    }

    pub(super) fn state(&self, now_us: WallUs) -> State {
        let is_fresh = |live_us: WallUs| now_us.saturating_sub(live_us) < SILENCE_US;
        match self.live_us {
            _ if self.is_away => State::Away,
            Some(live_us) if is_fresh(live_us) => State::Live,
            _ => State::Behind,
        }
    }

    fn behind_us(&self, now_us: WallUs) -> i64 {
        self.live_us.map_or(0, |live_us| now_us.saturating_sub(live_us).max(0))
    }
}

impl Stream {
    pub(super) fn new(name: String, owner: Owner) -> Self {
        let shared = Shared {
            broadcast: Broadcast::default(),
            owner,
            is_away: false,
            is_over: false,
            live_us: None,
            since_us: clock::now_us(),
            meter: Meter::default(),
        };
        let (changed, newest) = (watch::Sender::new(()), watch::Sender::new(Newest::default()));
        Self { name, shared: Mutex::new(shared), changed, newest }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the viewers to look again.
    pub(super) fn notify(&self) {
        self.changed.send_replace(());
    }

    pub(super) fn end(&self) {
        self.lock().is_over = true;
        self.newest.send_replace(Newest { picture: None, is_over: true });
        self.notify();
    }

    /// A picture that the camera itself has made.
    pub(super) fn bring(&self, jpeg: Bytes) {
        if !jpeg.starts_with(&JPEG_BEGIN) || jpeg.len() > MAX_PICTURE_BYTES {
            return;
        }
        // It has just been captured: nothing is known of it but that it is there.
        let now_us = clock::now_us();
        let picture = Some(Picture { jpeg, at_us: now_us, came_us: now_us });
        self.newest.send_modify(|newest| newest.picture = picture);
    }

    /// The pictures that the camera itself makes, the newest of them.
    pub(crate) fn own_pictures(&self) -> watch::Receiver<Newest> {
        self.newest.subscribe()
    }

    /// Its name in addresses.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The container that its viewers get, once it is known.
    pub(crate) fn container(&self) -> Option<Container> {
        self.lock().broadcast.tracks().map(|(init, _)| init.output)
    }

    /// Whether it has a picture, once that is known.
    pub(crate) fn has_video(&self) -> Option<bool> {
        let shared = self.lock();
        let (_, tracks) = shared.broadcast.tracks()?;
        Some(tracks.iter().any(|track| track.kind == Kind::Video))
    }

    /// Whose session it shows, and how far that is behind, if it is.
    pub(super) fn behind_us(&self, now_us: WallUs) -> Option<((String, String), i64)> {
        let shared = self.lock();
        let behind_us = shared.behind_us(now_us);
        let is_behind = behind_us > 0 && shared.state(now_us) != State::Live;
        let Owner { device, session, .. } = &shared.owner;
        is_behind.then(|| ((device.clone(), session.clone()), behind_us))
    }

    /// How it is doing, and for how long nothing live has come.
    pub(crate) fn state(&self) -> (State, i64) {
        let now_us = clock::now_us();
        let shared = self.lock();
        (shared.state(now_us), shared.behind_us(now_us))
    }

    /// What there is to say of it.
    pub(crate) fn about(&self) -> About {
        let now_us = clock::now_us();
        let shared = self.lock();
        let state = shared.state(now_us);
        let tracks = shared.broadcast.tracks();
        let (video, audio) = tracks.map_or((None, None), |(_, tracks)| describe(tracks));
        About {
            name: self.name.clone(),
            device: shared.owner.device.clone(),
            key_sha256: shared.owner.key_sha256.clone(),
            title: shared.owner.title.clone(),
            session: shared.owner.session.clone(),
            source: shared.owner.source.clone(),
            state,
            since_us: shared.since_us,
            behind_us: if state == State::Live { 0 } else { shared.behind_us(now_us) },
            container: tracks.map(|(init, _)| container_name(init.output)),
            mime: tracks.map(|(init, tracks)| mime(init, tracks)),
            video,
            audio,
            bitrate_bps: if state == State::Live { shared.meter.bps } else { 0 },
            viewers: shared.broadcast.viewers(),
        }
    }
}

/// What there is to see and to hear.
pub(crate) fn describe(tracks: &[Track]) -> (Option<Video>, Option<Audio>) {
    let of = |kind: Kind| tracks.iter().find(|track| track.kind == kind);
    let video = of(Kind::Video).map(|track| Video {
        codec: codec(track),
        width: track.width,
        height: track.height,
    });
    let audio = of(Kind::Audio).map(|track| Audio {
        codec: codec(track),
        sample_rate: track.sample_rate,
        channels: track.channels,
    });
    (video, audio)
}

/// The codec's short name.
fn codec(track: &Track) -> String {
    let name = codec_name(track).unwrap_or_else(|| track.codec.clone());
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Watches a stream. It never holds the publisher up.
#[derive(Debug)]
pub(crate) struct Viewer {
    stream: Arc<Stream>,
    cursor: Cursor,
    changed: watch::Receiver<()>,
}

/// What a viewer is to be told.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    Delivery(Delivery),
    /// Nothing new yet.
    Nothing,
    /// The stream is over.
    Over,
}

impl Viewer {
    pub(crate) fn new(stream: Arc<Stream>) -> Self {
        let changed = stream.changed.subscribe();
        let cursor = stream.lock().broadcast.join();
        Self { stream, cursor, changed }
    }

    /// Begins anew, as if it had just come.
    pub(crate) fn again(&self) -> Self {
        Self::new(Arc::clone(&self.stream))
    }

    /// The next thing there is.
    pub(crate) fn next(&mut self) -> Told {
        let shared = self.stream.lock();
        match shared.broadcast.next(&mut self.cursor) {
            Some(delivery) => Told::Delivery(delivery),
            None if shared.is_over => Told::Over,
            None => Told::Nothing,
        }
    }

    /// The newest group of pictures, from its key frame on.
    pub(crate) fn group(&self) -> Vec<Sample> {
        self.stream.lock().broadcast.group()
    }

    /// How the stream is doing, and for how long nothing live has come.
    pub(crate) fn state(&self) -> (State, i64) {
        self.stream.state()
    }

    /// Waits until there may be something new.
    pub(crate) async fn changed(&mut self) {
        // The stream lives as long as its viewer.
        let _ = self.changed.changed().await;
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.stream.lock().broadcast.leave();
    }
}
