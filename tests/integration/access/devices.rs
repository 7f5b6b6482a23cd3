//! Whose a device's id is, where it has recorded before anybody was asked who they are.

use serde_json::{Value, json};

use super::{say, say_hello};
use crate::support::access::{ask, claim, decided, paired, post};
use crate::support::client::hello_message;
use crate::support::control::{Control, key};
use crate::support::server::Server;

const DEVICE: &str = "test-device";

/// A server on which everybody might record, with a device that did, and its admin's cookie.
async fn closed_since() -> (Server, String) {
    let (server, admin) = decided("network").await;
    drop(Control::device(&server, DEVICE).await);
    let mode = json!({ "mode": "paired" });
    let closed = ask(&server, "PUT", "/api/access/mode", Some(&admin), &mode).await;
    assert_eq!(closed.status, 204);
    (server, admin)
}

async fn code(server: &Server, admin: &str) -> String {
    let made =
        post(server, "/api/access/codes", Some(admin), &json!({ "role": "camera" })).await.json();
    made["secret"].as_str().unwrap().to_owned()
}

fn pair(code: &str, letter: char, device: &str, key: &str) -> Value {
    let device = json!({ "id": device, "key": key });
    json!({ "code": code, "claim": claim(letter), "name": "Tablet", "device": device })
}

#[tokio::test]
async fn a_device_that_recorded_before_is_let_in_with_its_key_and_nobody_else_as_it() {
    let (server, admin) = closed_since().await;
    let code = code(&server, &admin).await;
    let thief = pair(&code, 'a', DEVICE, "another-key-of-it");
    let refused = post(&server, "/api/access/pair", None, &thief).await;
    assert_eq!((refused.status, refused.header("set-cookie")), (409, None));
    // It has cost no use of the code.
    let own = pair(&code, 'b', DEVICE, &key(DEVICE));
    let answer = post(&server, "/api/access/pair", None, &own).await;
    assert_eq!((answer.status, &answer.json()["you"]["device"]), (200, &json!(DEVICE)));
    let mut own = say_hello(&server, "session-1", &key(DEVICE), None).await;
    assert_eq!(own.receive().await["type"], "welcome");
}

#[tokio::test]
async fn a_hello_of_somebody_who_is_in_takes_no_device_that_recorded_before() {
    let (server, admin) = closed_since().await;
    let camera = paired(&server, &admin, "camera", Value::Null).await;
    let mut thief = say_hello(&server, "session-1", "another-key-of-it", Some(&camera)).await;
    assert_eq!(thief.ending().await.of_type("error")[0]["code"], "not_paired");
    let mut own = say_hello(&server, "session-1", &key(DEVICE), Some(&camera)).await;
    assert_eq!(own.receive().await["type"], "welcome");
}

#[tokio::test]
async fn a_remembered_device_is_spoken_for_by_nobody_without_its_key() {
    let (server, admin) = closed_since().await;
    let camera = paired(&server, &admin, "camera", Value::Null).await;
    let wanted = json!({ "name": "ci", "role": "camera" });
    let made = post(&server, "/api/access/tokens", Some(&admin), &wanted).await.json();
    let bearer = format!("Bearer {}", made["token"].as_str().unwrap());
    let everybody = [("cookie", camera.as_str()), ("authorization", bearer.as_str())];
    for (number, shown) in everybody.into_iter().enumerate() {
        for key in [None, Some("another-key-of-it")] {
            let mut hello = hello_message(&format!("session-{number}"));
            assert_eq!(hello["device"], DEVICE);
            hello["key"] = json!(key);
            let mut thief = say(&server, hello, Some(shown)).await;
            let refused = thief.ending().await.of_type("error")[0].clone();
            assert_eq!(refused["code"], "not_paired", "{} with {key:?}", shown.0);
        }
        let mut hello = hello_message(&format!("session-own-{number}"));
        hello["device"] = json!(format!("new-device-{number}"));
        let mut own = say(&server, hello, Some(shown)).await;
        assert_eq!(own.receive().await["type"], "welcome", "{}", shown.0);
    }
}

#[tokio::test]
async fn what_is_no_devices_id_or_key_is_told() {
    let (server, admin) = decided("paired").await;
    let code = code(&server, &admin).await;
    for (device, key, what) in
        [("", "", "id"), ("../device", "a-key-of-the-device", "id"), ("device-7", "", "key")]
    {
        let refused = post(&server, "/api/access/pair", None, &pair(&code, 'a', device, key)).await;
        let message = refused.json()["error"]["message"].to_string();
        assert_eq!(refused.status, 400, "{message}");
        assert!(message.contains(&format!("device's {what} must be")), "{message}");
    }
}
