//! `localcamera push`: what goes in on one computer is on the disk of the other.

use std::path::Path;

use tempfile::TempDir;

use crate::support::captures::{self, Capture, judge};
use crate::support::files::{eventually, journal, listing, segments};
use crate::support::proxy::Proxy;
use crate::support::pusher::{Pipe, Pushed, Pusher, command, spooled};
use crate::support::server::Server;

/// Checks that a push has delivered everything, and forgotten it.
fn delivered(pushed: &Pushed, capture: &Capture, server: &Server, folder: &Path) {
    assert_eq!(pushed.code, Some(0), "{pushed:?}");
    let recordings = server.recordings();
    let printed: Vec<_> = pushed.files.iter().map(|file| recordings.join(file)).collect();
    assert_eq!(printed, segments(&recordings), "{pushed:?}");
    judge(capture, &printed, "60");
    assert_eq!(spooled(folder), (Vec::new(), 0));
}

/// Waits until the server has put this much onto its disk.
async fn recorded(server: &Server, bytes: u64) {
    let recordings = server.recordings();
    eventually(|| {
        let growing = listing(&recordings).into_iter().filter(|path| path.is_file());
        let size = growing.map(|path| std::fs::metadata(path).map_or(0, |m| m.len())).sum::<u64>();
        (size > bytes).then_some(())
    })
    .await;
}

fn with_authority(mut command: std::process::Command, server: &Server) -> std::process::Command {
    command.arg("--ca").arg(server.folder.path().join("certs/ca.crt"));
    command
}

/// A push of which half has got through.
struct Half {
    proxy: Proxy,
    folder: TempDir,
    pusher: Pusher,
    pipe: Pipe,
}

impl Half {
    /// The file of this name, or for `-` a pipe.
    async fn recorded(capture: &Capture, input: &str) -> (Server, Self) {
        let server = Server::start(&[]);
        let proxy = Proxy::new(capture.stream.len() as u64 / 2).await;
        proxy.aim(&server.https);
        let folder = tempfile::tempdir().unwrap();
        let mut push = with_authority(command(folder.path(), input, &proxy.address), &server);
        let (pusher, mut pipe) = Pusher::pipe(&mut push);
        if input == "-" {
            pipe.write(&capture.stream).await;
        }
        recorded(&server, 50_000).await;
        (server, Self { proxy, folder, pusher, pipe })
    }

    /// What is missing is delivered to the server that has come back.
    async fn goes_on(self, capture: &Capture, server: &Server) {
        self.proxy.aim(&server.https);
        self.proxy.allow_all();
        drop(self.pipe);
        delivered(&self.pusher.ended().await, capture, server, self.folder.path());
    }
}

#[tokio::test]
async fn a_file_is_recorded_as_it_is() {
    for name in ["chromium-webm-vp8-opus", "webkit-mp4-h264-aac", "chromium-mkv-h264-opus"] {
        let capture = captures::named(name);
        let server = Server::start(&[]);
        // Beside the server its own authority is the default.
        let folder = server.folder.path();
        let to = format!("https://{}/", server.https);
        let path = capture.path.to_str().unwrap();
        let pushed = Pusher::start(&mut command(folder, path, &to)).ended().await;
        delivered(&pushed, &capture, &server, folder);
        let lines = journal(&server.recordings());
        assert_eq!(lines[0]["name"], format!("{name}.bin"));
        assert!(lines[0]["client"].as_str().unwrap().starts_with("localcamera-push/"));
    }
}

#[tokio::test]
async fn a_pipe_is_recorded_as_it_is() {
    for name in ["firefox-webm-vp8-opus", "chromium-mp4-h264-opus"] {
        let capture = captures::named(name);
        let server = Server::start(&[]);
        let folder = tempfile::tempdir().unwrap();
        let mut push = with_authority(command(folder.path(), "-", &server.https), &server);
        let (pusher, mut pipe) = Pusher::pipe(push.args(["--name", "Bench 3"]));
        for chunk in capture.chunks() {
            pipe.write(chunk).await;
        }
        drop(pipe);
        delivered(&pusher.ended().await, &capture, &server, folder.path());
        assert_eq!(journal(&server.recordings())[0]["name"], "Bench 3");
    }
}

