//! Devices that say how they are, and commands to them.

mod hostile;

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::captures;
use crate::support::client::{Client, get};
use crate::support::control::{Control, device_message, is_there, key};
use crate::support::http::request;
use crate::support::server::Server;

fn codes(results: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut codes: Vec<_> =
        results.iter().map(|result| (text(&result["device"]), text(&result["code"]))).collect();
    codes.sort();
    codes
}

/// A command that is over at once.
async fn outcome(controller: &mut Control, to: Value, word: &str, value: Value) -> Vec<Value> {
    controller.give("once", to, word, value).await;
    controller.results("once").await
}

async fn list(server: &Server) -> Vec<Value> {
    let (status, body) = get(server, "/api/devices").await;
    assert_eq!(status, 200);
    let list: Value = serde_json::from_slice(&body).unwrap();
    assert!(list["now_ms"].as_i64().unwrap() > 1_700_000_000_000);
    list["devices"].as_array().unwrap().clone()
}

#[tokio::test]
async fn commands_reach_a_device_and_what_comes_of_them_whoever_gave_them() {
    let server = Server::start(&[]);
    let mut device = Control::device(&server, "device-1").await;
    let mut controller = Control::connect(&server).await;
    for (word, value) in [
        ("start", Value::Null),
        ("stop", Value::Null),
        ("mark", Value::Null),
        ("mark", json!("goal")),
        ("camera", json!("back")),
        ("quality", json!("low")),
        ("name", json!("Back door")),
    ] {
        controller.give(word, json!("device-1"), word, value.clone()).await;
        let command = device.answer(word, json!({ "ok": true })).await;
        assert_eq!((&command["value"], &command["from"]), (&value, &json!("127.0.0.1")));
        let results = controller.results(word).await;
        let expected = json!([{ "type": "result", "id": word, "device": "device-1", "ok": true }]);
        assert_eq!(json!(results), expected);
    }
    // What the device says no to, it says in its own words.
    controller.give("no", json!("device-1"), "stop", Value::Null).await;
    device.answer("stop", json!({ "ok": false, "code": "failed", "message": "It hangs." })).await;
    let result = &controller.results("no").await[0];
    assert_eq!((&result["code"], &result["message"]), (&json!("failed"), &json!("It hangs.")));
    // Another controller has heard nothing of all that, and asks for itself.
    let mut other = Control::connect(&server).await;
    other.give("1", json!("device-1"), "start", Value::Null).await;
    device.answer("start", json!({ "ok": null, "code": "asking", "message": "One moment." })).await;
    let asking = other.next("result").await;
    assert_eq!((&asking["ok"], &asking["code"]), (&Value::Null, &json!("asking")));
    assert_eq!(asking["message"], "One moment.");
    device.say(json!({ "type": "result", "id": "9", "ok": false, "code": "not_allowed" })).await;
    assert_eq!(codes(&other.results("1").await), [("device-1".into(), "not_allowed".into())]);
}

#[tokio::test]
async fn every_controller_sees_a_device_come_change_and_go() {
    let server = Server::start(&[]);
    let mut controllers = [Control::connect(&server).await, Control::connect(&server).await];
    for controller in &mut controllers {
        let first = controller.next("devices").await;
        assert_eq!(first["devices"], json!([]));
        assert!(first["now_ms"].is_i64());
        assert_eq!(controller.next("alarms").await["alarms"], json!([]));
    }
    let mut device = Control::device(&server, "device-1").await;
    for controller in &mut controllers {
        let all = controller.listed(|all| all.len() == 1).await;
        let seen = &all[0];
        assert_eq!((&seen["name"], &seen["groups"]), (&json!("Name of device-1"), &json!([])));
        assert_eq!((&seen["online"], &seen["stream"]), (&json!(true), &Value::Null));
        let said = device_message("device-1");
        for member in ["control", "can", "state", "session", "since_ms", "why", "camera", "quality"]
        {
            assert_eq!(seen[member], said[member], "{member}");
        }
        assert_eq!((&seen["cameras"], &seen["qualities"]), (&said["cameras"], &said["qualities"]));
        assert!(!json!(all).to_string().contains("secret"), "{all:?}");
    }
    let mut recording = device_message("device-1");
    recording["state"] = json!("recording");
    recording["session"] = json!("session-1");
    recording["since_ms"] = json!(1_795_163_509_123_i64);
    device.say(recording).await;
    for controller in &mut controllers {
        let all = controller.listed(|all| all[0]["state"] == "recording").await;
        assert_eq!((&all[0]["session"], &all[0]["online"]), (&json!("session-1"), &json!(true)));
    }
    let mut blocked = device_message("device-1");
    (blocked["state"], blocked["why"]) = (json!("blocked"), json!("tap"));
    device.say(blocked).await;
    for controller in &mut controllers {
        controller.listed(|all| all[0]["why"] == "tap").await;
    }
    drop(device);
    for controller in &mut controllers {
        let all = controller.listed(|all| !is_there(&all[0])).await;
        assert_eq!((&all[0]["state"], &all[0]["control"]), (&json!("idle"), &json!("none")));
        assert!(all[0]["last_seen_ms"].as_i64().unwrap() > 1_700_000_000_000);
    }
}

