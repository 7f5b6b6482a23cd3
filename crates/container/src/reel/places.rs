//! Where the parts of a reel lie in time.

use super::{Part, ReelError};
use crate::sample::NANOS_PER_SECOND;

/// What 32 bits of milliseconds hold: a Cluster's Timestamp. 49 days.
const MAX_NS: i64 = u32::MAX as i64 * 1_000_000;

/// Sound of one moment may come so much later than its picture, and sticks out of its file's end;
/// what is further inside the part before is no part of the same stream.
const MAX_OVERLAP_NS: i64 = 3 * NANOS_PER_SECOND;

/// When the zero of each part is, from that of the first on.
pub(super) fn zeros_ns(parts: &[Part]) -> Result<Vec<i64>, ReelError> {
    let mut zeros_ns: Vec<i64> = Vec::with_capacity(parts.len());
    let mut end_ns = 0i64;
    for (part, Part { head, follows }) in parts.iter().enumerate() {
        let zero_ns = match (zeros_ns.last(), follows) {
            (None, _) => 0,
            (Some(before_ns), &Some(distance_ns)) => {
                let zero_ns = before_ns.saturating_add(distance_ns);
                if distance_ns <= 0 || zero_ns < end_ns - MAX_OVERLAP_NS {
                    return Err(ReelError::Misplaced { part });
                }
                zero_ns
            }
            // What an encoder puts in front of its sound is heard here: nothing but the beginning
            // of a file can be hidden.
            (Some(_), None) => end_ns.saturating_add(head.lead_in_ns()),
        };
        end_ns = zero_ns.saturating_add(head.duration_ns());
        if zero_ns > MAX_NS || end_ns > MAX_NS {
            return Err(ReelError::TooLong);
        }
        zeros_ns.push(zero_ns);
    }
    Ok(zeros_ns)
}

/// Which parts a cut may touch: those that begin before `to_ns`, from the one in front of that in
/// which `from_ns` lies, whose last packet may reach over.
pub(super) fn touched(zeros_ns: &[i64], from_ns: i64, to_ns: i64) -> std::ops::Range<usize> {
    let first = zeros_ns.partition_point(|&zero_ns| zero_ns <= from_ns).saturating_sub(2);
    let end = zeros_ns.partition_point(|&zero_ns| zero_ns < to_ns);
    first..end.max(first)
}
