//! Watching what is being recorded.

use container::{Demuxer, Event, Sample};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::captures::{self, Capture};
use crate::support::client::{Client, get};
use crate::support::control::Control;
use crate::support::server::Server;

/// Samples as viewers get them, by track.
pub(crate) type Samples = Vec<(usize, bool, bytes::Bytes)>;

/// What a viewer has been told and sent.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) told: Vec<Value>,
    /// Of each init segment, what followed it.
    pub(crate) streams: Vec<Vec<u8>>,
    pub(crate) close: Option<u16>,
}

impl Seen {
    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Text(text) => {
                let told: Value = serde_json::from_str(&text).unwrap();
                if told["type"] == "init" {
                    self.streams.push(Vec::new());
                }
                self.told.push(told);
            }
            Message::Binary(bytes) => self.streams.last_mut().unwrap().extend_from_slice(&bytes),
            Message::Close(frame) => {
                self.close = frame.map(|frame| frame.code.into());
                return false;
            }
            _ => {}
        }
        true
    }

    pub(crate) fn told(&self, kind: &str) -> Vec<&Value> {
        self.told.iter().filter(|told| told["type"] == kind).collect()
    }

    pub(crate) fn samples(&self, stream: usize) -> Samples {
        samples(&self.streams[stream])
    }
}

pub(crate) async fn watch(server: &Server, stream: &str) -> Client {
    Client::connect(server, &format!("{}/ws/live/{stream}", server.https), None).await
}

/// Listens until enough has come.
pub(crate) async fn seen(viewer: &mut Client, seen: &mut Seen, is_enough: impl Fn(&Seen) -> bool) {
    while !is_enough(seen) {
        let message = viewer.message().await.expect("the connection broke");
        if !seen.take(message) {
            return;
        }
    }
}

pub(crate) fn samples(stream: &[u8]) -> Samples {
    let mut demuxer = Demuxer::new();
    demuxer.push(bytes::Bytes::copy_from_slice(stream));
    let events = std::iter::from_fn(|| demuxer.poll().unwrap());
    let samples = events.filter_map(|event| match event {
        Event::Sample(Sample { track, sync, data, .. }) => Some((track, sync, data)),
        _ => None,
    });
    samples.collect()
}

pub(crate) fn of_track(samples: &Samples, track: usize) -> Vec<(bool, bytes::Bytes)> {
    let own = samples.iter().filter(|(own, ..)| *own == track);
    own.map(|(_, sync, data)| (*sync, data.clone())).collect()
}

/// The track of which not every sample is a sync sample.
pub(crate) fn video_track(all: &Samples) -> usize {
    all.iter().find(|(_, sync, _)| !sync).map_or(0, |(track, ..)| *track)
}

/// Sends a part of a capture.
pub(crate) async fn send(client: &mut Client, capture: &Capture, chunks: std::ops::Range<usize>) {
    let is_first = chunks.start == 0;
    let all = capture.chunks();
    let mut position: usize = all[..chunks.start].iter().map(|chunk| chunk.len()).sum();
    for chunk in &all[chunks] {
        for piece in chunk.chunks(200_000) {
            client.chunk(0, position as u64, piece).await;
            position += piece.len();
        }
    }
    if is_first {
        client.acknowledged(0, 1).await;
    }
}

