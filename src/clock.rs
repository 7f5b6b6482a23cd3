//! The only place that reads the wall clock.

pub(crate) mod lateness;
pub(crate) mod zone;

use chrono::{DateTime, Local, Utc};

/// Microseconds since 1970-01-01T00:00:00Z.
pub(crate) type WallUs = i64;

#[cfg(test)]
thread_local! {
    static SIMULATED_US: std::cell::Cell<Option<WallUs>> = const { std::cell::Cell::new(None) };
}

/// Sets the clock of this thread; `None` gives back the real one.
#[cfg(test)]
pub(crate) fn simulate(wall_us: Option<WallUs>) {
    SIMULATED_US.set(wall_us);
}

/// The wall time now.
pub(crate) fn now() -> DateTime<Utc> {
    #[cfg(test)]
    if let Some(simulated_us) = SIMULATED_US.get() {
        return from_us(simulated_us);
    }
    Utc::now()
}

/// What the clocks on this computer's walls show.
pub(crate) fn local_now() -> chrono::NaiveDateTime {
    now().with_timezone(&Local).naive_local()
}

/// The day that this computer's calendar shows at a wall time.
pub(crate) fn local_date(wall_us: WallUs) -> chrono::NaiveDate {
    from_us(wall_us).with_timezone(&Local).date_naive()
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

/// A wall time as people on this computer write it, with its distance from UTC.
pub(crate) fn local_text(wall_us: WallUs) -> String {
    from_us(wall_us).with_timezone(&Local).format("%Y-%m-%d %H:%M:%S (UTC%:z)").to_string()
}
