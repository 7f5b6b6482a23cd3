//! A device that speaks `localcamera.v1`: `ingest_protocol::Client` decides, this does it. Its
//! spool is the stream itself, which can be made again from any position.

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use ingest_protocol::client::{GenerationStart, Identity, Over};
use ingest_protocol::{Chunk, Client, ClientOutput};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;

use super::{Acknowledged, Outcome, Plan, Publisher};
use crate::connection::{Line, Socket};
use crate::media::Reached;

/// Four acknowledgements a second, and what comes with them.
const HEARD_MESSAGES: usize = 64;

/// Between two attempts to reach a server that is away.
const PAUSE: Duration = Duration::from_millis(500);

/// As long as a device waits.
const WELCOME: Duration = Duration::from_secs(10);

struct Device {
    publisher: Publisher,
    plan: Plan,
    client: Client,
    reached: Reached,
    clock: Clock,
    /// Where acknowledgements stand for chunks, over all generations, and when each chunk was handed
    /// over.
    waiting: VecDeque<(u64, Instant)>,
    outcome: Outcome,
}

/// A connection: what is said to it, and what it says, each with its time.
struct Conversation {
    sink: SplitSink<Socket, Message>,
    heard: mpsc::Receiver<(Option<String>, Instant)>,
    listening: JoinHandle<()>,
}

/// A session that has been welcomed: the server waits for a hello no longer than ten seconds, and a
/// thousand handshakes may take longer.
pub(crate) struct Greeted {
    client: Client,
    clock: Clock,
    conversation: Conversation,
}

/// Says hello and waits for the welcome.
///
/// # Errors
/// When the server does not welcome it.
pub(crate) async fn greet(number: u32, line: &Line) -> Result<Greeted> {
    let clock = Clock::new();
    let name = device(number);
    let mut client = Client::new(Identity {
        device: name.clone(),
        key: None,
        session: format!("session-{number}"),
        name,
        started_ms: clock.began_ms,
        client: "load/1".to_owned(),
    });
    let mut conversation = Conversation::new(line.v1().await?);
    client.connected(clock.now_ms());
    loop {
        match client.poll(false, clock.now_ms()) {
            Some(ClientOutput::Welcomed) => return Ok(Greeted { client, clock, conversation }),
            Some(ClientOutput::Text(text)) => conversation.sink.send(Message::text(text)).await?,
            Some(other) => bail!("in place of a welcome: {other:?}"),
            None => match timeout(WELCOME, conversation.heard.recv()).await {
                Ok(Some((Some(text), _))) => client.text(&text, clock.now_ms()),
                Ok(Some((None, _))) => {}
                Ok(None) | Err(_) => bail!("publisher {number} is not welcomed"),
            },
        }
    }
}

/// Sends to the end of the plan and waits for the summary.
pub(crate) async fn run(publisher: Publisher, plan: Plan, greeted: Greeted) -> Outcome {
    let Greeted { client, clock, conversation } = greeted;
    let outcome = Outcome { number: publisher.number, ..Outcome::default() };
    let mut device = Device {
        publisher,
        plan,
        client,
        clock,
        reached: Reached::default(),
        waiting: VecDeque::new(),
        outcome,
    };
    device.begin();
    let end = device.plan.start + device.plan.length + device.plan.patience;
    match timeout_at(end.into(), device.deliver(conversation)).await {
        Ok(Ok(())) => {}
        Ok(Err(trouble)) => device.outcome.trouble = Some(trouble),
        Err(_elapsed) => {
            let view = device.client.view();
            device.outcome.trouble = Some(format!("no summary in time: {view:?}"));
        }
    }
    device.outcome
}

/// The id of a publisher's device, which is its stream's name, too.
pub(crate) fn device(number: u32) -> String {
    format!("load-{number:05}")
}

impl Device {
    /// Until everything is with the server.
    async fn deliver(&mut self, conversation: Conversation) -> std::result::Result<(), String> {
        let mut conversation = Some(conversation);
        let mut chunk = 0;
        let mut away = self.plan.away.map(|(from, lasting)| {
            let from = self.plan.start + from;
            (from, from + lasting)
        });
        let mut retry = None;
        loop {
            if let Some(over) = self.speak(&mut conversation).await? {
                return match over {
                    Over::Finished(_) => Ok(()),
                    Over::TakenOver => Err("another connection has taken it over".to_owned()),
                };
            }
            if conversation.is_none() && retry.is_none() {
                self.client.disconnected();
                retry = Some(Instant::now() + PAUSE);
            }
            let due = self.plan.due(self.publisher.number, chunk);
            tokio::select! {
                () = sleep_until(due.into()), if chunk < self.plan.chunks() => {
                    self.hand_over(chunk);
                    chunk += 1;
                    if chunk == self.plan.chunks() {
                        self.client.stop();
                    }
                }
                () = at(away.map(|(from, _)| from)) => {
                    conversation = None;
                    retry = away.take().map(|(_, until)| until);
                    self.client.disconnected();
                }
                () = at(retry) => {
                    retry = None;
                    self.outcome.reconnects += 1;
                    if let Ok(socket) = self.plan.line.v1().await {
                        conversation = Some(Conversation::new(socket));
                        self.client.connected(self.now_ms());
                    }
                }
                heard = hear(&mut conversation) => match heard {
                    Some((Some(text), when)) => {
                        self.client.text(&text, self.now_ms());
                        self.acknowledge(when);
                    }
                    Some((None, _)) => self.client.heard(self.now_ms()),
                    None => conversation = None,
                },
                () = at(self.deadline()) => {}
            }
        }
    }

