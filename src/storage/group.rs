//! Syncs of many files as one.
//!
//! A thousand recordings write a little each second, and each little must be durable before it is
//! acknowledged. A sync of each file costs the processor several times what writing it does, and
//! the disk a cache flush; one of the whole file system costs hardly more than one of a file.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// Fewer are synced each by itself: the sync of all waits for what other programs have written, too.
const LEAST_TOGETHER: usize = 3;

/// A sync of all that takes longer may be waiting for what other programs write to the same disk.
/// The next files are synced each by itself then, and whichever took less of a file's time is done.
const SLOW: Duration = Duration::from_millis(500);

/// For so long: a copy of a large file is over then, or goes on.
const TRIED_AGAIN: Duration = Duration::from_secs(30);

/// Each time that it goes on it is asked half as often, down to this: every trial waits for the copy.
const MAX_TRIED_AGAIN: Duration = Duration::from_secs(16 * 60);

/// What commits at the same time comes within this.
const GATHERING: Duration = Duration::from_millis(2);

/// Side by side, where each file is synced by itself: a journalling file system makes one commit of
/// several, and more than that gain little.
const SIDE_BY_SIDE: usize = 32;

/// Makes one file durable.
pub(crate) type SyncOne = Box<dyn FnOnce() -> io::Result<()> + Send>;

/// Writes, and says what must be durable then, if anything.
type Work = Box<dyn FnOnce() -> Option<SyncOne> + Send>;

struct Job {
    work: Work,
    done: oneshot::Sender<Done>,
}

/// How a job ended: with its sync, which is none where there was nothing to sync, or with a panic.
type Done = std::thread::Result<io::Result<()>>;

/// What has been written, and who waits for its sync.
type Written = (SyncOne, oneshot::Sender<Done>);

/// The open files of a file system whose syncs can be one, and the thread that syncs them. It is no
/// thread of the runtime: all of those may be waiting for it.
#[derive(Debug)]
pub(crate) struct Group {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    is_more: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<Job>,
    is_busy: bool,
    /// Files that are being synced by themselves, by whoever wants it.
    alone: usize,
    is_over: bool,
    way: Way,
}

/// How many files are written and synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// All at once. Where that is slow and another way is quicker, it is tried again after so long.
    Together { again: Duration },
    /// That took so long for each file: it is tried how long it takes apart.
    Tried { together: Duration, again: Duration },
    /// One of them took less.
    Chosen { is_apart: bool, until: Instant, again: Duration },
    /// Each by itself, for good: an error was told that may be any file's.
    Apart,
}

impl Default for Way {
    fn default() -> Self {
        Self::Together { again: TRIED_AGAIN }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Group {
    /// Files that `sync_all` makes durable, all at once. An error of it may be that of a file whose
    /// sync comes later, and is told once: from then on each file is synced by itself, and tells its
    /// own.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn new(sync_all: impl Fn() -> io::Result<()> + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        std::thread::Builder::new().name("syncs".to_owned()).spawn(move || {
            while let Some(jobs) = of_thread.next() {
                of_thread.run(jobs, &sync_all);
            }
        })?;
        Ok(Self { shared })
    }

    /// Runs work that blocks, and makes durable what it names. Work that comes meanwhile waits, and
    /// is made durable together. Returns what the work does, and how the sync ended.
    pub(crate) async fn commit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> (T, Option<SyncOne>) + Send + 'static,
    ) -> (T, io::Result<()>) {
        let (give, result) = mpsc::sync_channel(1);
        let work = Box::new(move || {
            let (value, sync) = work();
            // Whoever waited for it is gone; what it wrote is synced all the same.
            let _ = give.send(value);
            sync
        });
        let (done, is_done) = oneshot::channel();
        self.shared.submit(Job { work, done });
        match (is_done.await, result.try_recv()) {
            (Ok(Ok(synced)), Ok(value)) => (value, synced),
            (Ok(Err(panic)), _) => resume_unwind(panic),
            _ => {
                unreachable!("the thread lives as long as the group, and answers whatever happens")
            }
        }
    }

    /// Makes a file durable, with others where there are some. Blocks.
    pub(crate) fn sync(&self, one: SyncOne) -> io::Result<()> {
        {
            let mut state = self.shared.lock();
            if !state.is_busy && state.alone + 1 < LEAST_TOGETHER {
                state.alone += 1;
                drop(state);
                let _alone = Alone(&self.shared);
                return one();
            }
        }
        let (done, is_done) = oneshot::channel();
        self.shared.submit(Job { work: Box::new(|| Some(one)), done });
        match is_done.blocking_recv() {
            Ok(Ok(synced)) => synced,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => {
                unreachable!("the thread lives as long as the group, and answers whatever happens")
            }
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.is_more.notify_one();
    }
}

