//! `GET /api/streams/{stream}/snapshot.jpg` and `…/mjpeg`: live streams as pictures over HTTP.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Asked, Path};
use super::super::headers::RESOURCE_POLICY;
use super::super::sight::sees_stream_named;
use crate::auth::Pass;
use crate::live::pictures::{self, Looking, Picture};
use crate::live::transcoder::Refusal;
use crate::metrics::{self, Watched};

/// A picture is there within the length of a group of pictures, and a decoder's start.
const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(5);

/// As JPEG programs count.
const MAX_QUALITY: u8 = 100;

/// What is wrong is shown as far as a person can have meant it.
const MAX_SHOWN_CHARS: usize = 40;

/// A peer that takes nothing for this long is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pictures that come faster than this are those of what was.
const SNAPSHOT_SETTLE: Duration = Duration::from_millis(80);

const BOUNDARY: &str = "picture";

/// What a viewer asks for.
#[derive(Debug, Default, Deserialize)]
pub(in super::super) struct Wish {
    fps: Option<String>,
    quality: Option<String>,
}

impl Wish {
    /// The numbers, or what is wrong with them.
    pub(in super::super) fn checked(&self) -> Result<pictures::Wish, String> {
        let wrong = |key: &str, text: &str, allowed: &str| {
            let text: String = text.chars().take(MAX_SHOWN_CHARS).collect();
            format!("{key}={text} is not allowed: it must be {allowed}")
        };
        let fps = self.fps.as_deref().map(|text| {
            let fps = text.parse().ok().filter(|fps: &f64| *fps > 0.0 && fps.is_finite());
            fps.ok_or_else(|| wrong("fps", text, "a number of pictures a second above 0"))
        });
        let quality = self.quality.as_deref().map(|text| {
            let quality = text.parse().ok().filter(|quality: &u8| *quality <= MAX_QUALITY);
            quality.ok_or_else(|| wrong("quality", text, "a whole number from 0 to 100"))
        });
        Ok(pictures::Wish { frames_per_second: fps.transpose()?, quality: quality.transpose()? })
    }
}

/// Lets a picture through now and then.
#[derive(Debug)]
pub(in super::super) struct Pace {
    ticks: tokio::time::Interval,
}

impl Pace {
    /// As often as somebody has asked for.
    pub(in super::super) fn of(looking: &Looking) -> Self {
        // A little early rather than every second picture.
        let mut ticks = tokio::time::interval_at(Instant::now(), looking.period().mul_f64(0.9));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { ticks }
    }

    /// The next picture that is due. Dropping the future loses nothing.
    pub(in super::super) async fn next(&mut self, looking: &mut Looking) -> Option<Picture> {
        self.ticks.tick().await;
        looking.next().await
    }
}

/// An `<img>` of any page may show them.
const FOR_ALL_PAGES: (HeaderName, &str) = (RESOURCE_POLICY, "cross-origin");

pub(in super::super) async fn snapshot(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(name): Path<String>,
    Asked(wish): Asked<Wish>,
) -> Result<Response, ApiError> {
    let mut looking = look(&state, &pass, &name, &wish)?;
    let picture = tokio::time::timeout(SNAPSHOT_PATIENCE, looking.next()).await;
    let nothing = || ApiError::unavailable(format!("no live picture of {name} came within 5 s"));
    let mut picture = picture.ok().flatten().ok_or_else(nothing)?;
    // A decoder that has just begun shows the newest group up to the present first.
    while let Ok(Some(newer)) = tokio::time::timeout(SNAPSHOT_SETTLE, looking.next()).await
        && newer.came_us - picture.came_us < SNAPSHOT_SETTLE.as_micros() as i64
    {
        picture = newer;
    }
    let headers = [(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, "no-store"), FOR_ALL_PAGES];
    Ok((headers, picture.jpeg).into_response())
}

pub(in super::super) async fn mjpeg(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(name): Path<String>,
    Asked(wish): Asked<Wish>,
) -> Result<Response, ApiError> {
    let mut looking = look(&state, &pass, &name, &wish)?;
    let (mut pace, shutdown) = (Pace::of(&looking), state.shutdown.clone());
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let _present = metrics::VIEWERS.enter(Watched::Mjpeg);
        let mut part = Bytes::from(format!("--{BOUNDARY}\r\n"));
        // Who takes nothing for this long is gone, and must not keep a decoder.
        while sender.send_timeout(Ok::<_, Infallible>(part), PATIENCE).await.is_ok() {
            let picture = tokio::select! {
                picture = pace.next(&mut looking) => picture,
                () = shutdown.cancelled() => None,
                () = sender.closed() => None,
            };
            let Some(picture) = picture else { return };
            part = as_part(&picture);
        }
    });
    let next = |mut receiver: mpsc::Receiver<_>| async {
        receiver.recv().await.map(|part| (part, receiver))
    };
    let parts = stream::unfold(receiver, next);
    let kind = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    let headers = [(CACHE_CONTROL, "no-store"), FOR_ALL_PAGES];
    Ok(([(CONTENT_TYPE, kind)], headers, Body::from_stream(parts)).into_response())
}

fn look(state: &State, pass: &Pass, name: &str, wish: &Wish) -> Result<Looking, ApiError> {
    let wish = wish.checked().map_err(ApiError::bad_request)?;
    if !sees_stream_named(state, pass, name) {
        return Err(Refusal::NoStream(name.to_owned()).into());
    }
    Ok(state.pictures.look(name, wish)?)
}

fn as_part(picture: &Picture) -> Bytes {
    let length = picture.jpeg.len();
    let head = format!("Content-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n");
    // Browsers show a picture when they see the boundary behind it.
    let end = format!("\r\n--{BOUNDARY}\r\n");
    [head.as_bytes(), &picture.jpeg, end.as_bytes()].concat().into()
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::NoStream(_) | Refusal::NoVideo(_) => Self::not_found(message),
            Refusal::NotLive(_) | Refusal::NoFfmpeg | Refusal::TooMany => {
                Self::unavailable(message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(fps: Option<&str>, quality: Option<&str>) -> Result<pictures::Wish, String> {
        let wish = Wish { fps: fps.map(str::to_owned), quality: quality.map(str::to_owned) };
        wish.checked()
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        assert_eq!(checked(None, None), Ok(pictures::Wish::default()));
        let wish = checked(Some("2.5"), Some("0")).unwrap();
        assert_eq!((wish.frames_per_second, wish.quality), (Some(2.5), Some(0)));
        for fps in ["0", "-1", "fast", "", "NaN", "inf"] {
            let message = checked(Some(fps), None).unwrap_err();
            assert!(message.starts_with(&format!("fps={fps} is not allowed")), "{message}");
        }
        for quality in ["101", "-1", "7.5", "good", "999999", ""] {
            let message = checked(None, Some(quality)).unwrap_err();
            assert!(message.contains("from 0 to 100"), "{message}");
        }
        assert!(checked(Some(&"9".repeat(5000)), None).unwrap_err().len() < 200);
    }
}
