//! The content of a file, and what a power cut makes of it.

use std::sync::Arc;

use crate::simulation::random::Random;

/// What a drive writes whole or not at all.
const SECTOR_BYTES: u64 = 512;

/// A file. After a failed sync, `cached` holds what neither `durable` nor `dirty` knows.
#[derive(Default)]
pub(super) struct Content {
    pub(super) cached: Vec<u8>,
    pub(super) durable: Vec<u8>,
    pub(super) dirty: Vec<Edit>,
    /// Shared with every open handle: a file without a name takes room until it is closed.
    pub(super) handles: Arc<()>,
}

pub(super) enum Edit {
    Write { offset: u64, bytes: Vec<u8> },
    SetLen(u64),
}

impl Content {
    pub(super) fn is_open(&self) -> bool {
        Arc::strong_count(&self.handles) > 1
    }

    pub(super) fn edit(&mut self, edit: Edit) {
        edit.apply(&mut self.cached);
        self.dirty.push(edit);
    }

    /// What is clean is read from the disk again.
    pub(super) fn drop_cache(&mut self) {
        if self.dirty.is_empty() {
            self.cached.clone_from(&self.durable);
        }
    }

    /// Lets each edit since the last sync come true, be lost or be torn; returns which.
    pub(super) fn power_cut(&mut self, random: &mut Random) -> Option<String> {
        let odds = random.odds();
        let mut fates = String::new();
        for edit in std::mem::take(&mut self.dirty) {
            let is_kept = random.below(4) < odds;
            fates += match (edit, random.below(3)) {
                (edit, _) if is_kept => {
                    edit.apply(&mut self.durable);
                    " kept"
                }
                (Edit::Write { offset, bytes }, 0) if odds > 0 => {
                    let prefix = random.below(bytes.len() as u64 + 1);
                    let prefix = whole_sectors(offset, prefix) as usize;
                    write(&mut self.durable, offset, &bytes[..prefix]);
                    " prefix"
                }
                (Edit::Write { offset, bytes }, 1) if odds > 0 => {
                    write_sectors(&mut self.durable, offset, &bytes, random);
                    " sectors"
                }
                _ => " dropped",
            };
        }
        self.cached.clone_from(&self.durable);
        (!fates.is_empty()).then_some(fates)
    }
}

impl Edit {
    pub(super) fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => write(content, *offset, bytes),
            Self::SetLen(len) => content.resize(*len as usize, 0),
        }
    }
}

/// Writes into a content; what lies between its end and `offset` reads as zeros.
pub(super) fn write(content: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let start = offset as usize;
    let end = start + bytes.len();
    content.resize(content.len().max(end), 0);
    content[start..end].copy_from_slice(bytes);
}

/// How much of a write that is cut after `len` bytes takes place: no sector is ever torn.
pub(super) fn whole_sectors(offset: u64, len: u64) -> u64 {
    ((offset + len) / SECTOR_BYTES * SECTOR_BYTES).saturating_sub(offset)
}

/// Writes some of the sectors that `bytes` covers.
pub(super) fn write_sectors(
    content: &mut Vec<u8>,
    mut offset: u64,
    bytes: &[u8],
    random: &mut Random,
) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let in_sector = (SECTOR_BYTES - offset % SECTOR_BYTES) as usize;
        let (sector, after) = rest.split_at(in_sector.min(rest.len()));
        if random.coin() {
            write(content, offset, sector);
        }
        offset += sector.len() as u64;
        rest = after;
    }
}
