//! Files of the state folder: for their owner alone, and whole at every instant.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What is in them is nobody else's business.
const MODE: u32 = 0o600;

/// Puts another text into the place of a file, or leaves it as it is. Blocks.
pub(crate) fn replace(folder: &Path, file: &str, text: &str) -> io::Result<()> {
    let new = folder.join(format!("{file}.new"));
    write(&new, text)?;
    fs::rename(&new, folder.join(file))?;
    File::open(folder)?.sync_all()
}

/// Moves a file away that cannot be understood, beside those that were before. Returns where to.
pub(crate) fn put_aside(folder: &Path, file: &str) -> io::Result<PathBuf> {
    let mut aside = folder.join(format!("{file}.broken"));
    let mut number = 2;
    while aside.exists() {
        aside = folder.join(format!("{file}.broken-{number}"));
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
