//! What the server fetches by itself: configured, listed, changed by pages.

mod recorded;

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::http::{Answer, request};
use crate::support::server::{Server, command, configure, run};
use crate::support::sources::{source, until};

/// Each of them is looked for in everything that the server says.
const SECRETS: [&str; 4] = ["s3cret-1", "s3cret-2", "s3cret-3", "s3cret-key"];

/// Nobody listens there.
const NOBODY: &str = "rtsp://127.0.0.1:1/stream1?key=s3cret-key";

const PATTERN: &str = "kind = \"pattern\"\nsize = \"320x240\"\nframes_per_second = 10\n";

/// A server that logs all it can, with this configuration.
fn start_in(folder: TempDir, config: &str, args: &[&str]) -> Server {
    Server::logging("localcamera=trace,info", folder, config, args)
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
        (
            "name = \"a\"\nkind = \"pattern\"\nadress = \"x\"",
            "number 2 (\"a\"): adress is nothing that a source of this kind has",
        ),
        (
            "name = \"a\"\nkind = \"rtsp\"\naddress = \"rtsp://a/\"\nuser = \"u\"\npassword = { env = \"NO_SUCH\" }",
            "NO_SUCH",
        ),
    ];
    for (entry, expected) in wrong {
        let folder = tempfile::tempdir().unwrap();
        let config = format!("[[source]]\n{PATTERN}name = \"good\"\n\n[[source]]\n{entry}\n");
        configure(folder.path(), &config);
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
    until(&server, "hall", |hall| hall["state"] == "waiting").await;
    let hall = ask(&server, "GET", "/api/sources", Value::Null).await.json()["sources"][0].clone();
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
    // No video of this computer is for everyone who opens the pages.
    let video = json!({ "source": "b", "kind": "file", "path": "/etc/hostname" });
    for path in ["/api/sources", "/api/sources/test"] {
        let (status, code, message) = refused("POST", path, video.clone()).await;
        assert_eq!((status, code.as_str()), (400, "bad_source"));
        assert!(message.contains("source_files"), "{message}");
    }
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
