//! The scripts in `vectors/`, which the JavaScript end is tested against as well.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must stop, loudly"
)]

use std::collections::BTreeMap;

use bytes::Bytes;
use ingest_protocol::client::{GenerationStart, Identity, Over, RestoredGeneration};
use ingest_protocol::{Chunk, Client, ClientOutput, Output, Position, Server};
use serde_json::{Value, json};

#[test]
fn the_device_follows_its_vectors() {
    run("device-", 30, |vector, check| {
        let mut device = Device::new(&vector["restore"]);
        for step in steps(vector) {
            device.input(&step["in"], &step["now"]);
            let can_send_media = step["media"] != false;
            let (mut out, mut told) = (Vec::new(), Vec::new());
            while let Some(output) = device.client.poll(can_send_media, device.now_ms) {
                match output {
                    ClientOutput::Text(text) => out.push(parse(&text)),
                    ClientOutput::Chunk { generation, position, length } => {
                        let chunk = json!({"generation": generation, "position": position, "length": length});
                        out.push(json!({ "chunk": chunk }));
                    }
                    output => told.extend(neutral(output)),
                }
            }
            check(step, "out", out);
            told.sort_by_key(ToString::to_string);
            check(step, "told", told);
        }
    });
}

#[test]
fn the_server_follows_its_vectors() {
    run("server-", 20, |vector, check| {
        let mut server = Server::new();
        for step in steps(vector) {
            let (what, input) = only_member(&step["in"]);
            let outputs = match what {
                "text" => server.text(&message(input)),
                "chunk" => {
                    let generation = number(&input["generation"]) as u32;
                    let payload = hex(&input["hex"]);
                    let chunk = Chunk { generation, position: number(&input["position"]), payload };
                    server.binary(chunk.encode())
                }
                "binary" => server.binary(hex(input)),
                "welcome" => {
                    let positions: Vec<Position> = read(input);
                    server.welcome(&positions)
                }
                "give_up" => server.give_up(number(input) as u32),
                _ => panic!("no input is called {what}"),
            };
            check(step, "out", outputs.into_iter().map(taken).collect());
        }
    });
}

struct Device {
    client: Client,
    now_ms: i64,
}

impl Device {
    fn new(left: &Value) -> Self {
        let identity = Identity {
            device: "device-0001".to_owned(),
            key: None,
            name: "Bench".to_owned(),
            session: "session-0001".to_owned(),
            started_ms: 1000,
            client: "test/1".to_owned(),
        };
        if left.is_null() {
            return Self { client: Client::new(identity), now_ms: 0 };
        }
        let generations = left["generations"].as_array().into_iter().flatten();
        let generations = generations.map(|generation| RestoredGeneration {
            start: start(generation),
            first: number(&generation["first"]),
            end: number(&generation["end"]),
            ended: true,
        });
        let generations: Vec<_> = generations.collect();
        let is_stopped = left["stopped"] == true;
        let events = read(&left["events"]);
        let mut client = Client::restore(identity, &generations, events, is_stopped);
        for clock in left["clocks"].as_array().into_iter().flatten() {
            let generation = number(&clock["generation"]) as u32;
            client.clock(generation, number(&clock["end"]), wall(&clock["at_ms"]));
        }
        Self { client, now_ms: 0 }
    }

    fn input(&mut self, input: &Value, now: &Value) {
        let (what, input) = only_member(input);
        if matches!(what, "connected" | "time") {
            self.now_ms = wall(input);
        }
        self.now_ms = now.as_i64().unwrap_or(self.now_ms);
        let generation = number(&input["generation"]) as u32;
        match what {
            "connected" => self.client.connected(self.now_ms),
            "disconnected" => self.client.disconnected(),
            "text" => self.client.text(&message(input), self.now_ms),
            "begin" => {
                self.client.begin(start(input));
            }
            "appended" => self.client.appended(generation, number(&input["bytes"])),
            "end" => self.client.end(number(input) as u32),
            "event" => self.client.event(read(input)),
            "clock" => {
                self.client.clock(generation, number(&input["end"]), wall(&input["at_ms"]));
            }
            "stop" => self.client.stop(),
            "time" => {}
            _ => panic!("no input is called {what}"),
        }
    }
}

