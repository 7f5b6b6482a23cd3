//! The files that are written: under another name until they are whole, and never in the place of
//! one that is there.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use container::FinishStep;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::appending::Appending;
use super::names;
use crate::program;

/// Where the files go.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Folders that were made for it, the innermost first.
    made: Vec<PathBuf>,
    stem: String,
    files: u32,
    /// Whether a file that cannot be finished stays: nobody can read its input again.
    keeps: bool,
}

impl Folder {
    /// Makes the folder if it is not there.
    ///
    /// # Errors
    /// When it cannot be used, or holds files that could be taken for the ones to be made.
    pub(super) fn open(path: &Path, stem: String) -> Result<Self> {
        let shown = path.display();
        let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let new = path.ancestors().take_while(is_new).map(Path::to_owned).collect();
        let made = DirBuilder::new().recursive(true).create(path);
        made.with_context(|| format!("cannot make the folder {shown}"))?;
        for entry in std::fs::read_dir(path).with_context(|| format!("cannot list {shown}"))? {
            let name = entry.with_context(|| format!("cannot list {shown}"))?.file_name();
            let name = name.to_string_lossy();
            if names::is_ours(&stem, &name) {
                bail!(
                    "{name} is in {shown} already, and nothing is overwritten: name another folder \
                     with --out, or remove what an earlier split has left"
                );
            }
        }
        Ok(Self { path: path.to_owned(), made: new, stem, files: 0, keeps: false })
    }

    /// A file that cannot be finished stays as far as it is written, and plays.
    pub(super) fn keeping(self) -> Self {
        Self { keeps: true, ..self }
    }

    /// Begins the next file.
    pub(super) fn begin(&mut self, extension: &str) -> Result<Growing> {
        let path = self.path.join(names::file(&self.stem, self.files + 1, extension));
        let growing = Growing::create(path, self.keeps)?;
        self.files += 1;
        Ok(growing)
    }

    /// Makes the names of the files durable; without files there is nothing to be kept, and what
    /// was made for them goes.
    pub(super) fn close(&self) -> io::Result<()> {
        if self.files == 0 {
            // One in which somebody has put something meanwhile stays.
            let _ = self.made.iter().try_for_each(std::fs::remove_dir);
            return Ok(());
        }
        let inside = self.made.iter().filter_map(|folder| folder.parent());
        for folder in std::iter::once(&*self.path).chain(inside) {
            let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(here)?.sync_all()?;
        }
        Ok(())
    }
}

/// A file that is not whole yet.
#[derive(Debug)]
pub(super) struct Growing {
    appending: Appending,
    part: Part,
    path: PathBuf,
}

/// The name of a file while it grows. The file is removed unless it is finished, or nothing else
/// has what is in it.
#[derive(Debug)]
struct Part {
    path: PathBuf,
    is_finished: bool,
    keeps: bool,
}

impl Growing {
    fn create(path: PathBuf, keeps: bool) -> Result<Self> {
        let (part, file) = Part::create(&path, keeps)?;
        Ok(Self { appending: Appending::new(file), part, path })
    }

    pub(super) fn append(&mut self, parts: &[Bytes]) -> Result<()> {
        self.appending.append(parts).with_context(|| self.part.cannot_write())
    }

    /// Makes it whole and durable, and gives it its name.
    pub(super) fn finish(self, steps: &[FinishStep]) -> Result<PathBuf> {
        let Self { appending, mut part, path } = self;
        let mut file = appending.finish().with_context(|| part.cannot_write())?;
        for step in steps {
            match step {
                FinishStep::WriteAt { offset, bytes } => {
                    file.write_all_at(bytes, *offset).with_context(|| part.cannot_write())?;
                }
                // Nobody takes it for a finished file before it has its name, and before that
                // everything is synced at once.
                FinishStep::Sync => {}
                FinishStep::Rewrite { front, keep_from } => {
                    let written = rewrite(file, &path, front, *keep_from);
                    let (mut whole, new) = written.with_context(|| part.cannot_finish())?;
                    // What it was is removed.
                    std::mem::swap(&mut whole.keeps, &mut part.keeps);
                    (part, file) = (whole, new);
                }
            }
        }
        let synced = file.sync_all();
        synced.with_context(|| part.cannot_finish())?;
        let named = rename(&part.path, &path);
        let named = named.with_context(|| format!("cannot name {}", path.display()));
        named.with_context(|| part.cannot_finish())?;
        part.is_finished = true;
        Ok(path)
    }
}

