//! A connection that breaks costs nothing.

use serde_json::{Value, json};

use crate::support::captures::{self, judge};
use crate::support::client::Client;
use crate::support::files::{listing, segments};
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
            let received = received(&welcome);
            assert!(received >= position, "{welcome}");
            position = received;
            client.generation(0, &capture.mime).await;
            let end = (position + step).min(capture.stream.len());
            // What the server has already is sent again; it must not be recorded twice.
            let from = position.saturating_sub(1000);
            client.chunk(0, from as u64, &capture.stream[from..end]).await;
            // Dropped without a goodbye, as a network does.
            drop(client);
        }
        let (mut client, welcome) = Client::hello(&server, "session-1").await;
        let position = received(&welcome);
        client.generation(0, &capture.mime).await;
        client.chunk(0, position as u64, &capture.stream[position..]).await;
        let stop = json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": length }] });
        client.text(stop).await;
        let ending = client.ending().await;
        assert_eq!(ending.close_code(), Some(1000), "{ending:?}");
        judge(&capture, &segments(&server.recordings()), "4");
    }
}

/// What the server has of the first generation: nothing where the connection broke before the
/// server had read of it.
fn received(welcome: &Value) -> usize {
    welcome["positions"][0]["received"].as_u64().unwrap_or(0) as usize
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

#[tokio::test]
async fn a_device_that_lost_the_summary_gets_it_again() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    let length = crate::v1::send(&mut client, 0, &capture).await;
    let stop = json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": length }] });
    client.text(stop).await;
    let first = client.ending().await;
    let (mut client, welcome) = Client::hello(&server, "session-1").await;
    let position = &welcome["positions"][0];
    assert_eq!((&welcome["resumed"], &position["ended"]), (&json!(true), &json!(true)));
    assert_eq!((&position["received"], &position["durable"]), (&json!(length), &json!(length)));
    let again = client.ending().await;
    assert_eq!(again.close_code(), Some(1000), "{again:?}");
    assert_eq!(again.of_type("summary"), first.of_type("summary"));
    assert_eq!(segments(&server.recordings()).len(), 1);
}

/// What is left of an earlier generation comes between the chunks of the one recorded now.
#[tokio::test]
async fn generations_are_delivered_side_by_side() {
    let server = Server::start(&[]);
    let captures =
        [captures::named("chromium-webm-vp8-opus"), captures::named("webkit-mp4-h264-aac")];
    let (mut client, _) = Client::hello(&server, "session-1").await;
    let mut ends = Vec::new();
    for (number, capture) in (0..).zip(&captures) {
        client.generation(number, &capture.mime).await;
        ends.push(json!({ "generation": number, "bytes": capture.stream.len() }));
    }
    let pieces = captures.each_ref().map(|capture| capture.stream.chunks(30_000));
    let [mut older, mut newer] = pieces;
    let (mut older_at, mut newer_at) = (0, 0);
    while let (Some(new), old) = (newer.next(), older.next()) {
        client.chunk(1, newer_at, new).await;
        newer_at += new.len() as u64;
        if let Some(old) = old {
            client.chunk(0, older_at, old).await;
            older_at += old.len() as u64;
        }
    }
    for old in older {
        client.chunk(0, older_at, old).await;
        older_at += old.len() as u64;
    }
    client.text(json!({ "type": "stop", "generations": ends })).await;
    let ending = client.ending().await;
    let summary = ending.of_type("summary")[0].clone();
    let folder = server.recordings().join(summary["folder"].as_str().unwrap());
    for (number, capture) in captures.iter().enumerate() {
        let own = summary["files"].as_array().unwrap().iter();
        let own = own.filter(|file| file["generation"] == number);
        let own: Vec<_> = own.map(|file| folder.join(file["file"].as_str().unwrap())).collect();
        judge(capture, &own, "60");
    }
}

