//! The states of the recordings' disk, one after the other. No clock, no IO.

use tokio::time::Instant;

use crate::library::{DISK_CALM, Room};

/// How the disk is doing.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// Why no media is taken, while none is.
    pub(super) paused: Option<String>,
    /// What the disk refuses.
    pub(super) refused: Option<String>,
    pub(super) room: Option<Room>,
}

/// A state of the disk, the worst first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum State {
    /// It takes nothing although there is room.
    Refusing,
    /// Recording is paused for want of room.
    Full,
    /// There is little room.
    Low,
    #[default]
    Ok,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Refusing => "refusing",
            Self::Full => "full",
            Self::Low => "low",
            Self::Ok => "ok",
        }
    }
}

/// What was last seen of the disk.
#[derive(Debug, Default)]
pub(super) struct Disk {
    state: State,
    was_low: bool,
    refused_at: Option<Instant>,
}

impl Disk {
    /// The state and what there is to say of it, if it is another one.
    pub(super) fn judge(&mut self, facts: &Facts, now: Instant) -> Option<(State, Option<String>)> {
        if facts.refused.is_some() {
            self.refused_at = Some(now);
        }
        self.was_low = facts.room.is_some_and(|room| room.is_low(self.was_low));
        let is_refusing = self.refused_at.is_some_and(|at| now.duration_since(at) < DISK_CALM);
        let state = match (is_refusing, facts.paused.is_some(), self.was_low) {
            (true, ..) => State::Refusing,
            (_, true, _) => State::Full,
            (_, _, true) => State::Low,
            _ => State::Ok,
        };
        if state == self.state {
            return None;
        }
        self.state = state;
        let reason = match state {
            State::Refusing => facts.refused.clone(),
            State::Full => facts.paused.clone(),
            State::Low => Some("there is less free than twice the reserve".to_owned()),
            State::Ok => None,
        };
        Some((state, reason))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn room(free_bytes: u64) -> Facts {
        let room = Some(Room { free_bytes, reserve_bytes: 100 });
        Facts { room, ..Facts::default() }
    }

    #[test]
    fn each_state_is_told_once() {
        let mut disk = Disk::default();
        let mut now = Instant::now();
        let mut judge = |facts: &Facts, seconds: u64| {
            now += Duration::from_secs(seconds);
            disk.judge(facts, now).map(|(state, reason)| (state.word(), reason))
        };
        assert_eq!(judge(&room(1000), 1), None);
        assert_eq!(judge(&room(199), 1).unwrap().0, "low");
        // A tenth more, before there is room again.
        assert_eq!(judge(&room(210), 1), None);
        let full = Facts { paused: Some("no room".to_owned()), ..room(90) };
        assert_eq!(judge(&full, 1), Some(("full", Some("no room".to_owned()))));
        assert_eq!(judge(&full, 1), None);
        assert_eq!(judge(&room(220), 1), Some(("ok", None)));
        let refusing = Facts { refused: Some("EIO".to_owned()), ..room(1000) };
        assert_eq!(judge(&refusing, 1), Some(("refusing", Some("EIO".to_owned()))));
        // Between two attempts nothing is refused.
        assert_eq!(judge(&room(1000), 9), None);
        assert_eq!(judge(&refusing, 0), None);
        assert_eq!(judge(&room(1000), 10), Some(("ok", None)));
    }
}
