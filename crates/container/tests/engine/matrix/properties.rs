//! What must hold for every dialect. A property that does not hold panics with what it found.

use std::path::Path;

use bytes::Bytes;
use container::{Container, Demuxer, Event, FinishStep, Kind, LiveMuxer, Sample, SegmentSpec};

use super::recording::{File, Read, Recording, apply_step, read, record};
use crate::captures::{Capture, judge};
use crate::reopening;
use crate::writers::{Expected, Stream};

/// Shorter than two groups of pictures, so that streams of some seconds become several files.
pub(crate) const SEGMENT_NS: i64 = 1_500_000_000;
pub(crate) const CHUNK_BYTES: usize = 9001;

pub(crate) struct Case<'a> {
    pub(crate) name: &'a str,
    pub(crate) stream: &'a Stream,
    pub(crate) folder: &'a Path,
    pub(crate) segment_ns: i64,
    pub(crate) chunk_bytes: usize,
}

impl Case<'_> {
    fn chunks(&self) -> Vec<Bytes> {
        self.stream.bytes.chunks(self.chunk_bytes).map(Bytes::copy_from_slice).collect()
    }

    pub(super) fn record(&self) -> Recording {
        record(&self.chunks(), self.segment_ns).unwrap()
    }

    /// By init segment, what the files must hold.
    fn expected(&self) -> Vec<Vec<Expected>> {
        let Some(expected) = &self.stream.expected else { return found(&self.stream.bytes) };
        expected.clone()
    }
}

/// What the engine finds in a stream, by init segment.
fn found(stream: &[u8]) -> Vec<Vec<Expected>> {
    let mut groups: Vec<Vec<Expected>> = Vec::new();
    let mut tracks = Vec::new();
    for event in events([Bytes::copy_from_slice(stream)]) {
        match event {
            Event::Init(init) => {
                tracks.clone_from(&init.tracks);
                groups.push(Vec::new());
            }
            Event::Config { .. } => {}
            Event::Sample(Sample { track, pts, sync, data, .. }) => {
                let pts_ns = tracks[track].to_nanos(pts);
                groups.last_mut().unwrap().push(Expected { track, pts_ns, sync, data });
            }
        }
    }
    groups
}

fn events(chunks: impl IntoIterator<Item = Bytes>) -> Vec<Event> {
    let mut demuxer = Demuxer::new();
    let mut events = Vec::new();
    for chunk in chunks {
        demuxer.push(chunk);
        while let Some(event) = demuxer.poll().unwrap() {
            events.push(event);
        }
    }
    assert_eq!(demuxer.incomplete_bytes(), 0, "the stream ends inside something");
    events
}

/// The demuxer finds what the recorder wrote, at its times.
pub(crate) fn samples_are_those_of_the_recorder(case: &Case<'_>) {
    let (found, expected) = (found(&case.stream.bytes), case.expected());
    assert_eq!(found.len(), expected.len(), "init segments");
    for (found, expected) in found.iter().zip(&expected) {
        for track in 0..2 {
            let own = |all: &[Expected]| -> Vec<Expected> {
                all.iter().filter(|sample| sample.track == track).cloned().collect()
            };
            let (found, expected) = (own(found), own(expected));
            assert_eq!(found.len(), expected.len(), "samples of track {track}");
            for (n, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert!(found.data == expected.data, "track {track}, sample {n}: its bytes");
                assert_eq!(found.sync, expected.sync, "track {track}, sample {n}: sync");
                let off = (found.pts_ns - expected.pts_ns).abs();
                assert!(off <= 1, "track {track}, sample {n}: {off} ns off");
            }
        }
    }
}

/// However the stream is cut into chunks, the events are the same.
pub(crate) fn any_chunks(case: &Case<'_>) {
    let stream = Bytes::copy_from_slice(&case.stream.bytes);
    let whole = events([stream.clone()]);
    assert!(whole.len() > 1);
    for step in [1, 7, 4096, 20_011] {
        let pieces = case.stream.bytes.chunks(step).map(Bytes::copy_from_slice);
        assert!(events(pieces) == whole, "chunks of {step} bytes");
    }
    // A cut in every place of the stream's beginning, where headers are.
    for at in 0..stream.len().min(700) {
        assert!(events([stream.slice(..at), stream.slice(at..)]) == whole, "cut at {at}");
    }
}

fn own<'a>(all: impl IntoIterator<Item = &'a Read>, track: usize) -> Vec<&'a Read> {
    all.into_iter().filter(|sample| sample.track == track).collect()
}

/// What of a track can be shown: from its first sync sample on.
fn decodable(expected: &[Expected], track: usize) -> Vec<&Expected> {
    let own = expected.iter().filter(|sample| sample.track == track);
    own.skip_while(|sample| !sample.sync).collect()
}

