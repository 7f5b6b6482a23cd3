//! What the server fetches by itself: configured, listed, changed by pages, recorded.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::PATIENCE;
use crate::support::control::Control;
use crate::support::files::listing;
use crate::support::http::{Answer, request};
use crate::support::server::{Server, command, run};

/// Each of them is looked for in everything that the server says.
const SECRETS: [&str; 4] = ["s3cret-1", "s3cret-2", "s3cret-3", "s3cret-key"];

/// Nobody listens there.
const NOBODY: &str = "rtsp://127.0.0.1:1/stream1?key=s3cret-key";

const PATTERN: &str = "kind = \"pattern\"\nsize = \"320x240\"\nframes_per_second = 10\n";

/// A server that logs all it can, with this configuration.
fn start_in(folder: TempDir, config: &str, args: &[&str]) -> Server {
    std::fs::write(folder.path().join("localcamera.toml"), config).unwrap();
    let mut command = command(folder.path());
    command.env("LOCALCAMERA_LOG", "localcamera=trace,info");
    let log = File::options().create(true).append(true).open(folder.path().join("log"));
    command.stderr(log.unwrap());
    Server::run(command, folder, args)
}

fn start(config: &str) -> Server {
    start_in(tempfile::tempdir().unwrap(), config, &["--segment-seconds", "2"])
}

fn stop(server: Server) -> TempDir {
    server.interrupt();
    let (status, _, folder) = server.wait();
    assert_eq!(status.code(), Some(0));
    folder
}

async fn ask(server: &Server, method: &str, path: &str, body: Value) -> Answer {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let answer =
        request(server, method, path, &[("content-type", "application/json")], &body).await;
    let said = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(!SECRETS.iter().any(|secret| said.contains(secret)), "{said}");
    answer
}

async fn source(server: &Server, name: &str) -> Value {
    let list = ask(server, "GET", "/api/sources", Value::Null).await.json();
    let sources = list["sources"].as_array().unwrap().clone();
    sources.into_iter().find(|source| source["source"] == name).unwrap_or_default()
}

/// Waits until a source is as it should be.
async fn until(server: &Server, name: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    let waiting = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(50));
        loop {
            tick.tick().await;
            let source = source(server, name).await;
            if is_it(&source) {
                return source;
            }
        }
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(source) => source,
        Err(_) => panic!("it did not come about: {}", source(server, name).await),
    }
}

/// The journals of a source, in the order of their times.
fn journals(recordings: &Path, source: &str) -> Vec<Vec<Value>> {
    let folder = recordings.join(format!("source_{source}"));
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|e| e == "jsonl");
    let journals = listing(&folder).into_iter().filter(is_journal);
    let lines = |path: PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        // One that is just being written is not there yet.
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    journals.map(lines).collect()
}

fn of<'a>(journal: &'a [Value], event: &str) -> Vec<&'a Value> {
    journal.iter().filter(|line| line["event"] == event).collect()
}

fn end_us(segment: &Value) -> i64 {
    segment["start_us"].as_i64().unwrap() + segment["duration_us"].as_i64().unwrap()
}

/// Waits until so many files of a source are finished.
async fn finished(server: &Server, name: &str, files: usize) {
    let count = || {
        let all = journals(&server.recordings(), name);
        all.iter().map(|journal| of(journal, "segment").len()).sum::<usize>()
    };
    until(server, name, |_| count() >= files).await;
}

/// The recordings are whole: for this program, and for one that is not ours.
fn judge(folder: &TempDir) {
    let recordings = folder.path().join("recordings");
    let mut check = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    let (code, said) =
        run(check.arg("check").arg(&recordings).stderr(std::process::Stdio::piped()));
    assert_eq!(code, Some(0), "{said}");
    let is_media = |path: &PathBuf| path.extension().is_some_and(|e| e == "webm" || e == "mp4");
    let files: Vec<_> = listing(&recordings).into_iter().filter(is_media).collect();
    assert!(!files.is_empty());
    for file in files {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-xerror", "-i"]).arg(&file).args(["-f", "null", "-"]);
        let output = ffmpeg.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.is_empty(), "{}: {said}", file.display());
    }
    let left: Vec<_> = listing(&recordings);
    assert!(!left.iter().any(|path| path.to_string_lossy().ends_with(".part")), "{left:?}");
}

