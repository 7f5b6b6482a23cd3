//! What a publisher tells the recorder, and what the recorder answers.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;
use container::{Event, ResumePoint, Track};
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::WallUs;

/// A session to record, with its channels.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) session: SessionInfo,
    /// Answered once, before anything is taken from the feed.
    pub(crate) opened: oneshot::Sender<Opened>,
    pub(crate) feed: mpsc::Receiver<Feed>,
    pub(crate) durable: watch::Sender<Durable>,
}

/// What the recorder has of a session when it takes it up.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// Whether there was anything of it.
    pub(crate) is_known: bool,
    pub(crate) generations: Vec<OpenedGeneration>,
}

/// What the recorder has of a generation.
#[derive(Debug)]
pub(crate) struct OpenedGeneration {
    pub(crate) start: Generation,
    /// Everything in front of it is durable.
    pub(crate) position: u64,
    pub(crate) is_ended: bool,
    /// How parsing goes on, where there is anything to go on with.
    pub(crate) resume: Option<Resumption>,
}

/// How the parsing of a stream goes on.
#[derive(Debug)]
pub(crate) struct Resumption {
    /// The init segment.
    pub(crate) init: Bytes,
    pub(crate) at: ResumePoint,
    /// What its tracks have become since.
    pub(crate) tracks: Vec<Track>,
}

/// Who records what.
#[derive(Debug, Clone)]
pub(crate) struct SessionInfo {
    pub(crate) id: String,
    pub(crate) device: String,
    /// Of the key that the device has shown, its SHA-256 in small hexadecimal digits.
    pub(crate) key_sha256: Option<String>,
    pub(crate) name: String,
    pub(crate) client: String,
    pub(crate) peer: Peer,
    pub(crate) started_us: WallUs,
    /// Whether its publisher can come back to it.
    pub(crate) is_resumable: bool,
    /// Whether its publisher has let go of what a server had acknowledged.
    pub(crate) is_continued: bool,
}

/// Where a session comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A connection to the server.
    Connection(SocketAddr),
    /// A source of this name, which fits into a file's name. The address is for people, and holds
    /// nothing secret.
    Source { name: String, address: String },
}

impl Peer {
    /// For people.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Connection(address) => address.to_string(),
            Self::Source { address, .. } => address.clone(),
        }
    }

    /// Whether nothing else than a later session of the same publisher can take this one's place.
    pub(crate) fn is_source(&self) -> bool {
        matches!(self, Self::Source { .. })
    }
}

/// One message from a publisher to the recorder.
#[derive(Debug)]
pub(crate) enum Feed {
    /// A generation begins.
    Begin(Generation),
    /// Samples of a generation.
    Media { generation: u32, steps: Vec<Step> },
    /// By `elapsed_us` after the generation's beginning its encoder had come to `media_us`.
    Clock { generation: u32, media_us: i64, elapsed_us: i64 },
    /// The generation is over. With a length it is complete, or broken beyond use, and can be
    /// acknowledged up to it; without one its device may still hold the rest.
    End { generation: u32, bytes: Option<u64>, loss: Option<Loss> },
    /// Something for the timeline.
    Note(Note),
    /// Since the last sample, or since the session began, until then nothing was captured.
    Missing { until_us: WallUs, reason: &'static str, detail: Option<String> },
    /// The session is over, because of this.
    Finish(Ending),
}

/// What of a stream could not be recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Loss {
    /// It ends in the middle, as one does whose encoder was killed.
    #[error("the stream ends inside an element of which {bytes} bytes came")]
    Torn { bytes: u64 },
    /// It is no stream that can be read on.
    #[error("{0}")]
    Broken(String),
}

/// How a generation begins.
#[derive(Debug, Clone)]
pub(crate) struct Generation {
    pub(crate) number: u32,
    pub(crate) mime: String,
    pub(crate) reason: String,
    /// Wall time of media time zero.
    pub(crate) anchor_us: WallUs,
}

/// What the demuxer found, and the place in front of it at which parsing could go on.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) event: Option<Event>,
    pub(crate) resume: Option<ResumePoint>,
}

/// Something that happened on the device.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) event: String,
    pub(crate) generation: Option<u32>,
    /// When it began on the device's own clock: with it a repetition is known.
    pub(crate) device_ms: Option<i64>,
    pub(crate) start_us: WallUs,
    pub(crate) end_us: Option<WallUs>,
    pub(crate) reason: Option<String>,
    pub(crate) detail: Option<String>,
}

impl Note {
    /// Something of the stream could not be recorded, noticed at `now_us`.
    pub(crate) fn damaged_input(now_us: WallUs, detail: String) -> Self {
        Self {
            event: "gap".to_owned(),
            generation: None,
            device_ms: None,
            start_us: now_us,
            end_us: Some(now_us),
            reason: Some("damaged_input".to_owned()),
            detail: Some(detail),
        }
    }
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Stop was pressed, or a raw publisher closed its connection.
    Stopped,
    /// The device did not come back.
    TimedOut,
    /// A raw publisher's connection broke off: nobody stopped it, and nothing more comes of it.
    Lost,
    /// The server is stopping; the device may go on later.
    Shutdown,
}

/// What of a session is on the disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Durable {
    pub(crate) generations: BTreeMap<u32, DurableGeneration>,
    /// Generations that no file can carry, with the reason.
    pub(crate) failed: BTreeMap<u32, String>,
    /// Why nothing can be written at the moment.
    pub(crate) storage_error: Option<String>,
    /// Why nothing more shall come at the moment.
    pub(crate) paused: Option<String>,
    /// The session's files, once it is complete.
    pub(crate) finished: Option<Finished>,
}

impl Durable {
    /// Why a device should hold its media, if it should.
    pub(crate) fn holds_because(&self) -> Option<&String> {
        self.storage_error.as_ref().or(self.paused.as_ref())
    }
}

/// What of a generation is on the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DurableGeneration {
    /// Every sample with a byte before this position is synced.
    pub(crate) position: u64,
    /// Media time up to which the generation is synced.
    pub(crate) media_us: i64,
    /// Whether everything of it that will ever be recorded is synced.
    pub(crate) ended: bool,
}

/// A complete session.
#[derive(Debug, Clone, Default)]
pub(crate) struct Finished {
    /// Empty when the session left no media.
    pub(crate) folder: String,
    pub(crate) files: Vec<FinishedFile>,
    /// Whether the device ended it, so that nothing more is to come.
    pub(crate) is_stopped: bool,
}

/// One of its files.
#[derive(Debug, Clone)]
pub(crate) struct FinishedFile {
    pub(crate) file: String,
    pub(crate) generation: u32,
    pub(crate) start_us: WallUs,
    pub(crate) duration_us: i64,
    pub(crate) bytes: u64,
}
