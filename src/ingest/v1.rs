//! A connection that speaks `localcamera.v1`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use ingest_protocol::{
    CHUNK_HEADER_BYTES, ClockMessage, ErrorCode, EventMessage, GenerationMessage, Hello, Limits,
    MAX_MESSAGE_BYTES, Output, Position, Server, ServerMessage, SummaryFile,
};
use tokio::time::Instant;

use super::report::{CREDIT_BYTES, News, Report};
use super::session::{Attachment, Handle, Input};
use super::waits::Waits;
use super::{BROKEN, IDLE_TIMEOUT, Ingest, admission};
use crate::auth::{Pass, Who};
use crate::clock;
use crate::live::feed::{Durable, Finished, Generation, Note, Peer, SessionInfo};
use crate::live::socket::{Arrival, Ended, Incoming, Outgoing, Socket};
use crate::metrics::{self, Mistake, Protocol};

/// The year 9999, beyond which no calendar here reaches.
const MAX_WALL_US: i64 = 253_402_300_799_000_000;

/// Whoever connects has its hello ready.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a device waits before it comes back; it adds its own growing pauses.
const RETRY_MS: u64 = 1000;

/// A session that does not answer this long waits for the disk.
const ATTACH_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves the connection until it ends. The session outlives it.
pub(super) async fn serve(ingest: Ingest, arrival: Arrival) {
    let mut connection = Connection {
        peer: arrival.peer,
        arrived: arrival.pass,
        pass: None,
        connected: Instant::now(),
        socket: arrival.socket,
        conversation: Server::new(),
        protocol: arrival.protocol,
        waits: Waits::new(),
        attached: None,
        inputs: VecDeque::new(),
        report: Report::default(),
        held_bytes: 0,
        started_ms: BTreeMap::new(),
        clock_offset_ms: 0,
        ingest,
    };
    // Whatever ended it has been told to the device already, if it was there to listen.
    let _ = connection.run().await;
    if let Some(Attached { attachment: Some(attachment), .. }) = connection.attached {
        attachment.detach().await;
    }
}

struct Connection {
    peer: std::net::SocketAddr,
    /// Whose connection it is, as far as that was known before the hello.
    arrived: Pass,
    /// What the session stands on, since the hello.
    pass: Option<Pass>,
    connected: Instant,
    socket: Box<dyn Socket>,
    conversation: Server,
    /// How it is spoken.
    protocol: Protocol,
    waits: Waits,
    attached: Option<Attached>,
    /// What waits for room in the session; while anything does, nothing more is read.
    inputs: VecDeque<Input>,
    report: Report,
    /// What has come since the device should hold everything.
    held_bytes: u64,
    /// When generations began, on the device's clock.
    started_ms: BTreeMap<u32, i64>,
    /// Server's clock minus device's clock.
    clock_offset_ms: i64,
    ingest: Ingest,
}

struct Attached {
    id: String,
    epoch: u64,
    /// Without it the session is over and only its summary is left.
    attachment: Option<Attachment>,
    handle: Handle,
}

enum Wake {
    Message(Result<Incoming, Ended>),
    Handed(bool),
    Progress(bool),
    Ping,
    Silent,
    Revoked,
    Shutdown,
}

impl Connection {
    async fn run(&mut self) -> Result<(), Ended> {
        let mut pings = super::pings();
        let mut heard = Instant::now();
        loop {
            match self.wake(&mut pings, heard).await {
                Wake::Message(message) => {
                    heard = Instant::now();
                    let outputs = match message {
                        Ok(Incoming::Text(text)) => self.conversation.text(&text),
                        Ok(Incoming::Binary(bytes)) => self.binary(bytes),
                        Ok(Incoming::Pong) => continue,
                        Err(Ended::TooLarge) => {
                            metrics::MISTAKES.add(Mistake::BadMessage, 1);
                            let sentence = "a message is larger than 256 KiB";
                            return self.close(1009, sentence).await;
                        }
                        Err(Ended::Broken(code)) => return self.close(code, BROKEN).await,
                        Err(ended @ (Ended::Closed | Ended::Gone)) => return Err(ended),
                    };
                    for output in outputs {
                        self.output(output).await?;
                    }
                }
                // Nothing was read meanwhile, so nothing can have been heard.
                Wake::Handed(true) => heard = Instant::now(),
                Wake::Progress(true) => self.progress().await?,
                // The session's task is over, and its last word has been read.
                Wake::Handed(false) | Wake::Progress(false) => {
                    self.progress().await?;
                    // Without a summary it was the disk that ended it.
                    let handle = self.attached.as_ref().map(|attached| attached.handle.clone());
                    return match handle {
                        Some(handle) => self.refuse(&handle).await,
                        None => Err(Ended::Closed),
                    };
                }
                Wake::Ping => self.socket.send(Outgoing::Ping).await?,
                Wake::Silent if self.attached.is_none() => {
                    let sentence = "the first message must be hello".to_owned();
                    return self.fail(ErrorCode::BadMessage, sentence, None).await;
                }
                Wake::Silent => return Err(Ended::Closed),
                Wake::Revoked => {
                    let (code, sentence) = self.revoked();
                    return self.fail(code, sentence.to_owned(), None).await;
                }
                Wake::Shutdown => {
                    let sentence = "the server is stopping; what it received is kept";
                    return self.fail(ErrorCode::ShuttingDown, sentence.to_owned(), None).await;
                }
            }
        }
    }

