//! What everybody is told: the lists, at once and whenever they change.

use super::super::super::Board;
use super::super::super::board::{DeviceList, SourceList, StreamList, Told};
use super::super::teller::{Gone, Teller};
use crate::alarms::Current;

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
    streams: Told<StreamList>,
    devices: Told<DeviceList>,
    alarms: Told<Current>,
    sources: Told<SourceList>,
}

impl Telling {
    pub(super) fn new(board: &Board) -> Self {
        let (mut streams, mut devices) = (board.streams(), board.devices());
        let (mut alarms, mut sources) = (board.alarms(), board.sources());
        streams.mark_changed();
        devices.mark_changed();
        alarms.mark_changed();
        sources.mark_changed();
        Self { streams, devices, alarms, sources }
    }

    /// Waits until a list is new. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> News {
        tokio::select! {
            // In a fixed order, so that the first messages have one.
            biased;
            Ok(()) = self.streams.changed() => News::Streams,
            Ok(()) = self.devices.changed() => News::Devices,
            Ok(()) = self.alarms.changed() => News::Alarms,
            Ok(()) = self.sources.changed() => News::Sources,
            else => std::future::pending().await,
        }
    }

    /// Tells a list.
    pub(super) async fn tell(&mut self, news: News, teller: &mut Teller) -> Result<(), Gone> {
        let text = match news {
            News::Streams => self.streams.borrow_and_update().text(),
            News::Devices => self.devices.borrow_and_update().text(),
            News::Alarms => self.alarms.borrow_and_update().text(),
            News::Sources => self.sources.borrow_and_update().text(),
        };
        teller.say_text(text).await
    }
}
