//! Cameras on the network: what a server that is not ours sends is recorded as it is.

mod faults;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::camera::{Camera, Packet, decodes, made, packets, size};
use crate::support::files::eventually;
use crate::support::server::{Server, command, configure};
use crate::support::sources::{alarm, folder, gaps, journals, of, until};

const PICTURE: &str = "-f lavfi -i testsrc2=size=320x180:rate=15:duration=6";
const LIVE: &str = "videotestsrc is-live=true ! \
    video/x-raw,format=I420,width=320,height=180,framerate=15/1 ! \
    x264enc tune=zerolatency key-int-max=15 ! h264parse ! \
    rtph264pay name=pay0 pt=96 config-interval=-1";

fn source(name: &str, address: &str, more: &str) -> String {
    format!("[[source]]\nname = \"{name}\"\nkind = \"rtsp\"\naddress = \"{address}\"\n{more}\n")
}

fn start(sources: &[String]) -> Server {
    Server::configured(&sources.concat(), &["--segment-seconds", "2"])
}

/// The lines of a source's journals.
fn journal(recordings: &Path, name: &str) -> Vec<Value> {
    journals(recordings, name).concat()
}

/// The files of one generation, in order.
fn files(recordings: &Path, name: &str, generation: u64) -> Vec<PathBuf> {
    let lines = journal(recordings, name);
    let own = of(&lines, "segment").into_iter().filter(|line| line["generation"] == generation);
    own.map(|line| folder(recordings, name).join(line["file"].as_str().unwrap())).collect()
}

fn hashes(packets: &[Packet]) -> Vec<&str> {
    packets.iter().map(|packet| packet.hash.as_str()).collect()
}

