//! A network that cuts, throttles and half-closes connections costs nothing.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::PATIENCE;
use crate::support::captures::{self, judge};
use crate::support::client::tls;
use crate::support::device::Device;
use crate::support::server::Server;

/// What becomes of one connection.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// Both ways end after so many bytes to the server.
    Cut(usize),
    /// The way to the server ends after so many bytes; the way back stays open.
    HalfClosed(usize),
    /// Little at a time, then it ends.
    Throttled(usize),
    Untouched,
}

const FATES: [Fate; 9] = [
    Fate::Cut(100),
    Fate::Cut(3_000),
    Fate::Cut(40_000),
    Fate::HalfClosed(60_000),
    Fate::Throttled(50_000),
    Fate::Cut(150_000),
    Fate::HalfClosed(5_000),
    Fate::Cut(300_000),
    Fate::Throttled(120_000),
];

/// Forwards connections to the server, each with its fate; the last ones are left alone.
async fn proxy(listener: TcpListener, server: String) {
    let mut fates = FATES.into_iter();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let upstream = TcpStream::connect(&server).await.unwrap();
        tokio::spawn(forward(client, upstream, fates.next().unwrap_or(Fate::Untouched)));
    }
}

async fn forward(client: TcpStream, upstream: TcpStream, fate: Fate) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = upstream.into_split();
    let back = tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    });
    let limit = match fate {
        Fate::Cut(bytes) | Fate::HalfClosed(bytes) | Fate::Throttled(bytes) => bytes,
        Fate::Untouched => usize::MAX,
    };
    let piece = if matches!(fate, Fate::Throttled(_)) { 700 } else { 64 * 1024 };
    let mut buffer = vec![0; piece];
    let mut passed = 0;
    while passed < limit {
        let wanted = piece.min(limit - passed);
        let Ok(read @ 1..) = from_client.read(&mut buffer[..wanted]).await else { break };
        if to_server.write_all(&buffer[..read]).await.is_err() {
            break;
        }
        passed += read;
        if let Fate::Throttled(_) = fate {
            // A pace, not a wait for anything.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    if let Fate::HalfClosed(_) = fate {
        let _ = to_server.shutdown().await;
        // The server says what it has to say, and ends its side.
        let _ = back.await;
    } else {
        back.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_ends_connections_in_every_way_costs_nothing() {
    let server = Server::start(&["--segment-seconds", "4"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let through = listener.local_addr().unwrap().to_string();
    let proxying = tokio::spawn(proxy(listener, server.https.clone()));
    let (_address, addresses) = watch::channel(through);
    let (_may_stop, stops) = watch::channel(true);
    let names = ["chromium-webm-vp8-opus", "chromium-mp4-h264-opus"];
    let captures = names.map(captures::named).to_vec();
    let device = Device {
        name: "device-0001".to_owned(),
        session: "session-0001".to_owned(),
        captures: captures.clone(),
        pace: Duration::from_millis(40),
    };
    let recording = device.record(addresses, tls(&server), stops);
    let summary = tokio::time::timeout(PATIENCE, recording).await.unwrap();
    proxying.abort();
    for (generation, capture) in (0..).zip(&captures) {
        let own = summary.files.iter().filter(|file| file.generation == generation);
        let own: Vec<_> =
            own.map(|file| server.recordings().join(&summary.folder).join(&file.file)).collect();
        judge(capture, &own, "4");
    }
}
