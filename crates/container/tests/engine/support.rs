//! Splits streams into files in memory, as a recorder does on a disk.

use std::collections::BTreeMap;

use bytes::Bytes;
use container::{
    Action, CommitRecord, Container, Demuxer, Event, FinishStep, Muxer, NANOS_PER_SECOND, Sample,
    Segmenter,
};

use crate::captures::Capture;

/// The stream in the chunks in which the browser handed it out.
pub(crate) fn chunks(capture: &Capture) -> Vec<Bytes> {
    capture.chunks().into_iter().map(Bytes::copy_from_slice).collect()
}

/// The whole stream.
pub(crate) fn stream(capture: &Capture) -> Bytes {
    capture.stream.clone().into()
}

/// One finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    pub(crate) extension: &'static str,
}

/// What came of a stream.
#[derive(Debug, Default)]
pub(crate) struct Split {
    pub(crate) files: Vec<File>,
    /// The samples of each file, as the segmenter assigned them.
    pub(crate) samples: Vec<Vec<Sample>>,
}

/// Splits a stream given in `chunks`, with a commit after each.
pub(crate) fn split(chunks: &[Bytes], seconds: f64) -> Result<Split, container::Error> {
    let segment_ns = (seconds * NANOS_PER_SECOND as f64) as i64;
    let mut demuxer = Demuxer::new();
    let mut segmenter = Segmenter::new(segment_ns);
    let mut split = Split::default();
    let mut open: BTreeMap<u64, (Muxer, Vec<u8>, Container)> = BTreeMap::new();
    let mut done: BTreeMap<u64, File> = BTreeMap::new();
    let mut samples: BTreeMap<u64, Vec<Sample>> = BTreeMap::new();
    let mut apply = |segmenter: &mut Segmenter, open: &mut BTreeMap<_, _>| {
        while let Some(action) = segmenter.poll() {
            match action {
                Action::Open { segment, spec } => {
                    let output = spec.init.output;
                    let muxer = Muxer::new(*spec, segment_ns)?;
                    open.insert(segment, (muxer, Vec::new(), output));
                }
                Action::Write { segment, sample } => {
                    samples.entry(segment).or_default().push(sample.clone());
                    let (muxer, ..): &mut (Muxer, Vec<u8>, Container) =
                        open.get_mut(&segment).unwrap();
                    muxer.push(sample);
                }
                Action::Close { segment, end_ns } => {
                    let (muxer, bytes, output) = open.remove(&segment).unwrap();
                    let bytes = finish(muxer, bytes, end_ns);
                    done.insert(segment, File { bytes, extension: output.extension() });
                }
            }
        }
        Ok(())
    };
    for chunk in chunks {
        demuxer.push(chunk.clone());
        while let Some(event) = demuxer.poll()? {
            segmenter.push(event);
            apply(&mut segmenter, &mut open)?;
        }
        let record = demuxer.resume_point().map(|point| CommitRecord {
            generation: 0,
            checkpoint: container::Checkpoint { resume: point, already: Vec::new() },
            ..CommitRecord::default()
        });
        for (muxer, bytes, _) in open.values_mut().filter(|(muxer, ..)| muxer.pending_samples() > 0)
        {
            append(bytes, muxer.commit(record.as_ref()));
        }
    }
    segmenter.finish();
    apply(&mut segmenter, &mut open)?;
    assert!(open.is_empty());
    split.files = done.into_values().collect();
    split.samples = samples.into_values().collect();
    Ok(split)
}

fn append(bytes: &mut Vec<u8>, parts: Vec<Bytes>) {
    for part in parts {
        bytes.extend_from_slice(&part);
    }
}

fn finish(mut muxer: Muxer, mut bytes: Vec<u8>, end_ns: Option<i64>) -> Vec<u8> {
    append(&mut bytes, muxer.commit(None));
    for step in muxer.finish(end_ns).0 {
        match step {
            FinishStep::WriteAt { offset, bytes: part } => {
                let offset = offset as usize;
                bytes[offset..offset + part.len()].copy_from_slice(&part);
            }
            FinishStep::Sync => {}
            FinishStep::Rewrite { front, keep_from } => {
                bytes = [&front[..], &bytes[keep_from as usize..]].concat();
            }
        }
    }
    bytes
}

/// The first file of a capture while it still grows, and the steps that would finish it. Room is
/// kept for `expected_seconds`.
pub(crate) fn unfinished(capture: &Capture, expected_seconds: f64) -> (Vec<u8>, Vec<FinishStep>) {
    let (muxer, bytes) = growing(capture, expected_seconds);
    let (steps, _) = muxer.finish(None);
    (bytes, steps)
}

/// The same file, and the muxer that would finish it.
pub(crate) fn growing(capture: &Capture, expected_seconds: f64) -> (Muxer, Vec<u8>) {
    let expected_ns = (expected_seconds * NANOS_PER_SECOND as f64) as i64;
    let mut demuxer = Demuxer::new();
    let mut segmenter = Segmenter::new(i64::MAX);
    let mut muxer = None;
    let mut bytes = Vec::new();
    demuxer.push(stream(capture));
    while let Some(event) = demuxer.poll().unwrap() {
        segmenter.push(event);
    }
    segmenter.finish();
    while let Some(action) = segmenter.poll() {
        match action {
            Action::Open { segment: 0, spec } => {
                muxer = Some(Muxer::new(*spec, expected_ns).unwrap());
            }
            Action::Write { segment: 0, sample } => muxer.as_mut().unwrap().push(sample),
            _ => {}
        }
    }
    let mut muxer = muxer.unwrap();
    append(&mut bytes, muxer.commit(None));
    (muxer, bytes)
}

/// Every sample of a stream, in order.
pub(crate) fn demux(bytes: &[u8]) -> Result<Vec<Sample>, container::Error> {
    let mut demuxer = Demuxer::new();
    demuxer.push(Bytes::copy_from_slice(bytes));
    let mut samples = Vec::new();
    while let Some(event) = demuxer.poll()? {
        if let Event::Sample(sample) = event {
            samples.push(sample);
        }
    }
    Ok(samples)
}

/// Which samples of a stream a file gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// One frame, of which nothing says how long it lasts.
    FirstSample,
    Audio,
}

/// A file that gets only some samples of a capture, though its header names all tracks. `None`
/// where there are none of the kind.
pub(crate) fn partial(capture: &Capture, wanted: Wanted) -> Option<(Muxer, Vec<u8>)> {
    let mut demuxer = Demuxer::new();
    let mut segmenter = Segmenter::new(i64::MAX);
    demuxer.push(stream(capture));
    while let Some(event) = demuxer.poll().unwrap() {
        segmenter.push(event);
    }
    segmenter.finish();
    let mut muxer = None;
    let mut pushed = 0;
    while let Some(action) = segmenter.poll() {
        match action {
            Action::Open { segment: 0, spec } => {
                muxer = Some(Muxer::new(*spec, NANOS_PER_SECOND).unwrap());
            }
            Action::Write { segment: 0, mut sample } => {
                let muxer = muxer.as_mut().unwrap();
                let is_audio = muxer.spec().tracks[sample.track].kind == container::Kind::Audio;
                let is_wanted = match wanted {
                    Wanted::FirstSample => !is_audio && pushed == 0,
                    Wanted::Audio => is_audio,
                };
                if is_wanted {
                    sample.duration = None;
                    muxer.push(sample);
                    pushed += 1;
                }
            }
            _ => {}
        }
    }
    (pushed > 0).then(|| (muxer.unwrap(), Vec::new()))
}
