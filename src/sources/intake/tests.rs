use std::time::Duration;

use container::{BareCodec, BareTrack, Sample};
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::super::recording::Who;
use super::super::status::Status;
use super::*;
use crate::live::feed::{Durable, DurableGeneration, Ending, Recording as Recorded};
use crate::live::{Hub, OfSource, Shown, Streams, Viewer};

mod day;

const VIDEO: usize = 0;
const SOUND: usize = 1;

/// A source that records, and who stands in for the recorder.
struct Bench {
    intake: Intake,
    recording: Arc<Mutex<Recording>>,
    queue: mpsc::Receiver<Recorded>,
    streams: Streams,
    status: Arc<Status>,
    tasks: TaskTracker,
}

impl Bench {
    fn new() -> Self {
        let (hub, queue) = Hub::new();
        let streams = hub.streams();
        let status = Arc::new(Status::new(Arc::default()));
        let who = Who {
            name: "door".to_owned(),
            device: "source:door".to_owned(),
            title: "Front door".to_owned(),
            address: "rtsp://cam/1".to_owned(),
            client: "rtsp",
        };
        let tasks = TaskTracker::new();
        let recording = Recording::new(hub, who, Arc::clone(&status), tasks.clone());
        let recording = Arc::new(Mutex::new(recording));
        let showing = Showing::new(
            streams.clone(),
            Shown {
                name: "door".to_owned(),
                device: "source:door".to_owned(),
                title: "Front door".to_owned(),
                source: OfSource { source: "door".to_owned(), is_small: false },
            },
        );
        let live: Live = Box::new(|_| {});
        let stop = CancellationToken::new();
        let intake = Intake::new(showing, Some(Arc::clone(&recording)), live, stop);
        Self { intake, recording, queue, streams, status, tasks }
    }

    async fn begin(&mut self, anchor_us: WallUs) {
        self.intake.begin(init(), anchor_us).await.unwrap();
    }

    async fn media(&mut self, events: &[Event]) {
        self.intake.media(events.to_vec()).await.unwrap();
    }

    /// Whether viewers have seen this picture.
    fn is_seen(&self, at_ms: i64) -> bool {
        let group = Viewer::new(self.streams.get("door").unwrap()).group();
        group.iter().any(|sample| sample.track == VIDEO && ms(sample) == at_ms)
    }
}

fn init() -> Init {
    Init::of_bare(&[
        BareTrack::video(BareCodec::Mjpeg, (64, 48)),
        BareTrack::audio(BareCodec::Opus, 48_000, 2),
    ])
    .unwrap()
}

fn sample(track: usize, at_ms: i64, sync: bool, bytes: usize) -> Event {
    let pts = init().tracks[track].from_nanos(at_ms * 1_000_000);
    Event::Sample(Sample {
        track,
        pts,
        dts: pts,
        duration: None,
        sync,
        data: vec![7; bytes].into(),
        block_extra: Bytes::new(),
    })
}

fn key(at_ms: i64) -> Event {
    sample(VIDEO, at_ms, true, 10)
}

fn picture(at_ms: i64) -> Event {
    sample(VIDEO, at_ms, false, 10)
}

fn sound(at_ms: i64) -> Event {
    sample(SOUND, at_ms, true, 10)
}

fn ms(sample: &Sample) -> i64 {
    init().tracks[sample.track].to_nanos(sample.pts) / 1_000_000
}

/// What the recorder was told, one word each.
fn told(recorded: &mut Recorded) -> Vec<String> {
    let mut told = Vec::new();
    while let Ok(message) = recorded.feed.try_recv() {
        match message {
            Feed::Begin(generation) => {
                told.push(format!("begin {} {}", generation.number, generation.reason));
            }
            Feed::Media { generation, steps } => {
                for step in steps {
                    match step.event {
                        Some(Event::Sample(sample)) => {
                            let kind = ["picture", "sound"][sample.track];
                            told.push(format!("{kind} {generation} {}", ms(&sample)));
                        }
                        Some(Event::Init(_)) => told.push(format!("init {generation}")),
                        Some(Event::Config { .. }) => told.push(format!("config {generation}")),
                        None => {}
                    }
                }
            }
            Feed::End { generation, .. } => told.push(format!("end {generation}")),
            Feed::Missing { reason, .. } => told.push(format!("missing {reason}")),
            Feed::Finish(ending) => told.push(format!("finish {ending:?}")),
            Feed::Clock { .. } | Feed::Note(_) => {}
        }
    }
    told
}

