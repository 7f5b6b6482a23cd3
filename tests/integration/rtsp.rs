//! Cameras on the network: what a server that is not ours sends is recorded as it is, and every
//! fault has its name.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::PATIENCE;
use crate::support::camera::{Camera, Packet, decodes, made, packets, size};
use crate::support::client::get;
use crate::support::files::{eventually, listing, segments};
use crate::support::http::request;
use crate::support::server::Server;

const PICTURE: &str = "-f lavfi -i testsrc2=size=320x180:rate=15:duration=6";
const LIVE: &str = "videotestsrc is-live=true ! \
    video/x-raw,format=I420,width=320,height=180,framerate=15/1 ! \
    x264enc tune=zerolatency key-int-max=15 ! h264parse ! \
    rtph264pay name=pay0 pt=96 config-interval=-1";

fn source(name: &str, address: &str, more: &str) -> String {
    format!("[[source]]\nname = \"{name}\"\nkind = \"rtsp\"\naddress = \"{address}\"\n{more}\n")
}

fn start(sources: &[String]) -> Server {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("localcamera.toml"), sources.concat()).unwrap();
    Server::start_in(folder, &["--segment-seconds", "2"])
}

async fn listed(server: &Server) -> Vec<Value> {
    let (status, body) = get(server, "/api/sources").await;
    assert_eq!(status, 200);
    let listed: Value = serde_json::from_slice(&body).unwrap();
    listed["sources"].as_array().unwrap().clone()
}

/// Waits until a source is as wanted.
async fn until(server: &Server, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let waiting = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(50));
        loop {
            tick.tick().await;
            let found = listed(server).await.into_iter().find(|source| source["source"] == name);
            if let Some(found) = found.filter(|found| wanted(found)) {
                return found;
            }
        }
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(found) => found,
        Err(_) => panic!("{name} is {:?}", listed(server).await),
    }
}

fn folder(recordings: &Path, name: &str) -> PathBuf {
    recordings.join(format!("source_{name}"))
}

/// The lines of a source's journals.
fn journal(recordings: &Path, name: &str) -> Vec<Value> {
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|end| end == "jsonl");
    let journals = listing(&folder(recordings, name)).into_iter().filter(is_journal);
    let lines = |path: PathBuf| -> Vec<Value> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    journals.flat_map(lines).collect()
}

