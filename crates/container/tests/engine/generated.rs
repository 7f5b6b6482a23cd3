//! Streams of any legal shape, in any style, any chunks, any segment length.

use std::path::Path;

use bytes::Bytes;
use container::Kind;
use proptest::prelude::*;

use crate::matrix::properties::{self, Case};
use crate::writers::mp4::{self, Base, Fragments, Tfdt};
use crate::writers::webm::{self, Blocks, Clusters, Lacing, Length};
use crate::writers::{Media, Packet, Source, Stream, sources};

const MS: i64 = 1_000_000;

/// Pictures in groups, each with the time to the next and its length; and how much sound there is.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    groups: Vec<Vec<(i64, usize)>>,
    first_picture_ms: i64,
    begins_inside_a_group: bool,
    sound_bytes: Vec<usize>,
    kinds: (bool, bool),
}

pub(crate) fn shapes() -> impl Strategy<Value = Shape> {
    let frame = (1..100i64, 1..300usize);
    let group = prop::collection::vec(frame, 1..20);
    let groups = prop::collection::vec(group, 1..7);
    let sound = prop::collection::vec(4..200usize, 1..200);
    let kinds =
        prop_oneof![3 => Just((true, true)), 1 => Just((true, false)), 1 => Just((false, true))];
    (groups, 0..90i64, any::<bool>(), sound, kinds).prop_map(
        |(groups, first_picture_ms, begins_inside_a_group, sound_bytes, kinds)| Shape {
            groups,
            first_picture_ms,
            begins_inside_a_group,
            sound_bytes,
            kinds,
        },
    )
}

/// Bytes that no parser takes for anything, different for each packet.
fn payload(len: usize, number: usize) -> Bytes {
    let byte = |n: usize| (n.wrapping_mul(31) ^ number.wrapping_mul(97)) as u8 & 0x3F | 0x40;
    (0..len).map(byte).collect()
}

pub(crate) fn source(shape: &Shape, mut tracks: Vec<Media>) -> Source {
    const STEP: i64 = 20 * MS;
    let mut packets = Vec::new();
    let mut at = shape.first_picture_ms * MS;
    for (group, frames) in shape.groups.iter().enumerate() {
        for (frame, &(step_ms, len)) in frames.iter().enumerate() {
            let is_begun = group == 0 && shape.groups.len() > 1 && shape.begins_inside_a_group;
            let sync = frame == 0 && !is_begun;
            let data = payload(len, packets.len());
            packets.push(Packet { track: 0, pts_ns: at, dts_ns: at, sync, data });
            at += step_ms * MS;
        }
    }
    for (n, &len) in shape.sound_bytes.iter().enumerate() {
        let at = n as i64 * STEP;
        // Of 20 ms, says its first byte.
        let data: Bytes = [&[31 << 3][..], &payload(len, n)].concat().into();
        packets.push(Packet { track: 1, pts_ns: at, dts_ns: at, sync: true, data });
    }
    let (has_video, has_audio) = shape.kinds;
    packets.retain(|packet| if packet.track == 0 { has_video } else { has_audio });
    if !has_video {
        tracks.remove(0);
        packets.iter_mut().for_each(|packet| packet.track = 0);
    } else if !has_audio {
        tracks.truncate(1);
    }
    packets.sort_by_key(|packet| (packet.dts_ns, packet.track == 0));
    Source { tracks, packets }
}

pub(crate) fn media(name: &str) -> Vec<Media> {
    let mut tracks = sources::capture(name, 1.0).tracks;
    tracks.sort_by_key(|track| track.kind == Kind::Audio);
    tracks
}

