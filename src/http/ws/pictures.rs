//! `/ws/jpeg/{stream}` and `/ws/json/{stream}`: live streams as pictures, one per message.

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::super::State;
use super::super::api::pictures::{Pace, Wish};
use super::super::error::{ApiError, Asked};
use super::teller::{self, Gone, Teller, Upgrade};
use crate::live::pictures::{Looking, NoPictures, Picture};

/// How pictures and errors stand in messages.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    Jpeg,
    Json,
}

/// One JPEG per binary message.
pub(in super::super) async fn jpeg(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    Asked(wish): Asked<Wish>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    open(state, name, wish, upgrade, Form::Jpeg)
}

/// One picture per text message, in base64.
pub(in super::super) async fn json(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    Asked(wish): Asked<Wish>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    open(state, name, wish, upgrade, Form::Json)
}

fn open(
    state: State,
    name: String,
    wish: Wish,
    upgrade: Upgrade,
    form: Form,
) -> Result<Response, ApiError> {
    let (pictures, shutdown) = (state.pictures, state.shutdown);
    teller::open(upgrade, shutdown.clone(), async move |mut teller| {
        let looking = pictures.look(&name, wish.quality());
        tell(looking, &shutdown, &mut teller, wish.pace(), form).await
    })
}

async fn tell(
    looking: Result<Looking, NoPictures>,
    shutdown: &CancellationToken,
    teller: &mut Teller,
    mut pace: Pace,
    form: Form,
) -> Result<(), Gone> {
    let mut looking = match looking {
        Ok(looking) => looking,
        Err(error) => {
            let reason = error.to_string();
            teller.say(&form.error(&reason)).await?;
            return teller.close(4404, &reason).await;
        }
    };
    loop {
        let picture = tokio::select! {
            picture = pace.next(&mut looking) => picture,
            gone = teller.gone() => return Err(gone),
            () = shutdown.cancelled() => {
                return teller.close(1012, "the server is stopping").await;
            }
        };
        let Some(picture) = picture else {
            return teller.close(1000, "the stream is over").await;
        };
        form.show(teller, picture).await?;
    }
}

impl Form {
    pub(super) fn error(self, message: &str) -> Value {
        match self {
            Self::Jpeg => json!({ "error": message }),
            Self::Json => json!({ "type": "error", "message": message }),
        }
    }

    pub(super) async fn show(
        self,
        teller: &mut Teller,
        Picture { jpeg, at_us }: Picture,
    ) -> Result<(), Gone> {
        match self {
            Self::Jpeg => teller.bytes(jpeg).await,
            Self::Json => {
                let timestamp = at_us as f64 / 1e6;
                let data = STANDARD.encode(&jpeg);
                let message = json!({ "type": "image", "data": data, "timestamp": timestamp });
                teller.say(&message).await
            }
        }
    }
}
