//! ffmpeg as a helper: started between pipes, ended with whoever started it.

mod abilities;
mod parts;
mod still;
mod words;

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Pid;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::OnceCell;

use crate::program;
pub(crate) use abilities::Abilities;
pub(crate) use parts::Parts;
pub(crate) use words::Words;

/// What the programs are called, unless the configuration says otherwise.
const FFMPEG: &str = "ffmpeg";
const FFPROBE: &str = "ffprobe";

/// The lowest priority but for what runs only in idle time.
const NICENESS: i32 = 15;

/// A question is answered within a second; a camera that is asked for its formats may hang.
pub(crate) const ANSWER_PATIENCE: Duration = Duration::from_secs(15);

/// Lists of encoders and devices are some tens of kilobytes.
const MAX_ANSWER_BYTES: u64 = 1 << 20;

/// The program, wherever it is.
#[derive(Debug, Clone)]
pub(crate) struct Ffmpeg {
    program: Arc<PathBuf>,
    abilities: Arc<OnceCell<Abilities>>,
}

/// A running one that converts; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    /// Held for as long as it shall run.
    pub(crate) child: Child,
    pub(crate) input: ChildStdin,
    pub(crate) output: ChildStdout,
    /// Where it complains.
    pub(crate) complaints: ChildStderr,
}

/// A running one that fetches; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Fetching {
    pub(crate) child: Child,
    /// Where it was to get one.
    pub(crate) input: Option<ChildStdin>,
    pub(crate) output: ChildStdout,
    pub(crate) complaints: ChildStderr,
}

/// What a program said before it ended.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) is_success: bool,
    pub(crate) output: String,
    pub(crate) complaints: String,
}

impl Default for Ffmpeg {
    fn default() -> Self {
        Self::at(FFMPEG)
    }
}

impl Ffmpeg {
    /// Another program in its place.
    pub(crate) fn at(program: impl Into<PathBuf>) -> Self {
        Self { program: Arc::new(program.into()), abilities: Arc::default() }
    }

    /// Where it is.
    pub(crate) fn program(&self) -> &std::path::Path {
        &self.program
    }

    /// Whether it is installed.
    pub(crate) fn is_there(&self) -> bool {
        program::find(&self.program).is_some()
    }

    /// Starts it to convert what is live, with what it takes from one pipe and writes to the
    /// other.
    pub(crate) fn start<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> io::Result<Running> {
        let mut child = self.spawn(arguments, Stdio::piped())?;
        // Recording comes first.
        if let Some(pid) = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
            let _ = rustix::process::setpriority_process(Some(pid), NICENESS);
        }
        let input = child.stdin.take().ok_or_else(no_pipes)?;
        let output = child.stdout.take().ok_or_else(no_pipes)?;
        let complaints = child.stderr.take().ok_or_else(no_pipes)?;
        Ok(Running { child, input, output, complaints })
    }

    /// Starts it to fetch what shall be recorded: with the server's own priority, since a camera
    /// does not wait and what it encodes late is lost.
    pub(crate) fn fetch<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        input: Stdio,
    ) -> io::Result<Fetching> {
        let mut child = self.spawn(arguments, input)?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or_else(no_pipes)?;
        let complaints = child.stderr.take().ok_or_else(no_pipes)?;
        Ok(Fetching { child, input, output, complaints })
    }

    fn spawn<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        input: Stdio,
    ) -> io::Result<Child> {
        let mut command = Command::new(&*self.program);
        command.args(["-hide_banner", "-loglevel", "error", "-nostdin"]).args(arguments);
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn()
    }

    /// Asks it something.
    pub(crate) async fn ask<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> io::Result<Answer> {
        let mut command = Command::new(&*self.program);
        command.args(["-hide_banner", "-nostdin"]).args(arguments);
        answer(command, Stdio::null(), &[]).await
    }

    /// Asks ffprobe something, which reads `script` from its standard input.
    pub(crate) async fn probe<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        script: &[u8],
    ) -> io::Result<Answer> {
        // One that is not on the PATH has its companion beside it.
        let mut command = Command::new(self.program.with_file_name(FFPROBE));
        command.args(["-hide_banner", "-loglevel", "error"]).args(arguments);
        answer(command, Stdio::piped(), script).await
    }

    /// What it can do; asked once.
    pub(crate) async fn abilities(&self) -> io::Result<&Abilities> {
        let ask = || async {
            let encoders = self.ask(["-encoders"]).await?;
            let devices = self.ask(["-devices"]).await?;
            Ok(Abilities::of(&encoders.output, &devices.output))
        };
        self.abilities.get_or_try_init(ask).await
    }
}

/// How to install it here.
pub(crate) fn advice() -> &'static str {
    if cfg!(target_os = "macos") {
        "brew install ffmpeg"
    } else if cfg!(windows) {
        "winget install ffmpeg"
    } else {
        "Debian, Ubuntu, Raspberry Pi OS: sudo apt install ffmpeg; Fedora: sudo dnf install \
         ffmpeg-free; Arch: sudo pacman -S ffmpeg; Alpine: sudo apk add ffmpeg"
    }
}

async fn answer(mut command: Command, input: Stdio, script: &[u8]) -> io::Result<Answer> {
    use tokio::io::AsyncWriteExt;
    command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let (output, complaints) = (child.stdout.take(), child.stderr.take());
    if let Some(mut input) = child.stdin.take() {
        // One that does not listen says so by its end.
        let _ = input.write_all(script).await;
    }
    let answered = async {
        let (output, complaints) = tokio::join!(read(output), read(complaints));
        let is_success = child.wait().await?.success();
        Ok(Answer { is_success, output: output?, complaints: complaints? })
    };
    let late = || io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
    tokio::time::timeout(ANSWER_PATIENCE, answered).await.map_err(|_| late())?
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let mut bytes = Vec::new();
    pipe.ok_or_else(no_pipes)?.take(MAX_ANSWER_BYTES).read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn no_pipes() -> io::Error {
    io::Error::other("ffmpeg has no pipes")
}
