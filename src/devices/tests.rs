//! Commands, from whoever gives them to the device and back.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::command::Word;
use super::report::tests::message;
use super::*;

const FROM: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 7));
const START: Order = Order::Device(Word::Start, None);

fn devices() -> (Devices, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Devices::load(folder.path().to_owned()).unwrap(), folder)
}

fn link(devices: &Devices) -> Link {
    let mut link = devices.connect(FROM);
    link.hear(Said::parse(message("device-1")).unwrap(), Vec::new).unwrap();
    link
}

fn answer(id: &Value, mut rest: Value) -> Map<String, Value> {
    rest["id"] = id.clone();
    rest.as_object().unwrap().clone()
}

fn code(answer: Answer) -> Code {
    match answer {
        Answer::Over(Err(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_says_nothing_is_waited_for_a_minute() {
    let (devices, _folder) = devices();
    let mut link = link(&devices);
    let began = Instant::now();
    let mut running = devices.command("device-1", &START, FROM).unwrap();
    let told = link.next().await.unwrap().message();
    let expected = json!({ "type": "command", "id": "1", "do": "start", "value": null,
        "from": "192.168.1.7" });
    assert_eq!(told, expected);
    assert_eq!(code(running.next().await), Code::NoAnswer);
    assert_eq!(began.elapsed(), Duration::from_secs(60));
    drop(running);
    // What comes too late is nobody's.
    link.answered(&answer(&told["id"], json!({ "ok": true }))).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_person_who_is_asked_gets_more_time_but_once() {
    let (devices, _folder) = devices();
    let mut link = link(&devices);
    let mut running = devices.command("device-1", &START, FROM).unwrap();
    let id = link.next().await.unwrap().message()["id"].clone();
    let asking = answer(&id, json!({ "ok": null, "code": "asking" }));
    link.answered(&asking).unwrap();
    assert!(matches!(running.next().await, Answer::Asking(_)));
    let began = Instant::now();
    for _ in 0..5 {
        link.answered(&asking).unwrap();
    }
    assert_eq!(code(running.next().await), Code::NoAnswer);
    assert_eq!(began.elapsed(), Duration::from_secs(120));

    let running = devices.command("device-1", &START, FROM).unwrap();
    let id = link.next().await.unwrap().message()["id"].clone();
    link.answered(&answer(&id, json!({ "ok": null }))).unwrap();
    let refused = json!({ "ok": false, "code": "not_allowed", "message": "No." });
    link.answered(&answer(&id, refused)).unwrap();
    assert_eq!(running.end().await, Err(Code::NotAllowed.because("No.")));
}

#[tokio::test]
async fn a_device_that_asks_again_and_again_loses_no_answer() {
    let (devices, _folder) = devices();
    let mut link = link(&devices);
    let running = devices.command("device-1", &START, FROM).unwrap();
    let id = link.next().await.unwrap().message()["id"].clone();
    for _ in 0..5 {
        link.answered(&answer(&id, json!({ "ok": null }))).unwrap();
    }
    link.answered(&answer(&id, json!({ "ok": true }))).unwrap();
    assert_eq!(running.end().await, Ok(()));
}

#[tokio::test]
async fn a_publisher_with_another_key_was_there_first() {
    let (devices, _folder) = devices();
    let publisher = |sha256: &str| {
        let key = Some(KeyHash::new(sha256.repeat(32)));
        move || vec![Publisher { key: key.clone(), ..list::tests::publisher("device-1", "s-1") }]
    };
    let said = || Said::parse(message("device-1")).unwrap();
    let mut link = devices.connect(FROM);
    assert_eq!(link.hear(said(), publisher("ab")), Err(NotAdmitted::NotYours));
    link.hear(said(), Vec::new).unwrap();
    // Whose key is known is not asked again.
    link.hear(said(), publisher("ab")).unwrap();
}

#[tokio::test]
async fn what_is_pending_ends_with_the_connection() {
    let (devices, _folder) = devices();
    let mut older = link(&devices);
    let mut running = devices.command("device-1", &START, FROM).unwrap();
    let newer = link(&devices);
    assert_eq!(code(running.next().await), Code::NoAnswer);
    while older.next().await.is_some() {}
    let again = older.hear(Said::parse(message("device-1")).unwrap(), Vec::new);
    assert_eq!(again, Err(NotAdmitted::TakenOver));
    drop(older);
    let mut running = devices.command("device-1", &START, FROM).unwrap();
    drop(newer);
    assert_eq!(code(running.next().await), Code::NoAnswer);
    let refusal = devices.command("device-1", &START, FROM).unwrap_err();
    assert_eq!(refusal.code, Code::Offline);
}

#[tokio::test]
async fn few_commands_wait_and_what_is_given_up_is_not_done_later() {
    let (devices, _folder) = devices();
    let mut link = link(&devices);
    let mut running: Vec<Running> =
        (0..MAX_PENDING).map(|_| devices.command("device-1", &START, FROM).unwrap()).collect();
    assert_eq!(devices.command("device-1", &START, FROM).unwrap_err().code, Code::Busy);
    // All but the last are given up. The device has taken none so far, so its queue is full.
    let last = running.pop().unwrap();
    drop(running);
    assert_eq!(devices.command("device-1", &START, FROM).unwrap_err().code, Code::Busy);
    let told = link.next().await.unwrap().message();
    assert_eq!(told["id"], MAX_PENDING.to_string());
    link.answered(&answer(&told["id"], json!({ "ok": true }))).unwrap();
    assert_eq!(last.end().await, Ok(()));
    devices.command("device-1", &START, FROM).unwrap();
}

#[tokio::test]
async fn groups_are_kept_when_they_are_on_the_disk() {
    let (devices, folder) = devices();
    drop(link(&devices));
    let groups = Order::Groups(vec!["hall".to_owned()]);
    let refusal = devices.command("device-2", &groups, FROM).unwrap_err();
    assert_eq!(refusal.code, Code::Unsupported);
    let running = devices.command("device-1", &groups, FROM).unwrap();
    tokio::select! {
        outcome = running.end() => assert_eq!(outcome, Ok(())),
        () = devices.keep() => panic!("it ended"),
    }
    let again = Devices::load(folder.path().to_owned()).unwrap();
    let listed = serde_json::to_value(again.list(&[])).unwrap();
    assert_eq!((&listed[0]["groups"], &listed[0]["online"]), (&json!(["hall"]), &json!(false)));
    assert_eq!(listed[0]["name"], "Front door");
    // Where they cannot be written, nobody is told that they are.
    drop(folder);
    let other = Order::Groups(Vec::new());
    let running = devices.command("device-1", &other, FROM).unwrap();
    tokio::select! {
        outcome = running.end() => assert_eq!(outcome.unwrap_err().code, Code::Failed),
        () = devices.keep() => panic!("it ended"),
    }
}

#[tokio::test]
async fn the_end_of_the_server_is_when_its_devices_were_last_seen() {
    let (devices, folder) = devices();
    let link = link(&devices);
    let before_ms = clock::now_ms();
    devices.close().await;
    // A connection that ends later changes nothing any more.
    drop(link);
    let again = Devices::load(folder.path().to_owned()).unwrap();
    let listed = serde_json::to_value(again.list(&[])).unwrap();
    assert!(listed[0]["last_seen_ms"].as_i64().unwrap() >= before_ms);
}
