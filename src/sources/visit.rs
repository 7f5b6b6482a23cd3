//! Sources that nobody configured: fetched for as long as somebody looks, and recorded never.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::registry::Sources;
use super::running::{self, Means};
use super::spec::{Address, Hours, Input, Login, Name, Rtsp, Spec, Transport};
use super::status::{State, Status};
use crate::live::Streams;

/// Addresses that are visited at once.
const MAX_VISITS: usize = 64;

/// What is visited at the moment.
#[derive(Debug, Default)]
pub(super) struct Visits {
    known: Mutex<Vec<Weak<Visited>>>,
    /// Where all of their streams are.
    streams: Streams,
    /// How many there have been.
    begun: AtomicU64,
}

#[derive(Debug)]
struct Visited {
    address: Address,
    login: Option<Login>,
    stream: Name,
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
    /// Its stream's name among [`Sources::visited`]. The same for all who look at this address.
    pub(crate) fn stream(&self) -> &str {
        self.0.as_ref().map(|visited| visited.stream.as_str()).unwrap_or_default()
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
    /// The streams of what is visited; in no list.
    pub(crate) fn visited(&self) -> Streams {
        self.shared.visits.streams.clone()
    }

    /// A source that nobody configured, for as long as the visit is held.
    pub(crate) fn visit(&self, address: Address, login: Option<Login>) -> Visit {
        if self.is_going_on().is_err() {
            return Visit(Err(Failure::Over));
        }
        let mut visits = self.shared.visits.known.lock().unwrap_or_else(PoisonError::into_inner);
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
        let number = self.shared.visits.begun.fetch_add(1, Ordering::Relaxed);
        let Ok(stream) = format!("visit-{number}").parse::<Name>() else {
            return Visit(Err(Failure::Over));
        };
        let visited = Arc::new(Visited {
            address: address.clone(),
            login: login.clone(),
            stream: stream.clone(),
            // Nobody is told of it.
            status: Arc::new(Status::new(Arc::default())),
            stop: self.shared.stop.child_token(),
        });
        visits.push(Arc::downgrade(&visited));
        drop(visits);
        let means = Means {
            ffmpeg: self.shared.ffmpeg.clone(),
            streams: self.visited(),
            hub: None,
            tasks: self.shared.tasks.clone(),
        };
        let spec = Arc::new(spec(stream, address, login));
        let (status, stop) = (Arc::clone(&visited.status), visited.stop.clone());
        self.shared.tasks.spawn(running::run(spec, means, status, stop));
        Visit(Ok(visited))
    }
}

fn spec(name: Name, address: Address, login: Option<Login>) -> Spec {
    let title = address.to_string();
    let (small, transport) = (None, Transport::Tcp);
    Spec {
        name,
        title,
        input: Input::Rtsp(Rtsp { address, small, login, transport, has_sound: false }),
        record: false,
        hours: Hours::default(),
        is_paused: false,
    }
}