#[test]
fn a_wrong_source_is_refused_at_the_start_with_the_key_the_value_and_what_is_allowed() {
    let wrong = [
        ("name = \"Front Door\"\nkind = \"pattern\"", "name = \"Front Door\" is not allowed"),
        ("name = \"a\"\nkind = \"ip\"", "rtsp, camera, file or pattern"),
        ("name = \"a\"\nkind = \"rtsp\"", "address is missing"),
        (
            "name = \"a\"\nkind = \"rtsp\"\naddress = \"rtsp://u:s3cret-1@cam/\"",
            "under user and password",
        ),
        ("name = \"a\"\nkind = \"rtsp\"\naddress = \"http://s3cret-1/\"", "rtsp://HOST/PATH"),
        ("name = \"a\"\nkind = \"pattern\"\nhours = [\"9 to 5\"]", "\"9 to 5\" is not allowed"),
        ("name = \"a\"\nkind = \"pattern\"\nsize = \"big\"", "WIDTHxHEIGHT"),
        ("name = \"a\"\nkind = \"pattern\"\nadress = \"x\"", "adress is nothing that a source has"),
        (
            "name = \"a\"\nkind = \"rtsp\"\naddress = \"rtsp://a/\"\nuser = \"u\"\npassword = { env = \"NO_SUCH\" }",
            "NO_SUCH",
        ),
    ];
    for (entry, expected) in wrong {
        let folder = tempfile::tempdir().unwrap();
        let config = format!("[[source]]\n{PATTERN}name = \"good\"\n\n[[source]]\n{entry}\n");
        std::fs::write(folder.path().join("localcamera.toml"), config).unwrap();
        let (code, said) = run(&mut command(folder.path()));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("number 2") && said.contains(expected), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
}

#[tokio::test]
async fn sources_are_added_changed_and_removed_and_a_restart_keeps_them_and_their_secrets() {
    let config = format!(
        "[[source]]\nname = \"hall\"\nkind = \"rtsp\"\naddress = \"{NOBODY}\"\nuser = \"u\"\npassword = \"s3cret-1\"\n"
    );
    let server = start(&config);
    let hall = until(&server, "hall", |hall| hall["state"] == "waiting").await;
    assert_eq!((&hall["code"], &hall["from"]), (&json!("unreachable"), &json!("file")));
    assert!(hall["retry_at_ms"].as_i64().unwrap() > hall["since_ms"].as_i64().unwrap());
    assert_eq!((&hall["user"], &hall["has_password"]), (&json!("u"), &json!(true)));
    assert!(hall["address"].as_str().unwrap().starts_with("rtsp://127.0.0.1:1/stream1?key="));

    let door = json!({
        "source": "door", "name": "Front door", "kind": "rtsp", "address": NOBODY,
        "small_address": "rtsp://127.0.0.1:1/stream2", "user": "v", "password": "s3cret-2",
        "transport": "udp", "hours": ["mon-fri 08:00-18:00"],
    });
    let added = ask(&server, "POST", "/api/sources", door.clone()).await;
    assert_eq!(added.status, 201);
    let expected = json!({
        "source": "door", "name": "Front door", "kind": "rtsp", "user": "v", "has_password": true,
        "small_address": "rtsp://127.0.0.1:1/stream2", "transport": "udp", "record": true,
        "hours": ["mon-fri 08:00-18:00"], "from": "page",
    });
    let added = added.json();
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&added[key], value, "{key}");
    }
    // What is refused, and why.
    let refused = async |method: &str, path: &str, body: Value| {
        let answer = ask(&server, method, path, body).await;
        let error = answer.json()["error"].clone();
        (answer.status, error["code"].as_str().unwrap().to_owned(), error["message"].to_string())
    };
    let (status, code, _) = refused("POST", "/api/sources", door.clone()).await;
    assert_eq!((status, code.as_str()), (409, "exists"));
    let mut small = door.clone();
    (small["source"], small["small_address"]) = (json!("door-small"), Value::Null);
    assert_eq!(refused("POST", "/api/sources", small).await.1, "exists");
    let bad = json!({ "source": "b", "kind": "pattern", "frames_per_second": 9999 });
    let (status, code, message) = refused("POST", "/api/sources", bad).await;
    assert_eq!((status, code.as_str()), (400, "bad_source"));
    assert!(message.contains("frames_per_second = 9999"), "{message}");
    let file = json!({ "source": "b", "kind": "rtsp", "address": "rtsp://a/", "user": "u", "password": { "file": "/etc/hostname" } });
    assert!(refused("POST", "/api/sources", file).await.2.contains("password must be a text"));
    assert_eq!(refused("POST", "/api/sources", json!("s3cret-3")).await.0, 400);
    assert_eq!(refused("POST", "/api/sources", json!({ "x": "y".repeat(40 << 10) })).await.0, 413);
    assert_eq!(refused("DELETE", "/api/sources/none", Value::Null).await.1, "unknown_source");
    assert_eq!(refused("DELETE", "/api/sources/hall", Value::Null).await.1, "from_file");
    assert_eq!(refused("PUT", "/api/sources/hall", door.clone()).await.1, "from_file");
    let foreign = [("content-type", "application/json"), ("origin", "https://example.com")];
    let body = json!({ "source": "evil", "kind": "pattern" }).to_string();
    for (method, path) in [
        ("POST", "/api/sources"),
        ("POST", "/api/sources/test"),
        ("DELETE", "/api/sources/door"),
        ("POST", "/api/sources/door/pause"),
    ] {
        let answer = request(&server, method, path, &foreign, body.as_bytes()).await;
        assert_eq!(answer.status, 403, "{method} {path}");
    }
    // What was shown comes back with another name, and the password stays.
    let changed = json!({
        "source": "door", "name": "Back door", "kind": "rtsp", "address": added["address"],
        "user": "v", "record": false, "paused": true,
    });
    let changed = ask(&server, "PUT", "/api/sources/door", changed).await;
    assert_eq!(changed.status, 200);
    let changed = changed.json();
    assert_eq!((&changed["name"], &changed["state"]), (&json!("Back door"), &json!("paused")));
    assert_eq!((&changed["has_password"], &changed["small_address"]), (&json!(true), &Value::Null));
    // A source of the file can be paused, and stays so.
    let paused = ask(&server, "POST", "/api/sources/hall/pause", Value::Null).await.json();
    assert_eq!((&paused["state"], &paused["code"]), (&json!("paused"), &Value::Null));

    let folder = stop(server);
    let path = folder.path().join("state/sources.json");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept.contains("s3cret-2") && kept.contains("s3cret-key") && !kept.contains("s3cret-1"));
    let server = start_in(folder, &config, &[]);
    let door = source(&server, "door").await;
    assert_eq!((&door["name"], &door["has_password"]), (&json!("Back door"), &json!(true)));
    assert_eq!(source(&server, "hall").await["state"], "paused");
    let hall = ask(&server, "POST", "/api/sources/hall/resume", Value::Null).await.json();
    assert_ne!(hall["state"], "paused");
    assert_eq!(ask(&server, "DELETE", "/api/sources/door", Value::Null).await.status, 204);
    assert_eq!(source(&server, "door").await, Value::Null);
    until(&server, "hall", |hall| hall["state"] == "waiting").await;
    let folder = stop(server);
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("nothing comes from a source"), "{log}");
    for secret in SECRETS {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    assert!(!std::fs::read_to_string(&path).unwrap().contains("s3cret-2"));
}

