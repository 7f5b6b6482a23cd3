//! The clock, and what was written when it showed another time.

use std::path::Path;
use std::time::Instant;

use chrono::{DateTime, Utc};

use super::super::findings::clock::{Facts, Trace};
use crate::clock;
use crate::tls::Condition;

/// A moment by both clocks.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Moment {
    monotonic: Instant,
    wall: DateTime<Utc>,
}

impl Moment {
    pub(in super::super) fn now() -> Self {
        Self { monotonic: Instant::now(), wall: clock::now() }
    }
}

/// Comes last, so that the clock had time to be moved. `files`: what the server has written.
pub(in super::super) async fn gather(
    began: Moment,
    certificate: &Condition,
    files: &[&Path],
) -> Facts {
    let now = Moment::now();
    let passed_ms = i64::try_from((now.monotonic - began.monotonic).as_millis()).unwrap_or(0);
    let jump_ms = (now.wall - began.wall).num_milliseconds() - passed_ms;
    let begins = certificate
        .begins_at
        .map(|at| Trace { what: "the certificate's beginning".to_owned(), at });
    let program = std::env::current_exe().ok();
    let program = program.and_then(|path| written(&path, "this program was built"));
    let written =
        files.iter().filter_map(|path| written(path, &format!("{} was written", path.display())));
    let traces = begins.into_iter().chain(program).chain(written).collect();
    Facts { now: now.wall, jump_ms, traces, is_synchronised: is_synchronised().await }
}

fn written(path: &Path, what: &str) -> Option<Trace> {
    let at = std::fs::metadata(path).ok()?.modified().ok()?;
    Some(Trace { what: what.to_owned(), at: at.into() })
}

/// Whether systemd knows that the clock follows the network's time. `None` where it does not run:
/// the kernel's own answer takes a system call that no crate of the tree has.
async fn is_synchronised() -> Option<bool> {
    if !Path::new("/run/systemd/system").exists() {
        return None;
    }
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        return Some(true);
    }
    let mut command = tokio::process::Command::new("timedatectl");
    command.args(["show", "--property=NTPSynchronized", "--value"]);
    command.stdin(std::process::Stdio::null()).kill_on_drop(true);
    let output = command.output().await.ok()?;
    match String::from_utf8_lossy(&output.stdout).trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}
