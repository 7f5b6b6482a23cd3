//! What becomes of a source that is recorded: pauses, restarts, hours, and none at all.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{NOBODY, PATTERN, SECRETS, ask, start, start_in, stop};
use crate::support::PATIENCE;
use crate::support::control::Control;
use crate::support::files::eventually;
use crate::support::server::Server;
use crate::support::sources::{alarm, journals, judge, of, source, until};

/// Waits until so many files of a source are finished.
async fn finished(server: &Server, name: &str, files: usize) {
    let count = || {
        let all = journals(&server.recordings(), name);
        all.iter().map(|journal| of(journal, "segment").len()).sum::<usize>()
    };
    until(server, name, |_| count() >= files).await;
}

fn end_us(segment: &Value) -> i64 {
    segment["start_us"].as_i64().unwrap() + segment["duration_us"].as_i64().unwrap()
}

#[tokio::test]
async fn what_is_paused_and_resumed_is_another_session_and_so_is_a_restart() {
    let config = format!("[[source]]\nname = \"test\"\nrecord = true\n{PATTERN}");
    let server = start(&config);
    until(&server, "test", |test| test["is_recording"] == true).await;
    finished(&server, "test", 1).await;
    let mut control = Control::connect(&server).await;
    let listed = control.next("sources").await;
    assert_eq!(listed["sources"][0]["source"], "test");
    let command = |id: &str, source: &str, word: &str| json!({ "type": "command", "id": id, "to": { "source": source }, "do": word });
    control.say(command("1", "test", "pause")).await;
    assert_eq!(control.next("result").await["ok"], true);
    assert_eq!(control.next("done").await["id"], "1");
    let paused = source(&server, "test").await;
    assert_eq!((&paused["state"], &paused["session"]), (&json!("paused"), &Value::Null));
    assert_eq!(ask(&server, "GET", "/api/streams", Value::Null).await.json()["streams"], json!([]));
    assert_eq!(server.children(), []);
    for (id, source, word, code) in
        [("2", "test", "stop", "unsupported"), ("3", "none", "pause", "unknown_source")]
    {
        control.say(command(id, source, word)).await;
        let result = control.next("result").await;
        assert_eq!((&result["ok"], &result["code"]), (&json!(false), &json!(code)));
        assert_eq!(control.next("done").await["id"], id);
    }
    control.say(command("4", "test", "resume")).await;
    assert_eq!(control.next("result").await["ok"], true);
    until(&server, "test", |test| test["is_recording"] == true).await;
    finished(&server, "test", 2).await;
    let server = start_in(stop(server), &config, &["--segment-seconds", "2"]);
    until(&server, "test", |test| test["is_recording"] == true).await;
    let sessions = |server: &Server| journals(&server.recordings(), "test").len();
    let is_kept = |server: &Server| {
        let journals = journals(&server.recordings(), "test");
        journals.get(2).is_some_and(|journal| !of(journal, "segment").is_empty())
    };
    until(&server, "test", |_| is_kept(&server)).await;
    // As a crash ends it. For a while there is no server: longer than what is missed, since the
    // pattern comes up to half a second ahead of its time.
    let folder = server.kill();
    let killed = Instant::now();
    eventually(|| (killed.elapsed() > Duration::from_secs(2)).then_some(())).await;
    let server = start_in(folder, &config, &["--segment-seconds", "2"]);
    until(&server, "test", |test| test["is_recording"] == true).await;
    until(&server, "test", |_| sessions(&server) == 4).await;
    let folder = stop(server);
    let journals = journals(&folder.path().join("recordings"), "test");
    let stops = journals.iter().map(|journal| of(journal, "stop").len()).collect::<Vec<_>>();
    assert_eq!(stops, [1, 1, 1, 1]);
    let killed = &journals[2];
    assert_eq!(of(killed, "stop")[0]["reason"], "lost");
    let gap = *of(killed, "gap").last().unwrap();
    let recorded_us = of(killed, "segment").last().map(|segment| end_us(segment)).unwrap();
    assert_eq!((&gap["reason"], &gap["start_us"]), (&json!("server_down"), &json!(recorded_us)));
    let next_us = of(&journals[3], "session")[0]["start_us"].as_i64().unwrap();
    let hole_us = next_us - gap["end_us"].as_i64().unwrap();
    assert!((0..5_000_000).contains(&hole_us), "{hole_us} us are told by neither session");
    let missing_us = gap["end_us"].as_i64().unwrap() - recorded_us;
    assert!(missing_us > 1_000_000, "{missing_us}");
    let is_told =
        |journal: &Vec<Value>| of(journal, "gap").iter().any(|gap| gap["reason"] == "server_down");
    assert!(!journals[..2].iter().any(is_told));
    judge(&folder.path().join("recordings"));
}

