//! What is delivered: a regular file, which stays where it is, or a spool.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use super::memory::{self, Folder, Session, Start};
use super::spool::Spool;

/// What the first bytes of a stream are looked at for.
const HEAD_BYTES: u64 = 12;

/// Where a recording's bytes are.
#[derive(Debug)]
pub(super) enum Source {
    Regular(Regular),
    Spool(Spool),
}

/// A regular file, and the note about the session that delivers it.
#[derive(Debug)]
pub(super) struct Regular {
    file: File,
    path: PathBuf,
    note: PathBuf,
    known: Known,
    _claim: File,
}

/// The session of a file. A file that has changed is another recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    version: u32,
    path: String,
    bytes: u64,
    modified_ns: u64,
    session: Session,
}

impl Source {
    /// Reads bytes that are there.
    pub(super) fn read(&mut self, position: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        match self {
            Self::Regular(regular) => {
                regular.file.read_exact_at(&mut bytes, position).map_err(|error| {
                    match error.kind() {
                        ErrorKind::UnexpectedEof => io::Error::other("it has become shorter"),
                        _ => error,
                    }
                })?;
            }
            Self::Spool(spool) => spool.read(position, &mut bytes)?,
        }
        Ok(bytes)
    }

    /// The position of the first byte that is still here.
    pub(super) fn first(&self) -> u64 {
        match self {
            Self::Regular(_) => 0,
            Self::Spool(spool) => spool.first(),
        }
    }

    /// The server has everything below this position for good.
    pub(super) fn forget(&mut self, below: u64) {
        if let Self::Spool(spool) = self {
            spool.forget(below);
        }
    }

    /// Notes how the stream began.
    pub(super) fn note_start(&mut self, start: Start) -> io::Result<()> {
        match self {
            Self::Regular(_) => Ok(()),
            Self::Spool(spool) => spool.note_start(start),
        }
    }

    pub(super) fn session(&self) -> &Session {
        match self {
            Self::Regular(regular) => &regular.known.session,
            Self::Spool(spool) => spool.session(),
        }
    }

    /// What the encoder would have said it produces, as far as the first bytes tell.
    pub(super) fn mime(&mut self, bytes: u64) -> &'static str {
        // At most a dozen.
        let head = self.read(0, bytes.min(HEAD_BYTES) as usize).unwrap_or_default();
        mime(&head)
    }

    /// The server has everything; nothing needs to be remembered.
    pub(super) fn discard(&self) -> io::Result<()> {
        match self {
            Self::Regular(regular) => std::fs::remove_file(&regular.note)
                .and_then(|()| std::fs::remove_file(regular.note.with_extension("lock"))),
            Self::Spool(spool) => spool.discard(),
        }
    }
}

impl Regular {
    /// Takes up a file, in the session in which an interrupted push began to deliver it.
    pub(super) fn open(
        file: File,
        path: &Path,
        folder: &Folder,
        name: String,
        now_ms: i64,
    ) -> Result<Self> {
        let shown = path.display();
        let metadata = file.metadata().with_context(|| format!("cannot read {shown}"))?;
        if metadata.len() == 0 {
            bail!("{shown} is empty, so there is nothing to publish");
        }
        let whole = path.canonicalize().with_context(|| format!("cannot find {shown}"))?;
        let hash = digest::digest(&digest::SHA256, whole.as_os_str().as_bytes());
        let note = folder.path.join(format!("file_{}.json", hex::encode(&hash.as_ref()[..8])));
        let claim = memory::claim(&note.with_extension("lock"))
            .with_context(|| format!("cannot use the spool {}", folder.path.display()))?;
        let Some(claim) = claim else {
            bail!("another push is delivering {shown} at this moment");
        };
        let mut head = [0; HEAD_BYTES as usize];
        // A file that is shorter is no recording, which the server says better.
        let _ = file.read_exact_at(&mut head, 0);
        let started_ms = began_ms(&metadata, now_ms);
        let start = Start { mime: mime(&head).to_owned(), started_ms, offset_ms: None };
        let mut known = Known {
            version: 1,
            path: whole.to_string_lossy().into_owned(),
            bytes: metadata.len(),
            modified_ns: modified_ns(&metadata),
            session: folder.session(name, started_ms, Some(start)),
        };
        let earlier: Option<Known> = memory::load(&note).unwrap_or_default();
        match earlier {
            Some(earlier)
                if (Known { session: known.session.clone(), ..earlier.clone() }) == known =>
            {
                known = earlier;
            }
            _ => memory::save(&note, &known)
                .with_context(|| format!("cannot write to the spool {}", folder.path.display()))?,
        }
        Ok(Self { file, path: path.to_owned(), note, known, _claim: claim })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.known.bytes
    }

