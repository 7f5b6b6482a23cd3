//! `GET /api/library/events`: what changes of the library (server-sent events of the HTML standard).

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State as Shared;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream, StreamExt};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use utoipa::ToSchema;

use super::super::super::State;
use super::super::super::authenticate::Holder;
use super::super::super::sight::sees_session;
use super::entry;
use crate::auth::Pass;
use crate::library::Change;
use crate::library::Session;
use crate::library::listing::Course;
use crate::live::Behind;

/// Connections are taken for dead by routers after a minute without a word.
const KEPT_ALIVE: Duration = Duration::from_secs(20);

/// A session that is not there any more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RemovedSession)]
pub(in super::super::super) struct Removed {
    session: String,
}

struct Telling {
    state: State,
    pass: Pass,
    changes: Receiver<Change>,
    /// Whether it is still to be told that everything has been read.
    tells_complete: bool,
}

/// `GET /api/library/events`
pub(in super::super::super) async fn events(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = state.library.changes().listen();
    let tells_complete = state.library.is_complete();
    let shutdown = state.shutdown.clone();
    let revoked = pass.revoked().clone();
    let telling = Telling { state, pass, changes, tells_complete };
    let over = async move {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = revoked.cancelled() => {}
        }
    };
    let events = stream::unfold(telling, Telling::next).take_until(over);
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEPT_ALIVE))
}

impl Telling {
    /// The next event. Whoever is behind by too much comes back and looks at everything anew.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        if std::mem::take(&mut self.tells_complete) {
            return Some((Ok(complete()), self));
        }
        loop {
            let event = match self.changes.recv().await.ok()? {
                Change::Complete => Some(complete()),
                Change::Session(id) => self.session(id),
            };
            if let Some(event) = event {
                return Some((Ok(event), self));
            }
        }
    }

    fn session(&self, id: String) -> Option<Event> {
        let sees = |session: &Session| sees_session(&self.pass, session);
        match self.state.library.summary_of(&id, sees)? {
            Some(summary) => {
                let behind = match summary.course {
                    Course::Recording => self.state.streams.behind(),
                    Course::Waiting | Course::Finished => Behind::default(),
                };
                let entry = entry(&self.state, &behind, summary);
                Event::default().event("session").json_data(entry).ok()
            }
            None => Event::default().event("removed").json_data(Removed { session: id }).ok(),
        }
    }
}

fn complete() -> Event {
    Event::default().event("complete").data("{}")
}
