//! The calendars that people read times by.

use chrono::{DateTime, Days, Local, NaiveDate, NaiveTime, Offset, TimeZone, Utc};

use super::{WallUs, from_us};

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Of this computer.
    Local,
    /// By its name in the IANA database.
    Named(chrono_tz::Tz),
}

impl Zone {
    /// A zone by its name, such as `Europe/Zurich`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        name.parse().ok().map(Self::Named)
    }

    /// The day on which a wall time lies.
    pub(crate) fn date(self, wall_us: WallUs) -> NaiveDate {
        self.at(wall_us).date_naive()
    }

    /// A wall time as this calendar and its clocks show it.
    pub(crate) fn at(self, wall_us: WallUs) -> DateTime<chrono::FixedOffset> {
        let at = from_us(wall_us);
        match self {
            Self::Local => at.with_timezone(&Local).fixed_offset(),
            Self::Named(zone) => {
                let offset = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
                at.with_timezone(&offset)
            }
        }
    }

    /// From the first moment of a day to that of the next, which are not always 24 hours apart.
    pub(crate) fn day_us(self, day: NaiveDate) -> (WallUs, WallUs) {
        let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
        (self.begin_us(day), self.begin_us(next))
    }

    fn begin_us(self, day: NaiveDate) -> WallUs {
        match self {
            Self::Local => begin_us(&Local, day),
            Self::Named(zone) => begin_us(&zone, day),
        }
    }
}

/// The first moment of a day: where clocks are set forward at midnight, it has none.
fn begin_us<Z: TimeZone>(zone: &Z, day: NaiveDate) -> WallUs {
    let midnight = day.and_time(NaiveTime::MIN);
    let quarters = (0..96).map(|quarter| midnight + chrono::TimeDelta::minutes(15 * quarter));
    let first = quarters.filter_map(|at| zone.from_local_datetime(&at).earliest()).next();
    first.map_or_else(
        || midnight.and_utc().timestamp_micros(),
        |at| at.with_timezone(&Utc).timestamp_micros(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(zone: &str, day: (i32, u32, u32)) -> i64 {
        let zone = Zone::named(zone).unwrap();
        let day = NaiveDate::from_ymd_opt(day.0, day.1, day.2).unwrap();
        let (begin_us, end_us) = zone.day_us(day);
        assert_eq!((zone.date(begin_us), zone.date(end_us - 1)), (day, day));
        (end_us - begin_us) / 3_600_000_000
    }

    #[test]
    fn days_on_which_clocks_are_set_are_whole() {
        assert_eq!(hours("Europe/Zurich", (2026, 3, 29)), 23);
        assert_eq!(hours("Europe/Zurich", (2026, 10, 25)), 25);
        // At midnight itself.
        assert_eq!(hours("America/Santiago", (2026, 9, 6)), 23);
        assert_eq!(hours("Asia/Shanghai", (2026, 9, 6)), 24);
        assert_eq!(Zone::named("Nowhere/Here"), None);
    }
}
