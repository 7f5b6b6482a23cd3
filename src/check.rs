//! `localcamera check`: verifies a recordings folder, and repairs what a crash has left.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::config::Check;
use crate::console;
use crate::library::{Library, Problem, Verification, verify};
use crate::program;
use crate::recorder::{CLAIM, Recorder, Settings};
use crate::storage::{Filesystem, Storage};

/// Verifies what lies below `recordings` and says what it found, a line for each problem. Before
/// it repairs anything it claims the folder: a server that runs makes its own files whole.
///
/// # Errors
/// When anything is not as its journals tell, or the folder cannot be used.
pub(crate) fn run(check: &Check, claim: impl FnOnce(&Path) -> Result<File>) -> Result<()> {
    let Check { recordings, repair, segment } = check;
    let shown = recordings.display();
    if !recordings.is_dir() {
        let again = program::command("check DIR");
        bail!("there is no recordings folder {shown}; name it: {again}");
    }
    let storage: Arc<dyn Storage> = Arc::new(Filesystem::default());
    let mut found = verify(&*storage, recordings);
    if found.sessions == 0 && found.problems.is_empty() && !recordings.join(CLAIM).exists() {
        bail!("{shown} holds no recordings; name the recordings folder, or one of a session");
    }
    if is_served(recordings) {
        found.problems.retain(|problem| !problem.is_growing());
    }
    if *repair && found.problems.iter().any(Problem::is_repairable) {
        let _lock = claim(recordings)?;
        make_whole(Arc::clone(&storage), recordings, *segment)?;
        found = verify(&*storage, recordings);
    }
    for problem in &found.problems {
        console::say(&problem.to_string());
    }
    let Verification { sessions, files, bytes, problems } = found;
    let megabytes = bytes / 1_000_000;
    let read = format!("sessions: {sessions}, files: {files}, {megabytes} MB read in {shown}");
    match problems.len() {
        0 => {
            console::say(&format!("{read}; everything is as the journals say, and plays"));
            Ok(())
        }
        count => bail!("{read}; problems, named above: {count}"),
    }
}

/// Whether a server is using the folder. Who holds a lock like this one can only be found out by
/// taking it, here shared and for an instant: a server that starts in that instant is refused the
/// folder, and looks as if another had it. No system tells it otherwise (`F_GETLK` knows other
/// locks, `/proc/locks` is Linux's and not a container's).
pub(crate) fn is_served(recordings: &Path) -> bool {
    let claim = File::open(recordings.join(CLAIM));
    claim.is_ok_and(|claim| matches!(claim.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn make_whole(storage: Arc<dyn Storage>, recordings: &Path, segment: Duration) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let library = Library::new(recordings.to_owned());
    let settings = Settings { segment, reserve_bytes: 0, max_device_bytes: None };
    runtime.block_on(async { Recorder::new(storage, library, settings).repair().await });
    Ok(())
}
