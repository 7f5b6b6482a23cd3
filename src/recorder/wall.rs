//! Where a generation's media lies in wall time.
//!
//! An encoder counts its own time, and its clock runs a little faster or slower than the
//! device's. The device says now and then how far the encoder had come at a moment. Each of these
//! readings is late by what encoder, page and spool took, which is never less than nothing and
//! often very little: the least lateness of two minutes grows or shrinks as the clocks drift
//! apart, whatever the rest of them do.

use crate::clock::WallUs;

/// Over this much media the least lateness is taken. A reading comes every ten seconds; of twelve
/// one is undisturbed.
const WINDOW_US: i64 = 120_000_000;

/// A window with fewer readings says nothing.
const MIN_READINGS: u32 = 3;

/// What changes less than this is noise: a chunk ends with a frame, and frames are up to 40 ms
/// long, so the least lateness of a window is good to some milliseconds.
const NOISE_US: i64 = 10_000;

/// No quartz drifts this far from one window to the next: the device's clock was set, or its
/// machine slept.
const JUMP_US: i64 = 1_000_000;

/// A clock that is ahead by less stood for a pause; nobody records with one of a day.
const MAX_PAUSE_US: i64 = 24 * 3600 * 1_000_000;

/// How long the last frame or packet in front of a clock that is set may last.
const LAST_SAMPLE_US: i64 = 100_000;

/// The fastest correction: 500 ppm, several times what a quartz is off by.
const MAX_PARTS_PER_MILLION: i64 = 500;

/// From `media_us` on a media time lies at `wall_us`, and all that follows as far behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) media_us: i64,
    pub(crate) wall_us: WallUs,
}

/// The wall time of a generation's media, piece by piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// Wall time of media time zero.
    zero_us: WallUs,
    anchors: Vec<Anchor>,
}

impl Mapping {
    pub(crate) fn new(zero_us: WallUs) -> Self {
        Self { zero_us, anchors: Vec::new() }
    }

    /// From here on it is another.
    pub(crate) fn push(&mut self, anchor: Anchor) {
        self.anchors.push(anchor);
    }

    pub(crate) fn wall_us(&self, media_us: i64) -> WallUs {
        let anchor = self.anchors.iter().rfind(|anchor| anchor.media_us <= media_us);
        let first = Anchor { media_us: 0, wall_us: self.zero_us };
        let Anchor { media_us: from_us, wall_us } = *anchor.unwrap_or(&first);
        wall_us.saturating_add(media_us.saturating_sub(from_us))
    }

    /// Where media time zero would lie on the last piece.
    pub(crate) fn newest_zero_us(&self) -> WallUs {
        self.zero_us.saturating_add(self.correction_us())
    }

    /// How far the last piece is from where the first one would be.
    fn correction_us(&self) -> i64 {
        let uncorrected = |at: &Anchor| self.zero_us.saturating_add(at.media_us);
        self.anchors.last().map_or(0, |last| last.wall_us.saturating_sub(uncorrected(last)))
    }
}

/// Follows the drift of a generation's encoder.
#[derive(Debug)]
pub(crate) struct Drift {
    mapping: Mapping,
    /// Lateness without any drift.
    base_us: Option<i64>,
    window: Option<Window>,
    /// What the correction should be.
    target_us: i64,
    /// The media time of the last file that began.
    began_us: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    from_us: i64,
    least_us: i64,
    readings: u32,
}

impl Drift {
    /// Goes on from a mapping. Drift counts from here.
    pub(crate) fn new(mapping: Mapping) -> Self {
        let target_us = mapping.correction_us();
        Self { mapping, base_us: None, window: None, target_us, began_us: None }
    }

    pub(crate) fn wall_us(&self, media_us: i64) -> WallUs {
        self.mapping.wall_us(media_us)
    }

