//! What the server is told by signals.

use std::fs::File;
use std::io::{self, IsTerminal};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::reload::{NotReloaded, Reload};

/// The terminal that a process belongs to, as long as there is one.
const TERMINAL: &str = "/dev/tty";

/// Ctrl-C, the polite signal of a service manager, and the one by which servers are told to read
/// their configuration again.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    has_terminal: bool,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        let is_shown =
            io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal();
        // One that is shown on a terminal need not belong to it.
        let has_terminal = is_shown && File::open(TERMINAL).is_ok();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            has_terminal,
        })
    }

    /// Waits until the server is told to stop, and has the configuration read again when it is told
    /// that.
    pub(super) async fn stop(&mut self, reload: &Reload) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                _ = self.hangup.recv() => {}
            }
            if self.is_terminal_gone() {
                tracing::info!("the terminal was closed");
                return;
            }
            let reload = reload.clone();
            // What comes of it stands in the log; a stop does not wait for it.
            tokio::spawn(async move {
                if let Err(error @ NotReloaded::Busy) = reload.ask().await {
                    tracing::warn!("{error}");
                }
            });
        }
    }

    /// Waits until it is told to stop; behind that, to stop at once.
    pub(super) async fn end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// The same signal says that a terminal was closed, to the programs that were started from it.
    fn is_terminal_gone(&self) -> bool {
        self.has_terminal && File::open(TERMINAL).is_err()
    }
}
