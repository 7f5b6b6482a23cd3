//! What is damaged costs itself, is counted, and everything around it stays.

use bytes::Bytes;
use container::{Damage, Demuxer, ErrorKind, Event};

use crate::writers::sources::capture;
use crate::writers::webm::{Blocks, Clusters};
use crate::writers::{Expected, Stream, mp4, webm};

/// Payloads of what is found, what was left out, and how it ended.
fn read(chunks: &[&[u8]]) -> (Vec<Bytes>, Vec<Damage>, Result<(), container::Error>) {
    let mut demuxer = Demuxer::new();
    let (mut found, mut damages) = (Vec::new(), Vec::new());
    for chunk in chunks {
        demuxer.push(Bytes::copy_from_slice(chunk));
        loop {
            let event = demuxer.poll();
            damages.extend(std::iter::from_fn(|| demuxer.damage()));
            match event {
                Ok(Some(Event::Sample(sample))) => found.push(sample.data),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return (found, damages, Err(error)),
            }
        }
    }
    (found, damages, Ok(()))
}

fn webm(wide_sizes: bool, blocks: Blocks) -> (Stream, Vec<Expected>) {
    let style = webm::Style {
        clusters: Clusters::EveryMs(700),
        wide_sizes,
        blocks,
        ..webm::Style::chromium()
    };
    let stream = webm::write(&capture("chromium-webm-vp8-opus", 4.0), &style);
    let expected = stream.expected.clone().unwrap().remove(0);
    (stream, expected)
}

fn mp4() -> (Stream, Vec<Expected>) {
    let style = mp4::Style { fragments: mp4::Fragments::EveryMs(700), ..mp4::Style::safari() };
    let stream = mp4::write(&capture("webkit-mp4-h264-aac", 4.0), &style);
    let expected = stream.expected.clone().unwrap().remove(0);
    (stream, expected)
}

fn find(stream: &[u8], pattern: &[u8]) -> usize {
    stream.windows(pattern.len()).position(|window| window == pattern).unwrap()
}

/// Where each sample's bytes stand; silence is the same each time, so one after the other.
fn places(stream: &[u8], expected: &[Expected]) -> Vec<usize> {
    let mut from = 0;
    let mut next = |sample: &Expected| {
        let at = from + find(&stream[from..], &sample.data);
        from = at + sample.data.len();
        at
    };
    expected.iter().map(&mut next).collect()
}

fn all(stream: &[u8], pattern: &[u8]) -> Vec<usize> {
    let windows = stream.windows(pattern.len()).enumerate();
    windows.filter(|(_, window)| window == &pattern).map(|(at, _)| at).collect()
}

#[test]
fn a_damaged_block_costs_that_block() {
    for blocks in [Blocks::Simple, Blocks::Groups] {
        let (stream, expected) = webm(false, blocks);
        let places = places(&stream.bytes, &expected);
        for victim in (5..expected.len()).step_by(11) {
            let mut bytes = stream.bytes.clone();
            // The track's number, which cannot be zero.
            let at = places[victim] - 4;
            bytes[at] = 0;
            for step in [bytes.len(), 1000] {
                let (found, damages, end) = read(&bytes.chunks(step).collect::<Vec<_>>());
                end.unwrap();
                let rest = expected.iter().enumerate().filter(|(n, _)| *n != victim);
                assert!(rest.map(|(_, sample)| &sample.data).eq(&found), "{victim}");
                let [Damage { error, bytes }] = &damages[..] else { panic!("{damages:?}") };
                assert_eq!((error.kind, error.element), (ErrorKind::Malformed, "Block"));
                let len = expected[victim].data.len() as u64;
                assert!((len + 4..len + 40).contains(bytes), "{bytes} of {len}");
                assert!(error.offset < at as u64 && error.offset + 20 > at as u64);
            }
        }
    }
}

