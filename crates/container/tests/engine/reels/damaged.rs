//! Heads that lie.

use std::sync::Arc;

use bytes::Bytes;
use container::ErrorKind;
use container::reel::{Cut, Head, HeadReader, HeadStep, Part, Reel};
use proptest::prelude::*;

use super::{bytes, head, runs};
use crate::captures;

/// Bytes that are other ones, and what is said of times.
type Bent = (Vec<(usize, u8)>, Option<i64>, Option<(i64, i64)>);

/// What is read in front of the media, and a few headers behind that.
#[test]
fn a_head_takes_little_of_a_file() {
    for (name, most) in [("chromium-webm-vp8-opus", 8 << 10), ("chromium-mp4-h264-opus", 16 << 10)]
    {
        let runs = runs(&captures::named(name).stream);
        for file in &runs[0].files {
            let (head, asked) = head(&file.finished);
            assert!(asked < most + 4000, "{name}: {asked}");
            assert!(head.unwrap().media().end == file.finished.len() as u64);
        }
    }
}

#[test]
fn what_is_no_finished_file_is_told() {
    for name in ["chromium-webm-vp8-opus", "chromium-mp4-h264-opus"] {
        let runs = runs(&captures::named(name).stream);
        let file = &runs[0].files[1];
        assert_eq!(head(&file.growing).0.unwrap_err().kind, ErrorKind::NotFinished, "{name}");
        for len in (0..file.finished.len() - 1).step_by(97) {
            let error = head(&file.finished[..len]).0.unwrap_err();
            assert!(error.offset <= len as u64 && !error.to_string().is_empty(), "{name}, {len}");
        }
        // One that becomes shorter while it is read.
        let mut reader = HeadReader::new(file.finished.len() as u64);
        let error = loop {
            match reader.poll() {
                Ok(HeadStep::Need { offset, bytes }) => {
                    let end = (offset as usize + bytes).min(300);
                    let from = (offset as usize).min(end);
                    reader.give(Bytes::copy_from_slice(&file.finished[from..end]));
                }
                Ok(HeadStep::Done(_)) => panic!("{name}"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error.kind, ErrorKind::Truncated | ErrorKind::Malformed), "{error}");
    }
    assert_eq!(head(b"no media at all").0.unwrap_err().kind, ErrorKind::NotMedia);
}

/// Whatever the heads say, a reel is made of bytes that its files have, or it is told.
#[test]
fn damaged_heads_do_no_harm() {
    for name in ["chromium-webm-vp8-opus", "chromium-mp4-h264-opus", "webkit-mp4-h264-aac"] {
        let run = runs(&captures::named(name).stream).remove(0);
        let files: Vec<&[u8]> = run.files.iter().map(|file| &*file.finished).collect();
        let front = run.parts[1].head.media().start as usize + 100;
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 400,
            failure_persistence: None,
            ..Default::default()
        });
        let flips = (
            prop::collection::vec((0..front, any::<u8>()), 1..5),
            any::<Option<i64>>(),
            any::<Option<(i64, i64)>>(),
        );
        let is_harmless = |(flips, follows, cut): Bent| {
            let mut bent = files[1].to_vec();
            for (at, value) in flips {
                bent[at] = value;
            }
            let Ok(own) = head(&bent).0 else { return Ok(()) };
            let own: Arc<Head> = own.into();
            let media = own.media();
            prop_assert!(media.start < media.end && media.end <= bent.len() as u64);
            let mut parts = run.parts.clone();
            parts[1] = Part { head: own, follows: parts[1].follows };
            parts[2].follows = follows;
            let cut = cut.map(|(from_ns, to_ns)| Cut { from_ns, to_ns });
            let mut files = files.clone();
            files[1] = &bent;
            for (from, to, cut) in [(0, parts.len(), None), (1, 2, None), (0, parts.len(), cut)] {
                let Ok(reel) = Reel::new(&parts[from..to], cut) else { continue };
                let whole = bytes(&reel, &files[from..to], 0..reel.bytes());
                if let Ok(whole) = whole {
                    prop_assert_eq!(whole.len() as u64, reel.bytes());
                }
            }
            Ok(())
        };
        runner.run(&flips, is_harmless).unwrap();
    }
}