#[tokio::test]
async fn outside_its_hours_a_source_is_live_and_not_recorded() {
    // Three days from now, whatever the time.
    let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let output = Command::new("date").arg("+%w").output().unwrap();
    let today: usize = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    let day = days[(today + 3) % 7];
    let server = start("");
    let source = json!({
        "source": "test", "kind": "pattern", "size": "320x240", "record": true, "hours": [day],
    });
    assert_eq!(ask(&server, "POST", "/api/sources", source.clone()).await.status, 201);
    let live = until(&server, "test", |test| test["state"] == "live").await;
    assert_eq!((&live["within_hours"], &live["is_recording"]), (&json!(false), &json!(false)));
    assert_eq!((&live["session"], &live["stream"]), (&Value::Null, &json!("test")));
    let streams = ask(&server, "GET", "/api/streams", Value::Null).await.json();
    assert_eq!(streams["streams"][0]["session"], Value::Null);
    assert!(!server.recordings().join("source_test").exists());
    let mut always = source;
    always["hours"] = json!([]);
    assert_eq!(ask(&server, "PUT", "/api/sources/test", always).await.status, 200);
    let live = until(&server, "test", |test| test["is_recording"] == true).await;
    assert_eq!(live["within_hours"], true);
    finished(&server, "test", 1).await;
    judge(&stop(server).path().join("recordings"));
}

#[tokio::test]
async fn a_source_that_never_comes_is_an_alarm() {
    let server = start(&format!(
        "[alarms]\nsilent_seconds = 5\n[[source]]\nname = \"door\"\ntitle = \"Front door\"\nkind = \"rtsp\"\naddress = \"{NOBODY}\"\n"
    ));
    until(&server, "door", |door| door["state"] == "waiting").await;
    let alarm = alarm(&server).await;
    assert_eq!((&alarm["kind"], &alarm["name"]), (&json!("silent"), &json!("Front door")));
    let message = alarm["message"].as_str().unwrap();
    assert!(message.contains("the camera cannot be reached: "), "{message}");
    assert!(message.contains("see whether it is on") && !message.contains("page"), "{message}");
    ask(&server, "POST", "/api/sources/door/pause", Value::Null).await;
    let list = async {
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        while ask(&server, "GET", "/api/alarms", Value::Null).await.json()["alarms"] != json!([]) {
            tick.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, list).await.expect("who is paused is missed");
    // That it never came is told all the same.
    let folder = stop(server);
    let journals = journals(&folder.path().join("recordings"), "door");
    assert_eq!(journals.len(), 1, "{journals:?}");
    let events: Vec<&Value> = journals[0].iter().map(|line| &line["event"]).collect();
    assert_eq!(events, ["session", "gap", "stop"]);
    let (begun, gap) = (&journals[0][0], &journals[0][1]);
    assert_eq!((&gap["reason"], &gap["start_us"]), (&json!("camera_lost"), &begun["start_us"]));
    assert!(gap["detail"].as_str().unwrap().contains("cannot be reached"), "{gap}");
    assert!(gap["end_us"].as_i64() > begun["start_us"].as_i64().map(|us| us + 5_000_000), "{gap}");
    let told = format!("{journals:?}");
    assert!(!SECRETS.iter().any(|secret| told.contains(secret)), "{told}");
}
