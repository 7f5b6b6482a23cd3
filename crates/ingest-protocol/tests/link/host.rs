use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use ingest_protocol::{
    ErrorCode, EventMessage, Limits, MAX_MESSAGE_BYTES, Output, Position, Server, ServerMessage,
};

use crate::device::Device;
use crate::random::Random;

const CREDIT_BYTES: u64 = 2000;

/// One connection: what is on its way, and the server's end of it.
#[derive(Default)]
pub(crate) struct Link {
    pub(crate) up: VecDeque<Wire>,
    pub(crate) down: VecDeque<String>,
    server: Server,
}

#[derive(Clone)]
pub(crate) enum Wire {
    Text(String),
    Binary(Bytes),
}

/// A server that keeps one session, and of it only what is durable when it crashes.
#[derive(Default)]
pub(crate) struct Host {
    generations: BTreeMap<u32, Stored>,
    events: Vec<Noted>,
    durable_events: usize,
    is_finished: bool,
    last: Option<u32>,
    /// Of these generations so much was durable and was removed.
    removed: BTreeMap<u32, u64>,
    pub(crate) counts: Counts,
}

/// An event, and how much of each generation had arrived before it.
struct Noted {
    event: EventMessage,
    behind: BTreeMap<u32, usize>,
}

#[derive(Default)]
struct Stored {
    bytes: Vec<u8>,
    durable: usize,
    is_ended: bool,
    is_broken: bool,
    was_broken: bool,
}

/// What has happened, so that a test can tell whether it tests anything.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) hellos: usize,
    pub(crate) duplicates: usize,
    pub(crate) fallen_bytes: usize,
    pub(crate) interleaved: usize,
    pub(crate) broken: usize,
    pub(crate) lost: usize,
    pub(crate) returns: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.hellos += other.hellos;
        self.duplicates += other.duplicates;
        self.fallen_bytes += other.fallen_bytes;
        self.interleaved += other.interleaved;
        self.broken += other.broken;
        self.lost += other.lost;
        self.returns += other.returns;
    }
}

impl Host {
    pub(crate) fn take(&mut self, wire: Wire, link: &mut Link) {
        let outputs = match wire {
            Wire::Text(text) => link.server.text(&text),
            Wire::Binary(bytes) => {
                let outputs = link.server.binary(bytes);
                self.counts.duplicates += usize::from(outputs.is_empty());
                outputs
            }
        };
        for output in outputs {
            self.output(output, link);
        }
    }

    fn output(&mut self, output: Output, link: &mut Link) {
        match output {
            Output::Open(_) => self.welcome(link),
            Output::Begin(message) => {
                self.generations.entry(message.generation).or_default();
            }
            Output::Media { generation, bytes } => {
                self.counts.interleaved += usize::from(self.last != Some(generation));
                self.last = Some(generation);
                let stored = self.generations.get_mut(&generation).expect("it was announced");
                assert!(!stored.is_ended);
                stored.bytes.extend_from_slice(&bytes);
            }
            Output::End { generation } => {
                self.generations.get_mut(&generation).expect("it was announced").is_ended = true;
            }
            Output::Event(event) if !self.knows(&event) => {
                let arrived = self.generations.iter();
                let behind = arrived.map(|(&number, stored)| (number, stored.bytes.len()));
                let behind = behind.collect();
                self.events.push(Noted { event, behind });
            }
            Output::Stop => {
                for (number, stored) in &self.generations {
                    let is_over = stored.is_ended || stored.is_broken;
                    assert!(is_over || self.removed.contains_key(number));
                }
                self.is_finished = true;
                for stored in self.generations.values_mut() {
                    stored.durable = stored.bytes.len();
                }
                self.durable_events = self.events.len();
                summarise(link);
            }
            Output::Fail { code: ErrorCode::Lost, message, generation } => {
                self.counts.lost += 1;
                link.say(&ServerMessage::Error { code: ErrorCode::Lost, message, generation });
            }
            Output::Fail { code, message, .. } => panic!("{code:?}: {message}"),
            _ => {}
        }
    }

    fn welcome(&mut self, link: &mut Link) {
        self.counts.hellos += 1;
        self.counts.returns += usize::from(self.is_finished);
        let positions = self.generations.iter().map(|(&generation, stored)| Position {
            generation,
            received: stored.bytes.len() as u64,
            durable: stored.durable as u64,
            ended: stored.is_ended || stored.is_broken,
        });
        let positions: Vec<Position> = positions.collect();
        let outputs = link.server.welcome(&positions);
        let limits = Limits {
            message_bytes: MAX_MESSAGE_BYTES as u64,
            credit_bytes: CREDIT_BYTES,
            idle_ms: 30_000,
        };
        link.say(&ServerMessage::Welcome {
            session: "session-0001".to_owned(),
            resumed: !positions.is_empty(),
            now_ms: 5_000_000,
            positions,
            limits,
            addresses: Vec::new(),
            retry_ms: 1000,
        });
        for output in outputs {
            self.output(output, link);
        }
        let broken = self.generations.iter().filter(|(_, stored)| stored.is_broken);
        for (&generation, _) in broken {
            link.server.give_up(generation);
            link.refuse(generation);
        }
        if self.is_finished {
            summarise(link);
        }
    }

