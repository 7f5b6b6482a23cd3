//! Onto the disk: beside its name until it is whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::interruption::Interruption;
use crate::library::archive::Archive;
use crate::library::reels::Reading;
use crate::progress::Progress;

/// Read and written at once.
const PIECE_BYTES: usize = 1 << 20;

/// A file that has not got its name yet. Dropped, it is removed.
pub(super) struct Unnamed {
    path: PathBuf,
    beside: PathBuf,
    is_named: bool,
}

impl Unnamed {
    /// Beside the file that is to be there in the end, which must not be there yet.
    pub(super) fn create(path: &Path) -> Result<(Self, File)> {
        if path.exists() {
            bail!("{} is there already; nothing is overwritten", path.display());
        }
        let mut beside = path.as_os_str().to_owned();
        beside.push(".part");
        let beside = PathBuf::from(beside);
        let file = File::create_new(&beside).with_context(|| match beside.exists() {
            true => format!(
                "{} is there: another export writes it, or one was ended by force; remove it then",
                beside.display()
            ),
            false => format!("cannot create {}", beside.display()),
        })?;
        Ok((Self { path: path.to_owned(), beside, is_named: false }, file))
    }

    /// Where it is written meanwhile.
    pub(super) fn beside(&self) -> &Path {
        &self.beside
    }

    /// It is whole.
    pub(super) fn name(mut self, file: &File) -> Result<()> {
        let shown = self.path.display();
        file.sync_all().with_context(|| format!("cannot sync {shown}"))?;
        // A link fails where a rename would replace what somebody has put there meanwhile.
        match fs::hard_link(&self.beside, &self.path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                bail!("{shown} is there by now; nothing is overwritten");
            }
            // Not every file system has links.
            Err(_) => {
                fs::rename(&self.beside, &self.path)
                    .with_context(|| format!("cannot name {shown}"))?;
                self.is_named = true;
            }
        }
        Ok(())
    }
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        if !self.is_named {
            // It may be gone already, or have its name by a link.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

/// Writes a reel.
pub(super) fn reel(reading: &Reading, path: &Path, stop: &Interruption) -> Result<()> {
    let (unnamed, mut file) = Unnamed::create(path)?;
    copy(reading, &mut file, stop).with_context(|| format!("cannot write {}", path.display()))?;
    unnamed.name(&file)
}

/// The same into a file that is there.
pub(super) fn copy(reading: &Reading, file: &mut File, stop: &Interruption) -> io::Result<()> {
    let progress = Progress::new(Some(reading.made().outline().bytes));
    let copied = reading.copy_to(file, |bytes| {
        progress.advance(bytes as usize);
        stop.check().map_err(io::Error::other)
    });
    progress.end();
    copied
}

/// Writes a zip.
pub(super) fn archive(archive: &Archive, path: &Path, stop: &Interruption) -> Result<()> {
    let (unnamed, mut file) = Unnamed::create(path)?;
    let progress = Progress::new(Some(archive.bytes()));
    let mut at = 0;
    let copied = loop {
        match archive.read(at, PIECE_BYTES) {
            Ok(piece) if piece.is_empty() => break Ok(()),
            Ok(piece) => {
                if let Err(error) = file.write_all(&piece) {
                    break Err(error);
                }
                at += piece.len() as u64;
                progress.advance(piece.len());
                if let Err(error) = stop.check() {
                    break Err(io::Error::other(error));
                }
            }
            Err(error) => break Err(error),
        }
    };
    progress.end();
    copied.with_context(|| format!("cannot write {}", path.display()))?;
    unnamed.name(&file)
}
