//! Sound and picture of one moment that stand far apart in the stream.

use bytes::Bytes;
use container::{Demuxer, Event, Kind, NANOS_PER_SECOND, Segmenter};

use crate::matrix::recording::{File, Recording, record, record_by};
use crate::writers::{Packet, Source, mp4, sources, webm};

const MS: i64 = 1_000_000;
const SEGMENT_NS: i64 = 2 * NANOS_PER_SECOND;

fn chunks(stream: &[u8]) -> Vec<Bytes> {
    stream.chunks(9000).map(Bytes::copy_from_slice).collect()
}

/// Each file has the sound of its own time, none stands in front of its zero or is stacked there,
/// and all of it is in the files.
fn sound_is_beside_its_picture(source: &Source, recording: &Recording) {
    let files = &recording.files;
    assert!(files.len() > 3, "{} files", files.len());
    let starts: Vec<i64> = files.iter().map(|file| file.spec.origin_ns).collect();
    let mut heard = 0;
    for (n, file) in files.iter().enumerate() {
        let read = file.read_finished();
        let sound = read.iter().filter(|read| read.kind == Kind::Audio);
        let times: Vec<i64> = sound.map(|read| read.pts_ns).collect();
        heard += times.len();
        let next = starts.get(n + 1).copied().unwrap_or(i64::MAX);
        // A packet may begin a little earlier than it is heard.
        let is_own = |at: &i64| (starts[n] - 70 * MS..next.saturating_add(MS)).contains(at);
        assert!(times.iter().all(is_own), "file {n}, {} to {next}: {times:?}", starts[n]);
        assert!(times.windows(2).all(|pair| pair[1] > pair[0]), "file {n}: {times:?}");
    }
    let audio = source.tracks.iter().position(|track| track.kind == Kind::Audio).unwrap();
    assert_eq!(heard, source.packets.iter().filter(|packet| packet.track == audio).count());
}

#[test]
fn sound_of_a_long_fragment_is_in_the_file_of_its_time() {
    let source = sources::capture("chromium-mp4-h264-opus", 10.0);
    for every_ms in [5000, 60_000] {
        let fragments = mp4::Fragments::EveryMs(every_ms);
        let stream = mp4::write(&source, &mp4::Style { fragments, ..mp4::Style::chromium() });
        let chunks = chunks(&stream.bytes);
        sound_is_beside_its_picture(&source, &record(&chunks, SEGMENT_NS).unwrap());
        let patient = record_by(Segmenter::patient(SEGMENT_NS), &chunks, SEGMENT_NS).unwrap();
        sound_is_beside_its_picture(&source, &patient);
    }
}

/// A fragment of a quarter of an hour: the first sound comes when the picture is at its end.
#[test]
fn sound_may_begin_long_behind_its_picture() {
    let pictures: Vec<i64> = (0..900).collect();
    let source = sparse(&pictures, 900, None);
    let mut packets = source.packets.clone();
    packets.sort_by_key(|packet| packet.track);
    let mut stream = Vec::new();
    for packets in packets.chunk_by(|one, next| one.track == next.track) {
        let part = Source { tracks: source.tracks.clone(), packets: packets.to_vec() };
        let part = webm::write(&part, &webm::Style::chromium()).bytes;
        let media = part.windows(4).position(|id| id == [0x1F, 0x43, 0xB6, 0x75]).unwrap();
        stream.extend_from_slice(if stream.is_empty() { &part } else { &part[media..] });
    }
    let minute = 60 * NANOS_PER_SECOND;
    let patient = record_by(Segmenter::patient(minute), &chunks(&stream), minute).unwrap();
    sound_is_beside_its_picture(&source, &patient);
    assert_eq!((patient.files.len(), patient.moved, patient.breaks), (15, 0, 0));
}

