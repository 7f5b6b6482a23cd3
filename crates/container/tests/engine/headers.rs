//! What stands in a header beside the point does not cost the stream.

use bytes::Bytes;
use container::{Container, Damage, Demuxer, Event, Init, Notes, Sample};

use crate::captures;
use crate::support::split;
use crate::writers::sources::capture;
use crate::writers::webm;

const TRACKS: [u8; 4] = [0x16, 0x54, 0xAE, 0x6B];
const CLUSTER: [u8; 4] = [0x1F, 0x43, 0xB6, 0x75];

fn element(id: &[u8], payload: &[u8]) -> Vec<u8> {
    let size = (payload.len() as u64 | 1 << 56).to_be_bytes();
    [id, &size, payload].concat()
}

fn find(stream: &[u8], pattern: &[u8]) -> usize {
    stream.windows(pattern.len()).position(|window| window == pattern).unwrap()
}

/// A browser's stream, in front of its Tracks, their payload, and what follows them.
fn parts() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let stream = captures::named("chromium-webm-vp8-opus").stream;
    let at = find(&stream, &TRACKS);
    let first = stream[at + 4];
    let len = first.leading_zeros() as usize + 1;
    let size = stream[at + 4..at + 4 + len].iter().fold(0u64, |size, &b| size << 8 | u64::from(b));
    let size = (size & (u64::MAX >> (64 - 7 * len))) as usize;
    let (from, to) = (at + 4 + len, at + 4 + len + size);
    (stream[..at].to_vec(), stream[from..to].to_vec(), stream[to..].to_vec())
}

fn read(stream: &[u8]) -> (Vec<Init>, Vec<Sample>, Vec<Damage>) {
    let mut demuxer = Demuxer::new();
    let (mut inits, mut samples, mut damages) = (Vec::new(), Vec::new(), Vec::new());
    for piece in stream.chunks(100_003) {
        demuxer.push(Bytes::copy_from_slice(piece));
        while let Some(event) = demuxer.poll().unwrap() {
            match event {
                Event::Init(init) => inits.push((*init).clone()),
                Event::Sample(sample) => samples.push(sample),
                Event::Config { .. } => {}
            }
        }
        damages.extend(std::iter::from_fn(|| demuxer.damage()));
    }
    (inits, samples, damages)
}

fn whole() -> Vec<Sample> {
    read(&captures::named("chromium-webm-vp8-opus").stream).1
}

#[test]
fn padding_and_attachments_of_any_length_are_passed_over() {
    let (front, tracks, behind) = parts();
    let tracks = element(&TRACKS, &tracks);
    for id in [&[0xEC][..], &[0x19, 0x41, 0xA4, 0x69]] {
        let long = element(id, &vec![0; 20 << 20]);
        let (inits, samples, damages) = read(&[&front[..], &long, &tracks, &behind].concat());
        assert!(samples == whole() && damages.is_empty(), "{damages:?}");
        assert!(inits[0].bytes.len() < 4096);
        let (_, samples, damages) = read(&[&front[..], &tracks, &long, &behind].concat());
        assert!(samples == whole() && damages.is_empty(), "{damages:?}");
    }
}

#[test]
fn a_first_cluster_that_is_none_costs_itself() {
    let mut stream = captures::named("chromium-webm-vp8-opus").stream;
    let first = find(&stream, &CLUSTER);
    let second = first + 4 + find(&stream[first + 4..], &CLUSTER);
    stream[first + 2] ^= 4;
    let (inits, samples, damages) = read(&stream);
    assert_eq!(inits.len(), 1);
    assert!(whole().ends_with(&samples) && samples.len() > whole().len() / 2);
    let lost: u64 = damages.iter().map(|damage| damage.bytes).sum();
    assert_eq!((damages[0].error.offset, lost), (first as u64, (second - first) as u64));
    assert_eq!(Demuxer::read_init(&inits[0].bytes).unwrap(), inits[0]);
}

