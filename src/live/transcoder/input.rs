//! One track of a stream, muxed alone for ffmpeg to read.

use std::sync::Arc;

use bytes::Bytes;
use container::{Container, Init, Kind, LiveMuxer, Sample, SegmentSpec, Track};

use super::super::Format;
use super::job::Times;
use crate::clock::WallUs;

/// ffmpeg's times count from this much in front of the first sample: an encoder's delay must not
/// make them negative, which ffmpeg would correct by moving all of them.
const LEAD_US: i64 = 1_000_000;

/// Times in MPEG-TS begin again after 26 h: a run must not begin beyond that.
const MAX_SPAN_US: i64 = 12 * 3600 * 1_000_000;

/// Times in Matroska are whole milliseconds: those of the stream stay exact when they are moved by
/// as many.
const TICK_NS: i64 = 1_000_000;

/// 8K; what claims to be larger is not decoded.
const MAX_PIXELS: &str = "35389440";

/// What one run of ffmpeg works on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Source {
    pub(super) anchor_us: WallUs,
    pub(super) container: Container,
    pub(super) track: Track,
    index: usize,
}

impl Source {
    pub(super) fn of(format: &Format, index: usize) -> Self {
        let (anchor_us, container) = (format.anchor_us, format.container);
        Self { anchor_us, container, track: format.tracks[index].clone(), index }
    }

    /// What ffmpeg is told of its input.
    pub(super) fn arguments(&self) -> Vec<String> {
        let container = match self.container {
            Container::Webm => "matroska",
            Container::Mp4 => "mp4",
        };
        // The header says all; what waits to be probed, or for other threads, is late.
        let mut arguments = vec!["-analyzeduration", "0", "-probesize", "32"];
        arguments.extend(["-flags", "low_delay", "-threads", "1"]);
        match self.track.kind {
            // What has been probed is thrown away: of sound that may be.
            Kind::Audio => arguments.extend(["-fflags", "nobuffer"]),
            Kind::Video => arguments.extend(["-max_pixels", MAX_PIXELS]),
        }
        // Times stay as they are, also where the stream has holes.
        arguments.extend(["-f", container, "-i", "pipe:0", "-copyts"]);
        arguments.into_iter().map(str::to_owned).collect()
    }
}

/// Makes what ffmpeg reads.
#[derive(Debug)]
pub(super) struct Input {
    source: Source,
    muxer: Option<LiveMuxer>,
    zero_us: Option<WallUs>,
    /// Media time that is zero for ffmpeg.
    origin_ns: i64,
    /// Decode time of the newest sample.
    newest: Option<i64>,
}

