//! What viewers of one MPEG-TS get, and how far each has come.

use std::collections::VecDeque;

use bytes::Bytes;

use super::super::ts::Unit;
use crate::metrics::{SKIPS, Watched};

/// The newest pictures, as many as have room.
#[derive(Debug)]
pub(super) struct Ring {
    pictures: VecDeque<(Bytes, bool)>,
    /// The number of the first of them.
    first: u64,
    bytes: usize,
    max_bytes: usize,
}

/// How far a viewer has come: the number of its next picture, once it has begun.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    next: Option<u64>,
}

impl Ring {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { pictures: VecDeque::new(), first: 0, bytes: 0, max_bytes }
    }

    pub(super) fn push(&mut self, unit: &Unit) {
        self.bytes += unit.packets.len();
        self.pictures.push_back((unit.packets.clone(), unit.is_key));
        while self.bytes > self.max_bytes
            && let Some((oldest, _)) = self.pictures.pop_front()
        {
            self.bytes -= oldest.len();
            self.first += 1;
        }
    }

    /// The next picture for a viewer. One that has not begun, or is too far behind, goes on with
    /// the newest key picture.
    pub(super) fn next(&self, cursor: &mut Cursor) -> Option<Bytes> {
        let going_on = cursor.next.and_then(|next| next.checked_sub(self.first));
        let index = match going_on {
            Some(index) => usize::try_from(index).ok()?,
            None => self.pictures.iter().rposition(|(_, is_key)| *is_key)?,
        };
        let (packets, _) = self.pictures.get(index)?;
        if going_on.is_none() && cursor.next.is_some() {
            SKIPS.add(Watched::Mpegts, 1);
        }
        cursor.next = Some(self.first + index as u64 + 1);
        Some(packets.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of a hundred bytes that are its number.
    fn unit(number: u8) -> Unit {
        let packets = Bytes::from(vec![number; 100]);
        Unit { packets, payload: Bytes::new(), at_ns: None, is_key: number.is_multiple_of(5) }
    }

    fn all(ring: &Ring, cursor: &mut Cursor) -> Vec<u8> {
        std::iter::from_fn(|| ring.next(cursor)).map(|packets| packets[0]).collect()
    }

    #[test]
    fn who_joins_begins_with_the_newest_key_picture() {
        let mut ring = Ring::new(10_000);
        let mut early = Cursor::default();
        assert!(all(&ring, &mut early).is_empty());
        (1..5).for_each(|number| ring.push(&unit(number)));
        assert!(all(&ring, &mut early).is_empty(), "no key picture yet");
        (5..13).for_each(|number| ring.push(&unit(number)));
        assert_eq!(all(&ring, &mut early), [10, 11, 12]);
        ring.push(&unit(13));
        assert_eq!(all(&ring, &mut early), [13]);
        assert_eq!(all(&ring, &mut Cursor::default()), [10, 11, 12, 13]);
    }

    #[test]
    fn who_is_too_slow_goes_on_with_the_newest_key_picture_and_nothing_grows() {
        let mut ring = Ring::new(1000);
        let mut cursor = Cursor::default();
        (0..3).for_each(|number| ring.push(&unit(number)));
        assert_eq!(all(&ring, &mut cursor), [0, 1, 2]);
        (3..200).for_each(|number| ring.push(&unit(number)));
        assert!(ring.bytes <= 1000 && ring.pictures.len() == 10);
        assert_eq!(all(&ring, &mut cursor), [195, 196, 197, 198, 199]);
    }

    #[test]
    fn a_group_that_has_no_room_is_waited_through() {
        let mut ring = Ring::new(300);
        let mut cursor = Cursor::default();
        (0..5).for_each(|number| ring.push(&unit(number)));
        assert!(all(&ring, &mut cursor).is_empty());
        ring.push(&unit(5));
        assert_eq!(all(&ring, &mut cursor), [5]);
    }
}
