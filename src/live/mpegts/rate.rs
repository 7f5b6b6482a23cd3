//! The picture rates that MPEG-1 video has (ISO/IEC 11172-2, 2.4.3.2).

/// Pictures a second, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) pictures: u32,
    pub(super) seconds: u32,
}

const fn rate(pictures: u32, seconds: u32) -> Rate {
    Rate { pictures, seconds }
}

const RATES: [Rate; 8] = [
    rate(24_000, 1001),
    rate(24, 1),
    rate(25, 1),
    rate(30_000, 1001),
    rate(30, 1),
    rate(50, 1),
    rate(60_000, 1001),
    rate(60, 1),
];

impl Rate {
    /// The one that is nearest to so many pictures a second.
    pub(super) fn nearest(per_second: f64) -> Self {
        let distance = |rate: &Self| (rate.per_second() - per_second).abs();
        let nearer = |a: Self, b: Self| if distance(&b) < distance(&a) { b } else { a };
        RATES.into_iter().reduce(nearer).unwrap_or(RATES[0])
    }

    pub(super) fn per_second(&self) -> f64 {
        f64::from(self.pictures) / f64::from(self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_taken() {
        let of = |per_second| Rate::nearest(per_second);
        assert_eq!([of(1.0), of(15.0), of(23.9)], [RATES[0]; 3]);
        assert_eq!([of(24.0), of(25.0), of(27.0)], [RATES[1], RATES[2], RATES[2]]);
        assert_eq!([of(29.97), of(30.0), of(41.0)], [RATES[3], RATES[4], RATES[5]]);
        assert_eq!(of(1000.0), RATES[7]);
    }
}
