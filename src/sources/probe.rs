//! What a source would bring, before it is one.

use std::sync::Arc;
use std::time::Duration;

use container::Track;
use serde_json::{Map, Value};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::intake::Intake;
use super::registry::{Refusal, Sources};
use super::running::{drive, hiding};
use crate::config::sources::{Writer, read};
use crate::live::{OfSource, Showing, Shown, Streams};

/// A person who waits longer thinks that it hangs.
const PATIENCE: Duration = Duration::from_secs(14);

/// Each is a connection or a process.
const MAX_TESTS: usize = 4;

static TESTS: Semaphore = Semaphore::const_new(MAX_TESTS);

/// What came.
pub(crate) type Found = Result<Vec<Track>, Failure>;

impl Sources {
    /// Tries what the members say, for some seconds.
    pub(crate) async fn test(&self, members: Map<String, Value>) -> Result<Found, Refusal> {
        // A password that is left out is that of the source that is being changed.
        let before = members.get("source").and_then(Value::as_str);
        let before =
            before.and_then(|name| self.get(name).ok()).filter(|known| !known.is_from_file);
        let before = before.as_ref().map(|known| &*known.spec);
        let spec = read(members, Writer::Page(before)).map_err(Refusal::Bad)?;
        self.is_going_on()?;
        let _turn = TESTS.try_acquire().map_err(|_| Refusal::Busy)?;
        let name = spec.name.as_str().to_owned();
        let showing = Showing::new(
            Streams::default(),
            Shown {
                source: OfSource { source: name.clone(), is_small: false },
                device: name.clone(),
                title: String::new(),
                name,
            },
        );
        let come = Arc::new(Notify::new());
        let live = Arc::clone(&come);
        let stop = CancellationToken::new();
        let mut intake = Intake::new(showing, None, Box::new(move |_| live.notify_one()), stop);
        let failure = tokio::select! {
            failure = drive(&spec.input, true, &self.shared.ffmpeg, &mut intake) => Some(failure),
            () = come.notified() => None,
            () = tokio::time::sleep(PATIENCE) => Some(Failure::Silent(PATIENCE)),
            () = self.shared.stop.cancelled() => return Err(Refusal::Stopping),
        };
        let tracks = intake.tracks().map(<[Track]>::to_vec);
        Ok(match (failure, tracks) {
            (None, Some(tracks)) => Ok(tracks),
            (failure, _) => Err(hiding(failure.unwrap_or(Failure::Ended), &spec.input)),
        })
    }
}