/// Which samples are found when the element at `damage` is none any more: those before it, and
/// those from the next cluster on.
fn assert_next_cluster(stream: &[u8], damage: usize, expected: &[Expected], bytes: &[u8]) {
    let next = all(stream, &[0x1F, 0x43, 0xB6, 0x75]).into_iter().find(|&at| at > damage);
    let wanted = expected
        .iter()
        .zip(places(stream, expected))
        .filter(|(_, at)| *at < damage || next.is_some_and(|next| *at > next));
    let wanted: Vec<&Bytes> = wanted.map(|(sample, _)| &sample.data).collect();
    for step in [bytes.len(), 777] {
        let (found, damages, end) = read(&bytes.chunks(step).collect::<Vec<_>>());
        end.unwrap();
        assert!(wanted.iter().copied().eq(&found), "{} of {}", found.len(), wanted.len());
        let lost: u64 = damages.iter().map(|damage| damage.bytes).sum();
        assert!(lost > 0 && lost <= (next.unwrap_or(bytes.len()) - damage) as u64, "{lost}");
    }
}

#[test]
fn an_element_that_is_none_costs_itself_or_the_rest_of_its_cluster() {
    let (stream, expected) = webm(true, Blocks::Simple);
    let places = places(&stream.bytes, &expected);
    for victim in (5..expected.len() - 20).step_by(13) {
        // The block's id, eight bytes of size, and four of its own.
        let at = places[victim] - 13;
        assert_eq!(stream.bytes[at], 0xA3);
        for (offset, value) in [(0, 0u8), (2, 0x7F), (0, 0xAE)] {
            let mut bytes = stream.bytes.clone();
            bytes[at + offset] = value;
            if value == 0xAE {
                // A TrackEntry where none belongs, with another block behind it.
                let (found, damages, end) = read(&[&bytes]);
                end.unwrap();
                let rest = expected.iter().enumerate().filter(|(n, _)| *n != victim);
                assert!(rest.map(|(_, sample)| &sample.data).eq(&found), "{victim}");
                let [Damage { error, bytes }] = &damages[..] else { panic!("{damages:?}") };
                assert_eq!((error.kind, error.offset), (ErrorKind::NoHeader, at as u64));
                assert_eq!(*bytes, expected[victim].data.len() as u64 + 13);
                continue;
            }
            assert_next_cluster(&stream.bytes, at, &expected, &bytes);
        }
    }
}

#[test]
fn a_damaged_fragment_costs_that_fragment() {
    let (stream, expected) = mp4();
    let moofs: Vec<usize> = all(&stream.bytes, b"moof").iter().map(|at| at - 4).collect();
    assert!(moofs.len() > 4);
    let places = places(&stream.bytes, &expected);
    let inside = |n: usize| {
        let end = moofs.get(n + 1).copied().unwrap_or(stream.bytes.len());
        moofs[n]..end
    };
    for victim in 0..moofs.len() - 1 {
        let range = inside(victim);
        let trun = range.start + find(&stream.bytes[range.clone()], b"trun");
        // More samples than the box has room for; a moof of no end; a box that is none.
        for (at, value) in [(trun + 8, 1), (range.start, 0x7F), (range.start + 3, 3)] {
            let mut bytes = stream.bytes.clone();
            bytes[at] = value;
            for step in [bytes.len(), 777] {
                let (found, damages, end) = read(&bytes.chunks(step).collect::<Vec<_>>());
                end.unwrap();
                let lost: u64 = damages.iter().map(|damage| damage.bytes).sum();
                let rest = expected.iter().zip(&places).filter(|(_, at)| !range.contains(*at));
                let rest = rest.map(|(sample, _)| &sample.data);
                assert!(rest.eq(&found), "{victim} {at} {value}");
                assert!(lost > 0 && lost <= range.len() as u64, "{lost} of {}", range.len());
            }
        }
    }
}