    /// By `elapsed_us` after the generation's beginning the encoder had come to `media_us`.
    pub(crate) fn reading(&mut self, media_us: i64, elapsed_us: i64) {
        let late_us = elapsed_us.saturating_sub(media_us);
        let window =
            self.window.get_or_insert(Window { from_us: media_us, least_us: late_us, readings: 0 });
        window.least_us = window.least_us.min(late_us);
        window.readings += 1;
        if media_us < window.from_us.saturating_add(WINDOW_US) {
            return;
        }
        let Window { least_us, readings, .. } = *window;
        self.window = None;
        if readings < MIN_READINGS {
            return;
        }
        let settled_us = least_us.saturating_sub(self.target_us);
        let base_us = self.base_us.get_or_insert(settled_us);
        if settled_us.saturating_sub(*base_us).saturating_abs() > JUMP_US {
            *base_us = settled_us;
        }
        let drift_us = least_us.saturating_sub(*base_us);
        if drift_us.saturating_sub(self.target_us).saturating_abs() >= NOISE_US {
            self.target_us = drift_us;
        }
    }

    /// A file begins at this media time, and perhaps on another clock than the one that had come
    /// to `ended_us` in front of it. Where it cannot be the same one, wall time goes on behind that.
    /// Returns the anchor that says so.
    pub(crate) fn begin_anew(&mut self, media_us: i64, ended_us: i64) -> Option<Anchor> {
        let (natural_us, ended_us) = (self.wall_us(media_us), self.wall_us(ended_us));
        let ahead_us = natural_us.saturating_sub(ended_us);
        if (-JUMP_US..=MAX_PAUSE_US).contains(&ahead_us) {
            return None;
        }
        let anchor = Anchor { media_us, wall_us: ended_us.saturating_add(LAST_SAMPLE_US) };
        let uncorrected_us = self.target_us.saturating_sub(self.mapping.correction_us());
        self.mapping.push(anchor);
        // What is still to be corrected is the same, and readings begin anew.
        self.target_us = self.mapping.correction_us().saturating_add(uncorrected_us);
        (self.base_us, self.window, self.began_us) = (None, None, None);
        Some(anchor)
    }

