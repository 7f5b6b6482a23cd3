//! `GET /api/sessions/{session}/frame` and `…/reels/{reel}/frame`: single pictures.

use std::io;
use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use container::codec::webp;
use container::reel::Frame;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::super::super::State;
use super::super::super::authenticate::Holder;
use super::super::super::error::{ApiError, Asked, Path};
use super::{blocking, find};
use crate::ffmpeg::Ffmpeg;
use crate::library::Session;

/// What WebCodecs are told: the codec (RFC 6381), and what its decoder needs in base64.
const CODEC: HeaderName = HeaderName::from_static("localcamera-codec");
const CONFIG: HeaderName = HeaderName::from_static("localcamera-config");

/// Pictures of what is recorded stay what they are.
const KEPT: HeaderValue = HeaderValue::from_static("private, max-age=3600");

/// A thumbnail on a sharp screen.
const WIDTH_PX: u32 = 320;

/// Pictures that wait for ffmpeg with their media in memory: what a row of thumbnails asks for.
const MAX_WAITING: usize = 8;

static TICKETS: Semaphore = Semaphore::const_new(MAX_WAITING);

/// Which picture of a session.
#[derive(Debug, Deserialize)]
pub(in super::super::super) struct WantedWall {
    wall_ms: i64,
    format: Option<Format>,
}

/// Which picture of a reel.
#[derive(Debug, Deserialize)]
pub(in super::super::super) struct WantedMedia {
    at_ms: i64,
    format: Option<Format>,
}

/// How it is wanted, if not as it is.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Jpeg,
}

/// `GET /api/sessions/{session}/frame`
pub(in super::super::super) async fn of_session(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
    Asked(wanted): Asked<WantedWall>,
) -> Result<Response, ApiError> {
    let session = find(&state, &pass, &id)?;
    answer(&state, session, wanted.wall_ms.saturating_mul(1000), wanted.format).await
}

/// `GET /api/sessions/{session}/reels/{reel}/frame`
pub(in super::super::super) async fn of_reel(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path((id, number)): Path<(String, usize)>,
    Asked(wanted): Asked<WantedMedia>,
) -> Result<Response, ApiError> {
    let session = Arc::new(find(&state, &pass, &id)?);
    let (library, of) = (state.library.clone(), Arc::clone(&session));
    let at_us = wanted.at_ms.saturating_mul(1000);
    let wall_us = blocking(move || {
        let made = library.reels().reel(&of, number, None)?;
        made.wall_us(at_us)
    })
    .await?;
    let wall_us = wall_us.ok_or_else(|| ApiError::not_found("the recording has no such reel"))?;
    answer(&state, Arc::unwrap_or_clone(session), wall_us, wanted.format).await
}

async fn answer(
    state: &State,
    session: Session,
    at_us: i64,
    format: Option<Format>,
) -> Result<Response, ApiError> {
    let library = state.library.clone();
    if let Some(Format::Jpeg) = format {
        // Before its media is in memory.
        let _ticket = TICKETS.try_acquire().map_err(|_| {
            ApiError::unavailable("too many pictures are being decoded; ask again in a moment")
        })?;
        let media = blocking(move || library.reels().still(&session, at_us)).await?;
        let media = media.map_err(unreadable)?.ok_or_else(none)?;
        let ffmpeg = Ffmpeg::default();
        if !ffmpeg.is_there() {
            return Err(ApiError::not_found("pictures of this codec as JPEG need ffmpeg here"));
        }
        let jpeg = ffmpeg.still(media, WIDTH_PX).await;
        let jpeg = jpeg.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => ApiError::unavailable("the picture is not decoded in time"),
            _ => ApiError::not_found("the picture cannot be decoded"),
        })?;
        return Ok(kept("image/jpeg", jpeg));
    }
    let frame = blocking(move || library.reels().frame(&session, at_us)).await?;
    let frame = frame.map_err(unreadable)?.ok_or_else(none)?;
    if let Some(still) = webp::still(&frame.data) {
        let is_vp8 = frame.codec.as_deref() == Some("vp8");
        if is_vp8 {
            return Ok(kept("image/webp", still));
        }
    }
    Ok(key_frame(frame))
}

/// As WebCodecs decode it.
fn key_frame(frame: Frame) -> Response {
    let mut response = kept("application/octet-stream", frame.data);
    let codec = frame.codec.and_then(|codec| HeaderValue::from_str(&codec).ok());
    if let Some(codec) = codec {
        response.headers_mut().insert(CODEC, codec);
    }
    if !frame.configuration.is_empty()
        && let Ok(config) = HeaderValue::from_str(&STANDARD.encode(&frame.configuration))
    {
        response.headers_mut().insert(CONFIG, config);
    }
    response
}

fn kept(content_type: &'static str, body: Bytes) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(content_type)), (CACHE_CONTROL, KEPT)], body)
        .into_response()
}

fn none() -> ApiError {
    ApiError::not_found("there is no picture then")
}

fn unreadable(error: io::Error) -> ApiError {
    match error.kind() {
        io::ErrorKind::NotFound => ApiError::not_found("the file has been moved away"),
        _ => ApiError::internal(format!("cannot read the picture: {error}")),
    }
}
