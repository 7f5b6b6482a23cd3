//! What has changed, for whoever shows it.

use tokio::sync::broadcast;

/// Changes that somebody who listens has not taken yet. Whoever is behind by more looks at everything
/// anew, which costs no more than so many changes.
const MAX_WAITING: usize = 256;

/// Something of the library is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// The session with this id.
    Session(String),
    /// All journals have been read.
    Complete,
}

/// Tells of changes. Clones tell the same listeners.
#[derive(Debug, Clone)]
pub(crate) struct Changes(broadcast::Sender<Change>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::Sender::new(MAX_WAITING))
    }
}

impl Changes {
    /// Everything that changes from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }

    pub(super) fn tell(&self, change: impl FnOnce() -> Change) {
        if self.0.receiver_count() > 0 {
            // Nobody listens any more.
            let _ = self.0.send(change());
        }
    }
}
