//! Which pictures can be decoded: none before the first key frame, and none between a loss and
//! the key frame behind it.

use super::item::Frame;

/// Lets pictures pass that decode.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: State,
    /// Whether the last key frame is the first that passed: what leads it refers to nothing.
    is_new: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing has passed yet.
    #[default]
    Shut,
    Open,
    /// Something is missing.
    Broken,
}

/// What becomes of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    /// It passes, and something is missing in front of it.
    PassBehindGap,
    /// It refers to what is not there.
    Drop,
}

impl Gate {
    /// A picture. One that is behind a loss may lack its own first slices, unless it
    /// `begins_whole`.
    pub(super) fn judge(&mut self, frame: &Frame) -> Verdict {
        if frame.is_behind_loss && self.state == State::Open {
            self.state = State::Broken;
        }
        if self.state == State::Open {
            if frame.leads && self.is_new {
                return Verdict::Drop;
            }
            self.is_new &= !frame.is_key;
            return Verdict::Pass;
        }
        if !frame.is_key || (frame.is_behind_loss && !frame.begins_whole) {
            return Verdict::Drop;
        }
        self.is_new = true;
        match std::mem::replace(&mut self.state, State::Open) {
            State::Broken => Verdict::PassBehindGap,
            State::Shut | State::Open => Verdict::Pass,
        }
    }

    /// What comes from now on refers to nothing that was there.
    pub(super) fn shut(&mut self) {
        self.state = State::Shut;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Frame {
        Frame {
            kind: container::Kind::Video,
            ticks: 0,
            start_ticks: 0,
            arrived_us: 0,
            duration: None,
            data: bytes::Bytes::new(),
            is_key: true,
            is_behind_loss: false,
            begins_whole: true,
            leads: false,
            track: None,
        }
    }

    fn other() -> Frame {
        Frame { is_key: false, ..key() }
    }

    fn leading() -> Frame {
        Frame { leads: true, ..other() }
    }

    fn lost(frame: Frame, begins_whole: bool) -> Frame {
        Frame { is_behind_loss: true, begins_whole, ..frame }
    }

    #[test]
    fn nothing_passes_before_the_first_key_frame() {
        let mut gate = Gate::default();
        assert_eq!(gate.judge(&other()), Verdict::Drop);
        assert_eq!(gate.judge(&lost(other(), true)), Verdict::Drop);
        assert_eq!(gate.judge(&key()), Verdict::Pass);
        assert_eq!(gate.judge(&other()), Verdict::Pass);
        gate.shut();
        assert_eq!(gate.judge(&other()), Verdict::Drop);
        assert_eq!(gate.judge(&key()), Verdict::Pass);
    }

    #[test]
    fn nothing_that_refers_to_what_is_lost_passes() {
        let mut gate = Gate::default();
        gate.judge(&key());
        assert_eq!(gate.judge(&lost(other(), true)), Verdict::Drop);
        assert_eq!(gate.judge(&other()), Verdict::Drop);
        assert_eq!(gate.judge(&key()), Verdict::PassBehindGap);
        assert_eq!(gate.judge(&other()), Verdict::Pass);
    }

    #[test]
    fn a_key_frame_behind_a_loss_passes_only_with_its_first_slice() {
        let mut gate = Gate::default();
        gate.judge(&key());
        assert_eq!(gate.judge(&lost(key(), false)), Verdict::Drop);
        assert_eq!(gate.judge(&other()), Verdict::Drop);
        assert_eq!(gate.judge(&lost(key(), true)), Verdict::PassBehindGap);
    }

    #[test]
    fn what_leads_a_key_frame_needs_what_is_in_front_of_that() {
        let mut gate = Gate::default();
        gate.judge(&key());
        assert_eq!(gate.judge(&leading()), Verdict::Drop);
        assert_eq!(gate.judge(&other()), Verdict::Pass);
        assert_eq!(gate.judge(&key()), Verdict::Pass);
        assert_eq!(gate.judge(&leading()), Verdict::Pass);
        gate.judge(&lost(other(), true));
        assert_eq!(gate.judge(&key()), Verdict::PassBehindGap);
        assert_eq!(gate.judge(&leading()), Verdict::Drop);
    }
}
