//! One session, from its first sample to its last finished file.

mod committing;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Recorder;
use super::commit::Writer;
use super::disk::{FileId, Step};
use super::fault::DiskError;
use super::generation::Generation;
use super::opening::{self, Start};
use super::plan::Finishing;
use super::timeline::{self, Timeline};
use super::wall::Mapping;
use crate::clock::{self, WallUs};
use crate::library::journal::{self, Event};
use crate::library::{Growth, Held, JournalPlace, Library, TakenUp};
use crate::live::feed::{
    self, Durable, Ending, Feed, FinishedFile, Loss, Note, Recording, SessionInfo,
};

/// How long media may wait for its sync: what a power cut can cost a device without a spool. Browsers
/// hand over a chunk each second, or four where viewers are to see it soon, so that a shorter wait
/// makes no more commits of them.
const COMMIT_INTERVAL: Duration = Duration::from_millis(250);

/// Commits of all recordings come together at these times, so that their syncs can be one: 125 of a
/// thousand devices. Media waits for half the interval at least.
const COMMIT_SLOT: Duration = Duration::from_millis(125);

/// A device that catches up commits more often than the interval asks, so that memory stays small.
const COMMIT_BYTES: usize = 4 << 20;

/// The same for streams of tiny samples.
const COMMIT_SAMPLES: usize = 20_000;

/// A generation that begins this long before the end of an earlier one is that of a clock that was
/// set, not of an encoder that takes its time.
const MAX_OVERLAP_US: i64 = 1_000_000;

/// Records a session. Returns when every file of it is finished.
pub(super) async fn run(recording: Recording, recorder: Recorder) {
    let Recording { session, opened, mut feed, durable } = recording;
    let start = match opening::open(&session, &recorder).await {
        Ok(start) => start,
        Err(error) => return interrupted(&session, &durable, &error, &recorder.library),
    };
    let ends = start.files.iter().map(|file| file.start_us.saturating_add(file.duration_us));
    let pulse = recorder.library.heartbeats().take_up(&TakenUp {
        device: &session.device,
        session: &session.id,
        name: &session.name,
        started_us: session.started_us,
        recorded_us: ends.max(),
        gives_way: session.is_resumable || session.peer.is_source(),
    });
    let _run = recorder.library.running().begin(&session.device, &session.id);
    let session_is_source = session.peer.is_source();
    let (mut task, answer) = Task::new(session, &recorder, start, durable);
    // Whoever opened the session and is gone has closed the feed as well.
    let _ = opened.send(answer);
    if task.is_stopped {
        pulse.stopped();
        task.library.trouble().over(&task.session.id);
        return task.report_finished(Ending::Stopped);
    }
    let mut deadline: Option<Instant> = None;
    // Whoever lets go without a word has stopped nothing. Nobody comes back to a source's session.
    let mut ending = match session_is_source {
        true => Ending::Lost,
        false => Ending::Shutdown,
    };
    let mut held = recorder.library.trouble().held();
    held.mark_changed();
    loop {
        let elapsed = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let due = tokio::select! {
            biased;
            Ok(()) = held.changed() => task.hold(&held.borrow_and_update()),
            message = feed.recv() => match message {
                None => break,
                Some(Feed::Finish(how)) => {
                    ending = how;
                    break;
                }
                Some(message) => task.take(message),
            },
            () = elapsed => true,
        };
        if due {
            deadline = None;
            match task.commit().await {
                Ok(true) => pulse.beat(),
                Ok(false) => {}
                Err(error) => return task.interrupted(&error),
            }
        } else if deadline.is_none() && (task.has_pending(1, 1) || task.timeline.is_due()) {
            deadline = Some(commit_at(recorder.began, Instant::now()));
        }
    }
    let is_empty = task.journal.is_none() && task.generations.is_empty();
    if let Err(error) = task.finish(ending).await {
        return task.interrupted(&error);
    }
    match ending {
        Ending::Stopped => pulse.stopped(),
        Ending::TimedOut | Ending::Shutdown | Ending::Lost if is_empty => pulse.forget(),
        Ending::Lost => pulse.give_way(),
        Ending::TimedOut | Ending::Shutdown => {}
    }
    task.library.trouble().over(&task.session.id);
    task.report_finished(ending);
}

