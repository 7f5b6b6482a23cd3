//! What there is to say of a transcoder.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::clock;

/// Lines of a transcoder's log that are kept: some failures with what led to them.
const MAX_LINES: usize = 50;

/// ffmpeg's own command line has room; what is longer was not meant for people.
const MAX_LINE_CHARS: usize = 1000;

/// How a transcoder is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing has come out of it yet.
    Starting,
    Running,
    /// It has failed, and is tried again in a moment; or the stream has nothing for it.
    Waiting,
}

impl State {
    /// As it stands in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Waiting => "waiting",
        }
    }
}

/// What is told of a transcoder.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) format: &'static str,
    pub(crate) detail: String,
    pub(crate) state: State,
    /// Since when it is there.
    pub(crate) since_ms: i64,
    pub(crate) restarts: u32,
    pub(crate) clients: usize,
    /// What it has made since then.
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// The last lines of its log.
    pub(crate) log: Vec<String>,
}

/// Where a transcoder notes what it does.
#[derive(Debug)]
pub(super) struct Status {
    stream: String,
    format: &'static str,
    detail: String,
    since_ms: i64,
    pub(super) clients: watch::Sender<usize>,
    noted: Mutex<Noted>,
}

#[derive(Debug)]
struct Noted {
    state: State,
    restarts: u32,
    packets: u64,
    bytes: u64,
    log: VecDeque<String>,
}

impl Status {
    pub(super) fn new(stream: &str, format: &'static str, detail: String) -> Self {
        let (state, log) = (State::Starting, VecDeque::new());
        let noted = Noted { state, restarts: 0, packets: 0, bytes: 0, log };
        Self {
            stream: stream.to_owned(),
            format,
            detail,
            since_ms: clock::now_ms(),
            clients: watch::Sender::new(0),
            noted: Mutex::new(noted),
        }
    }

    pub(super) fn stream(&self) -> &str {
        &self.stream
    }

    pub(super) fn format(&self) -> &'static str {
        self.format
    }

    /// How it is doing.
    pub(super) fn state_now(&self) -> State {
        self.lock().state
    }

    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    pub(super) fn is(&self, state: State) {
        self.lock().state = state;
    }

    /// So much has come out.
    pub(super) fn made(&self, packets: u64, bytes: usize) {
        let mut noted = self.lock();
        noted.packets += packets;
        noted.bytes += bytes as u64;
        if packets > 0 {
            noted.state = State::Running;
        }
    }

    /// It has failed, and is started again later.
    pub(super) fn failed(&self, line: &str) {
        self.note(line);
        let mut noted = self.lock();
        noted.state = State::Waiting;
        noted.restarts = noted.restarts.saturating_add(1);
    }

    /// Adds a line to the log.
    pub(super) fn note(&self, line: &str) {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let line: String = line.trim().chars().take(MAX_LINE_CHARS).map(plain).collect();
        if line.is_empty() {
            return;
        }
        let time = clock::now().format("%H:%M:%S");
        let mut noted = self.lock();
        noted.log.push_back(format!("{time}Z {line}"));
        if noted.log.len() > MAX_LINES {
            noted.log.pop_front();
        }
    }

    pub(super) fn report(&self) -> Report {
        let noted = self.lock();
        Report {
            format: self.format,
            detail: self.detail.clone(),
            state: noted.state,
            since_ms: self.since_ms,
            restarts: noted.restarts,
            clients: *self.clients.borrow(),
            packets: noted.packets,
            bytes: noted.bytes,
            log: noted.log.iter().cloned().collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_plain() {
        let status = Status::new("door", "jpeg", String::new());
        for number in 0..1000 {
            status.note(&format!("line {number}\x1b[31m {}", "x".repeat(10_000)));
        }
        status.note("  \n");
        let log = status.report().log;
        assert_eq!(log.len(), MAX_LINES);
        assert!(log[MAX_LINES - 1].contains("line 999"));
        assert!(log.iter().all(|line| line.len() < 1100 && !line.contains('\x1b')));
    }

    #[test]
    fn what_is_made_is_counted_over_all_its_runs() {
        let status = Status::new("door", "jpeg", String::new());
        assert_eq!(status.report().state, State::Starting);
        status.made(2, 100);
        assert_eq!(status.report().state, State::Running);
        status.failed("it ended");
        assert_eq!(status.report().state, State::Waiting);
        status.made(1, 50);
        let report = status.report();
        assert_eq!((report.packets, report.bytes, report.restarts), (3, 150, 1));
    }
}
