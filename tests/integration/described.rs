//! The API is what `/api/openapi.json` says, whatever it is asked and by whom.

mod ask;
mod judge;
mod make;
mod refused;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::access::{ask as ask_as, claim, closed, decide, paired, post};
use crate::support::beside::Beside;
use crate::support::client::Client;
use crate::support::http::Answer;
use crate::support::random::Random;
use crate::support::requests::frame;
use crate::support::server::{Server, configure};
use ask::{Asker, Request};
use judge::Judge;
use make::Maker;

/// Of each operation, by each of those who ask.
const CASES: usize = 9;

/// Who asks: nobody, or whoever has a token.
struct Caller {
    name: &'static str,
    token: Option<String>,
}

/// One operation of the description. None is left out: no route stops the server, and whoever
/// asks is not among those who can be taken away.
struct Operation<'a> {
    method: String,
    path: &'a str,
    told: &'a Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, told) in item.as_object().unwrap() {
            all.push(Operation { method: method.to_ascii_uppercase(), path, told });
        }
    }
    all
}

#[tokio::test]
async fn every_operation_answers_as_it_is_described() {
    let folder = tempfile::tempdir().unwrap();
    configure(
        folder.path(),
        "[[source]]\nname = \"pattern\"\nkind = \"pattern\"\nsize = \"160x120\"\n\
         frames_per_second = 2\n",
    );
    let server = closed(folder, "localcamera=info", &[]);
    let admin = decide(&server, "paired").await;
    let camera = token(&server, &admin, "asks", "camera").await;
    let beside = Beside::start(&server, &format!("?token={camera}")).await;
    let callers = [
        Caller { name: "nobody", token: None },
        Caller {
            name: "a viewer",
            token: Some(token(&server, &admin, "asks to watch", "viewer").await),
        },
        Caller {
            name: "an admin",
            token: Some(token(&server, &admin, "asks for all", "admin").await),
        },
    ];
    let asker = Asker::new(&server);
    let document = asker.description().await;
    let judge = Judge::new(&document);
    let mut maker = Maker::new(Random::of_run(), &document, known(&server, &admin).await);
    let mut wrong = Vec::new();
    let mut count = 0;
    let all = operations(&document);
    assert!(all.len() > 45, "{}", all.len());
    for operation in &all {
        for caller in &callers {
            for _ in 0..CASES {
                let request = maker.request(operation, caller.token.as_deref());
                count += 1;
                let told = verdict(&asker, &judge, operation, &request).await;
                wrong.extend(told.err().map(|why| format!("{request} by {}: {why}", caller.name)));
            }
        }
    }
    for path in document["paths"].as_object().unwrap().keys() {
        let request = Request::bare("PATCH", maker.address(path));
        count += 1;
        let answer = asker.ask(&request).await;
        let told = answer.and_then(|answer| judge.is_wrong_method(&answer));
        wrong.extend(told.err().map(|why| format!("{request}: {why}")));
    }
    eprintln!("{count} requests");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    let health = asker.ask(&Request::bare("GET", "/health".to_owned())).await.unwrap();
    assert_eq!(health.status, 200);
    beside.judged(&server).await;
    let log = std::fs::read_to_string(server.folder.path().join("log")).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}

async fn verdict(
    asker: &Asker,
    judge: &Judge,
    operation: &Operation<'_>,
    request: &Request,
) -> Result<(), String> {
    let answer = asker.ask(request).await?;
    judge.is_described(operation, &answer)
}

async fn token(server: &Server, admin: &str, name: &str, role: &str) -> String {
    let wanted = json!({ "name": name, "role": role, "scope": null, "days": null });
    let answer = post(server, "/api/access/tokens", Some(admin), &wanted).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["token"].as_str().unwrap().to_owned()
}

/// Names of what is there, by what the braces of a path call it. What asks here is not among it,
/// so that nobody takes it away.
async fn known(server: &Server, admin: &str) -> BTreeMap<String, Vec<String>> {
    let mut ids = Vec::new();
    let mut made = |answer: Answer| {
        assert_eq!(answer.status, 201, "{answer:?}");
        ids.push(answer.json()["id"].as_str().unwrap().to_owned());
    };
    for number in 0..3 {
        let name = format!("made {number}");
        let user = json!({ "name": name, "role": "viewer", "password": "long enough" });
        made(post(server, "/api/access/users", Some(admin), &user).await);
        let token = json!({ "name": name, "role": "viewer" });
        made(post(server, "/api/access/tokens", Some(admin), &token).await);
        let link = json!({ "scope": ["pattern"], "minutes": 60 });
        made(post(server, "/api/access/links", Some(admin), &link).await);
        let code = json!({ "role": "viewer" });
        made(post(server, "/api/access/codes", Some(admin), &code).await);
    }
    let browser = paired(server, admin, "viewer", json!(["pattern"])).await;
    ids.push(crate::support::access::id_of(server, &browser).await);
    let nowhere = json!({
        "source": "nowhere", "kind": "rtsp", "address": "rtsp://127.0.0.1:1/x", "paused": true,
    });
    let added = post(server, "/api/sources", Some(admin), &nowhere).await;
    assert_eq!(added.status, 201, "{added:?}");
    let opened = ask_as(server, "POST", "/api/ingest", None, &Value::Null).await;
    let connection = opened.json()["connection"].as_str().unwrap().to_owned();
    // It is told so at once, and asking for it takes no time.
    let path = format!("/api/ingest/{connection}?seq=0");
    crate::support::http::request(server, "POST", &path, &[], &frame(0, b"no json")).await;
    let (session, file) = recorded(server, admin).await;
    let lists = [
        ("id", ids),
        ("source", vec!["nowhere".to_owned(), "pattern".to_owned()]),
        ("stream", vec!["pattern".to_owned(), "test-device".to_owned()]),
        ("device", vec!["test-device".to_owned()]),
        ("connection", vec![connection]),
        ("session", vec![session, "session-beside".to_owned()]),
        ("file", vec![file]),
    ];
    lists.into_iter().map(|(name, values)| (name.to_owned(), values)).collect()
}

/// A session that is over, and its file.
async fn recorded(server: &Server, admin: &str) -> (String, String) {
    let camera = token(server, admin, "has recorded", "camera").await;
    let address = format!("{}/ws/ingest?token={camera}", server.https);
    let mut client = Client::connect(server, &address, Some("localcamera.v1")).await;
    let mut hello = crate::support::client::hello_message("session-over");
    hello["device"] = json!("other-device");
    hello["key"] = json!(claim('k'));
    client.text(hello).await;
    assert_eq!(client.receive().await["type"], "welcome");
    let capture = crate::support::captures::named("firefox-webm-vp8-opus");
    let bytes = crate::v1::send(&mut client, 0, &capture).await;
    let generations = json!([{ "generation": 0, "bytes": bytes }]);
    client.text(json!({ "type": "stop", "generations": generations })).await;
    let ending = client.ending().await;
    let file = ending.of_type("summary")[0]["files"][0]["file"].as_str().unwrap().to_owned();
    ("session-over".to_owned(), file)
}