/// Six seconds of picture, then six of sound, or the other way round: no recorder writes that, but
/// programs do.
#[test]
fn a_file_is_cut_right_however_it_is_interleaved() {
    let source = sources::capture("chromium-webm-vp9-opus", 12.0);
    for is_sound_first in [false, true] {
        let turn = |packet: &Packet| {
            let is_sound = source.tracks[packet.track].kind == Kind::Audio;
            (packet.pts_ns / (4 * NANOS_PER_SECOND), is_sound != is_sound_first)
        };
        let mut turns = source.packets.clone();
        turns.sort_by_key(turn);
        let mut stream = Vec::new();
        for packets in turns.chunk_by(|one, next| turn(one) == turn(next)) {
            let part = Source { tracks: source.tracks.clone(), packets: packets.to_vec() };
            let part = webm::write(&part, &webm::Style::chromium()).bytes;
            let media = part.windows(4).position(|id| id == [0x1F, 0x43, 0xB6, 0x75]).unwrap();
            stream.extend_from_slice(if stream.is_empty() { &part } else { &part[media..] });
        }
        let patient =
            record_by(Segmenter::patient(SEGMENT_NS), &chunks(&stream), SEGMENT_NS).unwrap();
        sound_is_beside_its_picture(&source, &patient);
        assert_eq!((patient.moved, patient.breaks), (0, 0));
    }
}

/// A picture each so many seconds, each a key frame, up to a time, and sound up to another.
fn sparse(pictures: &[i64], sound_s: i64, codec: Option<&'static str>) -> Source {
    let mut tracks = sources::capture("chromium-webm-vp9-opus", 1.0).tracks;
    tracks.sort_by_key(|track| track.kind == Kind::Audio);
    tracks[0].codec = codec.unwrap_or(tracks[0].codec);
    let packet = |track, at: i64, data| Packet { track, pts_ns: at, dts_ns: at, sync: true, data };
    let mut packets: Vec<Packet> = (0..sound_s * 50)
        .map(|n| packet(1, n * 20 * MS, Bytes::from(vec![31 << 3, n as u8, (n >> 8) as u8])))
        .collect();
    let key = Bytes::from_static(&[0x82, 0x49, 0x83, 0x42, 0, 0x13, 0xF0, 0x0E, 0xF6, 0]);
    packets.extend(pictures.iter().map(|at_s| packet(0, at_s * NANOS_PER_SECOND, key.clone())));
    packets.sort_by_key(|packet| (packet.pts_ns, packet.track));
    Source { tracks, packets }
}

fn lengths_s(files: &[File]) -> Vec<i64> {
    let length = |file: &File| {
        let report = container::inspect(file.finished.clone().into());
        (report.duration_ns as f64 / 1e9).round() as i64
    };
    files.iter().map(length).collect()
}

/// Sound goes on when the camera is gone, and files do not grow for ever. One picture is a cover.
#[test]
fn sound_without_picture_is_cut_after_a_while() {
    for (pictures, codec, first_s) in [(vec![0, 1, 2], None, 302), (vec![0], Some("V_MJPEG"), 10)] {
        let source = sparse(&pictures, first_s + 18, codec);
        let stream = webm::write(&source, &webm::Style::chromium());
        let recording = record(&chunks(&stream.bytes), 5 * NANOS_PER_SECOND).unwrap();
        let lengths = lengths_s(&recording.files);
        assert_eq!(lengths, [first_s, 5, 5, 5, 3], "{codec:?}");
        let samples: usize = recording.files.iter().map(|file| file.samples.len()).sum();
        assert_eq!(samples, source.packets.len());
    }
}

/// A block of some bytes, and megabytes that mean nothing: of each message the block alone is kept.
#[test]
fn a_sample_keeps_no_message_in_memory() {
    const MESSAGE_BYTES: usize = 1 << 20;
    let begun = webm::write(&sparse(&[0], 1, None), &webm::Style::chromium()).bytes;
    let mut demuxer = Demuxer::new();
    demuxer.push(begun.into());
    while demuxer.poll().unwrap().is_some() {}
    let mut kept = 0;
    for n in 0..100u8 {
        let mut message = vec![0xA3, 0x87, 0x82, 0, n, 0x80, 31 << 3, 1, 2, 0xEC, 0x10];
        let void = MESSAGE_BYTES - message.len() - 3;
        message.extend([(void >> 16) as u8, (void >> 8) as u8, void as u8]);
        message.resize(MESSAGE_BYTES, 0);
        let message = Bytes::from(message);
        demuxer.push(message.clone());
        while let Some(event) = demuxer.poll().unwrap() {
            let Event::Sample(sample) = event else { continue };
            kept += usize::from(message.as_ptr_range().contains(&sample.data.as_ptr()));
        }
    }
    assert!(kept <= 2, "{kept} messages");
}
