//! `/ws/live/{stream}`: a live stream as fragments (`docs/live.md`).

use std::time::Duration;

use axum::extract::State as Shared;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Asked, Path};
use super::super::sight::sees_stream_named;
use super::teller::{self, Gone, Teller, Upgrade};
use crate::clock;
use crate::live::{self, Delivery, Stream, Told, Viewer, container_name};
use crate::metrics::{self, Watched};

/// How often a viewer of a silent stream learns for how long it has been silent.
const STATE_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize)]
pub(in super::super) struct Wish {
    container: Option<String>,
}

pub(in super::super) async fn live(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(name): Path<String>,
    Asked(wish): Asked<Wish>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let stream = state.streams.get(&name).filter(|_| sees_stream_named(&state, &pass, &name));
    let shutdown = state.shutdown;
    teller::open(upgrade, shutdown.clone(), async move |mut teller| {
        let Some(stream) = stream else {
            return refuse(&mut teller, &format!("there is no stream {name}")).await;
        };
        if let Some(reason) = refused(&stream, wish.container.as_deref()) {
            return refuse(&mut teller, &reason).await;
        }
        let _present = metrics::VIEWERS.enter(Watched::Live);
        let said = live::State::Live;
        Watching { teller, shutdown, said }.run(Viewer::new(stream)).await
    })
}

/// Why the stream cannot be had in the container that is asked for.
fn refused(stream: &Stream, wish: Option<&str>) -> Option<String> {
    let (has, wish) = (container_name(stream.container()?), wish?);
    (has != wish).then(|| format!("the stream comes as {has}, not as {wish}"))
}

async fn refuse(teller: &mut Teller, reason: &str) -> Result<(), Gone> {
    teller.say(&json!({ "error": reason })).await?;
    teller.close(4404, reason).await
}

struct Watching {
    teller: Teller,
    shutdown: CancellationToken,
    /// What the viewer was told last of how the stream is doing.
    said: live::State,
}

impl Watching {
    async fn run(&mut self, mut viewer: Viewer) -> Result<(), Gone> {
        let mut looks = tokio::time::interval(STATE_INTERVAL);
        loop {
            match viewer.next() {
                _ if self.shutdown.is_cancelled() => {
                    return self.teller.close(1012, "the server is stopping").await;
                }
                Told::Delivery(delivery) => {
                    self.state(&viewer).await?;
                    self.deliver(delivery).await?;
                    continue;
                }
                Told::Over => return self.teller.close(1000, "the stream is over").await,
                Told::Nothing => {}
            }
            tokio::select! {
                () = viewer.changed() => {}
                gone = self.teller.gone() => return Err(gone),
                _ = looks.tick() => self.state(&viewer).await?,
                () = self.shutdown.cancelled() => {}
            }
        }
    }

    async fn deliver(&mut self, delivery: Delivery) -> Result<(), Gone> {
        match delivery {
            Delivery::Fragment(piece) => self.teller.bytes(piece.bytes).await,
            Delivery::Skipped(ms) => {
                metrics::skipped(Watched::Live, ms);
                self.teller.say(&json!({ "type": "skipped", "ms": ms })).await
            }
            Delivery::Format(format) => {
                let init = json!({
                    "type": "init",
                    "generation": format.generation,
                    "mime": format.mime,
                    "start_ms": format.start_us / 1000,
                    "now_ms": clock::now_ms(),
                });
                self.teller.say(&init).await?;
                self.teller.bytes(format.init.clone()).await
            }
        }
    }

    /// Says how the stream is doing, when that has changed, and while nothing comes.
    async fn state(&mut self, viewer: &Viewer) -> Result<(), Gone> {
        let (state, behind_us) = viewer.state();
        if state == live::State::Live && self.said == live::State::Live {
            return Ok(());
        }
        self.said = state;
        let behind_ms = if state == live::State::Live { 0 } else { behind_us / 1000 };
        let message = json!({ "type": "state", "state": state.name(), "behind_ms": behind_ms });
        self.teller.say(&message).await
    }
}
