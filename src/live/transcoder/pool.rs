//! The transcoders of one kind, and who uses them.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::super::{Stream, Viewer};
use super::status::Status;
use super::{Job, LINGER, Refusal, Transcoders, supervisor};
use crate::clock;

/// What ends within this was for a still picture, of which a page with many cameras wants one every
/// few seconds.
const BRIEF: Duration = Duration::from_secs(10);

/// Transcoders of one kind, each shared by all who want the same of the same stream. Clones share
/// them.
#[derive(Debug)]
pub(in super::super) struct Pool<J> {
    transcoders: Transcoders,
    running: Running<J>,
}

/// A stream's name and what is made of it.
type Key = (String, String);

type Running<J> = Arc<Mutex<HashMap<Key, Arc<Transcoder<J>>>>>;

#[derive(Debug)]
struct Transcoder<J> {
    stream: Weak<Stream>,
    job: J,
    status: Arc<Status>,
    /// Cancelled when nothing more comes.
    over: CancellationToken,
}

/// Somebody who uses a transcoder, which goes on for as long.
#[derive(Debug)]
pub(in super::super) struct Client<J> {
    transcoder: Arc<Transcoder<J>>,
}

impl<J> Clone for Pool<J> {
    fn clone(&self) -> Self {
        Self { transcoders: self.transcoders.clone(), running: Arc::clone(&self.running) }
    }
}

impl<J: Job> Pool<J> {
    pub(in super::super) fn new(transcoders: Transcoders) -> Self {
        Self { transcoders, running: Arc::default() }
    }

    #[cfg(test)]
    pub(in super::super) fn transcoders(&self) -> &Transcoders {
        &self.transcoders
    }

    /// Has something made of a stream. `choose` may take one of what is made of it already.
    ///
    /// # Errors
    /// When another process cannot be started for it.
    pub(in super::super) fn join(
        &self,
        stream: &Arc<Stream>,
        job: J,
        choose: impl Fn(&[&J]) -> Option<usize>,
    ) -> Result<Client<J>, Refusal> {
        let mut running = lock(&self.running);
        // One that has ended with its stream is of no use to the next one of that name.
        let is_its = |other: &&Arc<Transcoder<J>>| {
            Weak::ptr_eq(&other.stream, &Arc::downgrade(stream)) && !other.over.is_cancelled()
        };
        let key = (stream.name().to_owned(), job.detail());
        if let Some(same) = running.get(&key).filter(is_its) {
            return Ok(Client::of(same));
        }
        let others: Vec<&Arc<Transcoder<J>>> = running.values().filter(is_its).collect();
        let jobs: Vec<&J> = others.iter().map(|other| &other.job).collect();
        if let Some(chosen) = choose(&jobs).and_then(|index| others.get(index)) {
            return Ok(Client::of(chosen));
        }
        self.transcoders.may_start(J::FORMAT)?;
        let status = Arc::new(Status::new(stream.name(), J::FORMAT, job.detail()));
        let over = CancellationToken::new();
        let stream = Arc::clone(stream);
        let transcoder =
            Arc::new(Transcoder { stream: Arc::downgrade(&stream), job, status, over });
        let client = Client::of(&transcoder);
        running.insert(key.clone(), Arc::clone(&transcoder));
        self.transcoders.add(&transcoder.status);
        let pool = self.clone();
        tokio::spawn(async move { pool.work(key, &transcoder, Viewer::new(stream)).await });
        Ok(client)
    }

    /// Works until the stream is over or nobody wants it any more.
    async fn work(&self, key: Key, transcoder: &Arc<Transcoder<J>>, viewer: Viewer) {
        let Transcoder { job, status, over, .. } = &**transcoder;
        let (stream, format) = (status.stream(), status.format());
        let detail = status.detail();
        let mut is_brief = J::IS_OFTEN_BRIEF;
        match is_brief {
            true => tracing::debug!(stream, format, detail, "a transcoder starts"),
            false => tracing::info!(stream, format, detail, "a transcoder starts"),
        }
        let mut settled = pin!(tokio::time::sleep(BRIEF));
        {
            let mut supervising =
                pin!(supervisor::run(&self.transcoders.ffmpeg, job, status, viewer));
            loop {
                tokio::select! {
                    () = &mut supervising => break,
                    () = self.transcoders.stop.cancelled() => break,
                    () = &mut settled, if is_brief => {
                        is_brief = false;
                        tracing::info!(stream, format, detail, "a transcoder is at work");
                    }
                    () = is_idle(status.clients.subscribe()) => {
                        // Nobody comes while the lock is held.
                        let mut running = lock(&self.running);
                        if *status.clients.borrow() == 0 {
                            remove(&mut running, &key, transcoder);
                            break;
                        }
                    }
                }
            }
        }
        over.cancel();
        remove(&mut lock(&self.running), &key, transcoder);
        self.transcoders.remove(status);
        if is_brief {
            return tracing::debug!(stream, format, detail, "a transcoder has stopped");
        }
        let report = status.report();
        tracing::info!(
            stream,
            format,
            packets = report.packets,
            bytes = report.bytes,
            restarts = report.restarts,
            seconds = (clock::now_ms() - report.since_ms) / 1000,
            "a transcoder has stopped"
        );
    }
}

/// Waits until there has been nobody for a while.
async fn is_idle(mut clients: watch::Receiver<usize>) {
    loop {
        if clients.wait_for(|clients| *clients == 0).await.is_err() {
            return;
        }
        let back = clients.wait_for(|clients| *clients > 0);
        if tokio::time::timeout(LINGER, back).await.is_err() {
            return;
        }
    }
}

fn remove<J>(
    running: &mut HashMap<Key, Arc<Transcoder<J>>>,
    key: &Key,
    transcoder: &Arc<Transcoder<J>>,
) {
    // The next one of that name may be there already.
    if running.get(key).is_some_and(|other| Arc::ptr_eq(other, transcoder)) {
        running.remove(key);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<J> Client<J> {
    fn of(transcoder: &Arc<Transcoder<J>>) -> Self {
        transcoder.status.clients.send_modify(|clients| *clients += 1);
        Self { transcoder: Arc::clone(transcoder) }
    }

    pub(in super::super) fn job(&self) -> &J {
        &self.transcoder.job
    }

    /// Waits until nothing more comes.
    pub(in super::super) async fn over(&self) {
        self.transcoder.over.cancelled().await;
    }
}

impl<J> Drop for Client<J> {
    fn drop(&mut self) {
        self.transcoder.status.clients.send_modify(|clients| *clients -= 1);
    }
}
