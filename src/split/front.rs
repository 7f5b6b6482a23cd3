//! What stands in front of the first recording of a stretch of the input.

use container::{Damage, Error};

/// Places that are held back; in front of a recording there is one, as a rule.
const MAX_DAMAGES: usize = 100;

/// Damage of which it is not known yet whether it is: in front of an index that was found by itself
/// it may be its media.
#[derive(Debug, Default)]
pub(super) struct Front {
    damages: Vec<Damage>,
    /// Whether something was found, or more than is held back.
    is_over: bool,
    /// Why it cannot be read, where that is known better.
    reason: Option<Error>,
}

impl Front {
    /// Of what is no movie for this reason.
    pub(super) fn of(reason: Error) -> Self {
        Self { reason: Some(reason), ..Self::default() }
    }

    /// Holds damage back; gives it again where that is over.
    pub(super) fn hold(&mut self, damage: Damage) -> Option<Damage> {
        if self.is_over {
            return Some(damage);
        }
        match self.damages.last_mut() {
            Some(last) if last.error.offset + last.bytes == damage.error.offset => {
                last.bytes += damage.bytes;
            }
            _ => self.damages.push(damage),
        }
        None
    }

    /// Whether no more can be held back.
    pub(super) fn is_full(&self) -> bool {
        self.damages.len() >= MAX_DAMAGES
    }

    /// What of it stands before `end`; nothing is held back any more.
    pub(super) fn end(&mut self, end: u64) -> Vec<Damage> {
        self.is_over = true;
        let mut damages = std::mem::take(&mut self.damages);
        if let (Some(reason), Some(first)) = (self.reason.take(), damages.first_mut()) {
            let Error { kind, element, .. } = reason;
            first.error = Error { kind, element, ..first.error };
        }
        damages.retain_mut(|damage| {
            let left = end.saturating_sub(damage.error.offset);
            damage.bytes = damage.bytes.min(left);
            left > 0
        });
        damages
    }

    /// Whether nothing but damage was found so far.
    pub(super) fn is_all(&self) -> bool {
        !self.is_over
    }
}
