//! From samples to what a live player takes: one init segment, then fragments without end.

use bytes::Bytes;

use crate::Error;
use crate::mux::Muxer;
use crate::sample::Sample;
use crate::segmenter::SegmentSpec;

/// Writes a stream for players that take it piece by piece, such as Media Source Extensions. It
/// keeps no index, so it can go on for ever.
#[derive(Debug)]
pub struct LiveMuxer {
    muxer: Muxer,
}

impl LiveMuxer {
    /// A stream whose times count from [`SegmentSpec::origin_ns`].
    ///
    /// # Errors
    /// When the container cannot carry one of the codecs.
    pub fn new(spec: SegmentSpec) -> Result<Self, Error> {
        let mut muxer = Muxer::new(spec, 0)?;
        if let Muxer::Webm(muxer) = &mut muxer {
            muxer.announce_no_additions();
        }
        Ok(Self { muxer })
    }

    /// What the stream begins with. Called once, in front of the first fragment.
    pub fn init(&mut self) -> Bytes {
        joined(&self.muxer.commit(None))
    }

    /// Takes the next sample. Samples of one track come in decode order.
    pub fn push(&mut self, sample: Sample) {
        self.muxer.push(sample);
    }

    /// Everything pushed since the last call, in one piece: a `moof` and its `mdat`, or whole
    /// clusters. `None` when there is nothing.
    pub fn fragment(&mut self) -> Option<Bytes> {
        let parts = self.muxer.commit(None);
        match &mut self.muxer {
            Muxer::Webm(muxer) => muxer.forget_index(),
            Muxer::Mp4(muxer) => muxer.forget_index(),
        }
        (!parts.is_empty()).then(|| joined(&parts))
    }
}

/// One message holds it all: it is copied once, and every viewer shares the copy.
fn joined(parts: &[Bytes]) -> Bytes {
    match parts {
        [only] => only.clone(),
        _ => parts.concat().into(),
    }
}
