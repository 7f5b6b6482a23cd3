//! Whoever has stopped reading the log holds up nothing.

use std::io::{BufRead, BufReader, PipeReader};

use rustix::process::{Pid, Signal};
use tokio::sync::mpsc;

use crate::raw::has_stopped;
use crate::support::PATIENCE;
use crate::support::captures::{self, judge};
use crate::support::client::Client;
use crate::support::files::{eventually, segments};
use crate::support::http::request;
use crate::support::pipes::full_pipe;
use crate::support::server::{Server, command, wait};

/// Each message has the server say a few lines; together they are several times what a pipe holds
/// and what waits behind it.
const MESSAGE_BYTES: usize = 100;

/// A server that says all it can, to somebody who does not listen.
fn start() -> (Server, PipeReader) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path());
    command.env("LOCALCAMERA_LOG", "trace");
    let (reader, writer) = std::io::pipe().unwrap();
    command.stderr(writer);
    (Server::run(command, folder, &[]), reader)
}

/// Records while so much is said, and judges what has been recorded.
async fn record(server: &Server) {
    let capture = captures::named("chromium-webm-vp8-opus");
    let mut client = Client::raw(server).await;
    let half = capture.stream.len() / 2;
    client.binary(&capture.stream[..half]).await;
    let sending = async {
        for message in capture.stream[half..].chunks(MESSAGE_BYTES) {
            client.binary(message).await;
        }
        request(server, "GET", "/health", &[], b"").await.status
    };
    let answer = tokio::time::timeout(PATIENCE, sending).await;
    assert_eq!(answer.expect("the server stands still"), 200);
    client.close().await;
    eventually(|| has_stopped(server).then_some(())).await;
    judge(&capture, &segments(&server.recordings()), "60");
}

#[tokio::test]
async fn a_log_that_nobody_reads_keeps_from_nothing() {
    let (server, reader) = start();
    record(&server).await;
    server.interrupt();
    let (status, _, _) = server.wait();
    assert_eq!(status.code(), Some(0));
    drop(reader);
}

#[tokio::test]
async fn a_reader_who_comes_back_is_told_what_is_missing() {
    let (server, reader) = start();
    record(&server).await;
    let (tx, mut lines) = mpsc::unbounded_channel();
    // Whoever reads here waits as long as the server lives.
    std::thread::spawn(move || {
        BufReader::new(reader).lines().map_while(Result::ok).all(|line| tx.send(line).is_ok())
    });
    let told = line(&mut lines, "lines of this log were lost").await;
    let (_, lost) = told.split_once("lines=").expect("it does not say how many");
    assert!(lost.parse::<usize>().unwrap() > 0, "{told}");
    server.interrupt();
    line(&mut lines, "localcamera::app: stopping").await;
    let (status, _, _) = server.wait();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn addresses_that_nobody_takes_keep_from_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = full_pipe();
    let mut command = command(folder.path());
    let mut child = command.stdout(writer).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    // It ends when the server does, which is killed if it stands still.
    let pid = Pid::from_child(&child);
    let told = std::thread::spawn(move || {
        let is_ready = log.any(|line| line.contains("ready to record"));
        rustix::process::kill_process(pid, Signal::INT).unwrap();
        (is_ready, log.any(|line| line.contains("stopping")))
    });
    assert_eq!(wait(&mut child).code(), Some(0));
    assert_eq!(told.join().unwrap(), (true, true));
    drop(reader);
}

/// The next line that says so.
async fn line(lines: &mut mpsc::UnboundedReceiver<String>, words: &str) -> String {
    let looking = async {
        loop {
            match lines.recv().await {
                Some(line) if line.contains(words) => return line,
                Some(_) => {}
                None => panic!("the log has ended without {words:?}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("the log does not say it")
}
