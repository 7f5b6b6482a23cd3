//! Files that are finished otherwise than most.

use container::FinishStep;

use crate::captures::{self, judge};
use crate::support::{Wanted, partial, unfinished};

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
