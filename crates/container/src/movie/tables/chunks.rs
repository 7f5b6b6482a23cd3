//! Where the samples lie: `stsc`, and `stco` or `co64` (ISO 14496-12 clauses 8.7.4 and 8.7.5).

use bytes::Bytes;

use super::entries::Entries;
use crate::error::Fault;

/// Where the chunks lie, and how many samples each holds.
#[derive(Debug, Clone)]
pub(super) struct Chunks {
    offsets: Offsets,
    groups: Entries<3>,
    /// The chunk that is next, from 0, and the group that it is in.
    next: usize,
    group: usize,
    /// Samples of this chunk that are still to come, and where the next one lies.
    pub(super) left: u32,
    pub(super) at: u64,
    pub(super) description: u32,
}

#[derive(Debug, Clone)]
enum Offsets {
    Small(Entries<1>),
    Large(Entries<2>),
}

impl Chunks {
    pub(super) fn read(stbl: &Bytes) -> Result<Self, Fault> {
        let small = Entries::read(stbl, b"stco", "stco")?;
        let offsets = match Entries::read(stbl, b"co64", "co64")? {
            Some(large) => Offsets::Large(large),
            None => Offsets::Small(small.ok_or(Fault::malformed("stbl"))?),
        };
        let groups = Entries::read(stbl, b"stsc", "stsc")?.ok_or(Fault::malformed("stbl"))?;
        Ok(Self { offsets, groups, next: 0, group: 0, left: 0, at: 0, description: 1 })
    }

    /// Goes to the next chunk that holds anything; whether there is one.
    pub(super) fn enter(&mut self) -> Result<bool, Fault> {
        while self.left == 0 {
            let at = match &self.offsets {
                Offsets::Small(offsets) => offsets.get(self.next).map(|[at]| u64::from(at)),
                Offsets::Large(offsets) => {
                    offsets.get(self.next).map(|[high, low]| u64::from(high) << 32 | u64::from(low))
                }
            };
            let Some(at) = at else { return Ok(false) };
            self.next += 1;
            while self
                .groups
                .get(self.group + 1)
                .is_some_and(|[first, ..]| first as usize <= self.next)
            {
                self.group += 1;
            }
            let [_, samples, description] =
                self.groups.get(self.group).ok_or(Fault::malformed("stsc"))?;
            // Nothing where writers leave it out.
            (self.left, self.at, self.description) = (samples, at, description.max(1));
        }
        Ok(true)
    }
}
