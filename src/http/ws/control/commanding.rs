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
    pub(super) fn new(devices: Devices, streams: Streams, from: IpAddr) -> Self {
        let (open, running) = (HashMap::new(), FuturesUnordered::new());
        Self { devices, streams, from: from.to_canonical(), open, next: 0, running }
    }

    pub(super) fn from(&self) -> IpAddr {
        self.from
    }

    /// Takes a command; what is to be said of it at once.
    pub(super) fn begin(&mut self, message: &Map<String, Value>) -> Vec<Value> {
        let Some(id) = id_of(message) else {
            return vec![super::bad("a command needs an id of 1 to 64 characters")];
        };
        match self.run(id, message) {
            Ok(said) => said,
            Err(refusal) => {
                let device = message.get("to").filter(|_| refusal.code == Code::UnknownDevice);
                let device = device.and_then(Value::as_str).filter(|device| device.len() <= 64);
                vec![result(id, device, Err(refusal)), done(id)]
            }
        }
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

    /// What is to be said next. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Vec<Value> {
        let Some(step_taken) = self.running.next().await else {
            return std::future::pending().await;
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

fn done(id: &str) -> Value {
    json!({ "type": "done", "id": id })
}
