//! A reverse proxy does TLS and asks without: everything goes by it, and nothing else by its way.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::PATIENCE;
use crate::support::access::{claim, closed, post};
use crate::support::captures::{self, judge};
use crate::support::client::{Client, hello_message};
use crate::support::files::{eventually, segments};
use crate::support::server::{Server, command, configure, run};

const PUBLIC: &str = "cam.example.com";

/// Where the proxy asks.
fn plain(server: &Server) -> String {
    let printed = server.printed("for the reverse proxy alone");
    printed.strip_prefix("http://").unwrap().to_owned()
}

fn behind_proxy() -> (Server, String) {
    let server = Server::configured("hosts = [\"cam.example.com\"]", &["--proxy-port", "0"]);
    let address = plain(&server);
    (server, address)
}

/// An answer as the proxy gets it.
struct Answer {
    status: u16,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What the proxy asks for somebody.
async fn ask(at: &str, head: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut text = format!(
        "{head} HTTP/1.1\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!("\r\n{body}");
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let body = answer.split_off(end + 4);
    let head = String::from_utf8(answer).unwrap();
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    let headers = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Answer { status: head[9..12].parse().unwrap(), headers, body }
}

/// What proxies say.
const SAID: [(&str, &str); 3] =
    [("host", PUBLIC), ("x-forwarded-for", "192.168.1.20"), ("x-forwarded-proto", "https")];

/// A WebSocket that the proxy brings for a page of this origin; the status where it is refused.
async fn socket(at: &str, path: &str, origin: &str) -> Result<Client, u16> {
    use tokio_tungstenite::tungstenite::Error;
    let mut request = format!("ws://{PUBLIC}{path}").into_client_request().unwrap();
    let headers = request.headers_mut();
    for (name, value) in &SAID[1..] {
        headers.insert(*name, value.parse().unwrap());
    }
    headers.insert("origin", origin.parse().unwrap());
    if path == "/ws/ingest" {
        headers.insert("sec-websocket-protocol", "localcamera.v1".parse().unwrap());
    }
    let stream = MaybeTlsStream::Plain(TcpStream::connect(at).await.unwrap());
    let opening = tokio_tungstenite::client_async(request, stream);
    match tokio::time::timeout(PATIENCE, opening).await.unwrap() {
        Ok((socket, _)) => Ok(Client { socket }),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn who_comes_by_the_proxy_records_and_watches_under_their_own_address() {
    let (server, at) = behind_proxy();
    let origin = format!("https://{PUBLIC}");
    let capture = captures::named("chromium-webm-vp8-opus");
    let mut device = socket(&at, "/ws/ingest", &origin).await.unwrap();
    device.text(hello_message("session-1")).await;
    assert_eq!(device.receive().await["type"], "welcome");
    let bytes = crate::v1::send(&mut device, 0, &capture).await;
    device.acknowledged(0, bytes).await;
    // Another one watches meanwhile.
    let streams = ask(&at, "GET /api/streams", &SAID, &Value::Null).await.json();
    let name = streams["streams"][0]["stream"].as_str().unwrap().to_owned();
    let mut viewer = socket(&at, &format!("/ws/live/{name}"), &origin).await.unwrap();
    while viewer.receive().await["type"] != "init" {}
    let generations = json!([{ "generation": 0, "bytes": bytes }]);
    device.text(json!({ "type": "stop", "generations": generations })).await;
    assert_eq!(device.ending().await.close_code(), Some(1000));
    let file = eventually(|| segments(&server.recordings()).pop()).await;
    judge(&capture, std::slice::from_ref(&file), "60");
    let folder = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
    assert_eq!(folder.rsplit_once('_').unwrap().0, "client_192.168.1.20");
}

#[tokio::test]
async fn pages_come_with_the_same_protection_as_over_tls() {
    let (_server, at) = behind_proxy();
    let page = ask(&at, "GET /", &SAID, &Value::Null).await;
    assert_eq!((page.status, page.headers["x-frame-options"].as_str()), (200, "DENY"));
    assert!(page.headers["content-security-policy"].contains("default-src 'self'"));
    for (name, value, status) in [
        ("host", "rebound.example", 421),
        ("x-forwarded-host", "rebound.example", 421),
        ("x-forwarded-proto", "http", 403),
    ] {
        let kept = SAID.into_iter().filter(|(kept, _)| *kept != name);
        let headers: Vec<_> = kept.chain([(name, value)]).collect();
        let answer = ask(&at, "GET /", &headers, &Value::Null).await;
        assert_eq!(answer.status, status, "{name}: {value}");
    }
    let foreign = socket(&at, "/ws/control", "https://example.com").await;
    assert_eq!(foreign.err(), Some(403));
    let unsafe_page = socket(&at, "/ws/control", &format!("http://{PUBLIC}")).await;
    assert_eq!(unsafe_page.err(), Some(403));
}

#[tokio::test]
async fn nobody_who_comes_by_the_proxy_is_on_the_servers_own_computer() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), "hosts = [\"cam.example.com\"]");
    let server = closed(folder, "localcamera=info", &["--proxy-port", "0"]);
    let at = plain(&server);
    let first = json!({ "mode": "paired", "claim": claim('f'), "name": "First" });
    // A proxy that says nothing of whom it asks for, by names that are this computer's.
    let bare = [("host", "localhost"), ("origin", "https://localhost")];
    let about = ask(&at, "GET /api/access", &bare, &Value::Null).await;
    assert_eq!(about.status, 200);
    assert_eq!(about.json()["first_decision"], json!(false), "{}", about.json());
    let answer = ask(&at, "POST /api/access/first", &bare, &first).await;
    assert_eq!(answer.status, 403);
    assert_eq!(post(&server, "/api/access/first", None, &first).await.status, 200);
}

#[tokio::test]
async fn who_is_let_in_gets_a_cookie_for_tls_and_links_to_the_proxy() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), "hosts = [\"cam.example.com\"]");
    let server = closed(folder, "localcamera=info", &["--proxy-port", "0"]);
    let at = plain(&server);
    let admin = crate::support::access::decide(&server, "paired").await;
    let origin = format!("https://{PUBLIC}");
    // The proxy asks by its own name for the server, and says which one it was asked by.
    let said = |cookie: Option<&'static str>| {
        let mut all = vec![("host", at.as_str()), ("x-forwarded-host", PUBLIC)];
        all.extend([SAID[1], SAID[2], ("origin", origin.as_str())]);
        all.extend(cookie.map(|cookie| ("cookie", cookie)));
        all
    };
    let admin: &'static str = admin.leak();
    let wanted = json!({ "role": "viewer", "scope": null });
    let code = ask(&at, "POST /api/access/codes", &said(Some(admin)), &wanted).await;
    assert_eq!(code.status, 201, "{:?}", String::from_utf8_lossy(&code.body));
    let code = code.json();
    assert!(code.to_string().contains(&format!("{origin}/")), "{code}");
    let body = json!({ "code": code["secret"], "claim": claim('p'), "name": "viewer" });
    let paired = ask(&at, "POST /api/access/pair", &said(None), &body).await;
    assert_eq!(paired.status, 200, "{:?}", String::from_utf8_lossy(&paired.body));
    let cookie = &paired.headers["set-cookie"];
    assert!(cookie.starts_with("__Host-localcamera=") && cookie.contains("; Secure"), "{cookie}");
}

#[tokio::test]
async fn only_the_proxies_are_answered_there() {
    let config = "hosts = [\"cam.example.com\"]\ntrusted_proxies = [\"127.0.0.2\"]";
    let server = Server::configured(config, &["--proxy-port", "0"]);
    let at = plain(&server);
    let answer = ask(&at, "GET /", &SAID, &Value::Null).await;
    assert_eq!(answer.status, 403);
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("trusted_proxies"), "{message}");
    assert_eq!(socket(&at, "/ws/control", "https://cam.example.com").await.err(), Some(403));
}

#[test]
fn what_the_network_would_reach_without_tls_is_refused_unless_it_is_said_who_may() {
    let folder = tempfile::tempdir().unwrap();
    let mut asked = command(folder.path());
    let (code, said) = run(asked.args(["--proxy-port", "0", "--proxy-bind", "0.0.0.0"]));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("trusted_proxies = ["), "{said}");
}