fn set(recorded: &Recorded, change: impl FnOnce(&mut Durable)) {
    recorded.durable.send_modify(change);
}

#[tokio::test(start_paused = true)]
async fn one_that_should_record_is_missed_before_anything_comes() {
    let mut bench = Bench::new();
    bench.recording.lock().await.start().await;
    let recorded = bench.queue.try_recv().unwrap();
    assert_eq!(recorded.session.device, "source:door");
    assert!(recorded.session.peer.is_source() && !recorded.session.is_resumable);
    assert_eq!(bench.status.facts().session, Some(recorded.session.id));
    assert!(!bench.status.facts().is_recording);
}

#[tokio::test(start_paused = true)]
async fn generations_count_on_and_the_gaps_between_them_say_why() {
    let mut bench = Bench::new();
    bench.recording.lock().await.start().await;
    let mut recorded = bench.queue.try_recv().unwrap();
    bench.begin(clock::now_us()).await;
    bench.media(&[picture(0), sound(0), sound(20)]).await;
    assert_eq!(told(&mut recorded), [""; 0], "nothing can show that picture");
    bench.media(&[sound(40), key(40), picture(80)]).await;
    assert!(bench.status.facts().is_recording);
    // The sound in front of the first picture belongs to it.
    let first = [
        "missing connecting",
        "begin 0 start",
        "init 0",
        "sound 0 0",
        "sound 0 20",
        "sound 0 40",
        "picture 0 40",
        "picture 0 80",
    ];
    assert_eq!(told(&mut recorded), first);
    let failure = Failure::Unreachable("refused".to_owned());
    bench.intake.lost(&failure).await;
    bench.intake.lost(&failure).await;
    assert_eq!(told(&mut recorded), ["end 0"]);
    assert!(!bench.status.facts().is_recording);
    bench.begin(clock::now_us()).await;
    bench.media(&[key(0)]).await;
    // The same connection under another configuration.
    bench.begin(clock::now_us()).await;
    bench.media(&[key(0)]).await;
    let later = [
        "missing camera_lost",
        "begin 1 camera_lost",
        "init 1",
        "picture 1 0",
        "end 1",
        "begin 2 init",
        "init 2",
        "picture 2 0",
    ];
    assert_eq!(told(&mut recorded), later);
    let farewell = bench.recording.lock().await.finish(Ending::Stopped).unwrap();
    farewell.say().await;
    assert_eq!(told(&mut recorded), ["end 2", "finish Stopped"]);
    assert_eq!(bench.status.facts().session, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_out_where_a_cameras_clock_is_set_is_said_to_be_missing() {
    let mut bench = Bench::new();
    bench.recording.lock().await.start().await;
    let mut recorded = bench.queue.try_recv().unwrap();
    bench.begin(clock::now_us()).await;
    bench.media(&[key(0), picture(40)]).await;
    told(&mut recorded);
    bench.intake.leapt().await.unwrap();
    bench.begin(clock::now_us()).await;
    bench.media(&[key(0)]).await;
    let words =
        ["end 0", "missing damaged_input", "begin 1 damaged_input", "init 1", "picture 1 0"];
    assert_eq!(told(&mut recorded), words);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_stopped_while_its_camera_is_away_was_missing_it_until_then() {
    let mut bench = Bench::new();
    bench.recording.lock().await.start().await;
    let mut recorded = bench.queue.try_recv().unwrap();
    bench.begin(clock::now_us()).await;
    bench.media(&[key(0)]).await;
    bench.intake.lost(&Failure::Ended).await;
    told(&mut recorded);
    let farewell = bench.recording.lock().await.finish(Ending::Stopped).unwrap();
    farewell.say().await;
    assert_eq!(told(&mut recorded), ["missing camera_lost", "finish Stopped"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_pauses_the_recording_and_no_viewer() {
    let mut bench = Bench::new();
    bench.recording.lock().await.start().await;
    let mut recorded = bench.queue.try_recv().unwrap();
    bench.begin(clock::now_us()).await;
    bench.media(&[key(0), picture(40)]).await;
    told(&mut recorded);
    set(&recorded, |durable| durable.paused = Some("100 MB are left".to_owned()));
    for at_ms in [80, 120, 160] {
        bench.media(&[picture(at_ms)]).await;
        assert!(bench.is_seen(at_ms));
    }
    bench.media(&[key(200)]).await;
    assert!(bench.is_seen(200) && !bench.status.facts().is_recording);
    assert_eq!(told(&mut recorded), ["end 0"]);
    set(&recorded, |durable| durable.paused = None);
    bench.media(&[picture(240), sound(270)]).await;
    assert_eq!(told(&mut recorded), [""; 0], "it waits for a key frame");
    bench.media(&[key(280)]).await;
    let later = ["missing server_disk_full", "begin 1 server_disk_full", "init 1", "picture 1 280"];
    assert_eq!(told(&mut recorded), later);
    assert!(bench.status.facts().is_recording);
}

#[tokio::test(start_paused = true)]
async fn a_busy_recorder_is_waited_for_within_bounds_and_loses_nothing() {
    let mut bench = Bench::new();
    bench.recording.lock().await.start().await;
    let mut recorded = bench.queue.try_recv().unwrap();
    bench.begin(clock::now_us()).await;
    let large = |at_ms| sample(VIDEO, at_ms, true, 256 << 10);
    let mut taken = 0;
    while bench.intake.media(vec![large(taken * 40)]).now_or_never().is_some() {
        taken += 1;
        assert!(taken < 100, "it takes without end");
    }
    // What was cut off in the middle of waiting is not lost either.
    let mut all = Vec::new();
    loop {
        all.extend(told(&mut recorded).into_iter().filter(|word| word.starts_with("picture")));
        if all.len() as i64 > taken {
            break;
        }
        bench.intake.media(Vec::new()).await.unwrap();
    }
    let expected: Vec<String> = (0..=taken).map(|n| format!("picture 0 {}", n * 40)).collect();
    assert_eq!(all, expected);
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_does_not_answer_holds_no_viewer_up_for_long() {
    let mut bench = Bench::new();
    bench.recording.lock().await.start().await;
    let mut recorded = bench.queue.try_recv().unwrap();
    bench.begin(clock::now_us()).await;
    let large = |at_ms| sample(VIDEO, at_ms, true, 512 << 10);
    let began = Instant::now();
    for number in 0..100 {
        bench.media(&[large(number * 40)]).await;
        assert!(bench.is_seen(number * 40));
    }
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
    assert!(!bench.status.facts().is_recording);
    // It answers again.
    let mut words = Vec::new();
    for number in 100..110 {
        words.extend(told(&mut recorded));
        bench.media(&[large(number * 40)]).await;
    }
    words.extend(told(&mut recorded));
    let at = |word: &str| words.iter().position(|told| told == word).expect(word);
    assert!(at("end 0") < at("missing server_disk_slow"));
    assert!(at("missing server_disk_slow") < at("begin 1 server_disk_slow"));
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_the_disk_has_ended_goes_on_in_another_session() {
    let mut bench = Bench::new();
    bench.recording.lock().await.start().await;
    let first = bench.queue.try_recv().unwrap();
    let anchor_us = clock::now_us();
    bench.begin(anchor_us).await;
    bench.media(&[key(0), key(40)]).await;
    set(&first, |durable| {
        let reached = DurableGeneration { position: 10, media_us: 20_000, ended: false };
        durable.generations.insert(0, reached);
    });
    let id = first.session.id.clone();
    drop(first);
    bench.media(&[key(80)]).await;
    assert!(bench.is_seen(80) && bench.queue.try_recv().is_err());
    tokio::time::advance(Duration::from_secs(6)).await;
    bench.media(&[key(120)]).await;
    let mut second = bench.queue.try_recv().unwrap();
    assert_ne!(second.session.id, id);
    // What was not written is missing from the new session's beginning.
    assert_eq!(second.session.started_us, anchor_us + 20_000);
    let told = told(&mut second);
    assert_eq!(told[..2], ["missing server_disk_full", "begin 0 start"]);
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_the_disk_has_ended_and_nobody_wants_any_more_has_its_gap() {
    let mut bench = Bench::new();
    bench.recording.lock().await.start().await;
    let first = bench.queue.try_recv().unwrap();
    let started_us = first.session.started_us;
    bench.begin(clock::now_us()).await;
    drop(first);
    bench.media(&[key(0)]).await;
    let farewell = bench.recording.lock().await.finish(Ending::Stopped);
    farewell.unwrap().say().await;
    let mut second = bench.queue.try_recv().unwrap();
    assert_eq!(second.session.started_us, started_us);
    assert_eq!(told(&mut second), ["missing server_disk_full", "finish Stopped"]);
    assert!(bench.recording.lock().await.finish(Ending::Stopped).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_began_to_be_shown_is_recorded_from_a_key_frame_on_when_its_hour_comes() {
    let mut bench = Bench::new();
    bench.begin(clock::now_us()).await;
    bench.media(&[key(0), picture(40)]).await;
    assert!(bench.is_seen(40) && bench.queue.try_recv().is_err());
    bench.recording.lock().await.start().await;
    let mut recorded = bench.queue.try_recv().unwrap();
    bench.media(&[picture(80), sound(90)]).await;
    bench.media(&[key(120)]).await;
    let begun = ["missing connecting", "begin 0 start", "init 0", "picture 0 120"];
    assert_eq!(told(&mut recorded), begun);
    let session = recorded.session.id.clone();
    assert_eq!(bench.streams.list()[0].session, session);
}

#[tokio::test]
async fn a_stream_of_bytes_is_taken_as_well_and_what_is_none_is_said() {
    let mut bench = Bench::new();
    bench.recording.lock().await.start().await;
    let mut recorded = bench.queue.try_recv().unwrap();
    let stream = include_bytes!("../../../tests/captures/chromium-webm-vp8-opus.bin");
    let mut words = Vec::new();
    for piece in stream.chunks(10_000) {
        bench.intake.push(Bytes::from_static(piece)).await.unwrap();
        words.extend(told(&mut recorded));
    }
    assert_eq!(words[..3], ["missing connecting", "begin 0 start", "init 0"]);
    assert!(words.iter().filter(|word| word.starts_with("picture 0")).count() > 20);
    bench.intake.lost(&Failure::Ended).await;
    let over = bench.intake.push(Bytes::from_static(b"<html>no stream at all</html>")).await;
    assert!(matches!(over, Err(Over::NotMedia(_))), "{over:?}");
}

#[tokio::test]
async fn what_comes_at_once_in_the_beginning_is_of_the_time_before() {
    let mut bench = Bench::new();
    bench.recording.lock().await.start().await;
    let mut recorded = bench.queue.try_recv().unwrap();
    // Five seconds with sound: more than goes on in one piece.
    let stream = include_bytes!("../../../tests/captures/chromium-webm-vp8-opus.bin");
    let before_us = clock::now_us();
    bench.intake.push(Bytes::from_static(stream)).await.unwrap();
    let after_us = clock::now_us();
    let newest_us = bench.intake.head.as_ref().unwrap().newest_us().unwrap();
    let begun = std::iter::from_fn(|| recorded.feed.try_recv().ok()).find_map(|feed| match feed {
        Feed::Begin(generation) => Some(generation.anchor_us + newest_us),
        _ => None,
    });
    assert!((before_us..=after_us).contains(&begun.unwrap()), "{begun:?}, {before_us}");
}
