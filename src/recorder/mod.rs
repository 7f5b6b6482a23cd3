//! Writes what is published to the disk: lossless, synced, and acknowledged only then.

mod active;
mod commit;
mod disk;
mod editing;
mod ending;
mod fault;
mod generation;
mod growing;
mod left;
mod names;
mod opening;
mod plan;
mod recording;
mod recovery;
mod shared;
mod space;
mod timeline;
pub(crate) mod wall;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::clock::{self, WallUs};
use crate::config::InForce;
use crate::library::{JournalPlace, Library, Unfinished};
use crate::live::feed::Recording;
use crate::storage::{self, Storage};
use active::Active;
pub(crate) use fault::CLAIM;
use fault::DiskError;
use recovery::Site;

/// Sessions that are made whole at once: enough to keep a disk busy.
const RECOVERIES: usize = 8;

/// A device that recorded this shortly before the server's start is expected back. Longer ago, and
/// nobody was alarmed by its absence then.
const EXPECTED_BACK: Duration = Duration::from_secs(3600);

/// A device's clock that runs ahead ends its media so much later than the server's, at most. What
/// ends later was recorded before a clock was set back, as that of a computer without a battery is
/// at its start.
const AHEAD_US: i64 = 60_000_000;

/// How files come about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Length of a segment in media time.
    pub(crate) segment: Duration,
    /// Free space below which no media is taken.
    pub(crate) reserve_bytes: u64,
    /// A device that has as much on the disk delivers nothing more.
    pub(crate) max_device_bytes: Option<u64>,
}

/// What every recording needs. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    storage: Arc<dyn Storage>,
    library: Library,
    settings: InForce<Settings>,
    active: Active,
    is_scanned: Arc<watch::Sender<bool>>,
    /// When the server began.
    began_us: WallUs,
    began: Instant,
}

impl Recorder {
    /// Records into the library's folder.
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        library: Library,
        settings: impl Into<InForce<Settings>>,
    ) -> Self {
        let settings = settings.into();
        let is_scanned = Arc::new(watch::Sender::new(false));
        let (active, began_us) = (Active::default(), clock::now_us());
        Self { storage, library, settings, active, is_scanned, began_us, began: Instant::now() }
    }

    /// Records every session that arrives, until the hub is gone and the last one is finished.
    pub(crate) async fn run(self, mut sessions: mpsc::Receiver<Recording>) {
        let tasks = TaskTracker::new();
        while let Some(recording) = sessions.recv().await {
            tasks.spawn(recording::run(recording, self.clone()));
        }
        tasks.close();
        tasks.wait().await;
    }

    /// Reads the library, makes whole what a crash has left in it, and ends what nobody comes back to.
    /// Sessions that were not there before do not wait for it. `is_ours`: whether this server
    /// records a source; the folder may have been another's.
    pub(crate) async fn recover(&self, is_ours: impl Fn(&str) -> bool) {
        let began_us = self.began_us;
        let scanned = Scanned(Arc::clone(&self.is_scanned));
        let unfinished = self.scan().await;
        let mut left = self.library.unended_sources(|journal| self.is_own(journal));
        left.retain(|left| is_ours(&left.device));
        self.active.scanned();
        drop(scanned);
        let is_left = |unfinished: &Unfinished| left.iter().any(|left| left.place == *unfinished);
        let unfinished = unfinished.into_iter().filter(|unfinished| !is_left(unfinished)).collect();
        self.recover_all(unfinished).await;
        let endings = left.into_iter().map(|left| {
            let missing_until_us = left.next_us.unwrap_or(began_us);
            let is_followed = left.next_us.is_some();
            self.make_whole(left.place, move |site| site.end(missing_until_us, is_followed))
        });
        futures_util::stream::iter(endings).buffer_unordered(RECOVERIES).collect::<()>().await;
        // What a crash has left says only now how far its media reaches.
        let expected_us = i64::try_from(EXPECTED_BACK.as_micros()).unwrap_or(i64::MAX);
        let time = began_us.saturating_sub(expected_us)..=clock::now_us().saturating_add(AHEAD_US);
        let left = self.library.unstopped(time);
        self.library.heartbeats().expect(left);
    }

    /// The same without a server: whether the sessions go on is not for this to say.
    pub(crate) async fn repair(&self) {
        let unfinished = self.scan().await;
        self.recover_all(unfinished).await;
    }

    async fn scan(&self) -> Vec<Unfinished> {
        let (library, storage) = (self.library.clone(), Arc::clone(&self.storage));
        let active = self.active.clone();
        let scanning = move || library.scan(&*storage, &|path| active.is_own(path));
        storage::execute(&self.storage, scanning).await
    }

    /// Whether a journal is of this process, as long as it is not known what earlier ones have left.
    fn is_own(&self, journal: &JournalPlace) -> bool {
        self.active.is_own(&self.library.root().join(&journal.folder).join(&journal.name))
    }

    async fn recover_all(&self, unfinished: Vec<Unfinished>) {
        let recoveries = unfinished.into_iter().map(|unfinished| self.recover_session(unfinished));
        futures_util::stream::iter(recoveries).buffer_unordered(RECOVERIES).collect::<()>().await;
    }

    pub(super) async fn recover_session(&self, unfinished: Unfinished) {
        self.make_whole(unfinished, |site| site.recover().map(drop)).await;
    }

    async fn make_whole(
        &self,
        unfinished: Unfinished,
        work: impl FnOnce(Site) -> Result<(), DiskError> + Send + 'static,
    ) {
        let _turn = self.active.turn(&unfinished.journal.folder).acquire().await;
        let site = self.site(unfinished.session.clone(), unfinished.journal);
        if let Err(error) = storage::execute(&self.storage, move || work(site)).await {
            let session = unfinished.session;
            tracing::error!(session, %error, "the files of an interrupted recording stay as they are until the disk allows more");
        }
    }

    /// Waits until the journals have been read.
    async fn scanned(&self) {
        // The sender lives as long as the recorder does.
        let _ = self.is_scanned.subscribe().wait_for(|scanned| *scanned).await;
    }
}

/// Lets the sessions go on that wait for the scan, however it ends.
struct Scanned(Arc<watch::Sender<bool>>);

impl Drop for Scanned {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}
