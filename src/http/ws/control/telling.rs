//! What everybody is told: the lists, at once and whenever they change.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::super::super::Board;
use super::super::super::api::streams::{self, List};
use super::super::teller::{Gone, Teller};
use crate::alarms::{self, Alarm};
use crate::clock;
use crate::devices::Device;
use crate::live::Streams;

/// Numbers such as bitrates are told this often.
const NUMBERS_INTERVAL: Duration = Duration::from_secs(1);

/// A burst of changes is one.
const SETTLE: Duration = Duration::from_millis(50);

/// Which list may be new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    Streams,
    Devices,
    Alarms,
}

/// What one connection is told. Nothing waits for a slow one: it is told what there is when it
/// listens again.
pub(super) struct Telling {
    live: Streams,
    changes: watch::Receiver<()>,
    numbers: Interval,
    due: Option<Instant>,
    told: Option<Vec<streams::Stream>>,
    devices: watch::Receiver<Arc<[Device]>>,
    alarms: alarms::List,
}

#[derive(Serialize)]
struct Devices<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    now_ms: i64,
    devices: &'a [Device],
}

#[derive(Serialize)]
struct Alarms<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    now_ms: i64,
    alarms: &'a [Alarm],
}

impl Telling {
    pub(super) fn new(live: Streams, board: &Board, mut alarms: alarms::List) -> Self {
        let mut numbers = tokio::time::interval(NUMBERS_INTERVAL);
        numbers.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut devices = board.follow();
        devices.mark_changed();
        alarms.mark_changed();
        let (changes, due) = (live.changes(), Some(Instant::now()));
        Self { live, changes, numbers, due, told: None, devices, alarms }
    }

    /// Waits until a list may be new. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> News {
        loop {
            let due = self.due;
            tokio::select! {
                // In a fixed order, so that the first messages have one.
                biased;
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.due = None;
                    return News::Streams;
                }
                Ok(()) = self.devices.changed() => return News::Devices,
                Ok(()) = self.alarms.changed() => return News::Alarms,
                Ok(()) = self.changes.changed() => {
                    self.due.get_or_insert_with(|| Instant::now() + SETTLE);
                }
                _ = self.numbers.tick() => self.due = Some(Instant::now()),
            }
        }
    }

    /// Tells a list, unless it is as it was.
    pub(super) async fn tell(&mut self, news: News, teller: &mut Teller) -> Result<(), Gone> {
        let now_ms = clock::now_ms();
        match news {
            News::Streams => {
                let list = streams::list(&self.live);
                if self.told.as_ref() != Some(&list) {
                    teller.say(&List::message(&list)).await?;
                    self.told = Some(list);
                }
                Ok(())
            }
            News::Devices => {
                let devices = Arc::clone(&self.devices.borrow_and_update());
                teller.say(&Devices { kind: "devices", now_ms, devices: &devices }).await
            }
            News::Alarms => {
                let alarms = Arc::clone(&self.alarms.borrow_and_update());
                teller.say(&Alarms { kind: "alarms", now_ms, alarms: &alarms }).await
            }
        }
    }
}
