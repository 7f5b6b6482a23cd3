//! Sources that nobody configured: fetched for as long as somebody looks, and recorded never.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::registry::Sources;
use super::running::{self, Means};
use super::spec::{Address, Hours, Input, Login, Rtsp, Spec, Transport};
use super::status::{State, Status};
use crate::live::Streams;

/// What the stream of a visited address is called; each has streams of its own.
const NAME: &str = "visit";

/// Addresses that are visited at once.
const MAX_VISITS: usize = 64;

/// What is visited at the moment.
#[derive(Debug, Default)]
pub(super) struct Visits(Mutex<Vec<Weak<Visited>>>);

#[derive(Debug)]
struct Visited {
    address: Address,
    login: Option<Login>,
    streams: Streams,
    status: Arc<Status>,
    stop: CancellationToken,
}

impl Drop for Visited {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Somebody who looks at an address. All who look at the same one share its connection, which ends
/// with the last of them.
#[derive(Debug, Clone)]
pub(crate) struct Visit(Result<Arc<Visited>, Failure>);

impl Visit {
    /// Where its stream is; in no list. The same for all who look at this address.
    pub(crate) fn streams(&self) -> Streams {
        self.0.as_ref().map(|visited| visited.streams.clone()).unwrap_or_default()
    }

    /// The stream's name there.
    pub(crate) fn stream(&self) -> &str {
        NAME
    }

    /// Waits until the stream is live, or says why it is not.
    pub(crate) async fn first(&self) -> Result<(), Failure> {
        let visited = self.0.as_ref().map_err(Clone::clone)?;
        let mut changes = visited.status.changes();
        loop {
            let facts = visited.status.facts();
            match (facts.state, facts.failure) {
                (State::Live, _) if facts.stream.is_some() => return Ok(()),
                (State::Waiting, Some(failure)) => return Err(failure),
                _ => {}
            }
            if changes.changed().await.is_err() {
                return Err(Failure::Over);
            }
        }
    }
}

impl Sources {
    /// A source that nobody configured, for as long as the visit is held.
    pub(crate) fn visit(&self, address: Address, login: Option<Login>) -> Visit {
        if self.is_going_on().is_err() {
            return Visit(Err(Failure::Over));
        }
        let mut visits = self.shared.visits.0.lock().unwrap_or_else(PoisonError::into_inner);
        visits.retain(|visit| visit.strong_count() > 0);
        let mut all = visits.iter().filter_map(Weak::upgrade);
        if let Some(known) = all.find(|known| known.address == address && known.login == login) {
            return Visit(Ok(known));
        }
        drop(all);
        if visits.len() >= MAX_VISITS {
            let words = "the server fetches as many addresses as it can; try again later";
            return Visit(Err(Failure::Unreachable(words.to_owned())));
        }
        let visited = Arc::new(Visited {
            address: address.clone(),
            login: login.clone(),
            streams: Streams::default(),
            // Nobody is told of it.
            status: Arc::new(Status::new(Arc::default())),
            stop: self.shared.stop.child_token(),
        });
        visits.push(Arc::downgrade(&visited));
        drop(visits);
        if let Some(spec) = spec(address, login) {
            let means = Means {
                ffmpeg: self.shared.ffmpeg.clone(),
                streams: visited.streams.clone(),
                hub: None,
                tasks: self.shared.tasks.clone(),
            };
            let (status, stop) = (Arc::clone(&visited.status), visited.stop.clone());
            self.shared.tasks.spawn(running::run(Arc::new(spec), means, status, stop));
        }
        Visit(Ok(visited))
    }
}

fn spec(address: Address, login: Option<Login>) -> Option<Spec> {
    let title = address.to_string();
    let (small, transport) = (None, Transport::Tcp);
    Some(Spec {
        name: NAME.parse().ok()?,
        title,
        input: Input::Rtsp(Rtsp { address, small, login, transport, has_sound: false }),
        record: false,
        hours: Hours::default(),
        is_paused: false,
    })
}
