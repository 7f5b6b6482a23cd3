//! One POST to an address that the owner has named, and what can be said of it when it fails.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;

use crate::authorities;

const AGENT: &str = concat!("localcamera/", env!("CARGO_PKG_VERSION"));

/// Of a foreign server's words so many are shown.
const MAX_WORDS_CHARS: usize = 200;

/// Soon enough for a server that is just starting.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// A server that comes back is noticed within this.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// In words without secrets.
    pub(crate) message: String,
    /// Whether the same message will hardly fare better later.
    pub(crate) is_permanent: bool,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self { message, is_permanent: false }
    }
}

/// An address to post to. Its path may be all that protects it, so nothing here shows it.
pub(crate) struct Address {
    uri: Uri,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({}, …)", self.uri.host().unwrap_or_default())
    }
}

impl Address {
    pub(crate) fn new(uri: Uri, authorities: &[CertificateDer<'static>]) -> Self {
        let roots = authorities::store(authorities);
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        // Messages are rare: a connection that is kept is one that has died meanwhile.
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(connector.build());
        Self { uri, client }
    }

    /// Posts JSON.
    pub(crate) async fn post_json(
        &self,
        headers: &[(HeaderName, HeaderValue)],
        body: Vec<u8>,
    ) -> Result<(), Failure> {
        let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.post(headers.iter().cloned().chain([json]), body).await
    }

    /// Posts. A redirect is an error: what a message holds is for the address that was named.
    pub(crate) async fn post(
        &self,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
        body: Vec<u8>,
    ) -> Result<(), Failure> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(AGENT));
        request.headers_mut().extend(headers);
        let host = self.uri.host().unwrap_or_default();
        let answer = self.client.request(request).await;
        let answer =
            answer.map_err(|error| format!("cannot reach {host}: {}", words(&root(&error))))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let advice = match status.as_u16() {
            300..=399 => "; name the address that it redirects to",
            401 | 403 => "; look at its token or headers",
            404 => "; look at its url",
            _ => "",
        };
        let message = format!("{host} answered {status}{advice}");
        Err(Failure { message, is_permanent: is_permanent(status) })
    }
}

/// Whether an answer is about the message. One about the address may pass: a server that is being
/// set up anew answers 401, 403 and 404, too.
fn is_permanent(status: StatusCode) -> bool {
    let permanent = [
        StatusCode::BAD_REQUEST,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        StatusCode::UNPROCESSABLE_ENTITY,
    ];
    permanent.contains(&status)
}

/// Whom to trust with a connection to `who`: its own authority, or those of the system.
///
/// # Errors
/// When there is none.
pub(crate) fn authorities_for(
    who: &str,
    ca: Option<&Path>,
) -> Result<Vec<CertificateDer<'static>>> {
    if let Some(path) = ca {
        return authorities::read(path).with_context(|| format!("the ca of {who}"));
    }
    let found = authorities::of_the_system();
    if found.is_empty() {
        bail!(
            "this system has no list of authorities by which to know {who}; name its own with \
             ca = \"FILE\""
        );
    }
    Ok(found)
}

/// How long to wait after so many failures before this one: doubling.
pub(crate) fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.min(8)).min(LONGEST_PAUSE)
}

/// The last cause of an error says what it was; those around it say that there was one.
pub(crate) fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// What a foreign server says, fit for a line of the log.
pub(crate) fn words(text: &str) -> String {
    let line = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    line.take(MAX_WORDS_CHARS).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        let pauses: Vec<u64> = (0..8).map(|failures| pause(failures).as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 120, 120]);
    }

    #[test]
    fn an_answer_about_the_message_is_permanent() {
        let of = |code: u16| is_permanent(StatusCode::from_u16(code).unwrap());
        assert!([400, 413, 415, 422].into_iter().all(of));
        assert!(![302, 401, 403, 404, 408, 429, 500, 503].into_iter().any(of));
    }
}
