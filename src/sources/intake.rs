//! Where a driver puts what it fetches: all of it to the recorder, and to viewers what they can
//! take.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use container::{Event, Init, Kind, Track};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::generation::Head;
use super::recording::Recording;
use crate::clock::{self, WallUs};
use crate::live::Showing;
use crate::live::feed::{Feed, Step};
use crate::live::raw_stream::RawStream;

/// How often it is said how far a stream of bytes has come: as often as devices say it.
const CLOCK_INTERVAL_US: i64 = 10_000_000;

/// Where a driver puts what it fetches. It outlives the driver's connections: what follows one is
/// another generation of the same session.
pub(crate) struct Intake {
    showing: Showing,
    /// `None` for what is never recorded.
    recording: Option<Arc<Mutex<Recording>>>,
    /// Whom it tells that something comes.
    live: Live,
    stop: CancellationToken,
    head: Option<Head>,
    /// The number of the generation that viewers see.
    shown: u32,
    has_stream: bool,
    /// In which session, as far as viewers are told.
    session: Option<String>,
    bytes: RawStream,
    clock_due_us: i64,
    /// When the last media came.
    came: Option<Instant>,
}

/// Is told the name of the stream when the first media of a connection has come.
pub(super) type Live = Box<dyn Fn(Option<String>) + Send + Sync>;

/// Nothing more is wanted, or nothing more can be read: the driver returns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Over {
    /// Whoever wanted it does not any more.
    #[error("nobody wants it any more")]
    Unwanted,
    /// The bytes are no stream that can be read on.
    #[error("{0}")]
    NotMedia(String),
}

impl From<Over> for Failure {
    fn from(over: Over) -> Self {
        match over {
            Over::Unwanted => Self::Over,
            Over::NotMedia(reason) => Self::NotMedia(reason),
        }
    }
}

impl Intake {
    pub(super) fn new(
        showing: Showing,
        recording: Option<Arc<Mutex<Recording>>>,
        live: Live,
        stop: CancellationToken,
    ) -> Self {
        Self {
            showing,
            recording,
            live,
            stop,
            head: None,
            shown: 0,
            has_stream: false,
            session: None,
            bytes: RawStream::default(),
            clock_due_us: 0,
            came: None,
        }
    }

    /// A generation of samples begins: its tracks, and the wall time of media time zero. What
    /// `init.bytes` holds must read as the same tracks (`Demuxer::read_init`), since a crash is
    /// recovered from by it.
    pub(crate) async fn begin(&mut self, init: Init, anchor_us: WallUs) -> Result<(), Over> {
        self.is_wanted()?;
        self.end(None).await;
        self.shown += 1;
        self.showing.begin(self.shown, anchor_us);
        let head = Head::new(init, anchor_us);
        let init = Step { event: Some(Event::Init(head.init())), resume: None };
        self.showing.media(self.shown, &[init]);
        self.head = Some(head);
        Ok(())
    }

    /// Samples and configuration changes of it, in decode order per track. It waits while the
    /// disk is busy, and never for viewers.
    pub(crate) async fn media(&mut self, events: Vec<Event>) -> Result<(), Over> {
        self.is_wanted()?;
        let Some(head) = &mut self.head else { return Ok(()) };
        let is_first = head.newest_us().is_none();
        let has_media = events.iter().any(|event| matches!(event, Event::Sample(_)));
        if has_media {
            self.came = Some(Instant::now());
        }
        let steps: Vec<Step> =
            events.iter().cloned().map(|event| Step { event: Some(event), resume: None }).collect();
        self.showing.media(self.shown, &steps);
        if has_media && (is_first || !self.has_stream) {
            let stream = self.showing.stream();
            self.has_stream = stream.is_some();
            if is_first || self.has_stream {
                (self.live)(stream);
            }
        }
        if let Some(recording) = &self.recording {
            let mut recording = recording.lock().await;
            recording.media(head, &events).await;
            let session = recording.session();
            if session != self.session.as_deref() {
                self.session = session.map(str::to_owned);
                self.showing.set_session(session);
            }
        }
        head.learn(&events);
        Ok(())
    }

