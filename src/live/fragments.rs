//! The fragments of a stream, made once, and the cursors that viewers hold into them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use container::codec::codec_name;
use container::{Container, Init, Kind, LiveMuxer, NANOS_PER_SECOND, Sample, SegmentSpec, Track};

use super::broadcast::MAX_GROUP_BYTES;
use crate::clock::WallUs;

/// What waits for viewers that are slower than the stream, beside the newest group.
pub(super) const MAX_KEPT_BYTES: usize = 4 << 20;

/// A viewer that is further behind goes on with the newest group.
const MAX_BEHIND_NS: i64 = 5 * NANOS_PER_SECOND;

/// How far wall time has moved away from where a generation's beginning would have it, in
/// microseconds, as it is now. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drift(Arc<AtomicI64>);

impl Drift {
    pub(super) fn set_us(&self, drift_us: i64) {
        // It stands for nothing but itself.
        self.0.store(drift_us, Ordering::Relaxed);
    }

    pub(super) fn us(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the next fragments are, until there is another.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) generation: u32,
    pub(crate) container: Container,
    /// With the codecs' names.
    pub(crate) mime: String,
    /// Wall time of the samples' time zero.
    pub(crate) anchor_us: WallUs,
    /// What that has become since.
    pub(super) drift: Drift,
    /// Wall time of the fragments' time zero.
    pub(crate) start_us: WallUs,
    /// The init segment.
    pub(crate) init: Bytes,
    pub(crate) tracks: Vec<Track>,
}

/// A piece of a stream, in both of its forms.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// A `moof` and its `mdat`, or blocks of a cluster.
    pub(crate) bytes: Bytes,
    /// What is in it.
    pub(crate) samples: Arc<[Sample]>,
}

/// The next thing for a viewer.
#[derive(Debug, Clone)]
pub(crate) enum Delivery {
    Format(Arc<Format>),
    /// So many milliseconds of media are left out in front of the next fragment.
    Skipped(i64),
    Fragment(Piece),
}

/// How far a viewer has come.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    run: Option<u64>,
    next: Option<u64>,
    /// Where what it has got ends.
    end_ns: Option<i64>,
    /// Whether it has been told of what is missing in front of the next fragment.
    is_told: bool,
}

/// What viewers get of one run of samples.
#[derive(Debug)]
pub(super) struct Muxed {
    run: u64,
    muxer: LiveMuxer,
    format: Arc<Format>,
    pub(super) fragments: VecDeque<Fragment>,
    next: u64,
    pub(super) bytes: usize,
}

#[derive(Debug)]
pub(super) struct Fragment {
    number: u64,
    place: Place,
    start_ns: i64,
    end_ns: i64,
    pub(super) piece: Piece,
}

/// Where in its stream a fragment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It begins a group: decoding can begin with it.
    Key,
    /// The same, and something is missing in front of it.
    AfterGap,
    Middle,
}

impl Place {
    fn is_key(self) -> bool {
        self != Self::Middle
    }
}

impl Muxed {
    /// A muxer for the samples of a run.
    ///
    /// # Errors
    /// When the container cannot carry one of the codecs.
    pub(super) fn new(
        run: u64,
        generation: u32,
        anchor_us: WallUs,
        drift: Drift,
        spec: SegmentSpec,
    ) -> Result<Self, container::Error> {
        let (mime, tracks) = (mime(&spec.init, &spec.tracks), spec.tracks.clone());
        let container = spec.init.output;
        let start_us = anchor_us.saturating_add(spec.origin_ns / 1000);
        let mut muxer = LiveMuxer::new(spec)?;
        let init = muxer.init();
        let format =
            Format { generation, container, mime, anchor_us, drift, start_us, init, tracks };
        let (format, fragments) = (Arc::new(format), VecDeque::new());
        Ok(Self { run, muxer, format, fragments, next: 0, bytes: 0 })
    }

