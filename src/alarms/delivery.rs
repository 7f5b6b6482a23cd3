//! One target's messages, one after the other, until each has arrived or is too old.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::notice::Notice;
use super::queue::Queue;
use super::targets::Post;
use super::{Attempt, TargetState};
use crate::clock;
use crate::outgoing::{Failure, pause};

/// Nobody acts on what was wrong an hour ago; the pages show what is wrong now.
const GIVE_UP_AFTER: Duration = Duration::from_secs(3600);

/// Who answers that a message is wrong may have been wrong itself, though not so many times.
const MAX_REFUSALS: u32 = 3;

/// A target, and what waits for it.
#[derive(Debug)]
pub(super) struct Courier {
    name: String,
    kind: &'static str,
    post: Box<dyn Post>,
    queue: Mutex<Queue>,
    news: Notify,
    /// How the last attempt went, and the last test.
    last: Mutex<(Option<Attempt>, Option<Attempt>)>,
}

impl Courier {
    pub(super) fn new(name: String, kind: &'static str, post: Box<dyn Post>) -> Self {
        let (queue, news, last) = (Mutex::default(), Notify::new(), Mutex::default());
        Self { name, kind, post, queue, news, last }
    }

    /// Hands a message over; it goes out behind those before it.
    pub(super) fn send(&self, notice: Arc<Notice>) {
        let given_up = self.queue().push(notice);
        if given_up > 0 {
            tracing::error!(target_name = %self.name, alarms = given_up, "too many alarms wait for a target that does not take them: the oldest are given up");
        }
        self.news.notify_one();
    }

    /// Takes over what waits for another that delivers no more, before anything waits here.
    pub(super) fn inherit(&self, other: &Self) {
        let waiting = other.queue().take();
        *self.queue() = waiting;
    }

    /// Tries at once, beside what waits.
    pub(super) async fn test(&self, notice: &Notice) {
        let result = self.post.post(notice).await;
        self.lock().1 = Some((clock::now_ms(), result.map_err(|failure| failure.message)));
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.queue().waiting()
    }

    /// As people see it.
    pub(super) fn state(&self) -> TargetState {
        let (last, tested) = self.lock().clone();
        TargetState { name: self.name.clone(), kind: self.kind, last, tested }
    }

    /// Delivers until the server stops.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        // What waits is lost then: what is still wrong rises again after the next start.
        stop.run_until_cancelled(self.deliver()).await;
    }

    async fn deliver(&self) {
        let (mut failures, mut refusals) = (0, 0);
        loop {
            let Some(first) = self.queue().begin() else {
                self.news.notified().await;
                continue;
            };
            let result = self.post.post(&first.notice).await;
            let said = result.clone().map_err(|failure| failure.message);
            self.lock().0 = Some((clock::now_ms(), said));
            let Err(Failure { message: error, is_permanent }) = result else {
                if failures > 0 {
                    tracing::info!(target_name = %self.name, "alarms reach the target again");
                }
                (failures, refusals) = (0, 0);
                self.queue().done();
                continue;
            };
            refusals = if is_permanent { refusals + 1 } else { 0 };
            if refusals >= MAX_REFUSALS {
                tracing::error!(target_name = %self.name, error, "an alarm is given up that its target does not want");
                self.queue().done();
                // It says nothing of the next one.
                (failures, refusals) = (0, 0);
                continue;
            }
            if first.since.elapsed() >= GIVE_UP_AFTER {
                tracing::error!(target_name = %self.name, error, "an alarm is given up that could not be delivered for an hour");
                self.queue().done();
                refusals = 0;
            } else if failures == 0 {
                tracing::warn!(target_name = %self.name, error, "an alarm could not be delivered; it is tried again");
            } else {
                tracing::debug!(target_name = %self.name, error, failures, "again");
            }
            tokio::time::sleep(pause(failures)).await;
            failures = failures.saturating_add(1);
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, (Option<Attempt>, Option<Attempt>)> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;
    use tokio::sync::mpsc;

    use tokio::time::Instant;

    use super::*;

    /// Refuses until a time, and tells what it was given.
    #[derive(Debug)]
    struct Deaf {
        until: Instant,
        heard: mpsc::UnboundedSender<(String, bool)>,
        is_permanent: bool,
    }

    impl Post for Deaf {
        fn post<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<(), Failure>> {
            let is_heard = Instant::now() >= self.until;
            self.heard.send((notice.link(), is_heard)).unwrap();
            let failure = Failure { message: "deaf".to_owned(), is_permanent: self.is_permanent };
            async move { if is_heard { Ok(()) } else { Err(failure) } }.boxed()
        }
    }

    fn deaf(for_seconds: u64) -> (Arc<Courier>, mpsc::UnboundedReceiver<(String, bool)>) {
        deaf_and_sure(for_seconds, false)
    }

    fn deaf_and_sure(
        for_seconds: u64,
        is_permanent: bool,
    ) -> (Arc<Courier>, mpsc::UnboundedReceiver<(String, bool)>) {
        let (heard, told) = mpsc::unbounded_channel();
        let until = Instant::now() + Duration::from_secs(for_seconds);
        let deaf = Deaf { until, heard, is_permanent };
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
        assert_eq!(courier.state().last.unwrap().1, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_hour_it_is_given_up() {
        let (courier, mut told) = deaf(3600 + 300);
        courier.send(notice("1"));
        tokio::time::sleep(Duration::from_secs(1800)).await;
        assert_eq!(courier.state().last.unwrap().1, Err("deaf".to_owned()));
        courier.send(notice("2"));
        assert_eq!(arrives(&mut told).await.0, "2/live");
        assert!(told.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_target_does_not_want_holds_up_nothing() {
        let (courier, mut told) = deaf_and_sure(8, true);
        courier.send(notice("1"));
        courier.send(notice("2"));
        let (second, attempts) = arrives(&mut told).await;
        assert_eq!(second, "2/live");
        assert!(attempts > MAX_REFUSALS as usize && attempts <= 6, "{attempts}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_test_hides_nothing_of_what_really_happened() {
        let (courier, mut told) = deaf(60);
        courier.send(notice("1"));
        told.recv().await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        courier.test(&notice("test")).await;
        let state = courier.state();
        assert_eq!(state.last.unwrap().1, Err("deaf".to_owned()));
        assert_eq!(state.tested.unwrap().1, Err("deaf".to_owned()));
        arrives(&mut told).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let state = courier.state();
        assert_eq!(state.last.unwrap().1, Ok(()));
        assert_eq!(state.tested.unwrap().1, Err("deaf".to_owned()));
    }
}