    /// Some of what arrived becomes durable, and some acknowledgement is written.
    pub(crate) fn commit(&mut self, random: &mut Random, mut link: Option<&mut Link>) {
        for (&generation, stored) in &mut self.generations {
            let waiting = stored.bytes.len() - stored.durable;
            if waiting == 0 || random.one_in(3) {
                continue;
            }
            stored.durable += random.below(waiting + 1);
            if let Some(link) = &mut link {
                link.say(&ServerMessage::Ack {
                    generation,
                    received: link.server.received(generation),
                    durable: stored.durable as u64,
                    media_ms: 0,
                    credit_bytes: CREDIT_BYTES,
                });
            }
        }
    }

    /// The disk keeps the order: an event is safe once something that came behind it is.
    fn is_safe(&self, noted: &Noted) -> bool {
        let is_behind = |(number, stored): (&u32, &Stored)| {
            stored.durable > noted.behind.get(number).copied().unwrap_or(0)
        };
        self.generations.iter().any(is_behind)
    }

    fn knows(&self, event: &EventMessage) -> bool {
        self.events.iter().any(|noted| noted.event == *event)
    }

    /// The newest stream turns out to be of no use.
    pub(crate) fn give_up(&mut self, random: &mut Random, link: Option<&mut Link>) {
        let Some(link) = link else { return };
        let newest = self.generations.iter_mut().next_back();
        let Some((&generation, stored)) = newest.filter(|(_, stored)| !stored.is_ended) else {
            return;
        };
        if random.one_in(2) {
            return;
        }
        stored.is_broken = true;
        stored.was_broken = true;
        self.counts.broken += 1;
        link.refuse(generation);
        for output in link.server.give_up(generation) {
            self.output(output, link);
        }
    }

    /// Only what is durable is found again.
    pub(crate) fn crash(&mut self) {
        let safe = self.events.iter().rposition(|noted| self.is_safe(noted));
        let safe = safe.map_or(0, |last| last + 1).max(self.durable_events);
        self.events.truncate(safe);
        self.durable_events = safe;
        for stored in self.generations.values_mut() {
            self.counts.fallen_bytes += stored.bytes.len() - stored.durable;
            stored.is_ended &= stored.durable == stored.bytes.len();
            stored.bytes.truncate(stored.durable);
            stored.is_broken = false;
        }
        // Of what left nothing on the disk the server knows nothing.
        let is_trace = |stored: &Stored| stored.durable > 0 || stored.was_broken || stored.is_ended;
        while self.generations.last_entry().is_some_and(|last| !is_trace(last.get())) {
            self.generations.pop_last();
        }
    }

    /// Somebody removes the recordings.
    pub(crate) fn lose_everything(&mut self) {
        if self.is_finished {
            return;
        }
        let safe = self.events.iter().rposition(|noted| self.is_safe(noted));
        self.durable_events = safe.map_or(0, |last| last + 1).max(self.durable_events);
        for (generation, stored) in std::mem::take(&mut self.generations) {
            if stored.durable > 0 || stored.was_broken {
                let removed = self.removed.entry(generation).or_default();
                *removed = (*removed).max(stored.durable as u64);
            }
        }
    }

    pub(crate) fn durable(&self, generation: u32) -> u64 {
        let removed = self.removed.get(&generation).copied().unwrap_or(0);
        let durable = self.generations.get(&generation).map_or(0, |stored| stored.durable as u64);
        durable.max(removed)
    }

    /// What is here is the beginning of what the device recorded, and no more than it may be.
    pub(crate) fn check(&self, device: &Device) {
        let mut waiting = 0;
        for (&generation, stored) in &self.generations {
            assert!(device.spool[generation as usize].bytes.starts_with(&stored.bytes));
            if !stored.was_broken {
                waiting += (stored.bytes.len() - stored.durable) as u64;
            }
        }
        assert!(waiting <= CREDIT_BYTES);
    }

    pub(crate) fn check_complete(&self, device: &Device, seed: u64) {
        for (number, spooled) in (0..).zip(&device.spool) {
            if self.removed.contains_key(&number) {
                continue;
            }
            let Some(stored) = self.generations.get(&number) else {
                panic!("seed {seed}: generation {number} is missing");
            };
            if stored.was_broken || spooled.is_refused {
                assert!(stored.was_broken, "seed {seed}: generation {number} was refused");
                continue;
            }
            assert!(stored.bytes == spooled.bytes, "seed {seed}: generation {number}");
            assert_eq!(spooled.first, spooled.bytes.len() as u64, "seed {seed}: all is freed");
        }
        for event in &device.events {
            assert!(self.knows(event), "seed {seed}: {event:?}");
        }
    }
}

impl Link {
    fn say(&mut self, message: &ServerMessage) {
        let text = serde_json::to_string(message).expect("it can be written");
        self.down.push_back(text);
    }

    fn refuse(&mut self, generation: u32) {
        let (code, message) = (ErrorCode::BadStream, "it is no stream".to_owned());
        self.say(&ServerMessage::Error { code, message, generation: Some(generation) });
    }
}

fn summarise(link: &mut Link) {
    let (session, folder) = ("session-0001".to_owned(), "client_1_2".to_owned());
    link.say(&ServerMessage::Summary { session, folder, files: Vec::new() });
}