/// The finished files together hold every sample of the stream, in order, and none twice.
pub(crate) fn files_hold_every_sample(case: &Case<'_>) {
    let recording = case.record();
    assert!(!recording.files.is_empty());
    let mut undecodable = 0;
    for (group, expected) in case.expected().iter().enumerate() {
        let files: Vec<&File> = recording.files.iter().filter(|f| f.group == group).collect();
        let read: Vec<Read> = files.iter().flat_map(|file| file.read_finished()).collect();
        for track in 0..2 {
            let (read, wanted) = (own(&read, track), decodable(expected, track));
            assert_eq!(read.len(), wanted.len(), "samples of track {track}");
            let all = expected.iter().filter(|sample| sample.track == track).count();
            undecodable += all - wanted.len();
            for (n, (read, wanted)) in read.iter().zip(wanted).enumerate() {
                assert!(read.data == wanted.data, "track {track}, sample {n}: its bytes");
                assert_eq!(read.sync, wanted.sync, "track {track}, sample {n}: sync");
            }
        }
    }
    assert_eq!(recording.undecodable, undecodable as u64, "what cannot be shown is counted");
    for file in &recording.files {
        let report = container::inspect(file.finished.clone().into());
        assert_eq!(report.problems, [] as [String; 0]);
    }
}

/// One clock through all files of a stream.
pub(crate) fn one_clock(case: &Case<'_>) {
    let recording = case.record();
    let clamped: u64 = recording.files.iter().map(|file| file.clamped).sum();
    assert_eq!((recording.breaks, recording.moved, clamped), (0, 0, 0), "breaks, moved, clamped");
    for (group, expected) in case.expected().iter().enumerate() {
        for track in 0..2 {
            let mut wanted = decodable(expected, track).into_iter();
            for file in recording.files.iter().filter(|file| file.group == group) {
                for read in own(&file.read_finished(), track) {
                    assert_time(file, read, wanted.next().unwrap());
                }
            }
        }
    }
}

fn assert_time(file: &File, read: &Read, wanted: &Expected) {
    // No file knows a time in front of its own zero.
    let wanted_ns = match read.kind {
        Kind::Audio if !file.is_mp4() => {
            wanted.pts_ns.max(file.spec.origin_ns - delay_ns(file, read))
        }
        _ => wanted.pts_ns,
    };
    let off_ns = (read.pts_ns - wanted_ns).abs();
    let tick_ns = file.tick_ns(read.track);
    let (track, at) = (read.track, wanted.pts_ns);
    assert!(off_ns <= tick_ns, "track {track} at {at} ns: {off_ns} ns off");
}

fn delay_ns(file: &File, read: &Read) -> i64 {
    let track = &file.spec.tracks[read.track];
    if file.spec.keeps_delay { track.to_nanos(track.delay) } else { 0 }
}

/// The first picture of each file decodes by itself.
pub(crate) fn files_begin_with_a_sync_sample(case: &Case<'_>) {
    for (n, file) in case.record().files.iter().enumerate() {
        let read = file.read_finished();
        for track in 0..2 {
            let first = own(&read, track).first().map(|first| first.sync);
            assert_ne!(first, Some(false), "file {n}, track {track}");
        }
    }
}

/// At every instant a growing file plays, and holds a prefix of the file's samples at their times.
pub(crate) fn growing_files_hold_a_prefix(case: &Case<'_>) {
    for (n, file) in case.record().files.iter().enumerate() {
        let all = file.read_finished();
        let mut before = 0;
        for &len in &file.commits {
            // Whole, and torn at some places inside of the last write.
            let torn = [1, 3, 5, 7].map(|eighths| before + (len - before) * eighths / 8);
            let front = file.growing.windows(4).position(begins_media).unwrap_or(0);
            for at in torn.into_iter().chain([len]).filter(|&at| at > front) {
                let read = file.to_stream(read(&file.growing[..at]));
                assert!(at < len || !read.is_empty(), "file {n}: nothing at {at}");
                for track in 0..2 {
                    let (some, all) = (own(&read, track), own(&all, track));
                    assert!(some.len() <= all.len(), "file {n}, track {track}: too much");
                    for (some, all) in some.iter().zip(&all) {
                        assert!(some.data == all.data && some.sync == all.sync);
                        let off_ns = (some.pts_ns - all.pts_ns).abs();
                        assert!(
                            off_ns <= file.tick_ns(track),
                            "file {n} at {at}, track {track}: {} is {off_ns} ns off",
                            all.pts_ns
                        );
                    }
                }
            }
            before = len;
        }
    }
}

fn begins_media(four: &[u8]) -> bool {
    four == [0x1F, 0x43, 0xB6, 0x75] || four == b"moof"
}

