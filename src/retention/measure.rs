//! How fast footage comes, and for how long there is room. Pure.

use std::collections::HashMap;

use super::plan::Footage;
use super::rules::{bytes, reserve_bytes};
use crate::clock::WallUs;
use crate::config::Retention;
use crate::library::Room;

/// What was recorded longer ago says little of what is coming; within a day every hour of it is.
const WINDOW_US: i64 = 86_400_000_000;

/// Shorter than this and the first file would be all there is to go by.
const SHORTEST_US: i64 = 60_000_000;

/// How fast footage has come lately.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Measured {
    /// When all that recorded within the last day record at once.
    pub(super) busy_bytes_per_s: f64,
    /// On the average of the last day.
    pub(super) bytes_per_day: f64,
    /// How many have recorded.
    pub(super) devices: u64,
}

/// By what the last day has brought.
pub(super) fn measure(footage: &[Footage], now_us: WallUs) -> Measured {
    let since_us = now_us.saturating_sub(WINDOW_US);
    let lately = footage.iter().filter(|file| file.end_us > since_us && file.start_us < now_us);
    let mut devices: HashMap<u32, (u64, i64)> = HashMap::new();
    let (mut bytes, mut first_us) = (0_u64, now_us);
    for file in lately {
        let (of_device, lasted_us) = devices.entry(file.device).or_default();
        *of_device = of_device.saturating_add(file.bytes);
        *lasted_us = lasted_us.saturating_add(file.end_us.saturating_sub(file.start_us));
        bytes = bytes.saturating_add(file.bytes);
        first_us = first_us.min(file.start_us.max(since_us));
    }
    let elapsed_us = now_us.saturating_sub(first_us).max(SHORTEST_US);
    let per_s = |bytes: u64, us: i64| bytes as f64 * 1e6 / us.max(SHORTEST_US) as f64;
    Measured {
        busy_bytes_per_s: devices.values().map(|(bytes, us)| per_s(*bytes, *us)).sum(),
        bytes_per_day: bytes as f64 * WINDOW_US as f64 / elapsed_us as f64,
        devices: devices.len() as u64,
    }
}

/// How many days of footage fit when it comes as it does, with what may be deleted making room.
pub(super) fn days_that_fit(
    chosen: &Retention,
    measured: &Measured,
    footage: &[Footage],
    room: Option<Room>,
    freed_bytes: u64,
) -> Option<f64> {
    let room = room.filter(|_| measured.bytes_per_day > 0.0)?;
    let sum = |is_safe: bool| {
        let such = footage.iter().filter(|file| file.is_safe == is_safe);
        such.map(|file| file.bytes).fold(0, u64::saturating_add)
    };
    let reserve = reserve_bytes(chosen, measured).unwrap_or(0).max(room.reserve_bytes);
    let free = room.free_bytes.saturating_add(freed_bytes).saturating_add(sum(false));
    let mut fits = free.saturating_sub(reserve);
    if let Some(gigabytes) = chosen.max_total_gb {
        fits = fits.min(bytes(gigabytes).saturating_sub(sum(true)));
    }
    if let Some(gigabytes) = chosen.max_device_gb {
        fits = fits.min(bytes(gigabytes).saturating_mul(measured.devices));
    }
    let days = fits as f64 / measured.bytes_per_day;
    Some(chosen.max_age_days.map_or(days, |most| days.min(most)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_US: i64 = 3_600_000_000;
    const NOW_US: WallUs = 1000 * HOUR_US;

    fn file(device: u32, start_h: i64, hours: i64, bytes: u64) -> Footage {
        let (start_us, end_us) = (start_h * HOUR_US, (start_h + hours) * HOUR_US);
        Footage { device, start_us, end_us, bytes, is_safe: false }
    }

    #[test]
    fn a_reserve_is_measured_by_those_who_record_and_days_by_the_whole_day() {
        // Two that recorded an hour each, at another time; and one that stopped long ago.
        let footage = [file(1, 980, 1, 3_600_000), file(2, 990, 1, 7_200_000), file(3, 10, 5, 99)];
        let measured = measure(&footage, NOW_US);
        assert_eq!((measured.busy_bytes_per_s, measured.devices), (3000.0, 2));
        assert!((measured.bytes_per_day - 10_800_000.0 * 24.0 / 20.0).abs() < 1.0);
        assert_eq!(measure(&footage[2..], NOW_US), Measured::default());
        // What is said to come is none of it.
        assert_eq!(measure(&[file(1, 1001, 1, 5)], NOW_US), Measured::default());
    }

    #[test]
    fn what_fits_is_what_is_free_and_what_may_go_within_the_rules() {
        let day = file(1, 976, 24, 10_000_000_000);
        let kept = Footage { is_safe: true, ..file(1, 10, 1, 5_000_000_000) };
        let footage = [day, kept];
        let measured = measure(&footage, NOW_US);
        let room = Some(Room { free_bytes: 21_000_000_000, reserve_bytes: 1_000_000_000 });
        let days =
            |chosen: Retention| days_that_fit(&chosen, &measured, &footage, room, 0).unwrap();
        let none = Retention::default();
        assert_eq!(days(none), 3.0);
        assert_eq!(days(Retention { reserve_gb: Some(11.0), ..none }), 2.0);
        assert_eq!(days(Retention { max_total_gb: Some(25.0), ..none }), 2.0);
        assert_eq!(days(Retention { max_device_gb: Some(15.0), ..none }), 1.5);
        assert_eq!(days(Retention { max_age_days: Some(1.0), ..none }), 1.0);
        assert_eq!(days_that_fit(&none, &Measured::default(), &[], room, 0), None);
    }
}
