use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const DISK_BYTES: u64 = 8 << 20;

/// A small file system of its own under the recordings folder.
pub(crate) struct SmallDisk {
    recordings: PathBuf,
}

impl SmallDisk {
    /// `None` where mounting is not allowed.
    pub(crate) fn mount(folder: &Path) -> Option<Self> {
        let recordings = folder.join("recordings");
        std::fs::create_dir(&recordings).unwrap();
        let size = format!("size={DISK_BYTES}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&recordings);
        let is_mounted = mount.status().is_ok_and(|status| status.success());
        if !is_mounted {
            // Not by a macro, whose words are kept back of tests that pass.
            let words = "SKIPPED, not shown here: mounting a file system takes root\n";
            std::io::stderr().write_all(words.as_bytes()).unwrap();
        }
        is_mounted.then_some(Self { recordings })
    }

    /// Takes all room but this, which is less than before.
    pub(crate) fn leave(&self, bytes: u64) {
        let mut ballast =
            OpenOptions::new().create(true).append(true).open(self.ballast()).unwrap();
        let taken = ballast.metadata().unwrap().len();
        let more = usize::try_from(DISK_BYTES - bytes - taken).unwrap();
        ballast.write_all(&vec![0; more]).unwrap();
    }

    pub(crate) fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.recordings.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.recordings).status();
    }
}
