//! Heads that lie.

use std::sync::Arc;

use bytes::Bytes;
use container::ErrorKind;
use container::reel::{Cut, Head, HeadReader, HeadStep, Part, Reel, ReelError};
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

/// Where these bytes stand first.
fn place(file: &[u8], of: &[u8]) -> usize {
    file.windows(of.len()).position(|bytes| bytes == of).unwrap()
}

/// The head of a file that is said to be longer than what is there of it, which is zeros then.
fn sparse_head(file: &[u8], file_bytes: u64) -> Result<Head, container::Error> {
    let mut reader = HeadReader::new(file_bytes);
    loop {
        match reader.poll()? {
            HeadStep::Need { offset, bytes } => {
                let there = file.get(offset as usize..).unwrap_or_default();
                let mut some = there[..bytes.min(there.len())].to_vec();
                some.resize(bytes, 0);
                reader.give(some.into());
            }
            HeadStep::Done(head) => return Ok(head),
        }
    }
}

/// The last box of an MP4 reaches to here.
fn with_media_up_to(file: &[u8], media_at: u64, file_bytes: u64) -> Vec<u8> {
    let mut file = file.to_vec();
    let size = file_bytes - (media_at - 16);
    file[media_at as usize - 8..media_at as usize].copy_from_slice(&size.to_be_bytes());
    file
}

#[test]
fn a_size_that_all_samples_have_is_not_counted_forever() {
    let run = runs(&captures::named("chromium-mp4-h264-opus").stream).remove(0);
    let media_at = run.parts[0].head.media().start;
    let mut file = with_media_up_to(&run.files[0].finished, media_at, 1 << 62);
    // Four thousand million samples of one byte, in a file that has room for them.
    let stsz = place(&file, b"stsz") + 8;
    file[stsz..stsz + 8].copy_from_slice(&[0, 0, 0, 1, 255, 255, 255, 255]);
    assert_eq!(sparse_head(&file, 1 << 62).unwrap_err().kind, ErrorKind::TooLarge);
}

#[test]
fn files_that_are_longer_together_than_one_can_be_are_told() {
    let run = runs(&captures::named("chromium-mp4-h264-opus").stream).remove(0);
    let media_at = run.parts[0].head.media().start;
    let bytes = (1 << 62) + 1;
    let file = with_media_up_to(&run.files[0].finished, media_at, bytes);
    let head: Arc<Head> = sparse_head(&file, bytes).unwrap().into();
    let part = || Part { head: head.clone(), follows: None };
    assert!(Reel::new(&[part()], None).is_ok());
    for parts in 2..7 {
        let parts: Vec<Part> = (0..parts).map(|_| part()).collect();
        assert_eq!(Reel::new(&parts, None).unwrap_err(), ReelError::TooLong);
    }
}

#[test]
fn a_segment_holds_its_clusters_and_one_index() {
    let run = runs(&captures::named("chromium-webm-vp8-opus").stream).remove(0);
    let file = &run.files[1].finished;
    let size_at = place(file, &[0x18, 0x53, 0x80, 0x67]) + 4;
    let media_at = run.parts[1].head.media().start;
    let data_at = size_at as u64 + 8;
    // It ends where its first cluster begins, inside its index, and inside that cluster.
    for size in [media_at - data_at, media_at - data_at - 9, media_at - data_at + 9] {
        let mut bent = file.clone();
        bent[size_at..size_at + 8].copy_from_slice(&(size | 1 << 56).to_be_bytes());
        assert_eq!(head(&bent).0.unwrap_err().kind, ErrorKind::Truncated, "{size}");
    }
    // The Void behind the Cues becomes Cues, too.
    let mut bent = file.clone();
    let front = &file[..media_at as usize];
    let void = (0..front.len()).rfind(|&at| {
        front[at] == 0xEC && element_end(&front[at..]).is_some_and(|end| at + end == front.len())
    });
    let void = void.unwrap();
    let size = (front.len() - void - 12) as u64;
    bent[void..void + 4].copy_from_slice(&[0x1C, 0x53, 0xBB, 0x6B]);
    bent[void + 4..void + 12].copy_from_slice(&(size | 1 << 56).to_be_bytes());
    assert_eq!(head(&bent).0.unwrap_err().kind, ErrorKind::NotFinished);
}

/// Where an element with an id of one byte ends.
fn element_end(bytes: &[u8]) -> Option<usize> {
    let len = bytes.get(1)?.leading_zeros() as usize + 1;
    let digits = bytes.get(1..1 + len)?;
    let size = digits.iter().fold(0u64, |size, &digit| size << 8 | u64::from(digit));
    let size = size & ((1u64 << (7 * len)) - 1);
    usize::try_from(size).ok()?.checked_add(1 + len)
}

/// A decoder is told once what the samples are like.
#[test]
fn files_with_other_settings_are_told() {
    // The level of H.264; the gain of Opus.
    let settings =
        [("chromium-mp4-h264-opus", &b"avcC"[..], 7), ("chromium-webm-vp8-opus", b"OpusHead", 16)];
    for (name, of, behind) in settings {
        let run = runs(&captures::named(name).stream).remove(0);
        let mut parts = run.parts.clone();
        let mut bent = run.files[1].finished.clone();
        let at = place(&bent, of) + behind;
        bent[at] ^= 1;
        parts[1].head = head(&bent).0.unwrap().into();
        let different = ReelError::Different { part: 1 };
        assert_eq!(Reel::new(&parts, None).unwrap_err(), different, "{name}");
        assert!(Reel::new(&parts[1..2], None).is_ok(), "{name}");
    }
}

#[test]
fn a_head_that_is_no_finished_files_is_told() {
    let bent = |name: &str, bend: &dyn Fn(&mut Vec<u8>)| {
        let mut file = runs(&captures::named(name).stream)[0].files[1].finished.clone();
        bend(&mut file);
        head(&file).0.unwrap_err().kind
    };
    let mp4 = "chromium-mp4-h264-opus";
    // A chunk that lies in the index; a chunk under another description.
    let chunk = |of: &'static [u8], behind: usize, value: u8| {
        move |file: &mut Vec<u8>| {
            let at = place(file, of) + 12 + behind;
            file[at..at + 4].copy_from_slice(&[0, 0, 0, value]);
        }
    };
    assert_eq!(bent(mp4, &chunk(b"stco", 0, 9)), ErrorKind::Malformed);
    assert_eq!(bent(mp4, &chunk(b"stsc", 8, 2)), ErrorKind::Malformed);
    // An index behind which fragments follow.
    let continued = |file: &mut Vec<u8>| {
        let second = place(file, b"trak") + 4;
        let at = second + place(&file[second..], b"trak");
        file[at..at + 4].copy_from_slice(b"mvex");
    };
    assert_eq!(bent(mp4, &continued), ErrorKind::NotFinished);
    // Ticks that are no milliseconds.
    let other_ticks = |file: &mut Vec<u8>| {
        let at = place(file, &[0x2A, 0xD7, 0xB1]) + 6;
        file[at] ^= 1;
    };
    assert_eq!(bent("chromium-webm-vp8-opus", &other_ticks), ErrorKind::NotFinished);
}
