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
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

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
    workers: Workers,
    changer: Changer,
}

/// What runs the hooks.
#[derive(Debug, Clone, Default)]
struct Workers {
    tasks: TaskTracker,
    /// Ends what is under way.
    stop: CancellationToken,
}

/// By which other hooks are put in the place of those at work. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Changer(mpsc::Sender<(Hooks, oneshot::Sender<()>)>);

/// What hears of everything and hands it to the hooks that want it. It waits for none of them.
struct Teller {
    library: Library,
    /// Unless nobody listens: what nobody does is not even made.
    news: Option<broadcast::Receiver<Arc<News>>>,
    changes: mpsc::Receiver<(Hooks, oneshot::Sender<()>)>,
    workers: Workers,
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
        let (close, workers) = (CancellationToken::new(), Workers::default());
        let (sender, changes) = mpsc::channel(1);
        let mut teller = Teller {
            library: library.clone(),
            news: None,
            changes,
            workers: workers.clone(),
            root,
            inboxes: Vec::new(),
            disk: Disk::default(),
        };
        teller.take_over(self);
        let telling = tokio::spawn(teller.run(close.clone()));
        Ok(Running { close, telling, workers, changer: Changer(sender) })
    }
}

impl Changer {
    /// Has other hooks told of all that happens from now on. Those that stay the same go on; the
    /// others are told to the end of what has happened before.
    pub(crate) async fn take_over(&self, hooks: Hooks) {
        let (done, taken_over) = oneshot::channel();
        // Where nobody takes them the server stops.
        if self.0.send((hooks, done)).await.is_ok() {
            let _ = taken_over.await;
        }
    }
}

impl Running {
    /// By which others are put in their place.
    pub(crate) fn changer(&self) -> Changer {
        self.changer.clone()
    }

    /// Works off what waits, up to a limit. Nothing more happens to recordings by then.
    pub(crate) async fn close(mut self) {
        self.close.cancel();
        let all = async {
            let _ = (&mut self.telling).await;
            self.workers.tasks.close();
            self.workers.tasks.wait().await;
        };
        if tokio::time::timeout(DRAIN_PATIENCE, all).await.is_err() {
            self.workers.stop.cancel();
            let _ = tokio::time::timeout(END_PATIENCE, self.workers.tasks.wait()).await;
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
                news = next(&mut self.news) => match news {
                    Ok(news) => {
                        let (on, event) = Event::of(&news, &self.root);
                        self.put(on, event);
                    }
                    Err(RecvError::Lagged(lost)) => {
                        tracing::error!(lost, "this computer is too busy for its hooks: they are not told of so many events");
                    }
                    Err(RecvError::Closed) => return,
                },
                Some((hooks, done)) = self.changes.recv() => {
                    self.take_over(hooks);
                    let _ = done.send(());
                }
                () = close.cancelled() => return,
                _ = ticks.tick() => self.look_at_disk(),
            }
        }
    }

    fn take_over(&mut self, Hooks(hooks): Hooks) {
        let mut before = std::mem::take(&mut self.inboxes);
        for hook in hooks {
            if let Some(at) = before.iter().position(|inbox| inbox.is_of(&hook)) {
                self.inboxes.push(before.swap_remove(at));
                continue;
            }
            hook.warn_of_what_is_missing();
            let hook = Arc::new(hook);
            let (sender, waiting) = mpsc::channel(MAX_WAITING);
            let Workers { tasks, stop } = &self.workers;
            tasks.spawn(Arc::clone(&hook).work(waiting, stop.clone()));
            self.inboxes.push(Inbox::new(hook, sender));
        }
        if self.inboxes.is_empty() {
            self.news = None;
        } else if self.news.is_none() {
            self.news = Some(self.library.news());
        }
    }

    fn look_at_disk(&mut self) {
        if self.inboxes.is_empty() {
            return;
        }
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

/// The next news, where somebody listens.
async fn next(news: &mut Option<broadcast::Receiver<Arc<News>>>) -> Result<Arc<News>, RecvError> {
    match news {
        Some(news) => news.recv().await,
        None => std::future::pending().await,
    }
}
