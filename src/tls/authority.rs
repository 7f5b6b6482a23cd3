//! The certificate authority of this server alone.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, GeneralSubtree, IsCa, KeyPair,
    KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256,
};

use super::{Error, dates};
use crate::addresses::{Host, Names};

const DAYS: i64 = 3650;

/// A new authority in PEM: certificate and key.
///
/// It may only speak for addresses that no public server has, and for the names given here, so
/// that a stolen key opens nothing beyond this network.
pub(super) fn make(names: &Names, now: DateTime<Utc>) -> Result<(String, String), Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let serial = uuid::Uuid::new_v4();
    let mut params = CertificateParams::default();
    let tag = hex::encode(&serial.as_bytes()[..4]);
    let host = names.hostname.as_deref().unwrap_or("this computer");
    // iOS lists an authority by its common name, so it must have one of its own.
    params.distinguished_name.push(DnType::CommonName, format!("localcamera on {host} ({tag})"));
    params.distinguished_name.push(DnType::OrganizationName, "localcamera");
    params.serial_number = Some(serial.as_bytes().to_vec().into());
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = dates::time(now - chrono::Duration::days(1));
    params.not_after = dates::time(now + chrono::Duration::days(DAYS));
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted(names),
        excluded_subtrees: Vec::new(),
    });
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// Private, link-local, unique local and loopback addresses, `.local`, and what was asked for.
fn permitted(names: &Names) -> Vec<GeneralSubtree> {
    let v4 = |a, b, c, d, prefix| CidrSubnet::from_v4_prefix([a, b, c, d], prefix);
    let v6 = |first: u16, last: u16, prefix| {
        let mut address = [0; 16];
        address[..2].copy_from_slice(&first.to_be_bytes());
        address[14..].copy_from_slice(&last.to_be_bytes());
        CidrSubnet::from_v6_prefix(address, prefix)
    };
    let mut permitted: Vec<GeneralSubtree> = [
        v4(10, 0, 0, 0, 8),
        v4(172, 16, 0, 0, 12),
        v4(192, 168, 0, 0, 16),
        v4(169, 254, 0, 0, 16),
        v4(100, 64, 0, 0, 10),
        v4(127, 0, 0, 0, 8),
        v6(0xFC00, 0, 7),
        v6(0xFE80, 0, 10),
        v6(0, 1, 128),
    ]
    .map(GeneralSubtree::IpAddress)
    .to_vec();
    for name in ["local", "localhost"] {
        permitted.push(GeneralSubtree::DnsName(name.to_owned()));
    }
    // What was asked for may lie outside these.
    for host in &names.hosts {
        permitted.push(match host {
            Host::Name(name) => GeneralSubtree::DnsName(name.clone()),
            Host::Ip(IpAddr::V4(ip)) if !ip.is_private() && !ip.is_loopback() => {
                GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(ip.octets(), 32))
            }
            Host::Ip(IpAddr::V6(ip)) if !ip.is_unique_local() && !ip.is_loopback() => {
                GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(ip.octets(), 128))
            }
            Host::Ip(_) => continue,
        });
    }
    permitted
}
