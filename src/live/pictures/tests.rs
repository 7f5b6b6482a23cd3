//! With ffmpeg, and without it where the camera makes pictures itself.

use std::process::Command;
use std::time::Duration;

use container::Container;

use super::super::transcoder::tests::world::World;
use super::*;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

const CAPTURE: &[u8] = include_bytes!("../../../tests/captures/chromium-webm-vp8-opus.bin");

fn world() -> World {
    World::of(tempfile::tempdir().unwrap(), CAPTURE.to_vec())
}

fn terms(wish: Wish) -> Terms {
    Terms::of(wish, config::PicturesSettings::default())
}

/// Somebody looks at the stream, which is in no list.
fn look(pictures: &Pictures, world: &World, wish: Wish) -> Result<Looking, Refusal> {
    let (stream, terms) = (Arc::clone(&world.stream), terms(wish));
    let way = pictures.way(&stream, terms)?;
    Ok(Looking { pictures: pictures.clone(), stream, terms, way })
}

fn pictures(transcoders: Transcoders) -> Pictures {
    Pictures::new(Streams::default(), transcoders, InForce::default())
}

async fn next(looking: &mut Looking) -> Option<Picture> {
    let next = tokio::time::timeout(PATIENCE, looking.next()).await;
    next.unwrap_or_else(|_| panic!("no picture came: {:?}", looking.pictures.transcoders().of("d")))
}

/// A JPEG with tables of this quality, as far as anybody here looks.
fn jpeg(step: u8) -> Bytes {
    [&[0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0][..], &[step; 64], &[0xFF, 0xD9]].concat().into()
}

#[test]
fn what_is_wished_stays_within_the_limits() {
    let wish = |fps, quality| Wish { frames_per_second: fps, quality };
    let of = |fps, quality| {
        let terms = terms(wish(fps, quality));
        (terms.frames_per_second, terms.quality)
    };
    assert_eq!(of(None, None), (10.0, 75));
    assert_eq!(of(Some(1000.0), Some(100)), (30.0, 95));
    assert_eq!(of(Some(0.001), Some(0)), (0.1, 0));
}

#[tokio::test]
async fn pictures_carry_the_time_at_which_they_were_captured() {
    let mut world = world();
    let pictures = pictures(Transcoders::with(world.program("exec ffmpeg \"$@\"")));
    let mut looking = look(&pictures, &world, Wish::default()).unwrap();
    world.pass(1500);
    let mut times = Vec::new();
    while times.last().is_none_or(|at_us| *at_us < 1_200_000) {
        let picture = next(&mut looking).await.unwrap();
        assert!(picture.jpeg.starts_with(&[0xFF, 0xD8]) && picture.jpeg.ends_with(&[0xFF, 0xD9]));
        assert!(picture.came_us > picture.at_us);
        // The generation's anchor.
        times.push(picture.at_us - 1000);
    }
    let video: Vec<i64> = world
        .samples
        .iter()
        .filter(|sample| world.init.tracks[sample.track].kind == container::Kind::Video)
        .map(|sample| world.at_ns(sample) / 1000)
        .collect();
    for at_us in &times {
        assert!(video.iter().any(|own| (own - at_us).abs() < 100), "{at_us} of {video:?}");
    }
    assert!(times.is_sorted());
}

/// Two seconds of 25 pictures each, most of which are shown in another order than they come.
fn reordered(container: Container) -> World {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reordered");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25", "-t", "2"]);
    ffmpeg.args(["-c:v", "libx264", "-bf", "3", "-b_strategy", "0", "-g", "250"]);
    ffmpeg.args(match container {
        Container::Webm => ["-f", "matroska", "-live", "1"],
        Container::Mp4 => ["-f", "mp4", "-movflags", "empty_moov+frag_every_frame"],
    });
    assert!(ffmpeg.arg(&file).status().unwrap().success());
    let mut world = World::of(folder, std::fs::read(&file).unwrap());
    // RTSP tells none.
    world.samples.iter_mut().for_each(|sample| sample.dts = sample.pts);
    assert!(!world.samples.is_sorted_by_key(|sample| sample.pts), "nothing is reordered");
    world
}

#[tokio::test]
async fn pictures_that_come_in_another_order_than_they_are_shown_are_all_made() {
    for container in [Container::Webm, Container::Mp4] {
        let mut world = reordered(container);
        let pictures = pictures(Transcoders::with(world.program("exec ffmpeg \"$@\"")));
        let wish = Wish { frames_per_second: Some(30.0), quality: None };
        let mut looking = look(&pictures, &world, wish).unwrap();
        world.pass(10_000);
        let shown: Vec<i64> =
            world.samples.iter().map(|sample| world.at_ns(sample) / 1000).collect();
        let first_us = shown.iter().copied().min().unwrap();
        let mut newest_us = first_us;
        // What decoder and encoder hold until more comes is not there.
        while newest_us < first_us + 1_200_000 {
            let at_us = next(&mut looking).await.unwrap().at_us - 1000;
            assert!(shown.iter().any(|own| (own - at_us).abs() < 100), "{at_us} of {shown:?}");
            newest_us = at_us;
        }
        let made = pictures.transcoders().of("d")[0].packets;
        assert!((30..=50).contains(&made), "{made} of 50 pictures in {container:?}");
    }
}

#[tokio::test]
async fn a_camera_that_makes_pictures_needs_no_ffmpeg() {
    let mut world = world();
    world.pass(1000);
    let pictures = pictures(Transcoders::with(world.folder.path().join("nothing")));
    assert_eq!(look(&pictures, &world, Wish::default()).err(), Some(Refusal::NoFfmpeg));
    world.stream.bring(jpeg(20));
    let mut looking = look(&pictures, &world, Wish::default()).unwrap();
    assert_eq!(next(&mut looking).await.unwrap().jpeg, jpeg(20));
    for step in [21, 22, 23] {
        world.stream.bring(jpeg(step));
    }
    assert_eq!(next(&mut looking).await.unwrap().jpeg, jpeg(23), "the newest, never a queue");
    // A worse one has to be made, a better one cannot be.
    let asked = |quality| Wish { quality: Some(quality), frames_per_second: None };
    assert_eq!(look(&pictures, &world, asked(20)).err(), Some(Refusal::NoFfmpeg));
    assert!(look(&pictures, &world, asked(90)).is_ok());
    world.stream.end();
    assert_eq!(next(&mut looking).await, None);
}

#[tokio::test]
async fn what_the_camera_no_longer_makes_is_made_and_the_other_way_round() {
    let mut world = world();
    world.pass(1500);
    let pictures = pictures(Transcoders::with(world.program("exec ffmpeg \"$@\"")));
    world.stream.bring(jpeg(20));
    let mut looking = look(&pictures, &world, Wish::default()).unwrap();
    assert_eq!(next(&mut looking).await.unwrap().jpeg, jpeg(20));
    assert!(world.pids().is_empty());
    assert_ne!(next(&mut looking).await.unwrap().jpeg, jpeg(20), "made by ffmpeg");
    world.stream.bring(jpeg(30));
    world.pass(3000);
    let back = async { while next(&mut looking).await.unwrap().jpeg != jpeg(30) {} };
    tokio::time::timeout(PATIENCE, back).await.expect("it is made still");
}
