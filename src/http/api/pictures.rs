//! `GET /api/streams/{stream}/snapshot.jpg` and `…/mjpeg`: live streams as pictures over HTTP.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State as Shared};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::super::State;
use super::super::error::{ApiError, Asked};
use crate::live::pictures::{Looking, NoPictures, Picture, Quality};

/// A picture is there within the length of a group of pictures, and a decoder's start.
const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(5);

/// As many pictures as there are at most.
const MAX_FPS: f64 = 10.0;

/// One in ten seconds is slow enough for any wall.
const MIN_FPS: f64 = 0.1;

const DEFAULT_QUALITY: u8 = 60;

/// A peer that takes nothing for this long is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pictures that come faster than this are those of what was.
const SNAPSHOT_SETTLE: Duration = Duration::from_millis(80);

const BOUNDARY: &str = "picture";

/// What a viewer asks for.
#[derive(Debug, Default, Deserialize)]
pub(in super::super) struct Wish {
    fps: Option<f64>,
    quality: Option<u8>,
}

impl Wish {
    pub(in super::super) fn quality(&self) -> Quality {
        Quality::of_percent(self.quality.unwrap_or(DEFAULT_QUALITY))
    }

    /// The pace at which pictures are wanted.
    pub(in super::super) fn pace(&self) -> Pace {
        let fps = self.fps.filter(|fps| fps.is_finite()).unwrap_or(MAX_FPS);
        Pace::new(Duration::from_secs_f64(1.0 / fps.clamp(MIN_FPS, MAX_FPS)))
    }
}

/// Lets a picture through now and then.
#[derive(Debug)]
pub(in super::super) struct Pace {
    ticks: tokio::time::Interval,
}

impl Pace {
    fn new(period: Duration) -> Self {
        // A little early rather than every second picture.
        let mut ticks = tokio::time::interval_at(Instant::now(), period.mul_f64(0.9));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { ticks }
    }

    /// The next picture that is due. Dropping the future loses nothing.
    pub(in super::super) async fn next(&mut self, looking: &mut Looking) -> Option<Picture> {
        self.ticks.tick().await;
        looking.next().await
    }
}

pub(in super::super) async fn snapshot(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    Asked(wish): Asked<Wish>,
) -> Result<Response, ApiError> {
    let mut looking = state.pictures.look(&name, wish.quality())?;
    let picture = tokio::time::timeout(SNAPSHOT_PATIENCE, looking.next()).await;
    let nothing = || ApiError::unavailable(format!("no live picture of {name} came within 5 s"));
    let mut picture = picture.ok().flatten().ok_or_else(nothing)?;
    // A decoder that has just begun shows the newest group up to the present first.
    while let Ok(Some(newer)) = tokio::time::timeout(SNAPSHOT_SETTLE, looking.next()).await
        && newer.at_us - picture.at_us < SNAPSHOT_SETTLE.as_micros() as i64
    {
        picture = newer;
    }
    let headers = [(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, "no-store")];
    Ok((headers, picture.jpeg).into_response())
}

pub(in super::super) async fn mjpeg(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    Asked(wish): Asked<Wish>,
) -> Result<Response, ApiError> {
    let mut looking = state.pictures.look(&name, wish.quality())?;
    let (mut pace, shutdown) = (wish.pace(), state.shutdown.clone());
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
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
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((headers, Body::from_stream(parts)).into_response())
}

fn as_part(picture: &Picture) -> Bytes {
    let length = picture.jpeg.len();
    let head = format!("Content-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n");
    // Browsers show a picture when they see the boundary behind it.
    let end = format!("\r\n--{BOUNDARY}\r\n");
    [head.as_bytes(), &picture.jpeg, end.as_bytes()].concat().into()
}

impl From<NoPictures> for ApiError {
    fn from(error: NoPictures) -> Self {
        let message = error.to_string();
        match error {
            NoPictures::NoStream(_) | NoPictures::NoVideo(_) => Self::not_found(message),
            NoPictures::NotLive(_) | NoPictures::NoFfmpeg | NoPictures::TooMany => {
                Self::unavailable(message)
            }
        }
    }
}
