//! The sample tables of one track (ISO 14496-12 clauses 8.6 and 8.7), read entry by entry: what a
//! hostile count asks for is never expanded.

mod chunks;
mod entries;
mod sizes;

use bytes::Bytes;

use crate::error::Fault;
use crate::sample::MAX_TIME;
use chunks::Chunks;
use entries::{Entries, Runs, Sync};
use sizes::Sizes;

/// Where a sample lies, and when it is decoded and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    /// From where the movie's places count.
    pub(crate) offset: u64,
    pub(crate) size: u32,
    /// Ticks of the media, before any edit.
    pub(crate) dts: i64,
    /// Presentation minus decode time.
    pub(crate) shift: i32,
    pub(crate) duration: u32,
    pub(crate) is_sync: bool,
    /// Which entry of `stsd` describes it, from 1.
    pub(crate) description: u32,
}

/// Goes through the samples of a track in decode order.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    count: u32,
    /// Bytes of samples that are told beyond `count`: more than the file can hold.
    beyond_bytes: u64,
    /// Samples handed out.
    done: u32,
    sizes: Sizes,
    /// Run lengths of `stts`, then of `ctts`.
    steps: Runs,
    shifts: Runs,
    sync: Option<Sync>,
    chunks: Chunks,
    dts: i64,
    /// How many samples that are alike are one here: uncompressed sound has one for each instant.
    merged: u32,
}

impl Rows {
    /// The tables of an `stbl` payload in a file of so many bytes.
    pub(crate) fn read(stbl: &Bytes, merged: u32, file_bytes: u64) -> Result<Self, Fault> {
        let (sizes, told) = Sizes::read(stbl)?;
        // A table has an entry for each; a size that all have is four bytes, and walking along
        // what it tells would take minutes.
        let (count, beyond_bytes) = match sizes {
            Sizes::Fixed(size) => {
                let count = u64::from(told).min(file_bytes / u64::from(size.max(1))) as u32;
                (count, u64::from(told - count) * u64::from(size))
            }
            Sizes::Each(_) | Sizes::Compact(..) => (told, 0),
        };
        let stts = Entries::<2>::read(stbl, b"stts", "stts")?.ok_or(Fault::malformed("stbl"))?;
        let shifts = Entries::<2>::read(stbl, b"ctts", "ctts")?.unwrap_or_default();
        let sync = Entries::read(stbl, b"stss", "stss")?;
        // A larger sample that lasts one tick is none of uncompressed sound.
        let is_alike = matches!(sizes, Sizes::Fixed(1..=64)) && shifts.0.is_empty();
        Ok(Self {
            count,
            beyond_bytes,
            done: 0,
            sizes,
            steps: Runs::new(stts),
            shifts: Runs::new(shifts),
            sync: sync.map(|numbers| Sync { numbers, at: 0 }),
            chunks: Chunks::read(stbl)?,
            dts: 0,
            merged: if is_alike { merged.max(1) } else { 1 },
        })
    }

    /// The next sample. What follows a fault cannot be told.
    pub(crate) fn next(&mut self) -> Result<Option<Row>, Fault> {
        if self.done >= self.count {
            return Ok(None);
        }
        if self.chunks.left == 0 && !self.chunks.enter()? {
            self.done = self.count;
            return Err(Fault::malformed("stco"));
        }
        let step = self.steps.next();
        let shift = self.shifts.next() as i32;
        let mut together = 1;
        if self.merged > 1 && step == 1 {
            let alike = (self.count - self.done).min(self.chunks.left);
            together = self.merged.min(alike).min(self.steps.left.saturating_add(1));
            self.steps.left -= together - 1;
        }
        let size = self.sizes.get(self.done).and_then(|size| size.checked_mul(together));
        let size = size.ok_or(Fault::malformed("stsz"))?;
        let duration = step.checked_mul(together).ok_or(Fault::malformed("stts"))?;
        let row = Row {
            offset: self.chunks.at,
            size,
            dts: self.dts,
            shift,
            duration,
            is_sync: self.sync.as_mut().is_none_or(|sync| sync.holds(self.done + 1)),
            description: self.chunks.description,
        };
        self.done += together;
        self.chunks.left -= together;
        let at = self.chunks.at.checked_add(size.into()).filter(|&at| at <= i64::MAX as u64);
        self.chunks.at = at.ok_or(Fault::malformed("stsz"))?;
        let dts = self.dts.checked_add(duration.into()).filter(|&dts| dts <= MAX_TIME);
        self.dts = dts.ok_or(Fault::malformed("stts"))?;
        Ok(Some(row))
    }

    /// Where the samples handed out end, in ticks of the media.
    pub(crate) fn end_dts(&self) -> i64 {
        self.dts
    }

