//! How long media takes from a device's message to the sockets of many viewers, and what viewers
//! that come and go leave behind.
//!
//! `cargo bench --bench viewers [-- VIEWERS SECONDS JOINS]`: one device sends a recorded stream at
//! twice its pace (480 kbit/s); so many viewers watch it, and every tenth of them stops reading.
//! Another tenth decrypts what comes, and measures; the others take it now and then as it is, since
//! what it costs them is not the server's.
//! Then so many viewers join, wait for the first picture, and leave. Prints the latency of each
//! fragment from the message that held its last sample, the server's memory and open files, and
//! whether the recording is exact.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement that cannot go on must stop, loudly"
)]
#![allow(dead_code, reason = "the support of the tests holds more than this needs")]

#[path = "../tests/integration/support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, TryRecvError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use container::{Demuxer, Event, Sample};
use serde_json::json;
use support::captures::{self, Capture};
use support::client::{Client, get};
use support::files::segments;
use support::server::Server;
use tokio::task::JoinSet;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::{Bytes, Message};

/// One address may have 512 connections, unless it is a proxy's.
const MANY_FROM_HERE: &str = "trusted_proxies = [\"127.0.0.1\"]";

const VIEWERS: usize = 200;
const SECONDS: u64 = 30;
const JOINS: usize = 10_000;

/// One in so many viewers stalls, and one measures.
const SHARE: usize = 10;

/// So often is taken what has come to those who do not measure; the kernel holds it until then.
const TAKING: Duration = Duration::from_millis(100);

/// More than comes between.
const READ_BYTES: usize = 256 << 10;

/// Viewers that join at once.
const JOINING: usize = 8;

/// Between two messages of the device.
const PACE: Duration = Duration::from_millis(250);

/// Half a second of the stream in each of them.
const MEDIA_MS: usize = 500;

/// By so many bytes at its end a sample is known.
const TAIL_BYTES: usize = 16;

/// What was sent, and when.
struct Sent {
    capture: Capture,
    piece_bytes: usize,
    /// Which piece of the capture holds the sample that ends so.
    pieces: HashMap<Bytes, usize>,
    /// When each piece was last sent.
    times: Mutex<Vec<Option<Instant>>>,
}

impl Sent {
    fn new() -> Self {
        let capture = captures::named("chromium-webm-vp8-opus");
        let piece_bytes = capture.stream.len() * MEDIA_MS / 16_251;
        let mut demuxer = Demuxer::new();
        let (mut pieces, mut alike) = (HashMap::new(), Vec::new());
        for (number, piece) in capture.stream.chunks(piece_bytes).enumerate() {
            demuxer.push(Bytes::copy_from_slice(piece));
            while let Ok(Some(event)) = demuxer.poll() {
                if let Event::Sample(Sample { data, .. }) = event
                    && let Some(start) = data.len().checked_sub(TAIL_BYTES)
                {
                    let tail = data.slice(start..);
                    if pieces.insert(tail.clone(), number).is_some_and(|other| other != number) {
                        alike.push(tail);
                    }
                }
            }
        }
        // Silence sounds the same everywhere.
        pieces.retain(|tail, _| !alike.contains(tail));
        let times = Mutex::new(vec![None; capture.stream.len().div_ceil(piece_bytes)]);
        Self { capture, piece_bytes, pieces, times }
    }

    /// How old a fragment is, from when the message with its last sample was sent.
    fn age(&self, fragment: &Bytes) -> Option<Duration> {
        let tail = fragment.slice(fragment.len().checked_sub(TAIL_BYTES)?..);
        let piece = *self.pieces.get(&tail)?;
        self.times.lock().unwrap()[piece].map(|at| at.elapsed())
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<u64>().ok());
    let mut number = |usual: usize| numbers.next().map_or(usual, |n| usize::try_from(n).unwrap());
    let (viewers, seconds, joins) = (number(VIEWERS), number(SECONDS as usize), number(JOINS));
    let server = Arc::new(Server::configured(MANY_FROM_HERE, &[]));
    let sent = Arc::new(Sent::new());
    let is_over = Arc::new(AtomicBool::new(false));
    let publishing = {
        let (server, sent, is_over) = (server.clone(), sent.clone(), is_over.clone());
        tokio::spawn(async move { publish(&server, &sent, &is_over).await })
    };
    while watched(&server).await.is_none() {
        tokio::task::yield_now().await;
    }
    let memory = |server: &Server| server.resident_bytes() as f64 / 1e6;
    let say = |when: &str, server: &Server| {
        println!("{when}: {:.1} MB, {} open files", memory(server), server.open_files());
    };
    say("before", &server);
    // The second time shows what the first has left behind, and what the allocator keeps.
    for _ in 0..2 {
        let with = watch(&server, &sent, viewers, Duration::from_secs(seconds as u64)).await;
        alone(&server).await;
        say(&format!("with them {with:.1} MB; after them"), &server);
    }
    join_and_leave(&server, joins).await;
    alone(&server).await;
    say("after the joins", &server);
    is_over.store(true, Ordering::SeqCst);
    let generations = publishing.await.unwrap();
    println!("recorded: {}", verdict(&server, &sent.capture, generations));
}

