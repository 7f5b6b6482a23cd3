//! JSON to an address of a person's own.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, Uri};
use rustls::pki_types::CertificateDer;

use super::super::notice::Notice;
use super::Failure;
use super::request::Address;

#[derive(Debug)]
pub(super) struct Webhook {
    address: Address,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Webhook {
    pub(super) fn new(
        uri: Uri,
        headers: Vec<(HeaderName, HeaderValue)>,
        authorities: &[CertificateDer<'static>],
    ) -> Self {
        Self { address: Address::new(uri, authorities), headers }
    }

    pub(super) async fn post(&self, notice: &Notice) -> Result<(), Failure> {
        let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let headers = self.headers.iter().cloned().chain([json]);
        self.address.post(headers, notice.json()).await
    }
}
