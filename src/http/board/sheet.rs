//! A list, and the message that tells it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use serde::Serialize;
use tokio::time::Instant;

use super::super::sight::Seen;
use crate::auth::Pass;
use crate::clock;

/// Whoever comes later takes the time in the message for now; people see seconds.
const FRESH: Duration = Duration::from_millis(250);

/// A list as everybody is told it.
#[derive(Debug)]
pub(in super::super) struct Sheet<T> {
    kind: &'static str,
    content: Arc<T>,
    made: Mutex<Made>,
}

#[derive(Debug)]
struct Made {
    at: Instant,
    text: Utf8Bytes,
}

#[derive(Serialize)]
struct Message<'a, T> {
    #[serde(rename = "type")]
    kind: &'static str,
    now_ms: i64,
    #[serde(flatten)]
    content: &'a T,
}

impl<T: Serialize> Sheet<T> {
    pub(super) fn new(kind: &'static str, content: Arc<T>) -> Self {
        let made = Mutex::new(Made::new(kind, &*content));
        Self { kind, content, made }
    }

    /// The message, which all who are told share.
    pub(in super::super) fn text(&self) -> Utf8Bytes {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.at.elapsed() > FRESH {
            *made = Made::new(self.kind, &*self.content);
        }
        made.text.clone()
    }

    /// The part of it that a pass is for.
    pub(in super::super) fn seen_by(&self, pass: &Pass) -> Self
    where
        T: Seen,
    {
        Self::new(self.kind, Arc::new(self.content.seen_by(pass)))
    }

    /// Whether it says the same as another.
    pub(in super::super) fn says_what(&self, other: &Self) -> bool
    where
        T: PartialEq,
    {
        *self.content == *other.content
    }

    /// Whether the list is this one.
    pub(super) fn is(&self, content: &T) -> bool
    where
        T: PartialEq,
    {
        *self.content == *content
    }
}

impl Made {
    fn new<T: Serialize>(kind: &'static str, content: &T) -> Self {
        let message = Message { kind, now_ms: clock::now_ms(), content };
        let text = serde_json::to_string(&message).unwrap_or_default();
        Self { at: Instant::now(), text: text.into() }
    }
}