#[tokio::test]
async fn a_pipe_does_not_wait_for_a_server_that_is_away() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let server = Server::start(&[]);
    let proxy = Proxy::new(u64::MAX).await;
    let folder = tempfile::tempdir().unwrap();
    let mut push = with_authority(command(folder.path(), "-", &proxy.address), &server);
    let (pusher, mut pipe) = Pusher::pipe(&mut push);
    pipe.write(&capture.stream).await;
    let length = capture.stream.len() as u64;
    eventually(|| (spooled(folder.path()).1 == length).then_some(())).await;
    proxy.aim(&server.https);
    drop(pipe);
    delivered(&pusher.ended().await, &capture, &server, folder.path());
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_has_everything() {
    let capture = captures::named("chromium-webm-vp8-opus");
    for input in [capture.path.to_str().unwrap(), "-"] {
        let (server, half) = Half::recorded(&capture, input).await;
        let server = Server::start_in(server.kill(), &[]);
        half.goes_on(&capture, &server).await;
        let lines = journal(&server.recordings());
        assert!(lines.iter().any(|line| line["event"] == "resumed"), "{lines:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_stopped_and_comes_back_has_everything() {
    let capture = captures::named("chromium-mp4-h264-opus");
    let server = Server::start(&[]);
    let proxy = Proxy::new(u64::MAX).await;
    proxy.aim(&server.https);
    let folder = tempfile::tempdir().unwrap();
    let mut push = with_authority(command(folder.path(), "-", &proxy.address), &server);
    let (pusher, mut pipe) = Pusher::pipe(&mut push);
    let (before, after) = capture.stream.split_at(capture.stream.len() / 2);
    pipe.write(before).await;
    recorded(&server, 20_000).await;
    server.interrupt();
    let (status, _, server_folder) = server.wait();
    assert_eq!(status.code(), Some(0));
    pipe.write(after).await;
    drop(pipe);
    let server = Server::start_in(server_folder, &[]);
    proxy.aim(&server.https);
    delivered(&pusher.ended().await, &capture, &server, folder.path());
}

#[tokio::test]
async fn a_server_that_has_lost_its_recordings_gets_all_of_it_again() {
    let capture = captures::named("chromium-webm-vp8-opus");
    for input in [capture.path.to_str().unwrap(), "-"] {
        let (server, half) = Half::recorded(&capture, input).await;
        let server_folder = server.kill();
        std::fs::remove_dir_all(server_folder.path().join("recordings")).unwrap();
        let server = Server::start_in(server_folder, &[]);
        half.goes_on(&capture, &server).await;
    }
}

#[tokio::test]
async fn a_push_of_a_file_that_was_killed_goes_on_where_it_was() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let server = Server::start(&[]);
    let proxy = Proxy::new(capture.stream.len() as u64 / 2).await;
    proxy.aim(&server.https);
    let folder = tempfile::tempdir().unwrap();
    let path = capture.path.to_str().unwrap();
    let push = |to: &str| with_authority(command(folder.path(), path, to), &server);
    let pusher = Pusher::start(&mut push(&proxy.address));
    recorded(&server, 50_000).await;
    pusher.kill();
    let pushed = Pusher::start(&mut push(&server.https)).ended().await;
    assert!(pushed.said.contains("goes on"), "{pushed:?}");
    delivered(&pushed, &capture, &server, folder.path());
}

#[tokio::test]
async fn what_a_killed_push_of_a_pipe_left_is_delivered_first() {
    let films = tempfile::tempdir().unwrap();
    // Several pieces of the spool, some of which the server has when the push is killed.
    let noise = "-f lavfi -i testsrc2=s=1280x720:r=30,noise=alls=60:allf=t -t 1 -c:v libx264 \
                 -preset ultrafast -qp 12 -g 30 -f matroska";
    let film = captures::made(films.path(), "noise.mkv", noise);
    let length = film.stream.len() as u64;
    assert!(length > 24 << 20, "{length}");
    let server = Server::start(&[]);
    let proxy = Proxy::new(13 << 20).await;
    proxy.aim(&server.https);
    let folder = tempfile::tempdir().unwrap();
    let push = |to: &str| with_authority(command(folder.path(), "-", to), &server);
    let (pusher, mut pipe) = Pusher::pipe(&mut push(&proxy.address));
    pipe.write(&film.stream).await;
    // The first piece is gone, and everything else is there.
    eventually(|| (spooled(folder.path()).1 == length - (8 << 20)).then_some(())).await;
    pusher.kill();
    drop(pipe);
    // Another server has no use for what is left.
    let other = Server::start(&[]);
    let mut push_there = with_authority(command(folder.path(), "-", &other.https), &other);
    let pushed = Pusher::start(&mut push_there).ended().await;
    assert_eq!(pushed.code, Some(1), "{pushed:?}");
    assert!(pushed.said.contains(&format!("for https://{}", proxy.address)), "{pushed:?}");
    assert_eq!(spooled(folder.path()).1, length - (8 << 20));
    let second = captures::named("chromium-webm-vp8-opus");
    let (pusher, mut pipe) = Pusher::pipe(&mut push(&server.https));
    pipe.write(&second.stream).await;
    drop(pipe);
    let pushed = pusher.ended().await;
    assert_eq!(pushed.code, Some(0), "{pushed:?}");
    assert!(pushed.said.contains("first"), "{pushed:?}");
    let printed: Vec<_> = pushed.files.iter().map(|file| server.recordings().join(file)).collect();
    assert_eq!(printed.len(), 2, "{pushed:?}");
    judge(&film, &printed[..1], "60");
    judge(&second, &printed[1..], "60");
    assert_eq!(spooled(folder.path()), (Vec::new(), 0));
}

#[tokio::test]
async fn an_interrupted_file_goes_on_where_it_was() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let server = Server::start(&[]);
    let proxy = Proxy::new(capture.stream.len() as u64 / 2).await;
    proxy.aim(&server.https);
    let folder = tempfile::tempdir().unwrap();
    let path = capture.path.to_str().unwrap();
    let push = |to: &str| with_authority(command(folder.path(), path, to), &server);
    let pusher = Pusher::start(&mut push(&proxy.address));
    recorded(&server, 50_000).await;
    pusher.interrupt();
    let pushed = pusher.ended().await;
    assert_eq!(pushed.code, Some(1), "{pushed:?}");
    assert!(pushed.said.contains("not delivered"), "{pushed:?}");
    let pushed = Pusher::start(&mut push(&server.https)).ended().await;
    delivered(&pushed, &capture, &server, folder.path());
}

