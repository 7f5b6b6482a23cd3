//! A program that is run for an event, in a process group of its own.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, setpriority_pgrp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStdin};
use tokio_util::sync::CancellationToken;

use super::event::{Event, variable};
use crate::config::hooks::{FIELDS, Template};
use crate::program;

/// Recording comes first. The lowest priority but for what runs only in idle time.
const NICENESS: i32 = 15;

/// Of what it says so much is kept: the end, where it says why it failed.
const MAX_OUTPUT_BYTES: usize = 2048;

/// What has ended has said everything, unless something that it started goes on.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// From the polite signal to the one that nothing survives: to remove a file that is half copied.
const GRACE: Duration = Duration::from_secs(1);

/// A program with its arguments.
pub(super) struct Command {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<Template>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Among the arguments may be a secret.
        write!(f, "Command({}, …)", self.program.display())
    }
}

/// How a run was over.
enum Over {
    Exited(io::Result<ExitStatus>),
    Late,
    Stopped,
}

impl Command {
    pub(super) fn is_there(&self) -> bool {
        program::find(&self.program).is_some()
    }

    /// Runs it. `None` when `stop` has ended it.
    ///
    /// # Errors
    /// Why it has failed, in words.
    pub(super) async fn run(
        &self,
        event: &Event,
        timeout: Duration,
        stop: &CancellationToken,
    ) -> Option<Result<(), String>> {
        let started = self.start(event);
        let (mut child, group, output) = match started {
            Ok(started) => started,
            Err(error) => return Some(Err(self.not_started(&error))),
        };
        let mut tail = Tail::default();
        let input = child.stdin.take();
        let over = {
            let talk = talk(input, event.json(), output, &mut tail);
            let late = tokio::time::sleep(timeout);
            tokio::pin!(talk, late);
            let mut is_talking = true;
            let over = loop {
                tokio::select! {
                    biased;
                    status = child.wait() => break Over::Exited(status),
                    () = stop.cancelled() => break Over::Stopped,
                    () = &mut late => break Over::Late,
                    () = &mut talk, if is_talking => is_talking = false,
                }
            };
            match over {
                Over::Exited(_) if is_talking => {
                    let _ = tokio::time::timeout(LAST_WORDS, talk).await;
                }
                Over::Exited(_) => {}
                Over::Late | Over::Stopped => {
                    group.signal(Signal::TERM);
                    let ends = async {
                        let _ = child.wait().await;
                        // What it has started holds its output open.
                        if is_talking {
                            talk.await;
                        }
                    };
                    let _ = tokio::time::timeout(GRACE, ends).await;
                    group.signal(Signal::KILL);
                    let _ = child.wait().await;
                }
            }
            over
        };
        // What an orderly program leaves running is its own affair.
        group.let_go();
        let said = tail.words();
        let said = if said.is_empty() { String::new() } else { format!("; it said: {said}") };
        match over {
            Over::Exited(Ok(status)) if status.success() => Some(Ok(())),
            Over::Exited(Ok(status)) => Some(Err(format!("it ended with {status}{said}"))),
            Over::Exited(Err(error)) => Some(Err(format!("its end is not known: {error}{said}"))),
            Over::Late => Some(Err(format!(
                "it was ended, with what it had started, since it took longer than {} s \
                 (timeout_s){said}",
                timeout.as_secs()
            ))),
            Over::Stopped => None,
        }
    }

    fn start(&self, event: &Event) -> io::Result<(Child, Group, pipe::Receiver)> {
        let texts = event.texts();
        let value = |field: &str| {
            texts.iter().find(|(name, _)| name == field).map(|(_, text)| text.clone())
        };
        // One pipe for both, so that what it says stays in order.
        let (output, its) = io::pipe()?;
        let mut command = tokio::process::Command::new(&self.program);
        command.args(self.arguments.iter().map(|argument| argument.filled(value)));
        for field in FIELDS {
            let name = variable(field);
            match value(field) {
                Some(text) => command.env(name, text),
                // `LOCALCAMERA_PATH` of whoever started the server would be taken for the event's.
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::piped()).stdout(its.try_clone()?).stderr(its);
        command.process_group(0).kill_on_drop(true);
        let child = command.spawn()?;
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let group = Group(pid);
        if let Some(pid) = pid {
            let _ = setpriority_pgrp(Some(pid), NICENESS);
        }
        let output = pipe::Receiver::from_owned_fd(output.into())?;
        Ok((child, group, output))
    }

    fn not_started(&self, error: &io::Error) -> String {
        let program = self.program.display();
        match error.kind() {
            ErrorKind::NotFound => format!("there is no program {program}"),
            _ => format!("{program} cannot be started: {error}"),
        }
    }
}

/// The program and all that it has started; ended when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.0 {
            let _ = kill_process_group(pid, signal);
        }
    }

    /// Nothing is left to be ended.
    fn let_go(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Tells it the event and listens until it has nothing more to say.
async fn talk(
    input: Option<ChildStdin>,
    json: Vec<u8>,
    mut output: pipe::Receiver,
    tail: &mut Tail,
) {
    let tell = async {
        if let Some(mut input) = input {
            // One that does not listen has its arguments and its environment.
            let _ = input.write_all(&json).await;
            let _ = input.write_all(b"\n").await;
        }
    };
    let listen = async {
        let mut piece = [0; 4096];
        while let Ok(1..) = output.read(&mut piece).await.inspect(|&read| tail.push(&piece[..read]))
        {
        }
    };
    tokio::join!(tell, listen);
}

/// The end of what somebody says.
#[derive(Default)]
struct Tail(Vec<u8>);

impl Tail {
    fn push(&mut self, piece: &[u8]) {
        self.0.extend_from_slice(piece);
        self.0.drain(..self.0.len().saturating_sub(MAX_OUTPUT_BYTES));
    }

    /// Fit for a line of the log.
    fn words(&self) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let line = lines.collect::<Vec<_>>().join(" | ");
        line.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_much_that_is_said_the_end_is_kept() {
        let mut tail = Tail::default();
        tail.push(b"first\n");
        for _ in 0..1000 {
            tail.push(b"and so on and on\r\n");
        }
        tail.push(b"\x1b[31mno such host\n\n");
        let words = tail.words();
        assert!(words.len() <= MAX_OUTPUT_BYTES * 2 && !words.contains("first"), "{words}");
        assert!(words.ends_with("and so on and on |  [31mno such host"), "{words}");
    }
}
