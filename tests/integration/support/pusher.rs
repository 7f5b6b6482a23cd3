use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::PATIENCE;
use super::server::wait;

/// A running `localcamera push`; killed when dropped.
pub(crate) struct Pusher {
    child: Child,
}

/// How a push ended.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) code: Option<i32>,
    /// The lines on standard output.
    pub(crate) files: Vec<String>,
    pub(crate) said: String,
}

/// A push with the spool `spool` in `folder`, and nothing on standard input.
pub(crate) fn command(folder: &Path, input: &str, to: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    command.current_dir(folder).env_remove("LOCALCAMERA_CA").env_remove("LOCALCAMERA_TOKEN");
    command.args(["push", input, "--to", to, "--spool", "spool"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Pusher {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self { child: command.spawn().unwrap() }
    }

    /// A push of standard input, and what writes there.
    pub(crate) fn pipe(command: &mut Command) -> (Self, Pipe) {
        let mut pusher = Self::start(command.stdin(Stdio::piped()));
        let stdin = pusher.child.stdin.take();
        (pusher, Pipe { stdin })
    }

    pub(crate) fn interrupt(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    }

    /// Asks it to stop unless it has ended; whether it has.
    pub(crate) fn is_ended_by_interrupt(&mut self) -> bool {
        let is_ended = self.child.try_wait().unwrap().is_some();
        if !is_ended {
            self.interrupt();
        }
        is_ended
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Pushed {
        let waiting = tokio::task::spawn_blocking(move || {
            let code = wait(&mut self.child).code();
            let (mut files, mut said) = (String::new(), String::new());
            self.child.stdout.take().unwrap().read_to_string(&mut files).unwrap();
            self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            Pushed { code, files: files.lines().map(str::to_owned).collect(), said }
        });
        waiting.await.unwrap()
    }
}

impl Drop for Pusher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The writing end of a push's standard input; dropped, it ends the stream.
pub(crate) struct Pipe {
    stdin: Option<ChildStdin>,
}

impl Pipe {
    /// Writes, which must not have to wait for the server.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.write_unless_ended(bytes).await.unwrap();
    }

    /// Writes although the push may have ended.
    pub(crate) async fn write_unless_ended(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let mut stdin = self.stdin.take().unwrap();
        let bytes = bytes.to_vec();
        let writing = tokio::task::spawn_blocking(move || {
            let written = stdin.write_all(&bytes);
            (stdin, written)
        });
        let written = tokio::time::timeout(PATIENCE, writing).await;
        let (stdin, written) = written.expect("the pipe is held up").unwrap();
        self.stdin = Some(stdin);
        written
    }
}

/// The folders and notes that a spool holds for later, and the bytes in its pieces.
pub(crate) fn spooled(folder: &Path) -> (Vec<PathBuf>, u64) {
    let names = super::files::listing(&folder.join("spool"));
    let is_later = |path: &&PathBuf| {
        path.is_dir() || path.extension().is_some_and(|extension| extension == "json")
    };
    let pieces = names.iter().filter(|path| path.extension().is_some_and(|e| e == "piece"));
    let bytes = pieces.map(|path| std::fs::metadata(path).map_or(0, |metadata| metadata.len()));
    (names.iter().filter(is_later).cloned().collect(), bytes.sum())
}
