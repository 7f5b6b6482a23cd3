//! Asking for the configuration to be read again while the server runs.

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use utoipa::ToSchema;

use crate::config::Changes;

/// Who asks while so many wait is told to come again.
const MAX_WAITING: usize = 8;

/// Asks for it. Clones ask the same server.
#[derive(Debug, Clone)]
pub(crate) struct Reload(mpsc::Sender<Asked>);

/// Those who wait for an answer.
pub(crate) type Waiting = mpsc::Receiver<Asked>;

/// Where somebody waits for the answer.
pub(crate) type Asked = oneshot::Sender<Result<Reloaded, NotReloaded>>;

/// What has become of a configuration that was read again: keys, never values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Reloaded {
    /// The file that was read, if there is one.
    pub(crate) file: Option<String>,
    /// Taken over: these were different before.
    #[schema(value_type = Vec<String>)]
    pub(crate) changed: Vec<&'static str>,
    /// Different from what the server was started with. They change with its next start.
    #[schema(value_type = Vec<String>)]
    pub(crate) waiting: Vec<&'static str>,
}

/// Why all goes on as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotReloaded {
    /// In words that name the key, the value and what is allowed.
    #[error("{0}")]
    Faulty(String),
    #[error("the configuration is being read again already; ask once more in a moment")]
    Busy,
    #[error("the server is stopping")]
    Stopping,
}

impl Reload {
    pub(crate) fn new() -> (Self, Waiting) {
        let (sender, waiting) = mpsc::channel(MAX_WAITING);
        (Self(sender), waiting)
    }

    /// Has the configuration read again.
    ///
    /// # Errors
    /// When something in it is not allowed, or the server does not get to it; then all goes on as it
    /// was.
    pub(crate) async fn ask(&self) -> Result<Reloaded, NotReloaded> {
        let (asked, answer) = oneshot::channel();
        self.0.try_send(asked).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotReloaded::Busy,
            mpsc::error::TrySendError::Closed(_) => NotReloaded::Stopping,
        })?;
        answer.await.unwrap_or(Err(NotReloaded::Stopping))
    }
}

impl Reloaded {
    pub(crate) fn new(file: Option<String>, Changes { changed, waiting }: Changes) -> Self {
        Self { file, changed, waiting }
    }
}

impl std::fmt::Display for Reloaded {
    /// One line for the log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let file = self.file.as_deref().unwrap_or("without a file");
        write!(f, "the configuration was read again ({file}): ")?;
        match self.changed.is_empty() {
            true => f.write_str("nothing is taken over")?,
            false => write!(f, "taken over are {}", self.changed.join(", "))?,
        }
        if !self.waiting.is_empty() {
            write!(f, "; with the next start of the server changes {}", self.waiting.join(", "))?;
        }
        Ok(())
    }
}
