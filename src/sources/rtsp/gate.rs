//! Which pictures can be decoded: none before the first key frame, and none between a loss and
//! the key frame behind it.

/// Lets pictures pass that decode.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: State,
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
    /// A picture, and whether something was lost in front of it. One that is behind a loss may
    /// lack its own first slices: `begins_whole` says that it does not.
    pub(super) fn judge(
        &mut self,
        is_key: bool,
        is_behind_loss: bool,
        begins_whole: bool,
    ) -> Verdict {
        if is_behind_loss && self.state == State::Open {
            self.state = State::Broken;
        }
        if self.state == State::Open {
            return Verdict::Pass;
        }
        if !is_key || (is_behind_loss && !begins_whole) {
            return Verdict::Drop;
        }
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

    #[test]
    fn nothing_passes_before_the_first_key_frame() {
        let mut gate = Gate::default();
        assert_eq!(gate.judge(false, false, true), Verdict::Drop);
        assert_eq!(gate.judge(false, true, true), Verdict::Drop);
        assert_eq!(gate.judge(true, false, true), Verdict::Pass);
        assert_eq!(gate.judge(false, false, true), Verdict::Pass);
        gate.shut();
        assert_eq!(gate.judge(false, false, true), Verdict::Drop);
        assert_eq!(gate.judge(true, false, true), Verdict::Pass);
    }

    #[test]
    fn nothing_that_refers_to_what_is_lost_passes() {
        let mut gate = Gate::default();
        gate.judge(true, false, true);
        assert_eq!(gate.judge(false, true, true), Verdict::Drop);
        assert_eq!(gate.judge(false, false, true), Verdict::Drop);
        assert_eq!(gate.judge(true, false, true), Verdict::PassBehindGap);
        assert_eq!(gate.judge(false, false, true), Verdict::Pass);
    }

    #[test]
    fn a_key_frame_behind_a_loss_passes_only_with_its_first_slice() {
        let mut gate = Gate::default();
        gate.judge(true, false, true);
        assert_eq!(gate.judge(true, true, false), Verdict::Drop);
        assert_eq!(gate.judge(false, false, true), Verdict::Drop);
        assert_eq!(gate.judge(true, true, true), Verdict::PassBehindGap);
    }
}
