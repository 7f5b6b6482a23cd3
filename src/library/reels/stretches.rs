//! Which wall time it is at which media time of a reel.

use crate::clock::WallUs;

/// What an encoder's clock strays within is one stretch: less than a frame.
const STRAYS_US: u64 = 20_000;

/// Media that runs as wall time does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// From the beginning of the reel.
    pub(crate) media_us: i64,
    pub(crate) wall_us: WallUs,
    pub(crate) length_us: i64,
}

impl Stretch {
    fn wall_end_us(&self) -> WallUs {
        self.wall_us.saturating_add(self.length_us)
    }
}

/// Of parts that begin at these media and wall times, in a reel of this length. What of them lies in
/// front of its beginning or behind its end is left out.
pub(super) fn stretches(parts: &[(i64, WallUs)], duration_us: i64) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    for (at, &(begins_us, starts_us)) in parts.iter().enumerate() {
        let ends_us = parts.get(at + 1).map_or(duration_us, |&(next_us, _)| next_us);
        let media_us = begins_us.max(0);
        let length_us = ends_us.min(duration_us) - media_us;
        if length_us <= 0 {
            continue;
        }
        let wall_us = starts_us.saturating_add(media_us - begins_us);
        match all.last_mut() {
            Some(last) if last.wall_end_us().abs_diff(wall_us) <= STRAYS_US => {
                last.length_us = media_us + length_us - last.media_us;
            }
            _ => all.push(Stretch { media_us, wall_us, length_us }),
        }
    }
    all
}

/// The media time of what lies between two wall times, if anything does.
pub(super) fn media_us(
    stretches: &[Stretch],
    from_us: WallUs,
    to_us: WallUs,
) -> Option<(i64, i64)> {
    let inside = |stretch: &&Stretch| stretch.wall_us < to_us && from_us < stretch.wall_end_us();
    let first = stretches.iter().find(inside)?;
    let last = stretches.iter().rfind(inside)?;
    let begins_us = first.media_us + from_us.saturating_sub(first.wall_us).max(0);
    let ends_us = last.media_us + to_us.saturating_sub(last.wall_us).min(last.length_us);
    (begins_us < ends_us).then_some((begins_us, ends_us))
}

/// The wall time at a media time.
pub(super) fn wall_us(stretches: &[Stretch], media_us: i64) -> Option<WallUs> {
    let stretch = stretches.iter().rfind(|stretch| stretch.media_us <= media_us)?;
    Some(stretch.wall_us.saturating_add(media_us - stretch.media_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_follow_each_other_are_one_stretch_and_a_gap_begins_another() {
        // The second is moved by 5 ms after the encoder's clock, the third comes after a gap.
        let parts = [(0, 1_000_000), (60_000_000, 61_005_000), (120_000_000, 200_000_000)];
        let all = stretches(&parts, 150_000_000);
        let stretch = |media_us, wall_us, length_us| Stretch { media_us, wall_us, length_us };
        let wanted =
            [stretch(0, 1_000_000, 120_000_000), stretch(120_000_000, 200_000_000, 30_000_000)];
        assert_eq!(all, wanted);
        assert_eq!(media_us(&all, 0, 2_000_000), Some((0, 1_000_000)));
        assert_eq!(media_us(&all, 121_000_000, 201_000_000), Some((120_000_000, 121_000_000)));
        assert_eq!(media_us(&all, 130_000_000, 190_000_000), None, "inside the gap");
        assert_eq!(wall_us(&all, 121_000_000), Some(201_000_000));
    }

    #[test]
    fn what_a_cut_leaves_out_is_no_stretch() {
        let parts = [(-70_000_000, 0), (-10_000_000, 60_000_000), (50_000_000, 120_000_000)];
        let all = stretches(&parts, 45_000_000);
        let only = Stretch { media_us: 0, wall_us: 70_000_000, length_us: 45_000_000 };
        assert_eq!(all, [only]);
    }

    #[test]
    fn small_strayings_do_not_add_up_to_a_wrong_time() {
        let drift_us = 15_000;
        let parts: Vec<(i64, i64)> =
            (0..10).map(|n| (n * 60_000_000, n * (60_000_000 + drift_us))).collect();
        let all = stretches(&parts, 600_000_000);
        for &(media_us, starts_us) in &parts {
            let shown_us = wall_us(&all, media_us).unwrap();
            assert!(shown_us.abs_diff(starts_us) <= STRAYS_US, "{media_us}: {shown_us}");
        }
    }
}
