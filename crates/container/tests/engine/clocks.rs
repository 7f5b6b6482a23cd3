//! Clocks that break off: what a recorder, a machine that slept or a damaged byte makes of times.

use bytes::Bytes;
use container::{Kind, NANOS_PER_SECOND, Sample};
use proptest::prelude::*;

use crate::generated::{Shape, media, shapes, source};
use crate::matrix::recording::{File, Recording, record};
use crate::writers::{Packet, Source, mp4, sources, tools, webm};

const MS: i64 = 1_000_000;
const HOUR_NS: i64 = 3600 * NANOS_PER_SECOND;

/// What is written by one recorder whose clock is set: the parts of a source, each later than it
/// was by so much.
fn parts(source: &Source, ends: &[(usize, i64)]) -> Vec<Source> {
    let mut from = 0;
    let part = |&(end, later_ns): &(usize, i64)| {
        let move_on = |packet: &Packet| Packet {
            pts_ns: packet.pts_ns + later_ns,
            dts_ns: packet.dts_ns + later_ns,
            ..packet.clone()
        };
        let packets = source.packets[from..end].iter().map(move_on).collect();
        from = end;
        Source { tracks: source.tracks.clone(), packets }
    };
    ends.iter().map(part).filter(|part| !part.packets.is_empty()).collect()
}

/// The media of each stream behind the header of the first.
fn joined(streams: impl IntoIterator<Item = Vec<u8>>, begins_media: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    for stream in streams {
        let media = stream.windows(4).position(|four| four == begins_media).unwrap();
        // A box has its size in front.
        let media = if begins_media == b"moof" { media - 4 } else { media };
        all.extend_from_slice(if all.is_empty() { &stream } else { &stream[media..] });
    }
    all
}

fn as_webm(parts: &[Source]) -> Vec<u8> {
    let style = webm::Style { cues_at_end: false, ..webm::Style::chromium() };
    joined(parts.iter().map(|part| webm::write(part, &style).bytes), &[0x1F, 0x43, 0xB6, 0x75])
}

fn as_mp4(parts: &[Source]) -> Vec<u8> {
    let style = mp4::Style::chromium();
    joined(parts.iter().map(|part| mp4::write(part, &style).bytes), b"moof")
}

fn recorded(stream: &[u8], segment_ns: i64) -> Recording {
    let chunks: Vec<Bytes> = stream.chunks(9000).map(Bytes::copy_from_slice).collect();
    record(&chunks, segment_ns).unwrap()
}

/// All packets are in the files, in their order, and each file lasts about as long as what is in it.
fn examine(source: &Source, recording: &Recording) {
    for track in 0..source.tracks.len() {
        let own = |sample: &&Sample| sample.track == track;
        let found: Vec<&Bytes> = recording
            .files
            .iter()
            .flat_map(|f| f.samples.iter().filter(own))
            .map(|s| &s.data)
            .collect();
        let wanted: Vec<&Packet> = source.packets.iter().filter(|p| p.track == track).collect();
        let wanted: Vec<&Bytes> =
            wanted.into_iter().skip_while(|p| !p.sync).map(|packet| &packet.data).collect();
        assert_eq!(found.len(), wanted.len(), "packets of track {track}");
        assert!(found == wanted, "packets of track {track}");
    }
    let span =
        |times: Vec<i64>| times.iter().max().unwrap_or(&0) - times.iter().min().unwrap_or(&0);
    let whole_ns = span(source.packets.iter().map(|packet| packet.pts_ns).collect());
    for (n, file) in recording.files.iter().enumerate() {
        let read = file.read_finished();
        assert_eq!(read.len(), file.samples.len(), "file {n}");
        let span_ns = span(read.iter().map(|read| read.pts_ns).collect());
        // Some minutes more are a pause, and nothing tells that they are none.
        assert!(span_ns <= whole_ns + 100 * NANOS_PER_SECOND, "file {n} lasts {span_ns} ns");
        assert_eq!(container::inspect(file.finished.clone().into()).problems, [] as [String; 0]);
    }
}