/// So many viewers, some of them stalled: the most memory while they are there, in MB.
async fn watch(server: &Arc<Server>, sent: &Arc<Sent>, viewers: usize, lasting: Duration) -> f64 {
    let (mut watching, mut stalled) = (JoinSet::new(), Vec::new());
    let (taking, taken) = mpsc::channel();
    let others = std::thread::spawn(move || take(&taken));
    let joining = Instant::now();
    let is_complete = Arc::new(AtomicBool::new(false));
    let end = Arc::new(Mutex::new(None::<Instant>));
    let unknown = Arc::new(AtomicU64::new(0));
    let address = format!("{}/ws/live/test-device", server.https);
    for number in 0..viewers {
        let mut viewer = Client::connect(server, &address, None).await;
        if number % SHARE == SHARE - 1 {
            stalled.push(viewer);
            continue;
        }
        if number % SHARE > 0 {
            taking.send(below_tls(viewer)).expect("the others go on");
            continue;
        }
        let (sent, is_complete) = (sent.clone(), is_complete.clone());
        let (end, unknown) = (end.clone(), unknown.clone());
        watching.spawn(async move {
            let (mut ages, mut bytes, mut skips) = (Vec::new(), 0, 0);
            while end.lock().unwrap().is_none_or(|end| Instant::now() < end) {
                match viewer.message().await {
                    Some(Message::Binary(fragment)) => {
                        bytes += fragment.len() as u64;
                        // Handshakes and first groups of the others are another measurement.
                        if !is_complete.load(Ordering::SeqCst) {
                            continue;
                        }
                        match sent.age(&fragment) {
                            Some(age) => ages.push(age),
                            None => drop(unknown.fetch_add(1, Ordering::SeqCst)),
                        }
                    }
                    Some(Message::Text(text)) => skips += u64::from(text.contains("skipped")),
                    Some(_) => {}
                    None => panic!("a viewer lost its connection"),
                }
            }
            (ages, bytes, skips)
        });
    }
    *end.lock().unwrap() = Some(Instant::now() + lasting);
    is_complete.store(true, Ordering::SeqCst);
    let joined = joining.elapsed();
    let (mut ages, mut bytes, mut skips, mut most) = (Vec::new(), 0, 0, 0);
    let measuring = watching.len();
    while let Some(measured) = watching.join_next().await {
        most = most.max(server.resident_bytes());
        let (own, own_bytes, own_skips) = measured.unwrap();
        ages.extend(own);
        bytes += own_bytes;
        skips += own_skips;
    }
    drop(taking);
    others.join().expect("the others go on to the end");
    println!(
        "{viewers} viewers, {} of them stalled, all there after {joined:.1?}; {measuring} measure",
        stalled.len()
    );
    println!(
        "added latency of {} fragments: {}; {} of unknown age; {skips} skips; sent {} MB",
        ages.len(),
        percentiles(&mut ages),
        unknown.load(Ordering::SeqCst),
        bytes / 1_000_000
    );
    most as f64 / 1e6
}

/// The connection below TLS, for who takes what comes without reading it.
fn below_tls(viewer: Client) -> TcpStream {
    match viewer.socket.into_inner() {
        MaybeTlsStream::Rustls(stream) => stream.into_inner().0.into_std().unwrap(),
        other => panic!("no such connection is made here: {other:?}"),
    }
}

