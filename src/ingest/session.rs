//! One session: takes what its connections bring, one connection at a time, and hands samples on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::live::demuxing::Demuxing;
use crate::live::feed::{Durable, Ending, Feed, Generation, Note, Opened, OpenedGeneration, Step};
use crate::live::{Publication, Publisher};

/// Messages of a connection that wait for the session. With the feed's batches behind it this
/// bounds what a session holds in memory.
const WAITING_INPUTS: usize = 8;

/// A device that is away for longer than a walk through a dead spot finds its session put aside:
/// its files are whole, and open again when it comes back.
const RESUME_WINDOW: Duration = Duration::from_secs(120);

/// A device delivers what it records now and the oldest of what is left. With more generations
/// begun than this the session is put aside, which frees their files, and its device comes back.
const MAX_GROWING_GENERATIONS: usize = 16;

/// What a connection asks of its session.
#[derive(Debug)]
pub(super) enum Input {
    Begin(Generation),
    Media {
        generation: u32,
        bytes: Bytes,
    },
    /// By `elapsed_us` after its beginning the encoder had handed over the first `end` bytes.
    Clock {
        generation: u32,
        end: u64,
        elapsed_us: i64,
    },
    End {
        generation: u32,
    },
    Note(Note),
    Stop,
}

/// Where a session stands, beside what is durable.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// Whether there was anything of the session when it was opened.
    pub(super) is_resumed: bool,
    /// Counts the connections that took the session over.
    pub(super) epoch: u64,
    /// Bytes that arrived, by generation.
    pub(super) received: BTreeMap<u32, u64>,
    /// Generations of which everything has arrived.
    pub(super) ended: BTreeSet<u32>,
    /// Generations whose stream broke, with the reason.
    pub(super) failed: BTreeMap<u32, String>,
}

/// A way to reach a session.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    commands: mpsc::Sender<Command>,
    pub(super) progress: watch::Receiver<Progress>,
    pub(super) durable: watch::Receiver<Durable>,
}

/// A connection's hold on its session, lost when another connection attaches.
#[derive(Debug)]
pub(super) struct Attachment {
    pub(super) epoch: u64,
    commands: mpsc::Sender<Command>,
}

#[derive(Debug)]
enum Command {
    Attach { reply: oneshot::Sender<u64> },
    Input { epoch: u64, input: Input },
    Detach { epoch: u64 },
}

/// The session's own task.
pub(super) struct Task {
    commands: mpsc::Receiver<Command>,
    opened: Option<oneshot::Receiver<Opened>>,
    feed: Option<Publisher>,
    progress: watch::Sender<Progress>,
    durable: watch::Receiver<Durable>,
    shutdown: CancellationToken,
    generations: BTreeMap<u32, Demuxing>,
    /// Generations that more may come of.
    open: BTreeSet<u32>,
    /// Generations of which something has come since the session was opened.
    fed: BTreeSet<u32>,
    is_known: bool,
    /// Whether a connection holds it.
    is_attached: bool,
    deadline: Option<Instant>,
}

/// A session that publishes into `publication`.
pub(super) fn new(publication: Publication, shutdown: CancellationToken) -> (Handle, Task) {
    let (commands, queue) = mpsc::channel(WAITING_INPUTS);
    let (progress, watcher) = watch::channel(Progress::default());
    let durable = publication.durable.clone();
    let handle = Handle { commands, progress: watcher, durable };
    let task = Task {
        commands: queue,
        opened: Some(publication.opened),
        feed: Some(publication.feed),
        progress,
        durable: publication.durable,
        shutdown,
        generations: BTreeMap::new(),
        open: BTreeSet::new(),
        fed: BTreeSet::new(),
        is_known: false,
        is_attached: false,
        deadline: None,
    };
    (handle, task)
}

impl Handle {
    /// Whether both are the same session.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.commands.same_channel(&other.commands)
    }

    /// Takes the session over from whichever connection had it. `None` when it has just ended.
    pub(super) async fn attach(&self) -> Option<Attachment> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Attach { reply }).await.ok()?;
        Some(Attachment { epoch: answer.await.ok()?, commands: self.commands.clone() })
    }
}

impl Attachment {
    /// Waits for room, then hands the input over. `Err` when the session is over.
    pub(super) async fn ready(&self) -> Result<Slot<'_>, ()> {
        let permit = self.commands.reserve().await.map_err(|_| ())?;
        Ok(Slot { permit, epoch: self.epoch })
    }

    /// Lets go of the session; it stays open for the device to come back.
    pub(super) async fn detach(self) {
        // A session that is over needs no telling.
        let _ = self.commands.send(Command::Detach { epoch: self.epoch }).await;
    }
}

