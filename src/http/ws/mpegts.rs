//! `/ws/mpegts/{stream}`: a live stream as MPEG-TS, for JSMpeg.

use axum::extract::{Path, State as Shared};
use axum::response::Response;

use super::super::State;
use super::super::error::ApiError;
use super::teller::{self, Upgrade};

/// One picture's packets per binary message.
pub(in super::super) async fn mpegts(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    open(&state, name, upgrade)
}

/// Sends a stream until the viewer or the stream is gone.
pub(in super::super) fn open(
    state: &State,
    name: String,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let (mpegts, shutdown) = (state.mpegts.clone(), state.shutdown.clone());
    teller::open(teller::echoing(upgrade), shutdown.clone(), async move |mut teller| {
        let mut watching = match mpegts.watch(&name) {
            Ok(watching) => watching,
            // Players take each message for media: the reason stands in the close.
            Err(refusal) => return teller.close(4404, &refusal.to_string()).await,
        };
        loop {
            let packets = tokio::select! {
                packets = watching.next() => packets,
                gone = teller.gone() => return Err(gone),
                () = shutdown.cancelled() => {
                    return teller.close(1012, "the server is stopping").await;
                }
            };
            match packets {
                Some(packets) => teller.bytes(packets).await?,
                None => return teller.close(1000, "the stream is over").await,
            }
        }
    })
}
