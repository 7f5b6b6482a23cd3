//! Times that a container has no numbers for. A segmenter lets hardly any of them come so far.

use container::{Action, Container, Demuxer, Kind, Muxer, NANOS_PER_SECOND, Sample, Segmenter};

use crate::captures;
use crate::matrix::recording::{apply_step, read, record};
use crate::progressive;
use crate::support::{chunks, stream};

/// A muxer of a capture's only file, and its samples.
fn muxer(capture: &str) -> (Muxer, Vec<Sample>) {
    let mut demuxer = Demuxer::new();
    let mut segmenter = Segmenter::new(i64::MAX);
    demuxer.push(stream(&captures::named(capture)));
    while let Some(event) = demuxer.poll().unwrap() {
        segmenter.push(event);
    }
    segmenter.finish();
    let (mut muxer, mut samples) = (None, Vec::new());
    while let Some(action) = segmenter.poll() {
        match action {
            Action::Open { spec, .. } => muxer = Some(Muxer::new(*spec, NANOS_PER_SECOND).unwrap()),
            Action::Write { sample, .. } => samples.push(sample),
            Action::Close { .. } => {}
        }
    }
    (muxer.unwrap(), samples)
}

/// The times of one kind of a file of these samples, in ticks of their track, and how many of them
/// are said to be others than they came with.
fn written(
    mut muxer: Muxer,
    samples: Vec<Sample>,
    of: Kind,
    end_ns: Option<i64>,
) -> (Vec<i64>, u64) {
    let spec = muxer.spec().clone();
    let mut file = Vec::new();
    samples.into_iter().for_each(|sample| muxer.push(sample));
    muxer.commit(None).iter().for_each(|part| file.extend_from_slice(part));
    let committed = muxer.clamped_samples();
    let (steps, summary) = muxer.finish(end_ns);
    // What a crash in front of the end would leave untold is told before; an end is the last of all.
    let at_the_end = if end_ns.is_some() { summary.clamped_samples } else { 0 };
    assert_eq!(committed + at_the_end, summary.clamped_samples);
    steps.iter().for_each(|step| apply_step(&mut file, step));
    let stated_ns = container::inspect(file.clone().into()).duration_ns;
    let is_as_long = (stated_ns - summary.duration_ns).abs() <= 2_000_000;
    assert!(is_as_long, "{stated_ns} is written, and {} is said", summary.duration_ns);
    let track = spec.tracks.iter().find(|track| track.kind == of).unwrap();
    let times_ns: Vec<i64> = match spec.init.output {
        Container::Mp4 => {
            let movie = progressive::read(&file.into()).unwrap();
            let of = movie.samples.iter().filter(|sample| movie.tracks[sample.track].kind == of);
            of.map(|sample| movie.tracks[sample.track].to_nanos(sample.pts)).collect()
        }
        Container::Webm => {
            read(&file).iter().filter(|read| read.kind == of).map(|read| read.pts_ns).collect()
        }
    };
    let times = times_ns.iter().map(|at_ns| track.from_nanos(at_ns + spec.origin_ns));
    (times.collect(), summary.clamped_samples)
}

fn first_of(muxer: &Muxer, samples: &[Sample], of: Kind) -> Sample {
    let is_of = |sample: &&Sample| muxer.spec().tracks[sample.track].kind == of;
    samples.iter().find(is_of).unwrap().clone()
}

/// A sample as this one, of another time.
fn at(sample: &Sample, dts: i64, pts: i64) -> Sample {
    Sample { dts, pts, duration: None, ..sample.clone() }
}

#[test]
fn recordings_are_written_with_their_own_times() {
    for capture in captures::all() {
        let files = record(&chunks(&capture), 2 * NANOS_PER_SECOND).unwrap().files;
        let clamped: Vec<u64> = files.iter().map(|file| file.clamped).collect();
        assert_eq!(clamped, vec![0; files.len()], "{}", capture.name);
    }
}