/// The last slot within the interval.
fn commit_at(began: Instant, now: Instant) -> Instant {
    let latest = (now + COMMIT_INTERVAL).saturating_duration_since(began);
    let into_slot_ms = latest.as_millis() % COMMIT_SLOT.as_millis();
    now + COMMIT_INTERVAL - Duration::from_millis(into_slot_ms as u64)
}

/// The disk has ended the recording. Its device comes back, and goes on with what is durable.
fn interrupted(
    session: &SessionInfo,
    durable: &watch::Sender<Durable>,
    error: &DiskError,
    library: &Library,
) {
    library.heartbeats().give_way(&session.device, &session.id);
    library.trouble().give_up(&session.id, error.to_string());
    tracing::error!(session = %session.id, %error, "recording is interrupted by the disk");
    durable.send_modify(|durable| durable.storage_error = Some(error.to_string()));
}

/// A generation that is over: the length that can be acknowledged, and why the rest of it could
/// not be read.
struct Ended {
    generation: u32,
    bytes: Option<u64>,
    error: Option<String>,
}

struct Task {
    session: SessionInfo,
    id: Arc<str>,
    target_ns: i64,
    folder: String,
    journal: Option<JournalPlace>,
    library: Library,
    generations: BTreeMap<u32, Generation>,
    finishing: BTreeMap<FileId, Finishing>,
    /// What gives finished files their names, once the journal has them.
    naming: VecDeque<Step>,
    /// The files that get them, and whether another has the name.
    unnamed: Vec<(journal::Segment, bool)>,
    next_file: FileId,
    writer: Writer,
    growth: Growth,
    durable: watch::Sender<Durable>,
    timeline: Timeline,
    files: Vec<FinishedFile>,
    /// Durable with the next commit.
    ended: Vec<Ended>,
    is_stopped: bool,
    /// Until then it is told why nothing was captured.
    missing_until_us: WallUs,
}

impl Task {
    fn interrupted(&self, error: &DiskError) {
        interrupted(&self.session, &self.durable, error, &self.library);
    }

    fn new(
        session: SessionInfo,
        recorder: &Recorder,
        start: Start,
        durable: watch::Sender<Durable>,
    ) -> (Self, feed::Opened) {
        let first = match start.answer.is_known {
            true => Event::Resumed { address: session.peer.address() },
            false => timeline::begins(&session),
        };
        let held = recorder.library.trouble().held();
        let paused = held.borrow().of(&session.device, &session.name).cloned();
        let growth = recorder.library.usage().begin(&session.device, &session.name);
        durable.send_modify(|durable| {
            durable.generations = start.durable;
            durable.paused = paused;
        });
        let task = Self {
            id: session.id.as_str().into(),
            target_ns: recorder.target_ns(),
            folder: start.folder,
            timeline: Timeline::new(first, start.noted, start.journal.is_some()),
            journal: start.journal,
            library: recorder.library.clone(),
            generations: start.generations,
            finishing: BTreeMap::new(),
            naming: VecDeque::new(),
            unnamed: Vec::new(),
            next_file: 0,
            writer: Writer::new(
                session.id.clone(),
                recorder.library.trouble().clone(),
                Arc::clone(&recorder.storage),
                start.disk,
            ),
            growth,
            durable,
            files: start.files.iter().map(FinishedFile::from).collect(),
            ended: Vec::new(),
            is_stopped: start.is_stopped,
            missing_until_us: session.started_us,
            session,
        };
        (task, start.answer)
    }

