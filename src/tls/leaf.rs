//! The server's own certificate, issued by the authority.

use chrono::{DateTime, Utc};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Error;
use crate::addresses::{Host, Names};

/// Apple refuses longer ones in the field (docs/adr/0004-certificates.md).
const DAYS: i64 = 397;

/// Renewed this long before the end, so that a server started once a month never runs out.
const RENEW_DAYS: i64 = 30;

/// A new certificate in PEM, and its key.
pub(super) fn make(
    authority_pem: &str,
    authority_key: &KeyPair,
    names: &Names,
    now: DateTime<Utc>,
) -> Result<(String, String), Error> {
    let issuer = Issuer::from_ca_cert_pem(authority_pem, authority_key)?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, names.first().to_string());
    params.serial_number = Some(uuid::Uuid::new_v4().as_bytes().to_vec().into());
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = time(now - chrono::Duration::days(1));
    params.not_after = time(now + chrono::Duration::days(DAYS - 1));
    for host in names.all() {
        params.subject_alt_names.push(match host {
            Host::Ip(ip) => SanType::IpAddress(ip),
            Host::Name(name) => SanType::DnsName(name.try_into()?),
        });
    }
    let certificate = params.signed_by(&key, &issuer)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// What a certificate that is already there is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Issued by the authority, names everything, and lasts.
    Good,
    /// Issued by the authority, but a name is missing or its end is near.
    Stale,
    /// Issued by somebody else.
    Foreign,
}

/// Judges a certificate; `None` when it cannot be read.
pub(super) fn judge(
    leaf: &CertificateDer<'_>,
    authority: &CertificateDer<'_>,
    names: &Names,
    now: DateTime<Utc>,
) -> Option<State> {
    let (_, leaf) = X509Certificate::from_der(leaf).ok()?;
    let (_, authority) = X509Certificate::from_der(authority).ok()?;
    if leaf.verify_signature(Some(authority.public_key())).is_err() {
        return Some(State::Foreign);
    }
    let lasts_until = now.timestamp() + RENEW_DAYS * 24 * 3600;
    let lasts = leaf.validity().not_after.timestamp() > lasts_until
        && authority.validity().not_after.timestamp() > now.timestamp();
    let stated = leaf.subject_alternative_name().ok()??.value;
    let states = |host: &Host| {
        stated.general_names.iter().any(|name| match (name, host) {
            (GeneralName::DNSName(stated), Host::Name(name)) => stated == name,
            (GeneralName::IPAddress(stated), Host::Ip(std::net::IpAddr::V4(ip))) => {
                *stated == ip.octets()
            }
            (GeneralName::IPAddress(stated), Host::Ip(std::net::IpAddr::V6(ip))) => {
                *stated == ip.octets()
            }
            _ => false,
        })
    };
    let is_good = lasts && names.all().iter().all(states);
    Some(if is_good { State::Good } else { State::Stale })
}

/// The first name that an authority's constraints do not permit (RFC 5280 section 4.2.1.10).
pub(super) fn not_permitted(authority: &CertificateDer<'_>, names: &Names) -> Option<Host> {
    let (_, authority) = X509Certificate::from_der(authority).ok()?;
    let constraints = authority.name_constraints().ok()??.value;
    let permitted = constraints.permitted_subtrees.as_ref()?;
    let permits = |host: &Host| {
        permitted.iter().any(|subtree| match (&subtree.base, host) {
            (GeneralName::DNSName(suffix), Host::Name(name)) => {
                let rest = name.strip_suffix(suffix);
                rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (GeneralName::IPAddress(range), Host::Ip(std::net::IpAddr::V4(ip))) => {
                is_within(range, &ip.octets())
            }
            (GeneralName::IPAddress(range), Host::Ip(std::net::IpAddr::V6(ip))) => {
                is_within(range, &ip.octets())
            }
            _ => false,
        })
    };
    names.all().into_iter().find(|host| !permits(host))
}

/// A range is an address and a mask of the same length.
fn is_within(range: &[u8], address: &[u8]) -> bool {
    let (base, mask) = range.split_at(range.len() / 2);
    base.len() == address.len()
        && base.iter().zip(mask).zip(address).all(|((base, mask), byte)| base & mask == byte & mask)
}

/// The time type that certificates are made with.
pub(super) fn time(at: DateTime<Utc>) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(at.timestamp())
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}
