//! Requests, each on a connection of its own: a server that has refused a body ends the connection.

use std::fmt;

use axum::http::{self, Method, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::support::PATIENCE;
use crate::support::client::tls;
use crate::support::server::Server;

pub(super) struct Asker {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
}

#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query.
    pub(super) address: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Without its parameters.
    pub(super) media: Option<String>,
    pub(super) headers: http::HeaderMap,
    /// Of what is no JSON only the beginning, which may be without end.
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn bare(method: &str, address: String) -> Self {
        Self { method: method.to_owned(), address, headers: Vec::new(), body: Vec::new() }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: &str| text.chars().take(300).collect::<String>();
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} {} {}", self.method, short(&self.address), short(&body))
    }
}

impl Asker {
    pub(super) fn new(server: &Server) -> Self {
        let connector = HttpsConnectorBuilder::new().with_tls_config((*tls(server)).clone());
        let connector = connector.https_only().enable_http1().build();
        let mut client = Client::builder(TokioExecutor::new());
        let client = client.pool_max_idle_per_host(0).build(connector);
        Self { client, base: format!("https://{}", server.https) }
    }

    pub(super) async fn description(&self) -> Value {
        let request = Request::bare("GET", "/api/openapi.json".to_owned());
        let answer = self.ask(&request).await.unwrap();
        assert_eq!(answer.status, 200);
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// The answer, or that there was none.
    pub(super) async fn ask(&self, request: &Request) -> Result<Answer, String> {
        let uri: Uri = format!("{}{}", self.base, request.address).parse().expect("a bad address");
        let method = Method::from_bytes(request.method.as_bytes()).unwrap();
        let mut sent = http::Request::builder().method(method).uri(uri);
        for (name, value) in &request.headers {
            sent = sent.header(*name, value);
        }
        let sent = sent.body(Full::new(request.body.clone().into())).unwrap();
        let asking = async {
            let answer = self.client.request(sent).await.map_err(|error| format!("{error:?}"))?;
            let (parts, mut body) = answer.into_parts();
            let media = parts.headers.get("content-type").and_then(|value| value.to_str().ok());
            let media = media.map(|value| value.split(';').next().unwrap().trim().to_owned());
            let mut whole = Vec::new();
            while let Some(piece) = body.frame().await {
                let piece = piece.map_err(|error| format!("the answer broke off: {error}"))?;
                whole.extend(piece.into_data().unwrap_or_default());
                if media.as_deref() != Some("application/json") {
                    break;
                }
            }
            let (status, headers) = (parts.status.as_u16(), parts.headers);
            Ok::<_, String>(Answer { status, media, headers, body: whole })
        };
        let asked = tokio::time::timeout(PATIENCE, asking).await;
        asked.unwrap_or_else(|_| Err("no answer came".to_owned()))
    }
}