/// Room for one input.
pub(super) struct Slot<'a> {
    permit: mpsc::Permit<'a, Command>,
    epoch: u64,
}

impl Slot<'_> {
    pub(super) fn fill(self, input: Input) {
        self.permit.send(Command::Input { epoch: self.epoch, input });
    }
}

impl Task {
    /// Runs until the session is over and its files are finished.
    pub(super) async fn run(mut self) {
        if !self.restore().await {
            // Whoever waits to attach learns from what is durable why it cannot be.
            return;
        }
        let ending = self.take_inputs().await;
        self.finish(ending).await;
        // Connections wait for the summary; until it is there they may still attach.
        loop {
            if self.durable.borrow_and_update().finished.is_some() {
                return;
            }
            tokio::select! {
                biased;
                changed = self.durable.changed() => if changed.is_err() { return },
                command = self.commands.recv() => match command {
                    Some(Command::Attach { reply }) => self.attach(reply),
                    Some(Command::Input { .. } | Command::Detach { .. }) => {}
                    None => return,
                },
            }
        }
    }

    /// Takes up what the recorder has of the session; false when it cannot say. Connections wait
    /// for it.
    async fn restore(&mut self) -> bool {
        let Some(opened) = self.opened.take() else { return false };
        let Ok(opened) = opened.await else { return false };
        self.is_known = opened.is_known;
        let mut progress = Progress { is_resumed: opened.is_known, ..Progress::default() };
        for OpenedGeneration { start, position, is_ended, resume } in opened.generations {
            let number = start.number;
            let demuxing = match &resume {
                Some(resumption) => Demuxing::resume(resumption),
                None if is_ended => Ok(Demuxing::over(position)),
                None => Ok(Demuxing::default()),
            };
            let demuxing = demuxing.unwrap_or_else(|error| {
                tracing::error!(generation = number, %error, "a recording cannot go on where it ended");
                progress.failed.insert(number, error.to_string());
                Demuxing::over(position)
            });
            if !is_ended && let Some(feed) = &mut self.feed {
                let tracks = resume.as_ref().map(|resumption| resumption.tracks.clone());
                feed.go_on(&start, demuxing.init().zip(tracks));
            }
            progress.received.insert(number, position);
            if is_ended {
                progress.ended.insert(number);
            } else {
                self.open.insert(number);
            }
            self.generations.insert(number, demuxing);
        }
        self.progress.send_replace(progress);
        true
    }

