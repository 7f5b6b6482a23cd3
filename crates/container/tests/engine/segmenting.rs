//! Where samples go when a track stalls.

use container::{Action, Demuxer, Event, Kind, NANOS_PER_SECOND, Segmenter};

use crate::captures;
use crate::support::stream;

/// Sound goes on for hours in front of a lens cap. Were its samples held back until the next
/// frame, nothing would be acknowledged any more.
#[test]
fn samples_are_settled_within_a_second_when_video_stalls() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let mut demuxer = Demuxer::new();
    let mut segmenter = Segmenter::new(4 * NANOS_PER_SECOND);
    demuxer.push(stream(&capture));
    let mut tracks = Vec::new();
    let (mut written, mut opened, mut audio_after_stall) = (0, 0, 0);
    while let Some(event) = demuxer.poll().unwrap() {
        match &event {
            Event::Init(init) => tracks.clone_from(&init.tracks),
            Event::Config { .. } => {}
            Event::Sample(sample) => {
                let track = &tracks[sample.track];
                let stalled = track.to_nanos(sample.pts) > 3 * NANOS_PER_SECOND;
                if stalled && track.kind == Kind::Video {
                    continue;
                }
                audio_after_stall += u64::from(stalled);
            }
        }
        segmenter.push(event);
        while let Some(action) = segmenter.poll() {
            written += u64::from(matches!(action, Action::Write { .. }));
            opened += u64::from(matches!(action, Action::Open { .. }));
        }
        // A second of packets of 60 ms.
        assert!(segmenter.pushed_samples() - segmenter.settled_samples() <= 18);
        assert!(written >= segmenter.settled_samples());
    }
    assert!(audio_after_stall > 200 && opened == 1);
    segmenter.finish();
    written += std::iter::from_fn(|| segmenter.poll())
        .filter(|action| matches!(action, Action::Write { .. }))
        .count() as u64;
    assert_eq!(written, segmenter.pushed_samples());
}