/// What the owner of a client is told, as the vectors say it.
fn neutral(output: ClientOutput) -> Option<Value> {
    Some(match output {
        ClientOutput::Forget { generation, below } => {
            json!({"forget": {"generation": generation, "below": below}})
        }
        ClientOutput::Refused { generation, code, .. } => {
            json!({"refused": {"generation": generation, "code": code}})
        }
        ClientOutput::Welcomed => json!({"welcomed": true}),
        ClientOutput::NotAdmitted { code, .. } => json!({ "not_admitted": code }),
        ClientOutput::Storage(problem) => json!({ "storage": problem }),
        ClientOutput::Over(Over::Finished(_)) => json!({"over": "finished"}),
        ClientOutput::Over(Over::TakenOver) => json!({"over": "taken_over"}),
        ClientOutput::HangUp(_) => json!({"hang_up": true}),
        _ => return None,
    })
}

/// What a server takes from a message, as the vectors say it.
fn taken(output: Output) -> Value {
    match output {
        Output::Open(hello) => json!({"open": {"device": hello.device, "session": hello.session}}),
        Output::Begin(begin) => json!({ "begin": begin }),
        Output::Media { generation, bytes } => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({"media": {"generation": generation, "hex": hex}})
        }
        Output::End { generation } => json!({ "end": generation }),
        Output::Event(event) => json!({ "event": event }),
        Output::Clock(clock) => json!({ "clock": clock }),
        Output::Stop => json!({"stop": true}),
        Output::Fail { code, generation: Some(generation), .. } => {
            json!({"fail": {"code": code, "generation": generation}})
        }
        Output::Fail { code, .. } => json!({"fail": {"code": code}}),
    }
}

/// Runs every vector whose name begins so, and says of each one that fails where it does.
fn run(
    prefix: &str,
    at_least: usize,
    play: impl Fn(&Value, &mut dyn FnMut(&Value, &str, Vec<Value>)),
) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
    let files = std::fs::read_dir(folder).expect("the vectors are there");
    let files = files.map(|file| file.expect("the folder can be read").path());
    let named = files.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path));
    let vectors: BTreeMap<_, _> = named.filter(|(name, _)| name.starts_with(prefix)).collect();
    assert!(vectors.len() >= at_least, "{} vectors", vectors.len());
    let mut failures = Vec::new();
    for (name, path) in vectors {
        let vector = parse(&std::fs::read_to_string(path).expect("the vector can be read"));
        play(&vector, &mut |step, member, got| {
            let mut expected: Vec<Value> = step[member].as_array().cloned().unwrap_or_default();
            if member == "told" {
                expected.sort_by_key(ToString::to_string);
            }
            if got != expected {
                let (got, expected) = (json!(got), json!(expected));
                let input = &step["in"];
                failures.push(format!(
                    "{name}: after {input}\n  {member} is {got}\n  instead of {expected}"
                ));
            }
        });
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn steps(vector: &Value) -> impl Iterator<Item = &Value> {
    vector["steps"].as_array().expect("a vector has steps").iter()
}

fn only_member(object: &Value) -> (&str, &Value) {
    let (name, value) = object.as_object().expect("an object").iter().next().expect("a member");
    (name, value)
}

/// A message is written as JSON, or as a text where it is none.
fn message(input: &Value) -> String {
    input.as_str().map_or_else(|| input.to_string(), str::to_owned)
}

fn start(value: &Value) -> GenerationStart {
    GenerationStart {
        mime: read(&value["mime"]),
        started_ms: wall(&value["started_ms"]),
        offset_ms: value["offset_ms"].as_i64(),
        reason: read(&value["reason"]),
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("it is as the README says")
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn wall(value: &Value) -> i64 {
    value.as_i64().expect("a time in milliseconds")
}

fn hex(value: &Value) -> Bytes {
    let digits = value.as_str().expect("hexadecimal digits").as_bytes();
    let pairs = digits.chunks(2).map(|pair| str::from_utf8(pair).expect("ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal")).collect()
}
