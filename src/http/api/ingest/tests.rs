//! A device's requests and a session that reads when the test says so, on a clock that stands still.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, timeout};

use super::connection::Connection;
use super::frames::Frames;
use super::socket::RequestsSocket;
use super::talk::{Refusal, Said};
use crate::live::socket::{Ended, Incoming, Outgoing, Socket};

struct Both {
    connection: Arc<Connection>,
    session: RequestsSocket,
}

fn both() -> Both {
    let connection = Arc::new(Connection::new());
    Both { session: RequestsSocket::new(connection.clone()), connection }
}

fn texts(texts: &[&str]) -> Frames {
    let frame = |text: &&str| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&[0, 0, 0, 0], &length[..], text.as_bytes()].concat()
    };
    let body: Vec<u8> = texts.iter().flat_map(frame).collect();
    Frames::read(Bytes::from(body)).unwrap()
}

impl Both {
    /// A POST on its way, which has got as far as it gets without the session.
    async fn post(&self, seq: u64, frames: &[&str]) -> JoinHandle<Result<(), Refusal>> {
        let turn = self.connection.turn(seq).unwrap().unwrap();
        let offer = tokio::spawn(turn.offer(texts(frames)));
        tokio::task::yield_now().await;
        offer
    }

    async fn heard(&mut self) -> String {
        match self.session.receive().await {
            Ok(Incoming::Text(text)) => text,
            other => panic!("expected a text, got {other:?}"),
        }
    }

    async fn hears_nothing(&mut self) {
        let waiting = timeout(Duration::from_millis(1), self.session.receive()).await;
        assert!(waiting.is_err(), "{waiting:?}");
    }

    async fn say(&mut self, text: &str) -> Result<(), Ended> {
        self.session.send(Outgoing::Text(text.to_owned())).await
    }
}

