//! A raw byte stream on its way to a session's messages.

use bytes::Bytes;
use container::{Container, Event};

use super::demuxing::Demuxing;
use crate::clock::WallUs;
use crate::live::feed::{Feed, Generation, Step};

const MICROS_PER_NANO: i64 = 1000;

/// A stream without any conversation around it: its init segments begin the generations, and the
/// arrival of its first samples says when they were captured.
#[derive(Debug, Default)]
pub(super) struct RawStream {
    demuxing: Demuxing,
    generation: u32,
    mime: &'static str,
    begun: bool,
    /// Steps in front of the first sample, whose time anchors the generation.
    held: Vec<Step>,
    begun_at: u64,
}

impl RawStream {
    /// Takes the next bytes, which arrived at `now_us`.
    pub(super) fn push(&mut self, bytes: Bytes, now_us: WallUs) -> Vec<Feed> {
        let received_before = self.demuxing.received();
        let steps = self.demuxing.push(bytes);
        let mut feeds = Vec::new();
        for step in steps {
            if let Some(Event::Init(init)) = &step.event {
                if self.begun {
                    feeds.extend(self.media());
                    feeds.push(self.end_generation(received_before, None));
                    self.generation += 1;
                }
                self.mime = match init.source {
                    Container::Webm => "video/webm",
                    Container::Mp4 => "video/mp4",
                };
            }
            if let Some(Event::Sample(_)) = &step.event
                && !std::mem::replace(&mut self.begun, true)
            {
                feeds.push(self.begin(now_us));
            }
            self.held.push(step);
        }
        if self.begun {
            feeds.extend(self.media());
        }
        feeds
    }

    /// What is left to say when the stream ends.
    pub(super) fn end(&mut self) -> Option<Feed> {
        let (received, loss) = (self.demuxing.received(), self.demuxing.loss());
        self.begun.then(|| self.end_generation(received, loss))
    }

    /// Why the stream cannot be read on.
    pub(super) fn failed(&self) -> Option<&str> {
        self.demuxing.failed()
    }

    /// The first message of a generation holds what was captured before it was sent.
    fn begin(&self, now_us: WallUs) -> Feed {
        let captured_us = self.demuxing.media_ns().unwrap_or(0) / MICROS_PER_NANO;
        Feed::Begin(Generation {
            number: self.generation,
            mime: self.mime.to_owned(),
            reason: if self.generation == 0 { "start" } else { "init" }.to_owned(),
            anchor_us: now_us - captured_us,
        })
    }

    fn media(&mut self) -> Option<Feed> {
        (!self.held.is_empty()).then(|| Feed::Media(std::mem::take(&mut self.held)))
    }

    fn end_generation(&mut self, received: u64, error: Option<String>) -> Feed {
        self.begun = false;
        let bytes = received - std::mem::replace(&mut self.begun_at, received);
        Feed::End { generation: self.generation, bytes, error }
    }
}
