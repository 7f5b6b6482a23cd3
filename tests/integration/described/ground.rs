//! What operations need to be there, and that nothing of it is gone afterwards.

use serde_json::{Value, json};

use super::Operation;
use super::make::Needs;
use super::recorded;
use crate::support::access::{ask, claim, id_of, paired, post};
use crate::support::http::{Answer, request};
use crate::support::requests::frame;
use crate::support::server::Server;

/// The server, who may everything, and those who ask.
pub(super) struct Ground<'a> {
    pub(super) server: &'a Server,
    /// A cookie.
    pub(super) admin: &'a str,
    /// Role and token.
    pub(super) tokens: [(&'static str, String); 2],
    made: usize,
}

impl<'a> Ground<'a> {
    pub(super) fn new(
        server: &'a Server,
        admin: &'a str,
        tokens: [(&'static str, String); 2],
    ) -> Self {
        Self { server, admin, tokens, made: 0 }
    }

    /// What an operation needs, made for it anew.
    pub(super) async fn needs(&mut self, operation: &Operation<'_>) -> Needs {
        self.made += 1;
        let number = self.made;
        let mut needs = Needs::default();
        let name = format!("needed {number}");
        let user = json!({ "name": name, "role": "viewer" });
        let entry = match operation.path {
            "/api/access/users/{id}" | "/api/access/users/{id}/password" => {
                Some(("/api/access/users", user))
            }
            "/api/access/tokens/{id}" => {
                Some(("/api/access/tokens", json!({ "name": name, "role": "viewer" })))
            }
            "/api/access/links/{id}" => {
                Some(("/api/access/links", json!({ "scope": ["pattern"], "minutes": 60 })))
            }
            "/api/access/codes/{id}" => Some(("/api/access/codes", json!({ "role": "viewer" }))),
            "/api/access/pair" => {
                let code = self.made("/api/access/codes", json!({ "role": "viewer" })).await;
                needs.members.insert("code".to_owned(), code["secret"].clone());
                // A device's id is its key's, once and for all.
                let device = json!({ "id": format!("needed-{number}"), "key": claim('k') });
                needs.members.insert("device".to_owned(), device);
                None
            }
            "/api/access/sign-in" => {
                let mut user = user;
                user["password"] = "long enough".into();
                self.made("/api/access/users", user).await;
                needs.members.insert("user".to_owned(), name.into());
                needs.members.insert("password".to_owned(), "long enough".into());
                None
            }
            "/api/access/browsers/{id}" => {
                let browser = paired(self.server, self.admin, "viewer", Value::Null).await;
                needs.parts.insert("id", id_of(self.server, &browser).await);
                None
            }
            "/api/sources/test" if operation.method != "POST" => {
                self.source("test", &mut needs).await;
                None
            }
            path if path.starts_with("/api/sources/{source}") => {
                self.source(&format!("needed-{number}"), &mut needs).await;
                None
            }
            "/api/sources" if operation.method == "POST" => {
                needs.members.insert("source".to_owned(), format!("added-{number}").into());
                None
            }
            // As it is now, and all of it.
            "/api/sessions/{session}/reels/{reel}/{video}" | "/api/sessions/{session}/export" => {
                needs.query = Some("zone=UTC".to_owned());
                None
            }
            "/api/library/export"
            | "/api/library/export/files"
            | "/api/sessions/{session}/frame" => {
                needs.query = Some(self.recorded(operation).await);
                None
            }
            "/api/ingest/{connection}" => {
                needs.parts.insert("connection", self.connection(operation).await);
                needs.query = match operation.method.as_str() {
                    "POST" => Some("seq=0".to_owned()),
                    _ => Some("after=0".to_owned()),
                };
                None
            }
            path if path.starts_with("/api/sessions/{session}/") && operation.method != "GET" => {
                self.of_session(path, &mut needs).await;
                None
            }
            path if path.starts_with("/api/library/deletions") && operation.method != "GET" => {
                let session = format!("session-needed-{number}");
                recorded(self.server, self.admin, &session).await;
                let sessions = json!([session]);
                if path.ends_with("{deletion}") {
                    let wanted = json!({ "sessions": sessions });
                    let made =
                        post(self.server, "/api/library/deletions", Some(self.admin), &wanted);
                    let made = made.await.json();
                    needs.parts.insert("deletion", made["deletion"].as_str().unwrap().to_owned());
                } else {
                    needs.members.insert("sessions".to_owned(), sessions);
                    needs.members.insert("files".to_owned(), json!([]));
                }
                None
            }
            "/api/devices/{device}/commands" if number.is_multiple_of(2) => {
                // Which the server does by itself, wherever the device is.
                needs.members.insert("do".to_owned(), "groups".into());
                needs.members.insert("value".to_owned(), json!(["hall"]));
                None
            }
            _ => None,
        };
        if let Some((path, wanted)) = entry {
            let id = self.made(path, wanted).await["id"].as_str().unwrap().to_owned();
            needs.parts.insert("id", id);
        }
        needs
    }

    /// What asks for what was recorded.
    async fn recorded(&self, operation: &Operation<'_>) -> String {
        let path = "/api/sessions/session-over";
        let session = ask(self.server, "GET", path, Some(self.admin), &Value::Null).await.json();
        let file = &session["files"][0];
        let at = file["start_ms"].as_i64().unwrap();
        match operation.path.rsplit('/').next() {
            Some("files") => format!("files=session-over/{}", file["file"].as_str().unwrap()),
            Some("frame") => format!("wall_ms={at}"),
            _ => {
                let day = chrono::DateTime::from_timestamp_millis(at).unwrap();
                format!("zone=UTC&day={}", day.format("%Y-%m-%d"))
            }
        }
    }

    async fn made(&self, path: &str, wanted: Value) -> Value {
        let answer = post(self.server, path, Some(self.admin), &wanted).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    /// A time within the session that is over.
    async fn of_session(&self, path: &str, needs: &mut Needs) {
        let told =
            ask(self.server, "GET", "/api/sessions/session-over", Some(self.admin), &Value::Null);
        let start_ms = told.await.json()["files"][0]["start_ms"].as_i64().unwrap();
        let span = json!({ "start_ms": start_ms, "end_ms": start_ms + 1 });
        match path.rsplit('/').next() {
            Some("kept") => needs.members.extend(span.as_object().unwrap().clone()),
            Some("marks") => drop(needs.members.insert("at_ms".to_owned(), start_ms.into())),
            Some("{span}") => {
                self.made("/api/sessions/session-over/kept", span).await;
                needs.parts.insert("span", format!("{start_ms}-{}", start_ms + 1));
            }
            _ => {}
        }
    }

    /// One that is not fetched.
    async fn source(&self, name: &str, needs: &mut Needs) {
        let wanted = json!({
            "source": name, "kind": "rtsp", "address": "rtsp://127.0.0.1:1/x", "paused": true,
        });
        let path = format!("/api/sources/{name}");
        ask(self.server, "DELETE", &path, Some(self.admin), &Value::Null).await;
        self.made("/api/sources", wanted).await;
        needs.parts.insert("source", name.to_owned());
        needs.members.insert("source".to_owned(), name.into());
    }

    /// One on which something has been said, so that asking for it takes no time.
    async fn connection(&self, operation: &Operation<'_>) -> String {
        let opened = post(self.server, "/api/ingest", None, &Value::Null).await;
        let connection = opened.json()["connection"].as_str().unwrap().to_owned();
        if operation.method == "GET" {
            let path = format!("/api/ingest/{connection}?seq=0");
            request(self.server, "POST", &path, &[], &frame(0, b"no json")).await;
        }
        connection
    }

    /// Puts back what an operation is there to change, behind every request.
    pub(super) async fn put_back(&self, operation: &Operation<'_>) {
        let (method, path, wanted) = match operation.path {
            "/api/access/mode" => ("PUT", "/api/access/mode", json!({ "mode": "paired" })),
            "/api/sources/{source}/pause" => ("POST", "/api/sources/pattern/resume", Value::Null),
            "/api/access/pair" | "/api/access/codes" => return self.end_codes().await,
            "/api/library/retention" => ("PUT", "/api/library/retention", json!({})),
            "/api/sources" if operation.method == "POST" => return self.remove_sources().await,
            _ => return,
        };
        let answer = ask(self.server, method, path, Some(self.admin), &wanted).await;
        assert!(answer.status < 300, "{answer:?}");
    }

    /// There may be twenty.
    async fn end_codes(&self) {
        let people = ask(self.server, "GET", "/api/access/people", Some(self.admin), &Value::Null);
        for code in people.await.json()["codes"].as_array().unwrap() {
            let path = format!("/api/access/codes/{}", code["id"].as_str().unwrap());
            ask(self.server, "DELETE", &path, Some(self.admin), &Value::Null).await;
        }
    }

    /// There may be so many, and each that is not paused works.
    async fn remove_sources(&self) {
        let sources = ask(self.server, "GET", "/api/sources", Some(self.admin), &Value::Null).await;
        for source in sources.json()["sources"].as_array().unwrap() {
            let name = source["source"].as_str().unwrap();
            if source["from"] == "page" && name != "nowhere" {
                let path = format!("/api/sources/{name}");
                ask(self.server, "DELETE", &path, Some(self.admin), &Value::Null).await;
            }
        }
    }

    /// Whether all is as it was: who gets in, who asks here, and what is live.
    pub(super) async fn is_as_it_was(&self) -> Result<(), String> {
        let access = self.get("/api/access", None).await;
        if access.json()["mode"] != "paired" {
            return Err(format!("the mode is another: {:?}", access.json()));
        }
        for (role, token) in &self.tokens {
            let bearer = format!("Bearer {token}");
            let told = self.get("/api/access", Some(&bearer)).await;
            if told.status != 200 || told.json()["you"]["role"] != *role {
                return Err(format!("the token of the {role} does less: {told:?}"));
            }
        }
        let bearer = format!("Bearer {}", self.tokens[1].1);
        let sources = self.get("/api/sources", Some(&bearer)).await.json();
        let mut all = sources["sources"].as_array().unwrap().iter();
        let pattern = all.find(|source| source["source"] == "pattern");
        match pattern.map(|pattern| pattern["state"].as_str().unwrap_or_default()) {
            Some("paused") | None => Err(format!("the pattern does not come: {sources}")),
            Some(_) => Ok(()),
        }
    }

    async fn get(&self, path: &str, bearer: Option<&str>) -> Answer {
        let headers: Vec<_> = bearer.map(|bearer| ("authorization", bearer)).into_iter().collect();
        request(self.server, "GET", path, &headers, b"").await
    }
}
