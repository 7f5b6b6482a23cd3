//! One POST to one address.

use axum::http::header::USER_AGENT;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;

use super::{Failure, root, words};
use crate::authorities;

const AGENT: &str = concat!("localcamera/", env!("CARGO_PKG_VERSION"));

/// An address to post to. Its path may be all that protects it, so nothing here shows it.
pub(super) struct Address {
    uri: Uri,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({}, …)", self.uri.host().unwrap_or_default())
    }
}

impl Address {
    pub(super) fn new(uri: Uri, authorities: &[CertificateDer<'static>]) -> Self {
        let roots = authorities::store(authorities);
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        // Alarms are rare: a connection that is kept is one that has died meanwhile.
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(connector.build());
        Self { uri, client }
    }

    /// Posts. A redirect is an error: what a message holds is for the address that was named.
    pub(super) async fn post(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_about_the_message_is_permanent() {
        let of = |code: u16| is_permanent(StatusCode::from_u16(code).unwrap());
        assert!([400, 413, 415, 422].into_iter().all(of));
        assert!(![302, 401, 403, 404, 408, 429, 500, 503].into_iter().any(of));
    }
}
