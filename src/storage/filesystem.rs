use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::groups::Groups;
use super::{Entry, Group, Open, Storage, StorageFile, SyncOne};
use crate::metrics;

/// As many as one system call takes (`IOV_MAX` of Linux, macOS and the BSDs).
const MOST_PARTS: usize = 1024;

/// The operating system's file system. Clones share what they know of its files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filesystem {
    groups: Groups,
}

/// A file, and those beside it whose syncs can be one with its.
#[derive(Debug)]
struct OpenFile {
    file: Arc<File>,
    group: Option<Arc<Group>>,
}

impl Storage for Filesystem {
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn StorageFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(how != Open::ReadOnly).create_new(how == Open::CreateNew);
        let file = options.open(path)?;
        // Before anything is written to it: an error that comes later is not missed.
        let group = match (how, path.parent()) {
            (Open::CreateNew | Open::Existing, Some(folder)) => self.groups.of(&file, folder),
            _ => None,
        };
        Ok(Box::new(OpenFile { file: Arc::new(file), group }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        match DirBuilder::new().create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            created => created,
        }
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let folder = File::open(path)?;
        match self.groups.known(&folder) {
            Some(group) => group.sync(Box::new(move || folder.sync_all())),
            None => folder.sync_all(),
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            // A folder that was moved to a larger disk and linked back is one.
            // Where its disk is not there, nobody knows what it holds.
            let is_folder = match std::fs::metadata(entry.path()) {
                Ok(metadata) => metadata.is_dir(),
                Err(_) => !entry.file_type()?.is_file(),
            };
            // Names of this program are text.
            entries
                .extend(entry.file_name().into_string().ok().map(|name| Entry { name, is_folder }));
        }
        Ok(entries)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let space = rustix::fs::statvfs(path)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }

    fn execute(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        async move {
            if let Err(error) = tokio::task::spawn_blocking(work).await
                && let Ok(panic) = error.try_into_panic()
            {
                std::panic::resume_unwind(panic);
            }
        }
        .boxed()
    }
}

impl StorageFile for OpenFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn write_parts_at(&mut self, mut offset: u64, parts: &[Bytes]) -> io::Result<()> {
        for parts in parts.chunks(MOST_PARTS) {
            let mut slices: Vec<IoSlice<'_>> =
                parts.iter().map(|part| IoSlice::new(part)).collect();
            let mut rest = &mut slices[..];
            // Parts without a byte are none that could be written.
            IoSlice::advance_slices(&mut rest, 0);
            while !rest.is_empty() {
                match rustix::io::pwritev(&*self.file, rest, offset) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(written) => {
                        IoSlice::advance_slices(&mut rest, written);
                        offset += written as u64;
                    }
                    Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        FileExt::read_at(&*self.file, buffer, offset)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        match self.group() {
            Some((group, one)) => group.sync(one),
            None => metrics::syncing(|| self.file.sync_data()),
        }
    }

    fn group(&self) -> Option<(Arc<Group>, SyncOne)> {
        let group = self.group.clone()?;
        let file = Arc::clone(&self.file);
        Some((group, Box::new(move || metrics::syncing(|| file.sync_data()))))
    }

    fn drop_cache(&mut self) -> io::Result<()> {
        #[cfg(not(target_vendor = "apple"))]
        rustix::fs::fadvise(&*self.file, 0, None, rustix::fs::Advice::DontNeed)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_written_one_behind_the_other_however_many_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("parts");
        let mut file = Filesystem::default().open(&path, Open::CreateNew).unwrap();
        let count = MOST_PARTS * 2 + 7;
        let parts: Vec<Bytes> = (0..count).map(|at| Bytes::from(vec![at as u8; at % 5])).collect();
        file.write_at(0, b"front").unwrap();
        file.write_parts_at(5, &parts).unwrap();
        let expected = [b"front", &parts.concat()[..]].concat();
        assert!(std::fs::read(&path).unwrap() == expected);
        file.write_parts_at(5, &[Bytes::new(), Bytes::new()]).unwrap();
        assert_eq!(file.len().unwrap(), expected.len() as u64);
    }
}
