//! Tracks that come without a container, on their way into files: what ffmpeg reads of them.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use container::codec::{codec_name, configuration};
use container::{
    Action, BareCodec, BareTrack, Checkpoint, CommitRecord, Demuxer, Event, FinishStep, Init, Kind,
    LiveMuxer, Muxer, NANOS_PER_SECOND, Reopening, ResumePoint, ResumeState, Sample, SegmentSpec,
    Segmenter, Track,
};

use crate::support::demux;

const SECONDS: usize = 3;
const SEGMENT_NS: i64 = 2 * NANOS_PER_SECOND;

/// One codec's encoded samples, with times as RTP has them: only those of presentation.
struct Source {
    track: BareTrack,
    samples: Vec<Sample>,
}

fn ffmpeg(arguments: &str, input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin"])
        .args(arguments.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // What it does not read to the end it need not.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{arguments}: {complaints}");
    output.stdout
}

fn picture() -> String {
    format!("-f lavfi -i testsrc2=size=320x180:rate=15:duration={SECONDS}")
}

fn tone(rate: usize) -> String {
    format!("-f lavfi -i sine=frequency=440:sample_rate={rate}:duration={SECONDS}")
}

/// The samples that ffmpeg's encoder makes, from a fragmented MP4 of its own.
fn encoded(arguments: &str) -> (Track, Vec<Sample>) {
    let mp4 = "-f mp4 -movflags frag_keyframe+empty_moov+default_base_moof pipe:1";
    let stream = ffmpeg(&format!("{arguments} {mp4}"), &[]);
    let mut demuxer = Demuxer::new();
    demuxer.push(stream.into());
    let (mut track, mut samples) = (None, Vec::new());
    while let Some(event) = demuxer.poll().unwrap() {
        match event {
            Event::Init(init) => track = init.tracks.first().cloned(),
            Event::Sample(sample) => samples.push(sample),
            Event::Config { .. } => {}
        }
    }
    let track: Track = track.unwrap();
    for sample in &mut samples {
        let to = if track.kind == Kind::Video { 90_000 } else { i64::from(track.timescale) };
        sample.pts = sample.pts * to / i64::from(track.timescale);
        sample.dts = sample.pts;
        sample.duration = sample.duration.filter(|_| track.kind == Kind::Audio);
    }
    // What an encoder puts in front of the beginning.
    samples.retain(|sample| sample.pts >= 0);
    (track, samples)
}

fn video(encoder: &str) -> Source {
    let (track, samples) = encoded(&format!("{} -pix_fmt yuv420p -g 15 {encoder}", picture()));
    let config = |kind| configuration(&track, kind).unwrap();
    let codec = match track.codec.as_str() {
        "avc1" => BareCodec::H264(config(b"avcC")),
        "hvc1" => BareCodec::H265(config(b"hvcC")),
        other => panic!("{other}"),
    };
    Source { track: BareTrack::video(codec, (track.width, track.height)), samples }
}

fn jpegs() -> Source {
    let stream = ffmpeg(&format!("{} -f mjpeg pipe:1", picture()), &[]);
    let begin = |window: &[u8]| window == [0xFF, 0xD8, 0xFF];
    let mut at: Vec<usize> = (0..stream.len() - 2).filter(|&i| begin(&stream[i..i + 3])).collect();
    at.push(stream.len());
    let frames = at.windows(2).map(|pair| stream[pair[0]..pair[1]].to_vec());
    Source { track: BareTrack::video(BareCodec::Mjpeg, (320, 180)), samples: even(frames, 6000) }
}

fn pcm(codec: BareCodec, arguments: &str, rate: u32, channels: u32, packet_bytes: usize) -> Source {
    let stream = ffmpeg(&format!("{} {arguments} pipe:1", tone(rate as usize)), &[]);
    let packets = stream.chunks(packet_bytes).map(<[u8]>::to_vec);
    Source { track: BareTrack::audio(codec, rate, channels), samples: even(packets, rate / 50) }
}

fn even(payloads: impl Iterator<Item = Vec<u8>>, step: u32) -> Vec<Sample> {
    let sample = |(data, number): (Vec<u8>, i64)| Sample {
        track: 0,
        pts: number * i64::from(step),
        dts: number * i64::from(step),
        duration: Some(step.into()),
        sync: true,
        data: data.into(),
        block_extra: Bytes::new(),
    };
    payloads.zip(0..).map(sample).collect()
}

fn sound(arguments: &str, codec: impl FnOnce(&Track) -> BareCodec) -> Source {
    let (track, samples) = encoded(&format!("{} {arguments}", tone(48_000)));
    Source { track: BareTrack::audio(codec(&track), 48_000, track.channels), samples }
}

fn sources() -> Vec<(&'static str, Vec<Source>)> {
    // Two bytes behind the descriptors' heads: the AudioSpecificConfig of AAC-LC, 48 kHz, mono.
    let aac = || sound("-c:a aac", |_| BareCodec::Aac(Bytes::from_static(&[0x11, 0x88])));
    let opus = || sound("-c:a libopus", |_| BareCodec::Opus);
    vec![
        ("h264 aac", vec![video("-c:v libx264 -bf 0"), aac()]),
        (
            "h264 reordered, µ-law",
            vec![video("-c:v libx264 -bf 2"), pcm(BareCodec::Ulaw, "-f mulaw", 8000, 1, 160)],
        ),
        (
            "h265 opus",
            vec![video("-c:v libx265 -tag:v hvc1 -x265-params log-level=none:bframes=0"), opus()],
        ),
        ("mjpeg, A-law", vec![jpegs(), pcm(BareCodec::Alaw, "-f alaw", 8000, 1, 160)]),
        (
            "h264 L16",
            vec![
                video("-c:v libx264 -bf 0"),
                pcm(BareCodec::L16, "-ac 2 -f s16be", 16_000, 2, 16_000 / 50 * 4),
            ],
        ),
        ("L16 alone", vec![pcm(BareCodec::L16, "-f s16be", 8000, 1, 320)]),
    ]
}

/// All samples in the order in which they would arrive, and the init segment.
fn stream(sources: &[Source]) -> (Arc<Init>, Vec<Sample>) {
    let tracks: Vec<BareTrack> = sources.iter().map(|source| source.track.clone()).collect();
    let init = Init::of_bare(&tracks).unwrap();
    let own = |(index, source): (usize, &Source)| -> Vec<Sample> {
        let own = source.samples.iter().cloned();
        own.map(|sample| Sample { track: index, ..sample }).collect()
    };
    let mut all: Vec<Sample> = sources.iter().enumerate().flat_map(own).collect();
    // Frames that are decoded earlier than they are shown come earlier, too.
    let mut arrives: Vec<i64> = vec![i64::MIN; sources.len()];
    let mut keys = Vec::new();
    for sample in &all {
        let newest = &mut arrives[sample.track];
        *newest = (*newest).max(init.tracks[sample.track].to_nanos(sample.pts));
        keys.push(*newest);
    }
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|&index| keys[index]);
    all = order.into_iter().map(|index| all[index].clone()).collect();
    (Arc::new(init), all)
}

