//! `/api/sources`: what the server fetches by itself (`docs/sources.md`).

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::super::State;
use super::super::authenticate::Holder;
use super::super::error::{ApiError, Path};
use super::super::sight::{Seen, sees_source};
use super::streams::{Audio, Video};
use crate::auth::Pass;
use crate::clock;
use crate::live;
use crate::sources::{self, Found, Input, Refusal, Sources, Transport};

/// A source with the longest values has some thousand bytes.
pub(in super::super) const MAX_SOURCE_BYTES: usize = 32 << 10;

type Members = Result<Json<Map<String, Value>>, JsonRejection>;

/// A source as it is listed. Its password is not among it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(in super::super) struct Source {
    source: String,
    name: String,
    kind: &'static str,
    address: Option<String>,
    small_address: Option<String>,
    user: Option<String>,
    has_password: bool,
    transport: Option<&'static str>,
    device: Option<String>,
    path: Option<String>,
    #[schema(value_type = Option<String>)]
    size: Value,
    frames_per_second: Option<f64>,
    bitrate_kbps: Option<u32>,
    /// Whether there is sound, or the microphone it comes from.
    sound: Value,
    record: bool,
    hours: Vec<String>,
    from: &'static str,
    state: &'static str,
    code: Option<&'static str>,
    message: Option<String>,
    since_ms: i64,
    retry_at_ms: Option<i64>,
    is_recording: bool,
    within_hours: bool,
    session: Option<String>,
    stream: Option<String>,
    small_stream: Option<String>,
    small_code: Option<&'static str>,
    small_message: Option<String>,
    reconnects: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sources)]
pub(in super::super) struct List {
    now_ms: i64,
    sources: Vec<Source>,
}

/// `GET /api/sources`: as they are now, which `/ws/control` tells a moment later.
pub(in super::super) async fn sources(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
) -> Json<List> {
    let sources = list(&state.sources).seen_by(&pass);
    Json(List { now_ms: clock::now_ms(), sources })
}

impl Seen for Vec<Source> {
    /// Where its pictures come from is for those who see everything.
    fn seen_by(&self, pass: &Pass) -> Self {
        let seen = self.iter().filter(|source| {
            let stream = source.stream.as_deref().unwrap_or(&source.source);
            sees_source(pass, &source.source, stream)
        });
        let seen = seen.cloned().map(|source| match pass.watches_all() {
            true => source,
            false => Source {
                address: None,
                small_address: None,
                user: None,
                device: None,
                path: None,
                message: None,
                small_message: None,
                ..source
            },
        });
        seen.collect()
    }
}