/// The files of one generation, in order.
fn files(recordings: &Path, name: &str, generation: u64) -> Vec<PathBuf> {
    let lines = journal(recordings, name);
    let own =
        lines.iter().filter(|line| line["event"] == "segment" && line["generation"] == generation);
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
async fn a_camera_that_comes_back_leaves_one_gap_and_whole_files() {
    let mounts = [format!("live={LIVE}")];
    let camera = Camera::start(&mounts, &[]);
    let server = start(&[source("door", &camera.address("live"), "")]);
    let recordings = server.recordings();
    eventually(|| (files(&recordings, "door", 0).len() >= 2).then_some(())).await;
    let port = camera.kill();
    let lost = until(&server, "door", |source| source["state"] == "waiting").await;
    assert_eq!(lost["code"], "ended", "{lost}");
    until(&server, "door", |source| source["code"] == "unreachable").await;
    let _camera = Camera::start_at(port, &mounts, &[]);
    until(&server, "door", |source| source["state"] == "live").await;
    eventually(|| (files(&recordings, "door", 1).len() >= 2).then_some(())).await;
    server.interrupt();
    let (_, _, _folder) = server.wait();
    let lines = journal(&recordings, "door");
    let of = |event: &str| -> Vec<&Value> {
        lines.iter().filter(|line| line["event"] == event).collect()
    };
    assert_eq!(of("session").len(), 1);
    let gaps: Vec<_> = of("gap").into_iter().filter(|gap| gap["reason"] != "connecting").collect();
    let lost: Vec<_> = gaps.iter().filter(|gap| gap["reason"] == "camera_lost").collect();
    assert_eq!((lost.len(), gaps.len()), (1, 1), "{gaps:?}");
    // It lies between what was recorded.
    let number = |line: &Value, name: &str| line[name].as_i64().unwrap();
    let (from_us, to_us) = (number(lost[0], "start_us"), number(lost[0], "end_us"));
    for segment in of("segment") {
        let start_us = number(segment, "start_us");
        let end_us = start_us + number(segment, "duration_us");
        assert!(end_us <= from_us + 100_000 || start_us >= to_us - 100_000, "{segment} {gaps:?}");
    }
    let all = segments(&folder(&recordings, "door"));
    assert!(all.len() >= 4);
    all.iter().for_each(|file| decodes(file));
    let parts = listing(&recordings);
    assert!(!parts.iter().any(|path| path.to_string_lossy().ends_with(".part")), "{parts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_right_password_opens_a_camera_and_none_is_told() {
    let mounts = [format!("live={LIVE}")];
    for options in
        [&["--login", "viewer:right-s3cret"][..], &["--login", "viewer:right-s3cret", "--basic"]]
    {
        let camera = Camera::start(&mounts, options);
        let login = |password: &str| format!("user = \"viewer\"\npassword = \"{password}\"");
        let address = camera.address("live");
        let server = start(&[
            source("right", &address, &login("right-s3cret")),
            source("wrong", &address, &login("wrong-s3cret")),
            source("none", &address, ""),
        ]);
        until(&server, "right", |source| source["state"] == "live").await;
        for name in ["wrong", "none"] {
            let refused = until(&server, name, |source| source["state"] == "waiting").await;
            assert_eq!(refused["code"], "unauthorized", "{refused}");
        }
        let told = format!("{:?}", listed(&server).await);
        server.interrupt();
        let (_, said, folder) = server.wait();
        assert!(!told.contains("s3cret") && !said.contains("s3cret"), "{told} {said}");
        for line in journal(&folder.path().join("recordings"), "right") {
            assert!(!line.to_string().contains("s3cret"), "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_camera_has_its_name() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let babbler = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut asked = [0; 1024];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(&b"\x00\xff what is this? \r\n\r\n".repeat(100)).await;
            });
        }
    });
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nothing = "nothing=audiotestsrc is-live=true ! rtpgstpay name=pay0 pt=97".to_owned();
    let camera = Camera::start(&[format!("live={LIVE}"), nothing], &[]);
    let server = start(&[
        source("frozen", &camera.address("live"), ""),
        source("no-path", &camera.address("elsewhere"), ""),
        source("no-media", &camera.address("nothing"), ""),
        source("no-port", &format!("rtsp://127.0.0.1:{closed}/live"), ""),
        source("babbler", &format!("rtsp://127.0.0.1:{babbler}/live?token=s3cret"), ""),
    ]);
    until(&server, "frozen", |source| source["state"] == "live").await;
    for (name, code) in [
        ("no-path", "bad_address"),
        ("no-port", "unreachable"),
        ("babbler", "not_media"),
        ("no-media", "not_media"),
    ] {
        let found = until(&server, name, |source| source["code"] == code).await;
        let message = found["message"].as_str().unwrap();
        assert!(!message.is_empty() && !message.contains("s3cret"), "{message}");
    }
    camera.freeze();
    let frozen = until(&server, "frozen", |source| source["state"] == "waiting").await;
    assert_eq!((&frozen["code"], &frozen["is_recording"]), (&"silent".into(), &false.into()));
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
    let gaps: Vec<_> = lines.iter().filter(|line| line["event"] == "gap").collect();
    assert!(gaps.iter().all(|gap| gap["reason"] != "damaged_input"), "{gaps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_camera_that_was_fetched() {
    let mounts = [format!("live={LIVE}")];
    let mut camera = Camera::start(&mounts, &[]);
    let server = start(&["tcp", "udp"].map(|transport| {
        let more = format!("transport = \"{transport}\"\nrecord = false");
        source(transport, &camera.address("live"), &more)
    }));
    let all_are = |state: &'static str| {
        let server = &server;
        async move {
            for name in ["tcp", "udp"] {
                until(server, name, |source| source["state"] == state).await;
            }
        }
    };
    let tell = |verb: &'static str| {
        let server = &server;
        async move {
            for name in ["tcp", "udp"] {
                let path = format!("/api/sources/{name}/{verb}");
                assert_eq!(request(server, "POST", &path, &[], b"").await.status, 200);
            }
        }
    };
    all_are("live").await;
    tell("pause").await;
    all_are("paused").await;
    let settled = |camera: &Camera| camera.heard().iter().filter(|line| *line == "closed").count();
    let mut closed = settled(&camera);
    eventually(|| {
        closed += settled(&camera);
        (closed >= 2).then_some(())
    })
    .await;
    let before = server.open_files();
    for round in 0..6 {
        tell("resume").await;
        all_are("live").await;
        if round % 2 == 1 {
            let port = camera.kill();
            for name in ["tcp", "udp"] {
                until(&server, name, |source| source["state"] == "waiting").await;
            }
            camera = Camera::start_at(port, &mounts, &[]);
            all_are("live").await;
        }
        tell("pause").await;
        all_are("paused").await;
    }
    // A camera is told once that it is over; after a crash it cannot be, and nothing waits long.
    eventually(|| (server.open_files() <= before).then_some(())).await;
}
