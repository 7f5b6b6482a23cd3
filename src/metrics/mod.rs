//! What is counted while the server runs: of the whole process, as the log is, so that whoever counts
//! needs nothing handed to it. Counting is an addition to an atomic number and nothing else; what
//! other parts know anyway is not counted here, but asked of them when somebody wants the figures.

mod count;
mod histogram;
mod labels;

use std::time::Instant;

pub(crate) use count::{Count, Counts, Gauge, Gauges, Present};
pub(crate) use histogram::{Histogram, Measured};
pub(crate) use labels::{Gap, Label, Mistake, Protocol, Refused, Removal, Watched};

/// From a chunk's arrival until its device is told that it is on the disk: from a fast disk to a
/// device's patience.
const ACKNOWLEDGED_WITHIN_MS: [u64; 11] =
    [10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000];

/// From a solid disk's sync to that of a disk that is about to fail.
const SYNCED_WITHIN_MS: [u64; 11] = [1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000, 30_000];

/// Media that arrived, without what had arrived before.
pub(crate) static INGESTED_BYTES: Counts<Protocol, 4> = Counts::new();
/// In how many pieces.
pub(crate) static INGESTED_CHUNKS: Counts<Protocol, 4> = Counts::new();
/// Media that came once more.
pub(crate) static REPEATED_BYTES: Count = Count::new();
/// What publishers were told to be wrong.
pub(crate) static MISTAKES: Counts<Mistake, 8> = Counts::new();
/// From a chunk's arrival until its device knows that it is on the disk.
pub(crate) static ACKNOWLEDGED: Histogram<11> = Histogram::new(ACKNOWLEDGED_WITHIN_MS);
/// What was written into files of recordings.
pub(crate) static WRITTEN_BYTES: Count = Count::new();
/// Files that were finished.
pub(crate) static FINISHED_FILES: Count = Count::new();
/// Each sync of a file of recordings or of a journal.
pub(crate) static SYNCED: Histogram<11> = Histogram::new(SYNCED_WITHIN_MS);
/// What the disk refused.
pub(crate) static DISK_ERRORS: Count = Count::new();
/// Times without media, as they were written into journals.
pub(crate) static GAPS: Counts<Gap, 13> = Counts::new();
/// Files that were removed from the disk because somebody, or a rule, had deleted what is in them.
pub(crate) static REMOVED_FILES: Counts<Removal, 2> = Counts::new();
/// How much that was.
pub(crate) static REMOVED_BYTES: Counts<Removal, 2> = Counts::new();
/// Who watches at the moment.
pub(crate) static VIEWERS: Gauges<Watched, 6> = Gauges::new();
/// How often something was left out for a viewer that is too slow.
pub(crate) static SKIPS: Counts<Watched, 6> = Counts::new();
/// How much of a stream that was.
pub(crate) static SKIPPED_MS: Counts<Watched, 6> = Counts::new();
/// Connections of all listeners.
pub(crate) static CONNECTIONS: Gauge = Gauge::new();
/// Connections and requests that were not let in.
pub(crate) static REFUSED: Counts<Refused, 9> = Counts::new();
/// Programs of ffmpeg that work on something live.
pub(crate) static FFMPEG: Gauge = Gauge::new();
/// When the certificate ends that the server shows, in seconds since 1970; 0 where nobody knows.
pub(crate) static CERTIFICATE_ENDS_S: Gauge = Gauge::new();

/// Syncs something and measures how long that takes, whether it succeeds or not.
pub(crate) fn syncing<T>(sync: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let synced = sync();
    SYNCED.observe(began.elapsed());
    synced
}

/// A viewer goes on behind a part of the stream that it did not get.
pub(crate) fn skipped(watched: Watched, left_out_ms: i64) {
    SKIPS.add(watched, 1);
    SKIPPED_MS.add(watched, u64::try_from(left_out_ms).unwrap_or(0));
}