    async fn wake(&mut self, pings: &mut tokio::time::Interval, heard: Instant) -> Wake {
        let attached = self.attached.as_mut();
        let (attachment, watchers) = match attached {
            Some(Attached { attachment, handle, .. }) => {
                (attachment.as_ref(), Some((&mut handle.progress, &mut handle.durable)))
            }
            None => (None, None),
        };
        let silent_at = match &watchers {
            Some(_) => heard + IDLE_TIMEOUT,
            None => self.connected + HELLO_TIMEOUT,
        };
        let inputs = &mut self.inputs;
        let is_waiting = !inputs.is_empty();
        let hand_over = async {
            match attachment {
                Some(attachment) if is_waiting => match attachment.ready().await {
                    Ok(slot) => {
                        if let Some(input) = inputs.pop_front() {
                            slot.fill(input);
                        }
                        true
                    }
                    Err(()) => false,
                },
                _ => std::future::pending().await,
            }
        };
        let pass = self.pass.as_ref();
        let revoked = async {
            match pass {
                Some(pass) => pass.revoked().cancelled().await,
                None => std::future::pending().await,
            }
        };
        let changes = async {
            match watchers {
                Some((progress, durable)) => tokio::select! {
                    biased;
                    changed = progress.changed() => changed.is_ok(),
                    changed = durable.changed() => changed.is_ok(),
                },
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // In a fixed order, so that what happens can be repeated.
            biased;
            () = revoked => Wake::Revoked,
            handed = hand_over => Wake::Handed(handed),
            changed = changes => Wake::Progress(changed),
            message = self.socket.receive(), if !is_waiting => Wake::Message(message),
            _ = pings.tick() => Wake::Ping,
            () = tokio::time::sleep_until(silent_at), if !is_waiting => Wake::Silent,
            () = self.ingest.shutdown.cancelled() => Wake::Shutdown,
        }
    }

    /// Takes a chunk, and counts how much of it is new.
    fn binary(&mut self, message: Bytes) -> Vec<Output> {
        let came_bytes = message.len().saturating_sub(CHUNK_HEADER_BYTES);
        let outputs = self.conversation.binary(message);
        let new = outputs.iter().find_map(|output| match output {
            Output::Media { generation, bytes } => Some((*generation, bytes.len())),
            _ => None,
        });
        if let Some((generation, new_bytes)) = new {
            metrics::INGESTED_BYTES.add(self.protocol, new_bytes as u64);
            metrics::INGESTED_CHUNKS.add(self.protocol, 1);
            metrics::REPEATED_BYTES.add(came_bytes.saturating_sub(new_bytes) as u64);
            let end = self.conversation.received(generation);
            self.waits.arrived(generation, end, std::time::Instant::now());
        } else if outputs.is_empty() {
            metrics::REPEATED_BYTES.add(came_bytes as u64);
        }
        outputs
    }

    async fn output(&mut self, output: Output) -> Result<(), Ended> {
        match output {
            Output::Open(hello) => return self.open(hello).await,
            Output::Begin(message) => {
                let generation = self.generation(message);
                self.inputs.push_back(Input::Begin(generation));
            }
            Output::Media { generation, bytes } => {
                if self.is_beyond_credit(bytes.len()) {
                    let sentence = "the server cannot take media now, and the device sends more than was on its way";
                    return self.fail(ErrorCode::BadMessage, sentence.to_owned(), None).await;
                }
                self.inputs.push_back(Input::Media { generation, bytes });
            }
            Output::End { generation } => self.inputs.push_back(Input::End { generation }),
            Output::Event(event) => self.inputs.push_back(Input::Note(self.note(event))),
            Output::Clock(reading) => self.inputs.extend(self.clock(reading)),
            Output::Stop => self.inputs.push_back(Input::Stop),
            Output::Fail { code, message, generation } => {
                return self.fail(code, message, generation).await;
            }
        }
        Ok(())
    }

    async fn open(&mut self, hello: Hello) -> Result<(), Ended> {
        let now_ms = clock::now_ms();
        self.clock_offset_ms = now_ms.saturating_sub(hello.now_ms);
        match admission::admit(&self.ingest, &self.arrived, &hello).await {
            Ok(pass) => self.pass = Some(pass),
            Err((code, sentence)) => return self.fail(code, sentence, None).await,
        }
        let id = hello.session.clone();
        let info = SessionInfo {
            id: hello.session,
            device: hello.device,
            key_sha256: hello.key.map(|key| hex::encode(digest(&SHA256, key.as_bytes()))),
            name: hello.name,
            client: hello.client,
            peer: Peer::Connection(self.peer),
            started_us: self.wall_us(hello.started_ms),
            is_resumable: true,
            is_continued: self.conversation.has_let_go(),
        };
        let (mut handle, is_open) = self.ingest.sessions.open(info);
        let Ok(attachment) = tokio::time::timeout(ATTACH_TIMEOUT, handle.attach()).await else {
            return self.refuse(&handle).await;
        };
        if attachment.is_none() && handle.durable.borrow().finished.is_none() {
            return self.refuse(&handle).await;
        }
        let progress = handle.progress.borrow_and_update().clone();
        let known = handle.durable.borrow().clone();
        self.report = Report::new(&progress, &known);
        let Durable { generations: durable, failed, .. } = known;
        let broken: BTreeSet<u32> = progress.failed.keys().chain(failed.keys()).copied().collect();
        let position = |(&generation, &received): (&u32, &u64)| Position {
            generation,
            received,
            durable: durable.get(&generation).map_or(0, |known| known.position),
            ended: progress.ended.contains(&generation) || broken.contains(&generation),
        };
        let positions: Vec<Position> = progress.received.iter().map(position).collect();
        let outputs = self.conversation.welcome(&positions);
        for generation in broken {
            self.conversation.give_up(generation);
        }
        handle.durable.mark_changed();
        let is_held = handle.durable.borrow().holds_because().is_some();
        let epoch = attachment.as_ref().map_or(progress.epoch, |attachment| attachment.epoch);
        self.attached = Some(Attached { id: id.clone(), epoch, attachment, handle });
        let addresses = self.ingest.reach.borrow().origins.clone();
        self.send(&ServerMessage::Welcome {
            session: id,
            resumed: is_open || progress.is_resumed,
            now_ms,
            positions,
            limits: Limits {
                message_bytes: MAX_MESSAGE_BYTES as u64,
                credit_bytes: if is_held { 0 } else { CREDIT_BYTES },
                idle_ms: u64::try_from(IDLE_TIMEOUT.as_millis()).unwrap_or(u64::MAX),
            },
            addresses,
            retry_ms: RETRY_MS,
        })
        .await?;
        for output in outputs {
            if let Output::Fail { code, message, generation } = output {
                self.fail(code, message, generation).await?;
            }
        }
        Ok(())
    }

    /// What the device is told when its pass ends under way. What came before is kept.
    fn revoked(&self) -> (ErrorCode, &'static str) {
        match self.pass.as_ref().map(Pass::who) {
            Some(Who::Everyone) => (ErrorCode::NotPaired, admission::NOT_PAIRED),
            _ => (ErrorCode::Revoked, admission::REVOKED),
        }
    }

    /// The session is there and cannot answer.
    async fn refuse(&mut self, handle: &Handle) -> Result<(), Ended> {
        let reason = handle.durable.borrow().holds_because().cloned();
        let message = reason.unwrap_or_else(|| "the server's disk is slow to answer".to_owned());
        count(ErrorCode::Storage);
        let error = ServerMessage::Error { code: ErrorCode::Storage, message, generation: None };
        self.send(&error).await?;
        self.close(1013, "the server cannot write; come back later").await
    }

    /// Whether the device goes on sending although it has no credit. What is on its way when the
    /// credit ends is at most what it had.
    fn is_beyond_credit(&mut self, bytes: usize) -> bool {
        let handle = self.attached.as_ref().map(|attached| &attached.handle);
        let is_held = handle.is_some_and(|h| h.durable.borrow().holds_because().is_some());
        self.held_bytes = if is_held { self.held_bytes + bytes as u64 } else { 0 };
        self.held_bytes > 2 * CREDIT_BYTES
    }

    fn generation(&mut self, message: GenerationMessage) -> Generation {
        self.started_ms.insert(message.generation, message.started_ms);
        Generation {
            number: message.generation,
            mime: message.mime,
            reason: message.reason,
            anchor_us: match message.offset_ms {
                Some(offset_ms) => wall_us(message.started_ms, offset_ms),
                None => self.wall_us(message.started_ms),
            },
        }
    }

    /// Both times are of one clock, so that it does not matter how that is set.
    fn clock(&self, reading: ClockMessage) -> Option<Input> {
        let ClockMessage { generation, end, at_ms } = reading;
        let started_ms = self.started_ms.get(&generation)?;
        let elapsed_us = at_ms.saturating_sub(*started_ms).saturating_mul(1000);
        Some(Input::Clock { generation, end, elapsed_us })
    }

    fn note(&self, event: EventMessage) -> Note {
        let now_us = clock::now_us();
        let start_ms = event.start_ms.or(event.at_ms);
        let offset_ms = event.offset_ms.unwrap_or(self.clock_offset_ms);
        Note {
            generation: event.generation,
            device_ms: start_ms,
            start_us: start_ms.map_or(now_us, |at_ms| wall_us(at_ms, offset_ms)),
            end_us: event.end_ms.map(|at_ms| wall_us(at_ms, offset_ms)),
            event: event.event,
            reason: event.reason,
            detail: event.detail,
        }
    }

    /// A time of the device's clock on the server's.
    fn wall_us(&self, device_ms: i64) -> i64 {
        wall_us(device_ms, self.clock_offset_ms)
    }

    /// Tells the device what has changed.
    async fn progress(&mut self) -> Result<(), Ended> {
        let Some(attached) = &mut self.attached else { return Ok(()) };
        let progress = attached.handle.progress.borrow_and_update().clone();
        if progress.epoch != attached.epoch {
            let sentence = "the device has connected a second time and goes on there";
            return self.fail(ErrorCode::SessionInUse, sentence.to_owned(), None).await;
        }
        let durable = attached.handle.durable.borrow_and_update().clone();
        let received = |generation| self.conversation.received(generation);
        for news in self.report.news(&progress, &durable, received) {
            match news {
                News::GiveUp(generation) => {
                    for output in self.conversation.give_up(generation) {
                        self.output(output).await?;
                    }
                }
                News::Message(message) => {
                    self.send(&message).await?;
                    match message {
                        ServerMessage::Ack { generation, durable, .. } => {
                            let now = std::time::Instant::now();
                            self.waits.acknowledged(generation, durable, now);
                        }
                        ServerMessage::Error { code, .. } => count(code),
                        _ => {}
                    }
                }
            }
        }
        match durable.finished {
            Some(finished) if finished.is_stopped => self.summarise(finished).await,
            Some(_) => self.close(1012, "the session was put aside; say hello again").await,
            None => Ok(()),
        }
    }

    async fn summarise(&mut self, finished: Finished) -> Result<(), Ended> {
        let session = self.attached.as_ref().map(|attached| attached.id.clone());
        let session = session.unwrap_or_default();
        let files = finished.files.into_iter().map(|file| SummaryFile {
            url: format!("/api/sessions/{session}/files/{}", file.file),
            file: file.file,
            generation: file.generation,
            start_ms: file.start_us / 1000,
            duration_ms: file.duration_us / 1000,
            bytes: file.bytes,
        });
        let files = files.collect();
        let summary = ServerMessage::Summary { session, folder: finished.folder, files };
        self.send(&summary).await?;
        self.close(1000, "").await
    }

    async fn fail(
        &mut self,
        code: ErrorCode,
        message: String,
        generation: Option<u32>,
    ) -> Result<(), Ended> {
        count(code);
        let error = ServerMessage::Error { code, message: message.clone(), generation };
        self.send(&error).await?;
        match code.close_code() {
            Some(close_code) => self.close(close_code, &message).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, message: &ServerMessage) -> Result<(), Ended> {
        let text = serde_json::to_string(message).unwrap_or_default();
        self.socket.send(Outgoing::Text(text)).await
    }

    /// Says the last word; what follows is the end of the connection.
    async fn close(&mut self, code: u16, reason: &str) -> Result<(), Ended> {
        // A close frame holds at most 123 bytes of reason (RFC 6455 section 5.5).
        let end = reason.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|&e| e <= 123);
        let reason = reason[..end.last().unwrap_or(0)].to_owned();
        self.socket.send(Outgoing::Close(code, reason)).await?;
        Err(Ended::Closed)
    }
}

fn count(code: ErrorCode) {
    let mistake = match code {
        ErrorCode::BadMessage => Mistake::BadMessage,
        ErrorCode::BadStream => Mistake::BadStream,
        ErrorCode::Hole => Mistake::Hole,
        ErrorCode::Lost => Mistake::Lost,
        ErrorCode::NotPaired => Mistake::NotPaired,
        ErrorCode::Revoked => Mistake::Revoked,
        ErrorCode::SessionInUse => Mistake::SessionInUse,
        ErrorCode::Storage => Mistake::Storage,
        // Everybody is told when the server stops.
        _ => return,
    };
    metrics::MISTAKES.add(mistake, 1);
}

fn wall_us(device_ms: i64, offset_ms: i64) -> i64 {
    device_ms.saturating_add(offset_ms).saturating_mul(1000).clamp(0, MAX_WALL_US)
}
