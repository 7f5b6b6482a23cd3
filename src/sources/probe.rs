//! What a source would bring, before it is one.

use std::sync::Arc;
use std::time::Duration;

use container::Track;
use serde_json::{Map, Value};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::intake::Intake;
use super::refusal::Refusal;
use super::registry::Sources;
use super::running::{drive, hiding, small};
use super::spec::Input;
use crate::live::{OfSource, Showing, Shown, Streams};

/// A person who waits longer thinks that it hangs.
const PATIENCE: Duration = Duration::from_secs(14);

/// So much at least is left for the smaller picture, however long the large one took.
const SMALL_PATIENCE: Duration = Duration::from_secs(5);

/// Each is a connection or a process.
const MAX_TESTS: usize = 4;

static TESTS: Semaphore = Semaphore::const_new(MAX_TESTS);

/// What came.
pub(crate) type Found = Result<Vec<Track>, Failure>;

/// What came of a source, and of its smaller picture, if it has one. That is not tried where the
/// source is not to be had: some cameras count the attempts.
#[derive(Debug)]
pub(crate) struct Tested {
    pub(crate) main: Found,
    pub(crate) small: Option<Found>,
}

impl Sources {
    /// Tries what the members say, for some seconds.
    pub(crate) async fn test(&self, members: Map<String, Value>) -> Result<Tested, Refusal> {
        // A password that is left out is that of the source that is being changed.
        let before = members.get("source").and_then(Value::as_str);
        let before =
            before.and_then(|name| self.get(name).ok()).filter(|known| !known.is_from_file);
        let before = before.as_ref().map(|known| &*known.spec);
        let spec = self.read(members, before)?;
        self.is_going_on()?;
        let _turn = TESTS.try_acquire().map_err(|_| Refusal::Busy)?;
        let name = spec.name.as_str();
        let began = Instant::now();
        let main = self.try_out(name, &spec.input, PATIENCE).await?;
        let small = match small(&spec.input).filter(|_| main.is_ok()) {
            Some(input) => {
                let patience = PATIENCE.saturating_sub(began.elapsed()).max(SMALL_PATIENCE);
                Some(self.try_out(name, &input, patience).await?)
            }
            None => None,
        };
        Ok(Tested { main, small })
    }

    async fn try_out(
        &self,
        name: &str,
        input: &Input,
        patience: Duration,
    ) -> Result<Found, Refusal> {
        let name = name.to_owned();
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
            failure = drive(input, true, &self.shared.ffmpeg, &mut intake) => Some(failure),
            () = come.notified() => None,
            () = tokio::time::sleep(patience) => Some(Failure::Silent(patience)),
            () = self.shared.stop.cancelled() => return Err(Refusal::Stopping),
        };
        let tracks = intake.tracks().map(<[Track]>::to_vec);
        Ok(match (failure, tracks) {
            (None, Some(tracks)) => Ok(tracks),
            (failure, _) => Err(hiding(failure.unwrap_or(Failure::Ended), input)),
        })
    }
}
