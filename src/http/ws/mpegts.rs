//! `/ws/mpegts/{stream}`: a live stream as MPEG-TS, for JSMpeg.

use axum::extract::State as Shared;
use axum::response::Response;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Path};
use super::super::sight::sees_stream_named;
use super::teller::{self, Upgrade};
use crate::live::transcoder::Refusal;
use crate::metrics::{self, Watched};

/// One picture's packets per binary message.
pub(in super::super) async fn mpegts(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(name): Path<String>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let is_seen = sees_stream_named(&state, &pass, &name);
    let (mpegts, shutdown) = (state.mpegts.clone(), state.shutdown.clone());
    teller::open(teller::echoing(upgrade), shutdown.clone(), async move |mut teller| {
        let watching = match is_seen {
            true => mpegts.watch(&name),
            false => Err(Refusal::NoStream(name)),
        };
        let mut watching = match watching {
            Ok(watching) => watching,
            // Players take each message for media: the reason stands in the close.
            Err(refusal) => return teller.close(4404, &refusal.to_string()).await,
        };
        let _present = metrics::VIEWERS.enter(Watched::Mpegts);
        loop {
            let packets = tokio::select! {
                // With the server all streams are over, too.
                biased;
                () = shutdown.cancelled() => {
                    return teller.close(1012, "the server is stopping").await;
                }
                gone = teller.gone() => return Err(gone),
                packets = watching.next() => packets,
            };
            match packets {
                Some(packets) => teller.bytes(packets).await?,
                None => return teller.close(1000, "the stream is over").await,
            }
        }
    })
}
