//! ffmpeg at work on live streams: one process for all who want the same of one stream, from the
//! first of them until a little after the last, started again when it fails.
//!
//! What is made, and how it reaches those who want it, is said by a [`Job`].

mod input;
mod job;
mod pacer;
mod pool;
mod progress;
mod run;
mod seen;
mod status;
mod supervisor;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::ffmpeg::Ffmpeg;
pub(super) use job::{Job, Made, Reader, Times, at_most};
pub(super) use pool::{Client, Pool};
use status::Status;
pub(crate) use status::{Report, State};

/// Of each format: one takes a part of a core and some tens of megabytes; with more of them the
/// server would do nothing else.
const MAX_OF_A_FORMAT: usize = 16;

/// Who reloads a page is back within this, and needs no other process.
const LINGER: Duration = Duration::from_secs(3);

/// Everything that is transcoded. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Transcoders {
    ffmpeg: Ffmpeg,
    running: Arc<Mutex<Vec<Arc<Status>>>>,
    /// They end with the server, whoever still watches.
    stop: CancellationToken,
}

/// Why nothing is made of a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("there is no stream {0}")]
    NoStream(String),
    #[error("the stream {0} is not live at the moment")]
    NotLive(String),
    #[error("the stream {0} has no picture, only sound")]
    NoVideo(String),
    #[error("this needs ffmpeg, which is not installed on the server")]
    NoFfmpeg,
    #[error("the server transcodes as many streams as it can; try again later")]
    TooMany,
}

impl Transcoders {
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self { ffmpeg: Ffmpeg::default(), running: Arc::default(), stop }
    }

    /// With another program in ffmpeg's place.
    #[cfg(test)]
    pub(super) fn with(program: impl Into<std::path::PathBuf>) -> Self {
        Self { ffmpeg: Ffmpeg::at(program), ..Self::new(CancellationToken::new()) }
    }

    /// What there is to say of those that work on a stream.
    pub(crate) fn of(&self, stream: &str) -> Vec<Report> {
        let running = self.lock();
        let own = running.iter().filter(|status| status.stream() == stream);
        own.map(|status| status.report()).collect()
    }

    /// The format and the state of each.
    pub(crate) fn states(&self) -> Vec<(&'static str, State)> {
        self.lock().iter().map(|status| (status.format(), status.state_now())).collect()
    }

    /// Whether another one may be started.
    fn may_start(&self, format: &str) -> Result<(), Refusal> {
        let others = self.lock().iter().filter(|status| status.format() == format).count();
        if others >= MAX_OF_A_FORMAT {
            return Err(Refusal::TooMany);
        }
        if self.ffmpeg.is_there() { Ok(()) } else { Err(Refusal::NoFfmpeg) }
    }

    fn add(&self, status: &Arc<Status>) {
        self.lock().push(Arc::clone(status));
    }

    fn remove(&self, status: &Arc<Status>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, status));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Status>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests;