/// How long the files say that they are.
fn durations_ns(files: &[File]) -> Vec<i64> {
    let report = |file: &File| container::inspect(file.finished.clone().into());
    files.iter().map(|file| report(file).duration_ns).collect()
}

fn sound_is_in_order(files: &[File]) {
    for (n, file) in files.iter().enumerate() {
        let read = file.read_finished();
        let times: Vec<i64> =
            read.iter().filter(|read| read.kind == Kind::Audio).map(|read| read.pts_ns).collect();
        let step = |pair: &[i64]| pair[1] > pair[0];
        assert!(times.windows(2).all(step), "file {n}: {times:?}");
    }
}

fn captured() -> Source {
    sources::capture("chromium-webm-vp9-opus", 10.0)
}

/// Behind how many packets the key frame stands that is nearest to this time.
fn key_frame(source: &Source, at_ns: i64) -> usize {
    let video = source.video().unwrap();
    let keys = source.packets.iter().enumerate().filter(|(_, p)| p.track == video && p.sync);
    keys.min_by_key(|(_, packet)| (packet.pts_ns - at_ns).abs()).unwrap().0
}

/// A machine that slept, an encoder that began again at zero, and a header that was copied from
/// elsewhere: the two halves are in files of their own, and nothing is between them.
#[test]
fn a_clock_that_is_set_begins_a_file() {
    let webm = captured();
    let mp4 = sources::capture("chromium-mp4-h264-opus", 10.0);
    for (first_ns, second_ns) in [(HOUR_NS, 0), (0, 27 * HOUR_NS), (20 * NANOS_PER_SECOND, 0)] {
        for (source, write) in [(&webm, as_webm as fn(&[Source]) -> Vec<u8>), (&mp4, as_mp4)] {
            let middle = key_frame(source, 5 * NANOS_PER_SECOND);
            let ends = [(middle, first_ns), (source.packets.len(), second_ns)];
            let recording = recorded(&write(&parts(source, &ends)), 60 * NANOS_PER_SECOND);
            examine(source, &recording);
            sound_is_in_order(&recording.files);
            assert_eq!((recording.files.len(), recording.breaks, recording.moved), (2, 1, 0));
            let all_ns: i64 = durations_ns(&recording.files).iter().sum();
            let last_ns = source.packets.iter().map(|packet| packet.pts_ns).max().unwrap();
            assert!((all_ns - last_ns).abs() < 300 * MS, "{all_ns} ns of {last_ns}");
        }
    }
}

/// Where no file can begin, what is on another clock stays in the file and goes on.
#[test]
fn times_out_of_line_inside_a_group_are_moved() {
    let source = captured();
    let middle = key_frame(&source, 5 * NANOS_PER_SECOND) + 20;
    let ends = [(middle, 0), (middle + 30, 1000 * HOUR_NS), (source.packets.len(), 0)];
    let recording = recorded(&as_webm(&parts(&source, &ends)), 60 * NANOS_PER_SECOND);
    examine(&source, &recording);
    sound_is_in_order(&recording.files);
    assert_eq!((recording.files.len(), recording.breaks), (1, 0));
    assert!((25..=40).contains(&recording.moved), "{} are moved", recording.moved);
}

/// The sound's clock alone.
#[test]
fn sound_on_a_clock_of_its_own_stays_beside_the_picture() {
    let mut source = sources::capture("chromium-mp4-h264-opus", 10.0);
    let sound = source.tracks.iter().position(|track| track.kind == Kind::Audio).unwrap();
    let whole = source.clone();
    for packet in &mut source.packets {
        if packet.track == sound && packet.pts_ns > 4 * NANOS_PER_SECOND {
            packet.pts_ns += 5 * HOUR_NS;
            packet.dts_ns += 5 * HOUR_NS;
        }
    }
    let written = mp4::write(&source, &mp4::Style::chromium()).bytes;
    let recording = recorded(&written, 3 * NANOS_PER_SECOND);
    examine(&whole, &recording);
    sound_is_in_order(&recording.files);
    assert_eq!(recording.breaks, 0);
    assert!(recording.moved > 50);
}

