//! A camera that records beside what a test does, and is judged sample by sample at the end.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use super::PATIENCE;
use super::captures::{self, Capture, judge};
use super::client::{Client, Ending, chunk_message, generation_message, hello_message};
use super::files::segments;
use super::server::Server;

/// The capture holds 20 s; its chunks come over the length of a test.
const PACE: Duration = Duration::from_millis(250);

pub(crate) struct Beside {
    capture: Capture,
    stop: oneshot::Sender<()>,
    delivering: JoinHandle<Ending>,
}

impl Beside {
    /// How long it is live.
    pub(crate) const LENGTH: Duration = Duration::from_secs(20);

    /// Begins to record, with this behind the question mark of the address.
    pub(crate) async fn start(server: &Server, query: &str) -> Self {
        let address = format!("{}/ws/ingest{query}", server.https);
        let mut client = Client::connect(server, &address, Some("localcamera.v1")).await;
        client.text(hello_message("session-beside")).await;
        let welcome = client.receive().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        let capture = captures::named("chromium-webm-vp8-opus");
        // It is live.
        let mut generation = generation_message(0, &capture.mime);
        generation["started_ms"] = welcome["now_ms"].clone();
        generation["offset_ms"] = json!(0);
        client.text(generation).await;
        let (stop, stopped) = oneshot::channel();
        let delivering = tokio::spawn(deliver(client, capture.clone(), stopped));
        Self { capture, stop, delivering }
    }

    /// Stops the recording; all of it is there.
    pub(crate) async fn judged(self, server: &Server) {
        self.stop.send(()).expect("the recording beside has ended");
        let ending = tokio::time::timeout(PATIENCE, self.delivering).await.unwrap().unwrap();
        assert_eq!(ending.close_code(), Some(1000), "{ending:?}");
        let summary = ending.of_type("summary")[0];
        let folder = summary["folder"].as_str().unwrap();
        judge(&self.capture, &segments(&server.recordings().join(folder)), "60");
    }
}

async fn deliver(
    mut client: Client,
    capture: Capture,
    mut stopped: oneshot::Receiver<()>,
) -> Ending {
    let (mut position, mut is_stopped) = (0, false);
    let mut pace = tokio::time::interval(PACE);
    for chunk in capture.chunks() {
        while !is_stopped {
            tokio::select! {
                _ = pace.tick() => break,
                _ = &mut stopped => is_stopped = true,
                message = client.socket.next() => goes_on(message),
            }
        }
        client.binary(&chunk_message(0, position, chunk)).await;
        position += chunk.len() as u64;
    }
    while !is_stopped {
        tokio::select! {
            _ = &mut stopped => is_stopped = true,
            message = client.socket.next() => goes_on(message),
        }
    }
    let generations = json!([{ "generation": 0, "bytes": position }]);
    client.text(json!({ "type": "stop", "generations": generations })).await;
    client.ending().await
}

fn goes_on(message: Option<Result<Message, tungstenite::Error>>) {
    match message {
        Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_))) => {}
        other => panic!("the recording beside has ended: {other:?}"),
    }
}
