//! One session, from its first sample to its last finished file.

use std::collections::VecDeque;
use std::time::Duration;

use container::NANOS_PER_SECOND;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Settings;
use super::commit::Writer;
use super::disk::{Disk, DiskError, Step};
use super::names;
use super::segments::Segments;
use crate::clock;
use crate::library::Library;
use crate::library::journal::{Event, Line};
use crate::live::feed::{
    Durable, Ending, Feed, Finished, FinishedFile, Note, Recording, SessionInfo,
};

/// How long media may wait for its sync: what a power cut can cost a device without a spool.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);

/// A device that catches up commits more often than the interval asks, so that memory stays small.
const COMMIT_BYTES: usize = 4 << 20;

/// The same for streams of tiny samples.
const COMMIT_SAMPLES: usize = 20_000;

/// Lines that come before any media; a device that only talks about itself gets no more.
const MAX_WAITING_LINES: usize = 200;

/// Records a session. Returns when every file of it is finished.
pub(super) async fn run(recording: Recording, library: Library, settings: Settings) {
    let Recording { session, mut feed, durable } = recording;
    let target_ns = i64::try_from(settings.segment.as_nanos()).unwrap_or(60 * NANOS_PER_SECOND);
    let folder = names::client_folder(session.peer);
    let disk = Disk::new(library.root(), &folder);
    let mut task = Task {
        segments: Segments::new(target_ns),
        writer: Writer::new(disk),
        lines: vec![session_line(&session)],
        journal_begun: false,
        files: Vec::new(),
        ended: Vec::new(),
        session,
        folder,
        library,
        durable,
    };
    let mut deadline: Option<Instant> = None;
    let mut ending = Ending::Stopped;
    loop {
        let message = match deadline {
            None => feed.recv().await,
            Some(at) => match tokio::time::timeout_at(at, feed.recv()).await {
                Ok(message) => message,
                Err(_elapsed) => {
                    deadline = None;
                    if let Err(error) = task.commit().await {
                        return task.fail(&error);
                    }
                    continue;
                }
            },
        };
        let due = match message {
            None => break,
            Some(Feed::Finish(how)) => {
                ending = how;
                break;
            }
            Some(message) => task.take(message),
        };
        if due {
            deadline = None;
            if let Err(error) = task.commit().await {
                return task.fail(&error);
            }
        } else if deadline.is_none() && task.segments.has_pending(1, 1) {
            deadline = Some(Instant::now() + COMMIT_INTERVAL);
        }
    }
    if let Err(error) = task.finish(ending).await {
        task.fail(&error);
    }
}

struct Task {
    session: SessionInfo,
    folder: String,
    library: Library,
    segments: Segments,
    writer: Writer,
    durable: watch::Sender<Durable>,
    lines: Vec<Line>,
    journal_begun: bool,
    files: Vec<FinishedFile>,
    /// Generations that are over, with the length that can be acknowledged; durable with the next
    /// commit.
    ended: Vec<(u32, Option<u64>)>,
}

impl Task {
    /// Takes a message and says whether a commit is due at once.
    fn take(&mut self, message: Feed) -> bool {
        match message {
            Feed::Begin(generation) => {
                self.segments.begin(generation);
                self.segments.has_closed()
            }
            Feed::Media(steps) => {
                if let Err((generation, error)) = self.segments.media(steps) {
                    let error = error.to_string();
                    self.damaged(&error);
                    self.ended.push((generation, None));
                    self.durable.send_modify(|durable| {
                        durable.failed.insert(generation, error);
                    });
                    return true;
                }
                self.segments.has_closed()
                    || self.segments.has_pending(COMMIT_BYTES, COMMIT_SAMPLES)
            }
            Feed::End { generation, bytes, error } => {
                let undecodable = self.segments.end();
                if undecodable > 0 {
                    self.damaged(&format!("{undecodable} frames came before the first key frame"));
                }
                self.ended.push((generation, bytes));
                if let Some(error) = error {
                    self.damaged(&error);
                }
                true
            }
            Feed::Note(note) => {
                self.note(note);
                true
            }
            Feed::Finish(_) => true,
        }
    }

    fn note(&mut self, note: Note) {
        let event = match note.end_us {
            Some(end_us) => Event::Gap {
                start_us: note.start_us,
                end_us,
                reason: note.reason.unwrap_or(note.event),
                detail: note.detail,
            },
            None => Event::Mark {
                at_us: note.start_us,
                kind: note.event,
                generation: note.generation,
                detail: note.detail,
            },
        };
        if self.journal_begun || self.lines.len() < MAX_WAITING_LINES {
            self.lines.push(Line::new(clock::now(), event));
        }
    }

