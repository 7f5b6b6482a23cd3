//! With the real ffmpeg, and with programs in its place that fail.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use container::{Container, Demuxer, Event, LiveMuxer, Sample, SegmentSpec};

use super::*;
use crate::live::Viewer;
use crate::live::transcoder::tests::world::{World, look_again};

const MS: i64 = 1_000_000;

/// What comes only with what follows: two packets of 20 ms that the muxer keeps, less than a third
/// one, and what the encoder and the resampler look ahead.
const HELD_NS: i64 = 80 * MS;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Six seconds of AAC with a click at the beginning of each.
fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clicks.mp4");
    let clicks = "aevalsrc='if(lt(mod(t,1),0.004),0.8*sin(6283*t),0)':s=44100:d=6";
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-f", "lavfi", "-i", clicks, "-c:a", "aac", "-b:a", "128k"]);
    ffmpeg.args(["-movflags", "empty_moov+default_base_moof+frag_keyframe"]).arg(&file);
    assert!(ffmpeg.status().unwrap().success());
    let media = std::fs::read(&file).unwrap();
    World::of(folder, media)
}

fn sounds(world: &World, script: &str) -> Sounds {
    Sounds::new(Transcoders::with(world.program(script)))
}

/// The stream goes on up to `until_ms`; gives where its sound ends then.
fn pass(world: &mut World, until_ms: i64) -> i64 {
    // AAC has frames of 1024 samples.
    world.pass(until_ms) + 1024 * 1_000_000_000 / 44_100
}

/// Packets until there is sound up to `until_ns`.
async fn heard(listening: &mut Listening, until_ns: i64) -> Vec<Packet> {
    let mut packets: Vec<Packet> = Vec::new();
    let listen = async {
        while packets.last().is_none_or(|packet| packet.at_ns + 20 * MS < until_ns) {
            packets.push(listening.next().await);
        }
    };
    if tokio::time::timeout(PATIENCE, listen).await.is_err() {
        let last = packets.last().map(|packet| packet.at_ns);
        panic!("{} packets up to {last:?} instead of {until_ns}", packets.len());
    }
    packets
}

/// Where clicks begin in a file, in milliseconds from its beginning.
fn clicks(file: &Path) -> Vec<f64> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i"]).arg(file);
    let pcm =
        ffmpeg.args(["-ac", "1", "-ar", "48000", "-f", "s16le", "-"]).output().unwrap().stdout;
    let loud = |pair: &[u8]| i16::from_le_bytes([pair[0], pair[1]]).unsigned_abs() > 4000;
    let mut all: Vec<f64> = Vec::new();
    for (index, _) in pcm.chunks_exact(2).enumerate().filter(|(_, pair)| loud(pair)) {
        let at_ms = index as f64 / 48.0;
        if all.last().is_none_or(|last| at_ms - last > 500.0) {
            all.push(at_ms);
        }
    }
    all
}

/// The packets as a file, which begins with the first of them.
fn file_of(packets: &[Packet], folder: &Path) -> PathBuf {
    let capture = include_bytes!("../../../tests/captures/chromium-webm-opus-audio-only.bin");
    let mut demuxer = Demuxer::new();
    demuxer.push(Bytes::from_static(capture));
    let Some(Event::Init(init)) = demuxer.poll().unwrap() else { panic!("no init") };
    assert_eq!(init.output, Container::Webm);
    let tracks = init.tracks.clone();
    let origin_ns = packets[0].at_ns;
    let spec = SegmentSpec { init, tracks: tracks.clone(), origin_ns, keeps_delay: false };
    let mut muxer = LiveMuxer::new(spec).unwrap();
    let mut stream = muxer.init().to_vec();
    for packet in packets {
        let pts = tracks[0].from_nanos(packet.at_ns);
        let (data, block_extra) = (packet.data.clone(), Bytes::new());
        let track = 0;
        muxer.push(Sample { track, pts, dts: pts, duration: None, sync: true, data, block_extra });
    }
    stream.extend(muxer.fragment(true).unwrap());
    let file = folder.join("heard.webm");
    std::fs::write(&file, stream).unwrap();
    file
}

#[tokio::test]
async fn sound_keeps_its_times_and_little_of_it_is_held_back() {
    let mut world = world();
    let sounds = sounds(&world, "exec ffmpeg \"$@\"");
    let mut listening = sounds.listen(&world.stream).unwrap();
    let mut packets = Vec::new();
    for until_ms in (1000..=6000).step_by(1000) {
        let end_ns = pass(&mut world, until_ms);
        // It comes without anything more of the stream.
        let began = Instant::now();
        packets.extend(heard(&mut listening, end_ns - HELD_NS).await);
        if until_ms > 1000 {
            eprintln!("a second of sound is converted within {:?}", began.elapsed());
        }
    }
    assert!(packets.iter().all(|packet| packet.anchor_us == 1000));
    assert!(
        packets.windows(2).all(|pair| (pair[1].at_ns - pair[0].at_ns - 20 * MS).abs() <= 2 * MS)
    );
    let begin_ms = packets[0].at_ns as f64 / MS as f64;
    let got = clicks(&file_of(&packets, world.folder.path()));
    let wanted = clicks(&world.folder.path().join("clicks.mp4"));
    assert!(got.len() >= 5, "{got:?}");
    for at_ms in got.iter().map(|at_ms| at_ms + begin_ms) {
        let off_ms = wanted.iter().map(|wanted| (wanted - at_ms).abs()).fold(f64::MAX, f64::min);
        // As much as ffmpeg's versions differ by.
        assert!(off_ms < 8.0, "a click at {at_ms} instead of {wanted:?}");
    }
}

