//! What a session's journal is to get.

use std::collections::HashSet;

use super::left;
use crate::clock;
use crate::library::journal::{Event, Line};
use crate::live::feed::{Note, SessionInfo};
use crate::metrics::{self, Gap};

/// Lines that come before any media; a device that only talks about itself gets no more.
const MAX_WAITING_LINES: usize = 200;

/// Events that are kept in memory, so that a repetition is known: one every ten seconds for a day.
/// A repetition of a later one stands in the journal twice.
const MAX_REMEMBERED: usize = 8640;

/// Lines on their way to the journal.
#[derive(Debug)]
pub(super) struct Timeline {
    lines: Vec<Line>,
    /// What has been noted of the device, by kind and the device's own time.
    noted: HashSet<(String, i64)>,
    has_journal: bool,
}

impl Timeline {
    /// A timeline that goes on with `first`, and knows what was noted before.
    pub(super) fn new(first: Event, noted: HashSet<(String, i64)>, has_journal: bool) -> Self {
        Self { lines: vec![Line::new(clock::now(), first)], noted, has_journal }
    }

    /// From now on lines need not wait for media.
    pub(super) fn journal_begun(&mut self) {
        self.has_journal = true;
    }

    pub(super) fn line(&mut self, event: Event) {
        if let Event::Gap { reason, .. } = &event {
            metrics::GAPS.add(Gap::of(reason), 1);
        }
        self.lines.push(Line::new(clock::now(), event));
    }

    /// Something happened on the device. One that is known already is passed over.
    pub(super) fn note(&mut self, note: Note) {
        if !self.has_journal && self.lines.len() >= MAX_WAITING_LINES {
            return;
        }
        // A device repeats what it does not know to have arrived.
        if let Some(device_ms) = note.device_ms {
            // A mark and the gap that it begins have the same name and the same time.
            let kind = match note.end_us {
                Some(_) => left::gap(note.reason.as_ref().unwrap_or(&note.event)),
                None => note.event.clone(),
            };
            let note = (kind, device_ms);
            if self.noted.contains(&note) {
                return;
            }
            if self.noted.len() < MAX_REMEMBERED {
                self.noted.insert(note);
            }
        }
        let device_ms = note.device_ms;
        let event = match note.end_us {
            Some(end_us) => Event::Gap {
                start_us: note.start_us,
                end_us,
                reason: note.reason.unwrap_or(note.event),
                detail: note.detail,
                device_ms,
            },
            None => Event::Mark {
                at_us: note.start_us,
                kind: note.event,
                generation: note.generation,
                detail: note.detail,
                device_ms,
            },
        };
        self.line(event);
    }

    /// Something of the stream could not be recorded.
    pub(super) fn damaged(&mut self, detail: &str) {
        self.note(Note::damaged_input(clock::now_us(), detail.to_owned()));
    }

    /// Whether a gap of this length at least waits to be told.
    pub(super) fn has_gap(&self, least_us: i64) -> bool {
        let is_one = |line: &Line| matches!(&line.event, Event::Gap { start_us, end_us, .. } if end_us - start_us >= least_us);
        self.lines.iter().any(is_one)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether there are lines that wait for nothing else.
    pub(super) fn is_due(&self) -> bool {
        self.has_journal && !self.lines.is_empty()
    }

    pub(super) fn take(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }
}

/// A session's first line.
pub(super) fn begins(session: &SessionInfo) -> Event {
    Event::Session {
        session: session.id.clone(),
        device: session.device.clone(),
        name: session.name.clone(),
        client: session.client.clone(),
        address: session.peer.address(),
        start_us: session.started_us,
    }
}
