//! Sessions end with their day.

use super::*;

const HOUR_US: i64 = 3_600_000_000;
const MINUTE_US: i64 = 60_000_000;

/// The next midnight on this computer's walls.
fn midnight_after(wall_us: WallUs) -> WallUs {
    let day = clock::local_date(wall_us);
    let mut minutes = (wall_us / MINUTE_US + 1..).map(|minute| minute * MINUTE_US);
    minutes.find(|&at_us| clock::local_date(at_us) != day).unwrap()
}

/// One that records, and the first midnight in its session.
async fn recording() -> (Bench, Recorded, WallUs) {
    let mut bench = Bench::new();
    bench.recording.lock().await.start().await;
    let first = bench.queue.try_recv().unwrap();
    let midnight_us = midnight_after(first.session.started_us);
    (bench, first, midnight_us)
}

/// What the recorder was told until the session was over.
async fn ended(bench: &Bench, recorded: &mut Recorded) -> Vec<String> {
    bench.tasks.close();
    bench.tasks.wait().await;
    let words = told(recorded);
    assert_eq!(recorded.feed.try_recv().unwrap_err(), mpsc::error::TryRecvError::Disconnected);
    words
}

#[tokio::test(start_paused = true)]
async fn at_midnight_another_session_goes_on_and_has_nothing_less_and_nothing_twice() {
    let (mut bench, mut first, midnight_us) = recording().await;
    bench.begin(midnight_us - 100_000).await;
    bench.media(&[key(0), sound(0), picture(40), key(80)]).await;
    // A key frame is needed, and sound is in front of it.
    bench.media(&[picture(120), sound(100), sound(205)]).await;
    let config = Event::Config { track: VIDEO, config: Box::new(init().tracks[VIDEO].clone()) };
    let around = [picture(160), sound(206), config, key(200), sound(190), picture(240)];
    bench.media(&around).await;
    bench.media(&[key(280), sound(210)]).await;
    assert!(bench.is_seen(280));
    let before = [
        "missing connecting",
        "begin 0 start",
        "init 0",
        "picture 0 0",
        "sound 0 0",
        "picture 0 40",
        "picture 0 80",
        "picture 0 120",
        "sound 0 100",
        "sound 0 205",
        "picture 0 160",
        "sound 0 206",
        "config 0",
        "end 0",
        "finish Stopped",
    ];
    assert_eq!(ended(&bench, &mut first).await, before);
    let mut second = bench.queue.try_recv().unwrap();
    let after = [
        "begin 0 start",
        "init 0",
        "config 0",
        "picture 0 200",
        "sound 0 190",
        "picture 0 240",
        "picture 0 280",
        "sound 0 210",
    ];
    assert_eq!(told(&mut second), after);
    assert_eq!(second.session.started_us, midnight_us + 100_000);
    assert_eq!(second.session.device, first.session.device);
    assert_ne!(second.session.id, first.session.id);
    assert_eq!(bench.status.facts().session, Some(second.session.id.clone()));
    assert!(bench.status.facts().is_recording);
    assert_eq!(bench.streams.list()[0].session, second.session.id);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_the_recorder_does_not_keep_up_with_ends_later() {
    let (mut bench, mut first, midnight_us) = recording().await;
    bench.begin(midnight_us - 760_000).await;
    for number in 0..20 {
        bench.media(&[key(number * 40)]).await;
    }
    assert!(bench.queue.try_recv().is_err());
    let mut words = Vec::new();
    while words.last().is_none_or(|word| word != "picture 0 760") {
        bench.media(&[]).await;
        let more = told(&mut first);
        assert!(!more.is_empty(), "{words:?}");
        words.extend(more);
    }
    assert!(bench.queue.try_recv().is_err());
    bench.media(&[picture(800), key(840)]).await;
    words.extend(ended(&bench, &mut first).await);
    let pictures = (0..=20).map(|number| format!("picture 0 {}", number * 40));
    let over = ["end 0", "finish Stopped"].map(str::to_owned);
    let expected: Vec<String> = pictures.chain(over).collect();
    assert_eq!(words[words.len() - expected.len()..], expected);
    let mut second = bench.queue.try_recv().unwrap();
    assert_eq!(told(&mut second), ["begin 0 start", "init 0", "picture 0 840"]);
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_is_away_at_midnight_is_missing_in_one_session_until_it_is_back() {
    let (mut bench, mut first, midnight_us) = recording().await;
    bench.begin(midnight_us - HOUR_US).await;
    bench.media(&[key(0)]).await;
    bench.intake.lost(&Failure::Ended).await;
    bench.begin(midnight_us + HOUR_US).await;
    bench.media(&[key(0), picture(40)]).await;
    assert!(bench.queue.try_recv().is_err());
    told(&mut first);
    bench.media(&[key(80)]).await;
    assert_eq!(ended(&bench, &mut first).await, ["end 1", "finish Stopped"]);
    let mut second = bench.queue.try_recv().unwrap();
    assert_eq!(told(&mut second), ["begin 0 start", "init 0", "picture 0 80"]);
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_takes_nothing_at_midnight_is_said_in_one_session_as_well() {
    let (mut bench, mut first, midnight_us) = recording().await;
    bench.begin(midnight_us - 20_000).await;
    bench.media(&[key(0)]).await;
    told(&mut first);
    set(&first, |durable| durable.paused = Some("100 MB are left".to_owned()));
    bench.media(&[key(40), key(80)]).await;
    set(&first, |durable| durable.paused = None);
    bench.media(&[key(120)]).await;
    assert!(bench.queue.try_recv().is_err());
    let whole = [
        "end 0",
        "missing server_disk_full",
        "begin 1 server_disk_full",
        "init 1",
        "picture 1 120",
    ];
    assert_eq!(told(&mut first), whole);
    bench.media(&[key(160)]).await;
    assert_eq!(ended(&bench, &mut first).await, ["end 1", "finish Stopped"]);
    assert_eq!(told(&mut bench.queue.try_recv().unwrap())[2], "picture 0 160");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_put_right_at_midnight_ends_no_second_session() {
    let (mut bench, mut first, midnight_us) = recording().await;
    bench.begin(midnight_us - 20_000).await;
    bench.media(&[key(0)]).await;
    bench.media(&[key(40)]).await;
    ended(&bench, &mut first).await;
    let mut second = bench.queue.try_recv().unwrap();
    bench.begin(midnight_us - 2_000_000).await;
    for at_ms in [0, 1000, 3000] {
        bench.media(&[key(at_ms)]).await;
        told(&mut second);
    }
    assert!(bench.queue.try_recv().is_err());
    bench.begin(midnight_us + 26 * HOUR_US).await;
    bench.media(&[key(0)]).await;
    bench.media(&[key(40)]).await;
    assert_eq!(ended(&bench, &mut second).await.last().unwrap(), "finish Stopped");
    assert_eq!(told(&mut bench.queue.try_recv().unwrap())[2], "picture 0 40");
}