    /// What is to be said about a file that is no longer the one that was opened.
    pub(super) fn changed(&self) -> Option<String> {
        let metadata = self.file.metadata().ok()?;
        let is_same =
            metadata.len() == self.known.bytes && modified_ns(&metadata) == self.known.modified_ns;
        let (path, bytes) = (self.path.display(), indicatif::DecimalBytes(self.known.bytes));
        (!is_same).then(|| {
            format!(
                "{path} has changed while it was sent: the first {bytes} are recorded, as they \
                 were read. A file that is still being written is published through a pipe"
            )
        })
    }
}

fn mime(head: &[u8]) -> &'static str {
    if head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
        "video/webm"
    } else if head.get(4..8) == Some(b"ftyp") {
        "video/mp4"
    } else {
        ""
    }
}

/// When a file's recording began, as far as the file system knows: a file that was recorded here
/// came to be with its first frame, and one that was copied with its times kept was last changed
/// with its last frame, before it came to be here.
fn began_ms(metadata: &Metadata, now_ms: i64) -> i64 {
    let times = [metadata.created().ok(), metadata.modified().ok()];
    let known = times.into_iter().flatten().filter_map(|time| {
        let since = time.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok()
    });
    known.fold(now_ms, i64::min)
}

fn modified_ns(metadata: &Metadata) -> u64 {
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Opens what is named for reading, and says whether it is a regular file.
pub(super) fn open(path: &Path) -> Result<(File, bool)> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow::anyhow!("there is no file {shown}"),
        _ => anyhow::anyhow!(error).context(format!("cannot open {shown}")),
    })?;
    let metadata = file.metadata().with_context(|| format!("cannot read {shown}"))?;
    if metadata.is_dir() {
        bail!("{shown} is a folder; name one recording in it");
    }
    Ok((file, metadata.is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(path: &Path, folder: &Folder) -> Result<Regular> {
        Regular::open(open(path)?.0, path, folder, "clip".to_owned(), crate::clock::now_ms())
    }

    #[test]
    fn a_file_keeps_its_session_until_it_changes_or_is_delivered() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::open(Some(parent.path()), &"bench".parse().unwrap()).unwrap();
        let path = parent.path().join("clip.webm");
        std::fs::write(&path, "one").unwrap();
        let first = opened(&path, &folder).unwrap();
        let error = opened(&path, &folder).unwrap_err().to_string();
        assert!(error.contains("another push"), "{error}");
        let session = first.known.session.clone();
        drop(first);
        let second = opened(&path, &folder).unwrap();
        assert_eq!(second.known.session, session);
        assert_eq!(second.changed(), None);
        std::fs::write(&path, "other").unwrap();
        assert!(second.changed().unwrap().contains("changed"));
        drop(second);
        let third = opened(&path, &folder).unwrap();
        assert_ne!(third.known.session.session, session.session);
        assert_eq!(third.known.session.device, session.device);
        let session = third.known.session.clone();
        Source::Regular(third).discard().unwrap();
        assert_ne!(opened(&path, &folder).unwrap().known.session.session, session.session);
    }

    #[test]
    fn a_recording_began_no_later_than_its_file() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("clip.webm");
        std::fs::write(&path, "one").unwrap();
        let old = UNIX_EPOCH + std::time::Duration::from_millis(1_234_567);
        File::open(&path).unwrap().set_modified(old).unwrap();
        let metadata = std::fs::metadata(&path).unwrap();
        assert_eq!(began_ms(&metadata, i64::MAX), 1_234_567);
        assert_eq!(began_ms(&metadata, 5), 5);
    }

    #[test]
    fn what_cannot_be_published_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::open(Some(parent.path()), &"bench".parse().unwrap()).unwrap();
        let path = parent.path().join("clip.webm");
        let words = |path: &Path| opened(path, &folder).unwrap_err().to_string();
        assert!(words(&path).contains("no file"));
        assert!(words(parent.path()).contains("folder"));
        std::fs::write(&path, "").unwrap();
        assert!(words(&path).contains("empty"));
    }
}
