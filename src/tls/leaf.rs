//! The server's own certificate, issued by the authority.

use chrono::{DateTime, Utc};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType,
};
use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Error, dates};
use crate::addresses::{Host, Names};

/// Apple refuses longer ones in the field (docs/adr/0004-certificates.md).
const DAYS: i64 = 397;

/// Renewed this long before the end, so that a server started once a month never runs out.
const RENEW_DAYS: i64 = 30;

/// A new certificate in PEM, and its key.
pub(super) fn make(
    authority_pem: &str,
    authority_key: &KeyPair,
    authority_ends_at: DateTime<Utc>,
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
    params.not_before = dates::time(now - chrono::Duration::days(1));
    params.not_after = dates::time(ends_at(now, authority_ends_at));
    for host in names.all() {
        params.subject_alt_names.push(match host {
            Host::Ip(ip) => SanType::IpAddress(ip),
            Host::Name(name) => SanType::DnsName(name.try_into()?),
        });
    }
    let certificate = params.signed_by(&key, &issuer)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// When a certificate that is made now ends: nobody takes one that outlives its authority.
fn ends_at(now: DateTime<Utc>, authority_ends_at: DateTime<Utc>) -> DateTime<Utc> {
    (now + chrono::Duration::days(DAYS - 1)).min(authority_ends_at)
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
    let validity = dates::validity(&leaf);
    let renewed_ends_at = ends_at(now, dates::validity(&authority).1);
    // At the end of the authority's own time a new one would last no longer.
    let lasts =
        validity.1 > now + chrono::Duration::days(RENEW_DAYS) || validity.1 >= renewed_ends_at;
    // One from the future was made before a clock was set back.
    let has_begun = validity.0 <= now;
    let stated = leaf.subject_alternative_name().ok()??.value;
    let states = |host: &Host| stated.general_names.iter().any(|name| is_for(name, host));
    let is_good = lasts && has_begun && names.all().iter().all(states);
    Some(if is_good { State::Good } else { State::Stale })
}

/// Whether a name in a certificate is this one, or stands for it (RFC 6125 section 6.4.3: `*` for
/// one label).
pub(super) fn is_for(stated: &GeneralName<'_>, host: &Host) -> bool {
    match (stated, host) {
        (GeneralName::DNSName(stated), Host::Name(name)) => match stated.strip_prefix("*.") {
            Some(domain) => {
                name.split_once('.').is_some_and(|(_, rest)| domain.eq_ignore_ascii_case(rest))
            }
            None => stated.eq_ignore_ascii_case(name),
        },
        (GeneralName::IPAddress(stated), Host::Ip(std::net::IpAddr::V4(ip))) => {
            *stated == ip.octets()
        }
        (GeneralName::IPAddress(stated), Host::Ip(std::net::IpAddr::V6(ip))) => {
            *stated == ip.octets()
        }
        _ => false,
    }
}

/// When a certificate ends; `None` when it cannot be read.
pub(super) fn ends(certificate: &CertificateDer<'_>) -> Option<DateTime<Utc>> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(dates::validity(&certificate).1)
}

/// Whether a private key is the one of a certificate; `None` when either cannot be read.
pub(super) fn is_its_key(leaf: &CertificateDer<'_>, key_pem: &str) -> Option<bool> {
    let (_, leaf) = X509Certificate::from_der(leaf).ok()?;
    let key = KeyPair::from_pem(key_pem).ok()?;
    Some(key.subject_public_key_info() == leaf.public_key().raw)
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
