//! Damaged streams give an error or fewer samples, never a panic and never endless memory.

use bytes::Bytes;
use container::{Demuxer, ErrorKind, Sample};
use proptest::prelude::*;

use crate::captures;
use crate::support::{split, stream};
use crate::writers::tools;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_damaged_stream_is_survived(
        index in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in 0.0..1.0f64,
        head_only in any::<bool>(),
    ) {
        let captures = captures::all();
        let capture = index.get(&captures);
        let mut bytes = capture.stream.to_vec();
        bytes.truncate((cut * bytes.len() as f64) as usize + 64);
        let reach = if head_only { bytes.len().min(4000) } else { bytes.len() };
        for (at, value) in damage {
            bytes[at.index(reach)] = value;
        }
        // Whatever it says, it says it in words.
        if let Err(error) = split(&[Bytes::from(bytes)], 2.0) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn noise_behind_a_signature_is_survived(
        noise in prop::collection::vec(any::<u8>(), 0..3000),
        is_mp4 in any::<bool>(),
    ) {
        let mut bytes = match is_mp4 {
            true => b"\0\0\0\x10ftypiso5\0\0\0\0".to_vec(),
            false => vec![0x1A, 0x45, 0xDF, 0xA3, 0x80],
        };
        bytes.extend(noise);
        let _ = split(&[Bytes::from(bytes)], 2.0);
    }
}

#[test]
fn a_size_field_reserves_no_memory() {
    // An Info element, and a moov, that claim to be huge.
    for head in [
        &[
            0x1A, 0x45, 0xDF, 0xA3, 0x80, 0x18, 0x53, 0x80, 0x67, 0xFF, 0x15, 0x49, 0xA9, 0x66,
            0x01, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        ][..],
        &b"\0\0\0\x08ftyp\0\0\0\x01moov\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"[..],
    ] {
        let mut demuxer = Demuxer::new();
        demuxer.push(Bytes::from_static(head));
        let error = loop {
            match demuxer.poll() {
                Ok(event) => assert!(event.is_some(), "it waits for more than there can be"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind, ErrorKind::TooLarge);
    }
}

/// A file that is meant to be read from a disk says so, wherever its index stands.
#[test]
fn a_progressive_mp4_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    for (name, flags) in [("behind.mp4", "+disable_chpl"), ("front.mp4", "+faststart")] {
        let arguments = format!("-c:v libx264 -c:a aac -movflags {flags} -f mp4");
        let stream = tools::ffmpeg(folder.path(), name, &arguments);
        for step in [1000, stream.bytes.len()] {
            let chunks: Vec<Bytes> =
                stream.bytes.chunks(step).map(Bytes::copy_from_slice).collect();
            let error = split(&chunks, 2.0).unwrap_err();
            let place = (error.offset, error.element);
            assert_eq!((error.kind, place), (ErrorKind::NotFragmented, (0, "ftyp")));
            assert!(error.to_string().contains("not fragmented"), "{error}");
        }
    }
}

/// A new header takes back what the old one announced; with fewer tracks under it the samples
/// announced before would belong to nothing.
#[test]
fn a_new_header_between_a_fragment_and_its_data_is_survived() {
    let capture = captures::named("chromium-mp4-h264-opus");
    let at = |kind: &[u8; 4], from: usize| {
        from + capture.stream[from..].windows(4).position(|four| four == kind).unwrap() - 4
    };
    let (moov, moof) = (at(b"moov", 0), at(b"moof", 0));
    let mdat = at(b"mdat", moof);
    let mut one_track = capture.stream[moov..moof].to_vec();
    let second = one_track.windows(4).rposition(|four| four == b"trak").unwrap();
    one_track[second..second + 4].copy_from_slice(b"free");
    let bytes = [&capture.stream[..mdat], &one_track, &capture.stream[mdat..mdat + 5000]].concat();
    let _ = split(&[Bytes::from(bytes)], 2.0);
}

/// A file cannot begin without them, and the next key frame has its own.
#[test]
fn a_key_frame_without_parameter_sets_is_passed_over() {
    /// Chromium's first track is the sound.
    const PICTURES: usize = 1;
    let capture = captures::all().into_iter().find(|c| c.name == "chromium-mkv-h264-opus").unwrap();
    let whole = split(&[stream(&capture)], 1e6).unwrap();
    let mut bent = capture.stream.clone();
    let at = bent.windows(5).position(|five| five == [0, 0, 0, 1, 0x67]).unwrap();
    bent[at + 4] = 0x6C;
    let made = split(&[Bytes::from(bent)], 1e6).unwrap();
    let pictures = |samples: &[Sample]| {
        samples
            .iter()
            .filter(|sample| sample.track == PICTURES)
            .map(|s| s.data.clone())
            .collect::<Vec<_>>()
    };
    let sound =
        |samples: &[Sample]| samples.iter().filter(|sample| sample.track != PICTURES).count();
    let (found, given) = (pictures(&made.samples[0]), pictures(&whole.samples[0]));
    assert!(given.ends_with(&found) && found.len() > given.len() / 2 && found.len() < given.len());
    assert_eq!(sound(&made.samples[0]), sound(&whole.samples[0]));
}