/// Nothing of a frame is durable before all of it has come, so a device that waits for the
/// acknowledgement would wait forever.
#[tokio::test]
async fn a_frame_larger_than_the_credit_passes() {
    const FRAME_BYTES: usize = 12 << 20;
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-video-only");
    let cluster = capture.stream.windows(4).position(|id| id == [0x1F, 0x43, 0xB6, 0x75]).unwrap();
    let mut stream = capture.stream[..cluster].to_vec();
    stream.extend([0x1F, 0x43, 0xB6, 0x75, 0x01, 255, 255, 255, 255, 255, 255, 255]);
    stream.extend([0xE7, 0x81, 0, 0xA3, 0x08, 0, 0, 0]);
    let header = stream.len() - 4;
    stream[header..].copy_from_slice(&(0x1000_0000 + FRAME_BYTES as u32 + 4).to_be_bytes());
    stream.extend([0x81, 0, 0, 0x80]);
    // A VP8 key frame of 320x240, as far as anybody looks.
    stream.extend([0x10, 0, 0, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xF0, 0x00]);
    stream.resize(header + 8 + FRAME_BYTES, 7);
    let (mut client, welcome) = Client::hello(&server, "session-1").await;
    client.generation(0, &capture.mime).await;
    let mut credit = welcome["limits"]["credit_bytes"].as_u64().unwrap();
    let (mut sent, mut durable) = (0u64, 0);
    while durable < stream.len() as u64 {
        let end = (durable + credit).min(sent + 200_000).min(stream.len() as u64);
        if sent < end {
            client.chunk(0, sent, &stream[sent as usize..end as usize]).await;
            sent = end;
        } else {
            let ack = client.acknowledged(0, 0).await;
            credit = ack["credit_bytes"].as_u64().unwrap();
            durable = ack["durable"].as_u64().unwrap();
        }
    }
}

/// The session of a device that was cut off before its first generation is no finished one.
#[tokio::test]
async fn a_device_cut_off_right_after_its_hello_begins_all_the_same() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let length = capture.stream.len() as u64;
    for _ in 0..3 {
        drop(Client::hello(&server, "session-1").await);
    }
    for _ in 0..20 {
        let (mut client, _) = Client::hello(&server, "session-1").await;
        client.generation_unless_closed(0, &capture.mime).await;
        client.chunk_unless_closed(0, 0, &capture.stream[..200_000]).await;
        client.chunk_unless_closed(0, 200_000, &capture.stream[200_000..400_000]).await;
        client.chunk_unless_closed(0, 400_000, &capture.stream[400_000..]).await;
        let stop = json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": length }] });
        client.send_unless_closed(stop.to_string().into()).await;
        let ending = client.ending().await;
        let summaries = ending.of_type("summary");
        // Until the empty session is gone the device is sent away, never told that it is done.
        assert!(summaries.iter().all(|summary| summary["files"] != json!([])), "{ending:?}");
        if !summaries.is_empty() {
            judge(&capture, &segments(&server.recordings()), "60");
            return;
        }
    }
    panic!("the session never began");
}

