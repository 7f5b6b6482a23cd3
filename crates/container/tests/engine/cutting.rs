//! Sound where one file ends and the next begins.

use bytes::Bytes;
use container::{Demuxer, Detail, Init, Kind};

use crate::captures;
use crate::matrix::recording::{File, record};
use crate::support::demux;
use crate::writers::{mp4, sources, tools, webm};

const SEGMENT_NS: i64 = 1_500_000_000;

fn files(stream: &[u8]) -> Vec<File> {
    let chunks: Vec<Bytes> = stream.chunks(9000).map(Bytes::copy_from_slice).collect();
    let files = record(&chunks, SEGMENT_NS).unwrap().files;
    assert!(files.len() > 1);
    files
}

fn init(file: &[u8]) -> Init {
    let mut demuxer = Demuxer::new();
    demuxer.push(Bytes::copy_from_slice(file));
    match demuxer.poll().unwrap() {
        Some(container::Event::Init(init)) => std::sync::Arc::unwrap_or_clone(init),
        other => panic!("{other:?}"),
    }
}

/// Only the first file begins where the encoder did: later ones have nothing to skip, and their
/// times are those that are heard.
#[test]
fn the_encoders_delay_stands_in_the_first_webm_alone() {
    let firefox = webm::write(
        &sources::capture("firefox-webm-vp8-opus", 12.0),
        &webm::Style { clusters: webm::Clusters::AtKeys, ..webm::Style::firefox() },
    );
    for (n, file) in files(&firefox.bytes).iter().enumerate() {
        let init = init(&file.finished);
        let audio = init.tracks.iter().find(|track| track.kind == Kind::Audio).unwrap();
        let Detail::Webm(detail) = &audio.detail else { panic!("{audio:?}") };
        let pre_skip = detail.codec_private.as_ref().map(|head| head[10..12].to_vec()).unwrap();
        assert_eq!(detail.seek_pre_roll_ns, 80_000_000);
        match n {
            0 => assert!(audio.delay == 6_500_000 && pre_skip != [0, 0], "{pre_skip:?}"),
            _ => assert!(audio.delay == 0 && pre_skip == [0, 0], "{pre_skip:?}"),
        }
    }
}

/// Opus and AAC in MP4: where sound lies beside the picture is kept to the sample, in every file.
#[test]
fn sound_in_mp4_keeps_its_place_to_the_sample() {
    let folder = tempfile::tempdir().unwrap();
    let primed = mp4::Style { edits: vec![Vec::new(), vec![(0, 2112)]], ..mp4::Style::safari() };
    let aac = sources::capture("webkit-mp4-h264-aac", 4.3);
    for stream in [
        captures::named("chromium-mp4-h264-opus").stream,
        mp4::write(&aac, &primed).bytes,
        tools::ffmpeg(
            folder.path(),
            "delayed.mp4",
            "-c:v libx264 -bf 0 -c:a aac -movflags frag_keyframe+delay_moov -f mp4",
        )
        .bytes,
    ] {
        let tracks = init(&stream).tracks;
        let audio = tracks.iter().position(|track| track.kind == Kind::Audio).unwrap();
        let samples = demux(&stream).unwrap();
        let mut wanted = samples.iter().filter(|sample| sample.track == audio);
        for file in files(&stream) {
            for read in file.read_finished().iter().filter(|read| read.track == audio) {
                let sample = wanted.next().unwrap();
                assert!(read.data == sample.data);
                let off_ns = (read.pts_ns - tracks[audio].to_nanos(sample.pts)).abs();
                let sample_ns = 1_000_000_000 / i64::from(tracks[audio].timescale);
                assert!(off_ns <= sample_ns / 2 + 2, "{off_ns} ns");
            }
        }
        assert!(wanted.next().is_none());
    }
}
