//! A list, and the message that tells it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tokio::time::Instant;

use crate::clock;

/// Whoever comes later takes the time in the message for now; people see seconds.
const FRESH: Duration = Duration::from_millis(250);

/// A list as everybody is told it.
#[derive(Debug)]
pub(in super::super) struct Sheet<T> {
    kind: &'static str,
    list: Arc<[T]>,
    made: Mutex<Made>,
}

#[derive(Debug)]
struct Made {
    at: Instant,
    text: Utf8Bytes,
}

struct Message<'a, T> {
    kind: &'static str,
    list: &'a [T],
}

impl<T: Serialize> Sheet<T> {
    pub(super) fn new(kind: &'static str, list: Arc<[T]>) -> Self {
        let made = Mutex::new(Made::new(kind, &list));
        Self { kind, list, made }
    }

    /// The message, which all who are told share.
    pub(in super::super) fn text(&self) -> Utf8Bytes {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.at.elapsed() > FRESH {
            *made = Made::new(self.kind, &self.list);
        }
        made.text.clone()
    }

    /// Whether the list is this one.
    pub(super) fn is(&self, list: &[T]) -> bool
    where
        T: PartialEq,
    {
        *self.list == *list
    }
}

impl Made {
    fn new<T: Serialize>(kind: &'static str, list: &[T]) -> Self {
        let text = serde_json::to_string(&Message { kind, list }).unwrap_or_default();
        Self { at: Instant::now(), text: text.into() }
    }
}

impl<T: Serialize> Serialize for Message<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut message = serializer.serialize_map(Some(3))?;
        message.serialize_entry("type", self.kind)?;
        message.serialize_entry("now_ms", &clock::now_ms())?;
        message.serialize_entry(self.kind, self.list)?;
        message.end()
    }
}