/// `POST /api/sources`.
pub(in super::super) async fn add(
    Shared(state): Shared<State>,
    members: Members,
) -> Result<(StatusCode, Json<Source>), ApiError> {
    let added = state.sources.add(read(members)?).await?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

/// `PUT /api/sources/{source}`.
pub(in super::super) async fn replace(
    Shared(state): Shared<State>,
    Path(source): Path<String>,
    members: Members,
) -> Result<Json<Source>, ApiError> {
    let mut members = read(members)?;
    members.entry("source").or_insert_with(|| source.clone().into());
    Ok(Json(state.sources.replace(source, members).await?.into()))
}

/// `DELETE /api/sources/{source}`.
pub(in super::super) async fn remove(
    Shared(state): Shared<State>,
    Path(source): Path<String>,
) -> Result<StatusCode, ApiError> {
    state.sources.remove(source).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/sources/{source}/pause`.
pub(in super::super) async fn pause(
    Shared(state): Shared<State>,
    Path(source): Path<String>,
) -> Result<Json<Source>, ApiError> {
    Ok(Json(state.sources.pause(source, true).await?.into()))
}

/// `POST /api/sources/{source}/resume`.
pub(in super::super) async fn resume(
    Shared(state): Shared<State>,
    Path(source): Path<String>,
) -> Result<Json<Source>, ApiError> {
    Ok(Json(state.sources.pause(source, false).await?.into()))
}

/// `POST /api/sources/test`: what would come, within 20 s.
pub(in super::super) async fn test(
    Shared(state): Shared<State>,
    members: Members,
) -> Result<Json<Value>, ApiError> {
    let tested = state.sources.test(read(members)?).await?;
    let mut told = found(&tested.main);
    told["small"] = tested.small.as_ref().map_or(Value::Null, found);
    Ok(Json(told))
}

fn found(found: &Found) -> Value {
    match found {
        Ok(tracks) => {
            let (video, audio) = live::describe(tracks);
            json!({ "ok": true, "video": video.map(Video::from), "audio": audio.map(Audio::from) })
        }
        Err(failure) => {
            json!({ "ok": false, "code": failure.code(), "message": failure.to_string() })
        }
    }
}

/// All sources, by name.
pub(in super::super) fn list(sources: &Sources) -> Vec<Source> {
    sources.list().into_iter().map(Source::from).collect()
}

/// The words of a rejection may repeat a part of the body.
fn read(members: Members) -> Result<Map<String, Value>, ApiError> {
    match members {
        Ok(Json(members)) => Ok(members),
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(ApiError::too_large("a source takes at most 32 KiB"))
        }
        Err(rejection) if rejection.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Err(ApiError::unsupported("a source is sent as application/json"))
        }
        Err(_) => Err(ApiError::bad_request("a source is a JSON object")),
    }
}

impl From<sources::Source> for Source {
    fn from(source: sources::Source) -> Self {
        let sources::Source { spec, is_from_file, facts } = source;
        let mut listed = Self {
            source: spec.name.as_str().to_owned(),
            name: spec.title.clone(),
            kind: "",
            address: None,
            small_address: None,
            user: None,
            has_password: false,
            transport: None,
            device: None,
            path: None,
            size: Value::Null,
            frames_per_second: None,
            bitrate_kbps: None,
            sound: Value::Null,
            record: spec.record,
            hours: spec.hours.texts(),
            from: if is_from_file { "file" } else { "page" },
            state: facts.state.name(),
            code: facts.failure.as_ref().map(sources::Failure::code),
            message: facts.failure.as_ref().map(ToString::to_string),
            since_ms: facts.since_ms,
            retry_at_ms: facts.retry_at_ms,
            is_recording: facts.is_recording,
            within_hours: facts.is_within_hours,
            session: facts.session,
            stream: facts.stream,
            small_stream: facts.small_stream,
            small_code: facts.small_failure.as_ref().map(sources::Failure::code),
            small_message: facts.small_failure.as_ref().map(ToString::to_string),
            reconnects: facts.reconnects,
        };
        listed.describe(&spec.input);
        listed
    }
}

impl Source {
    fn describe(&mut self, input: &Input) {
        match input {
            Input::Rtsp(rtsp) => {
                self.kind = "rtsp";
                self.address = Some(rtsp.address.to_string());
                self.small_address = rtsp.small.as_ref().map(ToString::to_string);
                self.user = rtsp.login.as_ref().map(|login| login.user.clone());
                let password = rtsp.login.as_ref().map(|login| login.password.reveal());
                self.has_password = password.is_some_and(|password| !password.is_empty());
                self.transport = Some(match rtsp.transport {
                    Transport::Tcp => "tcp",
                    Transport::Udp => "udp",
                });
                self.sound = rtsp.has_sound.into();
            }
            Input::Camera(camera) => {
                self.kind = "camera";
                self.device = Some(camera.device.clone());
                self.size = sources::size(camera.size);
                self.frames_per_second = camera.frames_per_second;
                self.bitrate_kbps = camera.bitrate_kbps;
                self.sound = sources::sound(&camera.sound);
            }
            Input::File(file) => {
                self.kind = "file";
                self.path = Some(file.path.display().to_string());
                self.sound = file.has_sound.into();
            }
            Input::Pattern(pattern) => {
                self.kind = "pattern";
                self.size = sources::size(pattern.size);
                self.frames_per_second = pattern.frames_per_second;
                self.bitrate_kbps = pattern.bitrate_kbps;
                self.sound = pattern.has_sound.into();
            }
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match &refusal {
            Refusal::Bad(_) => (StatusCode::BAD_REQUEST, "bad_source"),
            Refusal::Exists(_) | Refusal::Live(_) => (StatusCode::CONFLICT, "exists"),
            Refusal::Unknown(_) => (StatusCode::NOT_FOUND, "unknown_source"),
            Refusal::FromFile(_) => (StatusCode::CONFLICT, "from_file"),
            Refusal::TooMany => (StatusCode::CONFLICT, "too_many"),
            Refusal::Busy | Refusal::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Refusal::NotSaved(_) => (StatusCode::INTERNAL_SERVER_ERROR, "not_saved"),
        };
        Self::new(status, code, refusal.to_string())
    }
}
