//! No message takes the server, or another's connection, down.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::list;
use crate::support::control::{Control, device_message};
use crate::support::server::Server;

#[tokio::test]
async fn no_message_breaks_a_connection_but_one_that_is_too_large() {
    let server = Server::start(&[]);
    let mut device = Control::device(&server, "device-1").await;
    let mut hostile = Control::connect(&server).await;
    let mut too_long = device_message("device-2");
    too_long["cameras"] = json!([{ "id": "x".repeat(65), "label": "" }]);
    let mut too_large = device_message("device-2");
    let camera = json!({ "id": "x".repeat(64), "label": "y".repeat(200) });
    too_large["cameras"] = json!(vec![camera; 16]);
    let mut too_many = device_message("device-2");
    too_many["qualities"] = json!(vec!["low"; 17]);
    for text in [
        "garbage".to_owned(),
        "[".repeat(60_000),
        format!("{}{}", "{\"a\":".repeat(10_000), "1".repeat(5)),
        "\"text\"".to_owned(),
        "{}".to_owned(),
        r#"{"type":5}"#.to_owned(),
        r#"{"type":"device"}"#.to_owned(),
        r#"{"type":"result","id":"1","ok":true}"#.to_owned(),
        r#"{"type":"command","to":{"all":true},"do":"start"}"#.to_owned(),
        too_long.to_string(),
        too_large.to_string(),
        too_many.to_string(),
    ] {
        hostile.client.send_unless_closed(Message::text(text)).await;
        let error = hostile.next("error").await;
        assert_eq!(error["code"], "bad_message", "{error}");
        assert!((10..400).contains(&error["message"].as_str().unwrap().len()), "{error}");
    }
    hostile.client.binary(b"\0\x01").await;
    assert_eq!(hostile.next("error").await["code"], "bad_message");
    // What is newer than the server is passed over.
    hostile.say(json!({ "type": "something", "else": [1] })).await;
    // The connection lives, and becomes a device, and only that one.
    hostile.say(device_message("device-2")).await;
    hostile.listed(|all| all.len() == 2).await;
    hostile.say(device_message("device-3")).await;
    assert_eq!(hostile.next("error").await["code"], "bad_message");
    assert_eq!(list(&server).await.len(), 2);
    let large = Message::text("x".repeat(70_000));
    hostile.client.send_unless_closed(large).await;
    let ending = hostile.ending().await;
    assert_eq!(ending.close_code(), Some(1009), "{ending:?}");

    let mut controller = Control::connect(&server).await;
    controller.give("1", json!("device-1"), "start", Value::Null).await;
    device.answer("start", json!({ "ok": true })).await;
    assert_eq!(controller.results("1").await[0]["ok"], true);
}

#[tokio::test]
async fn thousands_of_commands_at_once_are_answered_and_few_reach_the_device() {
    let server = Server::start(&[]);
    let mut device = Control::device(&server, "device-1").await;
    let mut controller = Control::connect(&server).await;
    let commands = (0..3000).map(|number| {
        let to = if number % 2 == 0 { json!("device-1") } else { json!({ "all": true }) };
        json!({ "type": "command", "id": number.to_string(), "to": to, "do": "start" })
    });
    // The device answers none; all but those that it was given are refused at once.
    let mut busy = 0;
    let all_busy = |message: Value| {
        if message["type"] == "result" {
            assert_eq!(message["code"], "busy", "{message}");
            busy += 1;
        }
        busy == 3000 - 8
    };
    controller.client.say_while_hearing(commands, all_busy).await;
    for _ in 0..8 {
        device.answer("start", json!({ "ok": true })).await;
    }
    for _ in 0..8 {
        assert_eq!(controller.next("result").await["ok"], true);
    }
    controller.give("again", json!("device-1"), "start", Value::Null).await;
    device.answer("start", json!({ "ok": true })).await;
    while controller.next("done").await["id"] != "again" {}
}
