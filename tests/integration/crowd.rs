//! Whoever opens connections by the thousand and asks for nothing stands in nobody's way.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::Connector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::crash::by_generation;
use crate::support::captures::{self, judge};
use crate::support::client::{get, tls};
use crate::support::device::Device;
use crate::support::files::eventually;
use crate::support::server::Server;

/// They connect and say nothing.
const HALF_OPEN: usize = 2000;

/// They say a byte a second, end no TLS hello, or read nothing of a WebSocket.
const SLOW: usize = 200;

const DEVICES: usize = 20;

/// Those who come while the crowd is there, one after the other, half a second apart;
/// `LOCALCAMERA_ROUNDS=120` makes it a minute.
const NEWCOMERS: usize = 12;

/// From the connection to the answer: a second or two, and what this machine takes for the rest of
/// the tests beside that.
const NEWCOMER_PATIENCE: Duration = Duration::from_secs(5);

/// Of the crowd: the limits on handshakes let in so many at once.
const AT_LEAST: usize = 400;

const BYTE_PACE: Duration = Duration::from_secs(1);

const CAPTURES: [&str; 4] = [
    "chromium-webm-vp8-opus",
    "webkit-mp4-h264-aac",
    "firefox-webm-vp8-opus",
    "chromium-mp4-h264-opus",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_that_ask_for_nothing_stand_in_nobodys_way() {
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    setrlimit(Resource::Nofile, files).unwrap();
    let newcomers =
        std::env::var("LOCALCAMERA_ROUNDS").map_or(NEWCOMERS, |text| text.parse().unwrap());
    let server = Server::start(&[]);
    let settings = tls(&server);
    let mut crowd = JoinSet::new();
    for number in 0..HALF_OPEN {
        let source = Ipv4Addr::new(127, 0, 0, [2, 3, 4, 5][number % 4]);
        crowd.spawn(again(Attacker::new(&server, source, Attack::Silent, &settings)));
    }
    for number in 0..SLOW {
        let attack = [Attack::HalfHello, Attack::SlowHead, Attack::Deaf][number % 3];
        let source = Ipv4Addr::new(127, 0, 0, 6);
        crowd.spawn(again(Attacker::new(&server, source, attack, &settings)));
    }
    eventually(|| (server.open_sockets() > AT_LEAST).then_some(())).await;

    let (_address, addresses) = watch::channel(server.https.clone());
    let (may_stop, stops) = watch::channel(false);
    let mut devices = JoinSet::new();
    for number in 0..DEVICES {
        let device = Device {
            name: format!("device-{number:04}"),
            session: format!("session-{number:04}"),
            captures: vec![captures::named(CAPTURES[number % CAPTURES.len()])],
            pace: Duration::from_millis(250),
        };
        devices.spawn(device.record(addresses.clone(), settings.clone(), stops.clone()));
    }
    let mut pace = interval(Duration::from_millis(500));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut slowest = Duration::ZERO;
    for _ in 0..newcomers {
        pace.tick().await;
        let began = Instant::now();
        let (status, _) = get(&server, "/api/streams").await;
        assert_eq!(status, 200);
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < NEWCOMER_PATIENCE, "{slowest:?}");
    assert!(server.open_sockets() > AT_LEAST, "the crowd has gone");
    may_stop.send_replace(true);
    while let Some(summary) = devices.join_next().await {
        assert!(!summary.unwrap().files.is_empty());
    }
    crowd.abort_all();
    let generations = by_generation(&server.recordings());
    assert_eq!(generations.len(), DEVICES);
    for ((session, _), files) in generations {
        let number: usize = session.trim_start_matches("session-").parse().unwrap();
        judge(&captures::named(CAPTURES[number % CAPTURES.len()]), &files, "60");
    }
    eprintln!("the slowest of {newcomers} newcomers took {slowest:?}");
}

#[derive(Clone, Copy)]
enum Attack {
    Silent,
    HalfHello,
    SlowHead,
    Deaf,
}

struct Attacker {
    server: String,
    source: Ipv4Addr,
    attack: Attack,
    tls: Arc<rustls::ClientConfig>,
}

/// Whenever the server has had enough of it.
async fn again(attacker: Attacker) {
    let mut pace = interval(BYTE_PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        attacker.attack().await;
    }
}

impl Attacker {
    fn new(
        server: &Server,
        source: Ipv4Addr,
        attack: Attack,
        tls: &Arc<rustls::ClientConfig>,
    ) -> Self {
        Self { server: server.https.clone(), source, attack, tls: tls.clone() }
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((self.source, 0).into())?;
        socket.connect(self.server.parse().unwrap()).await
    }

    /// Until the connection ends.
    async fn attack(&self) -> Option<()> {
        let mut stream = self.connect().await.ok()?;
        match self.attack {
            Attack::Silent => {}
            // A handshake record of 512 bytes that ends after six.
            Attack::HalfHello => stream.write_all(&[22, 3, 1, 2, 0, 1]).await.ok()?,
            Attack::SlowHead => return self.say_slowly(stream).await,
            Attack::Deaf => return self.hear_nothing(stream).await,
        }
        let _ = stream.read(&mut [0]).await;
        None
    }

    async fn say_slowly(&self, stream: TcpStream) -> Option<()> {
        let name = "127.0.0.1".try_into().unwrap();
        let mut stream = TlsConnector::from(self.tls.clone()).connect(name, stream).await.ok()?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nslow: ").await.ok()?;
        let mut pace = interval(BYTE_PACE);
        loop {
            pace.tick().await;
            stream.write_all(b"x").await.ok()?;
            stream.flush().await.ok()?;
        }
    }

    async fn hear_nothing(&self, stream: TcpStream) -> Option<()> {
        let url = format!("wss://{}/ws/control", self.server);
        let request = url.into_client_request().unwrap();
        let connector = Some(Connector::Rustls(self.tls.clone()));
        let connecting =
            tokio_tungstenite::client_async_tls_with_config(request, stream, None, connector);
        let _socket = connecting.await.ok()?;
        std::future::pending().await
    }
}