#[tokio::test]
async fn an_interrupted_pipe_is_delivered_to_its_end_or_left_for_the_next_push() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let (before, after) = capture.stream.split_at(capture.stream.len() / 2);
    let server = Server::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let mut push = with_authority(command(folder.path(), "-", &server.https), &server);
    let (pusher, mut pipe) = Pusher::pipe(&mut push);
    pipe.write(before).await;
    recorded(&server, 50_000).await;
    // A terminal asks both sides of the pipe, and the other one has last words to say.
    pusher.interrupt();
    pipe.write(after).await;
    drop(pipe);
    delivered(&pusher.ended().await, &capture, &server, folder.path());

    let proxy = Proxy::new(capture.stream.len() as u64 / 2).await;
    let server = Server::start_in(server.kill(), &["--recordings", "elsewhere"]);
    proxy.aim(&server.https);
    let mut push = with_authority(command(folder.path(), "-", &proxy.address), &server);
    let (mut pusher, mut pipe) = Pusher::pipe(&mut push);
    pipe.write(&capture.stream).await;
    let length = capture.stream.len() as u64;
    eventually(|| (spooled(folder.path()).1 == length).then_some(())).await;
    let place = server.folder.path().join("elsewhere");
    eventually(|| listing(&place).iter().any(|path| path.is_file()).then_some(())).await;
    // Nobody ends the stream, so that it takes a second time.
    eventually(|| pusher.is_ended_by_interrupt().then_some(())).await;
    drop(pipe);
    let pushed = pusher.ended().await;
    assert_eq!(pushed.code, Some(1), "{pushed:?}");
    assert!(pushed.said.contains("delivers them first"), "{pushed:?}");
    // Nothing on standard input: only what was left.
    let mut push = with_authority(command(folder.path(), "-", &server.https), &server);
    let pushed = Pusher::start(&mut push).ended().await;
    assert_eq!(pushed.code, Some(0), "{pushed:?}");
    judge(&capture, &segments(&place), "60");
    assert_eq!(spooled(folder.path()), (Vec::new(), 0));
}

