//! Streams of real browsers, made small: the times and key frames are theirs, the payloads are
//! stamps that say which sample each one is.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use container::{Action, Demuxer, Event, Init, Muxer, Sample, SegmentSpec, Segmenter, Track};

use super::random::Random;

/// Every n-th sample of a capture is enough: it lasts as long and takes less work.
const KEEP_EVERY: usize = 4;

/// What a VP8 frame says of itself.
const HEAD_BYTES: usize = 10;

struct Base {
    init: Arc<Init>,
    tracks: Vec<Track>,
    samples: Vec<Sample>,
}

static BASES: LazyLock<Vec<Base>> = LazyLock::new(|| {
    let webm: &[u8] = include_bytes!("../../tests/captures/chromium-webm-vp8-opus.bin");
    let mp4: &[u8] = include_bytes!("../../tests/captures/webkit-mp4-h264-aac.bin");
    vec![base(webm), base(mp4)]
});

fn base(stream: &'static [u8]) -> Base {
    let mut demuxer = Demuxer::new();
    demuxer.push(Bytes::from_static(stream));
    let mut found = None;
    let mut tracks = Vec::new();
    let mut samples = Vec::new();
    let mut counts = [0; 2];
    while let Ok(Some(event)) = demuxer.poll() {
        match event {
            Event::Init(init) => {
                tracks.clone_from(&init.tracks);
                found = Some(init);
            }
            Event::Config { track, config } => tracks[track] = *config,
            Event::Sample(sample) => {
                let is_video = tracks[sample.track].kind == container::Kind::Video;
                counts[sample.track] += 1;
                if counts[sample.track] % KEEP_EVERY == 1 || (is_video && sample.sync) {
                    samples.push(sample);
                }
            }
        }
    }
    let init = found.unwrap();
    Base { init, tracks, samples }
}

/// What an encoder hands over, and when, in milliseconds since it began.
pub(super) struct Stream {
    pub(super) pieces: Vec<(i64, Bytes)>,
}

/// Which sample of which generation of which device a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    pub(super) device: u8,
    pub(super) generation: u8,
    pub(super) track: u8,
    pub(super) index: u32,
}

impl Stream {
    pub(super) fn new(device: u8, generation: u8, random: &mut Random) -> Self {
        Self::stretched(1, device, generation, random)
    }

    /// A stream that lasts so many times longer than what it is made of. Its tracks come side by
    /// side: a second of one and then a second of the other would be minutes apart.
    pub(super) fn stretched(factor: u32, device: u8, generation: u8, random: &mut Random) -> Self {
        let base = &BASES[random.below(2) as usize];
        let tracks = base.tracks.clone();
        let spec =
            SegmentSpec { init: Arc::clone(&base.init), tracks, origin_ns: 0, keeps_delay: true };
        let mut muxer = Muxer::new(spec, 0).unwrap();
        let mut indices = [0u32; 2];
        let mut pieces = Vec::new();
        let step_ms = 100 + random.below(900) as i64;
        let mut due_ms = step_ms;
        let mut reached_ms = 0;
        let mut samples: Vec<&Sample> = base.samples.iter().collect();
        if factor > 1 {
            samples.sort_by_key(|sample| base.tracks[sample.track].to_nanos(sample.dts));
        }
        for sample in samples {
            let sample = &Sample {
                pts: sample.pts * i64::from(factor),
                dts: sample.dts * i64::from(factor),
                duration: sample.duration.map(|ticks| ticks * i64::from(factor)),
                ..sample.clone()
            };
            let at_ms = base.tracks[sample.track].to_nanos(sample.pts) / 1_000_000;
            if at_ms > due_ms {
                pieces.push((reached_ms, muxer.commit(None).concat().into()));
                due_ms = at_ms + step_ms;
            }
            reached_ms = reached_ms.max(at_ms);
            let index = &mut indices[sample.track];
            let mut data = sample.data[..sample.data.len().min(HEAD_BYTES)].to_vec();
            data.resize(HEAD_BYTES, 0);
            data.extend([device, generation, sample.track as u8]);
            data.extend(index.to_be_bytes());
            *index += 1;
            muxer.push(Sample { data: data.into(), ..sample.clone() });
        }
        pieces.push((reached_ms, muxer.commit(None).concat().into()));
        Self { pieces }
    }
}

/// The stamp in a sample's payload; `None` in what a power cut left of one.
fn stamp(sample: &Sample) -> Option<Stamp> {
    let rest = sample.data.get(HEAD_BYTES..)?.first_chunk::<7>()?;
    let index = u32::from_be_bytes([rest[3], rest[4], rest[5], rest[6]]);
    Some(Stamp { device: rest[0], generation: rest[1], track: rest[2], index })
}

/// Every sample in a stream, or in the beginning of one, with its time in nanoseconds.
pub(super) fn samples(stream: &[u8]) -> Vec<(Stamp, i64)> {
    let mut demuxer = Demuxer::new();
    demuxer.push(Bytes::copy_from_slice(stream));
    let mut tracks = Vec::new();
    let mut found = Vec::new();
    while let Ok(Some(event)) = demuxer.poll() {
        match event {
            Event::Init(init) => tracks.clone_from(&init.tracks),
            Event::Config { .. } => {}
            Event::Sample(sample) => {
                let at_ns = tracks[sample.track].to_nanos(sample.pts);
                found.extend(stamp(&sample).map(|stamp| (stamp, at_ns)));
            }
        }
    }
    found
}

/// The files that a recorder which is never disturbed makes of a stream: of each, where it
/// begins in the generation's media, in microseconds, and the samples.
pub(super) fn undisturbed(stream: &[u8], segment_ns: i64) -> Vec<(i64, Vec<Stamp>)> {
    let mut demuxer = Demuxer::new();
    let mut segmenter = Segmenter::new(segment_ns);
    demuxer.push(Bytes::copy_from_slice(stream));
    let mut files: Vec<(i64, Vec<Stamp>)> = Vec::new();
    let mut apply = |segmenter: &mut Segmenter| {
        while let Some(action) = segmenter.poll() {
            match action {
                Action::Open { spec, .. } => files.push((spec.origin_ns / 1000, Vec::new())),
                Action::Write { sample, .. } => files.last_mut().unwrap().1.extend(stamp(&sample)),
                Action::Close { .. } => {}
            }
        }
    };
    while let Ok(Some(event)) = demuxer.poll() {
        segmenter.push(event);
        apply(&mut segmenter);
    }
    segmenter.finish();
    apply(&mut segmenter);
    files
}

/// The samples of a file on the disk, growing or finished, as a player that reads it from the
/// start finds them.
pub(super) fn file_samples(file: &[u8]) -> Vec<(Stamp, i64)> {
    let is_mp4 = file.get(4..8) == Some(b"ftyp");
    if !is_mp4 {
        return samples(file);
    }
    // The fragments stay inside a finished file, behind the index.
    let ftyp_bytes = u32::from_be_bytes(*file.first_chunk().unwrap()) as usize;
    let Some(mvex) = find_last(file, b"mvex") else { return Vec::new() };
    let Some(moov) = find_last(&file[..mvex], b"moov") else { return Vec::new() };
    samples(&[&file[..ftyp_bytes], &file[moov - 4..]].concat())
}

fn find_last(bytes: &[u8], kind: &[u8; 4]) -> Option<usize> {
    bytes.windows(4).rposition(|window| window == kind)
}
