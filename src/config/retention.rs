//! What may be deleted by itself: `[retention]` of the configuration file, and what a page sets.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::per_stream::within;

/// From a quarter of an hour, which is what some have to hold to, to a hundred years.
const DAYS: RangeInclusive<f64> = 0.01..=36_525.0;

/// From a megabyte to a thousand disks.
const GIGABYTES: RangeInclusive<f64> = 0.001..=1_000_000.0;

/// Up to a year.
const MINUTES: RangeInclusive<f64> = 1.0..=525_600.0;

/// Each is a rule of its own; without any, nothing is deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RetentionRules)]
pub(crate) struct Retention {
    /// Footage that ended longer ago goes.
    #[serde(default)]
    #[schema(minimum = 0.01, maximum = 36_525)]
    pub(crate) max_age_days: Option<f64>,
    /// How much there may be of all footage.
    #[serde(default)]
    #[schema(minimum = 0.001, maximum = 1_000_000)]
    pub(crate) max_total_gb: Option<f64>,
    /// How much there may be of each device and source.
    #[serde(default)]
    #[schema(minimum = 0.001, maximum = 1_000_000)]
    pub(crate) max_device_gb: Option<f64>,
    /// The oldest goes while less is free on the disk.
    #[serde(default)]
    #[schema(minimum = 0.001, maximum = 1_000_000)]
    pub(crate) reserve_gb: Option<f64>,
    /// The same, as long as everything that has recorded within the last day could go on.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 525_600)]
    pub(crate) reserve_minutes: Option<f64>,
}

impl Retention {
    /// Checks every value.
    ///
    /// # Errors
    /// With the first that is not allowed, and what is.
    pub(crate) fn checked(self) -> Result<Self, String> {
        for (key, value, allowed) in [
            ("max_age_days", self.max_age_days, DAYS),
            ("max_total_gb", self.max_total_gb, GIGABYTES),
            ("max_device_gb", self.max_device_gb, GIGABYTES),
            ("reserve_gb", self.reserve_gb, GIGABYTES),
            ("reserve_minutes", self.reserve_minutes, MINUTES),
        ] {
            value.map_or(Ok(()), |value| within("retention", key, value, allowed))?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Retention, String> {
        toml::from_str::<Retention>(text).map_err(|error| error.to_string())?.checked()
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        let rules = read("max_age_days = 30\nreserve_minutes = 90").unwrap();
        assert_eq!((rules.max_age_days, rules.reserve_minutes), (Some(30.0), Some(90.0)));
        assert_eq!(read("").unwrap(), Retention::default());
        let said = read("max_total_gb = 0").unwrap_err();
        assert!(said.contains("retention.max_total_gb = 0 is not allowed"), "{said}");
        assert!(said.contains("between 0.001 and 1000000"), "{said}");
        assert!(read("max_age_days = nan").is_err());
        assert!(read("max_days = 3").unwrap_err().contains("max_days"));
    }
}