/// The first sample's size is wrong: all that follow in its fragment are read from elsewhere, but
/// the next fragment is whole.
#[test]
fn samples_beyond_their_mdat_are_left_out() {
    let (stream, expected) = mp4();
    let moofs: Vec<usize> = all(&stream.bytes, b"moof").iter().map(|at| at - 4).collect();
    let mdat = find(&stream.bytes, b"mdat");
    let mut bytes = stream.bytes.clone();
    // Half of what it was.
    let len = u32::from_be_bytes(*bytes[mdat - 4..].first_chunk().unwrap());
    bytes[mdat - 4..mdat].copy_from_slice(&(len / 2).to_be_bytes());
    let (found, damages, end) = read(&[&bytes]);
    end.unwrap();
    assert!(!damages.is_empty());
    let places = places(&stream.bytes, &expected);
    let behind = expected.iter().zip(places).filter(|(_, at)| *at > moofs[1]);
    let behind: Vec<&Bytes> = behind.map(|(sample, _)| &sample.data).collect();
    assert!(found.iter().collect::<Vec<_>>().ends_with(&behind));
}

#[test]
fn what_is_no_stream_any_more_ends_in_an_error() {
    let (stream, _) = webm(false, Blocks::Simple);
    let mut demuxer = Demuxer::new();
    demuxer.push(stream.bytes.clone().into());
    while demuxer.poll().unwrap().is_some() {}
    let noise = Bytes::from(vec![0u8; 1 << 20]);
    let mut pushed = 0u64;
    let error = loop {
        demuxer.push(noise.clone());
        pushed += noise.len() as u64;
        assert!(pushed < 64 << 20, "it goes on for ever");
        match demuxer.poll() {
            Ok(event) => assert!(event.is_none()),
            Err(error) => break error,
        }
        assert!(demuxer.incomplete_bytes() < 16, "it is kept");
    };
    assert_eq!(error.offset, stream.bytes.len() as u64);
    let damage = demuxer.damage().unwrap();
    assert!(damage.bytes >= 32 << 20 && damage.error.offset == error.offset, "{damage}");
}

/// What looks like the beginning of a fragment and has no length was found again and again.
#[test]
fn a_fragment_without_a_length_is_passed() {
    let (stream, expected) = mp4();
    let moof = find(&stream.bytes, b"moof") - 4;
    for noise in [
        &b"\0\0\0\x01moof\0\0\0\0\0\0\0\x03"[..],
        b"\0\0\0\x03ftypisom",
        b"\0\0\0\x02moof\0\0\0\x10mfhd",
    ] {
        let noise = [b"\0\0\0\0\0\0\0\0", noise].concat();
        let bytes = [&stream.bytes[..moof], &noise, &stream.bytes[moof..]].concat();
        let (found, damages, end) = read(&[&bytes]);
        end.unwrap();
        assert_eq!(found.len(), expected.len());
        assert_eq!(damages.iter().map(|damage| damage.bytes).sum::<u64>(), noise.len() as u64);
    }
}

/// A server that restarts while it looks for the next cluster finds the same one.
#[test]
fn the_search_goes_on_after_a_resumption() {
    let (webm_stream, _) = webm(false, Blocks::Simple);
    let (mp4_stream, _) = mp4();
    for (stream, mark) in [(webm_stream, &[0x1F, 0x43, 0xB6, 0x75]), (mp4_stream, b"moof")] {
        let marks = all(&stream.bytes, mark);
        let mut bytes = stream.bytes[..marks[2] - 4].to_vec();
        bytes.extend([0; 3000]);
        let in_noise = bytes.len() - 500;
        bytes.extend(&stream.bytes[marks[3] - 4..]);
        let (all, ..) = read(&[&bytes]);
        let mut demuxer = Demuxer::new();
        demuxer.push(Bytes::copy_from_slice(&bytes[..in_noise]));
        let (mut found, mut init) = (Vec::new(), None);
        while let Some(event) = demuxer.poll().unwrap() {
            match event {
                Event::Init(new) => init = Some(new),
                Event::Sample(sample) => found.push(sample.data),
                Event::Config { .. } => {}
            }
        }
        let point = demuxer.resume_point().unwrap();
        assert!(point.position > in_noise as u64 - 100, "the noise is not asked for again");
        let init = init.unwrap();
        let mut demuxer = Demuxer::resume(&init.bytes, &point, &init.tracks).unwrap();
        demuxer.push(Bytes::copy_from_slice(&bytes[point.position as usize..]));
        while let Some(event) = demuxer.poll().unwrap() {
            if let Event::Sample(sample) = event {
                found.push(sample.data);
            }
        }
        assert!(found == all);
    }
}