/// Files as a recorder writes them, with the growing form of each.
fn files(init: &Arc<Init>, samples: &[Sample]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut segmenter = Segmenter::new(SEGMENT_NS);
    segmenter.push(Event::Init(Arc::clone(init)));
    let mut open: Option<(Muxer, Vec<u8>)> = None;
    let mut files = Vec::new();
    let mut act = |segmenter: &mut Segmenter, position: u64| {
        while let Some(action) = segmenter.poll() {
            match action {
                Action::Open { spec, .. } => {
                    open = Some((Muxer::new(*spec, SEGMENT_NS).unwrap(), Vec::new()));
                }
                Action::Write { sample, .. } => open.as_mut().unwrap().0.push(sample),
                Action::Close { end_ns, .. } => {
                    let (mut muxer, mut growing) = open.take().unwrap();
                    commit(&mut muxer, &mut growing, position);
                    let mut finished = growing.clone();
                    for step in muxer.finish(end_ns).0 {
                        match step {
                            FinishStep::WriteAt { offset, bytes } => {
                                let offset = offset as usize;
                                finished[offset..offset + bytes.len()].copy_from_slice(&bytes);
                            }
                            FinishStep::Rewrite { .. } => panic!("there is room for the index"),
                            FinishStep::Sync => {}
                        }
                    }
                    files.push((growing, finished));
                }
            }
        }
        if let Some((muxer, growing)) = &mut open
            && position.is_multiple_of(7)
        {
            commit(muxer, growing, position);
        }
    };
    for (sample, position) in samples.iter().zip(1..) {
        segmenter.push(Event::Sample(sample.clone()));
        act(&mut segmenter, position);
    }
    segmenter.finish();
    act(&mut segmenter, samples.len() as u64);
    files
}

fn commit(muxer: &mut Muxer, growing: &mut Vec<u8>, position: u64) {
    let checkpoint = Checkpoint {
        resume: ResumePoint { position, state: ResumeState::new() },
        already: Vec::new(),
    };
    let record = CommitRecord { session: "session".to_owned(), generation: 0, checkpoint };
    if muxer.pending_samples() > 0 {
        growing.extend(muxer.commit(Some(&record)).concat());
    }
}

fn payload(samples: &[Sample], track: usize) -> Vec<u8> {
    samples.iter().filter(|s| s.track == track).flat_map(|s| s.data.to_vec()).collect()
}

/// What ffmpeg finds in a file: each track's payload as it is, and how long each is when decoded.
fn judged(file: &[u8], tracks: &[Track]) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.mp4");
    std::fs::write(&path, file).unwrap();
    let path = path.to_str().unwrap();
    ffmpeg(&format!("-xerror -i {path} -f null -"), &[]);
    // The raw muxer dislikes decode times that lie close together; it is not asked for times.
    let copy = |index| format!("-v fatal -i {path} -map 0:{index} -c copy -f data pipe:1");
    let own = |index| ffmpeg(&copy(index), &[]);
    (0..tracks.len()).map(own).collect()
}

