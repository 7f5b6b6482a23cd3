//! A server that asks who comes, and those who come.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::http::{Answer, request};
use super::server::{Server, command};

/// Of the page helper's length: 32 bytes in base64url.
pub(crate) fn claim(letter: char) -> String {
    std::iter::repeat_n(letter, 42).chain(['A']).collect()
}

/// A server without `--open`, with its log at a level in `log` of its folder.
pub(crate) fn closed(folder: TempDir, level: &str, args: &[&str]) -> Server {
    let mut asking = std::process::Command::new(env!("CARGO_BIN_EXE_localcamera"));
    let known = command(folder.path());
    asking.args(known.get_args().filter(|argument| *argument != "--open"));
    asking.current_dir(folder.path()).stdin(std::process::Stdio::null());
    asking.stdout(std::process::Stdio::piped());
    let log = std::fs::File::options().create(true).append(true).open(folder.path().join("log"));
    asking.env("LOCALCAMERA_LOG", level).stderr(log.unwrap());
    Server::run(asking, folder, args)
}

/// A server on which a browser has decided, and that browser's cookie.
pub(crate) async fn decided(mode: &str) -> (Server, String) {
    let server = closed(tempfile::tempdir().unwrap(), "localcamera=info", &[]);
    let cookie = decide(&server, mode).await;
    (server, cookie)
}

pub(crate) async fn decide(server: &Server, mode: &str) -> String {
    let body = json!({ "mode": mode, "claim": claim('f'), "name": "First" });
    let answer = post(server, "/api/access/first", None, &body).await;
    assert_eq!(answer.status, 200, "{:?}", String::from_utf8_lossy(&answer.body));
    cookie_of(&answer)
}

/// The cookie that an answer sets, as it is sent back.
pub(crate) fn cookie_of(answer: &Answer) -> String {
    let set = answer.header("set-cookie").expect("no cookie is set");
    for word in ["__Host-localcamera=", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(set.contains(word), "{set}");
    }
    set.split(';').next().unwrap().to_owned()
}

/// What the server's own page posts.
pub(crate) async fn post(
    server: &Server,
    path: &str,
    cookie: Option<&str>,
    body: &Value,
) -> Answer {
    ask(server, "POST", path, cookie, body).await
}

/// The same with another method.
pub(crate) async fn ask(
    server: &Server,
    method: &str,
    path: &str,
    cookie: Option<&str>,
    body: &Value,
) -> Answer {
    let origin = format!("https://{}", server.https);
    let mut headers = vec![("content-type", "application/json"), ("origin", origin.as_str())];
    headers.extend(cookie.map(|cookie| ("cookie", cookie)));
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    request(server, method, path, &headers, &body).await
}

/// Lets a browser in by a code that an admin makes; its cookie.
pub(crate) async fn paired(server: &Server, admin: &str, role: &str, scope: Value) -> String {
    let wanted = json!({ "role": role, "scope": scope });
    let code = post(server, "/api/access/codes", Some(admin), &wanted).await;
    assert_eq!(code.status, 201, "{:?}", String::from_utf8_lossy(&code.body));
    let secret = code.json()["secret"].as_str().unwrap().to_owned();
    let body = json!({ "code": secret, "claim": claim('p'), "name": role });
    let answer = post(server, "/api/access/pair", None, &body).await;
    assert_eq!(answer.status, 200, "{:?}", String::from_utf8_lossy(&answer.body));
    cookie_of(&answer)
}

/// The id of the browser with a cookie.
pub(crate) async fn id_of(server: &Server, cookie: &str) -> String {
    let answer = ask(server, "GET", "/api/access", Some(cookie), &Value::Null).await;
    answer.json()["you"]["id"].as_str().unwrap().to_owned()
}

/// An admin takes a browser's way in.
pub(crate) async fn revoke(server: &Server, admin: &str, cookie: &str) {
    let path = format!("/api/access/browsers/{}", id_of(server, cookie).await);
    let answer = ask(server, "DELETE", &path, Some(admin), &Value::Null).await;
    assert_eq!(answer.status, 204, "{:?}", String::from_utf8_lossy(&answer.body));
}
