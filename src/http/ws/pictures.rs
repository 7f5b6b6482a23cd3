//! `/ws/jpeg/{stream}` and `/ws/json/{stream}`: live streams as pictures, one per message.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::super::State;
use super::super::api::pictures::{Pace, Wish};
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Path};
use super::super::sight::sees_stream_named;
use super::teller::{self, Gone, Teller, Upgrade};
use crate::auth::Pass;
use crate::live::pictures::{Looking, Picture};
use crate::live::transcoder::Refusal;
use crate::metrics::{self, Watched};

/// Close codes for what was asked wrongly, and for what there is not.
const BAD_REQUEST: u16 = 4400;
pub(super) const NOT_FOUND: u16 = 4404;

type Asked = Result<Query<Wish>, QueryRejection>;

/// How pictures and errors stand in messages.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    Jpeg,
    Json,
}

/// One JPEG per binary message.
pub(in super::super) async fn jpeg(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(name): Path<String>,
    wish: Asked,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    open(&state, &pass, name, wish, upgrade, Form::Jpeg)
}

/// One picture per text message, in base64.
pub(in super::super) async fn json(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(name): Path<String>,
    wish: Asked,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    open(&state, &pass, name, wish, upgrade, Form::Json)
}

/// Shows a stream's pictures until the viewer or the stream is gone.
fn open(
    state: &State,
    pass: &Pass,
    name: String,
    wish: Asked,
    upgrade: Upgrade,
    form: Form,
) -> Result<Response, ApiError> {
    let (pictures, shutdown) = (state.pictures.clone(), state.shutdown.clone());
    let is_seen = sees_stream_named(state, pass, &name);
    teller::open(teller::echoing(upgrade), shutdown.clone(), async move |mut teller| {
        // A page cannot read why a connection was refused, so it is let in and told.
        let wish = match wish {
            Ok(Query(wish)) => wish.checked(),
            Err(rejection) => Err(rejection.body_text()),
        };
        let wish = match wish {
            Ok(wish) => wish,
            Err(reason) => return form.refuse(&mut teller, BAD_REQUEST, &reason).await,
        };
        let looking = match is_seen {
            true => pictures.look(&name, wish),
            false => Err(Refusal::NoStream(name)),
        };
        match looking {
            Ok(looking) => {
                let _present = metrics::VIEWERS.enter(form.watched());
                tell(looking, &shutdown, &mut teller, form).await
            }
            Err(refusal) => form.refuse(&mut teller, NOT_FOUND, &refusal.to_string()).await,
        }
    })
}

async fn tell(
    mut looking: Looking,
    shutdown: &CancellationToken,
    teller: &mut Teller,
    form: Form,
) -> Result<(), Gone> {
    let mut pace = Pace::of(&looking);
    loop {
        let picture = tokio::select! {
            // With the server all streams are over, too.
            biased;
            () = shutdown.cancelled() => {
                return teller.close(1012, "the server is stopping").await;
            }
            gone = teller.gone() => return Err(gone),
            picture = pace.next(&mut looking) => picture,
        };
        let Some(picture) = picture else {
            return teller.close(1000, "the stream is over").await;
        };
        form.show(teller, picture).await?;
    }
}

impl Form {
    pub(super) fn watched(self) -> Watched {
        match self {
            Self::Jpeg => Watched::Jpeg,
            Self::Json => Watched::Json,
        }
    }

    /// Why there are no pictures.
    pub(super) fn error(self, reason: &str) -> Value {
        match self {
            Self::Jpeg => json!({ "error": reason }),
            Self::Json => json!({ "type": "error", "message": reason }),
        }
    }

    /// Says why there are none, and closes.
    pub(super) async fn refuse(
        self,
        teller: &mut Teller,
        code: u16,
        reason: &str,
    ) -> Result<(), Gone> {
        teller.say(&self.error(reason)).await?;
        teller.close(code, reason).await
    }

    pub(super) async fn show(self, teller: &mut Teller, picture: Picture) -> Result<(), Gone> {
        let Picture { jpeg, at_us, .. } = picture;
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
