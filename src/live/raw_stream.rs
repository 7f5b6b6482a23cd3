//! A raw byte stream on its way to a session's messages.

use bytes::Bytes;
use container::{Container, Event};

use super::demuxing::Demuxing;
use super::feed::{Feed, Generation, Loss, Note, Step};
use crate::clock::WallUs;

const MICROS_PER_NANO: i64 = 1000;

/// A stream without any conversation around it: its init segments begin the generations, and the
/// arrival of its first samples says when they were captured.
#[derive(Debug, Default)]
pub(crate) struct RawStream {
    demuxing: Demuxing,
    generation: u32,
    mime: &'static str,
    begun: bool,
    /// Steps in front of the first sample, whose time anchors the generation.
    held: Vec<Step>,
}

impl RawStream {
    /// Takes the next bytes; [`Self::next`] gives what they bring.
    pub(crate) fn push(&mut self, bytes: Bytes) {
        self.demuxing.push(bytes);
    }

    /// The next messages for the recorder, or `None` when the bytes are used up. They arrived at
    /// `now_us`.
    pub(crate) fn next(&mut self, now_us: WallUs) -> Option<Vec<Feed>> {
        let steps = self.demuxing.batch()?;
        let mut feeds = Vec::new();
        for step in steps {
            if let Some(Event::Init(init)) = &step.event {
                if self.begun {
                    feeds.extend(self.media());
                    feeds.push(self.end_generation(None));
                    self.generation += 1;
                }
                // Only the newest header in front of media means anything.
                self.held.clear();
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
            let damage = self.demuxing.damage();
            feeds.extend(damage.map(|detail| Feed::Note(Note::damaged_input(now_us, detail))));
        }
        Some(feeds)
    }

    /// All that was pushed brings, where what lay ready for a while comes at once: the newest of it
    /// arrived at `now_us`, and the generation that it is of is anchored by that. For whoever bounds
    /// what is pushed; its frames are all held at a time.
    pub(crate) fn whole(&mut self, now_us: WallUs) -> Vec<Feed> {
        let mut feeds = Vec::new();
        while let Some(more) = self.next(now_us) {
            feeds.extend(more);
        }
        let anchor_us = self.anchor_us(now_us);
        let begun = feeds.iter_mut().rev().find_map(|feed| match feed {
            Feed::Begin(generation) => Some(generation),
            _ => None,
        });
        if let Some(generation) = begun {
            generation.anchor_us = anchor_us;
        }
        feeds
    }

    /// What is left to say when the stream ends.
    pub(crate) fn end(&mut self) -> Option<Feed> {
        let loss = self.demuxing.loss();
        self.begun.then(|| self.end_generation(loss))
    }

    /// Why the stream cannot be read on.
    pub(crate) fn failed(&self) -> Option<&str> {
        self.demuxing.failed()
    }

    /// The first message of a generation holds what was captured before it was sent.
    fn begin(&self, now_us: WallUs) -> Feed {
        Feed::Begin(Generation {
            number: self.generation,
            mime: self.mime.to_owned(),
            reason: if self.generation == 0 { "start" } else { "init" }.to_owned(),
            anchor_us: self.anchor_us(now_us),
        })
    }

    /// The newest sample was captured when it arrived.
    fn anchor_us(&self, now_us: WallUs) -> WallUs {
        now_us - self.demuxing.media_ns().unwrap_or(0) / MICROS_PER_NANO
    }

    fn media(&mut self) -> Option<Feed> {
        (!self.held.is_empty()).then(|| Feed::Media {
            generation: self.generation,
            steps: std::mem::take(&mut self.held),
        })
    }

    fn end_generation(&mut self, loss: Option<Loss>) -> Feed {
        self.begun = false;
        Feed::End { generation: self.generation, bytes: None, loss }
    }
}
