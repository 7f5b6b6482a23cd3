//! The log on standard error, which may have a reader who has stopped reading: a terminal that is
//! held, a pipe whose other end is busy. Its lines wait in a queue, and nobody waits for them.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// Lines that wait for the reader, about half a megabyte: what a server with many cameras says in
/// hours, and what it says within seconds when it is asked to say everything. More are lost.
const WAITING_LINES: usize = 4096;

/// A reader who reads at all has taken what waits within this; the others do not keep the program
/// from ending.
const END_PATIENCE: Duration = Duration::from_secs(2);

/// Takes lines, each in one write, and never waits.
#[derive(Clone)]
pub(crate) struct Log {
    queue: NonBlocking,
    handed: Arc<AtomicUsize>,
    progress: Arc<Progress>,
    // Never dropped: that would print on standard output if nobody reads the log.
    _worker: Arc<std::mem::ManuallyDrop<WorkerGuard>>,
}

/// How far the thread has come that writes.
#[derive(Default)]
struct Progress {
    done: Mutex<Done>,
    more: Condvar,
    lost: OnceLock<ErrorCounter>,
}

#[derive(Default)]
struct Done {
    written: usize,
    told_lost: usize,
}

/// Standard error, in the hands of that thread.
struct Stderr(Arc<Progress>);

impl Log {
    /// Begins to write what is handed in.
    pub(crate) fn start() -> Self {
        let progress = Arc::new(Progress::default());
        let (queue, worker) = NonBlockingBuilder::default()
            .buffered_lines_limit(WAITING_LINES)
            .lossy(true)
            .thread_name("log")
            .finish(Stderr(Arc::clone(&progress)));
        let _ = progress.lost.set(queue.error_counter());
        let worker = Arc::new(std::mem::ManuallyDrop::new(worker));
        Self { queue, handed: Arc::default(), progress, _worker: worker }
    }

    /// Says something whatever is logged, such as why the program ends.
    pub(crate) fn say(&mut self, words: &str) {
        let _ = self.write_all(format!("{words}\n").as_bytes());
    }

    /// Waits until everything is out, if somebody reads it.
    pub(crate) fn finish(&self) {
        let is_behind = |done: &mut Done| {
            let (lost, handed) = (self.progress.lost(), self.handed.load(Ordering::Acquire));
            done.told_lost < lost || done.written + lost < handed
        };
        let done = self.progress.done();
        drop(self.progress.more.wait_timeout_while(done, END_PATIENCE, is_behind));
    }
}

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.handed.fetch_add(1, Ordering::AcqRel);
        self.queue.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Progress {
    fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lost(&self) -> usize {
        self.lost.get().map_or(0, ErrorCounter::dropped_lines)
    }
}

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().write(bytes)
    }

    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        let result = io::stderr().write_all(line);
        // Also a line that could not be written, since nobody is there any more.
        let mut done = self.0.done();
        done.written += 1;
        if result.is_err() {
            // Nor is anybody told what was lost.
            done.told_lost = self.0.lost();
        }
        drop(done);
        self.0.more.notify_all();
        result
    }

    /// Nothing waits any more: what was lost would have stood here.
    fn flush(&mut self) -> io::Result<()> {
        let lost = self.0.lost();
        let told = self.0.done().told_lost;
        if told < lost {
            let lines = lost - told;
            tracing::warn!(lines, "lines of this log were lost: for a while nobody read it");
        }
        self.0.done().told_lost = lost;
        self.0.more.notify_all();
        Ok(())
    }
}
