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
use super::super::authenticate::Holder;
use super::super::error::ApiError;
use super::super::sight::sees_stream_named;
use super::pictures::Form;
use super::teller::{self, Gone, Teller, Upgrade};
use crate::auth::Pass;
use crate::config::sources::Name;
use crate::live::mpegts;
use crate::live::pictures::{self, Looking};
use crate::live::transcoder::Refusal;
use crate::metrics::{self, Watched};

/// How often a stream that is not there is looked for.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// What the clients of a listener get.
#[derive(Debug, Clone)]
pub(in super::super) struct Wanted {
    pub(in super::super) stream: Name,
    /// Whether only those get it whose token is for it.
    pub(in super::super) needs_token: bool,
}

impl Wanted {
    fn for_pass(self, state: &State, pass: &Pass) -> Result<Name, ApiError> {
        let Self { stream, needs_token } = self;
        match needs_token && !sees_stream_named(state, pass, stream.as_str()) {
            // What the token is not for is told as if it were not there.
            true => Err(ApiError::not_found(format!("there is no stream {stream}"))),
            false => Ok(stream),
        }
    }
}

/// One picture of the stream per text message, in base64. Parameters that are not understood are
/// those of another program: they are passed over.
pub(in super::super) async fn json(
    Shared(state): Shared<State>,
    wanted: Wanted,
    Holder(pass): Holder,
    wished: Result<Query<Wish>, QueryRejection>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let stream = wanted.for_pass(&state, &pass)?;
    let wish = wished.ok().and_then(|Query(wish)| wish.checked().ok()).unwrap_or_default();
    teller::open(teller::echoing(upgrade), state.shutdown.clone(), async move |mut teller| {
        Watching { state: &state, stream: &stream, said: None }.json(wish, &mut teller).await
    })
}

/// MPEG-TS of the stream, for JSMpeg.
pub(in super::super) async fn mpegts(
    Shared(state): Shared<State>,
    wanted: Wanted,
    Holder(pass): Holder,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let stream = wanted.for_pass(&state, &pass)?;
    teller::open(teller::echoing(upgrade), state.shutdown.clone(), async move |mut teller| {
        Watching { state: &state, stream: &stream, said: None }.mpegts(&mut teller).await
    })
}

/// Somebody who gets the stream whenever it is there, until the connection or the server ends.
struct Watching<'a> {
    state: &'a State,
    stream: &'a Name,
    /// Why there is nothing, as it was said last.
    said: Option<Refusal>,
}

impl Watching<'_> {
    async fn json(mut self, wish: pictures::Wish, teller: &mut Teller) -> Result<(), Gone> {
        while !self.state.shutdown.is_cancelled() {
            match self.state.pictures.look(self.stream.as_str(), wish) {
                Ok(looking) => {
                    self.said = None;
                    self.show(looking, teller).await?;
                }
                Err(refusal) => self.tell(refusal, teller).await?,
            }
            self.pause(teller).await?;
        }
        teller.close(1012, "the server is stopping").await
    }

    /// Players take each message for media: nothing is said to them.
    async fn mpegts(self, teller: &mut Teller) -> Result<(), Gone> {
        while !self.state.shutdown.is_cancelled() {
            if let Ok(watching) = self.state.mpegts.watch(self.stream.as_str()) {
                self.send(watching, teller).await?;
            }
            self.pause(teller).await?;
        }
        teller.close(1012, "the server is stopping").await
    }

    /// Once for each reason.
    async fn tell(&mut self, refusal: Refusal, teller: &mut Teller) -> Result<(), Gone> {
        if self.said.as_ref() != Some(&refusal) {
            teller.say(&Form::Json.error(&refusal.to_string())).await?;
            self.said = Some(refusal);
        }
        Ok(())
    }

    /// Until the stream is over.
    async fn show(&self, mut looking: Looking, teller: &mut Teller) -> Result<(), Gone> {
        let _present = metrics::VIEWERS.enter(Watched::Json);
        let mut pace = Pace::of(&looking);
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

    /// The same.
    async fn send(&self, mut watching: mpegts::Watching, teller: &mut Teller) -> Result<(), Gone> {
        let _present = metrics::VIEWERS.enter(Watched::Mpegts);
        loop {
            let packets = tokio::select! {
                packets = watching.next() => packets,
                gone = teller.gone() => return Err(gone),
                () = self.state.shutdown.cancelled() => return Ok(()),
            };
            let Some(packets) = packets else { return Ok(()) };
            teller.bytes(packets).await?;
        }
    }

    async fn pause(&self, teller: &mut Teller) -> Result<(), Gone> {
        tokio::select! {
            () = tokio::time::sleep(LOOK_INTERVAL) => Ok(()),
            gone = teller.gone() => Err(gone),
            () = self.state.shutdown.cancelled() => Ok(()),
        }
    }
}
