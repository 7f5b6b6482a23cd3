//! An open file.

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;

use super::SimulatedDisk;
use super::content::Edit;
use super::names::Id;
use super::state::{ENOSPC, State, os_error};
use crate::storage::StorageFile;

#[derive(Debug)]
pub(super) struct SimulatedFile {
    pub(super) disk: SimulatedDisk,
    pub(super) id: Id,
    pub(super) path: PathBuf,
    pub(super) can_write: bool,
    pub(super) generation: u64,
    pub(super) _handle: Arc<()>,
}

impl SimulatedFile {
    fn change(
        &self,
        what: impl Display,
        run: impl FnOnce(&mut State, bool) -> io::Result<()>,
    ) -> io::Result<()> {
        let what = format_args!("{what} {}", self.path.display());
        self.disk.change(Some(self.generation), what, run)
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
        let mut state = self.disk.ready(Some(self.generation))?;
        Ok(look(&state.file(self.id)?.cached))
    }

    fn writable(&self) -> io::Result<()> {
        if self.can_write { Ok(()) } else { Err(ErrorKind::PermissionDenied.into()) }
    }
}

impl StorageFile for SimulatedFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.writable()?;
        let what = format_args!("write {} bytes at {offset} of", bytes.len());
        self.change(what, |state, is_cut| state.write(self.id, offset, bytes, is_cut))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.look(|bytes| {
            let rest = &bytes[(offset as usize).min(bytes.len())..];
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            count
        })
    }

    fn len(&self) -> io::Result<u64> {
        self.look(|bytes| bytes.len() as u64)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.writable()?;
        self.change(format_args!("set length {len} of"), |state, _| {
            let free = state.free_bytes();
            let file = state.file(self.id)?;
            if len > file.cached.len() as u64 + free {
                return Err(os_error(ENOSPC));
            }
            file.edit(Edit::SetLen(len));
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.change("sync", |state, _| state.sync(self.id))
    }

    fn drop_cache(&mut self) -> io::Result<()> {
        let mut state = self.disk.ready(Some(self.generation))?;
        state.file(self.id)?.drop_cache();
        Ok(())
    }
}
