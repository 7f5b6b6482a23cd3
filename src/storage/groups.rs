//! Which files of the system can be synced as one.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::Group;

/// The groups of the file systems on which files are open. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    #[cfg(target_os = "linux")]
    known: Arc<linux::Known>,
}

impl Groups {
    /// The group of an open file in a folder, to which nothing has been written yet. `None` where
    /// syncing all of its file system is not known to be as good as syncing the file.
    #[cfg(target_os = "linux")]
    pub(super) fn of(&self, file: &File, folder: &Path) -> Option<Arc<Group>> {
        self.known.group(file, folder)
    }

    /// The group of a folder that is open, while one of its file system's files is.
    #[cfg(target_os = "linux")]
    pub(super) fn known(&self, folder: &File) -> Option<Arc<Group>> {
        self.known.known(folder)
    }

    /// Other systems have no sync of a file system that waits for the disk and tells errors.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn of(&self, _file: &File, _folder: &Path) -> Option<Arc<Group>> {
        None
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn known(&self, _folder: &File) -> Option<Arc<Group>> {
        None
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::fs::File;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;
    use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

    use super::Group;
    use crate::metrics;

    /// File systems whose `sync_fs` writes everything and waits for it: ext2 to ext4 and XFS
    /// (`statfs(2)`). The sync of one file behind it flushes the disk's cache. FUSE and the network's
    /// leave to the daemon or the server what they sync, and Btrfs makes a whole transaction of it.
    const SYNCED_WHOLE: [u64; 2] = [0xef53, 0x5846_5342];

    /// From 5.8 on `syncfs` tells that writing a page has failed (`syncfs(2)`), from here on also that
    /// writing the journal has.
    const TELLS_ERRORS: (u32, u32) = (5, 17);

    static IS_TOLD: LazyLock<bool> = LazyLock::new(|| {
        let name = rustix::system::uname();
        name.release().to_str().ok().and_then(version).is_some_and(|is| is >= TELLS_ERRORS)
    });

    /// By device; gone with the last file, so that nothing keeps a disk from being taken out.
    #[derive(Debug, Default)]
    pub(super) struct Known(Mutex<HashMap<u64, Weak<Group>>>);

    impl Known {
        pub(super) fn known(&self, folder: &File) -> Option<Arc<Group>> {
            let device = folder.metadata().ok()?.dev();
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&device).and_then(Weak::upgrade)
        }

        pub(super) fn group(&self, file: &File, folder: &Path) -> Option<Arc<Group>> {
            let kind = u64::try_from(rustix::fs::fstatfs(file).ok()?.f_type).ok()?;
            if !*IS_TOLD || !SYNCED_WHOLE.contains(&kind) {
                return None;
            }
            let device = file.metadata().ok()?.dev();
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(group) = known.get(&device).and_then(Weak::upgrade) {
                return Some(group);
            }
            // The kernel tells each open file of an error once: this one is open before all that
            // the group writes, and misses none.
            let folder = File::open(folder).ok()?;
            if folder.metadata().ok()?.dev() != device {
                return None;
            }
            let sync_all =
                move || metrics::syncing(|| rustix::fs::syncfs(&folder)).map_err(Into::into);
            let group = Arc::new(Group::new(sync_all).ok()?);
            known.retain(|_, group| group.strong_count() > 0);
            known.insert(device, Arc::downgrade(&group));
            Some(group)
        }
    }

    /// `6.1` of `6.1.0-13-amd64`.
    fn version(release: &str) -> Option<(u32, u32)> {
        let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn releases_are_compared_by_their_numbers() {
            assert_eq!(version("6.1.0-13-amd64"), Some((6, 1)));
            assert_eq!(version("5.10-rc1"), Some((5, 10)));
            assert_eq!(version("unknown"), None);
        }

        #[test]
        fn files_of_one_disk_are_one_group_as_long_as_one_is_open() {
            let folder = tempfile::tempdir().unwrap();
            let file = |name: &str| File::create_new(folder.path().join(name)).unwrap();
            let known = Known::default();
            let Some(group) = known.group(&file("a"), folder.path()) else {
                // Whatever this machine's folder for what is temporary is on.
                let kind = rustix::fs::fstatfs(file("b")).unwrap().f_type as u64;
                assert!(!*IS_TOLD || !SYNCED_WHOLE.contains(&kind));
                return;
            };
            let other = known.group(&file("b"), folder.path()).unwrap();
            assert!(Arc::ptr_eq(&group, &other));
            drop((group, other));
            assert!(known.0.lock().unwrap().values().all(|group| group.strong_count() == 0));
        }
    }
}