/// Somebody's script moves finished files away, and the server has been restarted meanwhile.
#[tokio::test]
async fn a_device_goes_on_although_its_last_file_was_moved_away() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let server = Server::start(&[]);
    let (mut client, _) = Client::hello(&server, "session-1").await;
    client.generation(0, &capture.mime).await;
    let half = capture.stream.len() / 2;
    for (index, piece) in capture.stream[..half].chunks(100_000).enumerate() {
        client.chunk(0, index as u64 * 100_000, piece).await;
    }
    client.acknowledged(0, 1000).await;
    server.interrupt();
    client.ending().await;
    let (_, _, folder) = server.wait();
    let server = Server::start_in(folder, &[]);
    let moved = segments(&server.recordings());
    let away = server.recordings().parent().unwrap().join("away.webm");
    std::fs::rename(&moved[0], &away).unwrap();
    let length = capture.stream.len();
    let hello = |first: u64| {
        json!({
            "type": "hello", "device": "test-device", "name": "Bench 3", "session": "session-1",
            "started_ms": 1_795_163_509_123_i64, "now_ms": 1_795_163_509_123_i64,
            "holds": [{ "generation": 0, "first": first, "end": length }],
        })
    };
    let address = format!("{}/ws/ingest", server.https);
    let mut client = Client::connect(&server, &address, Some("localcamera.v1")).await;
    client.text(hello(0)).await;
    let durable = client.receive().await["positions"][0]["durable"].as_u64().unwrap();
    drop(client);
    // What it has been told to be durable is gone from the device.
    let mut client = Client::connect(&server, &address, Some("localcamera.v1")).await;
    client.text(hello(durable)).await;
    assert_eq!(client.receive().await["positions"][0]["received"], durable);
    client.generation(0, &capture.mime).await;
    let rest = &capture.stream[durable as usize..];
    for (index, piece) in rest.chunks(100_000).enumerate() {
        client.chunk(0, durable + index as u64 * 100_000, piece).await;
    }
    client
        .text(json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": length }] }))
        .await;
    let ending = client.ending().await;
    assert_eq!((ending.close_code(), ending.of_type("error").len()), (Some(1000), 0), "{ending:?}");
    let [new] = &segments(&server.recordings())[..] else { panic!("one file, a new one") };
    let samples = |bytes: &[u8]| {
        let mut demuxer = container::Demuxer::new();
        demuxer.push(bytes.to_vec().into());
        let events = std::iter::from_fn(|| demuxer.poll().unwrap());
        let samples = events.filter_map(|event| match event {
            container::Event::Sample(sample) => Some((sample.track, sample.sync, sample.data)),
            _ => None,
        });
        samples.collect::<Vec<_>>()
    };
    let of_video = |all: &[(usize, bool, bytes::Bytes)]| {
        let video = all.iter().filter(|(track, ..)| *track == 1);
        video.map(|(_, sync, data)| (*sync, data.clone())).collect::<Vec<_>>()
    };
    let wanted = of_video(&samples(&capture.stream));
    let before = of_video(&samples(&std::fs::read(away).unwrap()));
    let after = of_video(&samples(&std::fs::read(new).unwrap()));
    assert!(wanted.starts_with(&before) && wanted.ends_with(&after) && after[0].0);
    // Between them lies what needs a picture of the file that is gone.
    let missing = &wanted[before.len()..wanted.len() - after.len()];
    assert!(missing.iter().all(|(sync, _)| !sync), "{} frames", missing.len());
}

/// A device comes with what it holds of its generation. Returns the server's first message.
async fn holding(server: &Server, first: u64, end: usize) -> (Client, Value) {
    let address = format!("{}/ws/ingest", server.https);
    let mut client = Client::connect(server, &address, Some("localcamera.v1")).await;
    client
        .text(json!({
            "type": "hello", "device": "test-device", "name": "Bench 3", "session": "session-1",
            "started_ms": 1_795_163_509_123_i64, "now_ms": 1_795_163_509_123_i64,
            "holds": [{ "generation": 0, "first": first, "end": end }],
        }))
        .await;
    let first = client.receive().await;
    (client, first)
}

/// To say that the beginning is lost would be wrong: it may be where nobody can read at the moment.
#[tokio::test]
async fn a_session_whose_journal_cannot_be_read_waits_for_it() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let server = Server::start(&[]);
    let (mut client, _) = Client::hello(&server, "session-1").await;
    let length = crate::v1::send(&mut client, 0, &capture).await;
    client.acknowledged(0, 1000).await;
    server.interrupt();
    client.ending().await;
    let (_, _, folder) = server.wait();
    let recordings = folder.path().join("recordings");
    let journal = listing(&recordings)
        .into_iter()
        .find(|path| path.extension().is_some_and(|end| end == "jsonl"));
    let journal = journal.unwrap();
    let aside = folder.path().join("aside");
    std::fs::rename(&journal, &aside).unwrap();
    // It is found, and reading it fails.
    std::fs::create_dir(&journal).unwrap();
    let server = Server::start_in(folder, &[]);
    let (mut client, first) = holding(&server, 1000, length as usize).await;
    assert_eq!((&first["type"], &first["code"]), (&json!("error"), &json!("storage")), "{first}");
    assert!(first["message"].as_str().unwrap().contains("session_"), "{first}");
    assert_eq!(client.ending().await.close_code(), Some(1013));
    // One that begins is no matter of what was.
    let (_client, welcome) = Client::hello(&server, "session-2").await;
    assert_eq!(welcome["resumed"], false);
    std::fs::remove_dir(&journal).unwrap();
    std::fs::rename(&aside, &journal).unwrap();
    let (_client, welcome) = holding(&server, 1000, length as usize).await;
    assert_eq!(welcome["resumed"], true, "{welcome}");
    assert!(welcome["positions"][0]["durable"].as_u64().unwrap() > 1000, "{welcome}");
}
