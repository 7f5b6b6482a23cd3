//! `/whep/{stream}`: live streams by WebRTC (WHEP, draft-ietf-wish-whep).

use axum::extract::State as Shared;
use axum::extract::rejection::StringRejection;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Path};
use super::super::sight::sees_stream_named;
use crate::live::playback::{Answer, NoSound, Refusal, Sound};

const SDP: &str = "application/sdp";

/// What is heard of the stream; a page shows it.
const SOUND: HeaderName = HeaderName::from_static("localcamera-sound");

/// Offers of browsers have some thousand bytes.
pub(in super::super) const MAX_OFFER_BYTES: usize = 64 << 10;

/// An offer for a stream; the answer says where the connection is ended.
pub(in super::super) async fn offer(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<String, StringRejection>,
) -> Result<Response, ApiError> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(SDP) {
        return Err(ApiError::unsupported("an offer is of the type application/sdp"));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large("an offer has at most 64 KiB"),
        _ => ApiError::bad_request("the offer did not come whole, or is no text"),
    })?;
    if !sees_stream_named(&state, &pass, &name) {
        return Err(Refusal::NoStream(name).into());
    }
    // A viewer is not on this connection, so that it cannot be cut with it.
    let ended = pass.revoked().clone();
    let Answer { id, sdp, sound } = state.playback.answer(&name, &body, ended)?;
    let headers = [
        (CONTENT_TYPE, SDP.to_owned()),
        (LOCATION, format!("/whep/{name}/{id}")),
        (SOUND, in_header(sound).to_owned()),
    ];
    Ok((StatusCode::CREATED, headers, sdp).into_response())
}

fn in_header(sound: Sound) -> &'static str {
    match sound {
        Sound::None => "none",
        Sound::Original => "original",
        Sound::Converted => "converted",
        Sound::Missing(NoSound::NoFfmpeg) => "missing; reason=no_ffmpeg",
        Sound::Missing(NoSound::TooMany) => "missing; reason=too_many",
        Sound::Missing(NoSound::NotOffered) => "missing; reason=not_offered",
    }
}

/// The viewer goes.
pub(in super::super) async fn end(
    Shared(state): Shared<State>,
    Path((_, id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    match state.playback.end(&id) {
        true => Ok(StatusCode::OK),
        false => Err(ApiError::not_found("there is no such connection")),
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::NoStream(_) => Self::not_found(message),
            Refusal::BadOffer(_) => Self::bad_request(message),
            Refusal::NotPlayable(_) => Self::not_acceptable(message),
            Refusal::NotYet(_) | Refusal::TooMany | Refusal::Off => Self::unavailable(message),
        }
    }
}
