//! One session, from its first sample to its last finished file.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Recorder;
use super::commit::Writer;
use super::disk::{FileId, Outcome, Step};
use super::fault::DiskError;
use super::generation::Generation;
use super::opening::{self, Start};
use super::plan::{Finishing, Plan};
use super::timeline::{self, Timeline};
use super::wall::Mapping;
use crate::clock::{self, WallUs};
use crate::library::journal::{self, Event, LOST, Line, STOPPED, TIMED_OUT};
use crate::library::{JournalPlace, Library, TakenUp};
use crate::live::feed::{
    self, Durable, Ending, Feed, Finished, FinishedFile, Loss, Note, Recording, SessionInfo,
};

/// How long media may wait for its sync: what a power cut can cost a device without a spool. Browsers
/// hand over a chunk each second, or four where viewers are to see it soon, so that a shorter wait
/// makes no more commits of them.
const COMMIT_INTERVAL: Duration = Duration::from_millis(250);

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
    let (mut task, answer) = Task::new(session, &recorder, start, durable);
    // Whoever opened the session and is gone has closed the feed as well.
    let _ = opened.send(answer);
    if task.is_stopped {
        pulse.stopped();
        task.library.trouble().over(&task.session.id);
        return task.report_finished(Ending::Stopped);
    }
    let mut deadline: Option<Instant> = None;
    // Whoever lets go without a word has stopped nothing.
    let mut ending = Ending::Shutdown;
    let mut paused = recorder.library.trouble().paused();
    paused.mark_changed();
    loop {
        let elapsed = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let due = tokio::select! {
            biased;
            Ok(()) = paused.changed() => task.pause(paused.borrow_and_update().clone()),
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
            deadline = Some(Instant::now() + COMMIT_INTERVAL);
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
    next_file: FileId,
    writer: Writer,
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
        let paused = recorder.library.trouble().paused().borrow().clone();
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
            next_file: 0,
            writer: Writer::new(
                session.id.clone(),
                recorder.library.trouble().clone(),
                Arc::clone(&recorder.storage),
                start.disk,
            ),
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
    fn pause(&mut self, reason: Option<String>) -> bool {
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

    /// Brings everything taken so far onto the disk, then tells the device. Returns whether more of
    /// a generation is durable than before.
    async fn commit(&mut self) -> Result<bool, DiskError> {
        let mut plan = Plan::new(self.next_file);
        let mut durable = Vec::new();
        for (&number, generation) in &mut self.generations {
            durable.push((number, generation.commit(&mut plan)));
            let lines = generation.take_lines();
            lines.into_iter().for_each(|event| self.timeline.line(event));
        }
        self.next_file = plan.next_id();
        self.finishing.extend(plan.finishing);
        // The init segment in the journal explains the media, so it is there first.
        self.write_lines(!plan.steps.is_empty()).await?;
        self.write(plan.steps).await?;
        let ended = std::mem::take(&mut self.ended);
        for Ended { generation, bytes, error } in &ended {
            // One that was broken off for its codec's sake is over as well.
            let failed = self.durable.borrow().failed.get(generation).cloned();
            let recorded = self.generations.get(generation).map(|known| known.durable().position);
            let bytes = bytes.or(recorded.filter(|_| failed.is_some()));
            if let Some(bytes) = bytes
                && self.journal.is_some()
            {
                let (generation, error) = (*generation, error.clone().or(failed));
                self.timeline.line(Event::GenerationEnd { generation, bytes, error });
            }
        }
        self.write_lines(false).await?;
        // A name that is in the journal and not yet in the folder is given after a crash.
        let naming = std::mem::take(&mut self.naming);
        self.write(naming).await?;
        for Ended { generation, .. } in &ended {
            self.generations.remove(generation);
        }
        let mut is_more = false;
        self.durable.send_modify(|known| {
            for (number, reached) in durable {
                let known = known.generations.entry(number).or_default();
                is_more |= known.position < reached.position || known.media_us < reached.media_us;
                known.position = known.position.max(reached.position);
                known.media_us = known.media_us.max(reached.media_us);
            }
            for Ended { generation, bytes, .. } in ended {
                let known = known.generations.entry(generation).or_default();
                known.position = known.position.max(bytes.unwrap_or(0));
                known.ended = true;
            }
        });
        Ok(is_more)
    }

    async fn write(&mut self, steps: VecDeque<Step>) -> Result<(), DiskError> {
        if steps.is_empty() {
            return Ok(());
        }
        let (outcomes, result) = self.writer.run(steps, &self.durable).await;
        for outcome in outcomes {
            match outcome {
                Outcome::JournalBegun { name } => {
                    self.journal = Some(JournalPlace { folder: self.folder.clone(), name });
                    self.timeline.journal_begun();
                }
                Outcome::Finished { file, name, bytes, sha256, is_replacing } => {
                    self.naming.push_back(Step::Name { file });
                    let Some(finishing) = self.finishing.remove(&file) else { continue };
                    let segment = finishing.segment(name, bytes, sha256);
                    self.files.retain(|known| known.file != segment.file);
                    self.files.push(FinishedFile::from(&segment));
                    self.timeline.line(match is_replacing {
                        true => Event::Replaced(segment),
                        false => Event::Segment(segment),
                    });
                }
            }
        }
        result
    }

    /// Writes the lines that wait, once there is media: a session without any leaves nothing.
    async fn write_lines(&mut self, has_media: bool) -> Result<(), DiskError> {
        let begins = self.journal.is_none();
        if self.timeline.is_empty() || (begins && !has_media) {
            return Ok(());
        }
        let lines = self.timeline.take();
        let start_us = self.session.started_us;
        let text = lines.iter().map(Line::to_text).collect();
        let mut steps = VecDeque::from([Step::Journal { text }]);
        if begins {
            steps.push_front(Step::BeginJournal { start_us });
            let SessionInfo { id, name, device, .. } = &self.session;
            tracing::info!(session = %id, %name, folder = %self.folder, "recording began");
            let began = clock::local_text(start_us);
            let text = format!("{began}  {name} (device {device}) began session {id}\n");
            steps.push_back(Step::About { text });
        }
        let written = self.write(steps).await;
        if let Some(journal) = &self.journal {
            // A journal that has been begun must be found again, whatever became of its lines.
            let known = if written.is_ok() { lines.len() } else { usize::from(begins) };
            for line in &lines[..known] {
                self.library.apply(&self.session.id, journal, line);
            }
        }
        written
    }

    async fn finish(&mut self, ending: Ending) -> Result<(), DiskError> {
        for generation in self.generations.values_mut() {
            match self.session.is_resumable {
                true => generation.put_aside(),
                false => drop(generation.end()),
            }
        }
        self.commit().await?;
        if self.journal.is_some() {
            let (ended, id) = (clock::local_text(clock::now_us()), &self.session.id);
            let how = match ending {
                Ending::Stopped => "ended",
                Ending::Lost => "broke off",
                Ending::TimedOut | Ending::Shutdown => "was put aside",
            };
            let files = self.files.len();
            let text = format!("{ended}  session {id} {how}, finished files: {files}\n");
            self.write(VecDeque::from([Step::About { text }])).await?;
        }
        let reason = match ending {
            Ending::Stopped => Some(STOPPED),
            Ending::Lost => Some(LOST),
            Ending::TimedOut => Some(TIMED_OUT),
            // The session may go on after the restart.
            Ending::Shutdown => None,
        };
        if let Some(reason) = reason
            && self.journal.is_some()
        {
            self.timeline.line(Event::Stop { reason: reason.to_owned() });
            self.write_lines(false).await?;
        }
        if self.journal.is_some() {
            let SessionInfo { id, name, .. } = &self.session;
            let (folder, files) = (&self.folder, self.files.len());
            match ending {
                Ending::Stopped => {
                    tracing::info!(session = %id, %name, %folder, files, "recording finished");
                }
                Ending::Lost => {
                    tracing::warn!(session = %id, %name, %folder, files, "recording finished: its publisher is gone");
                }
                Ending::TimedOut | Ending::Shutdown => {
                    tracing::info!(session = %id, %name, %folder, files, "recording put aside until its device comes back");
                }
            }
        }
        Ok(())
    }

    fn report_finished(&mut self, ending: Ending) {
        let folder = if self.journal.is_some() { self.folder.clone() } else { String::new() };
        let files = std::mem::take(&mut self.files);
        self.durable.send_modify(|durable| {
            let is_stopped = ending == Ending::Stopped;
            durable.finished = Some(Finished { folder, files, is_stopped });
        });
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
