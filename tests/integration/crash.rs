//! Kill -9 at any instant: nothing that was acknowledged is lost or doubled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::captures::{self, Capture, judge};
use crate::support::client::tls;
use crate::support::device::Device;
use crate::support::files::{eventually, listing, segments};
use crate::support::server::Server;

/// Enough for each run; `LOCALCAMERA_KILLS=200` makes it as many.
const KILLS: u32 = 8;

/// Between two kills, at most.
const LIFE_MS: u64 = 900;

const SEGMENT_SECONDS: &str = "4";

/// A life of the server ends at some instant of it.
fn instant(random: &mut u64) -> Duration {
    // xorshift64: any instant will do.
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    Duration::from_millis(*random % LIFE_MS)
}

fn capture_of(device: usize, generation: usize) -> Capture {
    let names = [
        "chromium-webm-vp8-opus",
        "webkit-mp4-h264-aac",
        "firefox-webm-vp8-opus",
        "chromium-mp4-h264-opus",
        "chromium-mkv-h264-opus",
    ];
    captures::named(names[(device + generation) % names.len()])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_at_any_instant_loses_nothing() {
    let kills = std::env::var("LOCALCAMERA_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let args = ["--segment-seconds", SEGMENT_SECONDS];
    let mut server = Server::start(&args);
    let (address, addresses) = watch::channel(server.https.clone());
    let (may_stop, stops) = watch::channel(false);
    let generations = 1 + kills as usize / 8;
    let mut devices = JoinSet::new();
    for number in 0..5 {
        let device = Device {
            name: format!("device-{number:04}"),
            session: format!("session-{number:04}"),
            captures: (0..generations).map(|g| capture_of(number, g)).collect(),
            pace: Duration::from_millis(150),
        };
        devices.spawn(device.record(addresses.clone(), tls(&server), stops.clone()));
    }
    let mut random = 0x2026_1120;
    let mut finished = BTreeMap::new();
    for _ in 0..kills {
        tokio::time::sleep(instant(&mut random)).await;
        let folder = server.kill();
        unchanged(&mut finished, &folder.path().join("recordings"));
        server = Server::start_in(folder, &args);
        address.send_replace(server.https.clone());
    }
    may_stop.send_replace(true);
    while let Some(summary) = devices.join_next().await {
        assert!(!summary.unwrap().files.is_empty());
    }
    let recordings = server.recordings();
    let all = listing(&recordings);
    let is_left = |path: &&PathBuf| {
        let name = path.to_string_lossy();
        [".part", ".rewrite", ".remade"].iter().any(|end| name.ends_with(end))
    };
    assert_eq!(all.iter().find(is_left), None);
    let mut judged = 0;
    for ((session, generation), files) in by_generation(&recordings) {
        let number: usize = session.trim_start_matches("session-").parse().unwrap();
        judge(&capture_of(number, generation), &files, SEGMENT_SECONDS);
        judged += files.len();
    }
    assert_eq!(judged, segments(&recordings).len());
}

/// Finished files do not change, except the last of each generation.
fn unchanged(known: &mut BTreeMap<PathBuf, Vec<u8>>, recordings: &Path) {
    let generations = by_generation(recordings);
    let settled = generations.values().flat_map(|files| &files[..files.len() - 1]);
    for path in settled {
        let Ok(bytes) = std::fs::read(path) else { continue };
        let before = known.entry(path.clone()).or_insert_with(|| bytes.clone());
        assert!(*before == bytes, "{} has changed", path.display());
    }
}

/// The files that the journals name, by session and generation, in order.
pub(crate) fn by_generation(recordings: &Path) -> BTreeMap<(String, usize), Vec<PathBuf>> {
    let mut generations: BTreeMap<_, Vec<PathBuf>> = BTreeMap::new();
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|end| end == "jsonl");
    for path in listing(recordings).into_iter().filter(is_journal) {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut session = String::new();
        for line in lines {
            if line["event"] == "session" {
                line["session"].as_str().unwrap().clone_into(&mut session);
            }
            if line["event"] == "segment" {
                let generation = line["generation"].as_u64().unwrap() as usize;
                let file = path.with_file_name(line["file"].as_str().unwrap());
                generations.entry((session.clone(), generation)).or_default().push(file);
            }
        }
    }
    generations
}

/// A camera whose device never comes back leaves whole files all the same.
#[tokio::test]
async fn what_a_crash_left_is_made_whole_at_the_next_start() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = crate::support::client::Client::hello(&server, "session-1").await;
    let length = crate::v1::send(&mut client, 0, &capture).await;
    client.acknowledged(0, length - length / 8).await;
    let folder = server.kill();
    let part = |folder: &Path| {
        let all = listing(&folder.join("recordings"));
        all.into_iter().find(|path| path.extension().is_some_and(|end| end == "part"))
    };
    assert!(part(folder.path()).is_some());
    let server = Server::start_in(folder, &[]);
    let recordings = server.recordings();
    let files = eventually(|| Some(segments(&recordings)).filter(|files| files.len() == 1)).await;
    let report = container::inspect(std::fs::read(&files[0]).unwrap().into());
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(report.duration_ns > 10_000_000_000 && report.index_in_front);
    assert_eq!(part(server.folder.path()), None);
}
