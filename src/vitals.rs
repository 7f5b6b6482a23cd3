//! Whether the server can record. Whoever asks has an answer in a moment, also where the disk has none;
//! and however many ask, the disk is tried now and then.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::library::Library;
use crate::recorder::CLAIM;

/// Each page asks every ten seconds, and monitors as they like: the disk syncs a file for all of them
/// no more often.
const TRIED_EVERY: Duration = Duration::from_secs(5);

/// Where it has failed it is tried sooner: whoever has made room wants to see it.
const FAILED_TRIED_EVERY: Duration = Duration::from_secs(1);

/// Monitors give up after some seconds; a disk that needs longer for a byte is no good for recording.
const PATIENCE: Duration = Duration::from_secs(2);

/// A card of a small computer may take seconds for a sync; one that takes longer hangs.
const STUCK_AFTER: Duration = Duration::from_secs(10);

/// What is written to see whether it can be. One server at a time has the folder, and one try at a
/// time is under way; a name of its own for each would be left behind by each crash.
const PROBE: &str = ".health";

/// How the disk is tried.
type Try = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Knows whether the server can record. Clones share it.
#[derive(Clone)]
pub(crate) struct Vitals {
    library: Library,
    /// What has to run for as long as the server does.
    tasks: Arc<[(&'static str, AbortHandle)]>,
    stop: CancellationToken,
    tries: Try,
    patience: Duration,
    disk: Arc<watch::Sender<Disk>>,
}

/// What is known of the disk.
#[derive(Debug, Clone, Default)]
struct Disk {
    /// Since when it has been tried, while it is.
    tried_since: Option<Instant>,
    /// When it answered last, and what.
    last: Option<(Instant, Result<(), String>)>,
}

impl Vitals {
    /// Of a server that records into the library's folder by these tasks.
    pub(crate) fn new(
        library: Library,
        tasks: Arc<[(&'static str, AbortHandle)]>,
        stop: CancellationToken,
    ) -> Self {
        let root = library.root().to_owned();
        let tries = Arc::new(move || probe(&root));
        Self { library, tasks, stop, tries, patience: PATIENCE, disk: Arc::default() }
    }

    /// Why it cannot, if it cannot. The disk gets a moment to answer.
    pub(crate) async fn reason(&self) -> Option<String> {
        if let Some(reason) = self.without_disk() {
            return Some(reason);
        }
        self.try_disk();
        let mut answers = self.disk.subscribe();
        let since = answers.borrow().tried_since;
        if let Some(since) = since {
            let answered = answers.wait_for(|disk| disk.tried_since.is_none());
            // Whoever comes while it hangs need not wait for what others have waited for.
            let _ = tokio::time::timeout_at(since + self.patience, answered).await;
        }
        self.of_disk()
    }

    /// The same, as far as it is known at once.
    pub(crate) fn known_reason(&self) -> Option<String> {
        self.try_disk();
        self.without_disk().or_else(|| self.of_disk())
    }

    /// What is wrong and can be said without the disk.
    fn without_disk(&self) -> Option<String> {
        if self.stop.is_cancelled() {
            return Some("the server is stopping".to_owned());
        }
        if let Some((task, _)) = self.tasks.iter().find(|(_, task)| task.is_finished()) {
            return Some(format!("{task} has crashed; start the server again"));
        }
        let trouble = self.library.trouble();
        trouble.reason().or_else(|| {
            let stuck = trouble.oldest_write().filter(|since| *since >= STUCK_AFTER)?;
            let seconds = stuck.as_secs();
            Some(format!("the disk has not finished what it was given {seconds} s ago"))
        })
    }

    /// What the disk has answered, or for how long it has not.
    fn of_disk(&self) -> Option<String> {
        let disk = self.disk.borrow();
        let hangs = disk.tried_since.map(|since| since.elapsed()).filter(|s| *s >= self.patience);
        match (hangs, &disk.last) {
            (Some(since), _) => {
                Some(format!("the recordings' disk has not answered for {} s", since.as_secs()))
            }
            (None, Some((_, Err(reason)))) => Some(reason.clone()),
            (None, _) => None,
        }
    }

    /// Has the disk tried in the background, if it is time and nobody does.
    fn try_disk(&self) {
        let begins = self.disk.send_if_modified(|disk| {
            let is_fresh = disk.last.as_ref().is_some_and(|(at, answer)| {
                let every = if answer.is_ok() { TRIED_EVERY } else { FAILED_TRIED_EVERY };
                at.elapsed() < every
            });
            if is_fresh || disk.tried_since.is_some() {
                return false;
            }
            disk.tried_since = Some(Instant::now());
            true
        });
        if begins {
            let (tries, disk) = (Arc::clone(&self.tries), Arc::clone(&self.disk));
            tokio::spawn(async move {
                let answer = tokio::task::spawn_blocking(move || tries()).await;
                let crashed = |_| Err("the look at the disk has crashed".to_owned());
                let last = Some((Instant::now(), answer.unwrap_or_else(crashed)));
                disk.send_replace(Disk { tried_since: None, last });
            });
        }
    }
}

/// Writes a byte through to the disk and removes it, since permissions and free space lie.
fn probe(root: &Path) -> Result<(), String> {
    // Where a disk was mounted is an empty folder once it is gone, which takes what is written.
    if !root.join(CLAIM).exists() {
        return Err(
            "cannot write to the recordings folder: it is not the one of the start; its disk is gone, or it was moved"
                .to_owned(),
        );
    }
    let path = root.join(PROBE);
    let write = || {
        let mut file = std::fs::File::create(&path)?;
        std::io::Write::write_all(&mut file, b"1")?;
        file.sync_data()
    };
    let written = write();
    // A full disk leaves an empty file behind.
    let removed = std::fs::remove_file(&path);
    written.and(removed).map_err(|error| format!("cannot write to the recordings folder: {error}"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// A server whose disk answers what it is told to, when it is told to; and how often it was
    /// tried.
    fn hanging(patience: Duration) -> (Vitals, Sender<Result<(), String>>, Arc<AtomicUsize>) {
        let (answer, answers) = channel();
        let (answers, tried) = (Mutex::new(answers), Arc::new(AtomicUsize::new(0)));
        let counting = Arc::clone(&tried);
        let tries: Try = Arc::new(move || {
            counting.fetch_add(1, Ordering::Relaxed);
            answers.lock().unwrap().recv().unwrap_or(Ok(()))
        });
        let library = Library::new(PathBuf::new());
        let vitals = Vitals::new(library, Arc::default(), CancellationToken::new());
        (Vitals { tries, patience, ..vitals }, answer, tried)
    }

    #[tokio::test]
    async fn a_disk_that_hangs_is_told_of_in_time_and_tried_once() {
        let (vitals, answer, tried) = hanging(Duration::from_millis(20));
        for _ in 0..20 {
            let reason = vitals.reason().await.unwrap();
            assert!(reason.starts_with("the recordings' disk has not answered for "), "{reason}");
        }
        assert!(vitals.known_reason().is_some());
        answer.send(Ok(())).unwrap();
        let mut answers = vitals.disk.subscribe();
        answers.wait_for(|disk| disk.tried_since.is_none()).await.unwrap();
        assert_eq!((vitals.reason().await, vitals.known_reason()), (None, None));
        assert_eq!(tried.load(Ordering::Relaxed), 1, "many ask, and one try answers them");
    }

    #[tokio::test]
    async fn what_the_disk_refuses_is_told_and_tried_again() {
        let (vitals, answer, tried) = hanging(Duration::from_secs(60));
        answer.send(Err("no".to_owned())).unwrap();
        answer.send(Ok(())).unwrap();
        assert_eq!(vitals.reason().await.as_deref(), Some("no"));
        assert_eq!(vitals.reason().await.as_deref(), Some("no"));
        assert_eq!(tried.load(Ordering::Relaxed), 1);
        let long_ago = Instant::now().checked_sub(FAILED_TRIED_EVERY).unwrap();
        vitals.disk.send_modify(|disk| disk.last.as_mut().unwrap().0 = long_ago);
        assert_eq!(vitals.reason().await, None);
        assert_eq!(tried.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn what_needs_no_disk_is_told_without_it() {
        let (vitals, _hangs, tried) = hanging(Duration::from_secs(60));
        vitals.library.trouble().pause(Some("no room".to_owned()));
        assert_eq!(vitals.reason().await.as_deref(), Some("no room"));
        vitals.library.trouble().pause(None);
        let crashed = tokio::spawn(async {});
        while !crashed.is_finished() {
            tokio::task::yield_now().await;
        }
        let tasks = [("the recorder", crashed.abort_handle())];
        let without = Vitals { tasks: Arc::new(tasks), ..vitals.clone() };
        let reason = without.reason().await.unwrap();
        assert_eq!(reason, "the recorder has crashed; start the server again");
        vitals.stop.cancel();
        assert_eq!(vitals.reason().await.as_deref(), Some("the server is stopping"));
        assert_eq!(tried.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_does_not_end_is_told_of() {
        let (vitals, _hangs, _) = hanging(Duration::from_secs(60));
        let write = vitals.library.trouble().write_begins();
        tokio::time::advance(STUCK_AFTER).await;
        let reason = vitals.without_disk().unwrap();
        assert_eq!(reason, "the disk has not finished what it was given 10 s ago");
        drop(write);
        assert_eq!(vitals.without_disk(), None);
    }

    #[test]
    fn the_disk_is_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(CLAIM), "").unwrap();
        assert_eq!(probe(folder.path()), Ok(()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        std::fs::create_dir(folder.path().join(PROBE)).unwrap();
        let reason = probe(folder.path()).unwrap_err();
        assert!(reason.starts_with("cannot write to the recordings folder: "), "{reason}");
    }

    #[test]
    fn the_place_of_a_disk_that_is_gone_is_none_to_record_to() {
        let folder = tempfile::tempdir().unwrap();
        assert!(probe(folder.path()).unwrap_err().contains("its disk is gone"));
    }
}
