//! A camera in memory.

use super::*;
use container::BareCodec;

const SECOND_US: i64 = 1_000_000;

/// The RTP times of both begin anywhere.
const VIDEO_START: i64 = 4_000_000_000;
const AUDIO_START: i64 = 77_000;

fn jpeg(width: u32) -> BareTrack {
    BareTrack::video(BareCodec::Mjpeg, (width, 480))
}

fn alaw() -> BareTrack {
    BareTrack::audio(BareCodec::Alaw, 8000, 1)
}

/// 25 frames a second with a key frame each second, and 50 packets of sound, 30 ms earlier.
struct Camera {
    assembly: Assembly,
    outputs: Vec<Output>,
    late_us: i64,
    start_ticks: (i64, i64),
    frame: i64,
}

impl Camera {
    fn new() -> Self {
        let assembly = Assembly::new(true, Some(alaw()));
        let start_ticks = (VIDEO_START, AUDIO_START);
        Self { assembly, outputs: Vec::new(), late_us: 50_000, start_ticks, frame: 0 }
    }

    fn video(&self) -> Frame {
        Frame {
            kind: Kind::Video,
            ticks: VIDEO_START + self.frame * 3600,
            start_ticks: self.start_ticks.0,
            arrived_us: self.frame * 40_000 + self.late_us,
            duration: None,
            data: Bytes::from(self.frame.to_string()),
            is_key: self.frame % 25 == 0,
            is_behind_loss: false,
            begins_whole: true,
            leads: false,
            track: Some(jpeg(640)),
        }
    }

    /// The packet that is recorded with the frame, and one 20 ms later.
    fn audio(&self, half: i64) -> Frame {
        Frame {
            kind: Kind::Audio,
            ticks: AUDIO_START + self.frame * 320 + half * 160,
            start_ticks: self.start_ticks.1,
            arrived_us: self.frame * 40_000 + half * 20_000 + self.late_us - 30_000,
            duration: Some(160),
            track: None,
            is_key: true,
            ..self.video()
        }
    }

    fn push(&mut self, frame: Frame) {
        self.assembly.push(Item::Frame(frame));
        self.outputs.extend(self.assembly.take());
    }

    fn report(&mut self, kind: Kind, ticks: i64, clock_us: i64) {
        let (arrived_us, clock_ns) = (clock_us, clock_us * 1000);
        self.assembly.push(Item::Report(Report { kind, ticks, arrived_us, clock_ns }));
    }

    /// One that says where its playback begins, so that sound and picture are known to belong
    /// together as they are numbered.
    fn that_tells() -> Self {
        let start_ticks = (VIDEO_START - 3600, AUDIO_START - 320);
        Self { start_ticks, ..Self::new() }
    }

    /// So many frames with their sound, each changed a little.
    fn play(&mut self, frames: i64, change: impl Fn(i64, &mut Frame)) {
        for _ in 0..frames {
            for mut frame in [self.audio(0), self.video(), self.audio(1)] {
                change(self.frame, &mut frame);
                self.push(frame);
            }
            self.frame += 1;
        }
    }

    fn steadily(&mut self, frames: i64) {
        self.play(frames, |_, _| {});
    }

    fn begins(&self) -> Vec<i64> {
        let begins = self.outputs.iter().filter_map(|output| match output {
            Output::Begin { zero_us, .. } => Some(*zero_us),
            _ => None,
        });
        begins.collect()
    }

    fn samples(&self, track: usize) -> Vec<&Sample> {
        let samples = self.outputs.iter().filter_map(|output| match output {
            Output::Sample(sample) => Some(sample),
            _ => None,
        });
        samples.filter(|sample| sample.track == track).collect()
    }

    fn gaps(&self) -> Vec<(i64, i64)> {
        let gaps = self.outputs.iter().filter_map(|output| match output {
            Output::Gap { from_us, to_us, .. } => Some((*from_us, *to_us)),
            _ => None,
        });
        gaps.collect()
    }
}

