//! What a crash or a careless program has left is read as far as anything of it can be.

use bytes::Bytes;
use container::{Damage, Demuxer, ErrorKind, Event, Sample};

use crate::captures;
use crate::support::stream;

#[derive(Debug, Default)]
struct Salvaged {
    inits: usize,
    samples: Vec<Sample>,
    damage: Vec<Damage>,
}

/// In pieces, as a file is read.
fn salvage(bytes: &[u8]) -> Salvaged {
    let mut demuxer = Demuxer::salvaging();
    let mut salvaged = Salvaged::default();
    let mut take = |demuxer: &mut Demuxer| {
        while let Some(event) = demuxer.poll().unwrap() {
            match event {
                Event::Init(_) => salvaged.inits += 1,
                Event::Config { .. } => {}
                Event::Sample(sample) => salvaged.samples.push(sample),
            }
        }
        for damage in std::iter::from_fn(|| demuxer.damage()) {
            // What one piece ended in, the next may go on with.
            match salvaged.damage.last_mut() {
                Some(last) if last.error.offset + last.bytes == damage.error.offset => {
                    last.bytes += damage.bytes;
                }
                _ => salvaged.damage.push(damage),
            }
        }
    };
    for piece in bytes.chunks(30_011) {
        demuxer.push(Bytes::copy_from_slice(piece));
        take(&mut demuxer);
    }
    demuxer.end();
    take(&mut demuxer);
    salvaged
}

#[test]
fn a_whole_stream_has_no_damage() {
    for capture in captures::all() {
        let salvaged = salvage(&capture.stream);
        assert_eq!(salvaged.damage, [], "{}", capture.name);
        let samples = crate::support::demux(&capture.stream).unwrap();
        assert!(salvaged.samples == samples, "{}", capture.name);
    }
}

#[test]
fn a_torn_tail_is_named_with_its_place() {
    for capture in captures::all() {
        let whole = salvage(&capture.stream).samples;
        for cut in [0.1, 0.37, 0.5, 0.83, 0.999] {
            let len = (capture.stream.len() as f64 * cut) as usize;
            let salvaged = salvage(&capture.stream[..len]);
            let name = &capture.name;
            assert!(whole.starts_with(&salvaged.samples), "{name}");
            assert!(salvaged.damage.len() <= 1, "{name}: {:?}", salvaged.damage);
            for damage in salvaged.damage {
                assert_eq!(damage.error.kind, ErrorKind::Truncated, "{name}");
                assert_eq!(damage.error.offset + damage.bytes, len as u64, "{name}");
            }
        }
    }
}

#[test]
fn what_stands_in_front_of_the_header_is_left_out() {
    for capture in captures::all() {
        let whole = salvage(&capture.stream).samples;
        // The end of another recording of the same kind, of which the header is lost.
        let tail = &capture.stream[capture.stream.len() / 2 + 17..];
        let salvaged = salvage(&[tail, &capture.stream].concat());
        let name = &capture.name;
        assert!(salvaged.samples == whole, "{name}: {:?}", salvaged.damage);
        let [damage] = &salvaged.damage[..] else { panic!("{name}: {:?}", salvaged.damage) };
        assert_eq!((damage.error.offset, damage.bytes), (0, tail.len() as u64), "{name}");
        // And alone it is nothing, and no error either.
        let salvaged = salvage(tail);
        assert_eq!((salvaged.inits, salvaged.samples.len()), (0, 0), "{name}");
        assert_eq!(
            salvaged.damage.iter().map(|d| d.bytes).sum::<u64>(),
            tail.len() as u64,
            "{name}"
        );
    }
}

#[test]
fn a_hole_of_any_size_is_crossed() {
    // More than a stream that is recorded may lose: a disk gives zeros for what it had not written.
    let hole = vec![0; 40 << 20];
    for name in ["chromium-webm-vp8-opus", "webkit-mp4-h264-aac"] {
        let capture = captures::named(name);
        let whole = salvage(&capture.stream).samples;
        let (front, back) = capture.stream.split_at(capture.stream.len() / 2);
        let holed = [front, &hole, back].concat();
        let salvaged = salvage(&holed);
        assert!(salvaged.samples.len() > whole.len() * 3 / 4, "{name}: {}", salvaged.samples.len());
        assert_eq!(salvaged.samples.last().unwrap().data, whole.last().unwrap().data, "{name}");
        let lost: u64 = salvaged.damage.iter().map(|damage| damage.bytes).sum();
        assert!(lost >= hole.len() as u64, "{name}: {lost}");
        let mut recording = Demuxer::new();
        recording.push(holed.into());
        let gives_up =
            std::iter::from_fn(|| recording.poll().transpose()).any(|found| found.is_err());
        assert!(gives_up, "{name}: a recorder has no such patience");
    }
}

#[test]
fn a_header_that_cannot_be_read_costs_only_its_own_stream() {
    let good = stream(&captures::named("chromium-webm-vp8-opus"));
    let mut bad = captures::named("firefox-webm-vp8-opus").stream;
    let tracks = bad.windows(4).position(|four| four == [0x16, 0x54, 0xAE, 0x6B]).unwrap();
    bad[tracks + 4] = 0;
    let salvaged = salvage(&[&bad[..], &good[..]].concat());
    assert!(salvaged.samples == salvage(&good).samples);
    let [damage] = &salvaged.damage[..] else { panic!("{:?}", salvaged.damage) };
    assert_eq!((damage.error.offset, damage.bytes), (tracks as u64, (bad.len() - tracks) as u64));
}

#[test]
fn recordings_of_both_kinds_stand_behind_each_other() {
    let webm = captures::named("chromium-webm-vp8-opus").stream;
    let mp4 = captures::named("webkit-mp4-h264-aac").stream;
    let torn = |stream: &[u8]| stream[..stream.len() - 7].to_vec();
    for (first, second) in [(&webm, &mp4), (&mp4, &webm)] {
        let salvaged = salvage(&[&first[..], second].concat());
        assert_eq!((salvaged.inits, &salvaged.damage[..]), (2, &[][..]));
        let both = [salvage(first).samples, salvage(second).samples].concat();
        assert!(salvaged.samples == both);
        let noise = vec![7; 3000];
        let salvaged = salvage(&[&first[..], &noise, second].concat());
        let lost: u64 = salvaged.damage.iter().map(|damage| damage.bytes).sum();
        assert_eq!((salvaged.inits, lost), (2, 3000));
        // What is torn takes some of the next one along, which is named.
        let salvaged = salvage(&[&torn(first)[..], &noise, second].concat());
        assert_eq!(salvaged.inits, 2);
        assert!(!salvaged.damage.is_empty());
    }
}

/// Each zero could be the size of a box, but then a type would stand behind it.
#[test]
fn zeros_in_front_of_a_header_cost_no_time() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let stream = [vec![0; 40 << 20], capture.stream.clone()].concat();
    let begun = std::time::Instant::now();
    let salvaged = salvage(&stream);
    assert!(salvaged.samples == salvage(&capture.stream).samples);
    let [damage] = &salvaged.damage[..] else { panic!("{:?}", salvaged.damage) };
    assert_eq!((damage.error.offset, damage.bytes), (0, 40 << 20));
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
}
