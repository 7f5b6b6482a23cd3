//! A camera that goes away, refuses, sends nonsense or nothing: every fault has its name, and
//! leaves nothing behind.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{LIVE, files, journal, source, start};
use crate::support::camera::Camera;
use crate::support::files::{eventually, segments};
use crate::support::http::request;
use crate::support::sources::{judge, of, sources, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_comes_back_leaves_one_gap_and_whole_files() {
    let mounts = [format!("live={LIVE}")];
    let camera = Camera::start(&mounts, &[]);
    let server = start(&[source("door", &camera.address("live"), "")]);
    let recordings = server.recordings();
    eventually(|| (files(&recordings, "door", 0).len() >= 2).then_some(())).await;
    let port = camera.kill();
    let lost = until(&server, "door", |source| source["state"] == "waiting").await;
    assert_eq!(lost["code"], "ended", "{lost}");
    until(&server, "door", |source| source["code"] == "unreachable").await;
    let _camera = Camera::start_at(port, &mounts, &[]);
    until(&server, "door", |source| source["state"] == "live").await;
    eventually(|| (files(&recordings, "door", 1).len() >= 2).then_some(())).await;
    server.interrupt();
    let (_, _, _folder) = server.wait();
    let lines = journal(&recordings, "door");
    assert_eq!(of(&lines, "session").len(), 1);
    let gaps: Vec<_> =
        of(&lines, "gap").into_iter().filter(|gap| gap["reason"] != "connecting").collect();
    let lost: Vec<_> = gaps.iter().filter(|gap| gap["reason"] == "camera_lost").collect();
    assert_eq!((lost.len(), gaps.len()), (1, 1), "{gaps:?}");
    // It lies between what was recorded.
    let number = |line: &Value, name: &str| line[name].as_i64().unwrap();
    let (from_us, to_us) = (number(lost[0], "start_us"), number(lost[0], "end_us"));
    for segment in of(&lines, "segment") {
        let start_us = number(segment, "start_us");
        let end_us = start_us + number(segment, "duration_us");
        assert!(end_us <= from_us + 100_000 || start_us >= to_us - 100_000, "{segment} {gaps:?}");
    }
    assert!(segments(&recordings).len() >= 4);
    judge(&recordings);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_right_password_opens_a_camera_and_none_is_told() {
    let mounts = [format!("live={LIVE}")];
    for options in
        [&["--login", "viewer:right-s3cret"][..], &["--login", "viewer:right-s3cret", "--basic"]]
    {
        let camera = Camera::start(&mounts, options);
        let login = |password: &str| format!("user = \"viewer\"\npassword = \"{password}\"");
        let address = camera.address("live");
        let server = start(&[
            source("right", &address, &login("right-s3cret")),
            source("wrong", &address, &login("wrong-s3cret")),
            source("none", &address, ""),
        ]);
        until(&server, "right", |source| source["state"] == "live").await;
        for name in ["wrong", "none"] {
            let refused = until(&server, name, |source| source["state"] == "waiting").await;
            assert_eq!(refused["code"], "unauthorized", "{refused}");
        }
        let told = format!("{:?}", sources(&server).await);
        server.interrupt();
        let (_, said, folder) = server.wait();
        assert!(!told.contains("s3cret") && !said.contains("s3cret"), "{told} {said}");
        for line in journal(&folder.path().join("recordings"), "right") {
            assert!(!line.to_string().contains("s3cret"), "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_camera_has_its_name() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let babbler = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut asked = [0; 1024];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(&b"\x00\xff what is this? \r\n\r\n".repeat(100)).await;
            });
        }
    });
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nothing = "nothing=audiotestsrc is-live=true ! rtpgstpay name=pay0 pt=97".to_owned();
    let camera = Camera::start(&[format!("live={LIVE}"), nothing], &[]);
    let server = start(&[
        source("frozen", &camera.address("live"), ""),
        source("no-path", &camera.address("elsewhere"), ""),
        source("no-media", &camera.address("nothing"), ""),
        source("no-port", &format!("rtsp://127.0.0.1:{closed}/live"), ""),
        source("babbler", &format!("rtsp://127.0.0.1:{babbler}/live?token=s3cret"), ""),
    ]);
    until(&server, "frozen", |source| source["state"] == "live").await;
    for (name, code) in [
        ("no-path", "bad_address"),
        ("no-port", "unreachable"),
        ("babbler", "not_media"),
        ("no-media", "not_media"),
    ] {
        let found = until(&server, name, |source| source["code"] == code).await;
        let message = found["message"].as_str().unwrap();
        assert!(!message.is_empty() && !message.contains("s3cret"), "{message}");
    }
    camera.freeze();
    let frozen = until(&server, "frozen", |source| source["state"] == "waiting").await;
    assert_eq!((&frozen["code"], &frozen["is_recording"]), (&"silent".into(), &false.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smaller_picture_that_does_not_come_is_told() {
    let camera = Camera::start(&[format!("live={LIVE}")], &[]);
    let (good, bad) = (camera.address("live"), camera.address("nothing"));
    let server =
        start(&[source("door", &good, &format!("small_address = \"{bad}\"\nrecord = false"))]);
    let door = until(&server, "door", |source| {
        source["state"] == "live" && source["small_code"] == "bad_address"
    })
    .await;
    assert!(door["small_message"].as_str().unwrap().contains("has nothing there"), "{door}");
    assert!(door["code"].is_null() && door["small_stream"].is_null(), "{door}");
    let json = [("content-type", "application/json")];
    let tried = async |address: &str, small: &str| {
        let body = serde_json::json!({
            "source": "new", "kind": "rtsp", "address": address, "small_address": small,
        });
        let body = body.to_string().into_bytes();
        request(&server, "POST", "/api/sources/test", &json, &body).await.json()
    };
    let tested = tried(&good, &bad).await;
    assert_eq!(tested["ok"], true, "{tested}");
    assert_eq!(
        (&tested["small"]["ok"], &tested["small"]["code"]),
        (&false.into(), &"bad_address".into())
    );
    let tested = tried(&good, &good).await;
    assert_eq!(tested["small"]["video"]["width"], 320, "{tested}");
    let tested = tried(&bad, &good).await;
    assert_eq!((&tested["code"], &tested["small"]), (&"bad_address".into(), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_camera_that_was_fetched() {
    let mounts = [format!("live={LIVE}")];
    let mut camera = Camera::start(&mounts, &[]);
    let server = start(&["tcp", "udp"].map(|transport| {
        let more = format!("transport = \"{transport}\"\nrecord = false");
        source(transport, &camera.address("live"), &more)
    }));
    let all_are = |state: &'static str| {
        let server = &server;
        async move {
            for name in ["tcp", "udp"] {
                until(server, name, |source| source["state"] == state).await;
            }
        }
    };
    let tell = |verb: &'static str| {
        let server = &server;
        async move {
            for name in ["tcp", "udp"] {
                let path = format!("/api/sources/{name}/{verb}");
                assert_eq!(request(server, "POST", &path, &[], b"").await.status, 200);
            }
        }
    };
    all_are("live").await;
    tell("pause").await;
    all_are("paused").await;
    let settled = |camera: &Camera| camera.heard().iter().filter(|line| *line == "closed").count();
    let mut closed = settled(&camera);
    eventually(|| {
        closed += settled(&camera);
        (closed >= 2).then_some(())
    })
    .await;
    let before = server.open_files();
    for round in 0..6 {
        tell("resume").await;
        all_are("live").await;
        if round % 2 == 1 {
            let port = camera.kill();
            for name in ["tcp", "udp"] {
                until(&server, name, |source| source["state"] == "waiting").await;
            }
            camera = Camera::start_at(port, &mounts, &[]);
            all_are("live").await;
        }
        tell("pause").await;
        all_are("paused").await;
    }
    // A camera is told once that it is over; after a crash it cannot be, and nothing waits long.
    eventually(|| (server.open_files() <= before).then_some(())).await;
}
