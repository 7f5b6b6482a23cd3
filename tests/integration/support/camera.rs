use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use super::server::wait;

/// A picture that moves, with a key frame every second.
const PICTURE: &str = "videotestsrc is-live=true pattern=ball \
    ! video/x-raw,width=320,height=240,framerate=15/1 \
    ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bitrate=400 \
    ! rtph264pay name=pay0 pt=96 config-interval=1";

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
    /// Who is let in is `USER:PASSWORD`, or everybody.
    pub(crate) fn start(login: Option<&str>) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/rtsp_server.py");
        // The system's Python sees the system's packages.
        let system = Path::new("/usr/bin/python3");
        let python = if system.exists() { system } else { Path::new("python3") };
        let mut command = Command::new(python);
        command.arg(script).arg("--shared");
        command.args(login.map(|login| ["--login", login]).iter().flatten());
        command.arg(format!("pattern={PICTURE}")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.next().expect("the camera has not started").unwrap();
        let port = said.strip_prefix("port ").unwrap();
        let clients = Arc::<Mutex<Clients>>::default();
        let counted = Arc::clone(&clients);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut clients = counted.lock().unwrap();
                match line.as_str() {
                    "connected" => {
                        clients.came += 1;
                        clients.now += 1;
                    }
                    "closed" => clients.now -= 1,
                    _ => {}
                }
            }
        });
        Self { child, place: format!("127.0.0.1:{port}/pattern"), clients }
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
