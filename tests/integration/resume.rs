//! A connection that breaks costs nothing.

use serde_json::json;

use crate::support::captures::{self, judge};
use crate::support::client::Client;
use crate::support::files::segments;
use crate::support::server::Server;

#[tokio::test]
async fn a_device_goes_on_at_the_byte_the_server_names() {
    for capture in
        [captures::named("chromium-webm-vp8-opus"), captures::named("chromium-mp4-h264-opus")]
    {
        let server = Server::start(&["--segment-seconds", "4"]);
        let length = capture.stream.len() as u64;
        // Breaks inside elements, boxes and payloads alike.
        let step = capture.stream.len() / 7 + 1;
        let mut position = 0;
        for attempt in 0..7 {
            let (mut client, welcome) = Client::hello(&server, "session-1").await;
            assert_eq!(welcome["resumed"], attempt > 0);
            if attempt > 0 {
                position = welcome["positions"][0]["received"].as_u64().unwrap() as usize;
            }
            client.generation(0, &capture.mime).await;
            let end = (position + step).min(capture.stream.len());
            // What the server has already is sent again; it must not be recorded twice.
            let from = position.saturating_sub(1000);
            client.chunk(0, from as u64, &capture.stream[from..end]).await;
            // Dropped without a goodbye, as a network does.
            drop(client);
        }
        let (mut client, welcome) = Client::hello(&server, "session-1").await;
        let position = welcome["positions"][0]["received"].as_u64().unwrap();
        client.generation(0, &capture.mime).await;
        client.chunk(0, position, &capture.stream[position as usize..]).await;
        let stop = json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": length }] });
        client.text(stop).await;
        let ending = client.ending().await;
        assert_eq!(ending.close_code(), Some(1000), "{ending:?}");
        judge(&capture, &segments(&server.recordings()), "4");
    }
}

#[tokio::test]
async fn a_second_connection_takes_the_session_over() {
    let server = Server::start(&[]);
    let (mut first, _) = Client::hello(&server, "session-1").await;
    let (_second, welcome) = Client::hello(&server, "session-1").await;
    assert_eq!(welcome["resumed"], true);
    let ending = first.ending().await;
    assert_eq!(ending.close_code(), Some(4409), "{ending:?}");
    assert_eq!(ending.of_type("error")[0]["code"], "session_in_use");
}

#[tokio::test]
async fn a_hole_is_refused_and_the_session_goes_on() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    client.generation(0, &capture.mime).await;
    client.chunk(0, 0, &capture.stream[..1000]).await;
    client.chunk(0, 2000, &capture.stream[2000..3000]).await;
    let ending = client.ending().await;
    assert_eq!(ending.close_code(), Some(4400));
    assert_eq!(ending.of_type("error")[0]["code"], "hole");
    let (_client, welcome) = Client::hello(&server, "session-1").await;
    assert_eq!(welcome["positions"][0]["received"], 1000);
}