/// Finishing a file that is interrupted at any write leaves the growing or the finished one.
pub(crate) fn finishing_can_be_interrupted(case: &Case<'_>) {
    for file in case.record().files {
        let growing = read(&file.growing);
        let mut now = file.growing.clone();
        let last = file.steps.iter().rposition(|step| *step != FinishStep::Sync).unwrap();
        for (index, step) in file.steps.iter().enumerate() {
            if let FinishStep::WriteAt { offset, bytes } = step
                && index < last
            {
                for len in [0, 1, bytes.len() / 3, bytes.len() - 1] {
                    let mut torn = now.clone();
                    torn[*offset as usize..][..len].copy_from_slice(&bytes[..len]);
                    assert!(read(&torn) == growing, "torn after {len} bytes");
                }
            }
            apply_step(&mut now, step);
            if index < last {
                assert!(read(&now) == growing, "after step {index}");
            }
        }
        assert!(now == file.finished);
    }
}

/// Live fragments hold the same samples at the same times.
pub(crate) fn live_fragments_hold_the_same(case: &Case<'_>) {
    let mut spec: Option<SegmentSpec> = None;
    let mut samples = Vec::new();
    for event in events([Bytes::copy_from_slice(&case.stream.bytes)]) {
        match event {
            Event::Init(init) => {
                assert_live(spec.take(), &std::mem::take(&mut samples));
                let tracks = init.tracks.clone();
                spec = Some(SegmentSpec { init, tracks, origin_ns: 0, keeps_delay: false });
            }
            // A viewer gets a new init segment.
            Event::Config { track, config } => {
                let mut next = spec.clone().unwrap();
                next.tracks[track] = *config;
                assert_live(spec.replace(next), &std::mem::take(&mut samples));
            }
            Event::Sample(sample) => samples.push(sample),
        }
    }
    assert_live(spec, &samples);
}

fn assert_live(spec: Option<SegmentSpec>, samples: &[Sample]) {
    let Some(mut spec) = spec else { return };
    // A viewer waits for the first picture, which may bring its configuration.
    let has_video = spec.tracks.iter().any(|track| track.kind == Kind::Video);
    let leads = |sample: &Sample| {
        sample.sync && (spec.tracks[sample.track].kind == Kind::Video || !has_video)
    };
    let Some(from) = samples.iter().position(leads) else { return };
    let samples = &samples[from..];
    let first = &samples[0];
    spec.origin_ns = spec.tracks[first.track].to_nanos(first.pts);
    let mut muxer = LiveMuxer::new(spec.clone()).unwrap();
    let mut stream = muxer.init().to_vec();
    for batch in samples.chunks(7) {
        let begins_group = leads(&batch[0]);
        batch.iter().cloned().for_each(|sample| muxer.push(sample));
        stream.extend(muxer.fragment(begins_group).unwrap());
    }
    let got = read(&stream);
    for (index, track) in spec.tracks.iter().enumerate() {
        let wanted: Vec<&Sample> = samples.iter().filter(|s| s.track == index).collect();
        let got = own(&got, index);
        assert_eq!(got.len(), wanted.len(), "track {index}");
        for (got, wanted) in got.iter().zip(wanted) {
            assert!(got.data == wanted.data && got.sync == wanted.sync, "track {index}");
            let wanted_ns = track.to_nanos(wanted.pts) - spec.origin_ns;
            let off_ns = (got.pts_ns - wanted_ns).abs();
            let tick_ns = match spec.init.output {
                Container::Webm => 1_000_000,
                Container::Mp4 => 1_000_000_000 / i64::from(track.timescale.min(8000)) + 1,
            };
            // What is heard before the first picture stands at its beginning.
            assert!(off_ns <= tick_ns || wanted_ns < 0, "track {index}: {off_ns} ns off");
        }
    }
}

/// A recorder that is killed goes on inside the growing file, as if nothing had been.
pub(crate) fn a_killed_recorder_goes_on(case: &Case<'_>) {
    reopening::goes_on(case.name, &case.chunks(), &case.stream.bytes);
}

/// ffprobe, ffmpeg and mkvinfo find in the files what they find in the stream.
pub(crate) fn other_tools_agree(case: &Case<'_>) {
    let recording = case.record();
    let mut files = Vec::new();
    let mut extension = "";
    for (index, file) in recording.files.iter().enumerate() {
        extension = file.spec.init.output.extension();
        let path = case.folder.join(format!("{}_{index:02}.{extension}", case.name));
        std::fs::write(&path, &file.finished).unwrap();
        files.push(path);
    }
    let path = case.folder.join(format!("{}.original.{extension}", case.name));
    std::fs::write(&path, &case.stream.bytes).unwrap();
    let seconds = (case.segment_ns as f64 / 1e9).to_string();
    judge(&Capture::stored(case.name, path, &case.stream.bytes), &files, &seconds);
}
