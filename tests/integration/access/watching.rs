//! What is watched ends with whoever watches, by each way there is.

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::say_hello;
use crate::compat;
use crate::live::send as send_chunks;
use crate::support::PATIENCE;
use crate::support::access::{ask, closed, decide, decided, paired, post, revoke};
use crate::support::captures;
use crate::support::client::Client;
use crate::support::http::send;
use crate::support::server::{Server, configure};
use crate::whep::watch_as;

/// Between two looks at what the server says.
const TICK: std::time::Duration = std::time::Duration::from_millis(20);

/// A camera of an admin that records and is live: `test-device`.
async fn live(server: &Server, admin: &str) -> Client {
    let camera = paired(server, admin, "camera", Value::Null).await;
    let mut device = say_hello(server, "session-1", "a-key-of-the-device", Some(&camera)).await;
    assert_eq!(device.receive().await["type"], "welcome");
    let capture = captures::named("chromium-webm-vp8-opus");
    device.generation(0, &capture.mime).await;
    send_chunks(&mut device, &capture, 0..4).await;
    device
}

/// How many watch `test-device`.
async fn viewers(server: &Server, admin: &str) -> u64 {
    let streams = ask(server, "GET", "/api/streams", Some(admin), &Value::Null).await.json();
    streams["streams"][0]["viewers"].as_u64().unwrap()
}

#[tokio::test]
async fn every_way_of_watching_ends_with_its_pass() {
    let (server, admin) = decided("paired").await;
    let device = live(&server, &admin).await;
    let viewer = paired(&server, &admin, "viewer", json!(["test-device"])).await;

    let mut wanted =
        format!("wss://{}/ws/live/test-device", server.https).into_client_request().unwrap();
    wanted.headers_mut().insert("cookie", viewer.parse().unwrap());
    let mut socket = Client::open(&server, wanted).await;
    assert!(socket.receive().await["type"].is_string());
    let path = "/api/streams/test-device/mjpeg";
    let mut pictures = send(&server, "GET", path, &[("cookie", &viewer)], b"", 0).await;
    let mut some = vec![0; 2000];
    let reading = tokio::time::timeout(PATIENCE, pictures.read_exact(&mut some)).await;
    reading.unwrap().unwrap();
    let (mut watcher, _) = watch_as(&server, false, &[("cookie", &viewer)]).await.unwrap();
    watcher.until_shown().await;
    assert!(viewers(&server, &admin).await >= 2, "by WebSocket and by WebRTC");

    revoke(&server, &admin, &viewer).await;
    assert_eq!(socket.ending().await.close_code(), None, "the connection is cut");
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, pictures.read_to_end(&mut rest)).await.unwrap();
    let none = async {
        let mut tick = tokio::time::interval(TICK);
        while viewers(&server, &admin).await > 0 {
            tick.tick().await;
        }
    };
    let none = async { tokio::time::timeout(PATIENCE, none).await.expect("somebody watches on") };
    // It answers as long as it is let: the server ends it.
    tokio::select! {
        () = none => {}
        () = watcher.go_on() => {}
    }
    drop(device);
}

#[tokio::test]
async fn a_listener_for_old_clients_that_asks_for_a_token_takes_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let listener =
        "[compat]\njson_port = 0\njson_stream = \"test-device\"\njson_require_token = true";
    configure(folder.path(), listener);
    let server = closed(folder, "localcamera=info", &[]);
    // Everyone on the network watches, but not here.
    let admin = decide(&server, "network").await;
    let url = server.printed("JSON frames");
    let token = async |scope: Value| {
        let wanted = json!({ "name": scope.to_string(), "role": "viewer", "scope": scope });
        let made = post(&server, "/api/access/tokens", Some(&admin), &wanted).await.json();
        (made["token"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap().to_owned())
    };
    let (fitting, id) = token(json!(["test-device"])).await;
    let (unfit, _) = token(json!(["other"])).await;
    for (query, status) in [("", 401), ("?token=lct_wrong", 401), (&format!("?token={unfit}"), 404)]
    {
        assert_eq!(compat::refusal(&format!("{url}/{query}")).await, status, "{query}");
    }
    let (mut socket, _) = compat::connect(&format!("{url}/?token={fitting}"), &[]).await;
    // No such camera yet, which is told and not the end.
    assert_eq!(compat::next_json(&mut socket).await["type"], "error");
    let path = format!("/api/access/tokens/{id}");
    assert_eq!(ask(&server, "DELETE", &path, Some(&admin), &Value::Null).await.status, 204);
    compat::cut(&mut socket).await;
    assert_eq!(compat::refusal(&format!("{url}/?token={fitting}")).await, 401);
}
