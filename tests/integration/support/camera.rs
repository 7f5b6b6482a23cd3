use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use super::server::wait;

/// A camera on the network that is not ours: GStreamer's RTSP server. It ends when dropped.
pub(crate) struct Camera {
    child: Child,
    /// `127.0.0.1:<port>/pattern`
    pub(crate) place: String,
    clients: Arc<Mutex<Clients>>,
}

/// Who has come to the camera, and who is there.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clients {
    pub(crate) came: usize,
    pub(crate) now: usize,
}

impl Camera {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/rtsp_server.py");
        // The system's Python sees the system's packages.
        let system = Path::new("/usr/bin/python3");
        let python = if system.exists() { system } else { Path::new("python3") };
        let mut command = Command::new(python);
        command.arg(script).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.next().expect("the camera has not started").unwrap();
        let clients = Arc::<Mutex<Clients>>::default();
        let counted = Arc::clone(&clients);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let (sign, now) = line.split_once(' ').unwrap();
                let mut clients = counted.lock().unwrap();
                clients.came += usize::from(sign == "+");
                clients.now = now.parse().unwrap();
            }
        });
        Self { child, place: address.strip_prefix("rtsp://").unwrap().to_owned(), clients }
    }

    pub(crate) fn clients(&self) -> Clients {
        *self.clients.lock().unwrap()
    }

    /// It is there, and says nothing any more.
    pub(crate) fn freeze(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        let _ = self.child.kill();
        wait(&mut self.child);
    }
}
