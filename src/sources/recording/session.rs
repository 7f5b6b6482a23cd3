//! One session of a source: what waits for the recorder, and why nothing is recorded where nothing
//! is.

use std::collections::VecDeque;
use std::time::Duration;

use container::{Event, ResumePoint, ResumeState, Sample};
use tokio::time::Instant;

use super::super::generation::Head;
use super::day::Seam;
use crate::clock::{self, WallUs};
use crate::live::feed::{Ending, Feed, Generation, Step};
use crate::live::{NotSent, Opening, Publication};
use crate::metrics::{self, Protocol};

/// What waits here while the recorder is busy: seconds of a camera. Beyond it the camera waits.
const MAX_WAITING_BYTES: usize = 4 << 20;

/// The same for tiny samples, in messages.
const MAX_WAITING_MESSAGES: usize = 256;

/// What goes to the recorder at once.
const MAX_BATCH_STEPS: usize = 256;

/// Generations that may not be on the disk yet.
const MAX_ANCHORS: usize = 16;

/// A disk that takes nothing for so long does not answer: viewers wait no longer for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the last messages of a session may take to be handed over.
const FINISH_PATIENCE: Duration = Duration::from_secs(10);

/// Why nothing is recorded at the moment, as it stands on the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cause {
    reason: &'static str,
    detail: Option<String>,
}

/// The session has begun, and the camera has not sent anything yet.
const CONNECTING: &str = "connecting";

/// What its detail is where the camera was live already.
const WAITED_FOR_KEY: &str = "its next key frame was waited for";

/// The camera goes on under another configuration; as a raw publisher's.
const INIT: &str = "init";

const DAMAGED: &str = "damaged_input";
const CAMERA_LOST: &str = "camera_lost";
const DISK_FULL: &str = "server_disk_full";
const DISK_SLOW: &str = "server_disk_slow";

fn is_of_disk(reason: &str) -> bool {
    [DISK_FULL, DISK_SLOW].contains(&reason)
}

/// A session of a source.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    publication: Publication,
    /// What the recorder has not taken.
    queue: VecDeque<Feed>,
    waiting_bytes: usize,
    next_number: u32,
    current: Option<Current>,
    cause: Cause,
    pub(super) started_us: WallUs,
    /// The last generations, and where each lies.
    anchors: VecDeque<(u32, WallUs)>,
}

/// The generation that is being recorded.
#[derive(Debug)]
struct Current {
    number: u32,
    /// Bytes of samples so far, which stand for the places in a stream that there is not.
    position: u64,
}

/// The messages of a session that is over, on their way.
#[derive(Debug)]
pub(in super::super) struct Farewell {
    /// Of a session that is over before the recorder has heard of it.
    opening: Option<Opening>,
    publication: Publication,
    queue: VecDeque<Feed>,
}

impl Farewell {
    /// The same of one that has only just begun.
    pub(super) fn opening(self, opening: Opening) -> Self {
        Self { opening: Some(opening), ..self }
    }

    /// Hands them over. A disk that does not answer gets as many as it takes.
    pub(in super::super) async fn say(mut self) {
        let saying = async {
            if let Some(opening) = self.opening {
                opening.send().await;
            }
            while let Some(message) = self.queue.pop_front() {
                if self.publication.feed.send(message).await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(FINISH_PATIENCE, saying).await;
    }
}

/// Why a session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// It shall record from now on.
    Wanted { is_live: bool },
    /// The disk had ended the session before it.
    Disk,
    /// The session before it has all that is of the day before.
    Day,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// Handed over, or waiting within bounds.
    Done,
    /// The disk has ended the recording.
    Ended,
}

impl Session {
    /// A session that began at `started_us`, and of which nothing was recorded so far: because the
    /// disk took nothing, because nothing came yet, or because nothing is missing.
    pub(super) fn new(
        id: String,
        publication: Publication,
        started_us: WallUs,
        since: Since,
    ) -> Self {
        let (reason, detail) = match since {
            Since::Wanted { is_live: false } => (CONNECTING, None),
            Since::Wanted { is_live: true } => (CONNECTING, Some(WAITED_FOR_KEY.to_owned())),
            Since::Disk => (DISK_FULL, None),
            Since::Day => (INIT, None),
        };
        Self {
            id,
            publication,
            queue: VecDeque::new(),
            waiting_bytes: 0,
            next_number: 0,
            current: None,
            cause: Cause { reason, detail },
            started_us,
            anchors: VecDeque::new(),
        }
    }

    /// The generation that is being recorded.
    pub(super) fn generation(&self) -> Option<u32> {
        self.current.as_ref().map(|current| current.number)
    }