#[test]
fn sound_in_front_of_a_webm_stands_at_its_beginning_and_is_counted() {
    let (muxer, samples) = muxer("chromium-webm-vp8-opus");
    let sound = first_of(&muxer, &samples, Kind::Audio);
    let begins = muxer.spec().origin_ns - sound_delay(&muxer);
    let ms = |ms: i64| begins + ms * 1_000_000;
    let samples = [-40, -20, 0, 20].map(|at_ms| at(&sound, ms(at_ms), ms(at_ms)));
    let (times, clamped) = written(muxer, samples.into(), Kind::Audio, None);
    assert_eq!(times, [ms(0), ms(0), ms(0), ms(20)]);
    assert_eq!(clamped, 2);
}

fn sound_delay(muxer: &Muxer) -> i64 {
    let sound = muxer.spec().tracks.iter().find(|track| track.kind == Kind::Audio).unwrap();
    if muxer.spec().keeps_delay { sound.delay } else { 0 }
}

#[test]
fn a_picture_further_in_front_than_a_block_reaches_is_counted() {
    let (muxer, samples) = muxer("chromium-webm-vp8-video-only");
    let picture = first_of(&muxer, &samples, Kind::Video);
    let ms = |ms: i64| muxer.spec().origin_ns + ms * 1_000_000;
    let samples = [0, -32_768, -32_769].map(|at_ms| at(&picture, ms(at_ms), ms(at_ms)));
    let (times, clamped) = written(muxer, samples.into(), Kind::Video, None);
    assert_eq!((times.len(), clamped), (3, 1));
}

/// What refers to it refers to where it stands.
#[test]
fn a_block_refers_to_where_the_one_before_stands() {
    let (mut muxer, samples) = muxer("chromium-webm-vp8-video-only");
    let picture = first_of(&muxer, &samples, Kind::Video);
    let origin_ns = muxer.spec().origin_ns;
    for (at_ms, sync) in [(0, true), (-32_769, false), (0, false)] {
        let at_ns = origin_ns + at_ms * 1_000_000;
        muxer.push(Sample { sync, duration: Some(33_000_000), ..at(&picture, at_ns, at_ns) });
    }
    let file: Vec<u8> = muxer.commit(None).concat();
    let back = [0xFB, 0x82, 0x80, 0];
    assert!(file.windows(back.len()).any(|it| it == back), "-32,768 in two bytes");
}

#[test]
fn what_an_mp4_cannot_say_is_as_near_as_it_can_be_and_is_counted() {
    const STEP: i64 = u32::MAX as i64;
    const SHIFT: i64 = i32::MAX as i64;
    for (name, steps, expected, of_them) in [
        // Further than a step reaches, with what is shown later than it is decoded.
        ("reach", vec![(0, 0), (STEP + 10, STEP + 10)], vec![0, STEP + 10], 0),
        // Further than both; the next one is where it belongs.
        (
            "gap",
            vec![(0, 0), (2 * STEP, 2 * STEP), (2 * STEP + 9, 2 * STEP + 9)],
            vec![0, STEP + SHIFT, 2 * STEP + 9],
            1,
        ),
        ("shift", vec![(0, 0), (5, 5 + SHIFT + 100), (9, 9)], vec![0, 5 + SHIFT, 9], 1),
    ] {
        let (muxer, samples) = muxer("chromium-mp4-h264-opus");
        let sound = first_of(&muxer, &samples, Kind::Audio);
        let track = &muxer.spec().tracks[sound.track];
        let zero = track.from_nanos(muxer.spec().origin_ns);
        let samples = steps.iter().map(|&(dts, pts)| at(&sound, zero + dts, zero + pts));
        let samples = samples.collect();
        let (mut times, clamped) = written(muxer, samples, Kind::Audio, None);
        times.iter_mut().for_each(|time| *time -= zero);
        assert_eq!((times, clamped), (expected, of_them), "{name}");
    }
}

/// The last picture lasts up to the next file, however far away that is.
#[test]
fn an_end_that_an_mp4_cannot_say_is_counted() {
    let days = |days: i64| Some(days * 86_400 * NANOS_PER_SECOND);
    for (end_ns, counted) in [(days(0), 0), (days(10_000), 1)] {
        let (muxer, samples) = muxer("chromium-mp4-h264-opus");
        let picture = first_of(&muxer, &samples, Kind::Video);
        let (times, clamped) = written(muxer, vec![picture], Kind::Video, end_ns);
        assert_eq!((times.len(), clamped), (1, counted));
    }
}
