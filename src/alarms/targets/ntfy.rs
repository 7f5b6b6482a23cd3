//! A push message to phones by [ntfy](https://docs.ntfy.sh/publish/).

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, HeaderValue, Uri};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;

use super::super::notice::{Notice, Weight};
use crate::outgoing::{Address, Failure};

const TITLE: HeaderName = HeaderName::from_static("title");
const PRIORITY: HeaderName = HeaderName::from_static("priority");
const TAGS: HeaderName = HeaderName::from_static("tags");
const CLICK: HeaderName = HeaderName::from_static("click");

#[derive(Debug)]
pub(super) struct Ntfy {
    address: Address,
    authorization: Option<HeaderValue>,
}

impl Ntfy {
    pub(super) fn new(
        uri: Uri,
        authorization: Option<HeaderValue>,
        authorities: &[CertificateDer<'static>],
    ) -> Self {
        Self { address: Address::new(uri, authorities), authorization }
    }

    pub(super) async fn post(&self, notice: &Notice) -> Result<(), Failure> {
        // Priority 5 rings through a phone that is silent, which a lost recording is worth.
        let (priority, tags) = match notice.weight() {
            Weight::Alarm => ("5", "rotating_light"),
            Weight::Ended => ("3", "white_check_mark"),
            Weight::Test => ("3", "test_tube"),
        };
        let mut headers = vec![
            (TITLE, title(&notice.title())),
            (PRIORITY, HeaderValue::from_static(priority)),
            (TAGS, HeaderValue::from_static(tags)),
        ];
        let link = HeaderValue::try_from(notice.link());
        headers.extend(link.ok().map(|link| (CLICK, link)));
        headers.extend(self.authorization.clone().map(|value| (AUTHORIZATION, value)));
        self.address.post(headers, notice.text().into_bytes()).await
    }
}

/// Headers are ASCII; for everything else ntfy reads what mails use (RFC 2047).
fn title(text: &str) -> HeaderValue {
    let is_plain = text.chars().all(|char| matches!(char, ' '..='~'));
    let value = match is_plain {
        true => text.to_owned(),
        false => format!("=?UTF-8?B?{}?=", STANDARD.encode(text)),
    };
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("localcamera"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_ascii_whatever_people_call_their_devices() {
        assert_eq!(title("Front door records nothing"), "Front door records nothing");
        assert_eq!(title("门口"), "=?UTF-8?B?6Zeo5Y+j?=");
        assert_eq!(title("a\r\nPriority: 1"), "=?UTF-8?B?YQ0KUHJpb3JpdHk6IDE=?=");
    }
}