/// Subtitles that are compressed, with styles and fonts: their track is passed over, and so are
/// its blocks, whatever came of the parser in between.
#[test]
fn subtitles_cost_nothing_but_themselves() {
    let (front, tracks, behind) = parts();
    let entry = [
        element(&[0xD7], &[9]),
        element(&[0x83], &[0x11]),
        element(&[0x86], b"S_TEXT/ASS"),
        element(&[0x63, 0xA2], &vec![b'a'; 200_000]),
        element(&[0x6D, 0x80], &[]),
    ];
    let tracks = [element(&[0xAE], &entry.concat()), tracks].concat();
    let first_block = find(&behind, &[0xA3]);
    let block = element(&[0xA3], &[0x89, 0, 0, 0x80, 1, 2, 3]);
    let (cluster, blocks) = behind.split_at(first_block);
    let tracks = element(&TRACKS, &tracks);
    let stream = [&front[..], &tracks, cluster, &block, blocks].concat();
    let (inits, samples, damages) = read(&stream);
    assert!(samples == whole() && damages.is_empty(), "{damages:?}");
    assert!(inits[0].bytes.len() < 4096, "every file repeats it");
    let mut demuxer = Demuxer::new();
    demuxer.push(stream[..front.len() + tracks.len() + cluster.len()].to_vec().into());
    while demuxer.poll().unwrap().is_some() {}
    let point = demuxer.resume_point().unwrap();
    let mut demuxer = Demuxer::resume(&inits[0].bytes, &point, &inits[0].tracks).unwrap();
    demuxer.push(stream[point.position as usize..].to_vec().into());
    let samples = std::iter::from_fn(|| demuxer.poll().unwrap());
    assert_eq!(samples.filter(|e| matches!(e, Event::Sample(_))).count(), whole().len());
    assert_eq!(demuxer.damage(), None);
}

/// What is no picture and no sound is told, wherever it stands.
#[test]
fn what_is_not_handed_out_is_told() {
    let (front, tracks, behind) = parts();
    let subtitles = [element(&[0xD7], &[9]), element(&[0x83], &[0x11])].concat();
    let tracks = element(&TRACKS, &[element(&[0xAE], &subtitles), tracks].concat());
    let attachments = element(&[0x19, 0x41, 0xA4, 0x69], &[0; 100]);
    let chapters = element(&[0x10, 0x43, 0xA7, 0x70], &[0; 100]);
    let stream = [&front[..], &chapters, &tracks, &behind, &attachments].concat();
    // A naive server repeats the header, and there is no more of it for that.
    for stream in [stream.clone(), stream.repeat(2)] {
        let mut demuxer = Demuxer::new();
        assert_eq!(demuxer.notes(), Notes::default());
        demuxer.push(stream.into());
        while demuxer.poll().unwrap().is_some() {}
        let notes = demuxer.notes();
        assert_eq!(notes.other_tracks, 1);
        assert!(notes.has_attachments && notes.has_chapters);
    }
    // The stream in front of damage is not forgotten.
    let mut demuxer = Demuxer::salvaging();
    let mp4 = captures::named("chromium-mp4-h264-opus").stream;
    demuxer.push([&stream[..], &vec![0; 5000], &mp4].concat().into());
    demuxer.end();
    while demuxer.poll().unwrap().is_some() {}
    assert_eq!(demuxer.notes().other_tracks, 1);
    // A browser's stream has nothing else.
    demuxer = Demuxer::new();
    demuxer.push(mp4.into());
    while demuxer.poll().unwrap().is_some() {}
    assert_eq!(demuxer.notes(), Notes::default());
}