    /// Says something beside the media, unless too much is waiting.
    pub(super) fn tell(&mut self, message: Feed) {
        if self.queue.len() < MAX_WAITING_MESSAGES {
            self.queue.push_back(message);
        }
    }

    /// What came last was the last of its generation. With words, the camera is lost.
    pub(super) fn interrupted(&mut self, why: Option<String>) {
        self.end();
        if why.is_some() {
            self.because(Cause { reason: CAMERA_LOST, detail: why });
        }
        // What cannot be handed over now goes with the next.
        let _ = self.flush();
    }

    /// The camera's clock was set, and nothing of it can be shown until the next generation.
    pub(super) fn leapt(&mut self) {
        if self.current.is_some() {
            self.end();
            let detail = Some("the camera's clock was set".to_owned());
            self.because(Cause { reason: DAMAGED, detail });
        }
    }

    /// A disk that takes nothing more pauses the recording, and nothing else.
    pub(super) fn look(&mut self) {
        let held = self.publication.durable.borrow().holds_because().cloned();
        if let Some(why) = held {
            self.pause(DISK_FULL, why);
        }
    }

    fn pause(&mut self, reason: &'static str, why: String) {
        self.end();
        self.because(Cause { reason, detail: Some(why) });
    }

    fn is_held(&self) -> bool {
        let is_slow = self.waiting_bytes > MAX_WAITING_BYTES / 2
            || self.queue.len() > MAX_WAITING_MESSAGES / 2;
        is_slow || self.publication.durable.borrow().holds_because().is_some()
    }

    /// Puts what has come behind what waits, from a key frame on.
    pub(super) fn take(&mut self, head: &Head, events: &[Event]) {
        let mut events = events;
        if self.current.is_none() {
            if self.is_held() {
                return;
            }
            let Some((at, key)) = head.keys(events).next() else { return };
            let (before, rest) = events.split_at(at);
            // Sound that was captured with the picture may have come in front of it.
            let held = head.held(before, head.media_us(key)).cloned().collect();
            self.begin(head, before, key, held);
            events = rest;
        }
        self.put(events);
    }

    /// Begins with a key frame. What came in front of it, the sound as well, another session has.
    pub(super) fn take_over(&mut self, head: &Head, seam: &Seam<'_>) {
        self.begin(head, seam.before, seam.key, Vec::new());
        self.put(seam.rest);
    }

    fn put(&mut self, events: &[Event]) {
        let Some(current) = &mut self.current else { return };
        let (number, begun) = (current.number, current.position);
        for event in events {
            let resume = ResumePoint { position: current.position, state: ResumeState::new() };
            let bytes = match event {
                Event::Sample(sample) => sample.data.len(),
                Event::Init(_) | Event::Config { .. } => 0,
            };
            current.position += bytes as u64;
            self.waiting_bytes += bytes;
            let step = Step { event: Some(event.clone()), resume: Some(resume) };
            add(&mut self.queue, number, step);
        }
        metrics::INGESTED_BYTES.add(Protocol::Source, current.position - begun);
        metrics::INGESTED_CHUNKS.add(Protocol::Source, 1);
        // How far everything in front of it reaches.
        let resume = ResumePoint { position: current.position, state: ResumeState::new() };
        add(&mut self.queue, number, Step { event: None, resume: Some(resume) });
    }

    /// Hands over what waits, and says whether that was all: the end of a session that the recorder
    /// keeps up with is on time.
    pub(super) fn is_handed_over(&mut self) -> bool {
        self.flush().is_ok() && self.queue.is_empty()
    }

    /// Begins a generation with this key frame, and `held`, sound that came in front of it.
    fn begin(&mut self, head: &Head, before: &[Event], key: &Sample, held: Vec<Sample>) {
        let (number, anchor_us) = (self.next_number, head.anchor_us());
        self.next_number += 1;
        let key_us = head.media_us(key);
        let first_us = held.iter().map(|sample| head.media_us(sample)).fold(key_us, i64::min);
        let Cause { reason, detail } =
            std::mem::replace(&mut self.cause, Cause { reason: INIT, detail: None });
        if reason != INIT {
            let until_us = anchor_us.saturating_add(first_us);
            self.queue.push_back(Feed::Missing { until_us, reason, detail });
        }
        self.queue.push_back(Feed::Begin(Generation {
            number,
            mime: head.mime().to_owned(),
            reason: if number == 0 { "start" } else { reason }.to_owned(),
            anchor_us,
        }));
        self.anchors.push_back((number, anchor_us));
        if self.anchors.len() > MAX_ANCHORS {
            self.anchors.pop_front();
        }
        let init = std::iter::once(Event::Init(head.init()));
        let changes = before.iter().filter(|event| matches!(event, Event::Config { .. })).cloned();
        for event in init.chain(head.changes()).chain(changes) {
            add(&mut self.queue, number, Step { event: Some(event), resume: None });
        }
        let mut position = 0;
        for sample in held {
            let resume = ResumePoint { position, state: ResumeState::new() };
            position += sample.data.len() as u64;
            self.waiting_bytes += sample.data.len();
            let step = Step { event: Some(Event::Sample(sample)), resume: Some(resume) };
            add(&mut self.queue, number, step);
        }
        self.current = Some(Current { number, position });
    }

