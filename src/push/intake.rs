//! Takes what a pipe brings, at once, whatever the server does.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::spool::{Syncing, Writer};

/// What a pipe holds at most unless it was told otherwise.
const BUFFER_BYTES: usize = 64 * 1024;

/// A disk that is full is asked again; meanwhile the pipe is not read.
const RETRY: Duration = Duration::from_secs(1);

/// What has come of a stream so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) bytes: u64,
    /// Nothing more will come.
    pub(super) is_ended: bool,
    /// Why nothing is being read now.
    pub(super) trouble: Option<String>,
    /// Why nothing more will come, where it is not the stream's own end.
    pub(super) broken: Option<String>,
}

/// A pipe that is being read.
#[derive(Debug)]
pub(super) struct Intake {
    arrived: watch::Receiver<Arrived>,
    leave: Arc<Leave>,
    syncing: Syncing,
    sync: Option<JoinHandle<io::Result<()>>>,
}

#[derive(Debug, Default)]
struct Leave {
    is_asked: AtomicBool,
    /// Held while bytes are out of the pipe and not in the spool.
    turn: Mutex<()>,
    /// Bytes that were out of the pipe and found no room any more.
    lost_bytes: AtomicU64,
}

impl Intake {
    /// Begins to read `input`.
    pub(super) fn begin(input: File, writer: Writer) -> io::Result<Self> {
        let (sender, arrived) = watch::channel(Arrived::default());
        let leave = Arc::new(Leave::default());
        let syncing = writer.syncing();
        let reader = Reader { input, writer, arrived: sender, leave: Arc::clone(&leave) };
        thread::Builder::new().name("intake".to_owned()).spawn(move || reader.run())?;
        Ok(Self { arrived, leave, syncing, sync: None })
    }

    pub(super) fn arrived(&self) -> watch::Receiver<Arrived> {
        self.arrived.clone()
    }

    /// Reads no more. What was taken from the pipe is in the spool when this returns, but for so
    /// many bytes that a full disk had no room for.
    pub(super) fn leave(&self) -> u64 {
        self.leave.is_asked.store(true, Ordering::SeqCst);
        let _turn = self.leave.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.leave.lost_bytes.load(Ordering::SeqCst)
    }

    /// Lets what has come survive a power cut; called every second or so. An error is that of an
    /// earlier call.
    pub(super) async fn sync(&mut self) -> io::Result<()> {
        if self.sync.as_ref().is_some_and(|sync| !sync.is_finished()) {
            return Ok(());
        }
        let done = match self.sync.take() {
            Some(sync) => sync.await.unwrap_or_else(|error| Err(io::Error::other(error))),
            None => Ok(()),
        };
        if done.is_ok() {
            self.syncing.done();
        }
        let work = self.syncing.up_to(self.arrived.borrow().bytes);
        self.sync = work.map(tokio::task::spawn_blocking);
        done
    }
}

struct Reader {
    input: File,
    writer: Writer,
    arrived: watch::Sender<Arrived>,
    leave: Arc<Leave>,
}

impl Reader {
    fn run(mut self) {
        let mut buffer = vec![0; BUFFER_BYTES];
        let broken = loop {
            // Waiting is apart from reading, so that whoever leaves need not wait for the pipe.
            if let Err(error) = poll(&mut [PollFd::new(&self.input, PollFlags::IN)], None)
                && error != rustix::io::Errno::INTR
            {
                break Some(error.to_string());
            }
            let leave = Arc::clone(&self.leave);
            let _turn = leave.turn.lock().unwrap_or_else(PoisonError::into_inner);
            if self.is_leaving() {
                return;
            }
            match self.input.read(&mut buffer) {
                Ok(0) => break None,
                Ok(bytes) => self.store(&buffer[..bytes]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => break Some(error.to_string()),
            }
        };
        self.arrived.send_modify(|arrived| {
            arrived.is_ended = true;
            arrived.broken = broken;
        });
    }

    fn store(&mut self, mut bytes: &[u8]) {
        while let Err(error) = self.writer.append(&mut bytes) {
            let trouble = format!("the spool cannot be written, and the pipe waits: {error}");
            self.tell(Some(trouble));
            if self.is_leaving() {
                self.leave.lost_bytes.store(bytes.len() as u64, Ordering::SeqCst);
                return;
            }
            thread::sleep(RETRY);
        }
        self.tell(None);
    }

    fn tell(&self, trouble: Option<String>) {
        let end = self.writer.end();
        self.arrived.send_if_modified(|arrived| {
            let is_news = arrived.bytes != end || arrived.trouble != trouble;
            arrived.bytes = end;
            arrived.trouble = trouble;
            is_news
        });
    }

    fn is_leaving(&self) -> bool {
        self.leave.is_asked.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::OwnedFd;

    use super::super::memory::Session;
    use super::super::spool::Spool;
    use super::*;

    #[tokio::test]
    async fn what_a_pipe_brings_is_in_the_spool_while_nobody_delivers_it() {
        let parent = tempfile::tempdir().unwrap();
        let session = Session {
            device: "d".repeat(32),
            session: "s".repeat(32),
            name: String::new(),
            started_ms: 1,
            start: None,
        };
        let (mut spool, writer) =
            Spool::create(parent.path(), session, String::new(), 1000).unwrap();
        let (reader, mut pipe) = io::pipe().unwrap();
        let mut intake = Intake::begin(File::from(OwnedFd::from(reader)), writer).unwrap();
        let mut arrived = intake.arrived();
        let stream: Vec<u8> = (0..100_000u32).map(|n| n as u8 ^ (n >> 8) as u8).collect();
        pipe.write_all(&stream).unwrap();
        arrived.wait_for(|arrived| arrived.bytes == 100_000).await.unwrap();
        let mut read = vec![0; stream.len()];
        spool.read(0, &mut read).unwrap();
        assert!(read == stream);
        intake.sync().await.unwrap();
        drop(pipe);
        let ended = arrived.wait_for(|arrived| arrived.is_ended).await.unwrap().clone();
        assert_eq!((ended.bytes, ended.broken), (100_000, None));
    }
}