#[test]
fn a_generation_begins_with_the_first_key_frame_and_the_sound_of_its_time() {
    let mut camera = Camera::new();
    camera.frame = 13;
    camera.start_ticks = (VIDEO_START + 13 * 3600, AUDIO_START + 13 * 320);
    camera.steadily(100);
    assert_eq!(camera.begins(), [25 * 40_000 + 50_000]);
    let video = camera.samples(0);
    assert_eq!((video[0].pts, &video[0].data[..], video.len()), (0, &b"25"[..], 88));
    assert!(video.windows(2).all(|pair| pair[1].pts - pair[0].pts == 3600));
    // Nobody says where the sound belongs, so its arrival has to do: it is 30 ms faster.
    let audio = camera.samples(1);
    assert_eq!((audio[0].pts, audio[0].duration), (-80, Some(160)));
    assert!(audio.windows(2).all(|pair| pair[1].pts - pair[0].pts == 160));
}

#[test]
fn nothing_is_told_before_it_is_known_when_the_generation_began() {
    let mut camera = Camera::new();
    // The first frames come late, and all at once; then all is steady.
    camera.play(20, |frame, item| {
        if frame < 15 {
            item.arrived_us = 15 * 40_000 + 100_000 + frame;
        }
    });
    assert_eq!(camera.outputs, []);
    camera.steadily(60);
    assert_eq!(camera.begins(), [50_000]);
    assert_eq!(camera.samples(0).len(), 80);
}

#[test]
fn a_camera_of_few_pictures_begins_without_another_one() {
    let mut camera = Camera::new();
    let frame = camera.video();
    camera.push(frame);
    assert_eq!(camera.assembly.deadline_us(), Some(50_000 + SECOND_US));
    camera.assembly.tick(SECOND_US);
    assert_eq!(camera.assembly.take(), []);
    camera.assembly.tick(50_000 + SECOND_US);
    camera.outputs = camera.assembly.take();
    assert_eq!((camera.begins(), camera.samples(0).len()), (vec![50_000], 1));
    assert_eq!(camera.assembly.deadline_us(), None);
}

#[test]
fn sound_lies_where_the_reports_say() {
    let mut camera = Camera::new();
    camera.start_ticks = (VIDEO_START + 7, AUDIO_START + 5000);
    // The sound that arrives with a frame was recorded 200 ms before it.
    camera.report(Kind::Video, VIDEO_START, 10 * SECOND_US);
    camera.report(Kind::Audio, AUDIO_START, 10 * SECOND_US - 200_000);
    camera.steadily(100);
    let first = camera.samples(1)[0];
    // Of the ten packets in front of the first picture none is left.
    assert_eq!((first.pts, camera.samples(1).len()), (0, 190));
}

#[test]
fn sound_lies_where_the_playback_is_said_to_begin() {
    let mut camera = Camera::that_tells();
    camera.steadily(50);
    assert_eq!(camera.samples(1)[0].pts, 0);
    // What cannot be is not believed.
    let mut camera = Camera::new();
    camera.start_ticks = (VIDEO_START - 90_000 * 60, AUDIO_START - 320);
    camera.steadily(50);
    assert_eq!(camera.samples(1)[0].pts, -80);
}

#[test]
fn sound_of_another_connection_lies_where_it_arrives() {
    let mut camera = Camera::that_tells();
    // Its playback began 320 ms after the picture's.
    camera.start_ticks.1 += 8000 * 320 / 1000;
    camera.assembly = Assembly::new(true, Some(alaw())).with_sound_apart(true);
    camera.steadily(50);
    let first = camera.samples(1)[0].pts;
    let mut apart = Camera::new();
    apart.steadily(50);
    assert_eq!(first, apart.samples(1)[0].pts);
}

