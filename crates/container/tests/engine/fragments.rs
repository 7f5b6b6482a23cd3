//! Where the fragments of an MP4 begin.

use bytes::Bytes;
use container::{Demuxer, Event, Kind, NANOS_PER_SECOND};

use crate::captures;
use crate::matrix::recording::record;

/// Where the boxes of this type begin.
fn boxes(file: &[u8], kind: &[u8; 4]) -> Vec<usize> {
    let mut at = 0;
    let mut found = Vec::new();
    while let Some(head) = file.get(at..at + 8) {
        if &head[4..] == kind {
            found.push(at);
        }
        at += u32::from_be_bytes(*head.first_chunk().unwrap()) as usize;
    }
    found
}

/// A player that takes fragments one by one begins with one that begins with a key frame.
#[test]
fn each_key_frame_of_a_commit_begins_a_fragment() {
    for name in ["chromium-mp4-h264-opus", "chromium-mkv-h264-opus", "webkit-mp4-h264-aac"] {
        let stream = captures::named(name).stream;
        // All in one commit, and in many.
        for piece in [stream.len(), 30_000] {
            let chunks: Vec<Bytes> = stream.chunks(piece).map(Bytes::copy_from_slice).collect();
            let files = record(&chunks, 60 * NANOS_PER_SECOND).unwrap().files;
            let file = &files[0].growing;
            let starts = boxes(file, b"moof");
            let mut demuxer = Demuxer::new();
            let mut tracks = Vec::new();
            let mut keys_inside = 0;
            let mut keys = 0;
            for (n, &from) in std::iter::once(&0).chain(&starts).enumerate() {
                let to = starts.get(n).copied().unwrap_or(file.len());
                demuxer.push(Bytes::copy_from_slice(&file[from..to]));
                let mut pictures = 0;
                while let Some(event) = demuxer.poll().unwrap() {
                    match event {
                        Event::Init(init) => tracks.clone_from(&init.tracks),
                        Event::Sample(sample) if tracks[sample.track].kind == Kind::Video => {
                            keys += usize::from(sample.sync);
                            keys_inside += usize::from(sample.sync && pictures > 0);
                            pictures += 1;
                        }
                        _ => {}
                    }
                }
            }
            assert!(keys > 3, "{name}: {keys}");
            assert_eq!(keys_inside, 0, "{name}");
            assert!(piece < stream.len() || starts.len() == keys, "{name}: {}", starts.len());
        }
    }
}
