//! Somebody presses Ctrl-C, or the system asks the program to end.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

/// What was read can be read again.
#[derive(Debug, thiserror::Error)]
#[error("interrupted: the input is as it was, and a file that was not finished is removed")]
pub(crate) struct Interrupted;

/// Whether that has come. When it comes again the program ends as it stands.
#[derive(Debug)]
pub(crate) struct Interruption {
    is_there: Arc<AtomicBool>,
    /// Gets a byte when it comes.
    wake: UnixStream,
}

impl Interruption {
    /// Looks out for it from now on.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub(crate) fn watched() -> Result<Self> {
        Self::watch().context("cannot look out for Ctrl-C")
    }

    fn watch() -> io::Result<Self> {
        let is_there = Arc::new(AtomicBool::new(false));
        let (wake, bell) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM] {
            // In this order the first one passes by: it is there when the second comes.
            flag::register_conditional_default(signal, Arc::clone(&is_there))?;
            flag::register(signal, Arc::clone(&is_there))?;
            low_level::pipe::register(signal, bell.try_clone()?)?;
        }
        Ok(Self { is_there, wake })
    }

    pub(crate) fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Relaxed)
    }

    /// Stops what can be done again.
    ///
    /// # Errors
    /// When it is there.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_there() {
            return Err(Interrupted.into());
        }
        Ok(())
    }

    /// Waits until there is something to be read, or it comes.
    pub(crate) fn wait(&self, input: &impl AsFd) -> io::Result<()> {
        let readable = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
        let mut both = [readable(input.as_fd()), readable(self.wake.as_fd())];
        match poll(&mut both, None) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