    /// By `elapsed_us` after the generation's beginning the camera had come to `media_us`.
    pub(crate) async fn clock(&mut self, media_us: i64, elapsed_us: i64) -> Result<(), Over> {
        self.is_wanted()?;
        if let Some(recording) = &self.recording {
            recording.lock().await.clock(media_us, elapsed_us);
        }
        Ok(())
    }

    /// Pictures or sound are missing between these times, since what came of them could not be
    /// used.
    pub(crate) async fn gap(
        &mut self,
        kind: Kind,
        from_us: WallUs,
        to_us: WallUs,
    ) -> Result<(), Over> {
        self.is_wanted()?;
        if let Some(recording) = &self.recording {
            recording.lock().await.damaged(kind, from_us, to_us);
        }
        Ok(())
    }

    /// The camera's clock was set: pictures are missing until the next generation begins.
    pub(crate) async fn leapt(&mut self) -> Result<(), Over> {
        self.is_wanted()?;
        if let Some(recording) = &self.recording {
            recording.lock().await.leapt();
        }
        Ok(())
    }

    /// Or: the next bytes of a Matroska, WebM or fragmented MP4 stream, whose init segments begin
    /// the generations. The newest of them is of now.
    pub(crate) async fn push(&mut self, bytes: Bytes) -> Result<(), Over> {
        self.is_wanted()?;
        let now_us = clock::now_us();
        self.bytes.push(bytes);
        let mut anchor_us = now_us;
        for feed in self.bytes.whole(now_us) {
            match feed {
                Feed::Begin(generation) => anchor_us = generation.anchor_us,
                Feed::Media { steps, .. } => self.steps(steps, anchor_us).await?,
                _ => {}
            }
        }
        if let Some(reason) = self.bytes.failed() {
            return Err(Over::NotMedia(reason.to_owned()));
        }
        let reading =
            self.head.as_ref().and_then(|head| Some((head.newest_us()?, head.elapsed_us())));
        if let Some((media_us, elapsed_us)) = reading.filter(|(_, now)| *now >= self.clock_due_us) {
            self.clock_due_us = elapsed_us.saturating_add(CLOCK_INTERVAL_US);
            self.clock(media_us, elapsed_us).await?;
        }
        Ok(())
    }

    async fn steps(&mut self, steps: Vec<Step>, anchor_us: WallUs) -> Result<(), Over> {
        let mut events = Vec::with_capacity(steps.len());
        for event in steps.into_iter().filter_map(|step| step.event) {
            match event {
                Event::Init(init) => {
                    self.begin(Arc::unwrap_or_clone(init), anchor_us).await?;
                    self.clock_due_us = 0;
                }
                event => events.push(event),
            }
        }
        self.media(events).await
    }

    /// A JPEG that the camera itself made, for viewers of JPEGs.
    pub(crate) fn picture(&self, jpeg: Bytes) {
        self.showing.picture(jpeg);
    }

    /// What has come of the generation so far: its tracks, once there are any.
    pub(super) fn tracks(&self) -> Option<&[Track]> {
        self.head.as_ref().map(Head::tracks)
    }

    /// For how long nothing has come, since something had come of the last connection.
    pub(super) fn silent_for(&mut self) -> Duration {
        self.came.take().map(|came| came.elapsed()).unwrap_or_default()
    }

    /// The driver has come back: nothing more comes of what it was at.
    pub(super) async fn lost(&mut self, failure: &Failure) {
        self.end(Some(failure.to_string())).await;
        self.showing.set_away(true);
        self.bytes = RawStream::default();
    }

    async fn end(&mut self, why: Option<String>) {
        if self.head.take().is_some() {
            self.showing.end(self.shown);
        }
        if let Some(recording) = &self.recording {
            recording.lock().await.interrupted(why);
        }
    }

    fn is_wanted(&self) -> Result<(), Over> {
        if self.stop.is_cancelled() { Err(Over::Unwanted) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
