//! Who gets in, and what ends when it is taken.

mod devices;
mod matrix;
mod watching;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::PATIENCE;
use crate::support::access::{
    ask, claim, closed, cookie_of, decide, decided, id_of, paired, post, revoke,
};
use crate::support::captures;
use crate::support::client::{Client, get, hello_message};
use crate::support::files::{eventually, segments};
use crate::support::http::{request, send};
use crate::support::server::Server;

/// A connection of `localcamera.v1` that has said hello as a device with a key.
pub(crate) async fn say_hello(
    server: &Server,
    session: &str,
    key: &str,
    cookie: Option<&str>,
) -> Client {
    let mut hello = hello_message(session);
    hello["key"] = json!(key);
    say(server, hello, cookie.map(|cookie| ("cookie", cookie))).await
}

/// A hello from the server's own page, by whoever this header shows.
async fn say(server: &Server, hello: Value, shown: Option<(&'static str, &str)>) -> Client {
    let address = format!("wss://{}/ws/ingest", server.https);
    let mut request = address.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", "localcamera.v1".parse().unwrap());
    headers.insert("origin", format!("https://{}", server.https).parse().unwrap());
    if let Some((name, value)) = shown {
        headers.insert(name, value.parse().unwrap());
    }
    let mut client = Client::open(server, request).await;
    client.text(hello).await;
    client
}

#[tokio::test]
async fn a_device_that_is_revoked_while_it_records_is_told_at_once_and_what_it_sent_is_kept() {
    let (server, admin) = decided("paired").await;
    let mut stranger = say_hello(&server, "session-0", "a-key-of-the-device", None).await;
    let ending = stranger.ending().await;
    assert_eq!(ending.of_type("error")[0]["code"], "not_paired");
    assert_eq!(ending.close_code(), Some(4401));

    let camera = paired(&server, &admin, "camera", Value::Null).await;
    let mut client = say_hello(&server, "session-1", "a-key-of-the-device", Some(&camera)).await;
    assert_eq!(client.receive().await["type"], "welcome");
    let capture = captures::named("chromium-webm-vp8-opus");
    client.generation(0, &capture.mime).await;
    client.chunk(0, 0, &capture.stream[..200_000]).await;
    client.acknowledged(0, 100_000).await;
    revoke(&server, &admin, &camera).await;
    let ending = client.ending().await;
    assert_eq!(ending.of_type("error")[0]["code"], "revoked");
    assert_eq!(ending.close_code(), Some(4403));
    let mut again = say_hello(&server, "session-1", "a-key-of-the-device", None).await;
    assert_eq!(again.ending().await.of_type("error")[0]["code"], "revoked");

    // Let in again it goes on where it was.
    let camera = paired(&server, &admin, "camera", Value::Null).await;
    let mut client = say_hello(&server, "session-1", "a-key-of-the-device", Some(&camera)).await;
    let welcome = client.receive().await;
    assert_eq!(welcome["type"], "welcome", "{welcome}");
    let durable = welcome["positions"][0]["durable"].as_u64().unwrap();
    assert!(durable >= 100_000, "{welcome}");
    // The key is known by now, at whichever address and without a cookie.
    drop(client);
    let mut delivering = say_hello(&server, "session-1", "a-key-of-the-device", None).await;
    assert_eq!(delivering.receive().await["type"], "welcome");
}

#[tokio::test]
async fn nobody_speaks_for_a_device_without_its_key() {
    let (server, admin) = decided("paired").await;
    let camera = paired(&server, &admin, "camera", Value::Null).await;
    let mut client = say_hello(&server, "session-1", "a-key-of-the-device", Some(&camera)).await;
    assert_eq!(client.receive().await["type"], "welcome");
    let other = paired(&server, &admin, "camera", Value::Null).await;
    let mut other = say_hello(&server, "session-1", "another-key-of-it", Some(&other)).await;
    assert_eq!(other.ending().await.of_type("error")[0]["code"], "not_paired");
    let token = json!({ "name": "Program", "role": "camera" });
    let token = post(&server, "/api/access/tokens", Some(&admin), &token).await.json();
    let address =
        format!("wss://{}/ws/ingest?token={}", server.https, token["token"].as_str().unwrap());
    let mut request = address.into_client_request().unwrap();
    let protocol = "localcamera.v1".parse().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let mut program = Client::open(&server, request).await;
    program.text(hello_message("session-1")).await;
    assert_eq!(program.ending().await.of_type("error")[0]["code"], "not_paired");
}

#[tokio::test]
async fn what_is_open_ends_with_its_pass() {
    let (server, admin) = decided("paired").await;
    let viewer = paired(&server, &admin, "viewer", Value::Null).await;
    let address = format!("wss://{}/ws/control", server.https);
    let mut wanted = address.into_client_request().unwrap();
    wanted.headers_mut().insert("cookie", viewer.parse().unwrap());
    let mut control = Client::open(&server, wanted).await;
    assert_eq!(control.receive().await["type"], "streams");
    // A request on a connection that stays is not cut, and its next one is nobody's.
    revoke(&server, &admin, &viewer).await;
    let ending = control.ending().await;
    assert_eq!(ending.close_code(), None, "the connection is cut");
    let answer = request(&server, "GET", "/api/streams", &[("cookie", &viewer)], b"").await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (401, &json!("sign_in")));
}

