//! From one time to another.

use container::Kind;
use container::reel::{Cut, Reel, ReelError};
use proptest::prelude::*;

use super::{Run, runs, samples};
use crate::captures;
use crate::matrix::recording::Read;

fn by_track(list: &[Read], track: usize) -> Vec<Read> {
    list.iter().filter(|read| read.track == track).cloned().collect()
}

/// What lies between two times is there, once and in time, and what is in front of it begins with
/// the key frame before.
fn assert_cut(run: &Run, all: &[Read], cut: Cut) {
    let reel = match Reel::new(&run.parts, Some(cut)) {
        Ok(reel) => reel,
        Err(error) => panic!("{cut:?}: {error}"),
    };
    let found = samples(&run.bytes(&reel, 0..reel.bytes()), run.is_mp4());
    // What the cut's own zero is on the media time of the whole.
    let begins_ns = -reel.starts_ns()[0];
    assert_eq!(begins_ns, cut.from_ns - reel.preroll_ns(), "{cut:?}");
    let slack_ns = run.tolerance_ns();
    let has_video = all.iter().any(|read| read.kind == Kind::Video);
    for track in 0..run.parts[0].head.tracks().len() {
        let (whole, found) = (by_track(all, track), by_track(&found, track));
        let Some(first) = found.first() else {
            let is_inside = |read: &&Read| (cut.from_ns..cut.to_ns).contains(&read.pts_ns);
            assert_eq!(whole.iter().filter(is_inside).count(), 0, "{cut:?}, track {track}");
            continue;
        };
        let at = (0..whole.len()).find(|&at| {
            whole[at].data == first.data
                && (whole[at].pts_ns - begins_ns - first.pts_ns).abs() <= slack_ns
        });
        let at = at.unwrap_or_else(|| panic!("{cut:?}, track {track}"));
        for (n, (found, whole)) in found.iter().zip(&whole[at..]).enumerate() {
            let off_ns = found.pts_ns + begins_ns - whole.pts_ns;
            assert!(found.data == whole.data, "{cut:?}, track {track}, {n}");
            assert!(off_ns.abs() <= slack_ns, "{cut:?}, track {track}, {n}: {off_ns} ns off");
        }
        // All of it, and in MP4 nothing behind it.
        let (before, behind) = (&whole[..at], &whole[at + found.len()..]);
        let is_wanted = |read: &Read| {
            read.pts_ns >= cut.from_ns + slack_ns && read.pts_ns < cut.to_ns - slack_ns
        };
        assert!(!before.iter().chain(behind).any(is_wanted), "{cut:?}, track {track}");
        let last_ns = found.last().unwrap().pts_ns + begins_ns;
        if run.is_mp4() && first.kind == Kind::Audio {
            assert!(last_ns < cut.to_ns + slack_ns, "{cut:?}");
        }
        if first.kind == Kind::Video {
            assert!(first.sync, "{cut:?}");
            // One that is shown at the cut itself may be rounded to either side.
            let off_ns = [0, slack_ns].map(|slack_ns| {
                let is_key = |read: &&Read| read.sync && read.pts_ns <= cut.from_ns + slack_ns;
                let keys = whole.iter().filter(is_key).map(|read| read.pts_ns);
                first.pts_ns + begins_ns - keys.max().unwrap_or(whole[0].pts_ns)
            });
            let is_right = off_ns.iter().any(|off_ns| off_ns.abs() <= slack_ns);
            assert!(is_right, "{cut:?}: begins {off_ns:?} ns from its key frame");
        }
        if run.is_mp4() && first.kind == Kind::Audio && at > 0 {
            // No more of the sound than goes with the picture.
            let reach_ns = if has_video { 3_000_000_000 } else { 200_000_000 };
            assert!(first.pts_ns >= -reach_ns, "{cut:?}: {}", first.pts_ns);
        }
    }
    if run.is_mp4() {
        assert_eq!(reel.preroll_ns(), 0);
        let end_ns = cut.to_ns.min(Reel::new(&run.parts, None).unwrap().duration_ns());
        let off_ns = reel.duration_ns() - (end_ns - cut.from_ns);
        assert!(off_ns.abs() < 50_000_000, "{cut:?}: {off_ns} ns too long");
    }
}

#[test]
fn a_cut_holds_what_is_between_two_times() {
    for name in [
        "chromium-mp4-h264-opus",
        "webkit-mp4-h264-aac",
        "chromium-mkv-h264-opus",
        "chromium-webm-vp8-opus",
        "chromium-webm-vp8-video-only",
        "chromium-webm-opus-audio-only",
    ] {
        let run = runs(&captures::named(name).stream).remove(0);
        let reel = Reel::new(&run.parts, None).unwrap();
        let all = samples(&run.bytes(&reel, 0..reel.bytes()), run.is_mp4());
        let end_ns = reel.duration_ns();
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 48,
            failure_persistence: None,
            ..Default::default()
        });
        let times = (0..end_ns - 100_000_000, 50_000_000..end_ns + 1_000_000_000);
        let is_right = |(from_ns, length_ns): (i64, i64)| {
            assert_cut(&run, &all, Cut { from_ns, to_ns: from_ns + length_ns });
            Ok(())
        };
        runner.run(&times, is_right).unwrap();
        // At the borders of files.
        for &at_ns in reel.starts_ns() {
            assert_cut(&run, &all, Cut { from_ns: at_ns, to_ns: end_ns });
            if at_ns > 0 {
                assert_cut(&run, &all, Cut { from_ns: 0, to_ns: at_ns });
            }
        }
        for (from_ns, to_ns) in [
            (end_ns + 1_000_000, end_ns + 2_000_000),
            (5, 5),
            (9, 3),
            (i64::MIN, 0),
            (i64::MIN, -1),
        ] {
            let cut = Reel::new(&run.parts, Some(Cut { from_ns, to_ns }));
            assert_eq!(cut.unwrap_err(), ReelError::Empty, "{name}: {from_ns} to {to_ns}");
        }
        let everything = Cut { from_ns: i64::MIN, to_ns: i64::MAX };
        let cut = Reel::new(&run.parts, Some(everything)).unwrap();
        let bytes = cut.bytes().abs_diff(reel.bytes());
        assert!(bytes < 40_000, "{name}: {bytes}");
    }
}

/// ffmpeg hides what the edit list hides: it decodes what is between the two times and nothing else.
#[test]
fn a_decoder_shows_nothing_in_front_of_a_cut() {
    let folder = tempfile::tempdir().unwrap();
    let run = runs(&captures::named("chromium-mp4-h264-opus").stream).remove(0);
    let reel = Reel::new(&run.parts, None).unwrap();
    let all = samples(&run.bytes(&reel, 0..reel.bytes()), true);
    for (from_ns, to_ns) in [(1_700_000_000, 3_300_000_000), (2_010_000_000, 2_500_000_000)] {
        let cut = Reel::new(&run.parts, Some(Cut { from_ns, to_ns })).unwrap();
        let path = folder.path().join("cut.mp4");
        std::fs::write(&path, run.bytes(&cut, 0..cut.bytes())).unwrap();
        let shown = super::joins::pictures(&path).len();
        let video = all.iter().filter(|read| read.kind == Kind::Video);
        let wanted = video.filter(|read| (from_ns..to_ns).contains(&read.pts_ns)).count();
        // One that begins before and is still shown may be there.
        assert!((wanted..=wanted + 1).contains(&shown), "{shown} of {wanted}");
    }
}