#[test]
fn what_refers_to_lost_pictures_is_left_out_and_said() {
    let mut camera = Camera::that_tells();
    camera.steadily(60);
    camera.play(60, |frame, item| {
        item.is_behind_loss = item.kind == Kind::Video && frame == 63;
        item.begins_whole = !item.is_behind_loss;
    });
    let numbers: Vec<i64> = camera
        .samples(0)
        .iter()
        .map(|sample| std::str::from_utf8(&sample.data).unwrap().parse().unwrap())
        .collect();
    assert_eq!(numbers, (0..63).chain(75..120).collect::<Vec<_>>());
    assert_eq!(camera.gaps(), [(62 * 40_000 + 50_000, 75 * 40_000 + 50_000)]);
    // The sound is whole.
    assert_eq!(camera.samples(1).len(), 240);
    assert_eq!(camera.begins().len(), 1);
}

#[test]
fn lost_sound_is_said_once_for_each_hole() {
    let mut camera = Camera::that_tells();
    camera.steadily(50);
    // A fifth of a second is lost, and later a crackle.
    for frame in 50..75 {
        for item in [camera.audio(0), camera.video(), camera.audio(1)] {
            let is_sound = item.kind == Kind::Audio;
            if is_sound && ((55..60).contains(&frame) || frame == 70) {
                continue;
            }
            let is_behind_loss = is_sound && [60, 71].contains(&frame);
            camera.push(Frame { is_behind_loss, ..item });
        }
        camera.frame += 1;
    }
    let gaps: Vec<&Output> =
        camera.outputs.iter().filter(|output| matches!(output, Output::Gap { .. })).collect();
    let (from_us, to_us) = (55 * 40_000 + 50_000, 60 * 40_000 + 50_000);
    assert_eq!(gaps, [&Output::Gap { kind: Kind::Audio, from_us, to_us }]);
    assert_eq!(camera.samples(0).len(), 75);
}

#[test]
fn new_parameters_begin_a_generation_on_the_same_clock() {
    let mut camera = Camera::that_tells();
    camera.steadily(50);
    camera.play(50, |_, item| item.track = item.track.as_ref().map(|_| jpeg(1280)));
    assert_eq!(camera.begins(), [50_000, 50 * 40_000 + 50_000]);
    assert_eq!(camera.samples(0).len(), 100);
    assert_eq!(camera.samples(1).len(), 200, "no sound is lost at the change");
    let second = camera.outputs.iter().rposition(|o| matches!(o, Output::Begin { .. })).unwrap();
    let Output::Begin { tracks, .. } = &camera.outputs[second] else { unreachable!() };
    assert_eq!(tracks, &[jpeg(1280), alaw()]);
    let Output::Sample(first) = &camera.outputs[second + 1] else { panic!("a picture") };
    assert_eq!((first.pts, first.sync), (0, true));
}

#[test]
fn a_clock_that_is_set_begins_a_generation_at_the_next_key_frame() {
    for leap in [-90_000 * 3600, 90_000 * 3600] {
        let mut camera = Camera::new();
        camera.steadily(60);
        camera.play(60, |_, item| {
            let rate = if item.kind == Kind::Video { 1 } else { 0 };
            item.ticks += leap * rate;
        });
        assert_eq!(camera.begins(), [50_000, 75 * 40_000 + 50_000], "{leap}");
        assert_eq!(camera.samples(0).len(), 105);
        // The 15 pictures in front of the key frame are said to be missing, where they are.
        let at = camera.outputs.iter().position(|output| *output == Output::Leap).unwrap();
        let pictures = camera.outputs[..at].iter();
        let pictures =
            pictures.filter(|output| matches!(output, Output::Sample(s) if s.track == 0));
        assert_eq!(pictures.count(), 60);
    }
}

