use std::sync::Arc;

use futures_util::{FutureExt, SinkExt, Stream, StreamExt};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data as OpData, OpCode};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};

use super::PATIENCE;
use super::server::Server;

/// A WebSocket to the server, over TLS that trusts its authority and nothing else.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// How a conversation ended.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    pub(crate) texts: Vec<Value>,
    pub(crate) close: Option<CloseFrame>,
}

impl Ending {
    pub(crate) fn close_code(&self) -> Option<u16> {
        self.close.as_ref().map(|frame| frame.code.into())
    }

    pub(crate) fn of_type(&self, kind: &str) -> Vec<&Value> {
        self.texts.iter().filter(|text| text["type"] == kind).collect()
    }
}

/// TLS settings that trust the server's own authority.
pub(crate) fn tls(server: &Server) -> Arc<rustls::ClientConfig> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let authority = server.folder.path().join("certs/ca.crt");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots);
    Arc::new(config.with_no_client_auth())
}

impl Client {
    pub(crate) async fn connect(server: &Server, address: &str, protocol: Option<&str>) -> Self {
        let mut request = format!("wss://{address}").into_client_request().unwrap();
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        Self::open(server, request).await
    }

    /// As the page of an origin.
    pub(crate) async fn from_origin(server: &Server, address: &str, origin: &str) -> Self {
        let mut request = format!("wss://{address}").into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        Self::open(server, request).await
    }

    /// As the page of an origin that is refused: the status, and what is said.
    pub(crate) async fn refused(server: &Server, address: &str, origin: &str) -> (u16, Value) {
        let mut request = format!("wss://{address}").into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        match Self::try_open(server, request).await {
            Err(Error::Http(answer)) => {
                let body = serde_json::from_slice(answer.body().as_deref().unwrap_or_default());
                (answer.status().as_u16(), body.unwrap_or_default())
            }
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("it was let in"),
        }
    }

