use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Entry, Open, Storage, StorageFile};

/// The operating system's file system.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Filesystem;

impl Storage for Filesystem {
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn StorageFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(how != Open::ReadOnly).create_new(how == Open::CreateNew);
        Ok(Box::new(options.open(path)?))
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
        File::open(path)?.sync_all()
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

impl StorageFile for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        Self::set_len(self, len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn drop_cache(&mut self) -> io::Result<()> {
        #[cfg(not(target_vendor = "apple"))]
        rustix::fs::fadvise(&*self, 0, None, rustix::fs::Advice::DontNeed)?;
        Ok(())
    }
}
