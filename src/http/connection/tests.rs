use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get, post};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::super::entrance::Entrance;
use super::super::hosts::Hosts;
use super::super::listener::{Peer, serve_plain, serve_tls};
use super::super::seats::Seats;
use crate::config::InForce;

/// Far above what anything here takes, far below every time-out of the server.
const PATIENCE: Duration = Duration::from_secs(5);

const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

type Peers = Arc<Mutex<Vec<Peer>>>;

/// A server whose answers never end by themselves.
struct Server {
    address: SocketAddr,
    seats: Seats,
    /// One for each request.
    peers: Peers,
    handle: Handle<Peer>,
}

impl Server {
    fn plain() -> Self {
        Self::start(|socket, routes, handle, entrance| {
            tokio::spawn(serve_plain(socket, routes, handle, entrance));
        })
    }

    fn tls(config: ServerConfig) -> Self {
        let config = RustlsConfig::from_config(Arc::new(config));
        Self::start(|socket, routes, handle, entrance| {
            tokio::spawn(serve_tls(socket, config, routes, handle, entrance));
        })
    }

    fn start(serve: impl FnOnce(std::net::TcpListener, Router, Handle<Peer>, Entrance)) -> Self {
        let socket = std::net::TcpListener::bind((LOCAL, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let entrance = Entrance::new(1024, InForce::default(), Hosts::default());
        let server = Self {
            address: socket.local_addr().unwrap(),
            seats: entrance.seats.clone(),
            peers: Peers::default(),
            handle: Handle::new(),
        };
        let routes = Router::new()
            .route("/ws", any(silent))
            .route("/pictures", get(pictures))
            .route("/refused", post(refused))
            .route("/nothing", get(std::future::pending::<()>))
            .layer(from_fn_with_state(server.peers.clone(), note));
        serve(socket, routes, server.handle.clone(), entrance);
        server
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    fn only_peer(&self) -> Peer {
        self.peers.lock().unwrap()[0].clone()
    }

    async fn is_empty(&self) {
        let empty = async {
            while self.seats.of(LOCAL) > 0 {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, empty).await.expect("the connection is gone");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

async fn note(
    State(peers): State<Peers>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    peers.lock().unwrap().push(peer);
    next.run(request).await
}

/// Says one word and listens.
async fn silent(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket| {
        socket.send("here".into()).await.unwrap();
        while let Some(Ok(_)) = socket.recv().await {}
    })
}

/// One piece, and then none for ever.
async fn pictures() -> Body {
    let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"picture"))]);
    Body::from_stream(first.chain(stream::pending()))
}

/// Reads nothing of what is sent.
async fn refused() -> (StatusCode, &'static str) {
    (StatusCode::PAYLOAD_TOO_LARGE, "too large")
}

/// Says that so much comes.
async fn announce(server: &Server, bytes: usize) -> TcpStream {
    let mut stream = server.connect().await;
    let head =
        format!("POST /refused HTTP/1.1\r\nhost: localhost\r\ncontent-length: {bytes}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    path: &str,
    until: &str,
) -> impl AsyncRead {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains(until) {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "the connection goes on");
    }
    stream
}

/// Reads until there is nothing more, however it ends.
async fn ends(mut stream: impl AsyncRead + Unpin) {
    let reading = async {
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    };
    timeout(PATIENCE, reading).await.expect("the connection ends");
}

#[tokio::test]
async fn a_websocket_that_is_cut_ends_at_once() {
    let server = Server::plain();
    let url = format!("ws://{}/ws", server.address);
    let (mut socket, _) =
        tokio_tungstenite::client_async(url, server.connect().await).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().to_text().unwrap(), "here");
    assert_eq!(server.seats.of(LOCAL), 1);
    server.only_peer().cut.cancel();
    let ended = timeout(PATIENCE, socket.next()).await.expect("the socket ends");
    assert!(ended.is_none_or(|message| message.is_err()), "without a word");
    server.is_empty().await;
}

#[tokio::test]
async fn an_endless_answer_that_is_cut_ends_at_once() {
    let server = Server::plain();
    let stream = ask(server.connect().await, "/pictures", "picture").await;
    server.only_peer().cut.cancel();
    ends(Box::pin(stream)).await;
    server.is_empty().await;
}

#[tokio::test]
async fn a_request_that_nobody_has_answered_yet_is_cut_too() {
    let server = Server::plain();
    let mut stream = server.connect().await;
    stream.write_all(b"GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let asked = async {
        while server.peers.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, asked).await.unwrap();
    server.only_peer().cut.cancel();
    server.is_empty().await;
}

