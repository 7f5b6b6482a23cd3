//! The only place that reads the wall clock.

use chrono::{DateTime, Utc};

/// Microseconds since 1970-01-01T00:00:00Z.
pub(crate) type WallUs = i64;

/// The wall time now.
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The wall time now, in milliseconds.
pub(crate) fn now_ms() -> i64 {
    now().timestamp_millis()
}

/// The wall time now, in microseconds.
pub(crate) fn now_us() -> WallUs {
    now().timestamp_micros()
}

/// A wall time for people and file names. A time beyond what the calendar holds becomes 1970.
pub(crate) fn from_us(wall_us: WallUs) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(wall_us).unwrap_or(DateTime::UNIX_EPOCH)
}
