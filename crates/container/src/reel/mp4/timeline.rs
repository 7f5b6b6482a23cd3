//! The samples of one track of all parts, on the clock of the whole.

use crate::fmp4::out_track::MAX_STEP;
use crate::movie::tables::Row;
use crate::reel::head::mp4::Listed;
use crate::sample::{Kind, NANOS_PER_SECOND, rescale_between};

/// A zero that is known in nanoseconds, and a beginning that an edit list tells in the movie's
/// ticks, are each rounded to the track's ticks: packets of sound, which are all as long, follow
/// each other exactly where they would by this or less.
const ROUNDED_TICKS: i64 = 2;

/// A sample of the whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    /// Among those that were given.
    pub(super) part: usize,
    /// In its file.
    pub(super) offset: u64,
    pub(super) size: u32,
    /// In ticks from the zero of the first part on.
    pub(super) dts: i64,
    pub(super) shift: i32,
    pub(super) duration: u32,
    pub(super) is_sync: bool,
    /// Whether it is the first of its track and part.
    pub(super) is_first: bool,
}

impl Placed {
    pub(super) fn shown(&self) -> i64 {
        self.dts + i64::from(self.shift)
    }

    /// Where it ends by what its own file says.
    pub(super) fn end(&self) -> i64 {
        self.shown() + i64::from(self.duration)
    }
}

/// A track of the parts, each with its zero on the whole's clock in nanoseconds.
pub(super) fn samples<'a>(
    parts: impl Iterator<Item = (usize, &'a Listed, i64)> + 'a,
    kind: Kind,
    timescale: u32,
) -> impl Iterator<Item = Placed> + 'a {
    let (mut last, mut usual_step) = (None::<i64>, None::<i64>);
    parts
        .flat_map(move |(part, listed, zero_ns)| {
            let zero = rescale_between(zero_ns, NANOS_PER_SECOND, timescale.into());
            let rows = listed.rows().enumerate();
            rows.map(move |(number, row)| (part, number == 0, zero - listed.delay, row))
        })
        .scan(0i64, move |base, (part, is_first, own_base, row): (usize, bool, i64, Row)| {
            if is_first {
                *base = own_base;
                let due = last.zip(usual_step).map(|(last, step)| last + step);
                if let Some(due) =
                    due.filter(|due| kind == Kind::Audio && (own_base - due).abs() <= ROUNDED_TICKS)
                {
                    *base = due;
                }
            }
            let decoded = *base + row.dts;
            let shown = decoded + i64::from(row.shift);
            // Decode times grow by 32 bits at most; what is shown when stays, as far as it can.
            let dts = last.map_or(decoded, |last| decoded.clamp(last + 1, last + MAX_STEP));
            usual_step = last.map(|last| dts - last);
            last = Some(dts);
            Some(Placed {
                part,
                offset: row.offset,
                size: row.size,
                dts,
                shift: (shown - dts).clamp(i32::MIN.into(), i32::MAX.into()) as i32,
                duration: row.duration,
                is_sync: row.is_sync || kind == Kind::Audio,
                is_first,
            })
        })
}