#[tokio::test]
async fn every_stream_of_http_2_ends_when_the_connection_is_cut() {
    let server = Server::plain();
    let (mut client, connection) = h2::client::handshake(server.connect().await).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let uri = format!("http://{}/pictures", server.address);
        let request = axum::http::Request::get(uri).body(()).unwrap();
        client = client.ready().await.unwrap();
        let (answer, _) = client.send_request(request, true).unwrap();
        let mut body = answer.await.unwrap().into_body();
        assert_eq!(body.data().await.unwrap().unwrap(), "picture");
        bodies.push(body);
    }
    assert_eq!(server.seats.of(LOCAL), 1);
    server.only_peer().cut.cancel();
    for mut body in bodies {
        let ended = timeout(PATIENCE, body.data()).await.expect("the stream ends");
        assert!(ended.is_none_or(|data| data.is_err()));
    }
    assert!(timeout(PATIENCE, connection).await.unwrap().unwrap().is_err());
    server.is_empty().await;
}

#[tokio::test]
async fn a_connection_with_tls_that_is_cut_ends_at_once() {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = own.cert.der().clone();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let server = Server::tls(config);
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(client));
    let stream = connector.connect(name, server.connect().await).await.unwrap();
    let stream = ask(stream, "/pictures", "picture").await;
    server.only_peer().cut.cancel();
    ends(Box::pin(stream)).await;
    server.is_empty().await;
}

#[tokio::test]
async fn who_asks_for_nothing_is_cut_however_it_begins() {
    for beginning in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n", b"GET / HT"] {
        let server = Server::plain();
        let mut stream = server.connect().await;
        stream.write_all(beginning).await.unwrap();
        while server.seats.of(LOCAL) == 0 {
            tokio::task::yield_now().await;
        }
        tokio::time::pause();
        // Nothing else is waited for, so that the clock goes on by itself.
        let mut rest = [0; 1024];
        let reading = async { while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {} };
        timeout(Duration::from_secs(60), reading).await.expect("the connection ends");
        tokio::time::resume();
        server.is_empty().await;
    }
}

#[tokio::test]
async fn who_has_asked_is_answered_for_as_long_as_it_takes() {
    let server = Server::plain();
    let mut stream = Box::pin(ask(server.connect().await, "/pictures", "picture").await);
    tokio::time::pause();
    let nothing = timeout(Duration::from_secs(600), stream.read_u8()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    assert!(!server.only_peer().cut.is_cancelled());
}

#[tokio::test]
async fn who_keeps_the_token_learns_that_the_connection_has_ended() {
    let server = Server::plain();
    let stream = ask(server.connect().await, "/pictures", "picture").await;
    let peer = server.only_peer();
    assert!(!peer.cut.is_cancelled());
    drop(stream);
    timeout(PATIENCE, peer.cut.cancelled()).await.expect("the server sees that it is gone");
    server.is_empty().await;
}

#[tokio::test]
async fn who_sends_first_and_reads_afterwards_has_its_answer() {
    let server = Server::plain();
    let body = vec![0; 8 << 20];
    let mut stream = announce(&server, body.len()).await;
    // It is answered by then.
    timeout(PATIENCE, stream.readable()).await.unwrap().unwrap();
    timeout(PATIENCE, stream.write_all(&body)).await.unwrap().unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 413") && answer.ends_with("too large"), "{answer}");
    drop(stream);
    server.is_empty().await;
}

#[tokio::test]
async fn who_sends_without_end_is_read_so_far_and_no_further() {
    let server = Server::plain();
    let mut stream = announce(&server, 1 << 40).await;
    let piece = vec![0; 1 << 20];
    let sending = async {
        let mut sent = 0;
        while stream.write_all(&piece).await.is_ok() {
            sent += piece.len();
        }
        sent
    };
    let sent = timeout(PATIENCE, sending).await.expect("it is never reset");
    // Both systems hold some megabytes.
    assert!((super::MAX_LINGER_BYTES..64 << 20).contains(&sent), "{sent}");
    server.is_empty().await;
}

#[tokio::test]
async fn who_does_not_send_what_was_announced_is_waited_for_so_long() {
    let server = Server::plain();
    let mut stream = announce(&server, 1000).await;
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 413"), "it comes at once");
    assert_eq!(server.seats.of(LOCAL), 1);
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    // Nothing else is waited for, so that the clock goes on by itself.
    timeout(super::LINGER * 2, server.only_peer().cut.cancelled()).await.expect("it ends");
    assert!(start.elapsed() > super::LINGER / 2, "{:?}", start.elapsed());
    tokio::time::resume();
    server.is_empty().await;
}
