//! JSON to an address of a person's own.

use axum::http::{HeaderName, HeaderValue, Uri};
use rustls::pki_types::CertificateDer;

use super::super::notice::Notice;
use crate::outgoing::{Address, Failure};

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
        self.address.post_json(&self.headers, notice.json()).await
    }
}
