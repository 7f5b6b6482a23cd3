//! Whether servers have the folders, and which process has the state folder.

use std::io;
use std::os::unix::net::UnixStream as Connected;
use std::path::Path;
use std::time::Duration;

use tokio::net::UnixStream;

use super::super::findings::state::Running;
use super::super::limit::blocking;
use crate::auth::local;
use crate::check::is_served;
use crate::config::Config;

/// Looking at a lock and connecting to a socket of the same computer takes no time; the disk on
/// which they lie may hang, and so may the server.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who has the folders that a server has for itself.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Servers {
    /// The one that has the state folder.
    pub(in super::super) state: Option<Running>,
    /// Whether one has the recordings folder.
    pub(in super::super) is_recordings_held: bool,
}

/// Those that there are. What does not answer is not there; the folder's own check says so.
pub(in super::super) async fn find(config: &Config) -> Servers {
    let held = |folder: &Path| {
        let folder = folder.to_owned();
        blocking(PATIENCE, move || is_served(&folder))
    };
    let (pid, state, recordings) =
        tokio::join!(answering(&config.state), held(&config.state), held(&config.recordings));
    Servers {
        state: (state == Ok(true) || pid.is_some()).then_some(Running { pid }),
        is_recordings_held: recordings == Ok(true),
    }
}

/// Whoever answers at the folder's socket.
async fn answering(state: &Path) -> Option<u32> {
    let path = local::path(state).ok()?;
    let connecting = blocking(PATIENCE, move || -> io::Result<Connected> {
        let stream = Connected::connect(path)?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    });
    let stream = UnixStream::from_std(connecting.await.ok()?.ok()?).ok()?;
    // The kernel says 0 of a process that cannot be seen from here, such as a container's host.
    u32::try_from(stream.peer_cred().ok()?.pid()?).ok().filter(|pid| *pid != 0)
}