#[tokio::test]
async fn all_who_listen_share_one_ffmpeg_and_it_ends_with_the_last() {
    let mut world = world();
    let sounds = sounds(&world, "exec ffmpeg \"$@\"");
    let mut first = sounds.listen(&world.stream).unwrap();
    let end_ns = pass(&mut world, 2000);
    heard(&mut first, end_ns - HELD_NS).await;
    let mut second = sounds.listen(&world.stream).unwrap();
    let end_ns = pass(&mut world, 3000);
    let (a, b) =
        (heard(&mut first, end_ns - HELD_NS).await, heard(&mut second, end_ns - HELD_NS).await);
    assert_eq!(a.last(), b.last(), "who joins hears the same at once");
    let [pid] = &world.pids()[..] else { panic!("{:?}", world.pids()) };
    let process = Path::new("/proc").join(pid);
    drop(first);
    assert!(process.exists(), "somebody listens still");
    drop(second);
    let gone = async {
        while process.exists() {
            look_again().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("it goes on without listeners");
    let unwatched = async {
        while world.stream.about().viewers > 0 {
            look_again().await;
        }
    };
    tokio::time::timeout(PATIENCE, unwatched).await.expect("it watches still");
}

#[tokio::test]
async fn a_generation_has_its_own_times_and_its_own_ffmpeg() {
    let mut world = world();
    let sounds = sounds(&world, "exec ffmpeg \"$@\"");
    let mut listening = sounds.listen(&world.stream).unwrap();
    let end_ns = pass(&mut world, 2000);
    heard(&mut listening, end_ns - HELD_NS).await;
    let init = Arc::clone(&world.init);
    world.stream.lock().broadcast.begin(1, init, 7_000_000);
    world.passed = 0;
    pass(&mut world, 2000);
    let listen = async {
        loop {
            let packet = listening.next().await;
            if packet.anchor_us == 7_000_000 {
                return packet;
            }
        }
    };
    let packet = tokio::time::timeout(PATIENCE, listen).await.expect("nothing of the next one");
    assert!((0..2000 * MS).contains(&packet.at_ns), "{packet:?}");
    assert!(world.pids().len() >= 2);
}

#[tokio::test]
async fn a_converter_that_ends_is_started_again_and_goes_on_with_what_is_new() {
    let mut world = world();
    // The first run breaks off at once.
    let script = format!(
        "[ $(wc -l < {0}) -gt 1 ] && exec ffmpeg \"$@\"\necho no such encoder >&2; exit 1",
        world.runs().display()
    );
    let sounds = sounds(&world, &script);
    let mut listening = sounds.listen(&world.stream).unwrap();
    pass(&mut world, 3000);
    let end_ns = pass(&mut world, 4000);
    let packets = heard(&mut listening, end_ns - HELD_NS).await;
    assert!(packets[0].at_ns >= 2000 * MS, "what is past stays past: {}", packets[0].at_ns);
    assert!(world.pids().len() >= 2);
}

#[tokio::test]
async fn one_that_takes_nothing_holds_nobody_up() {
    let mut world = world();
    let sounds = sounds(&world, "exec sleep 1000");
    let mut listening = sounds.listen(&world.stream).unwrap();
    let mut viewer = Viewer::new(Arc::clone(&world.stream));
    for until_ms in (500..=6000).step_by(500) {
        pass(&mut world, until_ms);
        let told = std::iter::from_fn(|| match viewer.next() {
            crate::live::Told::Delivery(delivery) => Some(delivery),
            _ => None,
        });
        assert!(told.count() > 0, "another viewer gets everything");
        tokio::task::yield_now().await;
    }
    // It is given up after some seconds, and another one is started.
    let again = async {
        while world.pids().len() < 2 {
            look_again().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("it is not given up");
    let nothing = futures_util::FutureExt::now_or_never(listening.next());
    assert_eq!(nothing, None);
}

#[tokio::test]
async fn without_ffmpeg_it_is_said() {
    let world = world();
    let sounds = Sounds::new(Transcoders::with(world.folder.path().join("nothing")));
    assert_eq!(sounds.listen(&world.stream).err(), Some(NoSound::NoFfmpeg));
}
