//! `GET /api/sessions/{session}/frame`: single pictures.

use std::io;

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
use crate::library::reels::Reels;

/// What WebCodecs are told: the codec (RFC 6381), and what its decoder needs in base64.
const CODEC: HeaderName = HeaderName::from_static("localcamera-codec");
const CONFIG: HeaderName = HeaderName::from_static("localcamera-config");

/// Pictures of what is recorded stay what they are, unless it is deleted.
const KEPT: HeaderValue = HeaderValue::from_static("private, max-age=3600");

/// At the end of what grows a later picture may still be that of the same time.
const UNSETTLED: HeaderValue = HeaderValue::from_static("private, no-cache");

/// A thumbnail on a sharp screen.
const WIDTH_PX: u32 = 320;

/// Pictures that wait for ffmpeg with their media in memory: what a row of thumbnails asks for.
const MAX_WAITING: usize = 8;

static TICKETS: Semaphore = Semaphore::const_new(MAX_WAITING);

/// Which picture of a session.
#[derive(Debug, Deserialize)]
pub(in super::super::super) struct Wanted {
    wall_ms: i64,
    format: Option<Format>,
}

/// How it is wanted, if not as it is.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Jpeg,
}

/// `GET /api/sessions/{session}/frame`
pub(in super::super::super) async fn frame(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(id): Path<String>,
    Asked(Wanted { wall_ms, format }): Asked<Wanted>,
) -> Result<Response, ApiError> {
    let session = find(&state, &pass, &id)?;
    // The end of that millisecond: a file that begins in it is told by the same number.
    let at_us = wall_ms.saturating_mul(1000).saturating_add(999);
    let cached = if Reels::is_settled(&session, at_us) { KEPT } else { UNSETTLED };
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
        return Ok(picture("image/jpeg", cached, jpeg));
    }
    let frame = blocking(move || library.reels().frame(&session, at_us)).await?;
    let frame = frame.map_err(unreadable)?.ok_or_else(none)?;
    if let Some(still) = webp::still(&frame.data) {
        let is_vp8 = frame.codec.as_deref() == Some("vp8");
        if is_vp8 {
            return Ok(picture("image/webp", cached, still));
        }
    }
    Ok(key_frame(frame, cached))
}

/// As WebCodecs decode it.
fn key_frame(frame: Frame, cached: HeaderValue) -> Response {
    let mut response = picture("application/octet-stream", cached, frame.data);
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

fn picture(content_type: &'static str, cached: HeaderValue, body: Bytes) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(content_type)), (CACHE_CONTROL, cached)], body)
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
