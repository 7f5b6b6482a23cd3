//! With the real ffmpeg; what is a camera elsewhere is a file here, or a pipe.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::encoding::Wanted;
use super::*;
use crate::live::{OfSource, Showing, Shown, Stream, Streams};
use crate::sources::spec::Pattern;
use std::time::Duration;

const FRAMES: usize = 20;

/// Between the headers of a JPEG and its picture (ITU T.81 annex B).
const SCAN: [u8; 2] = [0xff, 0xda];

fn intake(streams: &Streams) -> Intake {
    let shown = Shown {
        name: "bench".to_owned(),
        device: "source:bench".to_owned(),
        title: "Bench".to_owned(),
        source: OfSource { source: "bench".to_owned(), is_small: false },
    };
    let showing = Showing::new(streams.clone(), shown);
    Intake::new(showing, None, Box::new(|_| {}), CancellationToken::new())
}

/// What a camera delivers, one JPEG after the other.
fn jpegs(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("camera.mjpg");
    let mut make = Command::new("ffmpeg");
    make.args(["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10"]);
    make.args(["-frames:v", &FRAMES.to_string(), "-c:v", "mjpeg", "-f", "mjpeg"]).arg(&path);
    assert!(make.status().unwrap().success());
    path
}

/// As [`camera::plan`] would make it, with a file in the camera's place.
fn task(path: &Path) -> Task {
    let mut input = ["-re", "-f", "mjpeg", "-framerate", "10", "-i"].map(OsString::from).to_vec();
    input.push(path.into());
    let plan = Plan {
        inputs: vec![input],
        video: Video::Encoded(Wanted::default()),
        sound: Sound::None,
        has_pictures: true,
        is_on_clock: false,
    };
    let kind = Kind::Camera("USB Camera".to_owned());
    Task { plan, kind, script: None, secrets: Vec::new() }
}

/// The part of a JPEG that is the picture itself.
fn picture(jpeg: &[u8]) -> &[u8] {
    let at = jpeg.windows(2).rposition(|two| two == SCAN).unwrap();
    &jpeg[at..]
}

async fn stream(streams: &Streams) -> Arc<Stream> {
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    loop {
        if let Some(stream) = streams.get("bench") {
            return stream;
        }
        tick.tick().await;
    }
}

#[tokio::test]
async fn a_cameras_own_jpegs_are_shown_while_its_pictures_are_encoded() {
    let folder = TempDir::new().unwrap();
    let path = jpegs(folder.path());
    let streams = Streams::default();
    let mut intake = intake(&streams);
    let task = task(&path);
    let ffmpeg = Ffmpeg::default();
    let seeing = async {
        let mut pictures = stream(&streams).await.own_pictures();
        let mut seen = Vec::new();
        while pictures.changed().await.is_ok() {
            seen.extend(pictures.borrow_and_update().picture.clone().map(|picture| picture.jpeg));
            if seen.len() == 5 {
                break;
            }
        }
        seen
    };
    let (end, seen) = tokio::join!(task.run(&ffmpeg, &mut intake), seeing);
    let made = std::fs::read(&path).unwrap();
    for jpeg in seen {
        assert!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.ends_with(&[0xff, 0xd9]));
        // Nothing of the picture is altered: it stands in what the camera delivered.
        let picture = picture(&jpeg);
        assert!(made.windows(picture.len()).any(|part| part == picture));
    }
    let tracks = intake.tracks().unwrap();
    assert_eq!((&*tracks[0].codec, tracks[0].width), ("V_MPEG4/ISO/AVC", 160));
    assert_eq!(task.failure(end.unwrap()), Failure::Ended);
}

#[tokio::test]
async fn a_camera_that_is_gone_is_no_camera() {
    let folder = TempDir::new().unwrap();
    let task = task(&folder.path().join("gone"));
    let end = task.run(&Ffmpeg::default(), &mut intake(&Streams::default())).await;
    let failure = task.failure(end.unwrap());
    assert_eq!(failure.code(), "no_camera");
    assert!(failure.to_string().contains("USB Camera ("), "{failure}");
}

// The clock stands still and jumps to the next deadline: nobody waits.
#[tokio::test(start_paused = true)]
async fn a_camera_that_delivers_nothing_is_given_up() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let arguments = task(&pipe).plan.arguments(&Abilities::with(&["libx264"], &[]), 0);
    let fetching = Ffmpeg::default().fetch(arguments.unwrap(), Stdio::null()).unwrap();
    let pid = fetching.child.id().unwrap();
    let end = pump(fetching, None, Words::default(), &mut intake(&Streams::default())).await;
    assert!(matches!(end, End::Silent(_)));
    // It is ended with whoever waited for it; who ends it for good has to wait for that.
    let is_there = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
    };
    while is_there() {
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn without_ffmpeg_that_is_said() {
    let pattern =
        Pattern { size: None, frames_per_second: None, bitrate_kbps: None, has_sound: true };
    let ffmpeg = Ffmpeg::at("/nowhere/ffmpeg");
    let failure = run(&ffmpeg, &Input::Pattern(pattern), &mut intake(&Streams::default())).await;
    assert_eq!(failure, Failure::NoFfmpeg);
}

#[tokio::test]
async fn what_this_ffmpeg_can_do_is_known() {
    let ffmpeg = Ffmpeg::default();
    let abilities = ffmpeg.abilities().await.unwrap();
    assert!(abilities.encodes("mjpeg") && abilities.reads("lavfi"), "{abilities:?}");
    assert!(!abilities.encodes("no_such_encoder"));
}

#[tokio::test]
async fn a_file_that_is_not_there_and_one_that_is_none_are_named() {
    let folder = TempDir::new().unwrap();
    let text = folder.path().join("text.mp4");
    std::fs::write(&text, "not a film").unwrap();
    let mut intake = intake(&Streams::default());
    let mut failed = async |path: &Path| {
        let input = Input::File(File { path: path.to_owned(), has_sound: true });
        run(&Ffmpeg::default(), &input, &mut intake).await
    };
    let gone = failed(&folder.path().join("gone.mp4")).await;
    assert!(gone.code() == "bad_address" && gone.to_string().contains("gone.mp4"), "{gone}");
    assert_eq!(failed(&text).await.code(), "not_media");
}
