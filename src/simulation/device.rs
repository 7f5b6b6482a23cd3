//! A device that captures, spools and delivers, and is switched off at any instant.

use std::collections::VecDeque;

use bytes::Bytes;
use ingest_protocol::client::{GenerationStart, Identity, Over, RestoredGeneration};
use ingest_protocol::{Chunk, Client, ClientOutput, ErrorCode, EventMessage};

use super::media::Stream;
use super::network::Wire;
use super::random::Random;
use crate::live::socket::{Incoming, Outgoing};

/// A device goes on with another generation at most this often.
const MAX_GENERATIONS: usize = 4;

/// Messages on their way to the server.
const MAX_IN_FLIGHT: usize = 6;

pub(super) struct Device {
    number: u8,
    client: Client,
    pub(super) generations: Vec<Spooled>,
    events: Vec<EventMessage>,
    connection: Option<Connection>,
    retry_at_ms: i64,
    stop_at_ms: i64,
    is_stopped: bool,
    pub(super) is_done: bool,
}

/// A generation on the device's own storage.
pub(super) struct Spooled {
    start: GenerationStart,
    /// All that the encoder handed over; the test keeps what the device has freed.
    pub(super) bytes: Vec<u8>,
    /// What lies in front of it was acknowledged and is gone from the device.
    pub(super) first: u64,
    is_ended: bool,
    coming: VecDeque<(i64, Bytes)>,
}

struct Connection {
    wire: Wire,
    /// Messages with the time at which they arrive.
    sending: VecDeque<(i64, Incoming)>,
    receiving: VecDeque<(i64, Outgoing)>,
}

impl Device {
    pub(super) fn new(number: u8, now_ms: i64, random: &mut Random) -> Self {
        let mut device = Self {
            number,
            client: Client::new(identity(number)),
            generations: Vec::new(),
            events: Vec::new(),
            connection: None,
            retry_at_ms: now_ms,
            stop_at_ms: now_ms + 2000 + random.below(30_000) as i64,
            is_stopped: false,
            is_done: false,
        };
        device.begin(now_ms, random);
        device
    }

    /// A device that records one generation, this one, until it is through.
    pub(super) fn with(stream: Stream, now_ms: i64, random: &mut Random) -> Self {
        let mut device = Self::new(0, now_ms, random);
        let coming = stream.pieces.into_iter().map(|(at_ms, bytes)| (now_ms + at_ms, bytes));
        device.generations[0].coming = coming.collect();
        device.stop_at_ms = i64::MAX;
        device
    }

    pub(super) fn number(&self) -> u8 {
        self.number
    }

    pub(super) fn wants_to_connect(&self, now_ms: i64) -> bool {
        !self.is_done && self.connection.is_none() && now_ms >= self.retry_at_ms
    }

    pub(super) fn connected(&mut self, wire: Wire, now_ms: i64) {
        self.connection =
            Some(Connection { wire, sending: VecDeque::new(), receiving: VecDeque::new() });
        self.client.connected(now_ms);
    }

    /// The connection is gone, with everything on its way.
    pub(super) fn cut(&mut self, retry_at_ms: i64) {
        if self.connection.take().is_some() {
            self.client.disconnected();
        }
        self.retry_at_ms = retry_at_ms;
    }

    /// The page is reloaded: what the spool holds is all that is left.
    pub(super) fn reload(&mut self, now_ms: i64, random: &mut Random) {
        self.cut(now_ms);
        let restored = self.generations.iter_mut().map(|generation| {
            generation.is_ended = true;
            generation.coming.clear();
            RestoredGeneration {
                start: generation.start.clone(),
                first: generation.first,
                end: generation.bytes.len() as u64,
                ended: true,
            }
        });
        let restored: Vec<_> = restored.collect();
        let (identity, events) = (identity(self.number), self.events.clone());
        self.client = Client::restore(identity, &restored, events, self.is_stopped);
        self.begin(now_ms, random);
    }

    /// The recorder is started anew.
    pub(super) fn rotate(&mut self, now_ms: i64, random: &mut Random) {
        if let Some(newest) = self.generations.last_mut() {
            newest.is_ended = true;
            newest.coming.clear();
            self.client.end(self.generations.len() as u32 - 1);
        }
        self.begin(now_ms, random);
    }

    fn begin(&mut self, now_ms: i64, random: &mut Random) {
        if self.is_stopped || self.generations.len() >= MAX_GENERATIONS {
            return;
        }
        let number = self.generations.len() as u8;
        let stream = Stream::new(self.number, number, random);
        let coming = stream.pieces.into_iter().map(|(at_ms, bytes)| (now_ms + at_ms, bytes));
        let start = GenerationStart {
            mime: "video/mp4".to_owned(),
            started_ms: now_ms,
            offset_ms: Some(0),
            reason: "start".to_owned(),
        };
        self.client.begin(start.clone());
        let coming = coming.collect();
        let generation = Spooled { start, bytes: Vec::new(), first: 0, is_ended: false, coming };
        self.generations.push(generation);
        let event = EventMessage {
            event: "mark".to_owned(),
            generation: Some(number.into()),
            at_ms: Some(now_ms),
            start_ms: None,
            end_ms: None,
            reason: None,
            detail: None,
            offset_ms: Some(0),
        };
        self.events.push(event.clone());
        self.client.event(event);
    }

    /// When each generation was marked, on the device's clock.
    pub(super) fn marks(&self) -> Vec<i64> {
        self.events.iter().filter_map(|event| event.at_ms).collect()
    }

