//! When the file of devices is written.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};

use super::command::{Code, Refusal};
use super::store::Store;

/// Between two writes: a device that renames itself without end wears no disk out.
const PAUSE: Duration = Duration::from_secs(1);

/// When devices were last seen may be lost in a crash, by this much.
const LAZY_INTERVAL: Duration = Duration::from_secs(300);

/// A disk that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Writes the file when something has changed, and says when it is done.
#[derive(Debug)]
pub(super) struct Saving {
    store: Store,
    /// The number of the newest change that is to be written at once.
    wanted: watch::Sender<u64>,
    done: watch::Sender<Done>,
    /// What the file holds. Whoever writes it has this, to the end of the write.
    written: Arc<Mutex<Option<String>>>,
}

#[derive(Debug, Clone, Default)]
struct Done {
    /// What was wanted when the last attempt began.
    number: u64,
    error: Option<Arc<str>>,
}

/// Waits until a change is on the disk.
#[derive(Debug)]
pub(crate) struct Wait {
    number: u64,
    done: watch::Receiver<Done>,
}

impl Saving {
    /// `text` is what the file would be written with now.
    pub(super) fn new(store: Store, text: String) -> Self {
        Self {
            store,
            wanted: watch::Sender::new(0),
            done: watch::Sender::default(),
            written: Arc::new(Mutex::new(Some(text))),
        }
    }

    /// Something has changed that shall be written at once.
    pub(super) fn want(&self) -> u64 {
        let mut number = 0;
        self.wanted.send_modify(|wanted| {
            *wanted += 1;
            number = *wanted;
        });
        number
    }

    /// The same, for who waits for it.
    pub(super) fn wait(&self) -> Wait {
        let done = self.done.subscribe();
        Wait { number: self.want(), done }
    }

    /// Writes what changes until the future is dropped.
    pub(super) async fn run(&self, text: impl Fn() -> String) {
        let mut wanted = self.wanted.subscribe();
        // What was wanted before anybody listened.
        wanted.mark_changed();
        loop {
            let lazily = tokio::time::timeout(LAZY_INTERVAL, wanted.changed());
            if matches!(lazily.await, Ok(Err(_))) {
                return;
            }
            self.save(&text).await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Writes what there is, unless the file holds it. Where the future is dropped, a write that
    /// has begun goes on, and the next one waits for it.
    pub(super) async fn save(&self, text: impl Fn() -> String) {
        let mut written = Arc::clone(&self.written).lock_owned().await;
        let number = *self.wanted.borrow();
        let text = text();
        let error = if written.as_ref() == Some(&text) {
            None
        } else {
            let store = self.store.clone();
            let write = move || {
                // Of a write that fails nobody knows how far it came.
                *written = None;
                store.save(&text)?;
                *written = Some(text);
                Ok(())
            };
            let saved = tokio::task::spawn_blocking(write).await;
            saved.map_err(std::io::Error::other).and_then(|saved| saved).err()
        };
        let error: Option<Arc<str>> = error.map(|error| error.to_string().into());
        let told = self.done.send_replace(Done { number, error: error.clone() });
        if let Some(error) = error.filter(|error| told.error.as_ref() != Some(error)) {
            tracing::warn!(%error, "cannot write the list of devices; names and groups are kept until the server ends");
        }
    }
}

impl Wait {
    pub(super) async fn saved(&mut self) -> Result<(), Refusal> {
        let number = self.number;
        let done = self.done.wait_for(|done| done.number >= number);
        let error = match tokio::time::timeout(PATIENCE, done).await {
            Ok(Ok(done)) => done.error.clone(),
            Ok(Err(_)) => Some("it is stopping".into()),
            Err(_) => Some("its disk does not answer".into()),
        };
        let Some(error) = error else { return Ok(()) };
        let sentence = format!("the server keeps it until it ends, but cannot write it: {error}");
        Err(Code::Failed.because(sentence))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::mpsc;

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_write_that_was_given_up_is_waited_for_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().max_blocking_threads(1).build().unwrap();
        let saving = Saving::new(Store::new(folder.path().to_owned()), String::new());
        runtime.block_on(async {
            // A disk that is busy.
            let (go_on, busy) = mpsc::channel::<()>();
            let disk = tokio::task::spawn_blocking(move || busy.recv());
            assert!(saving.save(|| "older".to_owned()).now_or_never().is_none());
            let is_asked = Cell::new(false);
            let mut last = Box::pin(saving.save(|| {
                is_asked.set(true);
                "newer".to_owned()
            }));
            assert!((&mut last).now_or_never().is_none());
            assert!(!is_asked.get(), "two would write at once");
            go_on.send(()).unwrap();
            disk.await.unwrap().unwrap();
            last.await;
        });
        let saved = std::fs::read_to_string(folder.path().join("devices.json")).unwrap();
        assert_eq!(saved, "newer");
    }
}
