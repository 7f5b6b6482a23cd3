//! Programs that are run, and addresses that are told, when something happens to recordings.
//! `docs/guide/hooks.md`.

mod command;
mod delivery;
mod disk;
mod event;
#[cfg(test)]
mod samples;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::config;
use crate::config::hooks::On;
use crate::library::{Library, News};
use delivery::{Hook, Inbox, MAX_WAITING};
use disk::{Disk, Facts};
use event::Event;

/// The disk is looked at so often; who measures it does so every 2 s.
const INTERVAL: Duration = Duration::from_secs(1);

/// Behind the last file the server goes on for so long with what waits. Who stops a container gives
/// it 10 s in all.
const DRAIN_PATIENCE: Duration = Duration::from_secs(5);

/// What is ended has ended by then; its own grace is shorter.
const END_PATIENCE: Duration = Duration::from_secs(3);

/// The hooks of this server, before anything can happen.
#[derive(Debug)]
pub(crate) struct Hooks(Vec<Hook>);

/// The hooks at work.
#[derive(Debug)]
pub(crate) struct Running {
    close: CancellationToken,
    telling: JoinHandle<()>,
    working: JoinSet<()>,
    /// Ends what is under way.
    stop: CancellationToken,
}

/// What hears of everything and hands it to the hooks that want it. It waits for none of them.
struct Teller {
    library: Library,
    news: broadcast::Receiver<Arc<News>>,
    /// The recordings folder, absolute.
    root: PathBuf,
    inboxes: Vec<Inbox>,
    disk: Disk,
}

impl Hooks {
    /// # Errors
    /// When there is no authority by which to know an address.
    pub(crate) fn new(configured: &[config::Hook]) -> Result<Self> {
        configured.iter().map(Hook::new).collect::<Result<_>>().map(Self)
    }

    /// Begins to listen to the library.
    ///
    /// # Errors
    /// When the recordings folder has no absolute path.
    pub(crate) fn start(self, library: &Library) -> Result<Running> {
        let root = std::path::absolute(library.root())
            .with_context(|| format!("cannot use {}", library.root().display()))?;
        let (close, stop) = (CancellationToken::new(), CancellationToken::new());
        let mut working = JoinSet::new();
        let mut inboxes = Vec::new();
        for hook in self.0 {
            hook.warn_of_what_is_missing();
            let hook = Arc::new(hook);
            let (sender, waiting) = mpsc::channel(MAX_WAITING);
            working.spawn(Arc::clone(&hook).work(waiting, stop.clone()));
            inboxes.push(Inbox::new(hook, sender));
        }
        // What nobody listens to is not even made.
        let telling = match inboxes.is_empty() {
            true => tokio::spawn(async {}),
            false => {
                let (library, news) = (library.clone(), library.news());
                let teller = Teller { library, news, root, inboxes, disk: Disk::default() };
                tokio::spawn(teller.run(close.clone()))
            }
        };
        Ok(Running { close, telling, working, stop })
    }
}

impl Running {
    /// Works off what waits, up to a limit. Nothing more happens to recordings by then.
    pub(crate) async fn close(mut self) {
        self.close.cancel();
        let all = async {
            let _ = (&mut self.telling).await;
            while self.working.join_next().await.is_some() {}
        };
        if tokio::time::timeout(DRAIN_PATIENCE, all).await.is_err() {
            self.stop.cancel();
            let rest = async { while self.working.join_next().await.is_some() {} };
            let _ = tokio::time::timeout(END_PATIENCE, rest).await;
        }
    }
}

impl Teller {
    async fn run(mut self, close: CancellationToken) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // What was told before the end is handed on.
                biased;
                news = self.news.recv() => match news {
                    Ok(news) => {
                        let (on, event) = Event::of(&news, &self.root);
                        self.put(on, event);
                    }
                    Err(RecvError::Lagged(lost)) => {
                        tracing::error!(lost, "this computer is too busy for its hooks: they are not told of so many events");
                    }
                    Err(RecvError::Closed) => return,
                },
                () = close.cancelled() => return,
                _ = ticks.tick() => self.look_at_disk(),
            }
        }
    }

    fn look_at_disk(&mut self) {
        let trouble = self.library.trouble();
        let facts = Facts {
            paused: trouble.held().borrow().all.clone(),
            refused: trouble.refused().into_values().next(),
            room: trouble.room(),
        };
        if let Some((state, reason)) = self.disk.judge(&facts, Instant::now()) {
            let event = Event::of_disk(clock::now_us(), state.word(), reason, facts.room);
            self.put(On::Disk, event);
        }
    }

    fn put(&mut self, on: On, event: Event) {
        let event = Arc::new(event);
        for inbox in &mut self.inboxes {
            if inbox.wants(on, &event) {
                inbox.put(Arc::clone(&event));
            }
        }
    }
}