#[tokio::test]
async fn a_viewer_joins_on_the_last_group_and_gets_everything_from_there_on() {
    for name in ["chromium-webm-vp8-opus", "chromium-mp4-h264-opus", "webkit-mp4-h264-aac"] {
        let capture = captures::named(name);
        let server = Server::start(&[]);
        let (mut client, _) = Client::hello(&server, "session-1").await;
        client.generation(0, &capture.mime).await;
        let chunks = capture.chunks().len();
        send(&mut client, &capture, 0..chunks / 2).await;
        let mut viewer = watch(&server, "test-device").await;
        let mut got = Seen::default();
        // A picture at once, although nothing new comes.
        let has_picture = |seen: &Seen| seen.streams.first().is_some_and(|s| s.len() > 6000);
        seen(&mut viewer, &mut got, has_picture).await;
        let init = got.told("init")[0];
        let kind = if name.contains("webm") { "video/webm; codecs=" } else { "video/mp4; codecs=" };
        assert!(init["mime"].as_str().unwrap().starts_with(kind), "{init}");
        let age_ms = init["now_ms"].as_i64().unwrap() - init["start_ms"].as_i64().unwrap();
        assert!(age_ms.abs() < 60_000, "{init}");
        // As it happens: who is seconds behind goes on with the newest group instead.
        for chunk in chunks / 2..chunks {
            let before = got.streams[0].len();
            send(&mut client, &capture, chunk..chunk + 1).await;
            let is_last = chunk + 1 == chunks;
            seen(&mut viewer, &mut got, |seen| is_last || seen.streams[0].len() > before).await;
        }
        let bytes = capture.stream.len();
        client
            .text(json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": bytes }] }))
            .await;
        seen(&mut viewer, &mut got, |_| false).await;
        assert_eq!(got.close, Some(1000), "{name}: {:?}", got.told);
        let (all, got) = (samples(&capture.stream), got.samples(0));
        let video = video_track(&all);
        let (wanted, shown) = (of_track(&all, video), of_track(&got, video));
        assert!(shown[0].0, "{name}: it begins with a key frame");
        assert!(wanted.ends_with(&shown), "{name}: nothing is missing");
        let begins = wanted.len() - shown.len();
        assert!(begins > 0 && begins < wanted.len() * 2 / 3, "{name}: it begins at {begins}");
        let (wanted, heard) = (of_track(&all, 1 - video), of_track(&got, 1 - video));
        assert!(!heard.is_empty() && wanted.ends_with(&heard), "{name}: no sound is missing");
    }
}

#[tokio::test]
async fn what_is_live_is_listed() {
    let server = Server::start(&[]);
    let list = async || {
        let (status, body) = get(&server, "/api/streams").await;
        assert_eq!(status, 200);
        serde_json::from_slice::<Value>(&body).unwrap()["streams"].clone()
    };
    assert_eq!(list().await, json!([]));
    let mut control = Control::connect(&server).await;
    assert_eq!(control.next("streams").await["streams"], json!([]));
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    client.generation(0, &capture.mime).await;
    send(&mut client, &capture, 0..3).await;
    let changed = control.next("streams").await;
    let stream = &changed["streams"][0];
    assert_eq!(stream["stream"], "test-device");
    assert_eq!((&stream["name"], &stream["session"]), (&json!("Bench 3"), &json!("session-1")));
    assert_eq!((&stream["state"], &stream["container"]), (&json!("live"), &json!("webm")));
    assert_eq!(stream["mime"], "video/webm; codecs=\"opus,vp8\"");
    assert_eq!(stream["video"], json!({ "codec": "vp8", "width": 320, "height": 240 }));
    assert_eq!(stream["audio"]["codec"], "opus");
    // The device's network is gone: its stream stays, and says so.
    drop(client);
    loop {
        let changed = control.next("streams").await;
        if changed["streams"][0]["state"] == "away" {
            break;
        }
    }
    let (mut client, _) = Client::hello(&server, "session-1").await;
    let bytes: usize = capture.chunks()[..3].iter().map(|chunk| chunk.len()).sum();
    client.generation(0, &capture.mime).await;
    client
        .text(json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": bytes }] }))
        .await;
    client.ending().await;
    loop {
        if control.next("streams").await["streams"] == json!([]) {
            break;
        }
    }
    assert_eq!(list().await, json!([]));
}

#[tokio::test]
async fn what_cannot_be_had_is_said() {
    let server = Server::start(&[]);
    let mut viewer = watch(&server, "nobody").await;
    let ending = viewer.ending().await;
    assert_eq!(ending.close_code(), Some(4404));
    assert!(ending.texts[0]["error"].as_str().unwrap().contains("nobody"));
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    client.generation(0, &capture.mime).await;
    send(&mut client, &capture, 0..3).await;
    let mut viewer = watch(&server, "test-device?container=mp4").await;
    let ending = viewer.ending().await;
    assert_eq!(ending.close_code(), Some(4404));
    assert!(ending.texts[0]["error"].as_str().unwrap().contains("webm"));
}

#[tokio::test]
async fn what_a_device_catches_up_with_is_not_shown_as_live() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, welcome) = Client::hello(&server, "session-1").await;
    // Captured an hour ago.
    let started_ms = welcome["now_ms"].as_i64().unwrap() - 3_600_000;
    client
        .text(json!({
            "type": "generation", "generation": 0, "mime": capture.mime, "reason": "start",
            "started_ms": started_ms, "offset_ms": 0,
        }))
        .await;
    let chunks = capture.chunks().len();
    send(&mut client, &capture, 0..chunks).await;
    let (_, body) = get(&server, "/api/streams").await;
    let list: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(list["streams"], json!([]), "recorded, and not live");
}

