//! The sources that there are.

use tokio::sync::watch;

use super::failure::Failure;
use super::process::{self, AttachedCamera};
use super::spec::{Address, Login, Name, Spec};
use crate::live::ffmpeg::Ffmpeg;
use crate::live::{Hub, Streams};

/// The sources. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    ffmpeg: Ffmpeg,
    changed: std::sync::Arc<watch::Sender<()>>,
}

/// What there is to say of a source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    pub(crate) spec: Spec,
    /// Whether it stands in the configuration file.
    pub(crate) is_from_file: bool,
    pub(crate) state: State,
    /// Why it waits.
    pub(crate) failure: Option<Failure>,
    pub(crate) since_ms: i64,
    /// When it is tried again.
    pub(crate) retry_at_ms: Option<i64>,
    pub(crate) is_recording: bool,
    pub(crate) is_within_hours: bool,
    pub(crate) session: Option<String>,
    pub(crate) stream: Option<String>,
    pub(crate) small_stream: Option<String>,
    pub(crate) reconnects: u64,
}

/// How a source is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Paused,
    Connecting,
    Live,
    Waiting,
}

/// A source that nobody configured, for as long as this is held.
#[derive(Debug)]
pub(crate) struct Visit {
    streams: Streams,
    stream: String,
}

impl Visit {
    /// Where its stream is; in no list.
    pub(crate) fn streams(&self) -> &Streams {
        &self.streams
    }

    /// The stream's name there.
    pub(crate) fn stream(&self) -> &str {
        &self.stream
    }

    /// Waits until the stream is live, or its first attempt has failed.
    pub(crate) async fn first(&mut self) -> Result<(), Failure> {
        Err(Failure::Over)
    }
}

impl Sources {
    /// Fetches the sources of the configuration file and those that were added by page.
    pub(crate) fn new(_hub: Hub, _specs: Vec<Spec>) -> Self {
        Self { ffmpeg: Ffmpeg::default(), changed: std::sync::Arc::default() }
    }

    /// All of them, by name.
    pub(crate) fn list(&self) -> Vec<Source> {
        Vec::new()
    }

    /// Says when sources come, go, or change.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// One of them.
    pub(crate) fn get(&self, name: &Name) -> Option<Source> {
        self.list().into_iter().find(|source| source.spec.name == *name)
    }

    /// The cameras that are plugged into the server.
    pub(crate) async fn cameras(&self) -> Vec<AttachedCamera> {
        process::cameras(&self.ffmpeg).await
    }

    /// A source that nobody configured: all who visit the same address share one connection.
    pub(crate) fn visit(&self, _address: Address, _login: Option<Login>) -> Visit {
        Visit { streams: Streams::default(), stream: "visit".to_owned() }
    }

    /// Ends all of them, and waits until they have.
    pub(crate) async fn close(&self) {}
}
