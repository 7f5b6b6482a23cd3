//! What waits for one target.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use super::notice::{Notice, Weight};

/// As many messages as there can be alarms, and their ends.
const MAX_WAITING: usize = 200;

/// Ends of alarms that were given up come soon, or the server is one where alarms do not end.
const MAX_GIVEN_UP: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    /// Whether the first is being delivered.
    has_begun: bool,
    /// The ids of alarms of whose rise nothing was told, so that nothing is of their end.
    given_up: HashSet<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) since: Instant,
    pub(super) notice: Arc<Notice>,
}

impl Queue {
    /// All of it, for whoever delivers it instead. What was being delivered begins anew.
    pub(super) fn take(&mut self) -> Self {
        Self { has_begun: false, ..std::mem::take(self) }
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Puts a message behind the others. Where there are too many, the oldest rise is given up,
    /// and its end with it: nobody is told that something was well again of which he was not told
    /// that it was wrong, and of no rise without its end. Returns how many alarms were given up.
    pub(super) fn push(&mut self, notice: Arc<Notice>) -> usize {
        let notice = match notice.weight() {
            Weight::Ended => {
                let rest = notice.without(|alarm| self.given_up.contains(&alarm.id));
                notice.alarms().iter().for_each(|alarm| _ = self.given_up.remove(&alarm.id));
                let Some(rest) = rest else { return 0 };
                Arc::new(rest)
            }
            Weight::Alarm | Weight::Test => notice,
        };
        self.waiting.push_back(Waiting { since: Instant::now(), notice });
        if self.waiting.len() <= MAX_WAITING { 0 } else { self.give_up() }
    }

    /// The first, which stays until [`Self::done`].
    pub(super) fn begin(&mut self) -> Option<Waiting> {
        let first = self.waiting.front().cloned();
        self.has_begun = first.is_some();
        first
    }

    /// The first has arrived, or is given up.
    pub(super) fn done(&mut self) {
        self.waiting.pop_front();
        self.has_begun = false;
    }

    fn give_up(&mut self) -> usize {
        // One that is being delivered may arrive.
        let from = usize::from(self.has_begun);
        let is_rise = |waiting: &Waiting| waiting.notice.weight() == Weight::Alarm;
        let oldest = self.waiting.iter().skip(from).position(is_rise).unwrap_or_default() + from;
        let Some(oldest) = self.waiting.remove(oldest) else { return 0 };
        let alarms = oldest.notice.alarms();
        if !is_rise(&oldest) {
            return alarms.len();
        }
        let mut ids: HashSet<String> = alarms.iter().map(|alarm| alarm.id.clone()).collect();
        let mut rest = VecDeque::new();
        for Waiting { since, notice } in self.waiting.drain(..) {
            let kept = notice.without(|alarm| ids.contains(&alarm.id));
            if kept.as_ref().map_or(0, |kept| kept.alarms().len()) == notice.alarms().len() {
                rest.push_back(Waiting { since, notice });
                continue;
            }
            notice.alarms().iter().for_each(|alarm| _ = ids.remove(&alarm.id));
            rest.extend(kept.map(|kept| Waiting { since, notice: Arc::new(kept) }));
        }
        self.waiting = rest;
        if self.given_up.len() + ids.len() <= MAX_GIVEN_UP {
            self.given_up.extend(ids);
        }
        alarms.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::{Because, Change};
    use super::super::{Alarm, Kind};
    use super::*;

    fn alarm(id: usize) -> Alarm {
        let (id, message) = (id.to_string(), String::new());
        let (device, name, session) = (None, None, None);
        Alarm { id, kind: Kind::Silent, since_ms: 0, device, name, session, message }
    }

    fn raised(ids: &[usize]) -> Arc<Notice> {
        let changes = ids.iter().map(|&id| Change::Raised(alarm(id))).collect();
        Arc::new(Notice::of(changes, 0, "").remove(0))
    }

    fn ended(ids: &[usize]) -> Arc<Notice> {
        let changes = ids.iter().map(|&id| Change::Ended(alarm(id), Because::Durable)).collect();
        Arc::new(Notice::of(changes, 0, "").remove(0))
    }

    /// `+` and the ids of rises, `-` and those of ends.
    fn words(queue: &Queue) -> Vec<String> {
        let word = |waiting: &Waiting| {
            let sign = if waiting.notice.weight() == Weight::Alarm { "+" } else { "-" };
            let ids: Vec<_> = waiting.notice.alarms().iter().map(|a| a.id.as_str()).collect();
            format!("{sign}{}", ids.join(","))
        };
        queue.waiting.iter().map(word).collect()
    }

    #[test]
    fn where_too_many_wait_a_rise_goes_with_its_end() {
        let mut queue = Queue::default();
        queue.push(raised(&[0]));
        assert!(queue.begin().is_some());
        queue.push(raised(&[1, 2]));
        queue.push(ended(&[0, 1]));
        for id in 3..MAX_WAITING {
            assert_eq!(queue.push(raised(&[id])), 0);
        }
        assert_eq!(queue.push(raised(&[500])), 2);
        // The first is on its way, and the other's end is not told either.
        assert_eq!(words(&queue)[..3], ["+0", "-0", "+3"]);
        queue.push(ended(&[2]));
        assert_eq!(queue.waiting.len(), MAX_WAITING);
        assert!(!words(&queue).contains(&"-2".to_owned()));
        assert_eq!(queue.given_up.len(), 0);
    }

    #[test]
    fn ends_alone_are_bounded_as_well() {
        let mut queue = Queue::default();
        for id in 0..=MAX_WAITING {
            queue.push(ended(&[id]));
        }
        assert_eq!(queue.waiting.len(), MAX_WAITING);
        assert_eq!(words(&queue)[0], "-1");
    }

    #[test]
    fn a_test_that_waits_is_not_lost_with_others() {
        let mut queue = Queue::default();
        queue.push(Arc::new(Notice::test(0, "")));
        for id in 0..MAX_WAITING {
            queue.push(raised(&[id]));
        }
        assert_eq!(words(&queue)[..2], ["-", "+1"]);
    }
}
