//! The list of attached cameras, for all who ask.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{AttachedCamera, camera, cameras};
use crate::ffmpeg::Ffmpeg;

/// Every camera is asked for what it delivers; a page that asks again and again gets what is known.
const FRESH: Duration = Duration::from_secs(2);

/// Lists the attached cameras. Clones share what they know.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cameras {
    ffmpeg: Ffmpeg,
    seen: Arc<Mutex<Option<Seen>>>,
}

/// What was plugged in, and when that was.
type Seen = (Instant, Vec<AttachedCamera>);

impl Cameras {
    /// Whether they can be used.
    pub(crate) fn has_ffmpeg(&self) -> bool {
        self.ffmpeg.is_there()
    }

    /// Whether the camera that somebody means is plugged in; otherwise the reason, with what is.
    pub(crate) async fn find(&self, device: &str) -> Result<(), String> {
        camera::find(&self.ffmpeg, device).await.map(drop).map_err(|error| error.to_string())
    }

    /// Those that are plugged in. Who comes while they are asked gets the same answer.
    pub(crate) async fn list(&self) -> Vec<AttachedCamera> {
        let mut seen = self.seen.lock().await;
        if let Some((at, list)) = &*seen
            && at.elapsed() < FRESH
        {
            return list.clone();
        }
        let list = cameras(&self.ffmpeg).await;
        *seen = Some((Instant::now(), list.clone()));
        list
    }
}
