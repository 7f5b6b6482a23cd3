//! The clock, and what was written when it showed another time.

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

use super::super::findings::clock::{Facts, Trace};
use crate::clock;

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

/// Comes last, so that the clock had time to be moved. `begins_at`: from when on the certificate is
/// valid.
pub(in super::super) async fn gather(
    began: Moment,
    begins_at: Option<DateTime<Utc>>,
    mut traces: Vec<Trace>,
) -> Facts {
    let now = Moment::now();
    let passed_ms = i64::try_from((now.monotonic - began.monotonic).as_millis()).unwrap_or(0);
    let jump_ms = (now.wall - began.wall).num_milliseconds() - passed_ms;
    let begins = |at| Trace { what: "the certificate's beginning".to_owned(), at };
    traces.extend(begins_at.map(begins));
    Facts { now: now.wall, jump_ms, traces, is_synchronised: is_synchronised().await }
}

/// When this program and the files were written that the server has written. Blocks.
pub(in super::super) fn traces(files: &[PathBuf]) -> Vec<Trace> {
    let program = std::env::current_exe().ok();
    let program = program.and_then(|path| written(&path, "this program was built"));
    let files =
        files.iter().filter_map(|path| written(path, &format!("{} was written", path.display())));
    program.into_iter().chain(files).collect()
}

fn written(path: &Path, what: &str) -> Option<Trace> {
    let at = moment(std::fs::metadata(path).ok()?.modified().ok()?)?;
    Some(Trace { what: what.to_owned(), at })
}

/// A file's time may be any number; one from before 1970 says nothing of today.
fn moment(at: SystemTime) -> Option<DateTime<Utc>> {
    let since = at.duration_since(UNIX_EPOCH).ok()?;
    DateTime::from_timestamp(i64::try_from(since.as_secs()).ok()?, since.subsec_nanos())
}

/// Whether systemd knows that the clock follows the network's time. `None` where it does not run:
/// the kernel's own answer takes a system call that no crate of the tree has.
async fn is_synchronised() -> Option<bool> {
    if !is_there("/run/systemd/system").await {
        return None;
    }
    if is_there("/run/systemd/timesync/synchronized").await {
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

async fn is_there(path: &str) -> bool {
    tokio::fs::try_exists(path).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_file_may_have_any_time() {
        let day = UNIX_EPOCH + Duration::from_secs(86_400);
        assert_eq!(moment(day).unwrap().timestamp(), 86_400);
        assert_eq!(moment(UNIX_EPOCH - Duration::from_secs(1)), None);
        assert_eq!(moment(UNIX_EPOCH + Duration::from_secs(1 << 60)), None);
    }
}
