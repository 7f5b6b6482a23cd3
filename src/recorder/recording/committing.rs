//! What a recording has taken, on its way to the disk and into the journal.

use std::collections::VecDeque;

use super::super::disk::{Outcome, Step};
use super::super::fault::DiskError;
use super::super::plan::Plan;
use super::{Ended, Task};
use crate::clock;
use crate::library::JournalPlace;
use crate::library::journal::{Event, LOST, Line, STOPPED, TIMED_OUT};
use crate::live::feed::{Ending, Finished, FinishedFile, SessionInfo};
use crate::metrics;

/// A source of which nothing came for less has been set anew before it could connect: a gap like that
/// needs no journal of its own.
const LEAST_GAP_US: i64 = 1_000_000;

impl Task {
    /// Brings everything taken so far onto the disk, then tells the device. Returns whether more of
    /// a generation is durable than before.
    pub(super) async fn commit(&mut self) -> Result<bool, DiskError> {
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
        if let Some(journal) = &self.journal {
            for (segment, is_replacing) in self.unnamed.drain(..) {
                self.library.named(&self.session.id, journal, segment, is_replacing);
            }
        }
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
        let appended_bytes: u64 = steps.iter().map(Step::appended_bytes).sum();
        let (outcomes, result) = self.writer.run(steps, &self.durable).await;
        self.growth.appended(appended_bytes);
        metrics::WRITTEN_BYTES.add(appended_bytes);
        for outcome in outcomes {
            match outcome {
                Outcome::JournalBegun { name } => {
                    self.journal = Some(JournalPlace { folder: self.folder.clone(), name });
                    self.timeline.journal_begun();
                }
                Outcome::Finished { file, name, bytes, sha256, is_replacing } => {
                    self.naming.push_back(Step::Name { file });
                    self.growth.finished(bytes);
                    metrics::FINISHED_FILES.add(1);
                    let Some(finishing) = self.finishing.remove(&file) else { continue };
                    let segment = finishing.segment(name, bytes, sha256);
                    self.files.retain(|known| known.file != segment.file);
                    self.files.push(FinishedFile::from(&segment));
                    self.unnamed.push((segment.clone(), is_replacing));
                    self.timeline.line(match is_replacing {
                        true => Event::Replaced(segment),
                        false => Event::Segment(segment),
                    });
                }
            }
        }
        result
    }

    /// Writes the lines that wait, once there is media: a device's session without any leaves
    /// nothing.
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
            tracing::info!(session = %id, folder = %self.folder, "recording began");
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

    pub(super) async fn finish(&mut self, ending: Ending) -> Result<(), DiskError> {
        for generation in self.generations.values_mut() {
            match self.session.is_resumable {
                true => generation.put_aside(),
                false => drop(generation.end()),
            }
        }
        self.commit().await?;
        // A camera that never came was missed all the same.
        if self.session.peer.is_source() && self.timeline.has_gap(LEAST_GAP_US) {
            self.write_lines(true).await?;
        }
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
            let id = &self.session.id;
            let (folder, files) = (&self.folder, self.files.len());
            match ending {
                Ending::Stopped => {
                    tracing::info!(session = %id, %folder, files, "recording finished");
                }
                Ending::Lost => {
                    tracing::warn!(session = %id, %folder, files, "recording finished: its publisher is gone");
                }
                Ending::TimedOut | Ending::Shutdown => {
                    tracing::info!(session = %id, %folder, files, "recording put aside until its device comes back");
                }
            }
        }
        Ok(())
    }

    pub(super) fn report_finished(&mut self, ending: Ending) {
        let folder = if self.journal.is_some() { self.folder.clone() } else { String::new() };
        let files = std::mem::take(&mut self.files);
        self.durable.send_modify(|durable| {
            let is_stopped = ending == Ending::Stopped;
            durable.finished = Some(Finished { folder, files, is_stopped });
        });
    }
}
