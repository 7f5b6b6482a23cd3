//! Files of the state folder: for their owner alone, and whole at every instant.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What is in them is nobody else's business.
const MODE: u32 = 0o600;

/// What the name of a file goes on with that was put aside.
const ASIDE: &str = ".broken";

/// A file that has a version and is put aside where it cannot be understood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// What this program writes; it does not start with a newer one.
    pub(crate) version: u32,
    pub(crate) max_bytes: u64,
    /// Whether a text is one of these.
    pub(crate) is_understood: fn(&str) -> bool,
    /// What is lost without it, as a sentence.
    pub(crate) loss: &'static str,
}

/// Whether a file of this name was put aside.
pub(crate) fn is_aside(name: &str) -> bool {
    let Some((_, rest)) = name.rsplit_once(ASIDE) else { return false };
    rest.is_empty() || rest.strip_prefix('-').is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Puts another text into the place of a file, or leaves it as it is. Blocks.
pub(crate) fn replace(folder: &Path, file: &str, text: &str) -> io::Result<()> {
    let new = folder.join(format!("{file}.new"));
    write(&new, text)?;
    fs::rename(&new, folder.join(file))?;
    File::open(folder)?.sync_all()
}

/// Moves a file away that cannot be understood, beside those that were before. Returns where to.
pub(crate) fn put_aside(folder: &Path, file: &str) -> io::Result<PathBuf> {
    let mut aside = folder.join(format!("{file}{ASIDE}"));
    let mut number = 2;
    while aside.exists() {
        aside = folder.join(format!("{file}{ASIDE}-{number}"));
        number += 1;
    }
    fs::rename(folder.join(file), &aside)?;
    Ok(aside)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    // One that a crash has left may have another mode.
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