    /// A v1 publisher, by a proxy that says for whom it asks.
    pub(crate) async fn forwarded(server: &Server, address: &str, said: &str) -> Self {
        let mut request = format!("wss://{address}").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "localcamera.v1".parse().unwrap());
        request.headers_mut().insert("x-forwarded-for", said.parse().unwrap());
        Self::open(server, request).await
    }

    pub(crate) async fn open(server: &Server, request: Request) -> Self {
        Self::try_open(server, request).await.unwrap()
    }

    async fn try_open(server: &Server, request: Request) -> Result<Self, Error> {
        let connector = Connector::Rustls(tls(server));
        let connecting =
            tokio_tungstenite::connect_async_tls_with_config(request, None, true, Some(connector));
        let (socket, _) = tokio::time::timeout(PATIENCE, connecting).await.unwrap()?;
        Ok(Self { socket })
    }

    /// Sends all of them, and takes what comes meanwhile until it is enough.
    pub(crate) async fn say_while_hearing(
        &mut self,
        messages: impl Iterator<Item = Value>,
        mut is_enough: impl FnMut(Value) -> bool,
    ) {
        let (mut sink, mut stream) = (&mut self.socket).split();
        let saying = async {
            for message in messages {
                sink.send(Message::text(message.to_string())).await.unwrap();
            }
        };
        let hearing = async {
            loop {
                let next = tokio::time::timeout(PATIENCE, stream.next()).await.unwrap();
                match next {
                    Some(Ok(Message::Text(text))) => {
                        if is_enough(serde_json::from_str(&text).unwrap()) {
                            return;
                        }
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("expected a text message, got {other:?}"),
                }
            }
        };
        futures_util::future::join(saying, hearing).await;
    }

    /// A raw publisher on the second listener.
    pub(crate) async fn raw(server: &Server) -> Self {
        Self::connect(server, &format!("{}/any/path", server.wss), None).await
    }

    /// A `localcamera.v1` connection that has said hello, and the welcome.
    pub(crate) async fn hello(server: &Server, session: &str) -> (Self, Value) {
        Self::greet(server, hello_message(session)).await
    }

    /// The same, of a device with a key.
    pub(crate) async fn hello_with(server: &Server, session: &str, key: &str) -> (Self, Value) {
        let mut hello = hello_message(session);
        hello["key"] = json!(key);
        Self::greet(server, hello).await
    }

    /// The same, of whoever says this.
    pub(crate) async fn greet(server: &Server, hello: Value) -> (Self, Value) {
        let address = format!("{}/ws/ingest", server.https);
        let mut client = Self::connect(server, &address, Some("localcamera.v1")).await;
        client.text(hello).await;
        let welcome = client.receive().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        (client, welcome)
    }

    pub(crate) async fn text(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    pub(crate) async fn binary(&mut self, bytes: &[u8]) {
        self.send(Message::Binary(Bytes::copy_from_slice(bytes))).await;
    }

    pub(crate) async fn chunk(&mut self, generation: u32, position: u64, payload: &[u8]) {
        self.binary(&chunk_message(generation, position, payload)).await;
    }

    pub(crate) async fn chunk_unless_closed(
        &mut self,
        generation: u32,
        position: u64,
        payload: &[u8],
    ) {
        let message = chunk_message(generation, position, payload);
        self.send_unless_closed(Message::Binary(message.into())).await;
    }

    pub(crate) async fn generation(&mut self, generation: u32, mime: &str) {
        self.text(generation_message(generation, mime)).await;
    }

    pub(crate) async fn generation_unless_closed(&mut self, generation: u32, mime: &str) {
        let message = generation_message(generation, mime).to_string();
        self.send_unless_closed(Message::text(message)).await;
    }

    async fn send(&mut self, message: Message) {
        tokio::time::timeout(PATIENCE, self.socket.send(message)).await.unwrap().unwrap();
    }

    /// Sends although the server may have closed already.
    pub(crate) async fn send_unless_closed(&mut self, message: Message) {
        let _ = tokio::time::timeout(PATIENCE, self.socket.send(message)).await.unwrap();
    }

    /// The next text message.
    pub(crate) async fn receive(&mut self) -> Value {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.unwrap();
            match next {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a text message, got {other:?}"),
            }
        }
    }

    /// Reads acknowledgements until the generation is durable up to `position`.
    pub(crate) async fn acknowledged(&mut self, generation: u32, position: u64) -> Value {
        loop {
            let message = self.receive().await;
            let is_it = message["type"] == "ack" && message["generation"] == generation;
            if is_it && message["durable"].as_u64().unwrap() >= position {
                return message;
            }
        }
    }

    /// The next message of any kind; `None` when the connection is gone.
    pub(crate) async fn message(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.unwrap();
        next.and_then(Result::ok)
    }

    /// Everything until the server closes.
    pub(crate) async fn ending(&mut self) -> Ending {
        // Pings come for ever.
        let listening = tokio::time::timeout(PATIENCE, ending(&mut self.socket));
        listening.await.expect("the server did not close")
    }

    /// Sends messages of which the server may not take all, and listens meanwhile, as browsers do:
    /// what it says of that is lost with the connection.
    pub(crate) async fn send_and_listen(
        &mut self,
        messages: impl IntoIterator<Item = Message>,
    ) -> Ending {
        let (mut sender, mut receiver) = (&mut self.socket).split();
        let sending = async {
            for message in messages {
                if sender.send(message).await.is_err() {
                    return;
                }
            }
        };
        let both = async { tokio::join!(sending, ending(&mut receiver)).1 };
        tokio::time::timeout(PATIENCE, both).await.expect("the server did not close")
    }

    /// Sends a binary message in frames of a megabyte, as browsers do, and listens meanwhile.
    pub(crate) async fn send_in_frames(&mut self, megabytes: usize) -> Ending {
        let frame = |index: usize| {
            let kind = if index == 0 { OpData::Binary } else { OpData::Continue };
            let is_last = index + 1 == megabytes;
            Message::Frame(Frame::message(vec![0; 1 << 20], OpCode::Data(kind), is_last))
        };
        for index in 0..megabytes {
            self.send_unless_closed(frame(index)).await;
            if let Some(Some(Ok(Message::Close(close)))) = self.socket.next().now_or_never() {
                return Ending { close, ..Ending::default() };
            }
        }
        self.ending().await
    }

    /// The connection goes as that of a device that loses its power, without a close frame.
    pub(crate) fn break_off(self) {
        drop(self);
    }

    pub(crate) async fn close(mut self) {
        let _ = self.socket.close(None).await;
        let _ = self.ending().await;
    }
}

pub(crate) fn hello_message(session: &str) -> Value {
    json!({
        "type": "hello", "device": "test-device", "name": "Bench 3", "session": session,
        "started_ms": 1_795_163_509_123_i64, "now_ms": 1_795_163_509_123_i64,
        "client": "test/1",
    })
}

pub(crate) fn chunk_message(generation: u32, position: u64, payload: &[u8]) -> Vec<u8> {
    let mut message = vec![1, 0, 0, 0];
    message.extend(generation.to_be_bytes());
    message.extend(position.to_be_bytes());
    message.extend(payload);
    message
}

pub(crate) fn generation_message(generation: u32, mime: &str) -> Value {
    json!({
        "type": "generation", "generation": generation, "mime": mime,
        "started_ms": 1_795_163_509_123_i64, "reason": "start",
    })
}

/// A GET over HTTP/1.1: status and body.
pub(crate) async fn get(server: &Server, path: &str) -> (u16, Vec<u8>) {
    let answer = super::http::request(server, "GET", path, &[], b"").await;
    (answer.status, answer.body)
}

/// What the server says until the connection is over.
async fn ending(messages: &mut (impl Stream<Item = Result<Message, Error>> + Unpin)) -> Ending {
    let mut ending = Ending::default();
    loop {
        match messages.next().await {
            Some(Ok(Message::Text(text))) => {
                ending.texts.push(serde_json::from_str(&text).unwrap());
            }
            Some(Ok(Message::Close(frame))) => ending.close = frame,
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return ending,
        }
    }
}
