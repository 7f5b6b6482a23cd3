//! Asks a folder whether it can be written to, with a small file that is gone at once.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::super::findings::disk::{FileSystem, Folder};
use crate::storage::{Filesystem, Storage};

/// What a commit of a camera's second is about.
const PROBE_BYTES: usize = 64 << 10;

/// Asks it, or the nearest folder above it that is there. Blocks.
pub(in super::super) fn ask(name: &'static str, path: &Path) -> Folder {
    let asked = nearest(path);
    let (sync_ms, is_there) = match &asked {
        Ok((_, false)) if path.exists() => (Err("there is a file of that name".to_owned()), false),
        Ok((there, is_it)) => (probe(there).map_err(|error| error.to_string()), *is_it),
        Err(error) => (Err(error.to_string()), false),
    };
    let there = asked.map_or_else(|_| path.to_owned(), |(there, _)| there);
    Folder {
        name,
        path: path.to_owned(),
        is_there,
        sync_ms,
        free_bytes: Filesystem.free_bytes(&there).ok(),
        file_system: file_system(&there),
    }
}

/// The folder itself, or else the one in which it would be made.
fn nearest(path: &Path) -> io::Result<(PathBuf, bool)> {
    let path = std::path::absolute(path)?;
    for (place, above) in path.ancestors().enumerate() {
        match std::fs::metadata(above) {
            Ok(found) if found.is_dir() => return Ok((above.to_owned(), place == 0)),
            Ok(_) if place == 0 => {}
            Ok(_) => {
                let reason = format!("{} is a file", above.display());
                return Err(io::Error::new(ErrorKind::NotADirectory, reason));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // Something below a file: the file itself comes next.
            Err(error) if error.kind() == ErrorKind::NotADirectory => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::NotFound.into())
}

/// How long a small file takes to be there for good, in milliseconds.
fn probe(folder: &Path) -> io::Result<u64> {
    match nameless(folder) {
        Ok(file) => sync(file),
        // Not every file system has files without a name.
        Err(_) => {
            let name = format!(".doctor-{}", uuid::Uuid::new_v4().simple());
            let path = folder.join(name);
            let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
            let synced = sync(file);
            std::fs::remove_file(&path)?;
            synced
        }
    }
}

fn sync(mut file: File) -> io::Result<u64> {
    let began = Instant::now();
    file.write_all(&[0; PROBE_BYTES])?;
    file.sync_data()?;
    Ok(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX))
}

/// A file that is gone when it is closed, whatever happens.
#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let how = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(folder, how, Mode::RUSR | Mode::WUSR)?.into())
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &Path) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

/// By the numbers of Linux (statfs(2), `linux/magic.h`).
#[cfg(target_os = "linux")]
fn file_system(path: &Path) -> FileSystem {
    let Ok(found) = rustix::fs::statfs(path) else { return FileSystem::Usual };
    match found.f_type {
        0x6969 => FileSystem::Network("NFS"),
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => FileSystem::Network("SMB"),
        0x0102_1997 => FileSystem::Network("9P"),
        0x00C3_6400 => FileSystem::Network("Ceph"),
        0x0102_1994 | 0x8584_58F6 => FileSystem::Memory,
        0x794C_7630 => FileSystem::Container,
        0x4D44 => FileSystem::Fat,
        _ => FileSystem::Usual,
    }
}

#[cfg(not(target_os = "linux"))]
fn file_system(_: &Path) -> FileSystem {
    FileSystem::Usual
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_asked_and_nothing_is_left_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let there = ask("state", folder.path());
        assert!(there.is_there && there.sync_ms.is_ok() && there.free_bytes.is_some(), "{there:?}");
        let inside = ask("state", &folder.path().join("a/b"));
        assert!(!inside.is_there && inside.sync_ms.is_ok(), "{inside:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_in_its_place_is_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(ask("state", &file).sync_ms.unwrap_err(), "there is a file of that name");
        let below = ask("state", &file.join("below")).sync_ms.unwrap_err();
        assert!(below.ends_with("file is a file"), "{below}");
    }
}