    fn begin(&mut self) {
        self.client.begin(GenerationStart {
            mime: self.publisher.media.mime().to_owned(),
            started_ms: self.now_ms(),
            offset_ms: self.client.offset_ms(),
            reason: "start".to_owned(),
        });
    }

    fn hand_over(&mut self, chunk: u64) {
        self.publisher.handed.now(chunk, self.plan.start);
        let (from, when) = (self.outcome.sent_bytes, Instant::now());
        let to = self.publisher.media.reached(self.plan.media_ms(chunk));
        while self.reached.generation < to.generation {
            let rest = self.publisher.media.generation_bytes() - self.reached.bytes;
            self.append(rest);
            self.client.end(self.reached.generation);
            self.begin();
            self.reached = Reached { generation: self.reached.generation + 1, bytes: 0 };
        }
        self.append(to.bytes - self.reached.bytes);
        self.reached = to;
        self.outcome.media_ms = self.plan.media_ms(chunk);
        let until = self.publisher.media.acknowledged_at(from, self.outcome.sent_bytes);
        self.waiting.push_back((until, when));
    }

    fn append(&mut self, bytes: u64) {
        self.client.appended(self.reached.generation, bytes);
        self.outcome.sent_bytes += bytes;
    }

    fn acknowledge(&mut self, when: Instant) {
        let durable = self.client.view().durable_bytes;
        while let Some(&(end, handed)) = self.waiting.front()
            && end <= durable
        {
            self.waiting.pop_front();
            let at = when.saturating_duration_since(self.plan.start);
            let after = when.saturating_duration_since(handed);
            self.outcome.acknowledged.push(Acknowledged { at, after });
        }
    }

    /// Says what there is to say.
    async fn speak(
        &mut self,
        open: &mut Option<Conversation>,
    ) -> std::result::Result<Option<Over>, String> {
        while let Some(output) = self.client.poll(open.is_some(), self.now_ms()) {
            let message = match output {
                ClientOutput::Text(text) => Message::text(text),
                ClientOutput::Chunk { generation, position, length } => {
                    let mut payload = Vec::with_capacity(length);
                    self.publisher.media.read(position, length, &mut payload);
                    let payload = payload.into();
                    Message::Binary(Chunk { generation, position, payload }.encode())
                }
                ClientOutput::Over(over) => return Ok(Some(over)),
                ClientOutput::Refused { generation, message, .. } => {
                    return Err(format!("generation {generation} was refused: {message}"));
                }
                ClientOutput::NotAdmitted { message, .. } => return Err(message),
                ClientOutput::HangUp(_) => {
                    *open = None;
                    self.client.disconnected();
                    continue;
                }
                _ => continue,
            };
            let is_sent = match open {
                Some(conversation) => conversation.sink.send(message).await.is_ok(),
                None => false,
            };
            if !is_sent && open.take().is_some() {
                self.client.disconnected();
            }
        }
        Ok(None)
    }

    fn deadline(&self) -> Option<Instant> {
        let ms = self.client.deadline()?.saturating_sub(self.now_ms());
        // A millisecond later than it is due, so that it is due then.
        Some(Instant::now() + Duration::from_millis(u64::try_from(ms).unwrap_or(0) + 1))
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }
}

/// The wall clock as it was at the beginning, carried on by one that nobody sets.
#[derive(Clone, Copy)]
struct Clock {
    began: Instant,
    began_ms: i64,
}

impl Clock {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let began_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        Self { began: Instant::now(), began_ms }
    }

    fn now_ms(&self) -> i64 {
        let passed_ms = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.began_ms.saturating_add(passed_ms)
    }
}

impl Conversation {
    fn new(socket: Socket) -> Self {
        let (sink, stream) = socket.split();
        let (tell, heard) = mpsc::channel(HEARD_MESSAGES);
        Self { sink, heard, listening: tokio::spawn(listen(stream, tell)) }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Apart from the sending, so that a message's time is when it came.
async fn listen(mut stream: SplitStream<Socket>, tell: mpsc::Sender<(Option<String>, Instant)>) {
    while let Some(Ok(message)) = stream.next().await {
        let text = match message {
            Message::Text(text) => Some(text.to_string()),
            Message::Close(_) => return,
            _ => None,
        };
        if tell.send((text, Instant::now())).await.is_err() {
            return;
        }
    }
}

async fn hear(open: &mut Option<Conversation>) -> Option<(Option<String>, Instant)> {
    match open {
        Some(conversation) => conversation.heard.recv().await,
        None => std::future::pending().await,
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when.into()).await,
        None => std::future::pending().await,
    }
}