/// Where a source is divided, and by how much each part is late.
fn divisions() -> impl Strategy<Value = Vec<(prop::sample::Index, i64)>> {
    let late = prop_oneof![
        Just(0),
        Just(2 * HOUR_NS),
        Just(100 * HOUR_NS),
        Just(10_000 * HOUR_NS),
        (0..100_000i64).prop_map(|ms| ms * MS),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), late), 1..4)
}

fn divided(
    shape: &Shape,
    name: &str,
    divisions: &[(prop::sample::Index, i64)],
) -> (Source, Vec<Source>) {
    let source = source(shape, media(name));
    let mut ends: Vec<(usize, i64)> =
        divisions.iter().map(|(at, late_ns)| (at.index(source.packets.len()), *late_ns)).collect();
    ends.sort_unstable();
    ends.push((source.packets.len(), 0));
    let parts = parts(&source, &ends);
    (source, parts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_clock_costs_a_packet(
        shape in shapes(),
        divisions in divisions(),
        segment_ms in 20..5000i64,
        is_webm in any::<bool>(),
    ) {
        let (name, write) = match is_webm {
            true => ("chromium-webm-vp9-opus", as_webm as fn(&[Source]) -> Vec<u8>),
            false => ("chromium-mp4-h264-opus", as_mp4 as fn(&[Source]) -> Vec<u8>),
        };
        let (source, parts) = divided(&shape, name, &divisions);
        examine(&source, &recorded(&write(&parts), segment_ms * MS));
    }
}

/// At a picture in a second those that wait for their turn are late by seconds, and an edit list
/// takes that back: the first one is shown at zero.
#[test]
fn slow_pictures_are_all_shown() {
    let folder = tempfile::tempdir().unwrap();
    let slow = "-r 1 -c:v libx264 -bf 3 -x264-params b-adapt=0:scenecut=0 -an";
    let ending = "-movflags frag_keyframe+delay_moov -f mp4";
    let stream = tools::ffmpeg(folder.path(), "slow.mp4", &format!("{slow} {ending}"));
    let recording = recorded(&stream.bytes, 60 * NANOS_PER_SECOND);
    let [file] = &recording.files[..] else { panic!("{} files", recording.files.len()) };
    assert_eq!(file.spec.origin_ns, 0);
    let read = file.read_finished();
    assert!(read.len() >= 4 && file.spec.tracks[0].delay > 0);
    assert_eq!(read.iter().filter(|read| read.pts_ns < 0).count(), 0);
}

/// A still picture lasts as long as its block says: that does not fit into 32 bits of nanoseconds.
#[test]
fn a_block_may_last_longer_than_four_seconds() {
    let source = sources::capture("chromium-webm-vp8-opus", 2.0).only(Kind::Video);
    let mut bytes = webm::write(&source, &webm::Style::chromium()).bytes;
    for (duration_ms, lasts_ns) in [(4000u32, 4_000_000_000), (10_000, 10_000_000_000)] {
        // A picture that is no key frame, 20 s behind the beginning of the last cluster.
        let block = [&[0xA1, 0x86, 0x81][..], &20_000i16.to_be_bytes(), &[0, 0x31, 7]].concat();
        let duration = [&[0x9B, 0x84][..], &duration_ms.to_be_bytes()].concat();
        let group = [&block[..], &duration, &[0xFB, 0x81, 0xFF]].concat();
        let len = bytes.len();
        bytes.extend([0xA0, 0x80 | group.len() as u8]);
        bytes.extend(group);
        let files = record(&[bytes.clone().into()], i64::MAX).unwrap().files;
        let [file] = &files[..] else { panic!("{} files", files.len()) };
        let last = file.samples.last().unwrap();
        assert_eq!((&last.data[..], last.duration), (&[0x31, 7][..], Some(lasts_ns)));
        let copied = crate::support::demux(&file.finished).unwrap();
        assert_eq!(copied.last().unwrap().duration, Some(lasts_ns));
        bytes.truncate(len);
    }
}
