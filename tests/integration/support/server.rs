use std::fs::File;
use std::io::{BufRead, BufReader, Lines, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread::JoinHandle;

use rustix::process::Pid;
use tempfile::TempDir;

use super::PATIENCE;

/// A running server on a folder of its own; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) folder: TempDir,
    /// `127.0.0.1:<port>` of the page listener and of the raw one.
    pub(crate) https: String,
    pub(crate) wss: String,
    said: Option<JoinHandle<String>>,
    more: Mutex<Lines<BufReader<ChildStdout>>>,
}

/// The command with everything in `folder` and free ports.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    command.current_dir(folder);
    command.args(["--open", "--bind", "127.0.0.1", "--lan-ip", "127.0.0.1"]);
    command.args(["--https-port", "0", "--wss-port", "0", "--webrtc-port", "0", "--mdns=false"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Writes the configuration file of a server that has this folder.
pub(crate) fn configure(folder: &Path, config: &str) {
    std::fs::write(folder.join("localcamera.toml"), config).unwrap();
}

impl Server {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), args)
    }

    pub(crate) fn start_in(folder: TempDir, args: &[&str]) -> Self {
        let command = command(folder.path());
        Self::run(command, folder, args)
    }

    /// One with this in its configuration file.
    pub(crate) fn configured(config: &str, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        configure(folder.path(), config);
        Self::start_in(folder, args)
    }

    /// The same with a log at this level, which is `log` in its folder.
    pub(crate) fn logging(level: &str, folder: TempDir, config: &str, args: &[&str]) -> Self {
        configure(folder.path(), config);
        let mut command = command(folder.path());
        let log = File::options().create(true).append(true).open(folder.path().join("log"));
        command.env("LOCALCAMERA_LOG", level).stderr(log.unwrap());
        Self::run(command, folder, args)
    }

    /// Starts the server by a command of the test's own.
    pub(crate) fn run(mut command: Command, folder: TempDir, args: &[&str]) -> Self {
        let mut child = command.args(args).spawn().unwrap();
        let mut said = Some(hear(&mut child));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address = |scheme: &str| {
            let line = lines.next().and_then(Result::ok);
            let line = line.unwrap_or_else(|| panic!("the server ended: {}", heard(&mut said)));
            let url = line.split_whitespace().next().unwrap();
            url.strip_prefix(scheme).unwrap().to_owned()
        };
        let (https, wss) = (address("https://"), address("wss://"));
        Self { child, folder, https, wss, said, more: Mutex::new(lines) }
    }

    /// The address of the plain listener, for a server that has one.
    pub(crate) fn http(&self) -> String {
        let mut lines = self.more.lock().unwrap();
        let line = lines.next().unwrap().unwrap();
        line.split_whitespace().next().unwrap().strip_prefix("http://").unwrap().to_owned()
    }

    /// The address of the next listener that is printed with this purpose.
    pub(crate) fn printed(&self, purpose: &str) -> String {
        let mut lines = self.more.lock().unwrap();
        loop {
            let line = lines.next().expect("no such address is printed").unwrap();
            if line.contains(purpose) {
                return line.split_whitespace().next().unwrap().to_owned();
            }
        }
    }

    pub(crate) fn recordings(&self) -> PathBuf {
        self.folder.path().join("recordings")
    }

    /// What the process has handed to the disk so far.
    #[allow(dead_code, reason = "for a measurement, not for a test")]
    pub(crate) fn written_bytes(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/io", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("write_bytes: "));
        line.unwrap().parse().unwrap()
    }

    /// The memory that the process holds.
    #[allow(dead_code, reason = "for a measurement, not for a test")]
    pub(crate) fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.unwrap().trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// The CPU time that the process has taken, its own and the kernel's for it.
    #[allow(dead_code, reason = "for a measurement, not for a test")]
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // Behind the name, which may hold anything, in hundredths of a second (proc(5)).
        let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: f64 = fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum();
        ticks / 100.0
    }

    /// How many files and sockets the process has open.
    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// How many sockets and pipes the process has open, whatever it is recording.
    pub(crate) fn open_sockets(&self) -> usize {
        let all = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().flatten();
        // One that has been closed meanwhile is none any more.
        let targets = all.filter_map(|entry| std::fs::read_link(entry.path()).ok());
        let is_one = |target: &PathBuf| {
            let target = target.to_string_lossy();
            target.starts_with("socket:") || target.starts_with("pipe:")
        };
        targets.filter(is_one).count()
    }

    /// The processes that it has started and that run still, by their numbers.
    pub(crate) fn children(&self) -> Vec<Pid> {
        let mut children = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // One that has ended meanwhile is no child any more.
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let mut fields = stat.rsplit(')').next().unwrap().split_whitespace();
            let (state, parent) = (fields.next(), fields.next());
            if parent == Some(&self.child.id().to_string()) && state != Some("Z") {
                children.extend(Pid::from_raw(pid));
            }
        }
        children
    }

    /// Ends the process where it stands, and gives back its folder.
    pub(crate) fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Asks the server to stop, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        self.signal(rustix::process::Signal::INT);
    }

    /// Has the server read its configuration again, as service managers do.
    pub(crate) fn hang_up(&self) {
        self.signal(rustix::process::Signal::HUP);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the server's end; its exit code and what it said on standard error.
    pub(crate) fn wait(mut self) -> (ExitStatus, String, TempDir) {
        let status = wait(&mut self.child);
        let said = heard(&mut self.said);
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        (status, said, folder)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command that is expected to end by itself: exit code and standard error.
pub(crate) fn run(command: &mut Command) -> (Option<i32>, String) {
    let mut child = command.spawn().unwrap();
    let said = hear(&mut child);
    let status = wait(&mut child);
    (status.code(), heard(&mut Some(said)))
}

/// Waits for a child's end.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    // A thread ends the child if it hangs, so that the wait below always returns.
    let pid = Pid::from_child(child);
    let (done, watch) = std::sync::mpsc::channel::<()>();
    let guard = std::thread::spawn(move || {
        if watch.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    });
    let status = child.wait().unwrap();
    drop(done);
    guard.join().unwrap();
    status
}

/// Listens to what it says on standard error: a pipe that nobody reads would hold it up.
fn hear(child: &mut Child) -> JoinHandle<String> {
    let pipe = child.stderr.take();
    std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_string(&mut text).unwrap();
        }
        text
    })
}

/// All that it said, once it has ended.
fn heard(said: &mut Option<JoinHandle<String>>) -> String {
    said.take().map(|said| said.join().unwrap()).unwrap_or_default()
}
