//! `GET /api/streams`: what is live.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::sight::{Seen, sees_source};
use crate::auth::Pass;
use crate::clock;
use crate::live::{self, About, Streams};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Streams)]
pub(in super::super) struct List {
    now_ms: i64,
    streams: Vec<Stream>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(in super::super) struct Stream {
    #[serde(skip)]
    publisher: Publisher,
    stream: String,
    name: String,
    state: &'static str,
    /// `null` for what is not recorded.
    session: Option<String>,
    /// The stream with the smaller picture of the same camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    small: Option<String>,
    /// The stream of which this is the smaller picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
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

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Video {
    codec: String,
    width: u32,
    height: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Audio {
    codec: String,
    sample_rate: u32,
    channels: u32,
}

/// Whose stream it is.
#[derive(Debug, Clone, PartialEq)]
enum Publisher {
    Device(String),
    Source(String),
}

pub(in super::super) async fn streams(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
) -> Json<List> {
    let streams = list(&state.streams).seen_by(&pass);
    Json(List { now_ms: clock::now_ms(), streams })
}

impl Stream {
    fn is_seen_by(&self, pass: &Pass) -> bool {
        match &self.publisher {
            Publisher::Device(device) => pass.may_watch(&self.stream, Some(device)),
            Publisher::Source(source) => sees_source(pass, source, &self.stream),
        }
    }
}

impl Seen for Vec<Stream> {
    fn seen_by(&self, pass: &Pass) -> Self {
        let seen = self.iter().filter(|stream| stream.is_seen_by(pass));
        let names: BTreeSet<&str> = seen.clone().map(|stream| stream.stream.as_str()).collect();
        let is_seen = |name: &String| names.contains(name.as_str());
        let seen = seen.cloned().map(|stream| Stream {
            small: stream.small.filter(is_seen),
            of: stream.of.filter(is_seen),
            ..stream
        });
        seen.collect()
    }
}

/// What is live, by name.
pub(in super::super) fn list(streams: &Streams) -> Vec<Stream> {
    let all = streams.list();
    // Two pictures of one camera name each other.
    let other = |about: &About| {
        let own = about.source.as_ref()?;
        let is_other = |source: &live::OfSource| {
            source.source == own.source && source.is_small != own.is_small
        };
        let other = all.iter().find(|other| other.source.as_ref().is_some_and(is_other))?;
        Some((own.is_small, other.name.clone()))
    };
    let others: Vec<_> = all.iter().map(other).collect();
    let linked = all.into_iter().zip(others).map(|(about, other)| {
        let mut stream = Stream::from(about);
        match other {
            Some((true, of)) => stream.of = Some(of),
            Some((false, small)) => stream.small = Some(small),
            None => {}
        }
        stream
    });
    linked.collect()
}

impl From<live::Video> for Video {
    fn from(live::Video { codec, width, height }: live::Video) -> Self {
        Self { codec, width, height }
    }
}

impl From<live::Audio> for Audio {
    fn from(live::Audio { codec, sample_rate, channels }: live::Audio) -> Self {
        Self { codec, sample_rate, channels }
    }
}

impl From<About> for Stream {
    fn from(about: About) -> Self {
        Self {
            publisher: match about.source {
                Some(of) => Publisher::Source(of.source),
                None => Publisher::Device(about.device),
            },
            stream: about.name,
            name: about.title,
            state: about.state.name(),
            session: Some(about.session).filter(|session| !session.is_empty()),
            small: None,
            of: None,
            since_ms: about.since_us / 1000,
            behind_ms: about.behind_us / 1000,
            container: about.container,
            mime: about.mime,
            video: about.video.map(Video::from),
            audio: about.audio.map(Audio::from),
            bitrate_bps: about.bitrate_bps,
            viewers: about.viewers,
        }
    }
}