    async fn take_inputs(&mut self) -> Ending {
        let shutdown = self.shutdown.clone();
        loop {
            let expired = async {
                match self.deadline {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let command = tokio::select! {
                // What a connection handed over before the shutdown is kept.
                biased;
                command = self.commands.recv() => command,
                () = expired => return Ending::TimedOut,
                () = shutdown.cancelled() => return Ending::Shutdown,
                changed = self.durable.changed() => match changed {
                    Ok(()) => continue,
                    // The disk has ended the recording; the device comes back to what is durable.
                    Err(_) => return Ending::TimedOut,
                },
            };
            match command {
                None => return Ending::Stopped,
                Some(Command::Attach { reply }) => self.attach(reply),
                Some(Command::Detach { epoch }) => {
                    if epoch == self.progress.borrow().epoch {
                        self.set_attached(false);
                        // There is nothing to come back to before the first generation; a device
                        // that does come back begins the session then.
                        if self.generations.is_empty() && !self.is_known {
                            return Ending::TimedOut;
                        }
                        self.deadline = Some(Instant::now() + RESUME_WINDOW);
                    }
                }
                Some(Command::Input { epoch, input }) => {
                    if epoch != self.progress.borrow().epoch {
                        continue;
                    }
                    if matches!(input, Input::Stop) {
                        return Ending::Stopped;
                    }
                    self.input(input).await;
                    if self.growing() > MAX_GROWING_GENERATIONS {
                        return Ending::Shutdown;
                    }
                }
            }
        }
    }

    /// Generations whose files are open: of which something has come since the session was opened,
    /// and more may.
    fn growing(&self) -> usize {
        self.open.intersection(&self.fed).count()
    }

    fn attach(&mut self, reply: oneshot::Sender<u64>) {
        if reply.is_closed() {
            // The connection gave up while the session waited for the disk.
            if !self.is_attached {
                self.deadline.get_or_insert_with(|| Instant::now() + RESUME_WINDOW);
            }
            return;
        }
        self.deadline = None;
        self.set_attached(true);
        let mut epoch = 0;
        self.progress.send_modify(|progress| {
            progress.epoch += 1;
            epoch = progress.epoch;
        });
        if reply.send(epoch).is_err() {
            self.set_attached(false);
            self.deadline = Some(Instant::now() + RESUME_WINDOW);
        }
    }

    fn set_attached(&mut self, is_attached: bool) {
        self.is_attached = is_attached;
        if let Some(feed) = &self.feed {
            feed.set_away(!is_attached);
        }
    }

    async fn input(&mut self, input: Input) {
        match input {
            Input::Begin(generation) => self.begin(generation).await,
            Input::Media { generation, bytes } => {
                let Some(demuxing) = self.generations.get_mut(&generation) else { return };
                if self.open.contains(&generation) {
                    self.fed.insert(generation);
                    demuxing.push(bytes);
                } else {
                    demuxing.pass_over(&bytes);
                }
                while let Some(steps) = self.batch(generation) {
                    self.publish(Feed::Media { generation, steps }).await;
                }
                self.tell_damage(generation).await;
                let Some(demuxing) = self.generations.get(&generation) else { return };
                let received = demuxing.received();
                let failed = demuxing.failed().map(str::to_owned);
                if failed.is_some() {
                    self.end(generation, true).await;
                }
                self.progress.send_modify(|progress| {
                    progress.received.insert(generation, received);
                    if let Some(failed) = failed {
                        progress.failed.insert(generation, failed);
                    }
                });
            }
            Input::End { generation } => {
                self.end(generation, true).await;
                self.progress.send_modify(|progress| {
                    progress.ended.insert(generation);
                });
            }
            Input::Clock { generation, end, elapsed_us } => {
                self.clock(generation, end, elapsed_us).await;
            }
            Input::Note(note) => self.publish(Feed::Note(note)).await,
            Input::Stop => {}
        }
    }

    /// A device mentions a generation again after each reconnect; it begins once.
    async fn begin(&mut self, generation: Generation) {
        let number = generation.number;
        if self.generations.contains_key(&number) {
            return;
        }
        self.generations.insert(number, Demuxing::default());
        self.open.insert(number);
        self.progress.send_modify(|progress| {
            progress.received.insert(number, 0);
        });
        self.publish(Feed::Begin(generation)).await;
    }

    /// A reading is good only at its byte: what came behind it is of a later moment.
    async fn clock(&mut self, generation: u32, end: u64, elapsed_us: i64) {
        let demuxing = self.generations.get(&generation).filter(|known| known.received() == end);
        if let Some(media_ns) = demuxing.and_then(Demuxing::media_ns) {
            self.publish(Feed::Clock { generation, media_us: media_ns / 1000, elapsed_us }).await;
        }
    }

    /// What had to be left out of the stream is a gap in it.
    async fn tell_damage(&mut self, generation: u32) {
        let demuxing = self.generations.get_mut(&generation);
        if let Some(detail) = demuxing.and_then(Demuxing::damage) {
            self.publish(Feed::Note(Note::damaged_input(clock::now_us(), detail))).await;
        }
    }

    fn batch(&mut self, generation: u32) -> Option<Vec<Step>> {
        self.generations.get_mut(&generation)?.batch()
    }

    /// Ends a generation. Unless it is complete, its device may still hold what is missing, so no
    /// more is acknowledged than what is recorded.
    async fn end(&mut self, generation: u32, is_complete: bool) {
        if !self.open.remove(&generation) {
            return;
        }
        let Some(demuxing) = self.generations.get_mut(&generation) else { return };
        let end = Feed::End {
            generation,
            bytes: is_complete.then_some(demuxing.received()),
            // A stream that was interrupted is not damaged.
            loss: if is_complete { demuxing.loss() } else { None },
        };
        demuxing.close();
        self.publish(end).await;
    }

    async fn finish(&mut self, ending: Ending) {
        for generation in std::mem::take(&mut self.open) {
            self.open.insert(generation);
            self.end(generation, false).await;
        }
        self.publish(Feed::Finish(ending)).await;
        self.feed = None;
    }

    async fn publish(&mut self, message: Feed) {
        if let Some(feed) = &mut self.feed
            && feed.send(message).await.is_err()
        {
            // The recorder says why in what is durable; connections see it there.
            tracing::debug!("the recording has ended before its session");
        }
    }
}
