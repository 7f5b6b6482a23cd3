//! What everybody is told: the lists, at once and whenever they change.

use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use serde::Serialize;

use super::super::super::Board;
use super::super::super::board::{DeviceList, Sheet, SourceList, StreamList, Told};
use super::super::super::sight::Seen;
use super::super::teller::{Gone, Teller};
use crate::alarms::Current;
use crate::auth::Pass;

/// Which list is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    Streams,
    Devices,
    Alarms,
    Sources,
}

/// What one connection is told. Nothing waits for a slow one: it is told what there is when it
/// listens again.
pub(super) struct Telling {
    streams: List<StreamList>,
    devices: List<DeviceList>,
    alarms: List<Current>,
    sources: List<SourceList>,
    pass: Pass,
}

/// A list as everybody is told it, or the part of it that somebody sees.
struct List<T> {
    told: Told<T>,
    own: Option<Sheet<T>>,
}

impl<T: Seen + PartialEq + Serialize> List<T> {
    fn new(mut told: Told<T>) -> Self {
        told.mark_changed();
        Self { told, own: None }
    }

    /// The text, which all who see everything share; `None` when nothing is new in it for whoever
    /// sees a part.
    fn text(&mut self, pass: &Pass) -> Option<Utf8Bytes> {
        let sheet = Arc::clone(&self.told.borrow_and_update());
        if pass.watches_all() {
            return Some(sheet.text());
        }
        let own = sheet.seen_by(pass);
        if self.own.as_ref().is_some_and(|known| known.says_what(&own)) {
            return None;
        }
        Some(self.own.insert(own).text())
    }
}

impl Telling {
    pub(super) fn new(board: &Board, pass: Pass) -> Self {
        Self {
            streams: List::new(board.streams()),
            devices: List::new(board.devices()),
            alarms: List::new(board.alarms()),
            sources: List::new(board.sources()),
            pass,
        }
    }

    /// Waits until a list is new. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> News {
        tokio::select! {
            // In a fixed order, so that the first messages have one.
            biased;
            Ok(()) = self.streams.told.changed() => News::Streams,
            Ok(()) = self.devices.told.changed() => News::Devices,
            Ok(()) = self.alarms.told.changed() => News::Alarms,
            Ok(()) = self.sources.told.changed() => News::Sources,
            else => std::future::pending().await,
        }
    }

    /// Tells a list.
    pub(super) async fn tell(&mut self, news: News, teller: &mut Teller) -> Result<(), Gone> {
        let text = match news {
            News::Streams => self.streams.text(&self.pass),
            News::Devices => self.devices.text(&self.pass),
            News::Alarms => self.alarms.text(&self.pass),
            News::Sources => self.sources.text(&self.pass),
        };
        match text {
            Some(text) => teller.say_text(text).await,
            None => Ok(()),
        }
    }
}