#[test]
fn a_clock_that_is_set_at_a_key_frame_costs_nothing() {
    let mut camera = Camera::new();
    camera.steadily(50);
    camera.play(50, |_, item| {
        item.ticks += if item.kind == Kind::Video { 90_000 * 3600 } else { 0 };
    });
    assert_eq!((camera.begins().len(), camera.samples(0).len()), (2, 100));
    assert!(!camera.outputs.contains(&Output::Leap));
}

#[test]
fn a_clock_of_the_sound_that_is_set_alone_parts_no_pictures() {
    for leap in [-8000 * 3600, 8000 * 3600] {
        let mut camera = Camera::new();
        // The sound that arrives with a frame was recorded 200 ms before it.
        camera.report(Kind::Video, VIDEO_START, 10 * SECOND_US);
        camera.report(Kind::Audio, AUDIO_START, 10 * SECOND_US - 200_000);
        camera.steadily(60);
        // What comes first on the new clock is late.
        camera.play(600, |frame, item| {
            if item.kind == Kind::Audio {
                item.ticks += leap;
                item.arrived_us += if frame == 60 { 60_000 } else { 0 };
            }
        });
        assert_eq!((camera.begins().len(), camera.samples(0).len()), (1, 660), "{leap}");
        assert!(!camera.outputs.contains(&Output::Leap));
        let sound = camera.samples(1);
        assert_eq!(sound.len(), 1310, "no sound is lost");
        assert!(sound.windows(2).all(|pair| pair[0].pts < pair[1].pts));
        // It is where it would have been, as exactly as anybody notices.
        let off = sound[1309].pts - 1309 * 160;
        assert!(off.abs() <= 160, "{leap}: {off}");
    }
}

#[test]
fn sound_that_comes_later_gets_its_track_with_a_key_frame() {
    let mut camera = Camera::new();
    for _ in 0..60 {
        let frame = camera.video();
        camera.push(frame);
        camera.frame += 1;
    }
    camera.steadily(60);
    assert_eq!(camera.begins().len(), 2);
    assert_eq!(camera.samples(0).len(), 120);
    let begin = |output: &Output| match output {
        Output::Begin { tracks, .. } => Some(tracks.len()),
        _ => None,
    };
    assert_eq!(camera.outputs.iter().filter_map(begin).collect::<Vec<_>>(), [1, 2]);
    // From the key frame on: 45 frames' worth.
    assert!((89..=91).contains(&camera.samples(1).len()), "{}", camera.samples(1).len());
}

#[test]
fn sound_alone_needs_no_picture() {
    let mut assembly = Assembly::new(false, Some(alaw()));
    let camera = Camera::new();
    for packet in 0..100 {
        let frame = Frame {
            ticks: AUDIO_START + packet * 160,
            arrived_us: packet * 20_000,
            ..camera.audio(0)
        };
        assembly.push(Item::Frame(frame));
    }
    let outputs = assembly.take();
    assert!(matches!(&outputs[0], Output::Begin { tracks, zero_us: 0 } if *tracks == [alaw()]));
    let samples = outputs.iter().filter(|output| matches!(output, Output::Sample(_))).count();
    assert_eq!(samples, 100);
}

#[test]
fn the_cameras_clock_is_read_now_and_then() {
    let mut camera = Camera::new();
    camera.steadily(25 * 60);
    let readings: Vec<Reading> = camera
        .outputs
        .iter()
        .filter_map(|output| match output {
            Output::Clock(reading) => Some(*reading),
            _ => None,
        })
        .collect();
    assert!((10..=12).contains(&readings.len()), "{}", readings.len());
    assert!(readings.iter().all(|reading| reading.elapsed_us == reading.media_us));
}

#[test]
fn what_waits_for_a_key_frame_is_bounded() {
    let mut camera = Camera::new();
    camera.frame = 1;
    camera.play(24 * 60, |_, item| item.is_key = item.kind == Kind::Audio);
    assert_eq!(camera.outputs, []);
    assert!(camera.assembly.held.len() <= 151, "{}", camera.assembly.held.len());
}
