//! The API is what `/api/openapi.json` says, whatever it is asked and by whom.

mod ask;
mod bounds;
mod ground;
mod guide;
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
use ground::Ground;
use judge::Judge;
use make::Maker;

/// Of each operation, by each of those who ask.
const CASES: usize = 9;

/// Of each operation, as it is described in everything.
const GOOD_CASES: usize = 4;

/// Operations that do not succeed here, and why.
const WITHOUT_SUCCESS: [(&str, &str); 6] = [
    ("GET /api/sessions/{session}/playlist.m3u8", "there is no MP4 here; library/playing.rs"),
    ("GET /api/sessions/{session}/files/{file}/init.mp4", "nor its beginning; library/playing.rs"),
    ("POST /api/access/first", "it is over once there is an admin, who makes all else; access.rs"),
    ("POST /api/alarms/{id}/dismiss", "an alarm takes its time to come; alarms.rs"),
    ("POST /whep/{stream}", "an offer is made by a browser; whep.rs"),
    ("DELETE /whep/{stream}/{id}", "so is what it ends; whep.rs"),
];

/// What is wrong with a body that is as it is described.
const NOT_AS_DESCRIBED: [u16; 3] = [400, 413, 415];

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

impl Operation<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn has_success(&self) -> bool {
        WITHOUT_SUCCESS.iter().all(|(name, _)| *name != self.name())
    }

    /// Nobody has to be anybody for what is public.
    fn token<'t>(&self, admin: &'t str) -> Option<&'t str> {
        (self.told["x-rule"] != "public").then_some(admin)
    }
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

/// A server on which somebody records, and an admin's cookie.
async fn ground(folder: tempfile::TempDir) -> (Server, String, Beside) {
    configure(
        folder.path(),
        "source_files = \"videos\"\n[[source]]\nname = \"pattern\"\nkind = \"pattern\"\n\
         size = \"160x120\"\nframes_per_second = 2\n",
    );
    let server = closed(folder, "localcamera=info", &[]);
    let admin = decide(&server, "paired").await;
    let camera = token(&server, &admin, "asks", "camera").await;
    let beside = Beside::start(&server, &format!("?token={camera}")).await;
    (server, admin, beside)
}

async fn tokens(server: &Server, admin: &str) -> [(&'static str, String); 2] {
    let viewer = token(server, admin, "asks to watch", "viewer").await;
    [("viewer", viewer), ("admin", token(server, admin, "asks for all", "admin").await)]
}

fn nothing_is(wrong: &[String]) {
    let first = &wrong[..wrong.len().min(20)];
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), first.join("\n"));
}

#[tokio::test]
async fn every_operation_answers_as_it_is_described() {
    let (server, admin, beside) = ground(tempfile::tempdir().unwrap()).await;
    let ground = Ground::new(&server, &admin, tokens(&server, &admin).await);
    let [(_, viewer), (_, owner)] = ground.tokens.clone();
    let callers = [
        Caller { name: "nobody", token: None },
        Caller { name: "a viewer", token: Some(viewer) },
        Caller { name: "an admin", token: Some(owner) },
    ];
    let asker = Asker::new(&server);
    let document = asker.description().await;
    let judge = Judge::new(&document);
    let known = known(&server, &admin).await;
    let mut maker = Maker::new(Random::of_run(), &document, &judge, known);
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
                ground.put_back(operation).await;
            }
        }
        let told = ground.is_as_it_was().await;
        wrong.extend(told.err().map(|why| format!("after {}: {why}", operation.name())));
    }
    for path in document["paths"].as_object().unwrap().keys() {
        let request = Request::bare("PATCH", maker.address(path));
        count += 1;
        let answer = asker.ask(&request).await;
        let told = answer.and_then(|answer| judge.is_wrong_method(&answer));
        wrong.extend(told.err().map(|why| format!("{request}: {why}")));
    }
    eprintln!("{count} requests");
    nothing_is(&wrong);
    let health = asker.ask(&Request::bare("GET", "/health".to_owned())).await.unwrap();
    assert_eq!(health.status, 200);
    beside.judged(&server).await;
    let log = std::fs::read_to_string(server.folder.path().join("log")).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test]
async fn every_operation_succeeds_for_whom_it_is_for_when_it_is_asked_as_described() {
    let (server, admin, _beside) = ground(tempfile::tempdir().unwrap()).await;
    let mut ground = Ground::new(&server, &admin, tokens(&server, &admin).await);
    let owner = ground.tokens[1].1.clone();
    let asker = Asker::new(&server);
    let document = asker.description().await;
    let judge = Judge::new(&document);
    let known = known(&server, &admin).await;
    let mut maker = Maker::new(Random::of_run(), &document, &judge, known);
    let mut wrong = Vec::new();
    let all = operations(&document);
    for (name, _) in WITHOUT_SUCCESS {
        assert!(all.iter().any(|operation| operation.name() == name), "{name} is not there");
    }
    for operation in all.iter().filter(|operation| operation.has_success()) {
        let mut heard = Vec::new();
        for _ in 0..GOOD_CASES {
            let needs = ground.needs(operation).await;
            let request = maker.good(operation, operation.token(&owner), &needs);
            match verdict(&asker, &judge, operation, &request).await {
                Ok(status @ (400 | 413 | 415)) => {
                    wrong.push(format!("{request}: {status}, but it is as described"));
                }
                Ok(status) => heard.push(status),
                Err(why) => wrong.push(format!("{request}: {why}")),
            }
            ground.put_back(operation).await;
        }
        if !heard.iter().any(|status| (200..400).contains(status)) {
            wrong.push(format!("{} never succeeds: {heard:?}", operation.name()));
        }
        let told = ground.is_as_it_was().await;
        wrong.extend(told.err().map(|why| format!("after {}: {why}", operation.name())));
    }
    nothing_is(&wrong);
}