#[tokio::test]
async fn a_source_is_tried_before_it_is_added() {
    let server = start("");
    let nobody = json!({ "source": "a", "kind": "rtsp", "address": NOBODY, "user": "u", "password": "s3cret-1" });
    let answer = ask(&server, "POST", "/api/sources/test", nobody).await;
    let said = answer.json();
    assert_eq!(
        (answer.status, &said["ok"], &said["code"]),
        (200, &json!(false), &json!("unreachable"))
    );
    assert!(said["message"].as_str().unwrap().len() > 10, "{said}");
    let pattern = json!({ "source": "a", "kind": "pattern", "size": "320x240" });
    let said = ask(&server, "POST", "/api/sources/test", pattern).await.json();
    assert_eq!((&said["ok"], &said["video"]["width"]), (&json!(true), &json!(320)), "{said}");
    assert!(said["audio"]["channels"].as_u64().unwrap() > 0, "{said}");
    assert_eq!(ask(&server, "GET", "/api/sources", Value::Null).await.json()["sources"], json!([]));
    until(&server, "a", |_| server.children().is_empty()).await;
}

#[tokio::test]
async fn a_killed_ffmpeg_gives_one_honest_gap_and_whole_files() {
    let server =
        start(&format!("[[source]]\nname = \"test\"\ntitle = \"Test\"\nrecord = true\n{PATTERN}"));
    let live = until(&server, "test", |test| test["is_recording"] == true).await;
    assert_eq!((&live["state"], &live["stream"]), (&json!("live"), &json!("test")));
    let session = live["session"].as_str().unwrap().to_owned();
    let streams = ask(&server, "GET", "/api/streams", Value::Null).await.json();
    assert_eq!(streams["streams"][0]["session"], session.as_str());
    // It is no device.
    let devices = ask(&server, "GET", "/api/devices", Value::Null).await.json();
    assert_eq!(devices["devices"], json!([]));
    finished(&server, "test", 1).await;
    let children = server.children();
    assert_eq!(children.len(), 1, "{children:?}");
    rustix::process::kill_process(children[0], rustix::process::Signal::KILL).unwrap();
    let lost = until(&server, "test", |test| test["state"] != "live").await;
    assert!(lost["code"].is_string(), "{lost}");
    let again =
        until(&server, "test", |test| test["is_recording"] == true && test["reconnects"] == 1)
            .await;
    assert_eq!((again["session"].as_str(), &again["code"]), (Some(session.as_str()), &Value::Null));
    let files = journals(&server.recordings(), "test")
        .iter()
        .map(|j| of(j, "segment").len())
        .sum::<usize>();
    finished(&server, "test", files + 1).await;

    let folder = stop(server);
    let journals = journals(&folder.path().join("recordings"), "test");
    let [journal] = &journals[..] else { panic!("{} sessions", journals.len()) };
    let begun = of(journal, "session")[0];
    assert_eq!((&begun["device"], &begun["name"]), (&json!("source:test"), &json!("Test")));
    assert_eq!(of(journal, "stop")[0]["reason"], "stopped");
    let gaps: Vec<&Value> =
        of(journal, "gap").into_iter().filter(|gap| gap["reason"] == "camera_lost").collect();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    let damaged = of(journal, "gap").iter().any(|gap| gap["reason"] == "damaged_input");
    assert!(!damaged, "{journal:?}");
    let segments = of(journal, "segment");
    let of_generation = |number: u64| {
        let own = segments.iter().filter(move |segment| segment["generation"] == number);
        own.copied().collect::<Vec<&Value>>()
    };
    let (before, after) = (of_generation(0), of_generation(1));
    assert_eq!(before.len() + after.len(), segments.len());
    assert_eq!(gaps[0]["start_us"], json!(end_us(before.last().unwrap())));
    let resumed_us = after[0]["start_us"].as_i64().unwrap();
    let told_us = gaps[0]["end_us"].as_i64().unwrap();
    assert!((resumed_us - told_us).abs() <= 1000, "{told_us} {resumed_us}");
    // From the beginning on, all of the session is media or a gap.
    let first = of(journal, "gap")[0];
    assert_eq!((&first["reason"], &first["start_us"]), (&json!("connecting"), &begun["start_us"]));
    judge(&folder);
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
    until(&server, "test", |_| sessions(&server) == 3).await;
    // As a crash ends it.
    let server = start_in(server.kill(), &config, &["--segment-seconds", "2"]);
    until(&server, "test", |test| test["is_recording"] == true).await;
    until(&server, "test", |_| sessions(&server) == 4).await;
    let folder = stop(server);
    let journals = journals(&folder.path().join("recordings"), "test");
    let stops = journals.iter().map(|journal| of(journal, "stop").len()).collect::<Vec<_>>();
    assert_eq!(stops, [1, 1, 0, 1]);
    judge(&folder);
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
    judge(&stop(server));
}

#[tokio::test]
async fn a_source_that_never_comes_is_an_alarm() {
    let server = start(&format!(
        "[alarms]\nsilent_seconds = 5\n[[source]]\nname = \"door\"\ntitle = \"Front door\"\nkind = \"rtsp\"\naddress = \"{NOBODY}\"\n"
    ));
    until(&server, "door", |door| door["state"] == "waiting").await;
    let waiting = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(100));
        loop {
            tick.tick().await;
            let list = ask(&server, "GET", "/api/alarms", Value::Null).await.json();
            if let Some(alarm) = list["alarms"].as_array().and_then(|all| all.first().cloned()) {
                return alarm;
            }
        }
    };
    let alarm = tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    assert_eq!((&alarm["kind"], &alarm["name"]), (&json!("silent"), &json!("Front door")));
    ask(&server, "POST", "/api/sources/door/pause", Value::Null).await;
    let list = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(100));
        while ask(&server, "GET", "/api/alarms", Value::Null).await.json()["alarms"] != json!([]) {
            tick.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, list).await.expect("who is paused is missed");
}