/// Numbers and texts of an answer.
fn told(said: &Said) -> Vec<(u64, &str)> {
    said.messages.iter().map(|message| (message.number, message.text.as_str())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_post_is_answered_when_the_session_takes_it_and_not_before() {
    let mut both = both();
    let first = both.post(0, &["a", "b"]).await;
    assert!(!first.is_finished());
    assert_eq!(both.heard().await, "a");
    assert_eq!(first.await.unwrap(), Ok(()));
    // What is left of the first is read before the second is taken.
    let second = both.post(1, &["c"]).await;
    assert_eq!(both.heard().await, "b");
    assert!(!second.is_finished());
    assert_eq!(both.heard().await, "c");
    assert_eq!(second.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_number_that_was_taken_is_not_taken_again() {
    let mut both = both();
    let first = both.post(0, &["a"]).await;
    assert_eq!(both.heard().await, "a");
    first.await.unwrap().unwrap();
    assert!(both.connection.turn(0).unwrap().is_none());
    assert_eq!(both.connection.turn(2).unwrap_err(), Refusal::Ahead);
    both.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_busy_session_did_not_take_in_time_it_never_gets() {
    let mut both = both();
    let start = Instant::now();
    let first = both.post(0, &["a", "b"]).await;
    assert_eq!(first.await.unwrap(), Err(Refusal::Busy));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    both.hears_nothing().await;
    let again = both.post(0, &["a", "b"]).await;
    assert_eq!(both.heard().await, "a");
    assert_eq!(both.heard().await, "b");
    assert_eq!(again.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_post_whose_device_went_away_is_taken_whole_or_not_at_all() {
    let mut both = both();
    let cut_before = both.post(0, &["a", "b"]).await;
    cut_before.abort();
    assert!(cut_before.await.unwrap_err().is_cancelled());
    both.hears_nothing().await;
    let cut_after = both.post(0, &["a", "b"]).await;
    assert_eq!(both.heard().await, "a");
    cut_after.abort();
    let _ = cut_after.await;
    assert!(both.connection.turn(0).unwrap().is_none());
    assert_eq!(both.heard().await, "b");
    both.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn the_newest_post_with_a_number_counts() {
    let mut both = both();
    let lost = both.connection.turn(0).unwrap().unwrap();
    let first = both.post(0, &["a"]).await;
    timeout(Duration::ZERO, lost.lost()).await.unwrap();
    let second = both.post(0, &["a"]).await;
    assert_eq!(first.await.unwrap(), Err(Refusal::Superseded));
    // Its body comes after another has the turn.
    assert_eq!(lost.offer(texts(&["late"])).await, Err(Refusal::Superseded));
    assert_eq!(both.heard().await, "a");
    assert_eq!(second.await.unwrap(), Ok(()));
    both.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn messages_are_told_until_they_are_let_go() {
    let mut both = both();
    both.say("a").await.unwrap();
    both.say("b").await.unwrap();
    for _ in 0..2 {
        let said = both.connection.listen(0).await.unwrap();
        assert_eq!(told(&said), [(1, "a"), (2, "b")]);
    }
    both.say("c").await.unwrap();
    let said = both.connection.listen(1).await.unwrap();
    assert_eq!(told(&said), [(2, "b"), (3, "c")]);
}

#[tokio::test(start_paused = true)]
async fn a_get_waits_for_a_message_and_ends_without_one() {
    let mut both = both();
    let start = Instant::now();
    assert_eq!(both.connection.listen(0).await, Ok(Said::default()));
    assert_eq!(start.elapsed(), Duration::from_secs(20));
    let connection = both.connection.clone();
    let waiting = tokio::spawn(async move { connection.listen(0).await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    both.say("a").await.unwrap();
    assert_eq!(told(&waiting.await.unwrap().unwrap()), [(1, "a")]);
    assert_eq!(start.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn the_newest_get_is_answered() {
    let mut both = both();
    let connection = both.connection.clone();
    let first = tokio::spawn(async move { connection.listen(0).await });
    tokio::task::yield_now().await;
    let connection = both.connection.clone();
    let second = tokio::spawn(async move { connection.listen(0).await });
    assert_eq!(first.await.unwrap(), Err(Refusal::Superseded));
    both.say("a").await.unwrap();
    assert_eq!(told(&second.await.unwrap().unwrap()), [(1, "a")]);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_never_asks_is_not_talked_to_for_ever() {
    let mut both = both();
    let mut said = 0;
    while both.say("a").await.is_ok() {
        said += 1;
    }
    assert_eq!(said, 256);
    both.connection.listen(1).await.unwrap();
    both.say("a").await.unwrap();
    assert_eq!(both.say("a").await, Err(Ended::Closed));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_connection_and_a_request_under_way_does_not() {
    let mut both = both();
    let request = both.connection.request();
    advance(Duration::from_secs(100)).await;
    both.hears_nothing().await;
    drop(request);
    let since = Instant::now();
    assert!(matches!(both.session.receive().await, Err(Ended::Closed)));
    assert_eq!(since.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered_by_the_requests_since_the_last_one() {
    let mut both = both();
    for expects_sign in [true, false] {
        both.session.send(Outgoing::Ping).await.unwrap();
        if expects_sign {
            assert!(matches!(both.session.receive().await, Ok(Incoming::Pong)));
        }
        both.hears_nothing().await;
    }
    drop(both.connection.request());
    both.session.send(Outgoing::Ping).await.unwrap();
    assert!(matches!(both.session.receive().await, Ok(Incoming::Pong)));
    let _under_way = both.connection.request();
    for _ in 0..3 {
        both.session.send(Outgoing::Ping).await.unwrap();
        assert!(matches!(both.session.receive().await, Ok(Incoming::Pong)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_the_end_is_told_and_then_forgotten() {
    let Both { connection, mut session } = both();
    session.send(Outgoing::Text("last".to_owned())).await.unwrap();
    let listening = connection.clone();
    let listener = tokio::spawn(async move {
        listening.listen(0).await.unwrap();
        listening.listen(1).await.unwrap()
    });
    tokio::task::yield_now().await;
    let start = Instant::now();
    session.send(Outgoing::Close(4400, "a hole".to_owned())).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    drop(session);
    let close = listener.await.unwrap().close.unwrap();
    assert_eq!((close.code, close.reason.as_str()), (4400, "a hole"));
    // Its answer may have been lost.
    assert_eq!(connection.listen(1).await.unwrap().close, Some(close));
    assert_eq!(connection.turn(0).unwrap_err(), Refusal::Over);
    connection.forgettable().await;
    assert_eq!(start.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_reason_that_nobody_asks_for_holds_nobody_up_for_long() {
    let Both { connection, mut session } = both();
    let start = Instant::now();
    session.send(Outgoing::Close(1012, String::new())).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    drop(session);
    connection.forgettable().await;
    assert_eq!(start.elapsed(), Duration::from_secs(33));
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_comes_after_what_was_brought_before() {
    let mut both = both();
    let first = both.post(0, &["a", "b"]).await;
    assert_eq!(both.heard().await, "a");
    first.await.unwrap().unwrap();
    both.connection.leave();
    assert_eq!(both.heard().await, "b");
    assert!(matches!(both.session.receive().await, Err(Ended::Closed)));
    assert_eq!(both.say("a").await, Err(Ended::Closed));
    drop(both.session);
    assert_eq!(both.connection.listen(0).await, Err(Refusal::Over));
    let start = Instant::now();
    both.connection.forgettable().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}
