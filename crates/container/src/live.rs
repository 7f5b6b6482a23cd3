//! From samples to what a live player takes: one init segment, then fragments without end.

use bytes::Bytes;

use crate::Error;
use crate::codec::codec_name;
use crate::mux::Muxer;
use crate::sample::{Container, Kind, Sample, Track};
use crate::segmenter::SegmentSpec;

/// Writes a stream for players that take it piece by piece, such as Media Source Extensions. It
/// keeps no index, so it can go on for ever.
///
/// Sound that no browser plays is left out of an MP4 with pictures, since the browser would refuse
/// the pictures, too.
#[derive(Debug)]
pub struct LiveMuxer {
    muxer: Muxer,
    /// Which track of the muxer each of the stream is.
    places: Vec<Option<usize>>,
}

impl LiveMuxer {
    /// A stream whose times count from [`SegmentSpec::origin_ns`].
    ///
    /// # Errors
    /// When the container cannot carry one of the codecs.
    pub fn new(mut spec: SegmentSpec) -> Result<Self, Error> {
        let has_video = spec.tracks.iter().any(|track| track.kind == Kind::Video);
        let is_mp4 = spec.init.output == Container::Mp4;
        let is_taken = |track: &Track| {
            !(is_mp4 && has_video && track.kind == Kind::Audio && codec_name(track).is_none())
        };
        let mut next = 0..;
        let place = |track: &Track| if is_taken(track) { next.next() } else { None };
        let places = spec.tracks.iter().map(place).collect();
        spec.tracks.retain(is_taken);
        let mut muxer = Muxer::new(spec, 0)?;
        if let Muxer::Webm(muxer) = &mut muxer {
            muxer.announce_no_additions();
        }
        Ok(Self { muxer, places })
    }

    /// What the stream begins with. Called once, in front of the first fragment.
    pub fn init(&mut self) -> Bytes {
        joined(&self.muxer.commit(None))
    }

    /// Takes the next sample. Samples of one track come in decode order.
    pub fn push(&mut self, sample: Sample) {
        if let Some(&Some(track)) = self.places.get(sample.track) {
            self.muxer.push(Sample { track, ..sample });
        }
    }

    /// Everything pushed since the last call, in one piece. `None` when there is nothing.
    ///
    /// In MP4 it is a `moof` and its `mdat`, or one of each for every group of pictures in it. In
    /// WebM it is blocks, behind the start of a cluster of unknown length where `begins_group`:
    /// Firefox takes each cluster for a segment of its own, and where one begins before the one in
    /// front of it has ended, as with sound and picture it nearly always does by some milliseconds,
    /// it drops all pictures up to the next key frame.
    pub fn fragment(&mut self, begins_group: bool) -> Option<Bytes> {
        let parts = match &mut self.muxer {
            Muxer::Webm(muxer) => muxer.go_on(begins_group),
            Muxer::Mp4(muxer) => {
                let parts = muxer.commit(None);
                muxer.forget_index();
                parts
            }
        };
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