#[tokio::test]
async fn a_download_ends_with_its_pass() {
    let (server, admin) = decided("paired").await;
    let camera = paired(&server, &admin, "camera", Value::Null).await;
    let mut client = say_hello(&server, "session-1", "a-key-of-the-device", Some(&camera)).await;
    assert_eq!(client.receive().await["type"], "welcome");
    let capture = captures::named("chromium-webm-vp8-opus");
    client.generation(0, &capture.mime).await;
    let mut position = 0;
    for chunk in capture.stream.chunks(200_000) {
        client.chunk(0, position, chunk).await;
        position += chunk.len() as u64;
    }
    client.text(json!({ "type": "generation_end", "generation": 0, "bytes": position })).await;
    let stop = json!([{ "generation": 0, "bytes": position }]);
    client.text(json!({ "type": "stop", "generations": stop })).await;
    let summary = client.ending().await.of_type("summary")[0].clone();
    let path = summary["files"][0]["url"].as_str().unwrap().to_owned();
    let bytes = summary["files"][0]["bytes"].as_u64().unwrap();
    // A camera sees its own, a viewer of something else nothing.
    let limited = paired(&server, &admin, "viewer", json!(["other"])).await;
    for (cookie, status) in [(&camera, 200), (&limited, 404), (&admin, 200)] {
        let answer = request(&server, "HEAD", &path, &[("cookie", cookie)], b"").await;
        assert_eq!(answer.status, status);
    }
    let viewer = paired(&server, &admin, "viewer", json!(["test-device"])).await;
    let mut download = send(&server, "GET", &path, &[("cookie", &viewer)], b"", 0).await;
    let mut first = vec![0; 1000];
    download.read_exact(&mut first).await.unwrap();
    revoke(&server, &admin, &viewer).await;
    let mut rest = Vec::new();
    let reading = tokio::time::timeout(PATIENCE, download.read_to_end(&mut rest)).await;
    let is_cut = reading.unwrap().is_err() || (rest.len() as u64) < bytes;
    // What the system had taken already may be all of a short file.
    assert!(is_cut || bytes < 4 << 20, "{bytes} bytes came to the end");
    assert!(!segments(&server.recordings()).is_empty());
}

