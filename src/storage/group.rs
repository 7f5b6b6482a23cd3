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

/// How many files are synced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Way {
    #[default]
    Together,
    /// That took so long for each file: it is tried how long it takes apart.
    Tried { together: Duration },
    /// One of them took less.
    Chosen { is_apart: bool, until: Instant },
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Group {
    /// Files that `sync_all` makes durable, all at once. An error of it need not be one of theirs:
    /// each of them is then synced by itself, and tells its own.
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
        while state.waiting.is_empty() {
            if state.is_over {
                return None;
            }
            state = self.is_more.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_busy = true;
        Some(std::mem::take(&mut state.waiting))
    }

    fn run(&self, jobs: Vec<Job>, sync_all: &impl Fn() -> io::Result<()>) {
        let mut written = Vec::with_capacity(jobs.len());
        for Job { work, done } in jobs {
            // One that fails fails alone.
            match catch_unwind(AssertUnwindSafe(work)) {
                Ok(Some(sync)) => written.push((sync, done)),
                Ok(None) => drop(done.send(Ok(Ok(())))),
                Err(panic) => drop(done.send(Err(panic))),
            }
        }
        let (count, way) = (written.len(), self.lock().way);
        if count < LEAST_TOGETHER {
            return apart(written);
        }
        let began = Instant::now();
        let is_apart = match way {
            Way::Together => false,
            Way::Tried { .. } => true,
            Way::Chosen { is_apart, until } => is_apart && began < until,
        };
        if is_apart {
            apart(written);
        } else {
            together(written, sync_all);
        }
        let took = began.elapsed();
        self.lock().way = way.after(count, took, Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Way {
    /// The next one, behind so many files that took so long.
    fn after(self, count: usize, took: Duration, now: Instant) -> Self {
        let each = took / u32::try_from(count).unwrap_or(u32::MAX).max(1);
        match self {
            Self::Together if took > SLOW => Self::Tried { together: each },
            Self::Tried { together } => {
                Self::Chosen { is_apart: each < together, until: now + TRIED_AGAIN }
            }
            Self::Chosen { until, .. } if now >= until => Self::Together,
            way => way,
        }
    }
}

fn together(written: Vec<Written>, sync_all: &impl Fn() -> io::Result<()>) {
    match sync_all() {
        Ok(()) => written.into_iter().for_each(|(_, done)| drop(done.send(Ok(Ok(()))))),
        Err(error) => {
            tracing::warn!(%error, "the recordings' disk reports an error; each file is synced by itself to see whose it is");
            apart(written);
        }
    }
}

/// Syncs each by itself, and returns when all are done.
fn apart(written: Vec<Written>) {
    let helpers = written.len().min(SIDE_BY_SIDE).saturating_sub(1);
    let all = Mutex::new(written);
    std::thread::scope(|scope| {
        for _ in 0..helpers {
            // Where the system gives no more threads, fewer do it.
            let _ = std::thread::Builder::new().spawn_scoped(scope, || sync_each(&all));
        }
        sync_each(&all);
    });
}

fn sync_each(written: &Mutex<Vec<Written>>) {
    loop {
        let next = written.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some((sync, done)) = next else { return };
        drop(done.send(catch_unwind(AssertUnwindSafe(sync))));
    }
}

#[cfg(test)]
mod tests;
