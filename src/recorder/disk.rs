//! The disk operations of one session: the doing, without any deciding.
//!
//! Every step can be repeated: a step that failed is run again from the same state.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use container::FinishStep;

use super::names;
use crate::clock::WallUs;

/// Attempts at a name that is not taken; each one means a file of the same millisecond.
const MAX_NAME_ATTEMPTS: u32 = 1000;

/// One operation.
#[derive(Debug)]
pub(super) enum Step {
    /// Begin the growing file of a segment.
    Create { segment: u64, start_us: WallUs, extension: &'static str },
    /// Append to a growing file.
    Append { segment: u64, parts: Vec<Bytes> },
    /// Make a growing file's content durable.
    Sync { segment: u64 },
    /// Turn a growing file into the finished one and give it its name.
    Finish { segment: u64, steps: Vec<FinishStep> },
    /// Append to the session journal, which is begun with the first line.
    Journal { start_us: WallUs, text: String },
    /// Append to the folder's note for people.
    About { text: String },
}

/// What a step brought about.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A finished file.
    Finished { segment: u64, name: String, bytes: u64, sha256: String },
}

/// A step that failed, with the words for a person.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {source}", path = .path.display())]
pub(super) struct DiskError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
    is_sync: bool,
}

impl DiskError {
    /// Whether trying again is of no use. After a sync that failed the page cache cannot be
    /// trusted any more; and a file that was removed or renamed by somebody does not come back.
    pub(super) fn is_final(&self) -> bool {
        self.is_sync
            || (["rename", "rewrite"].contains(&self.action)
                && self.source.kind() == io::ErrorKind::NotFound)
    }
}

/// The files of one session.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    root: PathBuf,
    growing: BTreeMap<u64, Growing>,
    journal: Option<Growing>,
}

/// A file that is appended to. What a failed write left behind `len` is written over.
#[derive(Debug)]
struct Growing {
    file: File,
    path: PathBuf,
    len: u64,
    /// Steps of finishing it that are done; they are not repeated.
    finished_steps: usize,
}

impl Disk {
    /// A session's files in `folder` below `root`. Nothing is created before the first step.
    pub(super) fn new(root: &Path, folder: &str) -> Self {
        Self {
            folder: root.join(folder),
            root: root.to_owned(),
            growing: BTreeMap::new(),
            journal: None,
        }
    }

