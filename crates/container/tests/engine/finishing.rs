//! Files that are finished otherwise than most.

use container::FinishStep;

use crate::captures::{self, judge};
use crate::matrix::recording::apply_step;
use crate::progressive;
use crate::support::{Wanted, growing, partial, unfinished};

#[test]
fn an_index_beyond_its_room_rewrites_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut rewritten = 0;
    for capture in captures::all().into_iter().filter(|capture| capture.name.contains("mp4")) {
        // Room for no time at all, and then a file of some seconds.
        let (growing, steps) = unfinished(&capture, 0.0);
        let [FinishStep::Rewrite { front, keep_from }, ..] = &steps[..] else { continue };
        rewritten += 1;
        let file = folder.path().join(format!("{}.mp4", capture.name));
        std::fs::write(&file, [&front[..], &growing[*keep_from as usize..]].concat()).unwrap();
        judge(&capture, &[file], "1000");
    }
    assert!(rewritten >= 2);
}

/// Where nobody knew that it would be short, a file does not keep the room of a long one.
#[test]
fn a_file_with_far_too_much_room_is_rewritten() {
    let capture = captures::named("chromium-mp4-h264-opus");
    let finished = |expected_seconds: f64, is_compact: bool| {
        let (muxer, mut file) = growing(&capture, expected_seconds);
        let (steps, _) = match is_compact {
            true => muxer.finish_compact(None),
            false => muxer.finish(None),
        };
        steps.iter().for_each(|step| apply_step(&mut file, step));
        assert_eq!(container::inspect(file.clone().into()).problems, [] as [String; 0]);
        let is_rewritten = matches!(steps[0], FinishStep::Rewrite { .. });
        let samples = progressive::read(&file.clone().into()).unwrap().samples;
        (is_rewritten, file.len(), samples)
    };
    let (is_rewritten, snug_bytes, samples) = finished(5.0, true);
    assert!(!is_rewritten && !samples.is_empty());
    let (is_rewritten, roomy_bytes, roomy) = finished(3600.0, false);
    assert!(!is_rewritten && roomy_bytes > 10 * snug_bytes && roomy == samples);
    let (is_rewritten, compact_bytes, compact) = finished(3600.0, true);
    assert!(is_rewritten && compact_bytes <= snug_bytes && compact == samples);
}

#[test]
fn a_file_of_one_frame_or_of_sound_alone_has_length_and_index() {
    for capture in captures::all() {
        for wanted in [Wanted::FirstSample, Wanted::Audio] {
            let Some((mut muxer, mut bytes)) = partial(&capture, wanted) else { continue };
            for part in muxer.commit(None) {
                bytes.extend_from_slice(&part);
            }
            for step in muxer.finish(None).0 {
                if let FinishStep::WriteAt { offset, bytes: part } = step {
                    let offset = offset as usize;
                    bytes[offset..offset + part.len()].copy_from_slice(&part);
                }
            }
            let report = container::inspect(bytes.into());
            assert_eq!(report.problems, [] as [String; 0], "{} {wanted:?}", capture.name);
        }
    }
}
