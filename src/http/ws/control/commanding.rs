//! A controller's commands on their way, and what comes of them.

use std::collections::HashMap;
use std::net::IpAddr;

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::FuturesUnordered;
use serde_json::{Map, Value, json};

use super::super::super::api::devices::publishers;
use crate::devices::{Answer, Code, Command, Devices, Refusal, Running, id_of};
use crate::live::Streams;
use crate::sources::{self, Sources};

/// Commands of one controller that are not over; each may be for every device there is. A person
/// gives one at a time, a program a few.
const MAX_COMMANDS: usize = 16;

/// The commands of one connection. What is dropped with it is given up.
pub(super) struct Commanding {
    devices: Devices,
    streams: Streams,
    from: IpAddr,
    open: HashMap<u64, Open>,
    next: u64,
    running: FuturesUnordered<BoxFuture<'static, Step>>,
    sources: Sources,
    /// Commands to sources, each with what is to be said when it is over.
    pausing: FuturesUnordered<BoxFuture<'static, Vec<Value>>>,
}

/// A command that is not over.
struct Open {
    /// The controller's own.
    id: String,
    /// Devices that have not answered.
    left: usize,
}

/// What comes of a command at a device.
struct Step {
    command: u64,
    device: String,
    running: Running,
    answer: Answer,
}

impl Commanding {
    pub(super) fn new(devices: Devices, streams: Streams, sources: Sources, from: IpAddr) -> Self {
        Self {
            devices,
            streams,
            from: from.to_canonical(),
            open: HashMap::new(),
            next: 0,
            running: FuturesUnordered::new(),
            sources,
            pausing: FuturesUnordered::new(),
        }
    }

    pub(super) fn from(&self) -> IpAddr {
        self.from
    }

    /// Takes a command; what is to be said of it at once.
    pub(super) fn begin(&mut self, message: &Map<String, Value>) -> Vec<Value> {
        let Some(id) = id_of(message) else {
            return vec![super::bad("a command needs an id of 1 to 64 characters")];
        };
        if let Some(source) = message.get("to").and_then(|to| to.get("source")) {
            return self.pause(id, source, message.get("do")).err().unwrap_or_default();
        }
        match self.run(id, message) {
            Ok(said) => said,
            Err(refusal) => {
                let device = message.get("to").filter(|_| refusal.code == Code::UnknownDevice);
                let device = device.and_then(Value::as_str).filter(|device| device.len() <= 64);
                vec![result(id, device, Err(refusal)), done(id)]
            }
        }
    }

    /// What is said to a command of somebody who may give none.
    pub(super) fn forbid(&self, message: &Map<String, Value>) -> Vec<Value> {
        let Some(id) = id_of(message) else {
            return vec![super::bad("a command needs an id of 1 to 64 characters")];
        };
        let refusal =
            Code::Forbidden.because("commands are for admins; sign in as one, or ask one");
        vec![result(id, None, Err(refusal)), done(id)]
    }

    fn run(&mut self, id: &str, message: &Map<String, Value>) -> Result<Vec<Value>, Refusal> {
        let command = Command::parse(message)?;
        if self.open.len() >= MAX_COMMANDS {
            let sentence = "too many commands of yours are not over; wait for their results";
            return Err(Code::Busy.because(sentence));
        }
        let devices = self.devices.resolve(&command.to, &publishers(&self.streams))?;
        let (number, mut left, mut said) = (self.next, 0, Vec::new());
        self.next += 1;
        for device in devices {
            match self.devices.command(&device, &command.order, self.from) {
                Ok(running) => {
                    left += 1;
                    self.running.push(step(number, device, running));
                }
                Err(refusal) => said.push(result(id, Some(&device), Err(refusal))),
            }
        }
        match left {
            0 => said.push(done(id)),
            _ => drop(self.open.insert(number, Open { id: id.to_owned(), left })),
        }
        Ok(said)
    }

    /// A command to a source. `Err` is what there is to say at once.
    fn pause(&self, id: &str, source: &Value, word: Option<&Value>) -> Result<(), Vec<Value>> {
        let source = source.as_str().filter(|source| source.len() <= 64).map(str::to_owned);
        let refused =
            |code, sentence: &str| vec![no(id, source.as_deref(), code, sentence), done(id)];
        if self.pausing.len() >= MAX_COMMANDS {
            return Err(refused(
                "busy",
                "too many commands of yours are not over; wait for their results",
            ));
        }
        let is_paused = match word.and_then(Value::as_str) {
            Some("pause") => true,
            Some("resume") => false,
            _ => return Err(refused("unsupported", "a source takes pause and resume")),
        };
        let Some(name) = source.clone() else {
            return Err(refused("bad_command", "to.source is the name of a source"));
        };
        let (id, sources) = (id.to_owned(), self.sources.clone());
        let pausing = async move {
            let result = match sources.pause(name.clone(), is_paused).await {
                Ok(_) => json!({ "type": "result", "id": id, "source": name, "ok": true }),
                Err(refusal) => {
                    let code = match refusal {
                        sources::Refusal::Unknown(_) => "unknown_source",
                        _ => "failed",
                    };
                    no(&id, Some(&name), code, &refusal.to_string())
                }
            };
            vec![result, done(&id)]
        };
        self.pausing.push(pausing.boxed());
        Ok(())
    }

    /// What is to be said next. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Vec<Value> {
        let step_taken = tokio::select! {
            Some(step_taken) = self.running.next() => step_taken,
            Some(said) = self.pausing.next() => return said,
            else => return std::future::pending().await,
        };
        let Step { command, device, running, answer } = step_taken;
        let Some(open) = self.open.get_mut(&command) else { return Vec::new() };
        match answer {
            Answer::Asking(sentence) => {
                let said = json!({
                    "type": "result", "id": open.id, "device": device, "ok": null,
                    "code": "asking", "message": sentence,
                });
                self.running.push(step(command, device, running));
                vec![said]
            }
            Answer::Over(outcome) => {
                let mut said = vec![result(&open.id, Some(&device), outcome)];
                open.left -= 1;
                if open.left == 0 {
                    said.push(done(&open.id));
                    self.open.remove(&command);
                }
                said
            }
        }
    }
}

fn step(command: u64, device: String, mut running: Running) -> BoxFuture<'static, Step> {
    async move {
        let answer = running.next().await;
        Step { command, device, running, answer }
    }
    .boxed()
}

fn result(id: &str, device: Option<&str>, outcome: Result<(), Refusal>) -> Value {
    match outcome {
        Ok(()) => json!({ "type": "result", "id": id, "device": device, "ok": true }),
        Err(Refusal { code, message }) => json!({
            "type": "result", "id": id, "device": device, "ok": false, "code": code.name(),
            "message": message,
        }),
    }
}

fn no(id: &str, source: Option<&str>, code: &str, message: &str) -> Value {
    json!({
        "type": "result", "id": id, "source": source, "ok": false, "code": code,
        "message": message,
    })
}

fn done(id: &str) -> Value {
    json!({ "type": "done", "id": id })
}
