//! What systemd is told of the server.

use std::os::unix::net::UnixDatagram;
use std::process::Command;

use crate::support::PATIENCE;
use crate::support::captures;
use crate::support::client::{Client, get};
use crate::support::server::{Server, command};

/// A service manager that hears what its service says.
struct Manager {
    socket: UnixDatagram,
    heard: Vec<String>,
}

impl Manager {
    /// And the command of a server that it starts, whose watchdog has so much patience.
    fn of(watchdog_us: Option<u64>) -> (Self, tempfile::TempDir, Command) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = command(folder.path());
        command.env("NOTIFY_SOCKET", path);
        if let Some(watchdog_us) = watchdog_us {
            command.env("WATCHDOG_USEC", watchdog_us.to_string());
        }
        (Self { socket, heard: Vec::new() }, folder, command)
    }

    /// Listens until this is said.
    fn hears(&mut self, line: &str) {
        let mut message = [0; 4096];
        loop {
            let length = self.socket.recv(&mut message);
            let length = length.unwrap_or_else(|_| panic!("{line} is not said: {:?}", self.heard));
            let said = String::from_utf8_lossy(&message[..length]).into_owned();
            self.heard.extend(said.lines().map(str::to_owned));
            if said.lines().any(|said| said == line) {
                return;
            }
        }
    }

    fn has_heard(&self, line: &str) -> usize {
        self.heard.iter().filter(|said| *said == line).count()
    }
}

#[tokio::test]
async fn it_is_ready_when_it_answers_and_says_that_it_stops() {
    let (mut manager, folder, command) = Manager::of(None);
    let server = Server::run(command, folder, &[]);
    manager.hears("READY=1");
    assert_eq!(get(&server, "/health").await.0, 200);
    assert_eq!(manager.has_heard("STOPPING=1"), 0);
    server.interrupt();
    manager.hears("STOPPING=1");
    assert_eq!((manager.has_heard("READY=1"), manager.has_heard("WATCHDOG=1")), (1, 0));
    let (status, said, _) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(!said.contains("service manager"), "{said}");
}

#[tokio::test]
async fn the_watchdog_hears_for_as_long_as_it_works_and_people_read_how_many_record() {
    // So much that a computer with other work to do is in time.
    let (mut manager, folder, command) = Manager::of(Some(300_000));
    let server = Server::run(command, folder, &[]);
    manager.hears("STATUS=nothing records");
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut device, _) = Client::hello(&server, "session-1").await;
    let length = crate::v1::send(&mut device, 0, &capture).await;
    device.acknowledged(0, length).await;
    manager.hears("STATUS=1 camera records");
    let before = manager.has_heard("WATCHDOG=1");
    for _ in 0..3 {
        manager.hears("WATCHDOG=1");
    }
    assert!(before > 0, "{:?}", manager.heard);
    server.interrupt();
    manager.hears("STOPPING=1");
}

#[test]
fn a_server_that_does_not_start_is_never_ready() {
    let (manager, folder, mut command) = Manager::of(None);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, said) = crate::support::server::run(command.args(["--http-port", &port]));
    assert_eq!(code, Some(1), "{said}");
    manager.socket.set_nonblocking(true).unwrap();
    assert!(manager.socket.recv(&mut [0; 64]).is_err(), "it said something");
    drop(folder);
}