#[tokio::test]
async fn a_foreign_authority_is_named_and_nothing_is_lost() {
    let capture = captures::named("chromium-webm-opus-audio-only");
    let (server, other) = (Server::start(&[]), Server::start(&[]));
    let folder = tempfile::tempdir().unwrap();
    let mut push = with_authority(command(folder.path(), "-", &server.https), &other);
    let (pusher, mut pipe) = Pusher::pipe(&mut push);
    // It may end before it has read anything.
    let _ = pipe.write_unless_ended(&capture.stream).await;
    drop(pipe);
    let pushed = pusher.ended().await;
    assert_eq!(pushed.code, Some(1), "{pushed:?}");
    for word in ["certificate", "ca.crt", "--ca"] {
        assert!(pushed.said.contains(word), "{word}: {pushed:?}");
    }
    let path = capture.path.to_str().unwrap();
    let mut push = with_authority(command(folder.path(), path, &server.https), &server);
    let pushed = Pusher::start(&mut push).ended().await;
    assert_eq!(pushed.code, Some(0), "{pushed:?}");
    assert_eq!(spooled(folder.path()), (Vec::new(), 0));
}

#[tokio::test]
async fn what_is_no_recording_is_refused_and_a_pipe_keeps_it() {
    let server = Server::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let text = "This is no video at all.\n".repeat(1000);
    std::fs::write(folder.path().join("notes.txt"), &text).unwrap();
    let push = |input: &str| with_authority(command(folder.path(), input, &server.https), &server);
    let pushed = Pusher::start(&mut push("notes.txt")).ended().await;
    assert_eq!((pushed.code, &pushed.files[..]), (Some(1), &[][..]), "{pushed:?}");
    for word in ["notes.txt", "WebM"] {
        assert!(pushed.said.contains(word), "{word}: {pushed:?}");
    }
    assert_eq!(spooled(folder.path()), (Vec::new(), 0));
    let (pusher, mut pipe) = Pusher::pipe(&mut push("-"));
    pipe.write(text.as_bytes()).await;
    let pushed = pusher.ended().await;
    assert_eq!(pushed.code, Some(1), "{pushed:?}");
    assert!(pushed.said.contains("refused_"), "{pushed:?}");
    assert_eq!(spooled(folder.path()).1, text.len() as u64);
    // It stands in nobody's way.
    let capture = captures::named("chromium-webm-vp8-opus");
    let pushed = Pusher::start(&mut push(capture.path.to_str().unwrap())).ended().await;
    assert_eq!(pushed.code, Some(0), "{pushed:?}");
    assert!(!pushed.said.contains("first"), "{pushed:?}");
}

#[tokio::test]
async fn a_server_that_never_comes_is_given_up_on_request() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let server = Server::start(&[]);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = capture.path.to_str().unwrap();
    let mut push = with_authority(command(folder.path(), path, &nobody.to_string()), &server);
    let pushed = Pusher::start(push.args(["--give-up-after", "0.1"])).ended().await;
    assert_eq!(pushed.code, Some(1), "{pushed:?}");
    for word in ["given up", "nothing listens", &nobody.to_string()] {
        assert!(pushed.said.contains(word), "{word}: {pushed:?}");
    }
}

#[tokio::test]
async fn bad_usage_is_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    for (to, more, word) in [
        ("http://127.0.0.1:5001", &[][..], "https://127.0.0.1:5001"),
        ("two words", &[], "--to"),
        ("bench", &["--give-up-after", "never"], "--give-up-after"),
        ("bench", &["--token", "two words"], "--token"),
        ("bench", &["--no-such-flag"], "--no-such-flag"),
    ] {
        let pushed = Pusher::start(command(folder.path(), "-", to).args(more)).ended().await;
        assert_eq!(pushed.code, Some(2), "{pushed:?}");
        assert!(pushed.said.contains(word), "{word}: {pushed:?}");
    }
    for (input, word) in [("missing.webm", "missing.webm"), (".", "folder"), ("-", "nothing came")]
    {
        let pushed = Pusher::start(&mut command(folder.path(), input, "127.0.0.1")).ended().await;
        assert_eq!(pushed.code, Some(1), "{pushed:?}");
        assert!(pushed.said.contains(word), "{word}: {pushed:?}");
    }
}