#[tokio::test]
async fn groups_and_all_answer_for_each_device() {
    let server = Server::start(&[]);
    let mut devices = Vec::new();
    for name in ["device-a", "device-b", "device-c"] {
        devices.push(Control::device(&server, name).await);
    }
    let mut controller = Control::connect(&server).await;
    for name in ["device-a", "device-b"] {
        let results =
            outcome(&mut controller, json!(name), "groups", json!(["hall", "ground floor"])).await;
        assert_eq!((results.len(), &results[0]["ok"]), (1, &json!(true)));
    }
    let grouped =
        |all: &[Value]| all.len() == 3 && all[1]["groups"] == json!(["hall", "ground floor"]);
    controller.listed(grouped).await;
    controller.give("hall", json!({ "group": "hall" }), "start", Value::Null).await;
    devices[0].answer("start", json!({ "ok": true })).await;
    devices[1].answer("start", json!({ "ok": false, "code": "busy" })).await;
    let expected = [("device-a".into(), "-".into()), ("device-b".into(), "busy".into())];
    assert_eq!(codes(&controller.results("hall").await), expected);
    controller.give("all", json!({ "all": true }), "stop", Value::Null).await;
    for device in &mut devices {
        device.answer("stop", json!({ "ok": true })).await;
    }
    assert_eq!(controller.results("all").await.len(), 3);
    // Who is missing from a group is named; all are those that are there.
    drop(devices.remove(0));
    controller.listed(|all| !is_there(&all[0])).await;
    controller.give("hall", json!({ "group": "hall" }), "stop", Value::Null).await;
    devices[0].answer("stop", json!({ "ok": true })).await;
    let expected = [("device-a".into(), "offline".into()), ("device-b".into(), "-".into())];
    assert_eq!(codes(&controller.results("hall").await), expected);
    controller.give("all", json!({ "all": true }), "stop", Value::Null).await;
    for device in &mut devices {
        device.answer("stop", json!({ "ok": true })).await;
    }
    assert_eq!(controller.results("all").await.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_its_reason() {
    let server = Server::start(&[]);
    drop(Control::device(&server, "device-gone").await);
    let mut timid = Control::connect(&server).await;
    let mut message = device_message("device-1");
    message["can"] = json!(["start", "camera", "dance"]);
    timid.say(message).await;
    let mut controller = Control::connect(&server).await;
    controller.listed(|all| all.len() == 2 && is_there(&all[0]) && !is_there(&all[1])).await;
    for (to, word, value, code) in [
        (json!("device-2"), "start", Value::Null, "unknown_device"),
        (json!("../../etc"), "start", Value::Null, "unknown_device"),
        (json!({ "group": "attic" }), "start", Value::Null, "unknown_group"),
        (json!("device-gone"), "start", Value::Null, "offline"),
        (json!("device-1"), "stop", Value::Null, "unsupported"),
        (json!("device-1"), "camera", json!("side"), "unsupported"),
        (json!("device-1"), "camera", json!(7), "bad_command"),
        (json!("device-1"), "dance", Value::Null, "bad_command"),
        (json!("device-1"), "groups", json!(["x".repeat(41)]), "bad_command"),
        (json!(["device-1"]), "start", Value::Null, "bad_command"),
    ] {
        let results = outcome(&mut controller, to.clone(), word, value).await;
        assert_eq!((results.len(), &results[0]["code"]), (1, &json!(code)), "{to} {word}");
        assert_eq!(results[0]["ok"], false);
        assert!(results[0]["message"].as_str().unwrap().len() > 10, "{results:?}");
    }
    // The page of somebody else's is told nothing.
    let address = format!("{}/ws/control", server.https);
    for origin in ["https://example.com", "null"] {
        let (status, body) = Client::refused(&server, &address, origin).await;
        assert_eq!((status, &body["error"]["code"]), (403, &json!("forbidden")), "{body}");
    }
    let own = format!("https://{}", server.https);
    let mut own = Control::of(Client::from_origin(&server, &address, &own).await);
    own.give("1", json!("device-1"), "start", Value::Null).await;
    timid.answer("start", json!({ "ok": true })).await;
    assert_eq!(own.results("1").await[0]["ok"], true);
    // A device that goes while it is waited for.
    own.give("2", json!("device-1"), "start", Value::Null).await;
    timid.next("command").await;
    drop(timid);
    assert_eq!(codes(&own.results("2").await), [("device-1".into(), "no_answer".into())]);
}

#[tokio::test]
async fn a_device_is_whose_key_was_there_first_and_the_newest_page_speaks_for_it() {
    let server = Server::start(&[]);
    let mut device = Control::device(&server, "device-1").await;
    let mut thief = Control::connect(&server).await;
    let mut message = device_message("device-1");
    (message["key"], message["name"]) = (json!("another-secret-of-it"), json!("Stolen"));
    thief.say(message).await;
    let error = thief.next("error").await;
    assert_eq!(error["code"], "not_yours");
    assert!(!error.to_string().contains("secret"), "{error}");
    // A result of somebody who is no device is nobody's.
    thief.say(json!({ "type": "result", "id": "1", "ok": true })).await;
    assert_eq!(thief.next("error").await["code"], "bad_message");
    assert_eq!(list(&server).await[0]["name"], "Name of device-1");

    let mut newer = Control::connect(&server).await;
    newer.say(device_message("device-1")).await;
    assert_eq!(device.next("error").await["code"], "taken_over");
    device.say(device_message("device-1")).await;
    assert_eq!(device.next("error").await["code"], "taken_over");
    let mut controller = Control::connect(&server).await;
    controller.give("1", json!("device-1"), "start", Value::Null).await;
    newer.answer("start", json!({ "ok": true })).await;
    assert_eq!(controller.results("1").await[0]["ok"], true);
    // The older page goes, and the device stays.
    drop(device);
    controller.give("2", json!("device-1"), "start", Value::Null).await;
    newer.answer("start", json!({ "ok": true })).await;
    assert_eq!(controller.results("2").await[0]["ok"], true);
}

#[tokio::test]
async fn groups_and_names_outlive_the_server_and_so_does_whose_they_are() {
    let server = Server::start(&[]);
    let device = Control::device(&server, "device-1").await;
    let mut controller = Control::connect(&server).await;
    let results = outcome(&mut controller, json!("device-1"), "groups", json!(["hall"])).await;
    assert_eq!(results[0]["ok"], true, "{results:?}");
    // On the disk before it was said, so that nothing takes it back.
    let folder = server.kill();
    drop((device, controller));
    let file = folder.path().join("state/devices.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&file).unwrap().contains(&key("device-1")));

    let server = Server::start_in(folder, &[]);
    let all = list(&server).await;
    assert_eq!(all.len(), 1);
    assert_eq!((&all[0]["groups"], &all[0]["online"]), (&json!(["hall"]), &json!(false)));
    assert_eq!(all[0]["name"], "Name of device-1");
    let mut thief = Control::connect(&server).await;
    let mut message = device_message("device-1");
    message["key"] = json!("another-secret-of-it");
    thief.say(message).await;
    assert_eq!(thief.next("error").await["code"], "not_yours");
    // Groups are the server's to keep, also while their device is away.
    let mut controller = Control::connect(&server).await;
    let results = outcome(&mut controller, json!({ "group": "hall" }), "groups", json!([])).await;
    assert_eq!(results[0]["ok"], true, "{results:?}");
    let mut device = Control::device(&server, "device-1").await;
    server.interrupt();
    assert_eq!(device.ending().await.close_code(), Some(1012));
    assert_eq!(controller.ending().await.close_code(), Some(1012));
    let (status, said, folder) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    let saved = std::fs::read(folder.path().join("state/devices.json")).unwrap();
    let saved: Value = serde_json::from_slice(&saved).unwrap();
    assert_eq!((&saved["devices"][0]["groups"], &saved["v"]), (&json!([]), &json!(1)));
    assert!(saved["devices"][0]["last_seen_ms"].as_i64() > all[0]["last_seen_ms"].as_i64());
}

#[tokio::test]
async fn who_only_publishes_is_listed_and_takes_no_commands() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = Client::hello_with(&server, "session-1", &key("test-device")).await;
    let mut raw = Client::raw(&server).await;
    raw.binary(&capture.stream[..300_000]).await;
    crate::v1::send(&mut client, 0, &capture).await;
    let mut controller = Control::connect(&server).await;
    let all = controller.listed(|all| all.len() == 2).await;
    let pushed = all.iter().find(|one| one["device"] == "test-device").unwrap();
    assert_eq!((&pushed["state"], &pushed["control"]), (&json!("recording"), &json!("none")));
    assert_eq!((&pushed["stream"], &pushed["name"]), (&json!("test-device"), &json!("Bench 3")));
    assert_eq!((&pushed["session"], &pushed["online"]), (&json!("session-1"), &json!(true)));
    let to = json!("test-device");
    for (word, value) in [("stop", Value::Null), ("groups", json!(["hall"]))] {
        let results = outcome(&mut controller, to.clone(), word, value).await;
        assert_eq!(codes(&results), [("test-device".into(), "unsupported".into())], "{word}");
    }
    // Nobody else speaks for it.
    let mut thief = Control::connect(&server).await;
    let mut message = device_message("test-device");
    message["key"] = json!("another-secret-of-it");
    thief.say(message).await;
    assert_eq!(thief.next("error").await["code"], "not_yours");
    // With a control connection, it is one device.
    let mut device = Control::device(&server, "test-device").await;
    let all = controller.listed(|all| all.iter().any(|one| one["control"] == "allowed")).await;
    assert_eq!(all.len(), 2);
    assert!(all.iter().any(|one| one["control"] == "allowed" && one["stream"] == "test-device"));
    controller.give("1", to, "stop", Value::Null).await;
    device.answer("stop", json!({ "ok": true })).await;
    assert_eq!(controller.results("1").await[0]["ok"], true);
    raw.close().await;
    controller.listed(|all| all.len() == 1).await;
}

#[tokio::test]
async fn a_command_is_a_request_too() {
    let server = Server::start(&[]);
    let mut device = Control::device(&server, "device-1").await;
    let json_body = [("content-type", "application/json")];
    let post = async |device: &str, headers: &[(&str, &str)], body: Value| {
        let path = format!("/api/devices/{device}/commands");
        let answer = request(&server, "POST", &path, headers, body.to_string().as_bytes()).await;
        (answer.status, answer.json())
    };
    let started = post("device-1", &json_body, json!({ "do": "start" }));
    let (answer, command) = tokio::join!(started, device.answer("start", json!({ "ok": true })));
    assert_eq!((answer, &command["value"]), ((200, json!({ "ok": true })), &Value::Null));
    // The end is waited for.
    let named = post("device-1", &json_body, json!({ "do": "name", "value": "Door" }));
    let asked = async {
        let command = device.answer("name", json!({ "ok": null, "code": "asking" })).await;
        let refused = json!({ "type": "result", "id": command["id"], "ok": false,
            "code": "not_allowed", "message": "Somebody said no." });
        device.say(refused).await;
    };
    let ((status, body), ()) = tokio::join!(named, asked);
    let error = json!({ "error": { "code": "not_allowed", "message": "Somebody said no." } });
    assert_eq!((status, body), (403, error));
    for (device, body, status, code) in [
        ("device-2", json!({ "do": "start" }), 404, "unknown_device"),
        ("device-1", json!({ "do": "dance" }), 400, "bad_command"),
        ("device-1", json!([]), 400, "bad_command"),
        ("device-1", json!({ "do": "camera", "value": "side" }), 422, "unsupported"),
    ] {
        let (answered, body) = post(device, &json_body, body).await;
        assert_eq!((answered, &body["error"]["code"]), (status, &json!(code)), "{body}");
    }
    // Without its type any page could ask.
    let (status, body) = post("device-1", &[], json!({ "do": "start" })).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("bad_command")));
}

#[tokio::test]
async fn whoever_is_connected_is_told_of_alarms() {
    // More than any disk has.
    let server = Server::start(&["--reserve-mb", "1000000000"]);
    let mut controller = Control::connect(&server).await;
    loop {
        let told = controller.next("alarms").await;
        let alarms = told["alarms"].as_array().unwrap();
        if let Some(alarm) = alarms.iter().find(|alarm| alarm["kind"] == "disk_full") {
            assert!(alarm["since_ms"].as_i64().unwrap() <= told["now_ms"].as_i64().unwrap());
            return;
        }
    }
}