fn webm_styles() -> impl Strategy<Value = webm::Style> {
    let lengths = prop_oneof![Just(Length::Unknown1), Just(Length::Unknown8), Just(Length::Known)];
    let clusters = prop_oneof![Just(Clusters::AtKeys), (1..3000i64).prop_map(Clusters::EveryMs)];
    let blocks = prop_oneof![Just(Blocks::Simple), Just(Blocks::Groups), Just(Blocks::Additions)];
    let lacing = prop_oneof![Just(Lacing::None), Just(Lacing::Xiph), Just(Lacing::Ebml)];
    let scale = prop_oneof![Just(None), Just(Some(1_000_000)), Just(Some(250_000))];
    let flags = prop::array::uniform4(any::<bool>());
    (lengths.clone(), lengths, clusters, blocks, lacing, scale, flags, 0..2i64).prop_map(
        |(segment, cluster, clusters, blocks, lacing, scale_ns, flags, delay)| {
            let [wide_sizes, padding, seek_head, cues_at_end] = flags;
            // Cues end a cluster of unknown length as well; padding cannot stand behind one.
            let padding = padding && cluster == Length::Known;
            webm::Style {
                segment,
                cluster,
                clusters,
                blocks,
                lacing,
                wide_sizes,
                padding,
                seek_head,
                cues_at_end,
                scale_ns,
                delay_ns: delay * 6_500_000,
                ..webm::Style::chromium()
            }
        },
    )
}

fn mp4_styles() -> impl Strategy<Value = mp4::Style> {
    let fragments = prop_oneof![
        Just(Fragments::AtKeys),
        (50..1500i64).prop_map(Fragments::EveryMs),
        (50..1500i64).prop_map(Fragments::PerTrackEveryMs),
    ];
    // Without places of their own, runs cannot take turns.
    let base = prop_oneof![
        (1..4usize).prop_map(|runs| (Base::Moof, runs)),
        (1..4usize).prop_map(|runs| (Base::File, runs)),
        Just((Base::Unsaid, 1)),
    ];
    let tfdt = prop_oneof![Just(Tfdt::Short), Just(Tfdt::Long)];
    let flags = prop::array::uniform4(any::<bool>());
    let scale = prop_oneof![Just(600u32), Just(30_000), Just(90_000)];
    (fragments, base, tfdt, flags, scale, 0..3000i32).prop_map(
        |(fragments, (base, runs), tfdt, flags, video_timescale, hidden)| {
            let [empty_trafs, between, wide, defaults] = flags;
            mp4::Style {
                fragments,
                base,
                tfdt,
                empty_trafs,
                between,
                wide,
                defaults,
                runs,
                video_timescale,
                own_clocks: false,
                nominal_last: (!defaults).then_some(1000),
                edits: vec![Vec::new(), vec![(0, hidden)]],
                ..mp4::Style::chromium()
            }
        },
    )
}

/// What holds whatever the length of the segments; who is killed when is the matrix's.
fn examine(stream: &Stream, segment_ms: i64, chunk_bytes: usize) {
    let (name, folder) = ("generated", Path::new(""));
    let segment_ns = segment_ms * MS;
    let case = Case { name, stream, folder, segment_ns, chunk_bytes };
    properties::samples_are_those_of_the_recorder(&case);
    properties::files_begin_with_a_sync_sample(&case);
    properties::files_hold_every_sample(&case);
    properties::one_clock(&case);
    properties::growing_files_hold_a_prefix(&case);
    properties::finishing_can_be_interrupted(&case);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_webm_becomes_files_that_hold_it(
        shape in shapes(),
        style in webm_styles(),
        segment_ms in 20..5000i64,
        chunk_bytes in 50..20_000usize,
    ) {
        let source = source(&shape, media("chromium-webm-vp9-opus"));
        examine(&webm::write(&source, &style), segment_ms, chunk_bytes);
    }

    #[test]
    fn any_fragmented_mp4_becomes_files_that_hold_it(
        shape in shapes(),
        style in mp4_styles(),
        segment_ms in 20..5000i64,
        chunk_bytes in 50..20_000usize,
    ) {
        let source = source(&shape, media("chromium-mp4-h264-opus"));
        examine(&mp4::write(&source, &style), segment_ms, chunk_bytes);
    }
}
