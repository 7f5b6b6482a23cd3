//! What it costs to fetch and record many cameras at once.
//!
//! `cargo bench --bench cameras [-- CAMERAS SECONDS TRANSPORT]`: GStreamer's RTSP server plays a
//! file of 2 Mbit/s H.264 to each, over `tcp` or `udp`; the server fetches and records all of them.
//! Then so many raw publishers send the same file over WSS at the same pace. Prints the CPU time of
//! the server's process per minute and per gigabyte of each, and how much of what was sent is
//! recorded.
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

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::camera::{Camera, made};
use support::client::{Client, get};
use support::files::segments;
use support::server::Server;
use tokio::task::JoinSet;

const CAMERAS: usize = 16;
const SECONDS: u64 = 60;

/// Until all are live, and from the end of the measurement to that of the file.
const MARGIN_SECONDS: u64 = 30;

/// Between two messages of a raw publisher.
const PACE: Duration = Duration::from_millis(250);

/// What a run cost.
struct Cost {
    cpu_seconds: f64,
    gigabytes: f64,
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let cameras = arguments.next().map_or(CAMERAS, |text| text.parse().unwrap());
    let seconds = arguments.next().map_or(SECONDS, |text| text.parse().unwrap());
    let transport = arguments.next().unwrap_or_else(|| "tcp".to_owned());
    let media = tempfile::tempdir().unwrap();
    let length = seconds + MARGIN_SECONDS;
    let picture = format!("-f lavfi -i testsrc2=size=1280x720:rate=25:duration={length}");
    let noise = "-vf noise=alls=20:allf=t -pix_fmt yuv420p";
    let rate = "-b:v 2M -minrate 2M -maxrate 2M -bufsize 1M -x264-params nal-hrd=cbr";
    let container = "-movflags frag_keyframe+empty_moov+default_base_moof";
    let encoder = format!("-c:v libx264 -preset ultrafast -bf 0 -g 25 {rate}");
    let file =
        made(media.path(), "camera.mp4", &format!("{picture} {noise} {encoder} {container}"));
    let bytes = std::fs::metadata(&file).unwrap().len();
    let per_second = bytes as f64 / length as f64;
    println!("{cameras} streams of {:.2} Mbit/s, {seconds} s", per_second * 8.0 / 1e6);
    let fetched = fetch(&file, cameras, seconds, &transport, per_second).await;
    let pushed = push(&file, cameras, seconds, per_second).await;
    for (name, cost) in
        [(&*format!("fetched by RTSP over {transport}"), &fetched), ("raw over WSS", &pushed)]
    {
        let per_minute = cost.cpu_seconds * 60.0 / seconds as f64;
        let per_gigabyte = cost.cpu_seconds / cost.gigabytes;
        println!("{name}: {per_minute:.2} CPU-s/min, {per_gigabyte:.2} CPU-s/GB");
    }
    let ratio = (fetched.cpu_seconds / fetched.gigabytes) / (pushed.cpu_seconds / pushed.gigabytes);
    println!("ratio {ratio:.2}");
}

async fn fetch(file: &Path, cameras: usize, seconds: u64, transport: &str, rate: f64) -> Cost {
    let mount = format!(
        "camera=filesrc location={} ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1",
        file.display(),
    );
    let camera = Camera::start(&[mount], &[]);
    let address = camera.address("camera");
    let source = |number: usize| {
        format!(
            "[[source]]\nname = \"c{number}\"\nkind = \"rtsp\"\naddress = \"{address}\"\ntransport = \"{transport}\"\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let sources: String = (0..cameras).map(source).collect();
    std::fs::write(folder.path().join("localcamera.toml"), sources).unwrap();
    let server = Server::start_in(folder, &[]);
    while live(&server).await < cameras {
        tokio::time::sleep(PACE).await;
    }
    let cost = measured(&server, cameras, seconds, rate).await;
    assert_eq!(live(&server).await, cameras, "a camera was lost");
    cost
}

async fn live(server: &Server) -> usize {
    let (_, body) = get(server, "/api/sources").await;
    let listed: Value = serde_json::from_slice(&body).unwrap();
    listed["sources"].as_array().unwrap().iter().filter(|source| source["state"] == "live").count()
}

async fn push(file: &Path, publishers: usize, seconds: u64, rate: f64) -> Cost {
    let stream: &'static [u8] = std::fs::read(file).unwrap().leak();
    let server = Server::start(&[]);
    let mut sending = JoinSet::new();
    for _ in 0..publishers {
        let mut client = Client::raw(&server).await;
        sending.spawn(async move {
            let mut pace = tokio::time::interval(PACE);
            for chunk in stream.chunks((rate * PACE.as_secs_f64()) as usize) {
                pace.tick().await;
                client.binary(chunk).await;
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let cost = measured(&server, publishers, seconds, rate).await;
    sending.abort_all();
    cost
}

async fn measured(server: &Server, streams: usize, seconds: u64, rate: f64) -> Cost {
    let (before, begun) = (server.cpu_seconds(), Instant::now());
    let size = || -> u64 {
        let grown = walk(&server.recordings());
        grown.into_iter().filter_map(|path| path.metadata().ok()).map(|file| file.len()).sum()
    };
    let had = size();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (cpu_seconds, passed) = (server.cpu_seconds() - before, begun.elapsed().as_secs_f64());
    let gigabytes = rate * passed * streams as f64 / 1e9;
    let written = size().saturating_sub(had) as f64 / 1e9;
    println!(
        "sent {gigabytes:.3} GB, written {written:.3} GB, {} files",
        segments(&server.recordings()).len()
    );
    Cost { cpu_seconds, gigabytes }
}

fn walk(recordings: &Path) -> Vec<std::path::PathBuf> {
    support::files::listing(recordings).into_iter().filter(|path| path.is_file()).collect()
}
