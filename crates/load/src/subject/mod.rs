//! What is measured: this project's server, or what stands beside it, as a process of its own.

pub(crate) mod bare;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::connection::Line;

/// The stack that this project replaces.
const PYTHON_SERVER: &str = include_str!("websockets_server.py");

/// Debian's own interpreter has the package, whatever else is installed.
const PYTHON: &str = "/usr/bin/python3";

/// One address may have 512 connections, unless it is a proxy's.
const MANY_FROM_HERE: &str = "trusted_proxies = [\"127.0.0.1\"]\n";

/// To finish a thousand files on a slow disk.
const STOPPING: Duration = Duration::from_secs(120);

/// What a process prints once it listens.
const STARTING: Duration = Duration::from_secs(60);

const POLL: Duration = Duration::from_millis(20);

/// Which program it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The program under test.
    Localcamera,
    /// A loop that receives and appends, with the same rustls.
    Bare,
    /// A Python websockets server that appends.
    Python,
}

/// A process that listens, in a folder of its own; killed when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pub(crate) line: Line,
}

impl Kind {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Localcamera => "localcamera",
            Self::Bare => "bare rustls loop",
            Self::Python => "Python websockets",
        }
    }

    /// What is missing to run it here.
    pub(crate) fn missing(self) -> Option<&'static str> {
        let has_package = || {
            let mut python = Command::new(PYTHON);
            python.args(["-c", "import websockets"]).stdout(Stdio::null()).stderr(Stdio::null());
            python.status().is_ok_and(|status| status.success())
        };
        match self {
            Self::Python if !has_package() => Some(
                "/usr/bin/python3 has no websockets: scripts/install-test-tools installs python3-websockets",
            ),
            _ => None,
        }
    }

    /// Starts it in the folder; `ports` are the ones that it had before.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(
        self,
        server: &Path,
        folder: &Path,
        ports: Option<&Line>,
    ) -> Result<Running> {
        if self == Self::Localcamera {
            std::fs::write(folder.join("localcamera.toml"), MANY_FROM_HERE)?;
        } else {
            make_certificate(server, folder)?;
        }
        let mut command = self.command(server, folder, ports)?;
        let log = File::options().create(true).append(true).open(folder.join("log"))?;
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let child = command.spawn().with_context(|| format!("starting {}", self.title()))?;
        let mut running = Guard(Some(child));
        let Some(child) = &mut running.0 else { bail!("it is there") };
        let line = self.listen(child, folder)?;
        let Some(child) = running.0.take() else { bail!("it is there") };
        Ok(Running { child, line })
    }

    fn command(self, server: &Path, folder: &Path, ports: Option<&Line>) -> Result<Command> {
        let port = |address: Option<&String>| {
            let address = address.and_then(|address| address.rsplit(':').next());
            address.unwrap_or("0").to_owned()
        };
        let (https, raw) = (port(ports.map(|line| &line.https)), port(ports.map(|line| &line.raw)));
        let (certs, recordings) = (folder.join("certs"), folder.join("recordings"));
        Ok(match self {
            Self::Localcamera => {
                let mut command = Command::new(server);
                command.args(["--open", "--bind", "127.0.0.1", "--lan-ip", "127.0.0.1"]);
                command.args(["--https-port", &https, "--wss-port", &raw]);
                command.args(["--webrtc-port", "none", "--mdns=false"]);
                command
            }
            Self::Bare => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("floor").arg("--certs").arg(certs).arg("--recordings").arg(recordings);
                command.args(["--port", &raw]);
                command
            }
            Self::Python => {
                let script = folder.join("websockets_server.py");
                std::fs::write(&script, PYTHON_SERVER)?;
                std::fs::create_dir_all(&recordings)?;
                let mut command = Command::new(PYTHON);
                command.arg(script).arg(certs).arg(recordings).arg(&raw);
                command
            }
        })
    }

    /// Reads its addresses.
    fn listen(self, child: &mut Child, folder: &Path) -> Result<Line> {
        let stdout = child.stdout.take().context("its output is not there")?;
        let (tell, said) = std::sync::mpsc::channel();
        // Ends with the process, and keeps its output from filling up.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let log = folder.join("log");
        let next = |scheme: &str| -> Result<String> {
            let line = said.recv_timeout(STARTING).with_context(|| {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                format!("{} does not say where it listens: {log}", self.title())
            })?;
            let url = line.split_whitespace().next().unwrap_or_default();
            let address = url.strip_prefix(scheme);
            Ok(address.with_context(|| format!("{scheme}… is expected, not {line}"))?.to_owned())
        };
        let https = match self {
            Self::Localcamera => next("https://")?,
            Self::Bare | Self::Python => String::new(),
        };
        let raw = next("wss://")?;
        Line::new(https, raw, &folder.join("certs/ca.crt"))
    }
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, as Ctrl-C does, and waits for its end.
    ///
    /// # Errors
    /// When it does not end, or not as it should.
    pub(crate) fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::INT)?;
        let end = Instant::now() + STOPPING;
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "it ended with {status}");
                return Ok(());
            }
            ensure!(Instant::now() < end, "it does not stop in {} s", STOPPING.as_secs());
            std::thread::sleep(POLL);
        }
    }

    /// Ends it where it stands, as a power cut would.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process that is not running yet.
struct Guard(Option<Child>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// All have the same kind of certificate: the server makes it for those who cannot.
fn make_certificate(server: &Path, folder: &Path) -> Result<()> {
    let mut command = Command::new(server);
    command.args(["--gen-cert", "--lan-ip", "127.0.0.1"]).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().with_context(|| format!("running {}", server.display()))?;
    ensure!(status.success(), "{} --gen-cert ended with {status}", server.display());
    Ok(())
}

/// Where a subject keeps what it records.
pub(crate) fn recordings(folder: &Path) -> PathBuf {
    folder.join("recordings")
}
