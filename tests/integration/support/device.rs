//! A device with a spool that keeps recording while the server comes and goes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use ingest_protocol::client::{GenerationStart, Identity, Over, Summary};
use ingest_protocol::{Chunk, Client, ClientOutput};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};

use super::captures::Capture;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An attempt to reach a server that is gone.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);

/// What a device records: one generation after the other.
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) session: String,
    pub(crate) captures: Vec<Capture>,
    /// Between two chunks of the encoder, which hold a second each.
    pub(crate) pace: Duration,
}

struct Delivery {
    client: Client,
    spool: Vec<Spooled>,
    began: Instant,
    began_ms: i64,
}

struct Spooled {
    bytes: Vec<u8>,
    first: u64,
}

impl Device {
    /// Records and delivers until the server has everything. `address` says where it is at the
    /// moment; it is stopped when everything is recorded and `may_stop` is true.
    pub(crate) async fn record(
        self,
        mut address: watch::Receiver<String>,
        tls: Arc<rustls::ClientConfig>,
        mut may_stop: watch::Receiver<bool>,
    ) -> Summary {
        let identity = Identity {
            device: self.name.clone(),
            key: None,
            name: self.name.clone(),
            session: self.session.clone(),
            started_ms: now_ms(),
            client: "test/1".to_owned(),
        };
        let client = Client::new(identity);
        let (began, began_ms) = (Instant::now(), now_ms());
        let mut delivery = Delivery { client, spool: Vec::new(), began, began_ms };
        let mut coming: Vec<_> = self
            .captures
            .iter()
            .enumerate()
            .flat_map(|(generation, capture)| {
                capture.chunks().into_iter().map(move |chunk| (generation, chunk.to_vec()))
            })
            .collect();
        coming.reverse();
        let mut pace = tokio::time::interval(self.pace);
        let mut socket: Option<Socket> = None;
        let mut is_stopped = false;
        loop {
            if socket.is_none() {
                let at = address.borrow_and_update().clone();
                socket = connect(&at, &tls).await;
                if socket.is_some() {
                    delivery.client.connected(delivery.now_ms());
                }
            }
            tokio::select! {
                _ = pace.tick() => match coming.pop() {
                    Some((generation, chunk)) => delivery.capture(&self, generation, &chunk),
                    None if !is_stopped && *may_stop.borrow() => {
                        is_stopped = true;
                        delivery.client.stop();
                    }
                    None => {}
                },
                _ = may_stop.changed(), if coming.is_empty() && !is_stopped => {}
                message = next(&mut socket) => match message {
                    Some(text) => delivery.client.text(&text, delivery.now_ms()),
                    None => {
                        socket = None;
                        delivery.client.disconnected();
                    }
                },
            }
            if let Some(over) = delivery.speak(&mut socket).await {
                match over {
                    Over::Finished(summary) => return summary,
                    Over::TakenOver => panic!("{} was taken over", self.name),
                }
            }
        }
    }
}

impl Delivery {
    fn now_ms(&self) -> i64 {
        self.began_ms + i64::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    fn capture(&mut self, device: &Device, generation: usize, chunk: &[u8]) {
        if generation == self.spool.len() {
            if generation > 0 {
                self.client.end(generation as u32 - 1);
            }
            let mime = device.captures[generation].mime.clone();
            let (started_ms, reason) = (now_ms(), "start".to_owned());
            self.client.begin(GenerationStart { mime, started_ms, offset_ms: None, reason });
            self.spool.push(Spooled { bytes: Vec::new(), first: 0 });
        }
        self.spool[generation].bytes.extend_from_slice(chunk);
        self.client.appended(generation as u32, chunk.len() as u64);
    }

    /// Says what there is to say.
    async fn speak(&mut self, socket: &mut Option<Socket>) -> Option<Over> {
        while let Some(output) = self.client.poll(socket.is_some(), self.now_ms()) {
            let message = match output {
                ClientOutput::Text(text) => Message::text(text),
                ClientOutput::Chunk { generation, position, length } => {
                    let spooled = &self.spool[generation as usize];
                    assert!(position >= spooled.first, "what was let go of is asked for");
                    let payload = spooled.bytes[position as usize..][..length].to_vec().into();
                    Message::Binary(Chunk { generation, position, payload }.encode())
                }
                ClientOutput::Forget { generation, below } => {
                    self.spool[generation as usize].first = below;
                    continue;
                }
                ClientOutput::Over(over) => return Some(over),
                ClientOutput::Refused { generation, message, .. } => {
                    panic!("generation {generation} was refused: {message}")
                }
                ClientOutput::HangUp(_) => {
                    *socket = None;
                    self.client.disconnected();
                    continue;
                }
                _ => continue,
            };
            let is_sent = match socket {
                Some(open) => open.send(message).await.is_ok(),
                None => false,
            };
            if !is_sent && socket.take().is_some() {
                self.client.disconnected();
            }
        }
        None
    }
}

/// The next text message; `None` when the connection is gone.
async fn next(socket: &mut Option<Socket>) -> Option<String> {
    let Some(open) = socket else { return std::future::pending().await };
    loop {
        match open.next().await {
            Some(Ok(Message::Text(text))) => return Some(text.to_string()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

async fn connect(address: &str, tls: &Arc<rustls::ClientConfig>) -> Option<Socket> {
    let mut request = format!("wss://{address}/ws/ingest").into_client_request().unwrap();
    let protocol = ingest_protocol::SUBPROTOCOL.parse().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let connector = Connector::Rustls(Arc::clone(tls));
    let connecting =
        tokio_tungstenite::connect_async_tls_with_config(request, None, true, Some(connector));
    let connected = tokio::time::timeout(CONNECT_PATIENCE, connecting).await;
    Some(connected.ok()?.ok()?.0)
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}