/// How far a packet of sound is behind the first picture, in a file that has both.
fn lag(file: &Path, sound: &Packet) -> f64 {
    let own = packets(file, "a");
    let found = own.iter().find(|packet| packet.hash == sound.hash).unwrap();
    found.seconds - packets(file, "v")[0].seconds
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_camera_sends_is_recorded_sample_by_sample() {
    let media = tempfile::tempdir().unwrap();
    let sound = "-f lavfi -i aevalsrc=sin(440*t*(1+t)):sample_rate=48000:duration=6 -c:a aac";
    // In fragments nothing is edited away, so that all of it is sent.
    let yuv = "-pix_fmt yuv420p -g 15 -movflags frag_keyframe+empty_moov+default_base_moof";
    let h264 = format!("{PICTURE} {sound} {yuv} -c:v libx264 -bf 0");
    let h264 = made(media.path(), "h264.mp4", &h264);
    let options = "-x265-params log-level=none:bframes=0:keyint=15:open-gop=1";
    let h265 = format!("{PICTURE} {yuv} -c:v libx265 -tag:v hvc1 {options}");
    let h265 = made(media.path(), "h265.mp4", &h265);
    let mount = |name: &str, file: &Path, rest: &str| {
        format!(
            "{name}=filesrc location={} ! qtdemux name=d d.video_0 ! queue ! {rest}",
            file.display()
        )
    };
    let camera = Camera::start(
        &[
            mount(
                "h264",
                &h264,
                "h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97",
            ),
            mount("h265", &h265, "h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1"),
        ],
        &[],
    );
    let all = ["h264-tcp", "h264-udp", "h265-tcp", "h265-udp"];
    let sources = all.map(|name| {
        let (mount, transport) = name.split_once('-').unwrap();
        source(name, &camera.address(mount), &format!("transport = \"{transport}\""))
    });
    let server = start(&sources);
    for name in all {
        // The file is over, and the camera has nothing more to send.
        until(&server, name, |source| source["state"] == "waiting").await;
    }
    let heard = camera.heard();
    assert!(heard.contains(&"agent localcamera".to_owned()), "{heard:?}");
    server.interrupt();
    let (_, _, folder) = server.wait();
    let recordings = folder.path().join("recordings");
    for name in all {
        let original = if name.starts_with("h264") { &h264 } else { &h265 };
        let files = files(&recordings, name, 0);
        assert!(files.len() >= 3, "{name}: {files:?}");
        files.iter().for_each(|file| decodes(file));
        let recorded =
            |kind| -> Vec<Packet> { files.iter().flat_map(|file| packets(file, kind)).collect() };
        let wanted = packets(original, "v");
        assert_eq!(hashes(&recorded("v")), hashes(&wanted), "{name}");
        let sent = packets(original, "a");
        let got = recorded("a");
        // What lies in front of the first picture is not part of it: what an encoder begins with,
        // and what the first picture is later.
        let first = got.first().map(|first| first.hash.clone());
        let skipped = first.and_then(|first| sent.iter().position(|packet| packet.hash == first));
        let skipped = skipped.unwrap_or(0);
        let left = sent.len() - skipped - got.len().min(sent.len() - skipped);
        let is_part = hashes(&got) == hashes(&sent[skipped..sent.len() - left]);
        assert!(
            is_part && skipped <= 3 && left == 0,
            "{name}: {skipped} and {left} of {}",
            sent.len()
        );
        if let Some(packet) = sent.get(skipped + 5) {
            let off = lag(&files[0], packet) - lag(original, packet);
            assert!(off.abs() < 0.002, "{name}: the sound is off by {off} s");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jpegs_with_g711_opus_and_sound_alone_are_recorded() {
    let jpeg = "jpeg=videotestsrc is-live=true ! \
        video/x-raw,format=I420,width=320,height=180,framerate=15/1 ! jpegenc ! \
        rtpjpegpay name=pay0 pt=26 audiotestsrc is-live=true ! \
        audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=8";
    let pcm = "pcm=audiotestsrc is-live=true ! audio/x-raw,rate=16000,channels=1 ! \
        rtpL16pay name=pay0 pt=97";
    let opus =
        format!("opus={LIVE} audiotestsrc is-live=true ! opusenc ! rtpopuspay name=pay1 pt=98");
    let camera = Camera::start(&[jpeg.to_owned(), pcm.to_owned(), opus], &[]);
    let all = ["jpeg", "pcm", "opus"];
    let server = start(&all.map(|name| source(name, &camera.address(name), "")));
    let recordings = server.recordings();
    for name in all {
        eventually(|| (files(&recordings, name, 0).len() >= 2).then_some(())).await;
    }
    server.interrupt();
    let (_, _, _folder) = server.wait();
    for (name, kinds) in [("jpeg", &["v", "a"][..]), ("pcm", &["a"]), ("opus", &["v", "a"])] {
        for file in files(&recordings, name, 0) {
            decodes(&file);
            for kind in kinds {
                assert!(!packets(&file, kind).is_empty(), "{name} {kind}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_changes_its_picture_goes_on_in_a_file_of_that_size() {
    let media = tempfile::tempdir().unwrap();
    let video = |name: &str, size: &str| {
        let picture = format!("-f lavfi -i testsrc2=size={size}:rate=15:duration=3");
        made(media.path(), name, &format!("{picture} -c:v libx264 -bf 0 -g 15 -pix_fmt yuv420p"))
    };
    let (small, large) = (video("small.h264", "320x180"), video("large.h264", "640x360"));
    let part = |file: &Path| {
        format!(
            "filesrc location={} ! h264parse ! video/x-h264,stream-format=byte-stream,alignment=au ! c.",
            file.display()
        )
    };
    let mount = format!(
        "both=concat name=c ! rtph264pay name=pay0 pt=96 config-interval=-1 {} {}",
        part(&small),
        part(&large),
    );
    let camera = Camera::start(&[mount], &[]);
    let server = start(&[source("both", &camera.address("both"), "")]);
    until(&server, "both", |source| source["state"] == "waiting").await;
    server.interrupt();
    let (_, _, folder) = server.wait();
    let recordings = folder.path().join("recordings");
    for (generation, wanted) in [(0, "320x180"), (1, "640x360")] {
        let files = files(&recordings, "both", generation);
        let frames: usize = files.iter().map(|file| packets(file, "v").len()).sum();
        assert_eq!(frames, 45, "{wanted}");
        for file in files {
            assert_eq!(size(&file), wanted);
            decodes(&file);
        }
    }
    let lines = journal(&recordings, "both");
    assert_eq!(gaps(&lines, "damaged_input"), [&Value::Null; 0]);
}

/// The time zone in which it is midnight so many seconds from now.
fn midnight_in(seconds: i64) -> String {
    const DAY: i64 = 86_400;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let east = (-(now.as_secs().cast_signed() + seconds)).rem_euclid(DAY);
    let east = if east > DAY / 2 { east - DAY } else { east };
    // Those who write it count to the west.
    let (sign, distance) = (if east > 0 { "-" } else { "" }, east.abs());
    format!("LOC{sign}{}:{:02}:{:02}", distance / 3600, distance / 60 % 60, distance % 60)
}

#[tokio::test(flavor = "multi_thread")]
async fn at_midnight_another_session_goes_on_sample_by_sample_and_is_looked_after() {
    let media = tempfile::tempdir().unwrap();
    let file = made(
        media.path(),
        "long.mp4",
        "-f lavfi -i testsrc2=size=320x180:rate=15:duration=20 \
        -f lavfi -i aevalsrc=sin(440*t*(1+t)):sample_rate=48000:duration=20 -c:a aac \
        -pix_fmt yuv420p -g 15 -movflags frag_keyframe+empty_moov+default_base_moof \
        -c:v libx264 -bf 0",
    );
    let mount = format!(
        "long=filesrc location={} ! qtdemux name=d d.video_0 ! queue ! h264parse ! \
        rtph264pay name=pay0 pt=96 config-interval=-1 d.audio_0 ! queue ! aacparse ! \
        rtpmp4gpay name=pay1 pt=97",
        file.display()
    );
    let camera = Camera::start(&[mount], &[]);
    let folder = tempfile::tempdir().unwrap();
    let config = source("long", &camera.address("long"), "");
    let config = format!("[alarms]\nsilent_seconds = 5\n{config}");
    configure(folder.path(), &config);
    let mut command = command(folder.path());
    command.env("TZ", midnight_in(10));
    let server = Server::run(command, folder, &["--segment-seconds", "2"]);
    until(&server, "long", |source| source["state"] == "live").await;
    // The file is over, and the camera has nothing more to send.
    let source = until(&server, "long", |source| source["state"] == "waiting").await;
    drop(camera);
    let alarm = alarm(&server).await;
    assert_eq!((&alarm["kind"], &alarm["session"]), (&"silent".into(), &source["session"]));
    server.interrupt();
    let (_, _, folder) = server.wait();
    let recordings = folder.path().join("recordings");
    let lines = journal(&recordings, "long");
    let sessions = of(&lines, "session");
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    assert_eq!(sessions[1]["session"], source["session"]);
    let stops = of(&lines, "stop");
    assert!(stops.iter().all(|stop| stop["reason"] == "stopped") && stops.len() == 2);
    let reasons: Vec<_> = of(&lines, "gap").iter().map(|gap| gap["reason"].clone()).collect();
    assert_eq!(reasons, ["connecting", "camera_lost"]);
    let files = files(&recordings, "long", 0);
    files.iter().for_each(|file| decodes(file));
    let recorded =
        |kind| -> Vec<Packet> { files.iter().flat_map(|file| packets(file, kind)).collect() };
    assert_eq!(hashes(&recorded("v")), hashes(&packets(&file, "v")));
    let (got, sent) = (recorded("a"), packets(&file, "a"));
    let skipped = sent.iter().position(|packet| packet.hash == got[0].hash).unwrap();
    assert!(skipped <= 3);
    assert_eq!(hashes(&got), hashes(&sent[skipped..]));
}
