//! MPEG-TS for JSMpeg, made by the real ffmpeg, and the processes that make it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::PATIENCE;
use crate::support::captures::{self, Capture};
use crate::support::client::{Client, get};
use crate::support::files::eventually;
use crate::support::server::Server;

/// Each look costs the server a request.
const LOOK_EVERY: Duration = Duration::from_millis(100);

const PACKET_BYTES: usize = 188;
const PAT_PID: u16 = 0;
const PID: u16 = 0x100;

/// A camera that sends its capture again and again, as it was recorded.
struct Camera {
    sending: tokio::task::JoinHandle<()>,
}

impl Camera {
    async fn start(server: &Server, capture: Capture) -> Self {
        let mut client = Client::raw(server).await;
        let sending = tokio::spawn(async move {
            loop {
                // A chunk is what was recorded in a second; each round is a generation of its own.
                let chunks = capture.chunks();
                let mut ticks = tokio::time::interval(Duration::from_secs(1));
                for chunk in chunks.into_iter().filter(|chunk| !chunk.is_empty()) {
                    ticks.tick().await;
                    client.binary(chunk).await;
                }
            }
        });
        Self { sending }
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.sending.abort();
    }
}

/// A server, a camera, and the name of its stream.
async fn filmed(args: &[&str], name: &str) -> (Server, Camera, String) {
    let server = Server::start(args);
    let camera = Camera::start(&server, captures::named(name)).await;
    let stream = listed(&server).await;
    (server, camera, stream)
}