    fn damaged(&mut self, detail: &str) {
        let now_us = clock::now_us();
        self.note(Note {
            event: "gap".to_owned(),
            generation: None,
            start_us: now_us,
            end_us: Some(now_us),
            reason: Some("damaged_input".to_owned()),
            detail: Some(detail.to_owned()),
        });
    }

    /// Brings everything taken so far onto the disk, then tells the device.
    async fn commit(&mut self) -> Result<(), DiskError> {
        let plan = self.segments.commit();
        self.lines.extend(self.segments.take_lines());
        let mut steps = plan.steps;
        // The init segment in the journal explains the media, so it is there first.
        self.add_journal(&mut steps);
        let (outcomes, result) = self.writer.run(steps, &self.durable).await;
        for outcome in outcomes {
            self.files.extend(self.segments.finished(outcome));
        }
        self.lines.extend(self.segments.take_lines());
        let mut steps = VecDeque::new();
        self.add_journal(&mut steps);
        if !steps.is_empty() {
            self.writer.run(steps, &self.durable).await.1?;
        }
        result?;
        let ended = std::mem::take(&mut self.ended);
        self.durable.send_modify(|durable| {
            if let Some((generation, position, media_us)) = plan.durable {
                let known = durable.generations.entry(generation).or_default();
                known.position = known.position.max(position);
                known.media_us = known.media_us.max(media_us);
            }
            for (generation, bytes) in ended {
                let known = durable.generations.entry(generation).or_default();
                known.position = known.position.max(bytes.unwrap_or(0));
                known.ended = true;
            }
        });
        Ok(())
    }

    /// Adds the lines that wait, once there is media: a session without any leaves nothing.
    fn add_journal(&mut self, steps: &mut VecDeque<Step>) {
        let may_begin = self.journal_begun || !self.segments.is_empty();
        if !may_begin || self.lines.is_empty() {
            return;
        }
        let begins = !std::mem::replace(&mut self.journal_begun, true);
        let lines = std::mem::take(&mut self.lines);
        let text = lines.iter().map(Line::to_text).collect();
        if begins {
            let session = &self.session;
            tracing::info!(session = %session.id, name = %session.name, folder = %self.folder, "recording began");
            let began = clock::local_text(self.session.started_us);
            let SessionInfo { id, name, device, .. } = &self.session;
            let note = format!("{began}  {name} (device {device}) began session {id}\n");
            steps.push_front(Step::About { text: note });
        }
        steps.push_front(Step::Journal { start_us: self.session.started_us, text });
        for line in &lines {
            self.library.apply(&self.session.id, &self.folder, line);
        }
    }

    async fn finish(&mut self, ending: Ending) -> Result<(), DiskError> {
        self.segments.end();
        let reason = match ending {
            Ending::Stopped => Some("stopped"),
            Ending::TimedOut => Some("timed_out"),
            // The session may go on after the restart.
            Ending::Shutdown => None,
        };
        self.commit().await?;
        if self.journal_begun {
            let (ended, id) = (clock::local_text(clock::now_us()), &self.session.id);
            let text = format!("{ended}  session {id}, finished files: {}\n", self.files.len());
            self.writer.run(VecDeque::from([Step::About { text }]), &self.durable).await.1?;
        }
        if let Some(reason) = reason {
            let stop = Event::Stop { reason: reason.to_owned() };
            self.lines.push(Line::new(clock::now(), stop));
            self.commit().await?;
        }
        let folder = if self.segments.is_empty() { String::new() } else { self.folder.clone() };
        let files = std::mem::take(&mut self.files);
        if self.journal_begun {
            let session = &self.session;
            tracing::info!(session = %session.id, name = %session.name, %folder, files = files.len(), "recording finished");
        }
        self.durable.send_modify(|durable| {
            durable.finished =
                Some(Finished { folder, files, is_stopped: ending == Ending::Stopped });
        });
        Ok(())
    }

    /// Ends the recording where the disk ended it; the growing files stay for the next start.
    fn fail(&self, error: &DiskError) {
        tracing::error!(session = %self.session.id, %error, "recording ended by the disk");
        self.durable.send_modify(|durable| durable.storage_error = Some(error.to_string()));
    }
}

fn session_line(session: &SessionInfo) -> Line {
    Line::new(
        clock::now(),
        Event::Session {
            session: session.id.clone(),
            device: session.device.clone(),
            name: session.name.clone(),
            client: session.client.clone(),
            address: session.peer.to_string(),
            start_us: session.started_us,
        },
    )
}
