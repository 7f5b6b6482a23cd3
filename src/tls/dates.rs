//! Times in certificates.

use chrono::{DateTime, Utc};
use x509_parser::prelude::X509Certificate;

/// The time type that certificates are made with.
pub(super) fn time(at: DateTime<Utc>) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(at.timestamp())
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}

/// From when to when a certificate is valid. What no calendar holds is 1970.
pub(super) fn validity(certificate: &X509Certificate<'_>) -> (DateTime<Utc>, DateTime<Utc>) {
    let validity = certificate.validity();
    let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    (at(validity.not_before.timestamp()), at(validity.not_after.timestamp()))
}
