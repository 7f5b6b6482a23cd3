//! The sound of a stream, muxed alone for ffmpeg to read.

use std::sync::Arc;

use bytes::Bytes;
use container::{Container, Init, LiveMuxer, NANOS_PER_SECOND, Sample, SegmentSpec, Track};

use super::to_convert;
use crate::clock::WallUs;
use crate::live::Format;

/// Times count from this much in front of the first sample: an encoder's delay must not make them
/// negative, which ffmpeg would correct by moving all of them.
const LEAD_NS: i64 = NANOS_PER_SECOND;

/// What one run of ffmpeg converts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Source {
    pub(super) anchor_us: WallUs,
    pub(super) container: Container,
    pub(super) track: Track,
    index: usize,
}

impl Source {
    /// The sound that has to be converted, if there is any.
    pub(super) fn of(format: &Format) -> Option<Self> {
        let (index, track) = to_convert(&format.tracks)?;
        let (anchor_us, container, track) = (format.anchor_us, format.container, track.clone());
        Some(Self { anchor_us, container, track, index })
    }

    /// How ffmpeg calls its container.
    pub(super) fn demuxer(&self) -> &'static str {
        match self.container {
            Container::Webm => "matroska",
            Container::Mp4 => "mp4",
        }
    }
}

/// Makes what ffmpeg reads.
#[derive(Debug)]
pub(super) struct Input {
    source: Source,
    muxer: Option<LiveMuxer>,
    /// Media time that is zero for ffmpeg.
    origin_ns: i64,
    newest: Option<i64>,
}

impl Input {
    pub(super) fn new(source: Source) -> Self {
        Self { source, muxer: None, origin_ns: 0, newest: None }
    }

    /// Media time that is zero for ffmpeg, from the first [`Self::take`] on.
    pub(super) fn origin_ns(&self) -> i64 {
        self.origin_ns
    }

    /// Media time up to which there is sound; `None` before the first.
    pub(super) fn newest_ns(&self) -> Option<i64> {
        self.newest.map(|pts| self.source.track.to_nanos(pts))
    }

    /// The next bytes for ffmpeg. What has been there already is left out: a viewer that has
    /// skipped may see it again.
    ///
    /// # Errors
    /// When the container cannot carry the codec.
    pub(super) fn take(&mut self, samples: &[Sample]) -> Result<Option<Bytes>, container::Error> {
        let mut begun = None;
        let newest = self.newest;
        let is_new = |sample: &&Sample| newest.is_none_or(|newest| sample.pts > newest);
        let own = samples.iter().filter(|sample| sample.track == self.source.index);
        for sample in own.filter(is_new) {
            let muxer = match &mut self.muxer {
                Some(muxer) => muxer,
                None => {
                    self.origin_ns = self.source.track.to_nanos(sample.pts) - LEAD_NS;
                    let mut muxer = LiveMuxer::new(spec(&self.source, self.origin_ns))?;
                    begun = Some(muxer.init());
                    self.muxer.insert(muxer)
                }
            };
            self.newest = self.newest.max(Some(sample.pts));
            muxer.push(Sample { track: 0, ..sample.clone() });
        }
        let fragment = self.muxer.as_mut().and_then(|muxer| muxer.fragment(true));
        Ok(match (begun, fragment) {
            (Some(init), Some(fragment)) => Some([init, fragment].concat().into()),
            (init, fragment) => init.or(fragment),
        })
    }
}

fn spec(source: &Source, origin_ns: i64) -> SegmentSpec {
    let tracks = vec![source.track.clone()];
    let (container, bytes) = (source.container, Bytes::new());
    let init = Init { source: container, output: container, tracks: tracks.clone(), bytes };
    SegmentSpec { init: Arc::new(init), tracks, origin_ns, keeps_delay: false }
}

#[cfg(test)]
mod tests {
    use container::{Demuxer, Event};

    use super::*;

    const CAPTURE: &[u8] = include_bytes!("../../../tests/captures/webkit-mp4-h264-aac.bin");

    fn demuxed(stream: &[u8]) -> (Vec<Track>, Vec<Sample>) {
        let mut demuxer = Demuxer::new();
        demuxer.push(Bytes::copy_from_slice(stream));
        let (mut tracks, mut samples) = (Vec::new(), Vec::new());
        while let Some(event) = demuxer.poll().unwrap() {
            match event {
                Event::Init(init) => tracks.clone_from(&init.tracks),
                Event::Sample(sample) => samples.push(sample),
                Event::Config { .. } => {}
            }
        }
        (tracks, samples)
    }

    fn source() -> (Source, Vec<Sample>) {
        let (tracks, samples) = demuxed(CAPTURE);
        let (index, track) = to_convert(&tracks).unwrap();
        let track = track.clone();
        (Source { anchor_us: 7, container: Container::Mp4, track, index }, samples)
    }

    #[test]
    fn the_sound_alone_comes_out_with_its_times() {
        let (source, samples) = source();
        let wanted: Vec<&Sample> =
            samples.iter().filter(|sample| sample.track == source.index).collect();
        let mut input = Input::new(source.clone());
        let mut stream = Vec::new();
        for batch in samples.chunks(40) {
            stream.extend(input.take(batch).unwrap().unwrap_or_default());
        }
        let (tracks, got) = demuxed(&stream);
        assert_eq!((tracks.len(), &tracks[0].codec), (1, &source.track.codec));
        assert_eq!(got.len(), wanted.len());
        for (got, wanted) in got.iter().zip(wanted) {
            assert_eq!(got.data, wanted.data);
            let at_ns = tracks[0].to_nanos(got.pts) + input.origin_ns();
            assert!((at_ns - source.track.to_nanos(wanted.pts)).abs() < 50_000, "{at_ns}");
        }
        let last_ns = source.track.to_nanos(samples.iter().map(|s| s.pts).max().unwrap());
        assert!(input.newest_ns().is_some_and(|newest_ns| newest_ns <= last_ns));
    }

    #[test]
    fn what_comes_again_is_left_out() {
        let (source, samples) = source();
        let mut input = Input::new(source);
        assert!(input.take(&samples[..100]).unwrap().is_some());
        assert!(input.take(&samples[20..100]).unwrap().is_none());
        let bytes: usize = samples[20..].iter().map(|sample| sample.data.len()).sum();
        let more = input.take(&samples[20..]).unwrap().unwrap();
        assert!(!more.is_empty() && more.len() < bytes);
    }
}
