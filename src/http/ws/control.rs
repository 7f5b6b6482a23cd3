//! `/ws/control`: which streams there are and how they are doing, for programs and pages
//! (`docs/live.md`).

use std::time::Duration;

use axum::extract::State as Shared;
use axum::response::Response;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::super::State;
use super::super::api::streams::{self, List};
use super::super::error::ApiError;
use super::teller::{self, Gone, Teller, Upgrade};
use crate::live::Streams;

/// Numbers such as bitrates are told this often.
const NUMBERS_INTERVAL: Duration = Duration::from_secs(1);

/// A burst of changes is one.
const SETTLE: Duration = Duration::from_millis(50);

pub(in super::super) async fn control(
    Shared(state): Shared<State>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let (streams, shutdown) = (state.streams, state.shutdown);
    teller::open(upgrade, shutdown.clone(), async move |mut teller| {
        tell(&streams, &shutdown, &mut teller).await
    })
}

async fn tell(
    live: &Streams,
    shutdown: &CancellationToken,
    teller: &mut Teller,
) -> Result<(), Gone> {
    let mut changes = live.changes();
    let mut numbers = tokio::time::interval(NUMBERS_INTERVAL);
    numbers.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told: Option<Vec<streams::Stream>> = None;
    let mut due = Some(Instant::now());
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                due = None;
                let list = streams::list(live);
                if told.as_ref() != Some(&list) {
                    teller.say(&List::message(&list)).await?;
                    told = Some(list);
                }
            }
            Ok(()) = changes.changed() => {
                due.get_or_insert_with(|| Instant::now() + SETTLE);
            }
            _ = numbers.tick() => due = Some(Instant::now()),
            gone = teller.gone() => return Err(gone),
            () = shutdown.cancelled() => {
                return teller.close(1012, "the server is stopping").await;
            }
        }
    }
}
