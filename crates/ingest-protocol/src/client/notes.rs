//! Events and clock readings. They have no acknowledgement of their own: messages of a connection
//! keep their order, so bytes that were sent behind a note and are durable prove that it has
//! arrived. A note that only *received* bytes vouch for could be lost in a crash of the server
//! together with them, so it is repeated.

use std::collections::{BTreeMap, VecDeque};

use crate::message::{ClockMessage, DeviceMessage, EventMessage};

/// What has not been proven to have arrived.
#[derive(Debug, Default)]
pub(super) struct Notes {
    events: Queue<EventMessage>,
    /// By generation.
    clocks: BTreeMap<u32, Queue<ClockMessage>>,
    /// Notes said on this connection.
    said: u64,
    /// How many of them are proven to have arrived.
    proven: u64,
    /// By generation, in the order of the positions.
    marks: BTreeMap<u32, VecDeque<Mark>>,
}

/// The bytes from `position` on were sent behind the first `said` notes.
#[derive(Debug)]
struct Mark {
    position: u64,
    said: u64,
}

impl Notes {
    pub(super) fn event(&mut self, event: EventMessage) {
        self.events.waiting.push_back(event);
    }

    pub(super) fn clock(&mut self, clock: ClockMessage) {
        self.clocks.entry(clock.generation).or_default().waiting.push_back(clock);
    }

    /// The next one to say. `sent` is how far a generation has been sent on this connection,
    /// `None` where nothing more of it is.
    pub(super) fn next(&mut self, sent: impl Fn(u32) -> Option<u64>) -> Option<DeviceMessage> {
        if let Some(event) = self.events.say(self.said + 1) {
            self.said += 1;
            return Some(DeviceMessage::Event(event));
        }
        self.clocks.retain(|&generation, queue| !queue.is_empty() && sent(generation).is_some());
        for (&generation, queue) in &mut self.clocks {
            let Some(sent) = sent(generation) else { continue };
            // The server looks at its demuxer when a reading comes: it is for this byte only.
            let too_late = |clock: &mut ClockMessage| clock.end < sent;
            while queue.waiting.pop_front_if(too_late).is_some() {}
            if queue.waiting.front().is_some_and(|clock| clock.end == sent) {
                self.said += 1;
                return queue.say(self.said).map(DeviceMessage::Clock);
            }
        }
        None
    }

    /// The byte behind which the next reading of a generation has to be said, if bytes from
    /// `from` on are sent now.
    pub(super) fn next_reading(&self, generation: u32, from: u64) -> Option<u64> {
        let waiting = &self.clocks.get(&generation)?.waiting;
        waiting.iter().map(|clock| clock.end).find(|&end| end > from)
    }

    /// Bytes of a generation are being sent, from this position on.
    pub(super) fn media(&mut self, generation: u32, position: u64) {
        if self.said == self.proven {
            return;
        }
        let marks = self.marks.entry(generation).or_default();
        if marks.back().is_none_or(|mark| mark.said < self.said) {
            marks.push_back(Mark { position, said: self.said });
        }
    }

    /// The server has the generation's bytes below this position for good.
    pub(super) fn durable(&mut self, generation: u32, below: u64) {
        let Some(marks) = self.marks.get_mut(&generation) else { return };
        while let Some(mark) = marks.pop_front_if(|mark| mark.position < below) {
            self.proven = self.proven.max(mark.said);
        }
        self.events.arrived(self.proven);
        self.clocks.values_mut().for_each(|queue| queue.arrived(self.proven));
    }

    /// A connection begins: what is left is said again.
    pub(super) fn repeat(&mut self) {
        self.events.repeat();
        self.clocks.values_mut().for_each(Queue::repeat);
        self.marks.clear();
        self.said = 0;
        self.proven = 0;
    }
}

#[derive(Debug)]
struct Queue<T> {
    /// With their numbers among the notes of this connection.
    said: VecDeque<(u64, T)>,
    waiting: VecDeque<T>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { said: VecDeque::new(), waiting: VecDeque::new() }
    }
}

impl<T: Clone> Queue<T> {
    fn is_empty(&self) -> bool {
        self.said.is_empty() && self.waiting.is_empty()
    }

    fn say(&mut self, number: u64) -> Option<T> {
        let note = self.waiting.pop_front()?;
        self.said.push_back((number, note.clone()));
        Some(note)
    }

    fn arrived(&mut self, proven: u64) {
        while self.said.pop_front_if(|(number, _)| *number <= proven).is_some() {}
    }

    fn repeat(&mut self) {
        while let Some((_, note)) = self.said.pop_back() {
            self.waiting.push_front(note);
        }
    }
}