    fn end(&mut self) {
        if let Some(Current { number: generation, .. }) = self.current.take() {
            self.queue.push_back(Feed::End { generation, bytes: None, loss: None });
            // Until somebody says more.
            self.cause = Cause { reason: INIT, detail: None };
        }
    }

    /// Why nothing is recorded from now on. What is known already stays; that a camera cannot be
    /// had is so from the beginning.
    fn because(&mut self, cause: Cause) {
        if self.current.is_some() || self.cause.reason == cause.reason {
            return;
        }
        // A disk that takes nothing is why, whatever becomes of the camera meanwhile.
        if is_of_disk(self.cause.reason) && !is_of_disk(cause.reason) && self.is_held() {
            return;
        }
        let before = std::mem::replace(&mut self.cause, cause);
        if ![CONNECTING, INIT].contains(&before.reason) {
            let Cause { reason, detail } = before;
            self.queue.push_back(Feed::Missing { until_us: clock::now_us(), reason, detail });
        }
    }

    /// Hands over what the recorder takes at once. `Err` when the disk has ended the recording.
    fn flush(&mut self) -> Result<(), ()> {
        while let Some(message) = self.queue.pop_front() {
            let bytes = bytes(&message);
            match self.publication.feed.try_send(message) {
                Ok(()) => self.waiting_bytes -= bytes,
                Err(NotSent::Full(message)) => {
                    self.queue.push_front(message);
                    return Ok(());
                }
                Err(NotSent::Ended) => return Err(()),
            }
        }
        Ok(())
    }

    /// Hands over what there is, and waits where more is waiting than may. Nothing is lost where
    /// the future is dropped.
    pub(super) async fn push(&mut self) -> Pushed {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if self.flush().is_err() {
                return Pushed::Ended;
            }
            let is_full =
                self.waiting_bytes > MAX_WAITING_BYTES || self.queue.len() > MAX_WAITING_MESSAGES;
            if !is_full || self.current.is_none() {
                return Pushed::Done;
            }
            let Publication { feed, durable, .. } = &mut self.publication;
            tokio::select! {
                () = feed.has_room() => {}
                changed = durable.changed() => {
                    if changed.is_err() {
                        return Pushed::Ended;
                    }
                    self.look();
                }
                () = tokio::time::sleep_until(deadline) => {
                    self.pause(DISK_SLOW, "the disk does not answer".to_owned());
                }
            }
        }
    }

    /// Until when something of it is on the disk.
    pub(super) fn durable_us(&self) -> WallUs {
        let durable = self.publication.durable.borrow();
        let reached = self.anchors.iter().filter_map(|(number, anchor_us)| {
            let known = durable.generations.get(number).filter(|known| known.media_us > 0)?;
            Some(anchor_us.saturating_add(known.media_us))
        });
        reached.max().unwrap_or(self.started_us)
    }

    pub(super) fn finish(mut self, ending: Ending) -> Farewell {
        let was_missing = self.current.is_none();
        self.end();
        if was_missing && self.cause.reason != INIT {
            let Cause { reason, detail } = self.cause;
            self.queue.push_back(Feed::Missing { until_us: clock::now_us(), reason, detail });
        }
        self.queue.push_back(Feed::Finish(ending));
        Farewell { opening: None, publication: self.publication, queue: self.queue }
    }
}

fn add(queue: &mut VecDeque<Feed>, number: u32, step: Step) {
    if let Some(Feed::Media { generation, steps }) = queue.back_mut()
        && *generation == number
        && steps.len() < MAX_BATCH_STEPS
    {
        return steps.push(step);
    }
    queue.push_back(Feed::Media { generation: number, steps: vec![step] });
}

fn bytes(message: &Feed) -> usize {
    let Feed::Media { steps, .. } = message else { return 0 };
    let samples = steps.iter().filter_map(|step| match &step.event {
        Some(Event::Sample(sample)) => Some(sample.data.len()),
        _ => None,
    });
    samples.sum()
}
