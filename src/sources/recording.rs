//! A source's way to the recorder: a session for each day on which it shall record, and in it a
//! generation for each stretch of media.

mod day;
mod session;

use std::sync::Arc;
use std::time::Duration;

use container::{Event, Kind};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::generation::Head;
use super::status::{State, Status};
use crate::clock::{self, WallUs};
use crate::live::feed::{Ending, Feed, Note, Peer, SessionInfo};
use crate::live::{Hub, Opening};
pub(super) use session::Farewell;
use session::{Pushed, Session, Since};

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
    /// What is still being said to the recorder.
    tasks: TaskTracker,
    is_wanted: bool,
    session: Option<Session>,
    /// After the disk has ended a session: when the next one begins, and where the last one ended.
    reopening: Option<(Instant, WallUs)>,
}

impl Recording {
    pub(super) fn new(hub: Hub, who: Who, status: Arc<Status>, tasks: TaskTracker) -> Self {
        Self { hub, who, status, tasks, is_wanted: false, session: None, reopening: None }
    }

    /// The session, while there is one.
    pub(super) fn session(&self) -> Option<&str> {
        self.session.as_ref().map(|session| session.id.as_str())
    }

    /// From now on it shall record. The session begins at once: who never sends anything is missed.
    pub(super) async fn start(&mut self) {
        if !std::mem::replace(&mut self.is_wanted, true) {
            let is_live = self.status.facts().state == State::Live;
            self.open(clock::now_us(), Since::Wanted { is_live }).await;
        }
    }

    /// It shall record no more. What is left to say is for the caller to have said.
    pub(super) fn finish(&mut self, ending: Ending) -> Option<Farewell> {
        self.is_wanted = false;
        let (session, reopening) = (self.session.take(), self.reopening.take());
        self.report();
        match (session, reopening) {
            (Some(session), _) => Some(session.finish(ending)),
            // That the disk took nothing until now is in no session yet.
            (None, Some((_, ended_us))) => {
                let (session, opening) = self.begin(ended_us, Since::Disk);
                Some(session.finish(ending).opening(opening))
            }
            (None, None) => None,
        }
    }

    async fn open(&mut self, started_us: WallUs, since: Since) {
        let (session, opening) = self.begin(started_us, since);
        self.session = Some(session);
        self.report();
        opening.send().await;
    }

    fn begin(&self, started_us: WallUs, since: Since) -> (Session, Opening) {
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
        (Session::new(id, publication, started_us, since), opening)
    }

    /// Samples and configuration changes of the generation `head`, of which it knows already what
    /// was in front of them.
    pub(super) async fn media(&mut self, head: &Head, events: &[Event]) {
        if self.is_wanted
            && let Some((at, ended_us)) = self.reopening
            && Instant::now() >= at
        {
            self.reopening = None;
            self.open(ended_us, Since::Disk).await;
        }
        if let Some(opening) = self.take(head, events) {
            self.report();
            opening.send().await;
        }
        let Some(session) = &mut self.session else { return };
        if session.push().await == Pushed::Ended {
            let ended_us = session.durable_us();
            tracing::warn!(source = %self.who.name, session = %session.id, "the disk has ended the recording of a source; a new one begins when it takes more");
            self.session = None;
            self.reopening = Some((Instant::now() + REOPEN_PAUSE, ended_us));
        }
        self.report();
    }

    /// Where the day is over, another session begins with the next key frame: one that never ended
    /// would grow in memory and in its journal for years. While nothing is recorded it goes on, so
    /// that it has the whole gap.
    fn take(&mut self, head: &Head, events: &[Event]) -> Option<Opening> {
        let session = self.session.as_mut()?;
        session.look();
        let is_recorded = session.generation().is_some();
        let seam = day::seam(session.started_us, head, events).filter(|_| is_recorded);
        let Some(seam) = seam else {
            session.take(head, events);
            return None;
        };
        session.take(head, seam.before);
        if !session.is_handed_over() {
            session.take(head, seam.rest);
            return None;
        }
        let (mut next, opening) = self.begin(seam.wall_us, Since::Day);
        next.take_over(head, &seam);
        let over = self.session.replace(next)?;
        tracing::debug!(source = %self.who.name, session = %over.id, "a source's session ends with its day");
        self.tasks.spawn(over.finish(Ending::Stopped).say());
        Some(opening)
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
