//! What a push remembers on this computer's disk until the server has everything.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::config::Destination;

const DEVICE_NAME: &str = "device";

/// The session that a recording is delivered as, the same however often the push is interrupted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) device: String,
    pub(super) session: String,
    /// The name that people read.
    pub(super) name: String,
    pub(super) started_ms: i64,
    /// Of its stream, once it has one.
    pub(super) start: Option<Start>,
}

/// How the session's stream began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) mime: String,
    pub(super) started_ms: i64,
    pub(super) offset_ms: Option<i64>,
}

/// The folder where it stands.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    device: String,
}

impl Folder {
    /// Opens the folder named, or the one for this server, and makes it if it is missing.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(super) fn open(named: Option<&Path>, to: &Destination) -> Result<Self> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => state_home()?.join("localcamera/push").join(to.folder_name()),
        };
        let advice = "choose another with --spool DIR, or make it writable for this user";
        let shown = path.display().to_string();
        make_private(&path).with_context(|| format!("cannot make the spool {shown}; {advice}"))?;
        let device = device(&path.join(DEVICE_NAME))
            .with_context(|| format!("cannot use the spool {shown}; {advice}"))?;
        Ok(Self { path, device })
    }

    /// A session that begins.
    pub(super) fn session(&self, name: String, started_ms: i64, start: Option<Start>) -> Session {
        let session = Uuid::new_v4().simple().to_string();
        Session { device: self.device.clone(), session, name, started_ms, start }
    }
}

/// Where programs keep what should outlast them (XDG Base Directory Specification).
fn state_home() -> Result<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state"))).ok_or_else(
        || anyhow!("there is no home folder to keep state in; name one with --spool DIR"),
    )
}

/// Video may show what others must not see.
pub(super) fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The options of a file that only its owner reads.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// A lock that is held until the file is dropped; `None` while another push has it.
pub(super) fn claim(path: &Path) -> io::Result<Option<File>> {
    let file = private().create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The lasting id of this installation.
fn device(path: &Path) -> io::Result<String> {
    match std::fs::read_to_string(path) {
        Ok(id) if Uuid::try_parse(&id).is_ok() => return Ok(id),
        // One that was torn by a power cut names no session that the server could know.
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let id = Uuid::new_v4().simple().to_string();
    replace(path, id.as_bytes())?;
    Ok(id)
}

/// Writes a file so that there is the old one or the new one, whatever happens meanwhile.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = private().create(true).truncate(true).open(&new)?;
    file.write_all(content)?;
    file.sync_data()?;
    std::fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_data()
}

/// Keeps `what` under this path.
pub(super) fn save(path: &Path, what: &impl Serialize) -> io::Result<()> {
    replace(path, &serde_json::to_vec_pretty(what)?)
}

/// What was kept under this path; `None` when there is nothing, or nothing that is understood.
pub(super) fn load<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match std::fs::read(path) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_keeps_its_id_and_nobody_else_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let to: Destination = "bench.local".parse().unwrap();
        let open = || Folder::open(Some(&path), &to).unwrap().session(String::new(), 1, None);
        let (first, second) = (open(), open());
        assert_eq!(first.device, second.device);
        assert_ne!(first.session, second.session);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join(DEVICE_NAME))), (0o700, 0o600));
        std::fs::write(path.join(DEVICE_NAME), "torn").unwrap();
        assert_eq!(open().device.len(), 32);
    }
}
