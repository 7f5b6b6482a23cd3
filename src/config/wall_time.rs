//! Times as people type them.

use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, NaiveTime};

/// A moment, or a time of a day that something else says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WallTime {
    /// Microseconds since 1970.
    At(i64),
    /// By this computer's clock.
    Local(NaiveDateTime),
    /// Of a day that is not said.
    OfDay(NaiveTime),
}

const DATES: [&str; 3] = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"];
const TIMES: [&str; 2] = ["%H:%M:%S%.f", "%H:%M"];

impl FromStr for WallTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(at.timestamp_micros()));
        }
        let date = DATES.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        let time = || TIMES.iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok());
        date.map(Self::Local).or_else(|| time().map(Self::OfDay)).ok_or_else(|| {
            "a time is 2026-11-20 16:31:49, 16:31:49 or 2026-11-20T16:31:49+01:00".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_type_them() {
        let read = |text: &str| text.parse::<WallTime>();
        assert_eq!(read("1970-01-01T01:00:01+01:00"), Ok(WallTime::At(1_000_000)));
        assert_eq!(read("1970-01-01T00:00:00.5Z"), Ok(WallTime::At(500_000)));
        let local = |text| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap();
        for text in ["2026-11-20 16:31", "2026-11-20 16:31:00", " 2026-11-20T16:31:00 "] {
            assert_eq!(read(text), Ok(WallTime::Local(local("2026-11-20 16:31:00"))), "{text}");
        }
        let time = NaiveTime::from_hms_milli_opt(16, 31, 49, 250).unwrap();
        assert_eq!(read("16:31:49.25"), Ok(WallTime::OfDay(time)));
        for text in ["", "tomorrow", "25:00", "2026-11-20", "90"] {
            assert!(read(text).unwrap_err().contains("16:31:49"), "{text}");
        }
    }
}
