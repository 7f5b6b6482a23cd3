use crate::message::{ErrorCode, SummaryFile};

/// Who delivers which session; the members are those of the hello in `docs/protocol.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Lasting id of the device.
    pub device: String,
    /// The device's secret.
    pub key: Option<String>,
    /// The name that people read.
    pub name: String,
    /// Id of the session, the same after every restart.
    pub session: String,
    /// When the session began.
    pub started_ms: i64,
    /// Program and version.
    pub client: String,
}

/// How a generation begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationStart {
    /// What the encoder says it produces.
    pub mime: String,
    /// Wall time of media time zero, on the device's clock.
    pub started_ms: i64,
    /// [`crate::Client::offset_ms`] at that time.
    pub offset_ms: Option<i64>,
    /// Why it began.
    pub reason: String,
}

/// A generation that an earlier run of the program left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredGeneration {
    #[allow(missing_docs)]
    pub start: GenerationStart,
    /// Position of the first byte that is still held; everything before it was acknowledged.
    pub first: u64,
    /// Position behind the last byte that was stored.
    pub end: u64,
    /// Whether the encoder had handed over all of it. Otherwise it goes on, or ends with
    /// [`crate::Client::end`].
    pub ended: bool,
}

/// What the owner must do.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ClientOutput {
    /// Send this text message.
    Text(String),
    /// Send these bytes as a [`crate::Chunk`].
    Chunk {
        #[allow(missing_docs)]
        generation: u32,
        /// Of the first byte.
        position: u64,
        /// At least one byte.
        length: usize,
    },
    /// The server has the generation's bytes below this position for good; they may be freed.
    Forget {
        #[allow(missing_docs)]
        generation: u32,
        #[allow(missing_docs)]
        below: u64,
    },
    /// The server takes part in the conversation.
    Welcomed,
    /// More has become durable.
    Progress,
    /// The server takes no more of this generation, and an encoder that is running begins the
    /// next. Said once. What is not durable of it has not arrived. The owner may free it after
    /// [`ErrorCode::BadStream`]; after [`ErrorCode::Lost`] it is kept until the session is over,
    /// since another connection may reach the server that has what was acknowledged.
    Refused {
        #[allow(missing_docs)]
        generation: u32,
        /// [`ErrorCode::BadStream`] or [`ErrorCode::Lost`].
        code: ErrorCode,
        /// A sentence for a person.
        message: String,
    },
    /// Why the server cannot write; `None` when it can again.
    Storage(Option<String>),
    /// The server takes nothing of this device at present, and closes the connection. What is held
    /// stays held: a later hello may be admitted.
    NotAdmitted {
        /// [`ErrorCode::NotPaired`] or [`ErrorCode::Revoked`].
        code: ErrorCode,
        /// A sentence for a person.
        message: String,
    },
    /// Nothing more will be said in this session.
    Over(Over),
    /// Close the connection, then connect again.
    HangUp(String),
}

/// How a session ended for this device.
#[derive(Debug, Clone, PartialEq)]
pub enum Over {
    /// It is complete on the server's disk. What was not forgotten by now has not arrived.
    Finished(Summary),
    /// Another connection of the device goes on with it.
    TakenOver,
}

/// What a session has become.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    #[allow(missing_docs)]
    pub session: String,
    /// Its folder below the recordings folder.
    pub folder: String,
    #[allow(missing_docs)]
    pub files: Vec<SummaryFile>,
}

/// How much of a session is where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct View {
    /// Handed over by the encoder.
    pub total_bytes: u64,
    /// Of these, sent on this connection, or with its server before.
    pub sent_bytes: u64,
    /// Of these, with the server for good.
    pub durable_bytes: u64,
    /// Not durable, and not taken any more.
    pub refused_bytes: u64,
}
