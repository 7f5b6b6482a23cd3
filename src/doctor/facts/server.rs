//! Whether a server runs on this state folder, and which process it is.

use std::path::Path;
use std::time::Duration;

use tokio::net::UnixStream;

use super::super::findings::state::Running;
use crate::auth::local;
use crate::check::is_served;

/// Connecting to a socket on the same computer takes no time; its server may hang.
const PATIENCE: Duration = Duration::from_secs(1);

/// The server that has the folder, if one has.
pub(in super::super) async fn find(state: &Path) -> Option<Running> {
    let pid = answering(state).await;
    let folder = state.to_owned();
    let is_served = tokio::task::spawn_blocking(move || is_served(&folder)).await.unwrap_or(false);
    (is_served || pid.is_some()).then_some(Running { pid })
}

/// Whoever answers at the folder's socket.
async fn answering(state: &Path) -> Option<u32> {
    let connecting = UnixStream::connect(local::path(state).ok()?);
    let stream = tokio::time::timeout(PATIENCE, connecting).await.ok()?.ok()?;
    u32::try_from(stream.peer_cred().ok()?.pid()?).ok()
}
