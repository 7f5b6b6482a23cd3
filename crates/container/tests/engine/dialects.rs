//! What real browsers sent becomes files that independent tools accept.

use bytes::Bytes;

use crate::captures::{self, Capture, judge};
use crate::support::{chunks, demux, split, stream};

/// Short files, so that captures of some seconds become several.
const SEGMENT_SECONDS: f64 = 4.0;

#[test]
fn however_a_stream_is_cut_into_chunks_the_samples_are_the_same() {
    for capture in captures::all() {
        let whole = split(&[stream(&capture)], SEGMENT_SECONDS).unwrap();
        let chunked = split(&chunks(&capture), SEGMENT_SECONDS).unwrap();
        let bytewise: Vec<Bytes> =
            capture.stream.iter().map(|&byte| Bytes::copy_from_slice(&[byte])).collect();
        assert!(whole.files.len() >= 2, "{}", capture.name);
        assert!(whole.samples == chunked.samples, "{}", capture.name);
        let mut demuxer = container::Demuxer::new();
        let mut samples = Vec::new();
        for byte in bytewise {
            demuxer.push(byte);
            while let Some(event) = demuxer.poll().unwrap() {
                if let container::Event::Sample(sample) = event {
                    samples.push(sample);
                }
            }
        }
        assert!(samples == demux(&capture.stream).unwrap(), "{}", capture.name);
        assert_eq!(demuxer.incomplete_bytes(), 0, "{}", capture.name);
    }
}

#[test]
fn independent_tools_find_every_sample_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for capture in captures::all() {
        let split = split(&chunks(&capture), SEGMENT_SECONDS).unwrap();
        let mut files = Vec::new();
        for (index, file) in split.files.iter().enumerate() {
            let name = format!("{}_{index}.{}", capture.name, file.extension);
            let path = folder.path().join(name);
            std::fs::write(&path, &file.bytes).unwrap();
            files.push(path);
        }
        judge(&capture, &files, "4");
    }
}

#[test]
fn a_growing_file_holds_a_prefix_of_its_samples() {
    for capture in captures::all() {
        let split = split(&chunks(&capture), 1000.0).unwrap();
        assert!(!split.growing.is_empty(), "{}", capture.name);
        for (segment, bytes) in &split.growing {
            let samples = demux(bytes).unwrap_or_else(|error| panic!("{}: {error}", capture.name));
            assert_prefix(&capture, &samples, &split.samples[*segment]);
        }
    }
}

/// Track by track, since a file orders its tracks by time.
fn assert_prefix(capture: &Capture, samples: &[container::Sample], all: &[container::Sample]) {
    assert!(!samples.is_empty(), "{}", capture.name);
    for track in 0..2 {
        let of = |samples: &[container::Sample]| -> Vec<Bytes> {
            let own = samples.iter().filter(|sample| sample.track == track);
            own.map(|sample| sample.data.clone()).collect()
        };
        let (some, all) = (of(samples), of(all));
        assert!(some.len() <= all.len() && some == all[..some.len()], "{}", capture.name);
    }
}

/// Matroska tells no decode times, and MP4 needs them: frames shown out of order keep both.
#[test]
fn frames_in_another_order_than_they_are_shown_keep_their_times() {
    let folder = tempfile::tempdir().unwrap();
    let capture = captures::made(
        folder.path(),
        "b-frames.mkv",
        "-f lavfi -i testsrc2=s=320x240:r=30:d=6 -c:v libx264 -bf 3 -g 60 -f matroska",
    );
    let split = split(&chunks(&capture), 1000.0).unwrap();
    let file = folder.path().join("out.mp4");
    std::fs::write(&file, &split.files[0].bytes).unwrap();
    judge(&capture, &[file], "1000");
}

#[test]
fn segments_shorter_than_fragments_keep_every_sample() {
    let folder = tempfile::tempdir().unwrap();
    let capture = captures::named("webkit-mp4-h264-aac-stopped");
    let split = split(&chunks(&capture), 0.5).unwrap();
    let mut files = Vec::new();
    for (index, file) in split.files.iter().enumerate() {
        let path = folder.path().join(format!("{index:02}.mp4"));
        std::fs::write(&path, &file.bytes).unwrap();
        files.push(path);
    }
    judge(&capture, &files, "0.5");
}