    /// Takes a message and says whether a commit is due at once.
    fn take(&mut self, message: Feed) -> bool {
        match message {
            Feed::Begin(start) => {
                self.begin(start);
                false
            }
            Feed::Clock { generation, media_us, elapsed_us } => {
                if let Some(generation) = self.generations.get_mut(&generation) {
                    generation.clock(media_us, elapsed_us);
                }
                false
            }
            Feed::Media { generation: number, steps } => {
                let Some(generation) = self.generations.get_mut(&number) else { return false };
                if let Err(error) = generation.media(steps) {
                    let error = error.to_string();
                    self.timeline.damaged(&error);
                    self.ended.push(Ended { generation: number, bytes: None, error: None });
                    self.durable.send_modify(|durable| {
                        durable.failed.insert(number, error);
                    });
                    return true;
                }
                generation.has_closed() || self.has_pending(COMMIT_BYTES, COMMIT_SAMPLES)
            }
            Feed::End { generation: number, bytes, loss } => {
                let goes_on = bytes.is_none() && self.session.is_resumable;
                let generation = self.generations.get_mut(&number);
                let undecodable = generation.map_or(0, |generation| {
                    if goes_on {
                        generation.put_aside();
                        return 0;
                    }
                    generation.explain();
                    generation.end()
                });
                if undecodable > 0 {
                    self.timeline
                        .damaged(&format!("{undecodable} frames came before the first key frame"));
                }
                // The gap behind an encoder that was killed is its device's to tell.
                let is_told =
                    |loss: &Loss| self.session.is_resumable && matches!(loss, Loss::Torn { .. });
                let error = loss.as_ref().map(Loss::to_string);
                if let Some(loss) = loss.filter(|loss| !is_told(loss)) {
                    self.timeline.damaged(&loss.to_string());
                }
                self.ended.push(Ended { generation: number, bytes, error });
                true
            }
            Feed::Note(note) => {
                self.timeline.note(note);
                false
            }
            Feed::Missing { until_us, reason, detail } => {
                self.missing(until_us, reason, detail);
                false
            }
            Feed::Finish(_) => true,
        }
    }

    /// Nothing was captured from the end of what there is until then.
    fn missing(&mut self, until_us: WallUs, reason: &str, detail: Option<String>) {
        let files = self.files.iter().map(|file| file.start_us.saturating_add(file.duration_us));
        let reached = self.generations.values().map(Generation::reached_us);
        let start_us = files.chain(reached).chain([self.missing_until_us]).max();
        let start_us = start_us.unwrap_or(self.session.started_us);
        if until_us <= start_us {
            return;
        }
        self.missing_until_us = until_us;
        self.timeline.note(Note {
            event: "gap".to_owned(),
            generation: None,
            device_ms: None,
            start_us,
            end_us: Some(until_us),
            reason: Some(reason.to_owned()),
            detail,
        });
    }

    /// Wall time never runs backwards inside a session: where a clock was set back meanwhile, a
    /// generation follows the one before it.
    fn begin(&mut self, mut start: feed::Generation) {
        let files = self.files.iter().filter(|file| file.generation < start.number);
        let finished_us = files.map(|file| file.start_us.saturating_add(file.duration_us));
        let running = self.generations.range(..start.number);
        let reached_us = running.map(|(_, generation)| generation.reached_us());
        let end_us = finished_us.chain(reached_us).max();
        // The last frame lasts into the next generation.
        if let Some(end_us) = end_us.filter(|&end_us| start.anchor_us < end_us - MAX_OVERLAP_US) {
            start.anchor_us = end_us;
        }
        let mapping = Mapping::new(start.anchor_us);
        let id = Arc::clone(&self.id);
        let generation = Generation::new(start, mapping, id, self.target_ns);
        self.generations.entry(generation.start.number).or_insert(generation);
    }

    /// Free space has run low, or there is enough again: the device learns it, and the timeline.
    fn hold(&mut self, held: &Held) -> bool {
        let reason = held.of(&self.session.device, &self.session.name).cloned();
        let was_paused = self.durable.borrow().paused.is_some();
        if was_paused != reason.is_some() {
            let kind = if reason.is_some() { "server_disk_full" } else { "server_disk_free" };
            self.timeline.note(Note {
                event: kind.to_owned(),
                generation: None,
                device_ms: None,
                start_us: clock::now_us(),
                end_us: None,
                reason: None,
                detail: reason.clone(),
            });
        }
        self.durable.send_if_modified(|durable| {
            let is_news = durable.paused != reason;
            durable.paused = reason;
            is_news
        });
        false
    }

    /// Whether as many bytes or samples wait for a commit.
    fn has_pending(&self, bytes: usize, samples: usize) -> bool {
        let pending = self.generations.values().map(Generation::pending);
        let (all_bytes, all_samples) = pending.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        all_bytes >= bytes || all_samples >= samples
    }
}

impl From<&journal::Segment> for FinishedFile {
    fn from(segment: &journal::Segment) -> Self {
        Self {
            file: segment.file.clone(),
            generation: segment.generation,
            start_us: segment.start_us,
            duration_us: segment.duration_us,
            bytes: segment.bytes,
        }
    }
}

#[cfg(test)]
mod tests;
