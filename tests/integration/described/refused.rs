//! Every no has the form of the API's, whoever says it.

use serde_json::Value;

use crate::support::captures;
use crate::support::client::Client;
use crate::support::http::{Answer, request};
use crate::support::server::Server;

fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    assert_eq!(body["error"]["code"], code, "{answer:?}");
    assert!(body["error"]["message"].as_str().unwrap().len() > 10, "{body}");
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_in_words() {
    let server = Server::start(&[]);
    for path in ["/api/sessions/%FF", "/api/streams/%FF/mjpeg", "/api/streams/a/mjpeg?fps=1&fps=2"]
    {
        assert_refused(&request(&server, "GET", path, &[], b"").await, 400, "bad_request");
    }
    let answer = request(&server, "PATCH", "/api/sources/a", &[], b"").await;
    assert_refused(&answer, 405, "method_not_allowed");
    let allowed = answer.header("allow").unwrap();
    assert!(allowed.contains("PUT") && allowed.contains("DELETE"), "{allowed}");
    let sdp = [("content-type", "application/sdp")];
    let answer = request(&server, "POST", "/whep/a", &sdp, b"v=0\xFF").await;
    assert_refused(&answer, 400, "bad_request");
    let answer = request(&server, "POST", "/whep/a", &sdp, &[b'x'; 70_000]).await;
    assert_refused(&answer, 413, "too_large");
}

#[tokio::test]
async fn another_origins_page_may_still_ask_whether_it_may() {
    let server = Server::start(&[]);
    let headers = [("origin", "https://192.0.2.1:5001"), ("access-control-request-method", "POST")];
    let answer = request(&server, "OPTIONS", "/api/ingest", &headers, b"").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn a_range_that_a_file_does_not_have_is_refused_with_its_length() {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    let ending = crate::v1::record(&mut client, &capture).await;
    let file = &ending.of_type("summary")[0]["files"][0];
    let (url, length) = (file["url"].as_str().unwrap(), file["bytes"].as_u64().unwrap());
    let answer = request(&server, "GET", url, &[("range", "bytes=99999999-")], b"").await;
    assert_refused(&answer, 416, "bad_range");
    assert_eq!(answer.header("content-range"), Some(format!("bytes */{length}").as_str()));
    let before = [("if-unmodified-since", "Sat, 01 Jan 2000 00:00:00 GMT")];
    let answer = request(&server, "GET", url, &before, b"").await;
    assert_refused(&answer, 412, "changed");
}
