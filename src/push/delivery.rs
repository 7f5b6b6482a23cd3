//! One recording on its way to the server: `ingest_protocol::Client` decides, this does it, over
//! as many connections as it takes.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use indicatif::DecimalBytes;
use ingest_protocol::client::{Over, Summary, View};
use ingest_protocol::{Chunk, Client, ClientOutput, ErrorCode};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use super::backoff::{Backoff, chance};
use super::connection::{Failure, Socket, ending, farewell};
use super::intake::Arrived;
use super::memory::Start;
use super::recording::{Recording, generation_start};
use super::run::{Event, Run};

/// Messages on their way into the socket. More would stand between the network and what the
/// acknowledgements say.
const QUEUED_MESSAGES: usize = 4;

/// How long the server gets to say its goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

/// The only generation of a push: whatever else the stream holds is the server's to find.
const GENERATION: u32 = 0;

/// How a delivery ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// The server has everything on its disk.
    Complete(Summary),
    /// The stream ended before its first byte.
    Empty,
    /// The server takes no more of it, and what it has made of the rest.
    Refused { code: ErrorCode, message: String, summary: Summary },
    /// Another push delivers the same session.
    TakenOver,
    /// The server cannot be reached, and trying again would change nothing.
    Unreachable(String),
    /// The server takes nothing of this program until somebody lets it in.
    NotAdmitted(String),
    /// Nothing was delivered for as long as somebody was willing to wait.
    GaveUp,
    /// What is to be delivered cannot be read.
    Unreadable(std::io::Error),
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// Delivers a recording. Says how that ended, and how much of it is where.
pub(super) async fn deliver(run: &mut Run, recording: &mut Recording) -> (Ending, View) {
    let total = recording.arrived.borrow().is_ended.then(|| recording.arrived.borrow().bytes);
    run.progress.begin(&recording.label, total);
    let (client, taken) = recording.client();
    let mut delivery = Delivery {
        run,
        recording,
        client,
        taken,
        refused: None,
        was_welcomed: false,
        backoff: Backoff::default(),
        fresh: Instant::now(),
    };
    let Err(ending) = delivery.attempt().await;
    let view = delivery.client.view();
    delivery.run.progress.end();
    (ending, view)
}

struct Delivery<'a> {
    run: &'a mut Run,
    recording: &'a mut Recording,
    client: Client,
    /// What the client has been told of the stream.
    taken: Arrived,
    refused: Option<(ErrorCode, String)>,
    was_welcomed: bool,
    backoff: Backoff,
    /// When something was delivered last, or nothing waited.
    fresh: Instant,
}