impl Part {
    /// The file that is to be called `path`.
    fn create(path: &Path, keeps: bool) -> Result<(Self, File)> {
        let path = with_suffix(path, names::PART);
        let file = create(&path)?;
        Ok((Self { path, is_finished: false, keeps }, file))
    }

    fn cannot_write(&self) -> String {
        let (path, split) = (self.path.display(), program::command("split"));
        match self.stays() {
            true => format!(
                "cannot write on in {path}, which stays: it plays as far as it goes, and where \
                 there is room `{split}` makes a finished file of it"
            ),
            false => format!("cannot write {path}"),
        }
    }

    /// The file is written, but not what makes it a finished one.
    fn cannot_finish(&self) -> String {
        let (path, split) = (self.path.display(), program::command("split"));
        match self.stays() {
            true => format!(
                "cannot finish {path}, which stays: it plays, and where there is room \
                 `{split}` makes a finished file of it"
            ),
            false => format!("cannot finish {path}"),
        }
    }

    /// Whether it is there when it was not finished.
    fn stays(&self) -> bool {
        self.keeps && self.path.metadata().is_ok_and(|metadata| metadata.len() > 0)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        if self.stays() {
            // What the disk does not take is told already.
            let _ = File::open(&self.path).and_then(|file| file.sync_all());
        } else {
            // On a full disk it takes the room that is missing. Where even that fails it stays,
            // under a name that says what it is.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Writes a file anew behind another front.
fn rewrite(mut old: File, path: &Path, front: &Bytes, keep_from: u64) -> Result<(Part, File)> {
    let (part, mut new) = Part::create(&with_suffix(path, names::REWRITE), false)?;
    let copied = old.seek(SeekFrom::Start(keep_from)).and_then(|_| {
        new.write_all(front)?;
        io::copy(&mut old, &mut new)
    });
    copied.with_context(|| part.cannot_write())?;
    Ok((part, new))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn create(path: &Path) -> Result<File> {
    let created = OpenOptions::new().read(true).write(true).create_new(true).open(path);
    created.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => anyhow::anyhow!(
            "{} is there: another split is writing it, or has left it behind; remove it, or name \
             another folder with --out",
            path.display()
        ),
        _ => anyhow::anyhow!(error).context(format!("cannot create {}", path.display())),
    })
}

/// Gives a file a name that nothing has.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems cannot say it in one step.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => match to.symlink_metadata() {
            Ok(_) => Err(ErrorKind::AlreadyExists.into()),
            Err(_) => std::fs::rename(from, to),
        },
        renamed => Ok(renamed?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_has_its_name_when_it_is_whole_and_no_other_trace_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("a/b");
        let mut target = Folder::open(&out, "clip".to_owned()).unwrap();
        let mut growing = target.begin("webm").unwrap();
        assert_eq!(names(&out), ["clip_00001.webm.part"]);
        let parts: Vec<Bytes> = (0..5000).map(|n| Bytes::from(vec![n as u8; n % 3])).collect();
        growing.append(&parts).unwrap();
        let steps = [
            FinishStep::WriteAt { offset: 0, bytes: Bytes::from_static(b"front") },
            FinishStep::Sync,
            FinishStep::Rewrite { front: Bytes::from_static(b"new front"), keep_from: 5 },
        ];
        let path = growing.finish(&steps).unwrap();
        assert_eq!(names(&out), ["clip_00001.webm"]);
        let written = std::fs::read(path).unwrap();
        assert_eq!(written, [b"new front", &parts.concat()[5..]].concat());
        drop(target.begin("webm").unwrap());
        assert_eq!(names(&out), ["clip_00001.webm"]);
        let error = Folder::open(&out, "clip".to_owned()).unwrap_err().to_string();
        assert!(error.contains("clip_00001.webm is in"), "{error}");
    }

    #[test]
    fn a_name_that_is_taken_meanwhile_stays_somebody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let mut target = Folder::open(folder.path(), "clip".to_owned()).unwrap();
        let mut growing = target.begin("webm").unwrap();
        growing.append(&[Bytes::from_static(b"mine")]).unwrap();
        std::fs::write(folder.path().join("clip_00001.webm"), b"theirs").unwrap();
        growing.finish(&[]).unwrap_err();
        assert_eq!(std::fs::read(folder.path().join("clip_00001.webm")).unwrap(), b"theirs");
        assert_eq!(names(folder.path()), ["clip_00001.webm"]);
    }
}
