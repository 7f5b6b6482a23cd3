//! What a source shows, whether it is recorded or not.

use bytes::Bytes;

use super::feed::{Generation, Step};
use super::stream::{OfSource, Owner};
use super::streams::Streams;
use super::tap::Tap;
use crate::clock::WallUs;

/// Who shows something.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    /// The name that the stream has, and that nobody else gets meanwhile.
    pub(crate) name: String,
    /// An id that no device can have.
    pub(crate) device: String,
    /// For people.
    pub(crate) title: String,
    pub(crate) source: OfSource,
}

/// A source's way to its viewers. It never waits.
#[derive(Debug)]
pub(crate) struct Showing {
    streams: Streams,
    name: String,
    device: String,
    tap: Tap,
}

impl Showing {
    pub(crate) fn new(streams: Streams, shown: Shown) -> Self {
        let Shown { name, device, title, source } = shown;
        streams.reserve(&name, &device);
        let owner = Owner {
            device: device.clone(),
            key_sha256: None,
            session: String::new(),
            title,
            source: Some(source),
        };
        let tap = Tap::new(streams.clone(), owner, name.clone());
        Self { streams, name, device, tap }
    }

    /// A generation begins.
    pub(crate) fn begin(&mut self, number: u32, anchor_us: WallUs) {
        let (mime, reason) = (String::new(), String::new());
        let generation = Generation { number, mime, reason, anchor_us };
        self.tap.offer(&super::feed::Feed::Begin(generation));
    }

    /// Samples of it.
    pub(crate) fn media(&mut self, number: u32, steps: &[Step]) {
        self.tap.media(number, steps);
    }

    /// It is over.
    pub(crate) fn end(&mut self, number: u32) {
        let end = super::feed::Feed::End { generation: number, bytes: None, loss: None };
        self.tap.offer(&end);
    }

    /// The connection to the camera is gone, or back.
    pub(crate) fn set_away(&self, is_away: bool) {
        self.tap.set_away(is_away);
    }

    /// What is shown is recorded in this session, or in none.
    pub(crate) fn set_session(&mut self, session: Option<&str>) {
        self.tap.set_session(session.unwrap_or_default().to_owned());
    }

    /// The name of its stream, once there is one.
    pub(crate) fn stream(&self) -> Option<String> {
        self.tap.stream().map(|stream| stream.name().to_owned())
    }

    /// A JPEG that the camera itself made, for viewers of JPEGs.
    pub(crate) fn picture(&self, jpeg: Bytes) {
        if let Some(stream) = self.tap.stream() {
            stream.bring(jpeg);
        }
    }
}

impl Drop for Showing {
    fn drop(&mut self) {
        self.streams.free(&self.name, &self.device);
    }
}
