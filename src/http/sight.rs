//! What of all there is somebody sees. What somebody may not see is told as if it were not there.

use super::State;
use crate::alarms::Current;
use crate::auth::{Pass, Role};
use crate::devices::Device;
use crate::library::{SOURCE, Session};
use crate::live::{About, stream_name_of};

/// A list of which somebody may see a part.
pub(super) trait Seen {
    /// The part of the list that the pass is for.
    fn seen_by(&self, pass: &Pass) -> Self;
}

/// Whether a stream is there for whoever has the pass.
pub(super) fn sees_stream(pass: &Pass, about: &About) -> bool {
    match &about.source {
        Some(of) => sees_source(pass, &of.source, &about.name),
        None => pass.may_watch(&about.name, Some(&about.device)),
    }
}

/// The same for one that may have ended: then its name is all there is to judge.
pub(super) fn sees_stream_named(state: &State, pass: &Pass, name: &str) -> bool {
    pass.watches_all()
        || match state.streams.get(name) {
            Some(stream) => sees_stream(pass, &stream.about()),
            None => pass.may_watch(name, None),
        }
}

/// Whether a source is there for whoever has the pass. A camera's own device is never one,
/// whatever id it has given itself.
pub(super) fn sees_source(pass: &Pass, source: &str, stream: &str) -> bool {
    pass.watches_all()
        || (pass.role() != Some(Role::Camera) && pass.may_watch(stream, Some(source)))
}

pub(super) fn sees_device(pass: &Pass, device: &Device) -> bool {
    let stream = device.stream.as_deref();
    pass.may_watch(stream.unwrap_or_default(), Some(&device.device))
}

pub(super) fn sees_session(pass: &Pass, session: &Session) -> bool {
    sees_publisher(pass, &session.device)
}

/// Whoever records, as journals and alarms name it.
fn sees_publisher(pass: &Pass, publisher: &str) -> bool {
    match publisher.strip_prefix(SOURCE) {
        Some(source) => sees_source(pass, source, source),
        None => pass.may_watch(&stream_name_of(publisher), Some(publisher)),
    }
}

impl Seen for Current {
    /// Those of the server itself are for whoever sees everything.
    fn seen_by(&self, pass: &Pass) -> Self {
        self.of(|device| sees_publisher(pass, device))
    }
}