/// The name of the only stream, once there is one.
async fn listed(server: &Server) -> String {
    let looking = async {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        loop {
            tick.tick().await;
            let (_, body) = get(server, "/api/streams").await;
            let list: Value = serde_json::from_slice(&body).unwrap();
            if let Some(stream) = list["streams"][0]["stream"].as_str() {
                return stream.to_owned();
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("no stream has come")
}

async fn watch(server: &Server, stream: &str) -> Client {
    Client::connect(server, &format!("{}/ws/mpegts/{stream}", server.https), Some("null")).await
}

/// The next packets.
async fn packets(viewer: &mut Client) -> Vec<u8> {
    loop {
        match viewer.message().await {
            Some(Message::Binary(bytes)) => return bytes.to_vec(),
            Some(Message::Ping(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// As many messages.
async fn messages(viewer: &mut Client, count: usize) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while all.len() < count {
        all.push(packets(viewer).await);
    }
    all
}

fn pid(packet: &[u8]) -> u16 {
    u16::from_be_bytes([packet[1] & 0x1F, packet[2]])
}

/// Whether decoding can begin with a message.
fn is_beginning(message: &[u8]) -> bool {
    let mut packets = message.chunks(PACKET_BYTES);
    let (pat, pmt, first) = (packets.next(), packets.next(), packets.next());
    // A random access point: its packet has the flag.
    let is_key = first
        .is_some_and(|packet| pid(packet) == PID && packet[3] & 0x20 != 0 && packet[5] & 0x40 != 0);
    pat.is_some_and(|packet| pid(packet) == PAT_PID) && pmt.is_some() && is_key
}

/// What ffprobe says of some bytes, and what it complains of.
fn probed(server: &Server, bytes: &[u8]) -> (Value, String) {
    let file = server.folder.path().join("watched.ts");
    std::fs::write(&file, bytes).unwrap();
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "warning", "-err_detect", "explode", "-count_frames", "-of", "json"]);
    ffprobe.args(["-show_entries", "stream:packet=pts_time"]).arg(&file);
    let answer = ffprobe.stdin(Stdio::null()).output().unwrap();
    let said = serde_json::from_slice(&answer.stdout).unwrap();
    (said, String::from_utf8(answer.stderr).unwrap())
}

async fn transcoders(server: &Server, stream: &str) -> Vec<Value> {
    let (status, body) = get(server, &format!("/api/streams/{stream}/transcoders")).await;
    assert_eq!(status, 200);
    let list: Value = serde_json::from_slice(&body).unwrap();
    list["transcoders"].as_array().unwrap().clone()
}

async fn no_transcoder_is_left(server: &Server, stream: &str) {
    let ending = async {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        while !transcoders(server, stream).await.is_empty() {
            tick.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, ending).await.expect("a transcoder goes on");
    eventually(|| server.children().is_empty().then_some(())).await;
}

#[tokio::test]
async fn it_can_be_joined_at_any_time_and_decodes_without_a_fault() {
    for name in ["chromium-webm-vp8-opus", "webkit-mp4-h264-aac"] {
        let (server, _camera, stream) = filmed(&[], name).await;
        let mut first = watch(&server, &stream).await;
        let mut early = messages(&mut first, 40).await;
        // In the middle of a group of pictures, or wherever.
        let mut second = watch(&server, &stream).await;
        let late = messages(&mut second, 60).await;
        early.extend(messages(&mut first, 20).await);
        for all in [early, late] {
            assert!(is_beginning(&all[0]), "{name}");
            for message in &all {
                assert!(!message.is_empty() && message.len().is_multiple_of(PACKET_BYTES));
                assert!(message.chunks(PACKET_BYTES).all(|packet| packet[0] == 0x47));
            }
            let (said, complaints) = probed(&server, &all.concat());
            let stream = &said["streams"][0];
            assert_eq!(complaints, "", "{name}");
            assert_eq!(said["streams"].as_array().unwrap().len(), 1, "no sound");
            assert_eq!(
                (&stream["codec_name"], &stream["width"], &stream["height"]),
                (&json!("mpeg1video"), &json!(640), &json!(480)),
                "{name}"
            );
            assert_eq!(stream["r_frame_rate"], "24000/1001", "a rate that MPEG-1 has");
            let frames: usize = stream["nb_read_frames"].as_str().unwrap().parse().unwrap();
            assert_eq!(frames, all.len(), "{name}: each message is a picture");
            let times = said["packets"].as_array().unwrap().iter();
            let times: Vec<f64> =
                times.map(|at| at["pts_time"].as_str().unwrap().parse().unwrap()).collect();
            assert!(times.is_sorted());
            let per_second = (times.len() - 1) as f64 / (times[times.len() - 1] - times[0]);
            assert!((8.0..=15.5).contains(&per_second), "{name}: {per_second}");
        }
        let all = transcoders(&server, &stream).await;
        assert_eq!((all.len(), server.children().len()), (1, 1), "one for both: {all:?}");
        let one = &all[0];
        assert_eq!((&one["format"], &one["state"]), (&json!("mpegts"), &json!("running")));
        assert_eq!(one["detail"], "640x480 15/s 800 kbit/s");
        assert_eq!((&one["clients"], &one["restarts"]), (&json!(2), &json!(0)));
        let (packets, bytes) = (one["packets"].as_u64().unwrap(), one["bytes"].as_u64().unwrap());
        assert!(packets > 100 && bytes >= packets / 2 * PACKET_BYTES as u64);
        drop((first, second));
        no_transcoder_is_left(&server, &stream).await;
    }
}

#[tokio::test]
async fn what_is_configured_is_what_comes() {
    let text = "[mpegts]\nsize = \"320x400\"\nframes_per_second = 27\nbitrate_kbps = 300\n";
    let server = Server::configured(text, &[]);
    let _camera = Camera::start(&server, captures::named("chromium-webm-vp8-opus")).await;
    let stream = listed(&server).await;
    let mut viewer = watch(&server, &stream).await;
    let all = messages(&mut viewer, 50).await.concat();
    let (said, complaints) = probed(&server, &all);
    let stream = &said["streams"][0];
    assert_eq!(complaints, "");
    assert_eq!((&stream["width"], &stream["height"]), (&json!(320), &json!(400)));
    assert_eq!(stream["r_frame_rate"], "25/1");
}

#[tokio::test]
async fn what_cannot_be_had_is_said() {
    let server = Server::start(&[]);
    let ending = watch(&server, "nobody").await.ending().await;
    assert_eq!(ending.close_code(), Some(4404));
    assert!(ending.close.unwrap().reason.contains("there is no stream nobody"));
    let (status, _) = get(&server, "/api/streams/nobody/transcoders").await;
    assert_eq!(status, 404);
    let (status, _) = get(&server, "/ws/mpegts/nobody").await;
    assert_eq!(status, 426);
}

#[tokio::test]
async fn one_that_is_killed_or_stands_still_is_replaced_and_its_viewers_go_on() {
    use rustix::process::{Signal, kill_process};
    let (server, _camera, stream) = filmed(&[], "chromium-webm-vp8-opus").await;
    let mut viewer = watch(&server, &stream).await;
    messages(&mut viewer, 20).await;
    let mut last = None;
    for (restarts, signal) in [(1, Signal::KILL), (2, Signal::STOP)] {
        let [child] = server.children()[..] else { panic!("{:?}", server.children()) };
        assert_ne!(last.replace(child), Some(child));
        kill_process(child, signal).unwrap();
        // Meanwhile others see everything.
        let mut other =
            Client::connect(&server, &format!("{}/ws/live/{stream}", server.https), None).await;
        let began = Instant::now();
        let mut seconds = 0;
        while seconds < 3 {
            if let Some(Message::Binary(_)) = other.message().await {
                seconds += 1;
            }
        }
        assert!(began.elapsed() < Duration::from_secs(10), "the hub waits");
        // The next one begins as one begins that joins.
        let beginning = async { while !is_told_to_begin(&packets(&mut viewer).await) {} };
        tokio::time::timeout(PATIENCE, beginning).await.expect("the next one says nothing of it");
        messages(&mut viewer, 20).await;
        let all = transcoders(&server, &stream).await;
        assert_eq!((&all[0]["restarts"], &all[0]["clients"]), (&json!(restarts), &json!(1)));
        let log = all[0]["log"].to_string();
        assert!(log.contains("started again in"), "{log}");
        eventually(|| (!server.children().contains(&child)).then_some(())).await;
    }
    drop(viewer);
    no_transcoder_is_left(&server, &stream).await;
}

/// Whether a message says that nothing goes before it.
fn is_told_to_begin(message: &[u8]) -> bool {
    is_beginning(message) && message[2 * PACKET_BYTES + 5] & 0x80 != 0
}

/// P9, and nothing leaks.
#[tokio::test]
async fn viewers_that_come_and_go_at_random_leave_nothing_behind() {
    const VIEWERS: u32 = 50;
    let (server, _camera, stream) = filmed(&[], "chromium-webm-vp8-opus").await;
    let mut steady = watch(&server, &stream).await;
    messages(&mut steady, 1).await;
    let before = server.open_sockets();
    let end = Instant::now() + Duration::from_secs(6);
    let all = (0..VIEWERS).map(|number| {
        let (server, stream) = (&server, &stream);
        async move {
            let mut random = number;
            while Instant::now() < end {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let kind = ["mpegts", "jpeg", "json", "mpegts"][random as usize >> 16 & 3];
                let address = format!("{}/ws/{kind}/{stream}", server.https);
                let mut viewer = Client::connect(server, &address, None).await;
                // Some do not wait for anything, and some do not say goodbye.
                for _ in 0..random >> 20 & 7 {
                    viewer.message().await;
                }
                if random >> 24 & 1 == 0 {
                    viewer.close().await;
                }
            }
        }
    });
    futures_util::future::join_all(all).await;
    assert!(transcoders(&server, &stream).await.len() <= 2);
    assert!(server.children().len() <= 2);
    messages(&mut steady, 5).await;
    // What is opened by the test itself is gone, too.
    eventually(|| (server.children().len() == 1).then_some(())).await;
    eventually(|| (server.open_sockets() <= before).then_some(())).await;
    drop(steady);
    no_transcoder_is_left(&server, &stream).await;
}

#[tokio::test]
async fn pictures_come_as_often_and_as_good_as_is_asked() {
    let (server, _camera, stream) = filmed(&[], "chromium-webm-vp8-opus").await;
    let connect = async |kind: &str, query: &str| {
        let address = format!("{}/ws/{kind}/{stream}{query}", server.https);
        Client::connect(&server, &address, Some("null")).await
    };
    // 10 a second, although the camera hands over a second at once.
    let mut viewer = connect("json", "").await;
    let mut times = Vec::new();
    let mut came = Vec::new();
    while times.len() < 40 {
        let told = viewer.receive().await;
        assert_eq!(told["type"], "image");
        times.push(told["timestamp"].as_f64().unwrap());
        came.push(Instant::now());
    }
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
    let span = |from: usize, to: usize| (came[to] - came[from]).as_secs_f64();
    let per_second = 29.0 / span(10, 39);
    assert!((5.0..=12.0).contains(&per_second), "{per_second}");
    let longest = came.windows(2).skip(15).map(|two| (two[1] - two[0]).as_secs_f64());
    assert!(longest.fold(0.0, f64::max) < 0.8, "they come in bursts");
    // A quarter as often.
    let mut slow = connect("jpeg", "?fps=2.5").await;
    let began = Instant::now();
    let mut sizes = Vec::new();
    while sizes.len() < 6 {
        if let Some(Message::Binary(jpeg)) = slow.message().await {
            sizes.push(jpeg.len());
        }
    }
    assert!(began.elapsed() > Duration::from_millis(1700), "{:?}", began.elapsed());
    let mut poor = connect("jpeg", "?quality=10").await;
    let Some(Message::Binary(jpeg)) = poor.message().await else { panic!("no picture") };
    assert!(jpeg.len() * 3 < sizes[5] * 2, "{} {}", jpeg.len(), sizes[5]);
    let all = transcoders(&server, &stream).await;
    let details: Vec<&str> = all.iter().map(|one| one["detail"].as_str().unwrap()).collect();
    assert_eq!(details, ["quality 75 10/s", "quality 10 10/s"], "one for the first two");
    for (kind, query) in [("jpeg", "?fps=0"), ("json", "?quality=101"), ("json", "?fps=x&fps=1")] {
        let ending = connect(kind, query).await.ending().await;
        assert_eq!(ending.close_code(), Some(4400), "{query}");
        let message = match kind {
            "jpeg" => &ending.texts[0]["error"],
            _ => &ending.texts[0]["message"],
        };
        assert!(
            message.as_str().is_some_and(|message| message.contains(&query[1..4])),
            "{message}"
        );
        assert_eq!(ending.texts.len(), 1);
    }
    drop((viewer, slow, poor));
    no_transcoder_is_left(&server, &stream).await;
}

#[tokio::test]
async fn transcoders_end_with_the_server() {
    let (server, _camera, stream) = filmed(&[], "chromium-webm-vp8-opus").await;
    let mut viewer = watch(&server, &stream).await;
    messages(&mut viewer, 5).await;
    let children = server.children();
    assert_eq!(children.len(), 1);
    server.interrupt();
    let ending = viewer.ending().await;
    assert_eq!(ending.close_code(), Some(1012));
    let (status, said, _) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("a transcoder starts") && said.contains("a transcoder has stopped"));
    let is_gone =
        || !std::path::Path::new(&format!("/proc/{}", children[0].as_raw_nonzero())).exists();
    eventually(|| is_gone().then_some(())).await;
}