    /// Lets the device do what it does by itself until `now_ms`.
    pub(super) fn run(&mut self, now_ms: i64, random: &mut Random) -> Result<(), String> {
        self.capture(now_ms);
        self.receive(now_ms, random)?;
        self.send(now_ms, random)
    }

    fn capture(&mut self, now_ms: i64) {
        for (number, generation) in self.generations.iter_mut().enumerate() {
            while generation.coming.front().is_some_and(|(at_ms, _)| *at_ms <= now_ms) {
                let Some((_, bytes)) = generation.coming.pop_front() else { break };
                generation.bytes.extend_from_slice(&bytes);
                self.client.appended(number as u32, bytes.len() as u64);
                self.client.clock(number as u32, generation.bytes.len() as u64, now_ms);
            }
        }
        let is_recorded = self.generations.iter().all(|generation| generation.coming.is_empty());
        if !self.is_stopped && (is_recorded || now_ms >= self.stop_at_ms) {
            self.is_stopped = true;
            for generation in &mut self.generations {
                generation.coming.clear();
                generation.is_ended = true;
            }
            self.client.stop();
        }
    }

    fn receive(&mut self, now_ms: i64, random: &mut Random) -> Result<(), String> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        while let Some(message) = connection.wire.receive() {
            let earliest_ms = connection.receiving.back().map_or(now_ms, |(at_ms, _)| *at_ms);
            let at_ms = earliest_ms.max(now_ms + random.below(200) as i64);
            connection.receiving.push_back((at_ms, message));
        }
        while let Some((_, message)) =
            connection.receiving.pop_front_if(|(at_ms, _)| *at_ms <= now_ms)
        {
            match message {
                Outgoing::Text(text) => self.client.text(&text, now_ms),
                Outgoing::Ping => {
                    self.client.heard(now_ms);
                    connection.sending.push_back((now_ms, Incoming::Pong));
                }
                Outgoing::Close(code, reason) => {
                    if code == 4400 {
                        return Err(format!("closed with {code}: {reason}"));
                    }
                    let retry_at_ms = now_ms + 200 + random.below(2000) as i64;
                    self.outputs(now_ms, false)?;
                    self.cut(retry_at_ms);
                    return Ok(());
                }
            }
        }
        if connection.wire.is_closed() && connection.receiving.is_empty() {
            self.cut(now_ms + 100 + random.below(1000) as i64);
        }
        Ok(())
    }

    fn send(&mut self, now_ms: i64, random: &mut Random) -> Result<(), String> {
        loop {
            let can_send =
                self.connection.as_ref().is_some_and(|c| c.sending.len() < MAX_IN_FLIGHT);
            let before = self.connection.as_ref().map_or(0, |c| c.sending.len());
            self.outputs(now_ms, can_send)?;
            let after = self.connection.as_ref().map_or(0, |c| c.sending.len());
            if before == after {
                break;
            }
        }
        let Some(connection) = &mut self.connection else { return Ok(()) };
        while let Some((_, message)) =
            connection.sending.pop_front_if(|(at_ms, _)| *at_ms <= now_ms)
        {
            if connection.wire.send(message).is_err() {
                break;
            }
        }
        for (at_ms, _) in &mut connection.sending {
            if *at_ms == i64::MAX {
                *at_ms = now_ms + random.below(150) as i64;
            }
        }
        // Messages keep their order.
        let mut latest_ms = now_ms;
        for (at_ms, _) in &mut connection.sending {
            latest_ms = latest_ms.max(*at_ms);
            *at_ms = latest_ms;
        }
        Ok(())
    }

    /// Does what the conversation asks for, at most one message of it.
    fn outputs(&mut self, now_ms: i64, can_send: bool) -> Result<(), String> {
        while let Some(output) = self.client.poll(can_send, now_ms) {
            let message = match output {
                ClientOutput::Text(text) => Incoming::Text(text),
                ClientOutput::Chunk { generation, position, length } => {
                    let spooled = &self.generations[generation as usize];
                    if position < spooled.first {
                        return Err(format!("byte {position} of generation {generation} is gone"));
                    }
                    let payload = &spooled.bytes[position as usize..][..length];
                    let payload = Bytes::copy_from_slice(payload);
                    Incoming::Binary(Chunk { generation, position, payload }.encode())
                }
                ClientOutput::Forget { generation, below } => {
                    let spooled = &mut self.generations[generation as usize];
                    spooled.first = spooled.first.max(below);
                    continue;
                }
                ClientOutput::Refused { generation, code, message } => {
                    let why = if code == ErrorCode::Lost { "lost" } else { "refused" };
                    return Err(format!("generation {generation} is {why}: {message}"));
                }
                ClientOutput::Over(Over::Finished(_)) => {
                    self.is_done = true;
                    continue;
                }
                ClientOutput::Over(Over::TakenOver) => return Err("taken over".to_owned()),
                ClientOutput::HangUp(_) => {
                    self.cut(now_ms + 500);
                    return Ok(());
                }
                _ => continue,
            };
            if let Some(connection) = &mut self.connection {
                connection.sending.push_back((i64::MAX, message));
            }
            return Ok(());
        }
        Ok(())
    }
}

fn identity(number: u8) -> Identity {
    Identity {
        device: format!("device-{number:04}"),
        key: None,
        name: "Bench".to_owned(),
        session: session(number),
        started_ms: 1_795_163_509_123,
        client: "simulation/1".to_owned(),
    }
}

/// The id of a device's session.
pub(super) fn session(number: u8) -> String {
    format!("session-{number:04}")
}
