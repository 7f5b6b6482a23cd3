//! One generation's stream on its way to samples.

use std::sync::Arc;

use bytes::Bytes;
use container::{Demuxer, Event, Init};

use crate::live::feed::Step;

/// A generation's demuxer, and what became of it.
#[derive(Debug, Default)]
pub(super) struct Demuxing {
    demuxer: Demuxer,
    init: Option<Arc<Init>>,
    received: u64,
    media_ns: Option<i64>,
    failed: Option<String>,
}

impl Demuxing {
    /// Takes the next bytes. After an error the rest of the stream is counted, not read.
    pub(super) fn push(&mut self, bytes: Bytes) -> Vec<Step> {
        self.received += bytes.len() as u64;
        let mut steps = Vec::new();
        if self.failed.is_some() {
            return steps;
        }
        self.demuxer.push(bytes);
        loop {
            let event = match self.demuxer.poll() {
                Ok(event) => event,
                Err(error) => {
                    self.failed = Some(format!("the stream cannot be recorded: {error}"));
                    return steps;
                }
            };
            let is_last = event.is_none();
            if let Some(event) = &event {
                self.observe(event);
            }
            steps.push(Step { event, resume: self.demuxer.resume_point() });
            if is_last {
                return steps;
            }
        }
    }

    /// Bytes of the stream so far.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Why the stream cannot be read on.
    pub(super) fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// Media time of the newest sample, once there is one.
    pub(super) fn media_ns(&self) -> Option<i64> {
        self.media_ns
    }

    /// What is lost if the stream ends here, in words; `None` when nothing is.
    pub(super) fn loss(&self) -> Option<String> {
        let incomplete = self.demuxer.incomplete_bytes();
        let torn = || format!("the stream ends inside an element of which {incomplete} bytes came");
        self.failed.clone().or_else(|| (incomplete > 0).then(torn))
    }

    fn observe(&mut self, event: &Event) {
        match event {
            Event::Init(init) => self.init = Some(Arc::clone(init)),
            Event::Sample(sample) => {
                if let Some(track) = self.init.as_ref().and_then(|i| i.tracks.get(sample.track)) {
                    let at_ns = track.to_nanos(sample.pts);
                    self.media_ns = Some(self.media_ns.map_or(at_ns, |known| known.max(at_ns)));
                }
            }
            Event::Config { .. } => {}
        }
    }
}
