//! ffmpeg as a helper: started between two pipes, ended with whoever started it.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use rustix::process::Pid;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// What ffmpeg is called, unless the configuration says otherwise.
const FFMPEG: &str = "ffmpeg";

/// The lowest priority but for what runs only in idle time.
const NICENESS: i32 = 15;

/// The program, wherever it is.
#[derive(Debug, Clone)]
pub(crate) struct Ffmpeg {
    program: Arc<PathBuf>,
}

/// A running one; it is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    /// Held for as long as it shall run.
    pub(super) child: Child,
    pub(super) input: ChildStdin,
    pub(super) output: ChildStdout,
    /// Where it complains, for who asked for it.
    pub(super) complaints: Option<ChildStderr>,
}

impl Default for Ffmpeg {
    fn default() -> Self {
        Self { program: Arc::new(FFMPEG.into()) }
    }
}

impl Ffmpeg {
    /// Another program in its place.
    #[cfg(test)]
    pub(super) fn at(program: impl Into<PathBuf>) -> Self {
        Self { program: Arc::new(program.into()) }
    }

    /// Whether it is installed.
    pub(crate) fn is_there(&self) -> bool {
        which(&self.program).is_some()
    }

    /// Starts it with what it takes from one pipe and writes to the other.
    pub(super) fn start<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        is_heard: bool,
    ) -> io::Result<Running> {
        let mut command = Command::new(&*self.program);
        command.args(["-hide_banner", "-loglevel", "error", "-nostdin"]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        command.stderr(if is_heard { Stdio::piped() } else { Stdio::null() });
        let mut child = command.spawn()?;
        // Recording comes first.
        if let Some(pid) = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
            let _ = rustix::process::setpriority_process(Some(pid), NICENESS);
        }
        let missing = || io::Error::other("ffmpeg has no pipes");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        let complaints = child.stderr.take();
        Ok(Running { child, input, output, complaints })
    }
}

/// Where a program is, on the `PATH` unless its path is given.
fn which(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
