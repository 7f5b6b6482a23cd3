//! The sockets of clients that cannot be changed: one stream, whatever they ask for
//! (`docs/guide/compat.md`).
//!
//! Some of them never connect a second time. So a stream that is not there, or goes away, is
//! waited for, and nobody's connection is ended for it.

use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::response::Response;

use super::super::State;
use super::super::api::pictures::{Pace, Wish};
use super::super::error::ApiError;
use super::pictures::Form;
use super::teller::{self, Gone, Teller, Upgrade};
use crate::config::sources::Name;
use crate::live::pictures::Looking;

/// How often a stream that is not there is looked for.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Parameters that are not understood are those of another program: they are passed over.
type Wished = Result<Query<Wish>, QueryRejection>;

/// One picture of the stream per text message, in base64.
pub(in super::super) async fn json(
    Shared(state): Shared<State>,
    stream: Name,
    wished: Wished,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let wish = wished.map(|Query(wish)| wish).unwrap_or_default();
    teller::open(upgrade, state.shutdown.clone(), async move |mut teller| {
        let ended = Watching { state: &state, wish }.run(stream.as_str(), &mut teller).await;
        if state.shutdown.is_cancelled() {
            return teller.close(1012, "the server is stopping").await;
        }
        ended
    })
}

/// MPEG-TS of the stream, for JSMpeg.
pub(in super::super) async fn mpegts(
    Shared(_state): Shared<State>,
    stream: Name,
    _upgrade: Upgrade,
) -> Result<Response, ApiError> {
    Err(ApiError::unavailable(format!("{stream} cannot be had as MPEG-TS yet")))
}

struct Watching<'a> {
    state: &'a State,
    wish: Wish,
}

impl Watching<'_> {
    /// Until the connection or the server ends.
    async fn run(&self, stream: &str, teller: &mut Teller) -> Result<(), Gone> {
        let mut said = None;
        while !self.state.shutdown.is_cancelled() {
            match self.state.pictures.look(stream, self.wish.quality()) {
                Ok(looking) => {
                    said = None;
                    self.show(looking, teller).await?;
                }
                Err(error) => {
                    // Once for each reason.
                    let reason = Some(error.to_string());
                    if reason != said {
                        teller
                            .say(&Form::Json.error(reason.as_deref().unwrap_or_default()))
                            .await?;
                        said = reason;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
                gone = teller.gone() => return Err(gone),
                () = self.state.shutdown.cancelled() => {}
            }
        }
        Ok(())
    }

    /// Until the stream is over.
    async fn show(&self, mut looking: Looking, teller: &mut Teller) -> Result<(), Gone> {
        let mut pace: Pace = self.wish.pace();
        loop {
            let picture = tokio::select! {
                picture = pace.next(&mut looking) => picture,
                gone = teller.gone() => return Err(gone),
                () = self.state.shutdown.cancelled() => return Ok(()),
            };
            let Some(picture) = picture else { return Ok(()) };
            Form::Json.show(teller, picture).await?;
        }
    }
}
