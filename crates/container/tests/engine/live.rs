//! What live players get: an init segment and fragments.

use bytes::Bytes;
use container::codec::codec_name;
use container::{Demuxer, Event, Kind, LiveMuxer, Sample, SegmentSpec, Track};

use crate::captures;
use crate::support::demux;

/// The tracks as of the end, and all samples.
fn read(stream: &[u8]) -> (SegmentSpec, Vec<Sample>) {
    let mut demuxer = Demuxer::new();
    demuxer.push(Bytes::copy_from_slice(stream));
    let (mut spec, mut samples) = (None, Vec::new());
    while let Some(event) = demuxer.poll().unwrap() {
        match event {
            Event::Init(init) => {
                let tracks: Vec<Track> = init.tracks.clone();
                spec = Some(SegmentSpec { init, tracks, origin_ns: 0, keeps_delay: false });
            }
            Event::Config { track, config } => spec.as_mut().unwrap().tracks[track] = *config,
            Event::Sample(sample) => samples.push(sample),
        }
    }
    (spec.unwrap(), samples)
}

#[test]
fn a_viewer_that_joins_in_the_middle_gets_every_sample_from_there_on() {
    for capture in captures::all() {
        let (spec, samples) = read(&capture.stream);
        let kinds: Vec<Kind> = spec.tracks.iter().map(|track| track.kind).collect();
        let has_video = kinds.contains(&Kind::Video);
        let leads =
            |sample: &Sample| sample.sync && (kinds[sample.track] == Kind::Video || !has_video);
        let third = samples.len() / 3;
        let from = samples[third..].iter().position(leads).map_or(0, |at| third + at);
        let first = &samples[from];
        let origin_ns = spec.tracks[first.track].to_nanos(first.pts);
        let mut muxer = LiveMuxer::new(SegmentSpec { origin_ns, ..spec.clone() }).unwrap();
        let mut stream = muxer.init().to_vec();
        assert!(muxer.fragment(true).is_none(), "{}: nothing was pushed", capture.name);
        for batch in samples[from..].chunks(7) {
            let begins_group = leads(&batch[0]);
            batch.iter().cloned().for_each(|sample| muxer.push(sample));
            stream.extend(muxer.fragment(begins_group).unwrap());
        }
        let got = demux(&stream).unwrap();
        for track in 0..spec.tracks.len() {
            let of = |all: &[Sample]| -> Vec<(bool, Bytes)> {
                let own = all.iter().filter(|sample| sample.track == track);
                own.map(|sample| (sample.sync, sample.data.clone())).collect()
            };
            assert_eq!(of(&got), of(&samples[from..]), "{} track {track}", capture.name);
        }
        // Times begin near zero, whenever the viewer came.
        let begins = got.iter().map(|sample| spec.tracks[sample.track].kind).zip(&got);
        let begins = begins.filter(|(kind, _)| *kind == Kind::Video || !has_video);
        let (_, begins) = begins.into_iter().next().unwrap();
        assert!(begins.pts <= 90_000, "{}: {}", capture.name, begins.pts);
    }
}

#[test]
fn a_group_of_pictures_in_webm_is_one_cluster() {
    let (spec, samples) = read(&captures::named("chromium-webm-vp8-opus").stream);
    let video = spec.tracks.iter().position(|track| track.kind == Kind::Video).unwrap();
    let mut muxer = LiveMuxer::new(spec).unwrap();
    muxer.init();
    let (mut groups, mut clusters) = (0, 0);
    for sample in &samples {
        let begins_group = sample.track == video && sample.sync;
        groups += usize::from(begins_group);
        muxer.push(sample.clone());
        let bytes = muxer.fragment(begins_group).unwrap();
        clusters += usize::from(bytes.starts_with(&[0x1F, 0x43, 0xB6, 0x75]));
    }
    // Sound comes in front of the first picture.
    assert!(groups > 3 && clusters <= groups + 1, "{clusters} of {groups}");
}

#[test]
fn no_alpha_plane_is_announced_that_does_not_come() {
    let init = |name: &str| {
        let (spec, _) = read(&captures::named(name).stream);
        LiveMuxer::new(spec).unwrap().init()
    };
    let announced = |bytes: &[u8]| bytes.windows(4).any(|four| four == [0x53, 0xC0, 0x81, 1]);
    for name in ["chromium-webm-vp8-opus", "chromium-webm-vp9-opus"] {
        assert!(announced(&captures::named(name).stream), "{name}");
        assert!(!announced(&init(name)), "{name}");
    }
}

#[test]
fn browsers_know_the_codecs_by_these_names() {
    let names = |name: &str| -> Vec<String> {
        let (spec, _) = read(&captures::named(name).stream);
        let mut names: Vec<String> = spec.tracks.iter().filter_map(codec_name).collect();
        names.sort();
        names
    };
    assert_eq!(names("chromium-webm-vp8-opus"), ["opus", "vp8"]);
    assert_eq!(names("chromium-webm-av1-opus")[0][..5], *"av01.");
    assert_eq!(names("chromium-mp4-h264-opus")[0][..5], *"avc1.");
    assert_eq!(names("chromium-mkv-h264-opus")[0][..5], *"avc1.");
    assert_eq!(names("webkit-mp4-h264-aac")[1], "mp4a.40.2");
    assert_eq!(names("chromium-mp4-vp9-opus")[1][..5], *"vp09.");
}
