//! What holds for every chunking and every segment length.

use bytes::Bytes;
use proptest::prelude::*;

use crate::captures::{self, Capture};
use crate::support::{demux, split, stream};

fn by_track(samples: &[container::Sample], track: usize) -> Vec<(i64, i64, bool, Bytes, Bytes)> {
    let own = samples.iter().filter(|sample| sample.track == track);
    own.map(|s| (s.pts, s.dts, s.sync, s.data.clone(), s.block_extra.clone())).collect()
}

/// Cuts the stream after each of the given fractions of it.
fn chunks(capture: &Capture, cuts: &[f64]) -> Vec<Bytes> {
    let len = capture.stream.len();
    let mut ends: Vec<usize> = cuts.iter().map(|cut| (cut * len as f64) as usize).collect();
    ends.push(len);
    ends.sort_unstable();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let stream = stream(capture);
    starts.zip(&ends).map(|(start, &end)| stream.slice(start..end)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    #[test]
    fn samples_out_are_samples_in(
        index in any::<prop::sample::Index>(),
        cuts in prop::collection::vec(0.0..1.0, 0..40),
        seconds in 0.5..20.0f64,
    ) {
        let captures = captures::all();
        let capture = index.get(&captures);
        let all = demux(&capture.stream).unwrap();
        let split = split(&chunks(capture, &cuts), seconds).unwrap();
        let out: Vec<_> = split.samples.concat();
        for track in 0..2 {
            prop_assert!(by_track(&out, track) == by_track(&all, track), "{}", capture.name);
        }
        for (file, samples) in split.files.iter().zip(&split.samples) {
            // Audio may come first; the first sample of every track decodes by itself.
            for track in 0..2 {
                let first = samples.iter().find(|sample| sample.track == track);
                prop_assert!(first.is_none_or(|sample| sample.sync), "{}", capture.name);
            }
            let report = container::inspect(file.bytes.clone().into());
            prop_assert!(report.problems.is_empty(), "{}: {:?}", capture.name, report.problems);
            let counted: u64 = report.tracks.iter().map(|track| track.samples).sum();
            prop_assert_eq!(counted, samples.len() as u64);
        }
    }
}
