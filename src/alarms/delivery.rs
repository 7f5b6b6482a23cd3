//! One target's messages, one after the other, until each has arrived or is too old.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::notice::Notice;
use super::targets::Post;
use crate::clock;

/// As many as there can be alarms, and their ends.
const MAX_WAITING: usize = 200;

/// Soon enough for a server that is just starting.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// A target that comes back is noticed within this.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// Nobody acts on what was wrong an hour ago; the pages show what is wrong now.
const GIVE_UP_AFTER: Duration = Duration::from_secs(3600);

/// A target, and what waits for it.
#[derive(Debug)]
pub(super) struct Courier {
    pub(super) name: String,
    pub(super) kind: &'static str,
    post: Box<dyn Post>,
    queue: Mutex<Queue>,
    news: Notify,
    last: Mutex<Option<Last>>,
}

/// How the last attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) at_ms: i64,
    pub(super) result: Result<(), String>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Counts the messages.
    count: u64,
}

#[derive(Debug, Clone)]
struct Waiting {
    number: u64,
    since: Instant,
    notice: Arc<Notice>,
}

impl Courier {
    pub(super) fn new(name: String, kind: &'static str, post: Box<dyn Post>) -> Self {
        let (queue, news, last) = (Mutex::default(), Notify::new(), Mutex::default());
        Self { name, kind, post, queue, news, last }
    }

    /// Hands a message over; it goes out behind those before it.
    pub(super) fn send(&self, notice: Arc<Notice>) {
        let mut queue = self.queue();
        queue.count += 1;
        let (number, since) = (queue.count, Instant::now());
        queue.waiting.push_back(Waiting { number, since, notice });
        if queue.waiting.len() > MAX_WAITING {
            queue.waiting.pop_front();
            tracing::error!(target_name = %self.name, "too many alarms wait for a target that does not take them: the oldest is given up");
        }
        drop(queue);
        self.news.notify_one();
    }

    /// Tries at once, beside what waits.
    pub(super) async fn attempt(&self, notice: &Notice) -> Result<(), String> {
        let result = self.post.post(notice).await;
        let last = Last { at_ms: clock::now_ms(), result: result.clone() };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
        result
    }

    /// How the last attempt went, if there was one.
    pub(super) fn last(&self) -> Option<Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Delivers until the server stops.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        // What waits is lost then: what is still wrong rises again after the next start.
        stop.run_until_cancelled(self.deliver()).await;
    }

    async fn deliver(&self) {
        let mut failures = 0;
        loop {
            let Some(first) = self.first() else {
                self.news.notified().await;
                continue;
            };
            match self.attempt(&first.notice).await {
                Ok(()) => {
                    if failures > 0 {
                        tracing::info!(target_name = %self.name, "alarms reach the target again");
                    }
                    failures = 0;
                    self.done(&first);
                    continue;
                }
                Err(error) if first.since.elapsed() >= GIVE_UP_AFTER => {
                    tracing::error!(target_name = %self.name, error, "an alarm is given up that could not be delivered for an hour");
                    self.done(&first);
                }
                Err(error) if failures == 0 => {
                    tracing::warn!(target_name = %self.name, error, "an alarm could not be delivered; it is tried again");
                }
                Err(error) => tracing::debug!(target_name = %self.name, error, failures, "again"),
            }
            tokio::time::sleep(pause(failures)).await;
            failures = failures.saturating_add(1);
        }
    }

    fn first(&self) -> Option<Waiting> {
        self.queue().waiting.front().cloned()
    }

    /// Unless it was given up meanwhile.
    fn done(&self, first: &Waiting) {
        let mut queue = self.queue();
        if queue.waiting.front().is_some_and(|known| known.number == first.number) {
            queue.waiting.pop_front();
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long to wait after so many failures before this one: doubling.
fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.min(8)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;
    use tokio::sync::mpsc;

    use super::*;

    /// Refuses until a time, and tells what it was given.
    #[derive(Debug)]
    struct Deaf {
        until: Instant,
        heard: mpsc::UnboundedSender<(String, bool)>,
    }

    impl Post for Deaf {
        fn post<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<(), String>> {
            let is_heard = Instant::now() >= self.until;
            self.heard.send((notice.link(), is_heard)).unwrap();
            async move { if is_heard { Ok(()) } else { Err("deaf".to_owned()) } }.boxed()
        }
    }

    fn deaf(for_seconds: u64) -> (Arc<Courier>, mpsc::UnboundedReceiver<(String, bool)>) {
        let (heard, told) = mpsc::unbounded_channel();
        let deaf = Deaf { until: Instant::now() + Duration::from_secs(for_seconds), heard };
        let courier = Arc::new(Courier::new("a".to_owned(), "webhook", Box::new(deaf)));
        tokio::spawn(Arc::clone(&courier).run(CancellationToken::new()));
        (courier, told)
    }

    fn notice(name: &str) -> Arc<Notice> {
        Arc::new(Notice::test(0, name))
    }

    /// The next one that is heard, and after how many attempts.
    async fn arrives(told: &mut mpsc::UnboundedReceiver<(String, bool)>) -> (String, usize) {
        let mut attempts = 1;
        loop {
            match told.recv().await.unwrap() {
                (notice, true) => return (notice, attempts),
                _ => attempts += 1,
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_target_that_is_down_gets_everything_in_order_later() {
        let (courier, mut told) = deaf(600);
        courier.send(notice("1"));
        courier.send(notice("2"));
        let (first, attempts) = arrives(&mut told).await;
        assert_eq!(first, "1/live");
        assert!((8..15).contains(&attempts), "{attempts}");
        assert_eq!(arrives(&mut told).await, ("2/live".to_owned(), 1));
        courier.send(notice("3"));
        assert_eq!(arrives(&mut told).await, ("3/live".to_owned(), 1));
        assert_eq!(courier.last().unwrap().result, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_hour_it_is_given_up() {
        let (courier, mut told) = deaf(3600 + 300);
        courier.send(notice("1"));
        tokio::time::sleep(Duration::from_secs(1800)).await;
        assert_eq!(courier.last().unwrap().result, Err("deaf".to_owned()));
        courier.send(notice("2"));
        assert_eq!(arrives(&mut told).await.0, "2/live");
        assert!(told.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_is_bounded() {
        let (courier, mut told) = deaf(60);
        for number in 0..=MAX_WAITING {
            courier.send(notice(&number.to_string()));
        }
        assert_eq!(arrives(&mut told).await.0, "1/live");
        assert_eq!(arrives(&mut told).await.0, "2/live");
    }

    #[test]
    fn pauses_grow_to_a_bound() {
        let pauses: Vec<u64> = (0..8).map(|failures| pause(failures).as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 120, 120]);
    }
}
