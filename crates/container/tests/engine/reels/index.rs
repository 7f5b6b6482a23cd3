//! Where the index of a joined WebM leads, read without the engine.

use container::reel::{Cut, Reel};
use container::{Kind, NANOS_PER_SECOND};

use super::{Run, runs_of};
use crate::captures;

const SEEK_HEAD: u32 = 0x114D_9B74;
const CLUSTER: u32 = 0x1F43_B675;

/// An element: its id, where it begins, its payload, and where that begins.
type Element<'a> = (u32, usize, &'a [u8], usize);

/// The elements that stand side by side in `bytes` from `at` on.
fn elements(bytes: &[u8], mut at: usize) -> Vec<Element<'_>> {
    let number = |at: usize, len: usize| {
        bytes[at..at + len].iter().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte))
    };
    let mut found = Vec::new();
    while at < bytes.len() {
        let id_len = bytes[at].leading_zeros() as usize + 1;
        let size_at = at + id_len;
        let size_len = bytes[size_at].leading_zeros() as usize + 1;
        let size = number(size_at, size_len) & ((1 << (7 * size_len)) - 1);
        let from = size_at + size_len;
        let payload = &bytes[from..from + size as usize];
        found.push((number(at, id_len) as u32, at, payload, from));
        at = from + size as usize;
    }
    found
}

fn value(payload: &[u8]) -> u64 {
    payload.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

/// The payload of a child.
fn child(parent: &[u8], id: u32) -> &[u8] {
    let found = elements(parent, 0).into_iter().find(|element| element.0 == id);
    found.unwrap_or_else(|| panic!("{id:x} is missing")).2
}

/// When the first key frame of a cluster's video is shown, if it begins with that; of a file
/// without video its first block.
fn begins(cluster: &[u8], track: u64) -> Option<i64> {
    let start = value(child(cluster, 0xE7)) as i64;
    let block = elements(cluster, 0).into_iter().find_map(|(id, _, payload, _)| match id {
        0xA3 => Some((payload, payload[3] & 0x80 != 0)),
        0xA0 => {
            let is_key = !elements(payload, 0).iter().any(|element| element.0 == 0xFB);
            Some((child(payload, 0xA1), is_key))
        }
        _ => None,
    });
    let (block, is_key) = block?;
    let own = i64::from(i16::from_be_bytes([block[1], block[2]]));
    (is_key && u64::from(block[0] & 0x7F) == track).then_some(start + own)
}

/// How many places the index names, each of which is right.
fn assert_index(run: &Run, reel: &Reel, name: &str) -> usize {
    let whole = run.bytes(reel, 0..reel.bytes());
    let top = elements(&whole, 0);
    let (_, _, segment, data) = *top.last().unwrap();
    assert_eq!(top.len(), 2, "{name}: EBML and a Segment that is the rest");
    let inside = elements(&whole, data);
    let at_id = |position: u64| {
        let found = inside.iter().find(|element| element.1 as u64 == data as u64 + position);
        found.unwrap_or_else(|| panic!("{name}: nothing begins at {position}"))
    };
    let (mut told, mut cues) = (Vec::new(), None);
    for (_, _, seek, _) in elements(child(segment, SEEK_HEAD), 0) {
        let (id, place) = (value(child(seek, 0x53AB)), value(child(seek, 0x53AC)));
        let element = at_id(place);
        assert_eq!(u64::from(element.0), id, "{name}");
        told.push(id);
        if id == 0x1C53_BB6B {
            cues = Some(element.2);
        }
    }
    assert_eq!(told, [0x1549_A966, 0x1654_AE6B, 0x1C53_BB6B], "{name}: Info, Tracks and Cues");
    let cues = elements(cues.unwrap(), 0);
    let mut led = Vec::new();
    for (_, _, point, _) in &cues {
        let place = child(point, 0xB7);
        let element = at_id(value(child(place, 0xF1)));
        assert_eq!(element.0, CLUSTER, "{name}");
        let begins = begins(element.2, value(child(place, 0xF7)));
        assert_eq!(begins, Some(value(child(point, 0xB3)) as i64), "{name}");
        led.push(element.1);
    }
    assert!(led.is_sorted(), "{name}");
    led.len()
}

#[test]
fn an_index_leads_to_the_clusters_that_can_be_begun_with() {
    for name in [
        "chromium-webm-vp8-opus",
        "chromium-webm-vp9-opus",
        "chromium-webm-av1-opus",
        "firefox-webm-vp8-opus",
        "chromium-webm-vp8-video-only",
        "chromium-webm-opus-audio-only",
    ] {
        let run = runs_of(&captures::named(name).stream, 2 * NANOS_PER_SECOND).remove(0);
        let reel = Reel::new(&run.parts, None).unwrap();
        let places: usize = run.parts.iter().map(|part| part.head.key_frames_ns().len()).sum();
        assert_eq!(assert_index(&run, &reel, name), places, "{name}");
        // What a file says of itself it says in its place.
        let keys = run.parts.iter().zip(reel.starts_ns());
        let keys: Vec<i64> = keys
            .flat_map(|(part, start_ns)| {
                part.head.key_frames_ns().into_iter().map(move |ns| ns + start_ns)
            })
            .collect();
        let own: Vec<i64> =
            super::head(&run.bytes(&reel, 0..reel.bytes())).0.unwrap().key_frames_ns();
        assert_eq!(own, keys, "{name}");
        let cut = Cut { from_ns: reel.duration_ns() / 3, to_ns: reel.duration_ns() };
        let cut = Reel::new(&run.parts, Some(cut)).unwrap();
        let left = assert_index(&run, &cut, name);
        assert!(0 < left && left <= places, "{name}: {left} of {places}");
    }
}

#[test]
fn key_frames_are_those_of_the_file() {
    for name in ["chromium-mp4-h264-opus", "chromium-mkv-h264-opus", "chromium-webm-vp8-opus"] {
        let run = runs_of(&captures::named(name).stream, 2 * NANOS_PER_SECOND).remove(0);
        for (number, part) in run.parts.iter().enumerate() {
            let own = run.expected(number, false);
            let own = own.iter().filter(|read| read.kind == Kind::Video && read.sync);
            let own: Vec<i64> = own.map(|read| read.pts_ns).collect();
            let told = part.head.key_frames_ns();
            assert_eq!(told.len(), own.len(), "{name}, {number}");
            let off_ns = told.iter().zip(&own).map(|(told, own)| (told - own).abs());
            assert!(off_ns.max().unwrap() <= run.tolerance_ns(), "{name}, {number}");
        }
    }
}
