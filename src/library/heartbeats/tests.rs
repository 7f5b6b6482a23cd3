use super::*;

const SECOND_US: i64 = 1_000_000;

fn who<'a>(device: &'a str, session: &'a str, started_us: i64) -> TakenUp<'a> {
    let recorded_us = None;
    TakenUp { device, session, name: device, started_us, recorded_us, gives_way: true }
}

fn take_up(heartbeats: &Heartbeats, device: &str, session: &str, started_us: i64) -> Pulse {
    heartbeats.take_up(&who(device, session, started_us))
}

fn left(device: &str, session: &str, started_us: i64, end_us: i64) -> Left {
    let (device, session) = (device.to_owned(), session.to_owned());
    Left { name: device.clone(), device, session, started_us, end_us }
}

fn list(heartbeats: &Heartbeats) -> Vec<Heartbeat> {
    heartbeats.lock().sessions.values().cloned().collect()
}

fn names(heartbeats: &Heartbeats) -> Vec<String> {
    let mut names: Vec<_> = list(heartbeats).into_iter().map(|known| known.session).collect();
    names.sort();
    names
}

fn gone(heartbeats: &Heartbeats, device: &str, session: &str) -> Option<Gone> {
    let key = (device.to_owned(), session.to_owned());
    heartbeats.look().1.get(&key).copied()
}

#[tokio::test(start_paused = true)]
async fn coming_back_is_no_sign_of_life_but_durable_media_is() {
    let heartbeats = Heartbeats::default();
    let pulse = take_up(&heartbeats, "a", "s-1", 1);
    pulse.beat();
    let heard = list(&heartbeats)[0].heard;
    tokio::time::advance(std::time::Duration::from_secs(9)).await;
    let again = take_up(&heartbeats, "a", "s-1", 1);
    assert_eq!(list(&heartbeats)[0].heard, heard);
    again.beat();
    assert_eq!(list(&heartbeats)[0].heard, Instant::now());
}

#[test]
fn who_comes_back_is_called_by_its_new_name() {
    let heartbeats = Heartbeats::default();
    take_up(&heartbeats, "a", "s-1", 1).beat();
    heartbeats.take_up(&TakenUp { name: "Back door", ..who("a", "s-1", 1) });
    assert_eq!(list(&heartbeats)[0].name, "Back door");
}

#[test]
fn stop_ends_what_the_same_device_left_before() {
    let heartbeats = Heartbeats::default();
    let after_us = clock::now_us() + SECOND_US;
    let _left = take_up(&heartbeats, "a", "s-1", 1);
    let _other = take_up(&heartbeats, "b", "s-2", 1);
    let newer = take_up(&heartbeats, "a", "s-3", after_us);
    let _newest = take_up(&heartbeats, "a", "s-4", after_us + 1);
    newer.beat();
    newer.stopped();
    assert_eq!(names(&heartbeats), ["s-2", "s-4"]);
    let gone = heartbeats.look().1;
    let of = |session: &str| gone[&("a".to_owned(), session.to_owned())];
    assert_eq!((of("s-1"), of("s-3")), (Gone::Followed, Gone::Stopped));
    assert!(heartbeats.look().1.is_empty());
}

#[test]
fn a_session_that_recorded_nothing_takes_no_place() {
    let heartbeats = Heartbeats::default();
    let _left = take_up(&heartbeats, "a", "s-1", 1);
    take_up(&heartbeats, "a", "s-2", 2).stopped();
    assert_eq!(names(&heartbeats), ["s-1"]);
}

#[test]
fn one_that_still_recorded_beside_a_newer_one_does_not_end_with_it() {
    let heartbeats = Heartbeats::default();
    let older = take_up(&heartbeats, "a", "s-1", 1);
    older.beat();
    let newer = take_up(&heartbeats, "a", "s-2", clock::now_us() - 60 * SECOND_US);
    newer.beat();
    newer.stopped();
    assert_eq!(names(&heartbeats), ["s-1"]);
}

#[test]
fn hellos_drive_out_no_session_that_has_recorded() {
    let heartbeats = Heartbeats::default();
    let camera = take_up(&heartbeats, "camera", "s", 1);
    camera.beat();
    for number in 0..=MAX_SESSIONS {
        let _pulse = take_up(&heartbeats, &format!("device-{number}"), "s", 1);
    }
    let known = list(&heartbeats);
    assert_eq!(known.len(), MAX_SESSIONS);
    assert!(known.iter().any(|known| known.device == "camera"));
    assert_eq!(gone(&heartbeats, "device-0", "s"), Some(Gone::Crowded));
}

#[test]
fn what_had_to_make_room_comes_back_with_what_it_records() {
    let heartbeats = Heartbeats::default();
    let first = take_up(&heartbeats, "first", "s", 1);
    for number in 0..MAX_SESSIONS {
        let _pulse = take_up(&heartbeats, &format!("device-{number}"), "s", 1);
    }
    let is_known = || list(&heartbeats).iter().any(|known| known.device == "first");
    assert!(!is_known());
    first.beat();
    assert!(is_known());
    assert_eq!(gone(&heartbeats, "first", "s"), None);
}

#[test]
fn what_is_gone_says_why() {
    let heartbeats = Heartbeats::default();
    take_up(&heartbeats, "a", "s-1", 1).forget();
    assert_eq!(gone(&heartbeats, "a", "s-1"), Some(Gone::Empty));
}

#[test]
fn what_ended_during_the_recovery_is_not_expected_back() {
    let heartbeats = Heartbeats::default();
    take_up(&heartbeats, "a", "s-1", 1).stopped();
    // A newer session has taken the place of what was left, and has ended since.
    let newer = take_up(&heartbeats, "b", "s-3", 50 * SECOND_US);
    newer.beat();
    newer.stopped();
    heartbeats.expect(vec![
        left("a", "s-1", 1, 20 * SECOND_US),
        left("b", "s-2", 1, 20 * SECOND_US),
        left("c", "s-4", 1, 20 * SECOND_US),
    ]);
    assert_eq!(names(&heartbeats), ["s-4"]);
}

#[test]
fn who_comes_back_before_it_is_expected_is_missed_since_its_last_media() {
    let heartbeats = Heartbeats::default();
    heartbeats.take_up(&TakenUp { recorded_us: Some(20), ..who("a", "s-1", 1) });
    heartbeats.expect(vec![left("a", "s-1", 1, 20)]);
    let known = &list(&heartbeats)[0];
    assert_eq!((known.heard_us, known.has_recorded, known.has_beaten), (20, true, false));
}
