//! One conversation over requests: its requests and its session wait here for each other.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use super::frames::Frames;
use super::talk::{Heard, Place, Refusal, Said, Talk};
use crate::live::socket::{Ended, Outgoing};

/// A GET that finds nothing is answered before anything on the way takes it for dead.
const LISTEN_PATIENCE: Duration = Duration::from_secs(20);

/// A POST is answered before the page gives it up, which it does after 20 s.
const TAKE_PATIENCE: Duration = Duration::from_secs(15);

/// How long the session waits until the device has been told why the connection ends.
const LINGER: Duration = Duration::from_secs(3);

/// How long that can be asked for afterwards.
const KEEP_UNREAD: Duration = Duration::from_secs(30);

/// The answer that told it can be lost, and is asked for again.
const KEEP_READ: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Connection {
    talk: Mutex<Talk>,
    changed: Notify,
}

impl Connection {
    pub(super) fn new() -> Self {
        Self { talk: Mutex::new(Talk::new()), changed: Notify::new() }
    }

    /// Counts a request for as long as the guard lives.
    pub(super) fn request(self: &Arc<Self>) -> Request {
        self.change(Talk::begin_request);
        Request(self.clone())
    }

    /// The turn of the POST with this number; `None` when it has been taken already.
    pub(super) fn turn(self: &Arc<Self>, seq: u64) -> Result<Option<Turn>, Refusal> {
        let place = self.change(|talk| talk.place(seq))?;
        Ok(place.map(|place| Turn { connection: self.clone(), place }))
    }

    /// The messages after this number, as soon as there are any.
    pub(super) async fn listen(&self, after: u64) -> Result<Said, Refusal> {
        let get = self.change(|talk| talk.ask(after));
        let answer = timeout(LISTEN_PATIENCE, self.until(|talk| talk.answer(get))).await;
        answer.unwrap_or_else(|_| Ok(Said::default()))
    }

    /// The device ends the connection.
    pub(super) fn leave(&self) {
        self.change(Talk::leave);
    }

    /// For the session: what comes next. Dropping the future loses nothing.
    pub(super) async fn hear(&self) -> Result<Heard, Ended> {
        loop {
            let idle_at = self.lock().idle_at();
            if let Ok(heard) = timeout_at(idle_at, self.until(Talk::hear)).await {
                return heard;
            }
            if self.lock().idle_at() <= Instant::now() {
                return Err(Ended::Closed);
            }
        }
    }

    /// For the session: leaves a message for the device.
    pub(super) async fn say(&self, message: Outgoing) -> Result<(), Ended> {
        match message {
            Outgoing::Text(text) => self.change(|talk| talk.hold(text))?,
            Outgoing::Ping => self.change(Talk::ping),
            Outgoing::Close(code, reason) => {
                self.change(|talk| talk.close(code, reason));
                let _ = timeout(LINGER, self.until(|talk| talk.is_settled().then_some(()))).await;
            }
        }
        Ok(())
    }

    /// For the session: it reads and says no more.
    pub(super) fn end(&self) {
        self.change(Talk::end);
    }

    /// Waits until nobody can want to know any more why it ended.
    pub(super) async fn forgettable(&self) {
        let _ = timeout(KEEP_UNREAD, self.until(|talk| talk.is_settled().then_some(()))).await;
        if self.lock().is_close_read() {
            tokio::time::sleep(KEEP_READ).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Talk> {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Talk) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changed.notify_waiters();
        changed
    }

    /// Waits until `find` finds something, which it may take away.
    async fn until<T>(&self, mut find: impl FnMut(&mut Talk) -> Option<T>) -> T {
        loop {
            let mut changed = pin!(self.changed.notified());
            // From here on no change is missed.
            changed.as_mut().enable();
            let found = find(&mut self.lock());
            if let Some(found) = found {
                self.changed.notify_waiters();
                return found;
            }
            changed.await;
        }
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct Request(Arc<Connection>);

impl Drop for Request {
    fn drop(&mut self) {
        self.0.change(Talk::end_request);
    }
}

/// A POST that brings the next frames, until another one does.
#[derive(Debug)]
pub(super) struct Turn {
    connection: Arc<Connection>,
    place: Place,
}

impl Turn {
    /// Waits until another POST has the turn.
    pub(super) async fn lost(&self) {
        self.connection.until(|talk| (!talk.holds(self.place)).then_some(())).await;
    }

    /// Waits until the session has taken the frames, all at once. It gets none of them when this
    /// ends in any other way, or is dropped.
    pub(super) async fn offer(self, frames: Frames) -> Result<(), Refusal> {
        let Self { connection, place } = &self;
        connection.change(|talk| talk.offer(*place, frames));
        let settled = connection.until(|talk| talk.settled(*place));
        let in_time = timeout(TAKE_PATIENCE, settled).await;
        in_time.unwrap_or_else(|_| connection.change(|talk| talk.withdraw(*place)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Without effect on what has been taken.
        let _ = self.connection.change(|talk| talk.withdraw(self.place));
    }
}