#[tokio::test]
async fn six_digits_let_one_browser_in_and_a_lost_answer_costs_nothing() {
    let (server, admin) = decided("paired").await;
    let code = json!({ "role": "camera", "uses": 1 });
    let code = post(&server, "/api/access/codes", Some(&admin), &code).await;
    assert_eq!(code.status, 201);
    let code = code.json();
    let digits = code["digits"].as_str().unwrap();
    assert_eq!(digits.len(), 6);
    assert!(code["qr_svg"].as_str().unwrap().contains("<svg"));
    assert!(code["url"].as_str().unwrap().contains("/#pair="));
    let wrong = if digits == "000000" { "000001" } else { "000000" };
    let pair =
        |code: &str, letter: char| json!({ "code": code, "claim": claim(letter), "name": "iPad" });
    let answer = post(&server, "/api/access/pair", None, &pair(wrong, 'a')).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (403, &json!("wrong_code")));
    let first = post(&server, "/api/access/pair", None, &pair(digits, 'a')).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.json()["you"]["role"], "camera");
    let again = post(&server, "/api/access/pair", None, &pair(digits, 'a')).await;
    let (first, again) = (cookie_of(&first), cookie_of(&again));
    assert!(!id_of(&server, &again).await.is_empty());
    let old = ask(&server, "GET", "/api/access", Some(&first), &Value::Null).await;
    assert_eq!(old.json()["you"]["who"], "nobody");
    let other = post(&server, "/api/access/pair", None, &pair(digits, 'b')).await;
    assert_eq!((other.status, &other.json()["error"]["code"]), (410, &json!("code_ended")));
}

#[tokio::test]
async fn the_first_decision_is_for_the_servers_own_computer_and_once() {
    let server = closed(tempfile::tempdir().unwrap(), "localcamera=info", &[]);
    let (status, body) = get(&server, "/api/access").await;
    let about: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &about["mode"]), (200, &json!("undecided")));
    assert_eq!(about["first_decision"], true);
    let body = json!({ "mode": "paired", "claim": claim('f'), "name": "x" }).to_string();
    let json = ("content-type", "application/json");
    for header in [("x-forwarded-for", "192.168.1.20"), ("origin", "https://example.com")] {
        let refused =
            request(&server, "POST", "/api/access/first", &[json, header], body.as_bytes()).await;
        assert_eq!(refused.status, 403, "{header:?}");
    }
    // Whatever a proxy leaves out, a page of the server's own says where it is from.
    let bare = request(&server, "POST", "/api/access/first", &[json], body.as_bytes()).await;
    assert_eq!(bare.status, 403);
    let (status, page) = get(&server, "/live").await;
    assert_eq!(status, 401);
    assert!(String::from_utf8(page).unwrap().contains("</html>"));
    let admin = decide(&server, "paired").await;
    assert!(!id_of(&server, &admin).await.is_empty());
    let late = json!({ "mode": "network", "claim": claim('l'), "name": "late" });
    let late = post(&server, "/api/access/first", None, &late).await;
    assert_eq!((late.status, &late.json()["error"]["code"]), (409, &json!("decided")));
}

#[tokio::test]
async fn a_cookie_is_of_one_server_and_counts_for_its_own_pages_alone() {
    let (server, admin) = decided("paired").await;
    let (other, _) = decided("paired").await;
    for (server, origin, method, status) in [
        (&server, None, "GET", 200),
        (&other, None, "GET", 401),
        (&server, Some("https://example.com"), "GET", 401),
        // Without an origin nothing is changed by a cookie.
        (&server, None, "POST", 401),
    ] {
        let path = if method == "GET" { "/api/access/people" } else { "/api/access/users" };
        let mut headers = vec![("cookie", admin.as_str()), ("content-type", "application/json")];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let body = json!({ "name": "Ann", "role": "viewer" }).to_string();
        let body = if method == "GET" { "" } else { body.as_str() };
        let answer = request(server, method, path, &headers, body.as_bytes()).await;
        assert_eq!(answer.status, status, "{method} {origin:?}");
    }
}