#[test]
fn every_codec_comes_out_of_its_files_as_it_went_in() {
    for (name, sources) in sources() {
        let (init, samples) = stream(&sources);
        let files = files(&init, &samples);
        assert!(files.len() >= 2 || sources.len() == 1, "{name}: {} files", files.len());
        let mut all = vec![Vec::new(); init.tracks.len()];
        for (growing, finished) in &files {
            let report = container::inspect(finished.clone().into());
            assert_eq!(report.problems, [] as [String; 0], "{name}");
            assert_eq!(judged(growing, &init.tracks), judged(finished, &init.tracks), "{name}");
            for (all, own) in all.iter_mut().zip(judged(finished, &init.tracks)) {
                all.extend(own);
            }
        }
        for (track, got) in all.iter().enumerate() {
            let wanted = payload(&samples, track);
            assert!(!wanted.is_empty() && *got == wanted, "{name}, track {track}");
        }
    }
}

#[test]
fn what_a_decoder_makes_of_it_is_what_it_makes_of_the_original() {
    let mut source = video("-c:v libx264 -bf 2");
    let (init, samples) = stream(std::slice::from_ref(&source));
    // One file, so that what ffmpeg decodes of it is all.
    let mut muxer = None;
    let mut segmenter = Segmenter::new(i64::MAX);
    segmenter.push(Event::Init(Arc::clone(&init)));
    samples.iter().cloned().for_each(|sample| segmenter.push(Event::Sample(sample)));
    segmenter.finish();
    while let Some(action) = segmenter.poll() {
        match action {
            Action::Open { spec, .. } => muxer = Some(Muxer::new(*spec, SEGMENT_NS).unwrap()),
            Action::Write { sample, .. } => muxer.as_mut().unwrap().push(sample),
            Action::Close { .. } => {}
        }
    }
    let growing = muxer.unwrap().commit(None).concat();
    let pictures = "-f framehash -hash md5 pipe:1";
    let hashes = |listing: Vec<u8>| -> Vec<String> {
        let listing = String::from_utf8(listing).unwrap();
        let lines = listing.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| Some(line.rsplit(',').next()?.trim().to_owned())).collect()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.mp4");
    std::fs::write(&path, growing).unwrap();
    let got = ffmpeg(&format!("-i {} -fps_mode passthrough {pictures}", path.display()), &[]);
    let annex_b = source.samples.iter_mut().flat_map(|sample| {
        let (BareCodec::H264(avcc), is_key) = (codec_of(&init), sample.sync) else { panic!() };
        container::codec::h264::to_annex_b(&sample.data, &avcc, is_key).unwrap()
    });
    let annex_b: Vec<u8> = annex_b.collect();
    let wanted = ffmpeg(&format!("-f h264 -i pipe:0 -fps_mode passthrough {pictures}"), &annex_b);
    let (got, wanted) = (hashes(got), hashes(wanted));
    assert_eq!(got.len(), 15 * SECONDS);
    assert_eq!(got, wanted);
}

fn codec_of(init: &Init) -> BareCodec {
    BareCodec::H264(configuration(&init.tracks[0], b"avcC").unwrap())
}

#[test]
fn a_file_that_still_grew_is_taken_up_byte_for_byte() {
    for (name, sources) in sources() {
        let (init, samples) = stream(&sources);
        // The journal has the init segment's bytes alone.
        let journalled = Arc::new(Demuxer::read_init(&init.bytes).unwrap());
        for (growing, finished) in files(&init, &samples) {
            for (file, is_finished) in [(&growing, false), (&finished, true)] {
                let mut reopening = Reopening::new(SEGMENT_NS);
                reopening.push(file.clone().into());
                let mut again = Vec::new();
                while let Some(parts) = reopening.next(|origin| {
                    assert_eq!(origin.init_crc, init.crc(), "{name}");
                    Some(Arc::clone(&journalled))
                }) {
                    again.extend(parts.concat());
                }
                let reopened = reopening.finish().unwrap();
                assert!(reopened.is_same && reopened.is_finished == is_finished, "{name}");
                assert!(again == growing, "{name}");
            }
        }
    }
}

#[test]
fn viewers_get_every_sample_of_what_a_browser_can_play_with_the_picture() {
    for (name, sources) in sources() {
        let (init, samples) = stream(&sources);
        let tracks = init.tracks.clone();
        let spec = SegmentSpec { init, tracks: tracks.clone(), origin_ns: 0, keeps_delay: false };
        let mut muxer = LiveMuxer::new(spec).unwrap();
        let mut stream = muxer.init().to_vec();
        for batch in samples.chunks(5) {
            batch.iter().cloned().for_each(|sample| muxer.push(sample));
            stream.extend(muxer.fragment(false).unwrap_or_default());
        }
        let got = demux(&stream).unwrap();
        assert_eq!(payload(&got, 0), payload(&samples, 0), "{name}");
        if let Some(sound) = tracks.get(1) {
            let wanted = codec_name(sound).map(|_| payload(&samples, 1)).unwrap_or_default();
            assert_eq!(payload(&got, 1), wanted, "{name}");
        }
        ffmpeg("-xerror -f mp4 -i pipe:0 -f null -", &stream);
    }
}
