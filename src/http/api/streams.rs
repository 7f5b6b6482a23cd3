//! `GET /api/streams`: what is live.

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;

use super::super::State;
use crate::clock;
use crate::live::{About, Streams};

#[derive(Debug, Serialize)]
pub(in super::super) struct List {
    now_ms: i64,
    streams: Vec<Stream>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(in super::super) struct Stream {
    stream: String,
    name: String,
    state: &'static str,
    session: String,
    since_ms: i64,
    behind_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime: Option<String>,
    video: Option<Video>,
    audio: Option<Audio>,
    bitrate_bps: u64,
    viewers: usize,
}

#[derive(Debug, PartialEq, Serialize)]
struct Video {
    codec: String,
    width: u32,
    height: u32,
}

#[derive(Debug, PartialEq, Serialize)]
struct Audio {
    codec: String,
    sample_rate: u32,
    channels: u32,
}

pub(in super::super) async fn streams(Shared(state): Shared<State>) -> Json<List> {
    Json(List { now_ms: clock::now_ms(), streams: list(&state.streams) })
}

/// What is live, by name.
pub(in super::super) fn list(streams: &Streams) -> Vec<Stream> {
    streams.list().into_iter().map(Stream::from).collect()
}

impl From<About> for Stream {
    fn from(about: About) -> Self {
        Self {
            stream: about.name,
            name: about.title,
            state: about.state.name(),
            session: about.session,
            since_ms: about.since_us / 1000,
            behind_ms: about.behind_us / 1000,
            container: about.container,
            mime: about.mime,
            video: about.video.map(|video| Video {
                codec: video.codec,
                width: video.width,
                height: video.height,
            }),
            audio: about.audio.map(|audio| Audio {
                codec: audio.codec,
                sample_rate: audio.sample_rate,
                channels: audio.channels,
            }),
            bitrate_bps: about.bitrate_bps,
            viewers: about.viewers,
        }
    }
}
