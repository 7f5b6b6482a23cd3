//! Controllers and fake devices on `/ws/control`.

use serde_json::{Value, json};

use super::client::{Client, Ending};
use super::server::Server;

/// A connection to `/ws/control`.
pub(crate) struct Control {
    pub(crate) client: Client,
    /// The newest list of devices.
    devices: Vec<Value>,
}

/// What a device says of itself.
pub(crate) fn device_message(device: &str) -> Value {
    json!({
        "type": "device", "device": device, "key": key(device), "name": format!("Name of {device}"),
        "client": "test/1", "control": "allowed",
        "can": ["start", "stop", "mark", "camera", "quality", "name"], "state": "idle",
        "session": null, "since_ms": null, "why": null, "camera": "front",
        "cameras": [{ "id": "front", "label": "Front camera" }, { "id": "back", "label": "" }],
        "quality": "auto", "qualities": ["auto", "low"],
    })
}

pub(crate) fn key(device: &str) -> String {
    format!("secret-of-{device}")
}

impl Control {
    pub(crate) async fn connect(server: &Server) -> Self {
        Self::of(Client::connect(server, &format!("{}/ws/control", server.https), None).await)
    }

    pub(crate) fn of(client: Client) -> Self {
        Self { client, devices: Vec::new() }
    }

    /// A device that is there.
    pub(crate) async fn device(server: &Server, device: &str) -> Self {
        let mut control = Self::connect(server).await;
        control.say(device_message(device)).await;
        control.listed(|all| all.iter().any(|one| one["device"] == device && is_there(one))).await;
        control
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.client.text(message).await;
    }

    async fn receive(&mut self) -> Value {
        let message = self.client.receive().await;
        if message["type"] == "devices" {
            self.devices = message["devices"].as_array().unwrap().clone();
        }
        message
    }

    /// The next message of a type.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        loop {
            let message = self.receive().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Waits until the list of devices is as it should be.
    pub(crate) async fn listed(&mut self, is_it: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        while !is_it(&self.devices) {
            self.next("devices").await;
        }
        self.devices.clone()
    }

    /// Takes the next command, which is of this kind, and answers it.
    pub(crate) async fn answer(&mut self, word: &str, mut answer: Value) -> Value {
        let command = self.next("command").await;
        assert_eq!(command["do"], word, "{command}");
        answer["type"] = json!("result");
        answer["id"] = command["id"].clone();
        self.say(answer).await;
        command
    }

    /// Gives a command.
    pub(crate) async fn give(&mut self, id: &str, to: Value, word: &str, value: Value) {
        let command = json!({
            "type": "command", "id": id, "to": to, "do": word, "value": value,
        });
        self.say(command).await;
    }

    /// Everything that is said of a command until it is done.
    pub(crate) async fn results(&mut self, id: &str) -> Vec<Value> {
        let mut results = Vec::new();
        loop {
            let message = self.receive().await;
            match message["type"].as_str() {
                Some("result") if message["id"] == id => results.push(message),
                Some("done") if message["id"] == id => return results,
                Some("streams" | "devices" | "sources" | "alarms") => {}
                _ => panic!("not of {id}: {message}"),
            }
        }
    }

    pub(crate) async fn ending(&mut self) -> Ending {
        self.client.ending().await
    }
}

pub(crate) fn is_there(device: &Value) -> bool {
    device["online"] == true
}
