use serde::{Deserialize, Serialize};

/// A text message from the device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeviceMessage {
    /// The first message.
    Hello(Hello),
    /// A generation begins.
    Generation(GenerationMessage),
    /// A generation is complete.
    GenerationEnd(GenerationEnd),
    /// Something that the timeline must show.
    Event(EventMessage),
    /// How far the encoder had come at a moment of the device's clock.
    Clock(ClockMessage),
    /// The person pressed Stop and everything has been sent.
    Stop {
        /// Every generation and its length.
        #[serde(default)]
        generations: Vec<GenerationEnd>,
    },
    /// A type that a newer device sends.
    #[serde(other)]
    Unknown,
}

/// Who the device is and which session it delivers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Lasting id of the device.
    pub device: String,
    /// The device's secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The name that people read.
    #[serde(default)]
    pub name: String,
    /// Id of the session.
    pub session: String,
    /// When the session began, on the device's clock.
    pub started_ms: i64,
    /// The device's clock now.
    pub now_ms: i64,
    /// Program and version.
    #[serde(default)]
    pub client: String,
    /// What the device can still deliver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Held>,
}

/// The bytes of a generation that a device still has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    #[allow(missing_docs)]
    pub generation: u32,
    /// Position of the first byte.
    pub first: u64,
    /// Position behind the last.
    pub end: u64,
}

/// How a generation begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationMessage {
    /// Counts from 0.
    pub generation: u32,
    /// What the encoder says it produces.
    #[serde(default)]
    pub mime: String,
    /// Wall time of media time zero, on the device's clock.
    pub started_ms: i64,
    /// Server's clock minus device's clock as the device measured it then. A generation that is
    /// delivered hours later may come over a connection whose device's clock was set meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
    /// Why it began.
    #[serde(default)]
    pub reason: String,
}

/// By `at_ms` the encoder had handed over the first `end` bytes of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockMessage {
    #[allow(missing_docs)]
    pub generation: u32,
    /// Bytes of its stream.
    pub end: u64,
    /// On the device's clock.
    pub at_ms: i64,
}

/// The length of a complete generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationEnd {
    #[allow(missing_docs)]
    pub generation: u32,
    /// Bytes of its stream.
    pub bytes: u64,
}

/// Something that happened on the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventMessage {
    /// What happened: `muted`, `hidden`, `gap`, … (docs/protocol.md).
    pub event: String,
    #[allow(missing_docs)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
    /// When, on the device's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<i64>,
    /// For a gap, from when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<i64>,
    /// For a gap, until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<i64>,
    /// Server's clock minus device's clock as the device knew it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
    /// For a gap, its reason code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A text message from the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServerMessage {
    /// The answer to hello.
    Welcome {
        #[allow(missing_docs)]
        session: String,
        /// Whether the server knew the session already.
        resumed: bool,
        /// The server's clock.
        now_ms: i64,
        /// Where each generation stands.
        positions: Vec<Position>,
        #[allow(missing_docs)]
        limits: Limits,
        /// Other origins of this server.
        addresses: Vec<String>,
        /// How long to wait before a reconnect.
        retry_ms: u64,
    },
    /// Everything below `durable` is on disk.
    Ack {
        #[allow(missing_docs)]
        generation: u32,
        /// Bytes that arrived.
        received: u64,
        /// Bytes that are on disk, synced.
        durable: u64,
        /// Media time up to which the generation is durable.
        media_ms: i64,
        /// Bytes that may be sent and not acknowledged.
        credit_bytes: u64,
    },
    /// The session is complete on disk.
    Summary {
        #[allow(missing_docs)]
        session: String,
        /// Its folder below the recordings folder.
        folder: String,
        #[allow(missing_docs)]
        files: Vec<SummaryFile>,
    },
    /// Something went wrong.
    Error {
        #[allow(missing_docs)]
        code: ErrorCode,
        /// A sentence for a person.
        message: String,
        /// The generation concerned.
        #[serde(skip_serializing_if = "Option::is_none")]
        generation: Option<u32>,
    },
}

/// Where a generation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    #[allow(missing_docs)]
    pub generation: u32,
    /// Bytes that arrived; the device goes on here.
    pub received: u64,
    /// Bytes that are on disk, synced.
    pub durable: u64,
    /// Whether the generation is complete; nothing more of it is taken.
    pub ended: bool,
}

/// What a device must keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The largest message.
    pub message_bytes: u64,
    /// Bytes that may be sent and not acknowledged.
    pub credit_bytes: u64,
    /// A connection silent this long is closed.
    pub idle_ms: u64,
}

/// A file of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct SummaryFile {
    pub file: String,
    pub url: String,
    pub generation: u32,
    pub start_ms: i64,
    pub duration_ms: i64,
    pub bytes: u64,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum ErrorCode {
    BadMessage,
    BadStream,
    Hole,
    Lost,
    NotPaired,
    Revoked,
    SessionInUse,
    ShuttingDown,
    Storage,
}

impl ErrorCode {
    /// The close code that follows, where the connection ends with the error.
    #[must_use]
    pub fn close_code(self) -> Option<u16> {
        match self {
            Self::BadMessage | Self::Hole => Some(4400),
            Self::NotPaired => Some(4401),
            Self::Revoked => Some(4403),
            Self::SessionInUse => Some(4409),
            Self::ShuttingDown => Some(1012),
            Self::BadStream | Self::Lost | Self::Storage => None,
        }
    }
}