    /// How many samples the tables name, as far as the file can hold them.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// How much more the tables name than the file can hold.
    pub(crate) fn beyond_bytes(&self) -> u64 {
        self.beyond_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fmp4::syntax::Write;

    fn table(out: &mut Vec<u8>, kind: &[u8; 4], entries: &[&[u32]]) {
        out.full_box(kind, 0, 0, |out| {
            out.u32(entries.len() as u32);
            entries.iter().copied().flatten().for_each(|&word| out.u32(word));
        });
    }

    /// Three chunks of 2, 2 and 1 samples.
    fn stbl(sizes: impl FnOnce(&mut Vec<u8>)) -> Bytes {
        let mut out = Vec::new();
        table(&mut out, b"stts", &[&[2, 10], &[3, 20]]);
        table(&mut out, b"ctts", &[&[1, 5], &[4, -5i32 as u32]]);
        table(&mut out, b"stss", &[&[1], &[4]]);
        table(&mut out, b"stsc", &[&[1, 2, 1], &[3, 1, 2]]);
        table(&mut out, b"stco", &[&[1000], &[500], &[2000]]);
        sizes(&mut out);
        out.into()
    }

    fn each(out: &mut Vec<u8>) {
        out.full_box(b"stsz", 0, 0, |out| {
            out.u32(0);
            out.u32(5);
            (7..12).for_each(|size| out.u32(size));
        });
    }

    /// A file that is long enough for all of it.
    const FILE_BYTES: u64 = 100_000;

    fn all(stbl: &Bytes) -> Vec<Row> {
        let mut rows = Rows::read(stbl, 1, FILE_BYTES).unwrap();
        std::iter::from_fn(|| rows.next().unwrap()).collect()
    }

    #[test]
    fn rows_are_what_the_tables_say() {
        let rows = all(&stbl(each));
        let places: Vec<_> = rows.iter().map(|row| (row.offset, row.size)).collect();
        assert_eq!(places, [(1000, 7), (1007, 8), (500, 9), (509, 10), (2000, 11)]);
        let times: Vec<_> = rows.iter().map(|row| (row.dts, row.shift, row.duration)).collect();
        assert_eq!(times, [(0, 5, 10), (10, -5, 10), (20, -5, 20), (40, -5, 20), (60, -5, 20)]);
        let sync: Vec<_> = rows.iter().map(|row| row.is_sync).collect();
        assert_eq!(sync, [true, false, false, true, false]);
        assert_eq!(rows.iter().map(|row| row.description).collect::<Vec<_>>(), [1, 1, 1, 1, 2]);
    }

    #[test]
    fn compact_sizes_are_the_same() {
        for (bits, bytes) in [
            (4, &[0x78, 0x9A, 0xB0][..]),
            (8, &[7, 8, 9, 10, 11]),
            (16, &[0, 7, 0, 8, 0, 9, 0, 10, 0, 11]),
        ] {
            let compact = stbl(|out| {
                out.full_box(b"stz2", 0, 0, |out| {
                    out.u32(bits);
                    out.u32(5);
                    out.extend_from_slice(bytes);
                });
            });
            assert_eq!(all(&compact), all(&stbl(each)), "{bits}");
        }
    }

    #[test]
    fn counts_that_their_table_does_not_hold_are_refused() {
        let lying = stbl(|out| {
            out.full_box(b"stsz", 0, 0, |out| {
                out.u32(0);
                out.u32(u32::MAX);
            });
        });
        assert_eq!(Rows::read(&lying, 1, FILE_BYTES).unwrap_err(), Fault::malformed("stsz"));
        // More samples than the chunks hold: those that they do hold come.
        let many = stbl(|out| {
            out.full_box(b"stsz", 0, 0, |out| {
                out.u32(3);
                out.u32(u32::MAX);
            });
        });
        let mut rows = Rows::read(&many, 1, FILE_BYTES).unwrap();
        assert_eq!(u64::from(rows.count()), FILE_BYTES / 3);
        let told = 3 * u64::from(u32::MAX);
        assert_eq!(rows.beyond_bytes(), told - FILE_BYTES / 3 * 3);
        for _ in 0..5 {
            assert!(rows.next().unwrap().is_some());
        }
        assert_eq!(rows.next(), Err(Fault::malformed("stco")));
        assert_eq!(rows.next(), Ok(None));
    }

    #[test]
    fn uncompressed_sound_comes_in_packets() {
        let mut out = Vec::new();
        table(&mut out, b"stts", &[&[2500, 1]]);
        table(&mut out, b"stsc", &[&[1, 1500, 1], &[2, 1000, 1]]);
        table(&mut out, b"stco", &[&[0], &[9000]]);
        out.full_box(b"stsz", 0, 0, |out| {
            out.u32(4);
            out.u32(2500);
        });
        let stbl = Bytes::from(out);
        let mut rows = Rows::read(&stbl, 960, FILE_BYTES).unwrap();
        let packets: Vec<_> = std::iter::from_fn(|| rows.next().unwrap())
            .map(|row| (row.offset, row.size, row.dts, row.duration))
            .collect();
        let expected = [
            (0, 3840, 0, 960),
            (3840, 2160, 960, 540),
            (9000, 3840, 1500, 960),
            (12_840, 160, 2460, 40),
        ];
        assert_eq!(packets, expected);
    }
}