/// ffmpeg puts subtitles into a fragmented MP4 as text.
#[test]
fn text_in_a_fragmented_mp4_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.srt");
    std::fs::write(&text, "1\n00:00:00,500 --> 00:00:02,000\nword\n").unwrap();
    let text = text.to_str().unwrap();
    let arguments = format!(
        "-f lavfi -i testsrc2=s=320x240:r=24:d=4 -f lavfi -i sine=d=4 -i {text} -map 0 -map 1 \
         -map 2 -c:v libx264 -pix_fmt yuv420p -c:a aac -c:s mov_text \
         -movflags frag_keyframe+empty_moov+default_base_moof -f mp4"
    );
    let stream = captures::made(folder.path(), "text.mp4", &arguments).stream;
    let (inits, _, damages) = read(&stream);
    assert_eq!((inits[0].tracks.len(), damages.len()), (2, 0));
    let mut demuxer = Demuxer::new();
    demuxer.push(stream.into());
    while demuxer.poll().unwrap().is_some() {}
    assert_eq!(demuxer.notes().other_tracks, 1);
}

/// Only two of the codecs whose names begin so become MP4.
#[test]
fn older_mpeg_video_stays_in_matroska() {
    for (codec, output) in [
        (&b"V_MPEG2"[..], Container::Webm),
        (b"V_MPEG4/ISO/ASP", Container::Webm),
        (b"V_MPEG4/ISO/AVC", Container::Mp4),
        (b"V_MPEGH/ISO/HEVC", Container::Mp4),
    ] {
        let (front, _, behind) = parts();
        let size = [element(&[0xB0], &[1, 64]), element(&[0xBA], &[240])].concat();
        let entry = [
            element(&[0xD7], &[1]),
            element(&[0x83], &[1]),
            element(&[0x86], codec),
            element(&[0x63, 0xA2], &[1; 30]),
            element(&[0xE0], &size),
        ];
        let tracks = element(&TRACKS, &element(&[0xAE], &entry.concat()));
        let (inits, ..) = read(&[&front[..], &tracks, &behind[..4000]].concat());
        assert_eq!(inits[0].output, output, "{}", String::from_utf8_lossy(codec));
    }
}

/// A track that an MP4 cannot describe keeps the stream in the container that it came in.
#[test]
fn what_mp4_has_no_description_for_stays_matroska() {
    let whole = capture("chromium-mkv-h264-opus", 2.0);
    let video = whole.video().unwrap();
    let audio = 1 - video;
    let aac: Bytes = vec![0x11, 0x90].into();
    let opus = whole.tracks[audio].private.clone();
    for (video_codec, has_video, audio_codec, audio_private, output) in [
        ("V_MPEG4/ISO/AVC", true, "A_OPUS", opus.clone(), Container::Mp4),
        // It comes in the stream.
        ("V_MPEG4/ISO/AVC", false, "A_OPUS", opus.clone(), Container::Mp4),
        ("V_MPEG4/ISO/AVC", true, "A_OPUS", None, Container::Webm),
        ("V_MPEG4/ISO/AVC", true, "A_OPUS", Some(aac.clone()), Container::Webm),
        ("V_MPEG4/ISO/AVC", true, "A_AAC", Some(aac.clone()), Container::Mp4),
        ("V_MPEG4/ISO/AVC", true, "A_AAC", None, Container::Webm),
        ("V_MPEGH/ISO/HEVC", true, "A_OPUS", opus.clone(), Container::Mp4),
        ("V_MPEGH/ISO/HEVC", false, "A_OPUS", opus, Container::Webm),
    ] {
        let mut source = whole.clone();
        source.tracks[video].codec = video_codec;
        source.tracks[video].private.take_if(|_| !has_video);
        source.tracks[audio].codec = audio_codec;
        source.tracks[audio].private = audio_private;
        let stream = webm::write(&source, &webm::Style::chromium());
        let (inits, samples, _) = read(&stream.bytes);
        let name = format!("{video_codec} {has_video} {audio_codec}");
        assert_eq!(inits[0].output, output, "{name}");
        if output == Container::Webm {
            let split = split(&[stream.bytes.into()], 1000.0).unwrap();
            assert_eq!((split.files.len(), split.samples[0].len()), (1, samples.len()), "{name}");
        }
    }
}