impl Delivery<'_> {
    /// Connects, and connects again, until there is an end.
    async fn attempt(&mut self) -> Result<Infallible, Ending> {
        self.take_arrivals()?;
        loop {
            let connecting = self.run.line.clone().connect();
            let reason = match self.meanwhile(connecting).await? {
                Ok(socket) => {
                    let talked = self.converse(socket).await;
                    self.client.disconnected();
                    let reason = talked?;
                    format!("the connection to {} was lost: {reason}", self.run.line.to())
                }
                Err(Failure::Lasting(reason)) if !self.run.was_welcomed => {
                    return Err(Ending::Unreachable(reason));
                }
                Err(Failure::Lasting(reason) | Failure::Passing(reason)) => reason,
            };
            if let Some((code, message)) = self.refused.take() {
                return Err(Ending::Refused { code, message, summary: Summary::default() });
            }
            self.run.progress.trouble(reason, "; trying again");
            let pause = self.backoff.next(self.client.retry_ms(), chance());
            self.meanwhile(tokio::time::sleep(pause)).await?;
        }
    }

    /// Waits for something, and takes care of everything else.
    async fn meanwhile<F: Future>(&mut self, awaited: F) -> Result<F::Output, Ending> {
        let mut awaited = pin!(awaited);
        loop {
            tokio::select! {
                // Why an attempt failed is known before it is given up.
                biased;
                output = &mut awaited => return Ok(output),
                event = self.run.event(&mut self.recording.arrived) => self.handle(event).await?,
            }
        }
    }

    /// Talks until the connection is over; returns why.
    async fn converse(&mut self, socket: Socket) -> Result<String, Ending> {
        let (mut sink, mut stream) = socket.split();
        let (outgoing, mut queue) = mpsc::channel(QUEUED_MESSAGES);
        let mut writing = pin!(async {
            while let Some(message) = queue.recv().await {
                if let Err(error) = sink.send(message).await {
                    return ending(&error);
                }
            }
            String::new()
        });
        let mut waiting = VecDeque::new();
        self.client.connected(self.run.clock.now_ms());
        loop {
            match self.act(&mut waiting) {
                Ok(None) => {}
                Ok(Some(reason)) => return Ok(reason),
                Err(over) => {
                    let goodbye = async { while let Some(Ok(_)) = stream.next().await {} };
                    let _ = tokio::time::timeout(FAREWELL, goodbye).await;
                    return Err(over);
                }
            }
            let due = self.client.deadline().map(|at_ms| self.run.clock.until(at_ms));
            tokio::select! {
                reason = &mut writing => return Ok(reason),
                room = outgoing.reserve(), if !waiting.is_empty() => {
                    if let (Ok(room), Some(message)) = (room, waiting.pop_front()) {
                        room.send(message);
                    }
                }
                message = stream.next() => match message {
                    Some(Ok(Message::Text(text))) => {
                        self.client.text(&text, self.run.clock.now_ms());
                    }
                    Some(Ok(Message::Close(close))) => return Ok(farewell(close.as_ref())),
                    Some(Ok(_)) => self.client.heard(self.run.clock.now_ms()),
                    Some(Err(error)) => return Ok(ending(&error)),
                    None => return Ok(farewell(None)),
                },
                () = tokio::time::sleep(due.unwrap_or_default()), if due.is_some() => {}
                event = self.run.event(&mut self.recording.arrived) => self.handle(event).await?,
            }
        }
    }

    /// Does what the client asks for. Returns why to hang up, if so.
    fn act(&mut self, waiting: &mut VecDeque<Message>) -> Result<Option<String>, Ending> {
        while let Some(output) = self.client.poll(waiting.is_empty(), self.run.clock.now_ms()) {
            match output {
                ClientOutput::Text(text) => waiting.push_back(Message::text(text)),
                ClientOutput::Chunk { generation, position, length } => {
                    let bytes = self.recording.source.read(position, length);
                    let payload = Bytes::from(bytes.map_err(Ending::Unreadable)?);
                    let chunk = Chunk { generation, position, payload };
                    waiting.push_back(Message::Binary(chunk.encode()));
                }
                ClientOutput::Forget { below, .. } => self.recording.source.forget(below),
                ClientOutput::Welcomed => self.welcomed(),
                ClientOutput::Progress => {
                    self.fresh = Instant::now();
                    self.run.progress.show(self.client.view());
                }
                ClientOutput::Refused { code, message, .. } => {
                    if let Some(reason) = self.refuse(code, message)? {
                        return Ok(Some(reason));
                    }
                }
                ClientOutput::Storage(Some(reason)) => {
                    let reason = format!("the server waits for its disk: {reason}");
                    self.run.progress.trouble(reason, "; it goes on by itself");
                }
                ClientOutput::NotAdmitted { message, .. } => {
                    return Err(Ending::NotAdmitted(message));
                }
                ClientOutput::Storage(None) => self.relieved(),
                ClientOutput::HangUp(reason) => return Ok(Some(reason)),
                ClientOutput::Over(over) => return Err(self.over(over)),
                _ => {}
            }
        }
        Ok(None)
    }

    fn welcomed(&mut self) {
        let view = self.client.view();
        let is_first = !std::mem::replace(&mut self.was_welcomed, true);
        self.run.was_welcomed = true;
        self.backoff.reset();
        self.run.progress.stands(view);
        let label = &self.recording.label;
        let (to, sent) = (self.run.line.to(), DecimalBytes(view.sent_bytes));
        let was_away = self.run.progress.relief();
        if !is_first && !was_away {
            return;
        }
        if view.sent_bytes > 0 {
            self.run.progress.say(&format!("{label} goes on at {to}, which has {sent} of it"));
        } else {
            self.run.progress.say(&format!("{label} goes to {to}"));
        }
    }

    fn relieved(&mut self) {
        if self.run.progress.relief() {
            self.run.progress.say("the server can write again");
        }
    }

    /// The server takes no more of the stream. Returns why to connect again, where that helps.
    fn refuse(&mut self, code: ErrorCode, message: String) -> Result<Option<String>, Ending> {
        if code == ErrorCode::Lost {
            if self.recording.source.first() > 0 {
                return Err(Ending::Refused { code, message, summary: Summary::default() });
            }
            // Everything is still here, so it is delivered once more.
            self.recording.is_left = false;
            (self.client, self.taken) = self.recording.client();
            self.take_arrivals()?;
            let reason = "the server no longer has what it had of this recording, so all of it is \
                          sent again";
            return Ok(Some(reason.to_owned()));
        }
        self.refused = Some((code, message));
        // The server says what it has made of it once it knows that nothing follows.
        self.client.stop();
        if let Some(intake) = self.run.intake.as_ref().filter(|_| !self.taken.is_ended) {
            intake.leave();
        }
        Ok(None)
    }

    fn over(&mut self, over: Over) -> Ending {
        let Over::Finished(summary) = over else { return Ending::TakenOver };
        let view = self.client.view();
        match self.refused.take() {
            Some((code, message)) => Ending::Refused { code, message, summary },
            None if view.durable_bytes < view.total_bytes => Ending::Refused {
                code: ErrorCode::BadStream,
                message: "the server has ended this recording before all of it had come".to_owned(),
                summary,
            },
            None => Ending::Complete(summary),
        }
    }

    async fn handle(&mut self, event: Event) -> Result<(), Ending> {
        match event {
            Event::Arrived => self.take_arrivals(),
            Event::Interrupt => self.interrupted(),
            Event::Tick => self.tick().await,
        }
    }

    /// Tells the client what has come of the stream.
    fn take_arrivals(&mut self) -> Result<(), Ending> {
        let arrived = self.recording.arrived.borrow_and_update().clone();
        if arrived.is_ended && arrived.bytes == 0 {
            return Err(Ending::Empty);
        }
        if arrived.bytes > 0 && self.taken.bytes == 0 {
            let start = self.start(arrived.bytes);
            self.client.begin(generation_start(start));
        }
        self.client.appended(GENERATION, arrived.bytes - self.taken.bytes);
        if arrived.is_ended {
            self.client.stop();
        }
        // A disk that is full and emptied in turn would say so every second.
        if let Some(trouble) = &arrived.trouble
            && self.run.pipe_trouble.as_ref() != Some(trouble)
        {
            self.run.progress.say(trouble);
            self.run.pipe_trouble = Some(trouble.clone());
        }
        self.taken = arrived;
        Ok(())
    }

    /// How the stream begins: a pipe's with its first byte, which is now.
    fn start(&mut self, bytes: u64) -> Start {
        if let Some(start) = &self.recording.source.session().start {
            return start.clone();
        }
        let start = Start {
            mime: self.recording.source.mime(bytes).to_owned(),
            started_ms: self.run.clock.now_ms(),
            offset_ms: self.client.offset_ms(),
        };
        if let Err(error) = self.recording.source.note_start(start.clone()) {
            // The bytes matter more; it is only for a push that is interrupted.
            self.run.progress.say(&format!("the recording's start cannot be noted: {error}"));
        }
        start
    }

    /// A file waits where it is. The program before a pipe has been asked to stop as well, has
    /// its last frames to hand over, and may have ended sooner than this one hears of it.
    fn interrupted(&mut self) -> Result<(), Ending> {
        if self.run.intake.is_none() || self.run.is_asked_to_stop {
            return Err(Ending::Interrupted);
        }
        self.run.is_asked_to_stop = true;
        let waiting = DecimalBytes(self.recording.waiting(self.client.view().durable_bytes));
        self.run.progress.say(&format!(
            "stopping when the stream has ended and is delivered, of which {waiting} wait now; \
             Ctrl-C again leaves the rest in the spool for the next push"
        ));
        Ok(())
    }

    async fn tick(&mut self) -> Result<(), Ending> {
        let view = self.client.view();
        self.run.progress.show(view);
        if let Some(intake) = &mut self.run.intake
            && let Err(error) = intake.sync().await
        {
            self.run.progress.say(&format!(
                "the spool's disk does not keep what is written to it, so a power cut may \
                     cost what waits there: {error}"
            ));
        }
        if view.durable_bytes == view.total_bytes && !self.taken.is_ended {
            self.fresh = Instant::now();
        }
        let patience = self.run.patience.unwrap_or(Duration::MAX);
        if self.fresh.elapsed() >= patience { Err(Ending::GaveUp) } else { Ok(()) }
    }
}