/// A file that is being synced by itself.
struct Alone<'a>(&'a Shared);

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.0.lock().alone -= 1;
    }
}

impl Shared {
    fn submit(&self, job: Job) {
        self.lock().waiting.push(job);
        self.is_more.notify_one();
    }

    /// All that wait, or `None` when nobody will.
    fn next(&self) -> Option<Vec<Job>> {
        let mut state = self.lock();
        state.is_busy = false;
        let was_idle = state.waiting.is_empty();
        while state.waiting.is_empty() {
            if state.is_over {
                return None;
            }
            state = self.is_more.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_busy = true;
        if was_idle {
            drop(state);
            std::thread::sleep(GATHERING);
            state = self.lock();
        }
        Some(std::mem::take(&mut state.waiting))
    }

    fn run(&self, jobs: Vec<Job>, sync_all: &impl Fn() -> io::Result<()>) {
        let (count, began) = (jobs.len(), Instant::now());
        let way = self.lock().way.at(began);
        let is_whole = if way.is_apart() {
            apart(jobs, |job| job.write().into_iter().for_each(sync_one));
            true
        } else {
            together(jobs.into_iter().filter_map(Job::write).collect(), sync_all)
        };
        let way = match is_whole {
            true if count < LEAST_TOGETHER => way,
            true => way.after(count, began.elapsed(), Instant::now()),
            false => Way::Apart,
        };
        self.lock().way = way;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Way {
    /// The one to go now.
    fn at(self, now: Instant) -> Self {
        match self {
            Self::Chosen { until, again, .. } if now >= until => Self::Together { again },
            way => way,
        }
    }

    fn is_apart(self) -> bool {
        matches!(self, Self::Apart | Self::Tried { .. } | Self::Chosen { is_apart: true, .. })
    }

    /// The next one, behind so many files that took so long.
    fn after(self, count: usize, took: Duration, now: Instant) -> Self {
        let each = took / u32::try_from(count).unwrap_or(u32::MAX).max(1);
        match self {
            Self::Together { again } if took > SLOW => Self::Tried { together: each, again },
            Self::Together { .. } => Self::default(),
            Self::Tried { together, again } => Self::Chosen {
                is_apart: each < together,
                until: now + again,
                again: (again * 2).min(MAX_TRIED_AGAIN),
            },
            way => way,
        }
    }
}

impl Job {
    /// Does its work, which is over where there is nothing to sync. One that fails fails alone.
    fn write(self) -> Option<Written> {
        match catch_unwind(AssertUnwindSafe(self.work)) {
            Ok(Some(sync)) => return Some((sync, self.done)),
            Ok(None) => drop(self.done.send(Ok(Ok(())))),
            Err(panic) => drop(self.done.send(Err(panic))),
        }
        None
    }
}

/// Makes all durable at once. Returns whether nothing was told that may be another file's error.
fn together(mut written: Vec<Written>, sync_all: &impl Fn() -> io::Result<()>) -> bool {
    if written.len() < LEAST_TOGETHER {
        written.into_iter().for_each(sync_one);
        return true;
    }
    let synced = catch_unwind(AssertUnwindSafe(sync_all));
    let mut synced = synced.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
    // A file system that has given up, or was made read-only by an error, says that all is well.
    if synced.is_ok()
        && let Some((sync, done)) = written.pop()
    {
        let one = catch_unwind(AssertUnwindSafe(sync));
        if !matches!(one, Ok(Ok(()))) {
            synced = Err(io::ErrorKind::Other.into());
        }
        drop(done.send(one));
    }
    match synced {
        Ok(()) => {
            written.into_iter().for_each(|(_, done)| drop(done.send(Ok(Ok(())))));
            true
        }
        Err(error) => {
            tracing::warn!(%error, "the recordings' disk reports an error; each file is synced by itself to see whose it is");
            apart(written, sync_one);
            false
        }
    }
}

fn sync_one((sync, done): Written) {
    drop(done.send(catch_unwind(AssertUnwindSafe(sync))));
}

/// Does it with each, several at a time, and returns when all are done.
fn apart<T: Send>(all: Vec<T>, each: impl Fn(T) + Sync) {
    let helpers = all.len().min(SIDE_BY_SIDE).saturating_sub(1);
    let all = Mutex::new(all);
    let work = || {
        loop {
            let next = all.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(next) = next else { return };
            each(next);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..helpers {
            // Where the system gives no more threads, fewer do it.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
}

#[cfg(test)]
mod tests;
