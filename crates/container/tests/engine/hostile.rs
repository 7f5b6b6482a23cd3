//! Headers and frames that are legal and made to keep a server busy.

use std::time::{Duration, Instant};

use bytes::Bytes;
use container::{BareCodec, BareTrack, Demuxer, ErrorKind, Event, Init};

use crate::captures;
use crate::writers::sources::capture;
use crate::writers::{mp4, webm};

/// A search that is not linear takes hours for what follows.
const A_MOMENT: Duration = Duration::from_secs(20);

fn error(stream: &[u8]) -> container::Error {
    let mut demuxer = Demuxer::new();
    demuxer.push(Bytes::copy_from_slice(stream));
    loop {
        match demuxer.poll() {
            Ok(event) => assert!(event.is_some(), "no error"),
            Err(error) => return error,
        }
    }
}

/// Each track costs something with each box, each block, each commit and each file.
#[test]
fn more_tracks_than_any_recorder_has_are_refused() {
    let with_tracks = |count: usize, is_mp4: bool| {
        let mut source = capture("chromium-webm-vp8-opus", 0.5);
        if is_mp4 {
            source = capture("chromium-mp4-h264-opus", 0.5);
        }
        while source.tracks.len() < count {
            source.tracks.push(source.tracks[0].clone());
        }
        match is_mp4 {
            true => {
                mp4::write(&source, &mp4::Style { empty_trafs: false, ..mp4::Style::chromium() })
            }
            false => webm::write(&source, &webm::Style::chromium()),
        }
    };
    for (is_mp4, element) in [(false, "Tracks"), (true, "trak")] {
        let mut demuxer = Demuxer::new();
        demuxer.push(with_tracks(32, is_mp4).bytes.into());
        let Some(Event::Init(init)) = demuxer.poll().unwrap() else { panic!("no init segment") };
        assert_eq!(init.tracks.len(), 32);
        let error = error(&with_tracks(33, is_mp4).bytes);
        assert_eq!((error.kind, error.element), (ErrorKind::TooLarge, element));
    }
}

/// A key frame's parameter sets are looked for in the configuration that is known.
#[test]
fn parameter_sets_that_nearly_stand_in_the_configuration_cost_little() {
    // Long, and all alike but for its end, which each set is.
    let mut set = vec![0x68; 60_000];
    set[59_999] = 1;
    let mut avcc = vec![1, 0x42, 0, 0x1E, 0xFF, 0xE1, 0, 1, 0x67, 1, 0, 1, 0x68];
    avcc.resize(1 << 20, 0x68);
    avcc.extend_from_slice(&set);
    let video = BareTrack::video(BareCodec::H264(avcc.into()), (320, 240));
    let init = Init::of_bare(&[video]).unwrap();
    let mut unit = Vec::new();
    for _ in 0..64 {
        unit.extend((set.len() as u32).to_be_bytes());
        unit.extend_from_slice(&set);
    }
    let mut stream = init.bytes.to_vec();
    fragment(&mut stream, &unit);
    let begun = Instant::now();
    let mut demuxer = Demuxer::new();
    demuxer.push(stream.into());
    let mut found = 0;
    while let Some(event) = demuxer.poll().unwrap() {
        found += usize::from(matches!(event, Event::Sample(_)));
    }
    assert_eq!(found, 1);
    assert!(begun.elapsed() < A_MOMENT, "{:?}", begun.elapsed());
}

/// A `moof` of one sample, and its `mdat`.
fn fragment(out: &mut Vec<u8>, sample: &[u8]) {
    let boxed = |kind: &[u8; 4], payload: &[u8]| {
        let len = (payload.len() as u32 + 8).to_be_bytes();
        [&len[..], kind, payload].concat()
    };
    let tfhd = boxed(b"tfhd", &[0, 2, 0, 0, 0, 0, 0, 1]);
    let size = (sample.len() as u32).to_be_bytes();
    // moof, traf, tfhd, trun, and the header of the mdat.
    let offset = (8 + 8 + 16 + 24 + 8u32).to_be_bytes();
    let trun = boxed(b"trun", &[&[0, 0, 2, 1, 0, 0, 0, 1], &offset[..], &size[..]].concat());
    let moof = boxed(b"moof", &boxed(b"traf", &[tfhd, trun].concat()));
    out.extend(moof);
    out.extend(boxed(b"mdat", sample));
}

