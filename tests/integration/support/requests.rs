use std::collections::VecDeque;

use serde_json::{Value, json};

use super::client::{chunk_message, generation_message, hello_message};
use super::http::{self, Answer};
use super::server::Server;

/// What one POST may carry.
pub(crate) const MAX_BODY_BYTES: usize = 1 << 20;

/// A `localcamera.v1` conversation over HTTPS requests.
pub(crate) struct Requests<'a> {
    server: &'a Server,
    pub(crate) path: String,
    pub(crate) seq: u64,
    /// Whether the network takes every answer to a POST away once.
    pub(crate) loses_answers: bool,
    heard: u64,
    waiting: VecDeque<Value>,
    pub(crate) close: Option<Value>,
}

pub(crate) fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[kind, 0, 0, 0], &length[..], payload].concat()
}

pub(crate) fn text(message: &Value) -> Vec<u8> {
    frame(0, message.to_string().as_bytes())
}

pub(crate) fn generation(generation: u32, mime: &str) -> Vec<u8> {
    text(&generation_message(generation, mime))
}

pub(crate) fn chunk(generation: u32, position: u64, payload: &[u8]) -> Vec<u8> {
    frame(1, &chunk_message(generation, position, payload))
}

impl<'a> Requests<'a> {
    pub(crate) async fn open(server: &'a Server) -> Self {
        let answer = http::request(server, "POST", "/api/ingest", &[], b"").await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let path = format!("/api/ingest/{}", answer.json()["connection"].as_str().unwrap());
        Self::at(server, path)
    }

    /// The same connection once more, to hear while the other one sends.
    pub(crate) fn listener(&self) -> Self {
        Self::at(self.server, self.path.clone())
    }

    fn at(server: &'a Server, path: String) -> Self {
        Self {
            server,
            path,
            seq: 0,
            loses_answers: false,
            heard: 0,
            waiting: VecDeque::new(),
            close: None,
        }
    }

    /// A connection that has said hello, and the welcome.
    pub(crate) async fn hello(server: &'a Server, session: &str) -> (Self, Value) {
        let mut requests = Self::open(server).await;
        requests.post(&text(&hello_message(session))).await;
        let welcome = requests.receive().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        (requests, welcome)
    }

    /// The answer to a POST of these frames under this number.
    pub(crate) async fn post_as(&self, seq: u64, body: &[u8]) -> Answer {
        let path = format!("{}?seq={seq}", self.path);
        http::request(self.server, "POST", &path, &[], body).await
    }

    /// Brings the next frames.
    pub(crate) async fn post(&mut self, body: &[u8]) {
        if self.loses_answers {
            let path = format!("{}?seq={}", self.path, self.seq);
            for sent_bytes in [body.len() / 2, body.len()] {
                drop(http::send(self.server, "POST", &path, &[], body, sent_bytes).await);
            }
            // The server may come to one of those only now, which then takes this one's place.
            let mut status = 409;
            for _ in 0..=2 {
                if status == 409 {
                    status = self.post_as(self.seq, body).await.status;
                }
            }
            assert_eq!(status, 204);
        }
        let answer = self.post_as(self.seq, body).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        self.seq += 1;
    }

    /// Brings a stream, in frames and bodies as large as they may be.
    pub(crate) async fn stream(&mut self, generation: u32, from: u64, bytes: &[u8]) {
        let mut body = Vec::new();
        let mut position = from;
        for payload in bytes.chunks(200_000) {
            let frame = chunk(generation, position, payload);
            if body.len() + frame.len() > MAX_BODY_BYTES {
                self.post(&std::mem::take(&mut body)).await;
            }
            body.extend(frame);
            position += payload.len() as u64;
        }
        self.post(&body).await;
    }

    /// The answer to a GET for what comes after this number.
    pub(crate) async fn get_after(&self, after: u64) -> Answer {
        let path = format!("{}?after={after}", self.path);
        http::request(self.server, "GET", &path, &[], b"").await
    }

    /// The next message.
    pub(crate) async fn receive(&mut self) -> Value {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return message;
            }
            assert_eq!(self.close, None, "there is no further message");
            self.listen().await;
        }
    }

    async fn listen(&mut self) {
        let answer = self.get_after(self.heard).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let said = answer.json();
        for message in said["messages"].as_array().unwrap() {
            self.heard += 1;
            assert_eq!(message["number"], self.heard);
            let text = message["text"].as_str().unwrap();
            self.waiting.push_back(serde_json::from_str(text).unwrap());
        }
        self.close = Some(said["close"].clone()).filter(|close| !close.is_null());
    }

    /// Every message until the server closes.
    pub(crate) async fn ending(&mut self) -> Vec<Value> {
        while self.close.is_none() {
            self.listen().await;
        }
        self.waiting.drain(..).collect()
    }

    pub(crate) fn close_code(&self) -> Option<u64> {
        self.close.as_ref()?["code"].as_u64()
    }

    pub(crate) async fn delete(&self) -> Answer {
        http::request(self.server, "DELETE", &self.path, &[], b"").await
    }
}

pub(crate) fn stop(generations: &[(u32, u64)]) -> Vec<u8> {
    let entry =
        |&(generation, bytes): &(u32, u64)| json!({ "generation": generation, "bytes": bytes });
    let generations: Vec<Value> = generations.iter().map(entry).collect();
    text(&json!({ "type": "stop", "generations": generations }))
}