/// Takes what comes over all the connections, until nobody measures any more.
fn take(connections: &mpsc::Receiver<TcpStream>) {
    let (mut taking, mut buffer) = (Vec::new(), vec![0; READ_BYTES]);
    loop {
        loop {
            match connections.try_recv() {
                Ok(connection) => taking.push(connection),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        for connection in &mut taking {
            match connection.read(&mut buffer) {
                Ok(0) => panic!("a viewer lost its connection"),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("a viewer lost its connection: {error}"),
            }
        }
        std::thread::sleep(TAKING);
    }
}

/// So many viewers come, wait for the first picture, and go.
async fn join_and_leave(server: &Arc<Server>, joins: usize) {
    let left = Arc::new(AtomicU64::new(joins as u64));
    let mut joining = JoinSet::new();
    for _ in 0..JOINING {
        let (server, left) = (server.clone(), left.clone());
        joining.spawn(async move {
            let address = format!("{}/ws/live/test-device", server.https);
            let mut times = Vec::new();
            let take = |left: u64| left.checked_sub(1);
            while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
                let mut viewer = Client::connect(&server, &address, None).await;
                let asked = Instant::now();
                let mut binary = 0;
                // The init segment, then the group.
                while binary < 2 {
                    let message = viewer.message().await.expect("the viewer is let in");
                    binary += usize::from(message.is_binary());
                }
                times.push(asked.elapsed());
            }
            times
        });
    }
    let mut times = joining.join_all().await.concat();
    println!("{joins} joins: first picture behind the handshake {}", percentiles(&mut times));
}

fn percentiles(times: &mut [Duration]) -> String {
    if times.is_empty() {
        return "none".to_owned();
    }
    times.sort_unstable();
    let at = |permille: usize| times[(times.len() - 1) * permille / 1000].as_secs_f64() * 1000.0;
    format!(
        "p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, max {:.1} ms",
        at(500),
        at(990),
        at(999),
        at(1000)
    )
}

/// Waits until nobody watches any more.
async fn alone(server: &Server) {
    while watched(server).await != Some(0) {
        tokio::task::yield_now().await;
    }
}

/// How many watch; `None` before the stream is there.
async fn watched(server: &Server) -> Option<u64> {
    let (_, body) = get(server, "/api/streams").await;
    let list: serde_json::Value = serde_json::from_slice(&body).unwrap();
    list["streams"][0]["viewers"].as_u64()
}

/// Sends the capture again and again, and says how often.
async fn publish(server: &Server, sent: &Sent, is_over: &AtomicBool) -> usize {
    let capture = &sent.capture;
    let (mut client, welcome) = Client::hello(server, "session-1").await;
    let began = Instant::now();
    let mut pace = tokio::time::interval(PACE);
    let length = capture.stream.len();
    for generation in 0.. {
        let started_ms = welcome["now_ms"].as_i64().unwrap() + began.elapsed().as_millis() as i64;
        client
            .text(json!({
                "type": "generation", "generation": generation, "mime": capture.mime,
                "started_ms": started_ms, "offset_ms": 0, "reason": "start",
            }))
            .await;
        for (number, piece) in capture.stream.chunks(sent.piece_bytes).enumerate() {
            if !is_over.load(Ordering::SeqCst) {
                pace.tick().await;
            }
            let position = (number * sent.piece_bytes) as u64;
            sent.times.lock().unwrap()[number] = Some(Instant::now());
            client.chunk(generation, position, piece).await;
        }
        let end = json!({ "type": "generation_end", "generation": generation, "bytes": length });
        client.text(end).await;
        if is_over.load(Ordering::SeqCst) {
            let whole = |generation| json!({ "generation": generation, "bytes": length });
            let generations: Vec<_> = (0..=generation).map(whole).collect();
            client.text(json!({ "type": "stop", "generations": generations })).await;
            assert_eq!(client.ending().await.close_code(), Some(1000));
            return generation as usize + 1;
        }
    }
    unreachable!("it goes on until it is over")
}

/// Whether the files hold every sample of the capture so often, and nothing else.
fn verdict(server: &Server, capture: &Capture, generations: usize) -> String {
    let files = segments(&server.recordings());
    let mut recorded: HashMap<usize, Vec<Bytes>> = HashMap::new();
    for file in &files {
        for (track, data) in payloads(std::fs::read(file).unwrap()) {
            recorded.entry(track).or_default().push(data);
        }
    }
    let mut expected: HashMap<usize, Vec<Bytes>> = HashMap::new();
    for _ in 0..generations {
        for (track, data) in payloads(capture.stream.clone()) {
            expected.entry(track).or_default().push(data);
        }
    }
    let samples: usize = expected.values().map(Vec::len).sum();
    let is_exact = recorded == expected;
    assert!(is_exact, "what is recorded is not what was sent");
    format!("{samples} samples of {generations} generations in {} files, exact", files.len())
}

fn payloads(stream: Vec<u8>) -> Vec<(usize, Bytes)> {
    let mut demuxer = Demuxer::new();
    demuxer.push(stream.into());
    let events = std::iter::from_fn(|| demuxer.poll().unwrap());
    let samples = events.filter_map(|event| match event {
        Event::Sample(sample) => Some((sample.track, sample.data)),
        _ => None,
    });
    samples.collect()
}
