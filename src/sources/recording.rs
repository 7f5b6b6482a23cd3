//! A source's way to the recorder: a session for as long as it shall record, and in it a
//! generation for each stretch of media.

mod session;

use std::sync::Arc;
use std::time::Duration;

use container::{Event, Kind};
use tokio::time::Instant;

use super::generation::Head;
use super::status::Status;
use crate::clock::{self, WallUs};
use crate::live::Hub;
use crate::live::feed::{Ending, Feed, Note, Peer, SessionInfo};
pub(super) use session::Farewell;
use session::{Pushed, Session};

/// A recording that the disk has ended is begun anew after this long.
const REOPEN_PAUSE: Duration = Duration::from_secs(5);

/// Who is recorded.
#[derive(Debug, Clone)]
pub(super) struct Who {
    /// The source's name.
    pub(super) name: String,
    /// Its id among those that publish.
    pub(super) device: String,
    /// For people.
    pub(super) title: String,
    /// For people, without what is secret.
    pub(super) address: String,
    /// `rtsp` and the like.
    pub(super) client: &'static str,
}

/// Records a source while that is wanted.
#[derive(Debug)]
pub(super) struct Recording {
    hub: Hub,
    who: Who,
    status: Arc<Status>,
    is_wanted: bool,
    session: Option<Session>,
    /// After the disk has ended a session: when the next one begins, and where the last one ended.
    reopening: Option<(Instant, WallUs)>,
}

impl Recording {
    pub(super) fn new(hub: Hub, who: Who, status: Arc<Status>) -> Self {
        Self { hub, who, status, is_wanted: false, session: None, reopening: None }
    }

    /// The session, while there is one.
    pub(super) fn session(&self) -> Option<&str> {
        self.session.as_ref().map(|session| session.id.as_str())
    }

    /// From now on it shall record. The session begins at once: who never sends anything is missed.
    pub(super) async fn start(&mut self) {
        if !std::mem::replace(&mut self.is_wanted, true) {
            self.open(clock::now_us(), false).await;
        }
    }

    /// It shall record no more. What is left to say is for the caller to have said.
    pub(super) fn finish(&mut self, ending: Ending) -> Option<Farewell> {
        (self.is_wanted, self.reopening) = (false, None);
        let session = self.session.take();
        self.report();
        session.map(|session| session.finish(ending))
    }

    async fn open(&mut self, started_us: WallUs, is_disk: bool) {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let Who { name, device, title, address, client } = self.who.clone();
        let (publication, opening) = self.hub.record(SessionInfo {
            id: id.clone(),
            device,
            key_sha256: None,
            name: title,
            client: client.to_owned(),
            peer: Peer::Source { name, address },
            started_us,
            is_resumable: false,
            is_continued: false,
        });
        self.session = Some(Session::new(id, publication, started_us, is_disk));
        self.report();
        opening.send().await;
    }

    /// Samples and configuration changes of the generation `head`, of which it knows already what
    /// was in front of them.
    pub(super) async fn media(&mut self, head: &Head, events: &[Event]) {
        if self.is_wanted
            && let Some((at, ended_us)) = self.reopening
            && Instant::now() >= at
        {
            self.reopening = None;
            self.open(ended_us, true).await;
        }
        let Some(session) = &mut self.session else { return };
        session.look();
        session.take(head, events);
        if session.push().await == Pushed::Ended {
            let ended_us = session.durable_us();
            tracing::warn!(source = %self.who.name, session = %session.id, "the disk has ended the recording of a source; a new one begins when it takes more");
            self.session = None;
            self.reopening = Some((Instant::now() + REOPEN_PAUSE, ended_us));
        }
        self.report();
    }

    /// By `elapsed_us` after the beginning of `head` its camera had come to `media_us`.
    pub(super) fn clock(&mut self, media_us: i64, elapsed_us: i64) {
        let Some(session) = &mut self.session else { return };
        let Some(generation) = session.generation() else { return };
        session.tell(Feed::Clock { generation, media_us, elapsed_us });
    }

    /// What came between these times could not be used.
    pub(super) fn damaged(&mut self, kind: Kind, start_us: WallUs, end_us: WallUs) {
        let Some(session) = &mut self.session else { return };
        let Some(generation) = session.generation() else { return };
        let detail = match kind {
            Kind::Video => "packets of the camera were lost on their way",
            Kind::Audio => "packets of the camera's sound were lost on their way",
        };
        session.tell(Feed::Note(Note {
            event: "gap".to_owned(),
            generation: Some(generation),
            device_ms: None,
            start_us,
            end_us: Some(end_us),
            reason: Some("damaged_input".to_owned()),
            detail: Some(detail.to_owned()),
        }));
    }

    /// The camera's clock was set: what came last was the last of its generation, and what comes
    /// until the next one cannot be shown.
    pub(super) fn leapt(&mut self) {
        let Some(session) = &mut self.session else { return };
        session.leapt();
        self.report();
    }

    /// What came last was the last of its generation. With words, the camera is lost.
    pub(super) fn interrupted(&mut self, why: Option<String>) {
        let Some(session) = &mut self.session else { return };
        session.interrupted(why);
        self.report();
    }

    fn report(&self) {
        let session = self.session.as_ref();
        let is_recording = session.is_some_and(|session| session.generation().is_some());
        self.status.recording(session.map(|session| session.id.clone()), is_recording);
    }
}