    /// A file begins at this media time. Returns where, and the anchor that says so when it is
    /// not where the last one says.
    pub(crate) fn begin(&mut self, media_us: i64) -> (WallUs, Option<Anchor>) {
        let since_us = media_us.saturating_sub(self.began_us.unwrap_or(media_us)).max(0);
        self.began_us = Some(media_us);
        let most_us = since_us / (1_000_000 / MAX_PARTS_PER_MILLION);
        let missing_us = self.target_us.saturating_sub(self.mapping.correction_us());
        let step_us = missing_us.clamp(-most_us, most_us);
        let anchor = (step_us != 0).then(|| Anchor {
            media_us,
            wall_us: self.mapping.wall_us(media_us).saturating_add(step_us),
        });
        anchor.into_iter().for_each(|anchor| self.mapping.push(anchor));
        (self.mapping.wall_us(media_us), anchor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_US: i64 = 1_000_000;

    /// An encoder whose second lasts so much longer than one, read for `hours` with a lateness
    /// that jumps about; a file a minute. Returns how far each file's beginning is from the truth.
    fn errors(parts_per_million: i64, hours: i64, late_us: impl Fn(i64) -> i64) -> Vec<i64> {
        let mut drift = Drift::new(Mapping::new(0));
        let mut errors = Vec::new();
        let mut last_us = i64::MIN;
        for second in 0..hours * 3600 {
            let media_us = second * SECOND_US;
            let true_us = media_us + second * parts_per_million;
            if second % 60 == 0 {
                let (wall_us, _) = drift.begin(media_us);
                assert!(wall_us > last_us, "wall time runs backwards");
                last_us = wall_us;
                errors.push(wall_us - true_us);
            }
            if second % 10 == 0 {
                drift.reading(media_us, true_us + late_us(second));
            }
        }
        errors
    }

    #[test]
    fn wall_time_goes_on_where_an_encoder_s_clock_is_set() {
        let mut drift = Drift::new(Mapping::new(1000 * SECOND_US));
        drift.begin(3600 * SECOND_US);
        // Back to zero, and far ahead, and back again.
        for (media_s, ended_s) in [(0, 3620), (1 << 40, 20), (2, (1 << 40) + 20)] {
            let reached_us = drift.wall_us(ended_s * SECOND_US);
            let anchor = drift.begin_anew(media_s * SECOND_US, ended_s * SECOND_US).unwrap();
            assert_eq!(anchor.wall_us, reached_us + LAST_SAMPLE_US);
            assert_eq!(drift.begin(media_s * SECOND_US), (anchor.wall_us, None));
            assert_eq!(drift.begin((media_s + 60) * SECOND_US).0, anchor.wall_us + 60 * SECOND_US);
        }
        assert_eq!(drift.begin_anew(100 * SECOND_US, 99 * SECOND_US), None);
        // A pause is one.
        assert_eq!(drift.begin_anew(8000 * SECOND_US, 100 * SECOND_US), None);
    }

    #[test]
    fn a_slow_and_a_fast_encoder_are_followed() {
        // Every third reading comes at once, the others up to a second later.
        let late_us = |second: i64| 80_000 + (second / 10 % 3) * 450_000;
        for parts_per_million in [-200, -30, 30, 200] {
            let errors = errors(parts_per_million, 8, late_us);
            let worst = errors.iter().map(|error| error.abs()).max().unwrap();
            // What drifts within one window, the next one and the noise.
            let bound = parts_per_million.abs() * 310 + NOISE_US;
            assert!(worst <= bound, "{parts_per_million} ppm: {worst} > {bound}");
            let uncorrected = parts_per_million.abs() * 8 * 3600;
            assert!(worst * 3 < uncorrected, "{parts_per_million} ppm: {worst}");
        }
    }

    #[test]
    fn an_exact_encoder_is_left_alone_however_late_its_readings_come() {
        let late_us = |second: i64| match second {
            // The device is busy, then its spool is slow for a minute.
            600..660 => 30 * SECOND_US,
            _ => 80_000 + (second % 4 * 300 + second * 7919 % 7) * 1000,
        };
        let errors = errors(0, 4, late_us);
        assert!(errors.iter().all(|error| error.abs() <= NOISE_US * 3), "{errors:?}");
    }

    #[test]
    fn a_clock_that_is_set_moves_nothing() {
        for jump_us in [-3600 * SECOND_US, 600 * SECOND_US] {
            let mut drift = Drift::new(Mapping::new(1000 * SECOND_US));
            for minute in 0..600 {
                let media_us = minute * 60 * SECOND_US;
                let (wall_us, _) = drift.begin(media_us);
                assert_eq!(wall_us, 1000 * SECOND_US + media_us);
                let jump_us = if minute > 20 { jump_us } else { 0 };
                drift.reading(media_us, media_us + jump_us);
            }
        }
    }

    #[test]
    fn the_mapping_of_the_anchors_is_that_of_the_files() {
        let mut drift = Drift::new(Mapping::new(5 * SECOND_US));
        let mut told = Mapping::new(5 * SECOND_US);
        let mut files = Vec::new();
        for minute in 0..120 {
            let media_us = minute * 60 * SECOND_US;
            let (wall_us, anchor) = drift.begin(media_us);
            anchor.into_iter().for_each(|anchor| told.push(anchor));
            files.push((media_us, wall_us));
            drift.reading(media_us, media_us + minute * 6_000);
        }
        assert_ne!(told, Mapping::new(5 * SECOND_US));
        for (media_us, wall_us) in files {
            assert_eq!(told.wall_us(media_us), wall_us);
        }
        // Taken up again it goes on from there, and does not fall back.
        let last = drift.wall_us(120 * 60 * SECOND_US);
        let mut later = Drift::new(told);
        assert_eq!(later.begin(120 * 60 * SECOND_US).0, last);
        for minute in 121..140 {
            let media_us = minute * 60 * SECOND_US;
            later.reading(media_us, media_us + 120 * 6_000 + 70_000);
            assert_eq!(later.begin(media_us).1, None);
        }
    }

    #[test]
    fn absurd_readings_are_survived() {
        let mut drift = Drift::new(Mapping::new(i64::MAX));
        for value in [i64::MIN, i64::MAX, 0, -1, i64::MAX - 1] {
            for other in [i64::MAX, i64::MIN, 0] {
                drift.reading(value, other);
                drift.begin(value);
            }
        }
    }
}
