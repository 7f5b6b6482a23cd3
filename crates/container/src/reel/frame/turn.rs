//! How a track's pictures are turned, in quarters of a circle.

use crate::sample::{Detail, Track};

/// By how many degrees its pictures are turned clockwise, and whether they are mirrored from side to
/// side first. Neither where it is something else.
pub(super) fn turn(track: &Track) -> (u16, bool) {
    match &track.detail {
        Detail::Mp4(detail) => by_matrix(&detail.matrix),
        Detail::Webm(detail) => {
            let turn = detail.presentation((track.width, track.height)).turn;
            turn.map_or((0, false), |turn| match clockwise(turn.degrees) {
                Some(degrees) => (degrees, turn.is_mirrored),
                None => (0, false),
            })
        }
    }
}

/// Of degrees that count the other way round.
fn clockwise(degrees: f64) -> Option<u16> {
    let clockwise = (-degrees).rem_euclid(360.0);
    [0, 90, 180, 270].into_iter().find(|&quarter| f64::from(quarter) == clockwise)
}

/// The matrix of a track header (ISO 14496-12 clause 6.2.2).
fn by_matrix(matrix: &[u32; 9]) -> (u16, bool) {
    let one = |value: u32| match value as i32 {
        0x1_0000 => 1,
        -0x1_0000 => -1,
        0 => 0,
        _ => 2,
    };
    match [matrix[0], matrix[1], matrix[3], matrix[4]].map(one) {
        [0, 1, -1, 0] => (90, false),
        [-1, 0, 0, -1] => (180, false),
        [0, -1, 1, 0] => (270, false),
        [-1, 0, 0, 1] => (0, true),
        [0, -1, -1, 0] => (90, true),
        [1, 0, 0, -1] => (180, true),
        [0, 1, 1, 0] => (270, true),
        _ => (0, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a point comes to lie that is to the right of the middle, and one that is below.
    fn turned((degrees, is_mirrored): (u16, bool)) -> [(i32, i32); 2] {
        [(1, 0), (0, 1)].map(|(right, down)| {
            let mirrored = if is_mirrored { (-right, down) } else { (right, down) };
            // A quarter clockwise brings what is to the right to below.
            (0..degrees / 90).fold(mirrored, |(right, down), _| (-down, right))
        })
    }

    #[test]
    fn a_matrix_of_quarters_is_told() {
        for quarter in [0, 90, 180, 270] {
            for is_mirrored in [false, true] {
                let [right, down] = turned((quarter, is_mirrored));
                let fixed = |value: i32| (value << 16) as u32;
                let mut matrix = [0; 9];
                (matrix[0], matrix[1]) = (fixed(right.0), fixed(right.1));
                (matrix[3], matrix[4]) = (fixed(down.0), fixed(down.1));
                assert_eq!(by_matrix(&matrix), (quarter, is_mirrored));
                matrix[0] = matrix[0].wrapping_add(5);
                assert_eq!(by_matrix(&matrix), (0, false));
            }
        }
    }

    #[test]
    fn degrees_count_the_other_way_round() {
        let found = [0.0, 90.0, -90.0, 180.0, -180.0, 45.0].map(clockwise);
        assert_eq!(found, [Some(0), Some(270), Some(90), Some(180), Some(180), None]);
    }
}
