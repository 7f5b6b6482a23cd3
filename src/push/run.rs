//! What all deliveries of a push share: the way to the server, the person who watches, the clock.

use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior};

use super::connection::Line;
use super::intake::{Arrived, Intake};
use super::progress::Progress;
use crate::clock;

/// How often a person sees something new, and a pipe's bytes are synced.
const TICK: Duration = Duration::from_secs(1);

pub(super) struct Run {
    pub(super) line: Line,
    pub(super) progress: Progress,
    pub(super) clock: Clock,
    /// The pipe that is being read, whatever is being delivered.
    pub(super) intake: Option<Intake>,
    /// After this long without any progress it is given up.
    pub(super) patience: Option<Duration>,
    /// The server has been reached.
    pub(super) was_welcomed: bool,
    /// Somebody has pressed Ctrl-C.
    pub(super) is_asked_to_stop: bool,
    /// Why the pipe was not read, as it was said last.
    pub(super) pipe_trouble: Option<String>,
    interrupt: Signal,
    terminate: Signal,
    ticks: Interval,
}

/// What happens beside the conversation.
#[derive(Debug)]
pub(super) enum Event {
    /// More of the stream.
    Arrived,
    /// Ctrl-C, or the polite signal of a service manager.
    Interrupt,
    Tick,
}

impl Run {
    /// # Errors
    /// When the system gives no signals.
    pub(super) fn new(
        line: Line,
        patience: Option<Duration>,
        intake: Option<Intake>,
    ) -> std::io::Result<Self> {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            line,
            progress: Progress::new(),
            clock: Clock::new(),
            intake,
            patience,
            was_welcomed: false,
            is_asked_to_stop: false,
            pipe_trouble: None,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            ticks,
        })
    }

    /// The next event. Dropping the future loses nothing.
    pub(super) async fn event(&mut self, arrived: &mut watch::Receiver<Arrived>) -> Event {
        let changed = async {
            if arrived.changed().await.is_err() {
                // Nothing more will come.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = changed => Event::Arrived,
            _ = self.interrupt.recv() => Event::Interrupt,
            _ = self.terminate.recv() => Event::Interrupt,
            _ = self.ticks.tick() => Event::Tick,
        }
    }
}

/// The wall clock as it was at the start, and the time that has passed since: a clock that is set
/// meanwhile moves nothing on the timeline.
#[derive(Debug)]
pub(super) struct Clock {
    started_ms: i64,
    started: Instant,
}

impl Clock {
    fn new() -> Self {
        Self { started_ms: clock::now_ms(), started: Instant::now() }
    }

    pub(super) fn now_ms(&self) -> i64 {
        let passed_ms = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.started_ms.saturating_add(passed_ms)
    }

    /// How long it is until then.
    pub(super) fn until(&self, at_ms: i64) -> Duration {
        let ms = at_ms.saturating_sub(self.now_ms());
        Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    }
}
