use bytes::Bytes;
use ingest_protocol::client::{GenerationStart, Identity, Over, RestoredGeneration};
use ingest_protocol::{Chunk, Client, ClientOutput, EventMessage};

use crate::host::{Host, Link, Wire};
use crate::random::Random;

const MAX_GENERATIONS: usize = 8;

/// A device with a spool that survives its restarts.
pub(crate) struct Device {
    pub(crate) client: Client,
    pub(crate) spool: Vec<Spooled>,
    pub(crate) events: Vec<EventMessage>,
    clocks: Vec<(u32, u64, i64)>,
    is_stopped: bool,
    summed_up: bool,
    produced: u8,
}

pub(crate) struct Spooled {
    start: GenerationStart,
    /// All that the encoder ever handed over.
    pub(crate) bytes: Vec<u8>,
    /// What lies before it was freed.
    pub(crate) first: u64,
    is_ended: bool,
    pub(crate) is_refused: bool,
}

pub(crate) fn identity() -> Identity {
    Identity {
        device: "device-0001".to_owned(),
        key: None,
        name: "Bench".to_owned(),
        session: "session-0001".to_owned(),
        started_ms: 1_000_000,
        client: "test/1".to_owned(),
    }
}

impl Device {
    pub(crate) fn new() -> Self {
        Self {
            client: Client::new(identity()),
            spool: Vec::new(),
            events: Vec::new(),
            clocks: Vec::new(),
            is_stopped: false,
            summed_up: false,
            produced: 0,
        }
    }

    /// The encoder or the person does something.
    pub(crate) fn capture(&mut self, random: &mut Random, now_ms: i64) {
        if self.is_stopped {
            return;
        }
        if self.spool.is_empty() || (random.one_in(8) && self.spool.len() < MAX_GENERATIONS) {
            if !random.one_in(3) {
                self.end_newest();
            }
            let start = GenerationStart {
                mime: "video/webm".to_owned(),
                started_ms: now_ms,
                offset_ms: self.client.offset_ms(),
                reason: "start".to_owned(),
            };
            let generation = self.client.begin(start.clone());
            assert_eq!(generation as usize, self.spool.len());
            let (is_ended, is_refused) = (false, false);
            self.spool.push(Spooled { start, bytes: Vec::new(), first: 0, is_ended, is_refused });
            return;
        }
        let newest = self.spool.len() - 1;
        let end = self.spool[newest].bytes.len() as u64;
        match random.below(8) {
            0 => self.end_newest(),
            1 => {
                let number = self.events.len().to_string();
                let event = EventMessage {
                    offset_ms: None,
                    event: "mark".to_owned(),
                    generation: Some(newest as u32),
                    at_ms: Some(now_ms),
                    start_ms: None,
                    end_ms: None,
                    reason: None,
                    detail: Some(number),
                };
                self.events.push(event.clone());
                self.client.event(event);
            }
            2 => {
                self.clocks.push((newest as u32, end, now_ms));
                self.client.clock(newest as u32, end, now_ms);
            }
            _ if self.client.wants(newest as u32) => {
                let most = if random.one_in(5) { 1500 } else { 60 };
                let length = 1 + random.below(most);
                for _ in 0..length {
                    self.produced = self.produced.wrapping_mul(31).wrapping_add(7);
                    let byte = self.produced ^ (random.next() as u8 & 0x3f);
                    self.spool[newest].bytes.push(byte);
                }
                self.client.appended(newest as u32, length as u64);
            }
            _ => {}
        }
    }

    fn end_newest(&mut self) {
        if let Some(newest) = self.spool.len().checked_sub(1) {
            self.spool[newest].is_ended = true;
            self.client.end(newest as u32);
        }
    }

    pub(crate) fn stop(&mut self) {
        self.is_stopped = true;
        self.spool.iter_mut().for_each(|spooled| spooled.is_ended = true);
        self.client.stop();
    }

    /// The program dies, and comes back with what it had stored.
    pub(crate) fn restart(&mut self) {
        let restored = self.spool.iter().map(|spooled| RestoredGeneration {
            start: spooled.start.clone(),
            first: spooled.first,
            end: spooled.bytes.len() as u64,
            ended: spooled.is_ended,
        });
        let restored: Vec<_> = restored.collect();
        self.client = Client::restore(identity(), &restored, self.events.clone(), self.is_stopped);
        for &(generation, end, at_ms) in &self.clocks {
            self.client.clock(generation, end, at_ms);
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.summed_up
    }

    /// Does what the conversation asks for. `false`: it hangs up.
    pub(crate) fn act(
        &mut self,
        can_send_media: bool,
        now_ms: i64,
        host: &Host,
        mut link: Option<&mut Link>,
    ) -> bool {
        while let Some(output) = self.client.poll(can_send_media, now_ms) {
            match output {
                ClientOutput::Text(text) => {
                    let link = link.as_mut().expect("nothing is said without a connection");
                    link.up.push_back(Wire::Text(text));
                }
                ClientOutput::Chunk { generation, position, length } => {
                    let spooled = &self.spool[generation as usize];
                    assert!(position >= spooled.first, "these bytes were freed");
                    let bytes = &spooled.bytes[position as usize..position as usize + length];
                    let payload = Bytes::copy_from_slice(bytes);
                    let link = link.as_mut().expect("nothing is sent without a connection");
                    let chunk = Chunk { generation, position, payload };
                    link.up.push_back(Wire::Binary(chunk.encode()));
                }
                ClientOutput::Forget { generation, below } => {
                    assert!(below <= host.durable(generation), "the server may lose it still");
                    let spooled = &mut self.spool[generation as usize];
                    assert!(below > spooled.first);
                    spooled.first = below;
                }
                ClientOutput::Refused { generation, .. } => {
                    let spooled = &mut self.spool[generation as usize];
                    spooled.is_refused = true;
                    spooled.is_ended = true;
                    self.client.end(generation);
                }
                ClientOutput::HangUp(_) => return false,
                ClientOutput::Over(over) => {
                    assert!(matches!(over, Over::Finished(_)));
                    self.summed_up = true;
                }
                _ => {}
            }
        }
        true
    }
}