    /// Runs steps in order; those that are done are taken off the front.
    pub(super) fn run(
        &mut self,
        steps: &mut VecDeque<Step>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), DiskError> {
        while let Some(step) = steps.front() {
            outcomes.extend(self.step(step)?);
            steps.pop_front();
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<Option<Outcome>, DiskError> {
        match step {
            Step::Create { segment, start_us, extension } => {
                if !self.growing.contains_key(segment) {
                    let growing = self.create(*start_us, extension)?;
                    self.growing.insert(*segment, growing);
                }
            }
            Step::Append { segment, parts } => {
                if let Some(growing) = self.growing.get_mut(segment) {
                    growing.append(parts).map_err(fault("write", &growing.path))?;
                }
            }
            Step::Sync { segment } => {
                if let Some(growing) = self.growing.get(segment) {
                    growing.file.sync_data().map_err(sync_fault(&growing.path))?;
                }
            }
            Step::Finish { segment, steps } => {
                if let Some(growing) = self.growing.get_mut(segment) {
                    let finished = growing.finish(*segment, steps)?;
                    sync_folder(&self.folder)?;
                    self.growing.remove(segment);
                    return Ok(Some(finished));
                }
            }
            Step::Journal { start_us, text } => self.append_journal(*start_us, text)?,
            Step::About { text } => {
                let path = self.folder.join("about.txt");
                let file = OpenOptions::new().create(true).append(true).open(&path);
                // A note for people; no recording waits for it.
                if let Err(error) = file.and_then(|mut file| file.write_all(text.as_bytes())) {
                    tracing::warn!(path = %path.display(), %error, "cannot write a note");
                }
            }
        }
        Ok(None)
    }

    fn create(&self, start_us: WallUs, extension: &str) -> Result<Growing, DiskError> {
        self.create_folder()?;
        let (file, path) = create_new(&self.folder, |attempt| {
            let name = names::segment(start_us, extension, attempt);
            let taken = self.folder.join(&name).exists();
            (format!("{name}.part"), taken)
        })?;
        sync_folder(&self.folder)?;
        Ok(Growing { file, path, len: 0, finished_steps: 0 })
    }

    /// Makes the session's folder, durable up to the recordings folder.
    fn create_folder(&self) -> Result<(), DiskError> {
        if self.folder.is_dir() {
            return Ok(());
        }
        std::fs::create_dir_all(&self.folder).map_err(fault("create", &self.folder))?;
        sync_folder(&self.root)
    }

    fn append_journal(&mut self, start_us: WallUs, text: &str) -> Result<(), DiskError> {
        let journal = match &mut self.journal {
            Some(journal) => journal,
            None => {
                self.create_folder()?;
                let (file, path) =
                    create_new(&self.folder, |attempt| (names::journal(start_us, attempt), false))?;
                sync_folder(&self.folder)?;
                self.journal.insert(Growing { file, path, len: 0, finished_steps: 0 })
            }
        };
        let text = Bytes::copy_from_slice(text.as_bytes());
        journal.append(&[text]).map_err(fault("write", &journal.path))?;
        journal.file.sync_data().map_err(sync_fault(&journal.path))
    }
}

impl Growing {
    fn append(&mut self, parts: &[Bytes]) -> io::Result<()> {
        let mut at = self.len;
        for part in parts {
            self.file.write_all_at(part, at)?;
            at += part.len() as u64;
        }
        self.len = at;
        Ok(())
    }

    fn finish(&mut self, segment: u64, steps: &[FinishStep]) -> Result<Outcome, DiskError> {
        for step in &steps[self.finished_steps.min(steps.len())..] {
            match step {
                FinishStep::WriteAt { offset, bytes } => {
                    self.file.write_all_at(bytes, *offset).map_err(fault("write", &self.path))?;
                }
                FinishStep::Sync => self.file.sync_data().map_err(sync_fault(&self.path))?,
                FinishStep::Rewrite { front, keep_from } => self.rewrite(front, *keep_from)?,
            }
            self.finished_steps += 1;
        }
        let finished = self.path.with_extension("");
        let (sha256, bytes) = hash(&self.file).map_err(fault("read", &self.path))?;
        std::fs::rename(&self.path, &finished).map_err(fault("rename", &self.path))?;
        let name = finished.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Outcome::Finished { segment, name, bytes, sha256 })
    }

    /// Writes the file anew beside the growing one and puts it in its place.
    fn rewrite(&mut self, front: &[u8], keep_from: u64) -> Result<(), DiskError> {
        let beside = self.path.with_extension("rewrite");
        let written = write_beside(&beside, front, &self.file, keep_from);
        let renamed = written.and_then(|new| {
            std::fs::rename(&beside, &self.path).map_err(fault("rename", &beside))?;
            Ok(new)
        });
        if renamed.is_err() {
            // On a full disk the half-written copy takes the room that is missing.
            let _ = std::fs::remove_file(&beside);
        }
        self.file = renamed?;
        Ok(())
    }
}

fn write_beside(
    path: &Path,
    front: &[u8],
    mut old: &File,
    keep_from: u64,
) -> Result<File, DiskError> {
    use std::io::{Seek, SeekFrom};
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(true);
    let mut new = options.open(path).map_err(fault("rewrite", path))?;
    let copied = new.write_all(front).and_then(|()| {
        old.seek(SeekFrom::Start(keep_from))?;
        io::copy(&mut old, &mut new)
    });
    copied.map_err(fault("write", path))?;
    new.sync_all().map_err(sync_fault(path))?;
    Ok(new)
}

/// SHA-256 and length of a file, as `sha256sum` prints it.
fn hash(mut file: &File) -> io::Result<(String, u64)> {
    use std::io::{Read, Seek};
    file.rewind()?;
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let mut buffer = vec![0; 256 * 1024];
    let mut total = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok((hex::encode(context.finish()), total));
        }
        context.update(&buffer[..n]);
        total += n as u64;
    }
}

/// Creates the first file whose name is not taken.
fn create_new(
    folder: &Path,
    name: impl Fn(u32) -> (String, bool),
) -> Result<(File, PathBuf), DiskError> {
    let mut attempt = 1;
    loop {
        let (file_name, taken) = name(attempt);
        let path = folder.join(file_name);
        if !taken {
            match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((file, path)),
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists
                        && attempt < MAX_NAME_ATTEMPTS => {}
                Err(error) => return Err(fault("create", &path)(error)),
            }
        }
        attempt += 1;
    }
}

fn sync_folder(folder: &Path) -> Result<(), DiskError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(sync_fault(folder))
}

fn fault(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DiskError + use<> {
    let path = path.to_owned();
    move |source| DiskError { action, path, source, is_sync: false }
}

fn sync_fault(path: &Path) -> impl FnOnce(io::Error) -> DiskError + use<> {
    let path = path.to_owned();
    move |source| DiskError { action: "sync", path, source, is_sync: true }
}