#[tokio::test]
async fn a_new_generation_is_a_new_beginning_for_its_viewers() {
    let server = Server::start(&[]);
    let captures =
        [captures::named("chromium-webm-vp8-opus"), captures::named("chromium-mp4-h264-opus")];
    let (mut client, _) = Client::hello(&server, "session-1").await;
    client.generation(0, &captures[0].mime).await;
    send(&mut client, &captures[0], 0..4).await;
    let mut viewer = watch(&server, "test-device").await;
    let mut got = Seen::default();
    seen(&mut viewer, &mut got, |seen| !seen.streams.is_empty()).await;
    client.generation(1, &captures[1].mime).await;
    let stream = &captures[1].stream;
    client.chunk(1, 0, &stream[..100_000]).await;
    seen(&mut viewer, &mut got, |seen| seen.streams.get(1).is_some_and(|s| s.len() > 20_000)).await;
    let generations: Vec<&Value> =
        got.told("init").iter().map(|init| &init["generation"]).collect();
    assert_eq!(generations, [&json!(0), &json!(1)]);
    let samples = got.samples(1);
    let video = video_track(&samples);
    assert!(of_track(&samples, video)[0].0);
    drop(viewer);
    // Nobody watches any more, and the server knows it.
    let watched = async || {
        let (_, body) = get(&server, "/api/streams").await;
        serde_json::from_slice::<Value>(&body).unwrap()["streams"][0]["viewers"].clone()
    };
    while watched().await != json!(0) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_live_stream_is_seen_as_pictures() {
    let server = Server::start(&[]);
    for (session, name) in ["chromium-webm-vp8-opus", "webkit-mp4-h264-aac"].iter().enumerate() {
        let capture = captures::named(name);
        let (mut client, welcome) = Client::hello(&server, &format!("session-{session}")).await;
        client
            .text(json!({
                "type": "generation", "generation": 0, "mime": capture.mime, "reason": "start",
                "started_ms": welcome["now_ms"], "offset_ms": 0,
            }))
            .await;
        send(&mut client, &capture, 0..4).await;
        let (status, jpeg) = get(&server, "/api/streams/test-device/snapshot.jpg").await;
        assert_eq!(
            (status, &jpeg[..2], &jpeg[jpeg.len() - 2..]),
            (200, &[0xFF, 0xD8][..], &[0xFF, 0xD9][..])
        );
        let address = |kind: &str| format!("{}/ws/{kind}/test-device?quality=20", server.https);
        let mut viewer = Client::connect(&server, &address("jpeg"), None).await;
        let jpeg = loop {
            match viewer.message().await {
                Some(Message::Binary(jpeg)) => break jpeg,
                Some(Message::Ping(_)) => {}
                other => panic!("{other:?}"),
            }
        };
        assert!(jpeg.starts_with(&[0xFF, 0xD8]) && jpeg.ends_with(&[0xFF, 0xD9]));
        let mut viewer = Client::connect(&server, &address("json"), None).await;
        let told = viewer.receive().await;
        assert_eq!(told["type"], "image");
        let data = told["data"].as_str().unwrap();
        let engine = &base64::engine::general_purpose::STANDARD;
        assert!(base64::Engine::decode(engine, data).unwrap().starts_with(&[0xFF, 0xD8]));
        assert!(told["timestamp"].as_f64().unwrap() > 1e9);
        let bytes: usize = capture.chunks()[..4].iter().map(|chunk| chunk.len()).sum();
        client
            .text(json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": bytes }] }))
            .await;
        client.ending().await;
    }
    let (status, _) = get(&server, "/api/streams/nobody/snapshot.jpg").await;
    assert_eq!(status, 404);
    let (status, body) = get(&server, "/api/streams/nobody/snapshot.jpg?quality=x").await;
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &told["error"]["code"]), (400, &json!("bad_request")));
    let mut viewer =
        Client::connect(&server, &format!("{}/ws/json/nobody", server.https), None).await;
    let ending = viewer.ending().await;
    assert_eq!((ending.close_code(), &ending.texts[0]["type"]), (Some(4404), &json!("error")));
}
