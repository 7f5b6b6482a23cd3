//! Asks a folder whether it can be written to, with a small file that is gone at once.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::super::findings::disk::{FileSystem, Folder, Refused};
use crate::storage::{Filesystem, Storage};

/// What a commit of a camera's second is about.
const PROBE_BYTES: usize = 64 << 10;

/// Asks it, or the nearest folder above it that is there. Blocks.
pub(in super::super) fn ask(name: &'static str, path: &Path) -> Folder {
    let refused = |error: io::Error| Refused::Other(error.to_string());
    facts(name, path, |there| probe(there).map_err(refused))
}

/// The same without trying. Blocks.
pub(in super::super) fn look(name: &'static str, path: &Path) -> Folder {
    facts(name, path, |_| Ok(0))
}

fn facts(
    name: &'static str,
    path: &Path,
    tried: impl FnOnce(&Path) -> Result<u64, Refused>,
) -> Folder {
    let asked = nearest(path);
    let (sync_ms, is_there) = match &asked {
        Ok((there, is_it)) => (tried(there), *is_it),
        Err(refused) => (Err(refused.clone()), false),
    };
    let there = asked.map_or_else(|_| path.to_owned(), |(there, _)| there);
    Folder {
        name,
        path: path.to_owned(),
        is_there,
        sync_ms,
        free_bytes: Filesystem::default().free_bytes(&there).ok(),
        file_system: file_system(&there),
    }
}

/// The folder itself, or else the one in which it would be made.
fn nearest(path: &Path) -> Result<(PathBuf, bool), Refused> {
    let other = |error: io::Error| Refused::Other(error.to_string());
    let absolute = std::path::absolute(path).map_err(other)?;
    for (place, above) in absolute.ancestors().enumerate() {
        match std::fs::metadata(above) {
            Ok(found) if found.is_dir() => return Ok((above.to_owned(), place == 0)),
            Ok(_) if place == 0 => {
                return Err(Refused::Other("there is a file of that name".to_owned()));
            }
            Ok(_) => return Err(Refused::Other(format!("{} is a file", above.display()))),
            // A link that leads nowhere is no place for a folder, either.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if let Ok(target) = std::fs::read_link(above) {
                    let link = if place == 0 { path } else { above }.to_owned();
                    return Err(Refused::Unconnected { link, target });
                }
            }
            // Something below a file: the file itself comes next.
            Err(error) if error.kind() == ErrorKind::NotADirectory => {}
            Err(error) => return Err(other(error)),
        }
    }
    Err(other(ErrorKind::NotFound.into()))
}

/// How long a small file takes to be there for good, in milliseconds.
fn probe(folder: &Path) -> io::Result<u64> {
    // Not every file system has files without a name.
    sync(nameless(folder).or_else(|_| named(folder))?)
}

/// One whose name is gone before anything is written: what happens then leaves nothing.
fn named(folder: &Path) -> io::Result<File> {
    let path = folder.join(format!(".doctor-{}", uuid::Uuid::new_v4().simple()));
    let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
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
        let reason = |path: &Path| ask("state", path).sync_ms.unwrap_err().to_string();
        assert_eq!(reason(&file), "there is a file of that name");
        let below = reason(&file.join("below"));
        assert!(below.ends_with("file is a file"), "{below}");
    }

    #[test]
    fn a_link_to_a_disk_that_is_not_there_is_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("rec"), folder.path().join("gone"));
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let gone = Err(Refused::Unconnected { link: link.clone(), target });
        assert_eq!(
            (ask("state", &link).sync_ms, look("state", &link.join("a")).sync_ms),
            (gone.clone(), gone)
        );
    }

    #[test]
    fn a_file_with_a_name_is_nameless_before_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = named(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(sync(file).is_ok());
    }
}
