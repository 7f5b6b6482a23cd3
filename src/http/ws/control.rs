//! `/ws/control`: which streams there are and how they are doing, for programs and pages
//! (`docs/live.md`).

use std::time::Duration;

use axum::extract::State as Shared;
use axum::response::Response;
use tokio::time::{Instant, MissedTickBehavior};

use super::super::State;
use super::super::api::streams::{self, List};
use super::super::error::ApiError;
use super::teller::{self, Gone, Teller, Upgrade};

/// Numbers such as bitrates are told this often.
const NUMBERS_INTERVAL: Duration = Duration::from_secs(1);

/// A burst of changes is one.
const SETTLE: Duration = Duration::from_millis(50);

pub(in super::super) async fn control(
    Shared(state): Shared<State>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    teller::open(upgrade, async move |mut teller| tell(&state, &mut teller).await)
}

async fn tell(state: &State, teller: &mut Teller) -> Result<(), Gone> {
    let mut changes = state.streams.changes();
    let mut numbers = tokio::time::interval(NUMBERS_INTERVAL);
    numbers.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told: Option<Vec<streams::Stream>> = None;
    let mut due = Instant::now();
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(due) => {
                due += Duration::from_secs(3600);
                let list = streams::list(&state.streams);
                if told.as_ref() != Some(&list) {
                    teller.say(&List::message(&list)).await?;
                    told = Some(list);
                }
            }
            Ok(()) = changes.changed() => due = due.min(Instant::now() + SETTLE),
            _ = numbers.tick() => due = Instant::now(),
            gone = teller.gone() => return Err(gone),
            () = state.shutdown.cancelled() => {
                return teller.close(1012, "the server is stopping").await;
            }
        }
    }
}
