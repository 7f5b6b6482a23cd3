//! Whom cameras have not let in a moment ago. Old pages connect again at once, for ever; cameras
//! lock the account of who fails so often, and with it everybody who watches them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::sources::{Address, Login};

/// A few attempts in this time lock nobody out, as far as cameras say what does.
const PAUSE: Duration = Duration::from_secs(30);

/// More are not remembered; the oldest is tried again first.
const MAX_ENTRIES: usize = 64;

/// Those who were not let in, in the order in which they were not.
#[derive(Debug, Default)]
pub(crate) struct Denied(VecDeque<(Instant, Address, Option<Login>)>);

impl Denied {
    pub(super) fn add(&mut self, address: Address, login: Option<Login>, now: Instant) {
        self.forget(now);
        self.0.truncate(MAX_ENTRIES - 1);
        self.0.push_front((now, address, login));
    }

    /// Whether the camera need not be asked again.
    pub(super) fn holds(&mut self, address: &Address, login: Option<&Login>, now: Instant) -> bool {
        self.forget(now);
        self.0.iter().any(|(_, denied, by)| denied == address && by.as_ref() == login)
    }

    fn forget(&mut self, now: Instant) {
        self.0.retain(|(at, ..)| now.duration_since(*at) < PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_not_let_in_is_remembered_for_a_while_and_nobody_else_is() {
        let parse = |text: &str| Address::parse(text).unwrap();
        let (address, wrong) = parse("rtsp://viewer:wrong@192.168.1.20/");
        let (_, right) = parse("rtsp://viewer:right@192.168.1.20/");
        let (other, _) = parse("rtsp://192.168.1.21/");
        let begin = Instant::now();
        let mut denied = Denied::default();
        denied.add(address.clone(), wrong.clone(), begin);
        let mut holds = |address: &Address, login: &Option<Login>, after: Duration| {
            denied.holds(address, login.as_ref(), begin + after)
        };
        let moment = Duration::from_secs(29);
        assert!(holds(&address, &wrong, moment));
        assert!(!holds(&address, &right, moment) && !holds(&address, &None, moment));
        assert!(!holds(&other, &wrong, moment));
        assert!(!holds(&address, &wrong, PAUSE));
    }

    #[test]
    fn not_more_are_remembered_than_there_is_room_for() {
        let now = Instant::now();
        let mut denied = Denied::default();
        for number in 0..2 * MAX_ENTRIES {
            let (address, _) = Address::parse(&format!("rtsp://192.168.1.20/{number}")).unwrap();
            denied.add(address, None, now);
        }
        assert_eq!(denied.0.len(), MAX_ENTRIES);
    }
}
