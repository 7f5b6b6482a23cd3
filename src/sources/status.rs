//! How a source is doing, as its parts say it and everybody may ask.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::failure::Failure;
use crate::clock;

/// How a source is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Somebody has paused it.
    Paused,
    /// It is being connected to, and nothing has come yet.
    Connecting,
    /// Media comes.
    Live,
    /// It is tried again later.
    Waiting,
}

impl State {
    /// As it stands in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Waiting => "waiting",
        }
    }
}

/// What there is to say of it at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) state: State,
    /// Why nothing came when it was tried last; nothing once it is live.
    pub(crate) failure: Option<Failure>,
    /// Since when it is so. Attempts that fail are one stretch without a picture.
    pub(crate) since_ms: i64,
    /// When it is tried again.
    pub(crate) retry_at_ms: Option<i64>,
    pub(crate) is_recording: bool,
    pub(crate) is_within_hours: bool,
    pub(crate) session: Option<String>,
    pub(crate) stream: Option<String>,
    pub(crate) small_stream: Option<String>,
    /// Why its smaller picture did not come when that was tried last; nothing once it is live.
    pub(crate) small_failure: Option<Failure>,
    /// How often it has been live again.
    pub(crate) reconnects: u64,
}

impl Facts {
    /// Why nothing comes, and what to do, as the end of a sentence.
    pub(super) fn reason(&self) -> String {
        match (&self.failure, self.state) {
            (Some(failure), _) => format!("{failure} ({})", failure.advice()),
            (None, State::Live) => {
                "pictures come, and none of them is recorded (the server's log says more)"
                    .to_owned()
            }
            (None, _) => "nothing has come from it yet".to_owned(),
        }
    }
}

/// Keeps the facts, and says when they change.
#[derive(Debug)]
pub(super) struct Status {
    facts: Mutex<Facts>,
    /// Of this one.
    own: watch::Sender<()>,
    /// Of all that there are.
    all: Arc<watch::Sender<()>>,
}

impl Status {
    pub(super) fn new(all: Arc<watch::Sender<()>>) -> Self {
        let facts = Facts {
            state: State::Paused,
            failure: None,
            since_ms: clock::now_ms(),
            retry_at_ms: None,
            is_recording: false,
            is_within_hours: true,
            session: None,
            stream: None,
            small_stream: None,
            small_failure: None,
            reconnects: 0,
        };
        Self { facts: Mutex::new(facts), own: watch::Sender::new(()), all }
    }

    pub(super) fn facts(&self) -> Facts {
        self.lock().clone()
    }

    /// Says when these facts change.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.own.subscribe()
    }

    pub(super) fn paused(&self) {
        self.change(|facts| {
            *facts = Facts {
                state: State::Paused,
                reconnects: facts.reconnects,
                is_within_hours: facts.is_within_hours,
                since_ms: facts.since_ms,
                failure: None,
                retry_at_ms: None,
                is_recording: false,
                session: None,
                stream: None,
                small_stream: None,
                small_failure: None,
            };
        });
    }

    /// It is being connected to. Why that failed before stays said until it succeeds.
    pub(super) fn connecting(&self) {
        self.change(|facts| (facts.state, facts.retry_at_ms) = (State::Connecting, None));
    }

    pub(super) fn live(&self, stream: Option<String>, is_again: bool) {
        self.change(|facts| {
            facts.state = State::Live;
            (facts.failure, facts.retry_at_ms) = (None, None);
            facts.stream = stream;
            facts.reconnects += u64::from(is_again);
        });
    }

    /// It failed, and is tried again after a pause. Of one that was live the last media came
    /// `silent_for` ago: that something is wrong was noticed only now.
    pub(super) fn waiting(&self, failure: Failure, pause: Duration, silent_for: Duration) {
        let ms = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let now_ms = clock::now_ms();
        self.change_since(now_ms.saturating_sub(ms(silent_for)), |facts| {
            facts.state = State::Waiting;
            facts.retry_at_ms = Some(now_ms.saturating_add(ms(pause)));
            facts.failure = Some(failure);
        });
    }

    pub(super) fn recording(&self, session: Option<String>, is_recording: bool) {
        self.change(|facts| (facts.session, facts.is_recording) = (session, is_recording));
    }

    pub(super) fn within_hours(&self, is_within: bool) {
        self.change(|facts| facts.is_within_hours = is_within);
    }

    pub(super) fn small_live(&self, stream: Option<String>) {
        self.change(|facts| (facts.small_stream, facts.small_failure) = (stream, None));
    }

    pub(super) fn small_waiting(&self, failure: Failure) {
        self.change(|facts| facts.small_failure = Some(failure));
    }

    fn change(&self, change: impl FnOnce(&mut Facts)) {
        self.change_since(clock::now_ms(), change);
    }

    fn change_since(&self, since_ms: i64, change: impl FnOnce(&mut Facts)) {
        let mut facts = self.lock();
        let before = facts.clone();
        change(&mut facts);
        let is_tried = |state| matches!(state, State::Connecting | State::Waiting);
        let is_one_stretch = is_tried(facts.state) && is_tried(before.state);
        if facts.state != before.state && !is_one_stretch {
            facts.since_ms = since_ms;
        }
        let is_news = *facts != before;
        drop(facts);
        if is_news {
            self.own.send_replace(());
            self.all.send_replace(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_that_fail_are_one_stretch_without_a_picture() {
        let status = Status::new(Arc::default());
        status.connecting();
        let long_ago = 7;
        status.lock().since_ms = long_ago;
        for _ in 0..2 {
            status.waiting(Failure::NoFfmpeg, Duration::from_secs(1), Duration::ZERO);
            status.connecting();
            assert_eq!(status.facts().since_ms, long_ago);
        }
        status.live(None, false);
        assert_ne!(status.facts().since_ms, long_ago);
        status.lock().since_ms = long_ago;
        status.connecting();
        assert_ne!(status.facts().since_ms, long_ago);
    }

    #[test]
    fn a_camera_is_away_since_its_last_picture() {
        let status = Status::new(Arc::default());
        status.live(None, false);
        status.lock().since_ms = 7;
        let now_ms = clock::now_ms();
        clock::simulate(Some(now_ms * 1000));
        status.waiting(Failure::Ended, Duration::from_secs(1), Duration::from_secs(10));
        assert_eq!(status.facts().since_ms, now_ms - 10_000);
        assert_eq!(status.facts().retry_at_ms, Some(now_ms + 1000));
        clock::simulate(None);
    }
}