    /// Makes a fragment.
    pub(super) fn append(&mut self, samples: Vec<Sample>, place: Place) {
        let times = || samples.iter().map(|sample| at_ns(&self.format.tracks, sample));
        let (Some(start_ns), Some(end_ns)) = (times().min(), times().max()) else { return };
        samples.iter().cloned().for_each(|sample| self.muxer.push(sample));
        let Some(bytes) = self.muxer.fragment(place.is_key()) else { return };
        self.bytes += bytes.len();
        let piece = Piece { bytes, samples: samples.into() };
        self.fragments.push_back(Fragment { number: self.next, place, start_ns, end_ns, piece });
        self.next += 1;
        let key = self.fragments.iter().rposition(|fragment| fragment.place.is_key()).unwrap_or(0);
        let mut removable = key;
        while self.bytes > MAX_KEPT_BYTES
            && (removable > 0 || self.bytes > MAX_KEPT_BYTES + MAX_GROUP_BYTES)
            && let Some(oldest) = self.fragments.pop_front()
        {
            self.bytes -= oldest.piece.bytes.len();
            removable = removable.saturating_sub(1);
        }
    }

    /// The fragment with this number, or the one with which a viewer goes on that has none, or is
    /// too far behind.
    fn wanted(&self, next: Option<u64>) -> Option<&Fragment> {
        let newest_key = || self.fragments.iter().rfind(|fragment| fragment.place.is_key());
        let Some(next) = next else { return newest_key() };
        if next >= self.next {
            return None;
        }
        let first = self.fragments.front()?.number;
        let known = next.checked_sub(first).and_then(|at| self.fragments.get(at as usize));
        let newest_ns = self.fragments.back()?.end_ns;
        match known {
            Some(known) if newest_ns - known.start_ns <= MAX_BEHIND_NS => Some(known),
            Some(known) => newest_key().filter(|key| key.number > next).or(Some(known)),
            None => newest_key(),
        }
    }

    /// The next thing for a viewer; `None` while there is nothing new.
    pub(super) fn next(&self, cursor: &mut Cursor) -> Option<Delivery> {
        if cursor.run != Some(self.run) {
            *cursor = Cursor { run: Some(self.run), ..Cursor::default() };
            return Some(Delivery::Format(Arc::clone(&self.format)));
        }
        let fragment = self.wanted(cursor.next)?;
        let is_next = cursor.next == Some(fragment.number) && fragment.place != Place::AfterGap;
        if let Some(end_ns) = cursor.end_ns.filter(|_| !is_next && !cursor.is_told) {
            let missing_ns = (fragment.start_ns - end_ns).max(0);
            cursor.is_told = true;
            cursor.end_ns = Some(fragment.start_ns);
            cursor.next = Some(fragment.number);
            return Some(Delivery::Skipped(missing_ns / 1_000_000));
        }
        cursor.is_told = false;
        cursor.next = Some(fragment.number + 1);
        cursor.end_ns = Some(fragment.end_ns);
        Some(Delivery::Fragment(fragment.piece.clone()))
    }
}

/// When a sample is shown.
pub(super) fn at_ns(tracks: &[Track], sample: &Sample) -> i64 {
    tracks.get(sample.track).map_or(0, |track| track.to_nanos(sample.pts))
}

/// The type as a browser asks for it.
pub(super) fn mime(init: &Init, tracks: &[Track]) -> String {
    let names: Vec<String> = tracks.iter().filter_map(codec_name).collect();
    let has_video = tracks.iter().any(|track| track.kind == Kind::Video);
    let kind = if has_video { "video" } else { "audio" };
    let container = container_name(init.output);
    format!("{kind}/{container}; codecs=\"{}\"", names.join(","))
}

/// A container family by its usual short name.
pub(crate) fn container_name(container: Container) -> &'static str {
    match container {
        Container::Webm => "webm",
        Container::Mp4 => "mp4",
    }
}