/// A parameter set that no configuration record has room for is left out of it.
#[test]
fn a_parameter_set_that_is_too_long_is_none() {
    let long = [&[0, 0, 0, 1, 0x67, 0x42, 0xC0, 0x15][..], &[7; 70_000]].concat();
    let rest = [0, 0, 0, 1, 0x68, 9, 0, 0, 0, 1, 0x65, 7];
    let unit: Bytes = [&long[..], &rest].concat().into();
    let (data, sets) = container::codec::h264::to_length_prefixed(&unit);
    assert_eq!(data, &[0, 0, 0, 2, 0x65, 7][..]);
    assert!(!sets.is_complete() && sets.sps.is_empty());
}

/// DiscardPadding is no alpha plane: a header that promises those without need keeps players away.
#[test]
fn padding_announces_no_alpha_plane() {
    let mut stream = captures::named("chromium-webm-vp8-opus").stream;
    // The last block of sound becomes a group with a DiscardPadding of 1 ms.
    let demuxed = crate::support::demux(&stream).unwrap();
    let last = demuxed.last().unwrap();
    let mut group = Vec::new();
    let block_len = last.data.len() + 4;
    assert!(block_len < 0x3FFF);
    let size = |len: usize| ((len as u16) | 0x4000).to_be_bytes();
    let number = webm_number(&stream, last.track);
    group.push(0xA1);
    group.extend(size(block_len));
    group.extend([0x80 | number, 0, 0, 0]);
    group.extend_from_slice(&last.data);
    group.extend([0x75, 0xA2, 0x83, 0x0F, 0x42, 0x40]);
    stream.push(0xA0);
    stream.extend(size(group.len()));
    stream.extend(group);
    let files = crate::matrix::recording::record(&[stream.into()], i64::MAX).unwrap().files;
    let [file] = &files[..] else { panic!("{} files", files.len()) };
    assert!(file.samples.last().unwrap().block_extra.ends_with(&[0x0F, 0x42, 0x40]));
    let alpha = [0x53, 0xC0, 0x81];
    let at = file.finished.windows(3).position(|three| three == alpha).unwrap();
    assert_eq!(file.finished[at + 3], 0);
}

fn webm_number(stream: &[u8], track: usize) -> u8 {
    let mut demuxer = Demuxer::new();
    demuxer.push(Bytes::copy_from_slice(stream));
    let Some(Event::Init(init)) = demuxer.poll().unwrap() else { panic!("no init segment") };
    match &init.tracks[track].detail {
        container::Detail::Webm(detail) => detail.number as u8,
        container::Detail::Mp4(_) => panic!("no WebM"),
    }
}

/// Each of them says that it is 4 MiB long, and what stands in one stands in hundred thousand more.
#[test]
fn movie_boxes_inside_one_another_cost_little() {
    let stream = mp4::write(&capture("chromium-mp4-h264-opus", 0.5), &mp4::Style::chromium());
    let wanted = stream.expected.as_ref().unwrap()[0].len();
    for (kind, first) in [(b"moof", b"mfhd"), (b"moov", b"mvhd")] {
        // Children of the one that begins before, each of which holds the beginning of another.
        let (own, inner, sizes) = (32u32, 4u32 << 20, 16u32);
        let head = [&own.to_be_bytes()[..], b"free", &inner.to_be_bytes(), kind].concat();
        let unit = [&head[..], &sizes.to_be_bytes(), first, &[0; 8]].concat();
        // In front no box, so that what follows is looked for; behind it enough for the last one.
        let units = unit.repeat((8 << 20) / unit.len());
        let nested = [vec![0; 8], units, vec![0xFF; 5 << 20]].concat();
        let behind = [&stream.bytes[..], &nested, &stream.bytes].concat();
        let alone = [&nested[..], &stream.bytes].concat();
        for (mut demuxer, bytes, wanted) in [
            (Demuxer::new(), &behind, 2 * wanted),
            (Demuxer::salvaging(), &behind, 2 * wanted),
            (Demuxer::salvaging(), &alone, wanted),
        ] {
            let begun = Instant::now();
            let (mut found, mut lost) = (0, 0);
            let pieces = bytes.chunks(1 << 20).map(Bytes::copy_from_slice).map(Some);
            for piece in pieces.chain([None]) {
                match piece {
                    Some(piece) => demuxer.push(piece),
                    None => demuxer.end(),
                }
                while let Some(event) = demuxer.poll().unwrap() {
                    found += usize::from(matches!(event, Event::Sample(_)));
                }
                lost += std::iter::from_fn(|| demuxer.damage()).map(|d| d.bytes).sum::<u64>();
                assert!(begun.elapsed() < A_MOMENT, "{:?}", begun.elapsed());
            }
            assert_eq!((found, lost), (wanted, nested.len() as u64));
        }
    }
}