impl Input {
    /// `zero_us` is the wall time that was zero for the run before.
    pub(super) fn new(source: Source, zero_us: Option<WallUs>) -> Self {
        Self { source, muxer: None, zero_us, origin_ns: 0, newest: None }
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The wall time of ffmpeg's time zero.
    pub(super) fn zero_us(&self) -> Option<WallUs> {
        self.zero_us
    }

    /// How times belong together, from the first [`Self::take`] on.
    pub(super) fn times(&self) -> Times {
        Times { anchor_us: self.source.anchor_us, origin_ns: self.origin_ns }
    }

    /// Those of the samples that belong in. What has been there already is left out: a viewer that
    /// has skipped may see it again.
    pub(super) fn own(&mut self, samples: &[Sample]) -> Vec<Sample> {
        let mut own = Vec::new();
        for sample in samples.iter().filter(|sample| sample.track == self.source.index) {
            if self.newest.is_none_or(|newest| sample.dts > newest) {
                self.newest = Some(sample.dts);
                own.push(sample.clone());
            }
        }
        own
    }

    /// The bytes of a sample for ffmpeg.
    ///
    /// # Errors
    /// When the container cannot carry the codec.
    pub(super) fn take(&mut self, sample: Sample) -> Result<Bytes, container::Error> {
        let mut begun = None;
        let muxer = match &mut self.muxer {
            Some(muxer) => muxer,
            None => {
                self.begin(&sample);
                let mut muxer = LiveMuxer::new(spec(&self.source, self.origin_ns))?;
                begun = Some(muxer.init());
                self.muxer.insert(muxer)
            }
        };
        muxer.push(Sample { track: 0, ..sample });
        let fragment = muxer.fragment(true).unwrap_or_default();
        Ok(match begun {
            Some(init) => [init, fragment].concat().into(),
            None => fragment,
        })
    }

    /// Times go on as they were in the run before, or begin anew with this sample.
    fn begin(&mut self, sample: &Sample) {
        let first_ns = self.source.track.to_nanos(sample.dts.min(sample.pts));
        let first_us = self.source.anchor_us.saturating_add(first_ns / 1000);
        let goes_on =
            |zero_us: &WallUs| (LEAD_US..MAX_SPAN_US).contains(&first_us.saturating_sub(*zero_us));
        let going_on = self.zero_us.filter(goes_on);
        let zero_us = going_on.unwrap_or(first_us.saturating_sub(LEAD_US));
        let origin_ns = zero_us.saturating_sub(self.source.anchor_us).saturating_mul(1000);
        self.zero_us = Some(zero_us);
        self.origin_ns = origin_ns.div_euclid(TICK_NS) * TICK_NS;
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

    fn source(kind: Kind) -> (Source, Vec<Sample>) {
        let (tracks, samples) = demuxed(CAPTURE);
        let index = tracks.iter().position(|track| track.kind == kind).unwrap();
        let (container, track) = (Container::Mp4, tracks[index].clone());
        (Source { anchor_us: 7_000_000_007, container, track, index }, samples)
    }

    fn taken(input: &mut Input, samples: &[Sample]) -> Vec<u8> {
        let own = input.own(samples);
        own.into_iter().flat_map(|sample| input.take(sample).unwrap()).collect()
    }

    #[test]
    fn one_track_comes_out_alone_with_its_times() {
        for kind in [Kind::Audio, Kind::Video] {
            let (source, samples) = source(kind);
            let wanted: Vec<&Sample> =
                samples.iter().filter(|sample| sample.track == source.index).collect();
            let mut input = Input::new(source.clone(), None);
            let mut stream = Vec::new();
            for batch in samples.chunks(40) {
                stream.extend(taken(&mut input, batch));
            }
            let (tracks, got) = demuxed(&stream);
            assert_eq!((tracks.len(), &tracks[0].codec), (1, &source.track.codec));
            assert_eq!(got.len(), wanted.len());
            let times = input.times();
            for (got, wanted) in got.iter().zip(&wanted) {
                assert_eq!(got.data, wanted.data);
                let at_ns = tracks[0].to_nanos(got.pts);
                let media_ns = times.media_ns(at_ns);
                let wanted_ns = source.track.to_nanos(wanted.pts);
                assert!((media_ns - wanted_ns).abs() < 50_000, "{media_ns} {wanted_ns}");
                assert_eq!(times.wall_us(at_ns), source.anchor_us + media_ns / 1000);
                assert!(at_ns >= LEAD_US * 900);
            }
        }
    }

    #[test]
    fn what_comes_again_is_left_out() {
        let (source, samples) = source(Kind::Video);
        let mut input = Input::new(source, None);
        assert!(!taken(&mut input, &samples[..100]).is_empty());
        assert!(taken(&mut input, &samples[20..100]).is_empty());
        let bytes: usize = samples[20..].iter().map(|sample| sample.data.len()).sum();
        let more = taken(&mut input, &samples[20..]);
        assert!(!more.is_empty() && more.len() < bytes);
    }

    #[test]
    fn times_go_on_in_the_next_run_and_never_become_negative() {
        let (source, samples) = source(Kind::Video);
        let at = |input: &mut Input, number: usize| {
            let sample = samples.iter().filter(|sample| sample.track == source.index).nth(number);
            let sample = sample.unwrap().clone();
            let (_, got) = demuxed(&input.take(sample.clone()).unwrap());
            let track = &source.track;
            (track.to_nanos(got[0].dts), track.to_nanos(sample.dts))
        };
        let mut first = Input::new(source.clone(), None);
        let (came_ns, was_ns) = at(&mut first, 0);
        let mut next = Input::new(source.clone(), first.zero_us());
        let (later_ns, is_ns) = at(&mut next, 50);
        assert!(((later_ns - came_ns) - (is_ns - was_ns)).abs() < 2_000_000);
        // Another generation, whose clock says that it is earlier, or days later.
        for away_s in [-60, 3 * 86_400] {
            let anchor_us = source.anchor_us + away_s * 1_000_000;
            let mut next = Input::new(Source { anchor_us, ..source.clone() }, first.zero_us());
            assert!((900_000_000..2_000_000_000).contains(&at(&mut next, 0).0), "{away_s}");
        }
    }
}
