//! The real binary on a disk whose syncs fail or take their time: strace decides what the system
//! answers.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tokio::sync::watch;

use crate::support::PATIENCE;
use crate::support::captures::{self, judge};
use crate::support::client::{Client, hello_message, tls};
use crate::support::device::Device;
use crate::support::files::{listing, segments};
use crate::support::server::{Server, command};

/// The server's command under strace, which writes a file per thread beside `trace`. `None` where
/// tracing is not allowed.
fn traced(folder: &Path, rules: &[&str]) -> Option<Command> {
    let mut probe = Command::new("strace");
    probe.args(["-o", "/dev/null", "true"]).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        eprintln!("not shown here: strace is missing or may not trace");
        return None;
    }
    let plain = command(folder);
    let mut traced = Command::new("strace");
    // The server stays this process's child; the tracer ends with it.
    traced.args(["-D", "-ff", "-ttt", "-T", "-y", "-o"]).arg(folder.join("trace")).args(rules);
    traced.arg(plain.get_program()).args(plain.get_args());
    traced.current_dir(folder);
    traced.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Some(traced)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn syncs_that_fail_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Of each thread's first syncs every seventh is refused.
    let rules = ["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=5..40+7"];
    let Some(traced) = traced(folder.path(), &rules) else { return };
    let server = Server::run(traced, folder, &["--segment-seconds", "4"]);
    let (_address, addresses) = watch::channel(server.https.clone());
    let (_may_stop, stops) = watch::channel(true);
    let names = ["chromium-webm-vp8-opus", "webkit-mp4-h264-aac"];
    let captures = names.map(captures::named).to_vec();
    let device = Device {
        name: "device-0001".to_owned(),
        session: "session-0001".to_owned(),
        captures: captures.clone(),
        pace: Duration::from_millis(100),
    };
    let recording = device.record(addresses, tls(&server), stops);
    let Ok(summary) = tokio::time::timeout(PATIENCE, recording).await else {
        server.interrupt();
        let (_, said, folder) = server.wait();
        panic!("{said}\n{:?}", listing(&folder.path().join("recordings")));
    };
    for (generation, capture) in (0..).zip(&captures) {
        let own = summary.files.iter().filter(|file| file.generation == generation);
        let own: Vec<_> =
            own.map(|file| server.recordings().join(&summary.folder).join(&file.file)).collect();
        judge(capture, &own, "4");
    }
    assert_eq!(segments(&server.recordings()).len(), summary.files.len());
    let refused = traces(server.folder.path());
    let refused = refused.iter().filter(|line| line.contains("EIO")).count();
    assert!(refused >= 3, "only {refused} syncs were refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_before_it_is_synced() {
    let folder = tempfile::tempdir().unwrap();
    // Long enough to be told from everything else.
    let rules = ["-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=400000"];
    let Some(traced) = traced(folder.path(), &rules) else { return };
    let server = Server::run(traced, folder, &[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    client.generation(0, &capture.mime).await;
    let mut acknowledged_at = Vec::new();
    let mut position = 0;
    let mut durable = 0;
    for chunk in capture.chunks().into_iter().take(4) {
        client.chunk(0, position, chunk).await;
        position += chunk.len() as u64;
        let ack = client.acknowledged(0, durable + 1).await;
        durable = ack["durable"].as_u64().unwrap();
        acknowledged_at.push(now());
    }
    client
        .text(json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": position }] }))
        .await;
    client.ending().await;
    let synced_at: Vec<f64> =
        synced(server.folder.path(), ".part>").into_iter().map(|(_, ended)| ended).collect();
    assert!(synced_at.len() >= acknowledged_at.len(), "{synced_at:?}");
    for (number, at) in acknowledged_at.iter().enumerate() {
        let before = synced_at.iter().filter(|synced| *synced < at).count();
        assert!(
            before > number,
            "acknowledgement {number} at {at} came before its sync: {synced_at:?}"
        );
    }
}

/// As many record at the same time, so that their syncs are one where the file system permits it.
const TOGETHER: usize = 8;

/// Of so many chunks the acknowledgement is waited for before the next is sent.
const WAITED_FOR: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_of_all_files_that_fails_is_one_of_each() {
    let folder = tempfile::tempdir().unwrap();
    let rules = ["-e", "trace=fdatasync,syncfs", "-e", "inject=syncfs:error=EIO"];
    let Some(traced) = traced(folder.path(), &rules) else { return };
    let server = Server::run(traced, folder, &[]);
    record_together(&server).await;
    let capture = captures::named("chromium-webm-vp8-opus");
    let files = segments(&server.recordings());
    assert_eq!(files.len(), TOGETHER);
    for file in files {
        judge(&capture, &[file], "60");
    }
    let syncs = traces(server.folder.path());
    let refused = syncs.iter().filter(|line| line.contains("syncfs(") && line.contains("EIO"));
    if refused.count() == 0 {
        eprintln!("not shown here: the files of this file system are synced one by one");
        return;
    }
    let alone = synced(server.folder.path(), ".part>").len();
    assert!(alone >= WAITED_FOR * TOGETHER, "only {alone} syncs of files");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_synced_together_is_acknowledged_behind_that() {
    let folder = tempfile::tempdir().unwrap();
    // Long enough to be told from everything else.
    let rules =
        ["-e", "trace=fdatasync,syncfs", "-e", "inject=syncfs,fdatasync:delay_enter=200000"];
    let Some(traced) = traced(folder.path(), &rules) else { return };
    let server = Server::run(traced, folder, &[]);
    let acknowledged = record_together(&server).await;
    let mut syncs = synced(server.folder.path(), ".part>");
    syncs.extend(synced(server.folder.path(), "syncfs("));
    for (sent_at, at) in acknowledged {
        let is_between = |&(began, ended): &(f64, f64)| sent_at <= began && ended <= at;
        assert!(
            syncs.iter().any(is_between),
            "what was sent at {sent_at} was acknowledged at {at} without a sync between: {syncs:?}"
        );
    }
}

/// Several devices record, chunk by chunk at the same time. Returns when each chunk was sent, and when
/// media of it was acknowledged.
async fn record_together(server: &Server) -> Vec<(f64, f64)> {
    let recording = (0..TOGETHER).map(|number| async move {
        let capture = captures::named("chromium-webm-vp8-opus");
        let mut hello = hello_message(&format!("session-{number}"));
        hello["device"] = json!(format!("device-{number:04}"));
        let (mut client, _) = Client::greet(server, hello).await;
        client.generation(0, &capture.mime).await;
        let (mut position, mut durable, mut acknowledged) = (0, 0, Vec::new());
        for (number, chunk) in capture.chunks().into_iter().enumerate() {
            let sent_at = now();
            client.chunk(0, position, chunk).await;
            position += chunk.len() as u64;
            // What comes with the end of a recording may be no sample more.
            if number < WAITED_FOR {
                let ack = client.acknowledged(0, durable + 1).await;
                durable = ack["durable"].as_u64().unwrap();
                acknowledged.push((sent_at, now()));
            }
        }
        client
            .text(
                json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": position }] }),
            )
            .await;
        client.ending().await;
        acknowledged
    });
    futures_util::future::join_all(recording).await.concat()
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

fn traces(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for path in listing(folder) {
        if path.to_string_lossy().contains("/trace.") {
            let text = std::fs::read_to_string(path).unwrap();
            lines.extend(text.lines().map(str::to_owned));
        }
    }
    lines
}

/// When syncs of growing files, or of whole file systems, began and ended, in seconds since 1970.
fn synced(folder: &Path, of: &str) -> Vec<(f64, f64)> {
    let times = |line: &String| {
        if !line.contains(of) || !line.contains("= 0") {
            return None;
        }
        let began: f64 = line.split_whitespace().next()?.parse().ok()?;
        let took: f64 = line.rsplit_once('<')?.1.strip_suffix('>')?.parse().ok()?;
        Some((began, began + took))
    };
    let mut syncs: Vec<(f64, f64)> = traces(folder).iter().filter_map(times).collect();
    syncs.sort_by(|a, b| a.1.total_cmp(&b.1));
    syncs
}