#[tokio::test]
async fn no_secret_is_in_the_log() {
    let server = closed(tempfile::tempdir().unwrap(), "trace", &[]);
    let admin = decide(&server, "paired").await;
    let mut secrets = vec![admin.split_once('=').unwrap().1.to_owned(), claim('f'), claim('p')];
    let camera = paired(&server, &admin, "camera", Value::Null).await;
    secrets.push(camera.split_once('=').unwrap().1.to_owned());
    let key = "a-key-that-nobody-logs";
    let mut client = say_hello(&server, "session-1", key, Some(&camera)).await;
    assert_eq!(client.receive().await["type"], "welcome");
    secrets.push(key.to_owned());
    let code = json!({ "role": "viewer" });
    let code = post(&server, "/api/access/codes", Some(&admin), &code).await.json();
    secrets.push(code["secret"].as_str().unwrap().to_owned());
    let token = json!({ "name": "Program", "role": "viewer" });
    let token = post(&server, "/api/access/tokens", Some(&admin), &token).await.json();
    let token = token["token"].as_str().unwrap().to_owned();
    let (status, _) = get(&server, &format!("/api/streams?token={token}")).await;
    assert_eq!(status, 200);
    let bearer = format!("Bearer {token}");
    let answer = request(&server, "GET", "/api/streams", &[("authorization", &bearer)], b"").await;
    assert_eq!(answer.status, 200);
    secrets.push(token);
    let link = json!({ "scope": ["door"], "minutes": 5 });
    let link = post(&server, "/api/access/links", Some(&admin), &link).await.json();
    let link = link["url"].as_str().unwrap().split("token=").nth(1).unwrap().to_owned();
    let (status, _) = get(&server, &format!("/embed/door?token={link}")).await;
    assert_eq!(status, 200);
    secrets.push(link);
    let password = "correct horse battery staple";
    let user = json!({ "name": "Ann", "role": "viewer", "password": password });
    assert_eq!(post(&server, "/api/access/users", Some(&admin), &user).await.status, 201);
    let sign_in = json!({ "user": "Ann", "password": password, "claim": claim('s'), "name": "x" });
    let signed_in = post(&server, "/api/access/sign-in", None, &sign_in).await;
    assert_eq!(signed_in.status, 200);
    secrets.push(cookie_of(&signed_in).split_once('=').unwrap().1.to_owned());
    secrets.extend([password.to_owned(), claim('s')]);
    let log = server.folder.path().join("log");
    eventually(|| std::fs::read_to_string(&log).ok().filter(|log| log.contains("ready to record")))
        .await;
    server.interrupt();
    let (_, _, folder) = server.wait();
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("TRACE"), "the log is not at that level");
    for secret in secrets {
        assert!(!log.contains(&secret), "the log holds {secret}");
    }
}

/// Whoever fears to be sent away could always have a request open that lets them in again.
#[tokio::test]
async fn a_request_that_was_held_back_is_not_finished_by_who_was_sent_away() {
    let (server, admin) = decided("paired").await;
    let other = paired(&server, &admin, "admin", Value::Null).await;
    let user = json!({ "name": "Back", "role": "admin", "password": "correct horse battery" });
    // All that is to be said is said without the last byte.
    let body = format!("{user} ");
    let origin = format!("https://{}", server.https);
    let headers =
        [("cookie", &other[..]), ("origin", &origin[..]), ("content-type", "application/json")];
    let path = "/api/access/users";
    let sent_bytes = body.len() - 1;
    let mut held = send(&server, "POST", path, &headers, body.as_bytes(), sent_bytes).await;
    revoke(&server, &admin, &other).await;
    // It may be cut already.
    let _ = held.write_all(b" ").await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, held.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    let people = ask(&server, "GET", "/api/access/people", Some(&admin), &Value::Null).await.json();
    assert_eq!(people["users"], json!([]), "{people}");
}

/// Any site can have an admin's browser follow a link.
#[tokio::test]
async fn an_admins_browser_that_follows_a_link_stays_an_admins() {
    let (server, admin) = decided("paired").await;
    let code = post(&server, "/api/access/codes", Some(&admin), &json!({ "role": "camera" })).await;
    let secret = code.json()["secret"].as_str().unwrap().to_owned();
    let body = json!({ "code": secret, "claim": claim('q'), "name": "Desk" });
    let refused = post(&server, "/api/access/pair", Some(&admin), &body).await;
    assert_eq!((refused.status, refused.header("set-cookie")), (409, None));
    let people = ask(&server, "GET", "/api/access/people", Some(&admin), &Value::Null).await;
    assert_eq!(people.status, 200);
    // The device that it is for comes in by it.
    let answer = post(&server, "/api/access/pair", None, &body).await;
    assert_eq!(answer.status, 200);
}
