//! Appends to a file past the system's page cache: what is written once and read by nobody soon
//! costs twice the time in it, and pushes out of it what others need.

use std::fs::File;
use std::io::{self, Write};

use bytes::{Buf, Bytes, BytesMut};

/// What is written at once: as much as a disk takes in one go.
const BLOCK_BYTES: usize = 1 << 20;

/// What disks, and pages of memory, are aligned to.
const ALIGNED_BYTES: usize = 4096;

/// Collects pieces, and writes them in blocks.
#[derive(Debug)]
pub(super) struct Appending {
    file: File,
    /// Begins with a page, and has room for a block.
    block: BytesMut,
    is_direct: bool,
}

impl Appending {
    /// Appends to an empty file.
    pub(super) fn new(file: File) -> Self {
        // File systems in memory have nothing else than the page cache.
        let is_direct = set_direct(&file, true).is_ok();
        Self { file, block: aligned(BLOCK_BYTES), is_direct }
    }

    pub(super) fn append(&mut self, parts: &[Bytes]) -> io::Result<()> {
        for part in parts {
            let mut rest = &part[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(BLOCK_BYTES - self.block.len()));
                self.block.extend_from_slice(now);
                rest = later;
                if self.block.len() == BLOCK_BYTES {
                    self.write()?;
                }
            }
        }
        Ok(())
    }

    /// The file with everything in it, to be written as any other.
    pub(super) fn finish(mut self) -> io::Result<File> {
        self.leave_direct()?;
        self.write()?;
        Ok(self.file)
    }

    fn write(&mut self) -> io::Result<()> {
        let mut done = 0;
        while done < self.block.len() {
            match self.file.write(&self.block[done..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => done += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Another alignment is asked for, or a disk that is nearly full took a part.
                Err(error) if self.is_direct && error.kind() == io::ErrorKind::InvalidInput => {
                    self.leave_direct()?;
                }
                Err(error) => return Err(error),
            }
        }
        self.block.clear();
        Ok(())
    }

    fn leave_direct(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_direct) {
            set_direct(&self.file, false)?;
        }
        Ok(())
    }
}

/// Room for so many bytes that begins with a page, where disks read and write, and where some
/// processors take half the time to copy to.
pub(super) fn aligned(len: usize) -> BytesMut {
    let mut room = BytesMut::with_capacity(len + ALIGNED_BYTES);
    let unaligned = room.as_ptr().align_offset(ALIGNED_BYTES);
    if unaligned < ALIGNED_BYTES {
        room.resize(unaligned, 0);
        room.advance(unaligned);
    }
    room
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn set_direct(file: &File, is_direct: bool) -> io::Result<()> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    let mut flags = fcntl_getfl(file)?;
    flags.set(OFlags::DIRECT, is_direct);
    Ok(fcntl_setfl(file, flags)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn set_direct(_: &File, is_direct: bool) -> io::Result<()> {
    if is_direct { Err(io::ErrorKind::Unsupported.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_is_in_the_file_whatever_its_pieces() {
        let bytes: Bytes = (0..3 * BLOCK_BYTES + 5).map(|n| (n * n % 251) as u8).collect();
        // On a disk as a rule, and where there is only memory.
        for folder in [tempfile::tempdir(), tempfile::tempdir_in("/dev/shm")] {
            let folder = folder.unwrap();
            for piece_bytes in [1000, BLOCK_BYTES, 2 * BLOCK_BYTES + 1] {
                let path = folder.path().join("file");
                let mut appending = Appending::new(File::create(&path).unwrap());
                let parts: Vec<Bytes> =
                    bytes.chunks(piece_bytes).map(|piece| bytes.slice_ref(piece)).collect();
                appending.append(&parts[..1]).unwrap();
                appending.append(&parts[1..]).unwrap();
                appending.finish().unwrap().write_all(b"end").unwrap();
                assert!(std::fs::read(&path).unwrap() == [&bytes[..], b"end"].concat());
            }
        }
    }
}