#[tokio::test]
async fn what_is_taken_ends_where_the_description_says() {
    let (server, admin, _beside) = ground(tempfile::tempdir().unwrap()).await;
    let mut ground = Ground::new(&server, &admin, tokens(&server, &admin).await);
    let owner = ground.tokens[1].1.clone();
    let asker = Asker::new(&server);
    let document = asker.description().await;
    let judge = Judge::new(&document);
    let known = known(&server, &admin).await;
    let mut maker = Maker::new(Random::of_run(), &document, &judge, known);
    let (mut wrong, mut count) = (Vec::new(), [0; 2]);
    for operation in operations(&document).iter().filter(|operation| operation.has_success()) {
        let schema = &operation.told["requestBody"]["content"]["application/json"]["schema"];
        // The same is sent to these and to others, which take less time.
        if schema.is_null() || operation.path == "/api/sources/test" {
            continue;
        }
        let mut needs = ground.needs(operation).await;
        for (choice, whole) in maker.whole(schema) {
            for mut variant in bounds::of(&maker, &judge, &choice, &whole) {
                // A source's name is that of the path, which no description can say.
                if operation.method == "PUT" && variant.what.starts_with("source") {
                    continue;
                }
                // What the variant is about stays, and what it is as it is described.
                let mut needed = variant.body.clone();
                for (name, value) in needs.members.iter().filter(|_| variant.is_good) {
                    if !variant.what.contains(name.as_str()) && needed.get(name).is_some() {
                        needed[name] = value.clone();
                    }
                }
                if variant.is_good && judge.is_one(schema, &needed) {
                    variant.body = needed;
                }
                let body = Some(("application/json".to_owned(), variant.body.to_string().into()));
                let token = operation.token(&owner);
                let request = maker.with_body(operation, token, &needs, body);
                count[usize::from(variant.is_good)] += 1;
                let what = &variant.what;
                match verdict(&asker, &judge, operation, &request).await {
                    Ok(400 | 413 | 415) if variant.is_good => {
                        wrong.push(format!("{request}: {what} is as described, and refused"));
                    }
                    Ok(status) if !variant.is_good && !NOT_AS_DESCRIBED.contains(&status) => {
                        wrong.push(format!("{request}: {what} is beyond, and is {status}"));
                    }
                    // It is spent.
                    Ok(200..300) if operation.method == "POST" => {
                        ground.put_back(operation).await;
                        needs = ground.needs(operation).await;
                    }
                    Ok(_) => ground.put_back(operation).await,
                    Err(why) => wrong.push(format!("{request}: {why}")),
                }
            }
        }
    }
    eprintln!("{count:?} requests beyond and within");
    assert!(count[0] > 100 && count[1] > 50, "{count:?}");
    nothing_is(&wrong);
}

async fn verdict(
    asker: &Asker,
    judge: &Judge,
    operation: &Operation<'_>,
    request: &Request,
) -> Result<u16, String> {
    let answer = asker.ask(request).await?;
    judge.is_described(operation, &answer).map(|()| answer.status)
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
    let (session, file) = recorded(server, admin, "session-over").await;
    let lists = [
        ("id", ids),
        ("source", vec!["nowhere".to_owned(), "pattern".to_owned()]),
        ("stream", vec!["pattern".to_owned(), "test-device".to_owned()]),
        ("device", vec![controlled(server, admin).await, "test-device".to_owned()]),
        ("connection", vec![connection]),
        ("session", vec![session, "session-beside".to_owned()]),
        ("file", vec![file]),
        ("reel", vec!["0".to_owned(), "7".to_owned()]),
        ("video", vec!["video.webm".to_owned()]),
    ];
    lists.into_iter().map(|(name, values)| (name.to_owned(), values)).collect()
}

/// A device that could be commanded when it was last there.
async fn controlled(server: &Server, admin: &str) -> String {
    let device = "known-device".to_owned();
    // Whom a camera would not be told of.
    let owner = token(server, admin, "has a device", "admin").await;
    let address = format!("{}/ws/control?token={owner}", server.https);
    let mut client = Client::connect(server, &address, None).await;
    client.text(crate::support::control::device_message(&device)).await;
    let is_listed = |told: &Value| {
        let mut all = told["devices"].as_array().into_iter().flatten();
        all.any(|one| one["device"] == *device)
    };
    let listed = async { while !is_listed(&client.receive().await) {} };
    let listed = tokio::time::timeout(crate::support::PATIENCE, listed).await;
    listed.expect("the device is not listed");
    client.close().await;
    device
}

/// A session that is over, and its file.
async fn recorded(server: &Server, admin: &str, session: &str) -> (String, String) {
    let camera = token(server, admin, &format!("has recorded {session}"), "camera").await;
    let address = format!("{}/ws/ingest?token={camera}", server.https);
    let mut client = Client::connect(server, &address, Some("localcamera.v1")).await;
    let mut hello = crate::support::client::hello_message(session);
    hello["device"] = json!(format!("device-of-{session}"));
    hello["key"] = json!(claim('k'));
    client.text(hello).await;
    assert_eq!(client.receive().await["type"], "welcome");
    let capture = crate::support::captures::named("firefox-webm-vp8-opus");
    let ending = crate::v1::record(&mut client, &capture).await;
    let file = ending.of_type("summary")[0]["files"][0]["file"].as_str().unwrap().to_owned();
    (session.to_owned(), file)
}
