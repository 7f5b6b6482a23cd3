//! What is about to go wrong with a certificate that nobody renews here.

use std::fmt;

use chrono::{DateTime, Utc};
use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{dates, leaf};
use crate::addresses::{Host, Names};

/// Whoever renews by machine has done so by half of this; whoever does it by hand has two weeks.
const OWN_WARNING_DAYS: i64 = 14;

/// Every device has to be told anew to trust the next authority, and some are seen twice a year.
const AUTHORITY_WARNING_DAYS: i64 = 180;

/// Something that the person who runs the server has to do something about. It is another one each
/// day, so that it is said once a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Concern {
    Ended {
        at: DateTime<Utc>,
        days_ago: i64,
    },
    Ends {
        at: DateTime<Utc>,
        in_days: i64,
    },
    /// None of the server's names is among those that it states.
    IsForOthers {
        stated: Vec<String>,
    },
    AuthorityEnds {
        at: DateTime<Utc>,
        in_days: i64,
    },
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = |at: &DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
        match self {
            Self::Ended { at, .. } => write!(
                f,
                "the certificate of --cert ended at {}: devices refuse the server. Put a new one in \
                 its place; it is taken without a restart",
                date(at)
            ),
            Self::Ends { at, in_days } => write!(
                f,
                "the certificate of --cert ends at {}, in {in_days} days; devices refuse the server \
                 then. Put a new one in its place; it is taken without a restart",
                date(at)
            ),
            Self::IsForOthers { stated } => {
                let stated = match stated.is_empty() {
                    true => "nothing".to_owned(),
                    false => stated.join(", "),
                };
                write!(
                    f,
                    "the certificate of --cert is for {stated}, and that is none of this server's \
                     addresses: devices refuse it. If one of them leads here, name it with --lan-ip"
                )
            }
            Self::AuthorityEnds { at, in_days } => write!(
                f,
                "this server's authority ends at {}, in {in_days} days; no device trusts the server \
                 then. Stop it, move the files of the certificates folder away, start it again, and \
                 have every device trust the new authority (/trust)",
                date(at)
            ),
        }
    }
}

/// What there is to say of a certificate that the user brought.
pub(super) fn of_own(
    certificate: &CertificateDer<'_>,
    names: &Names,
    now: DateTime<Utc>,
) -> Vec<Concern> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let at = dates::validity(&certificate).1;
    let mut concerns = Vec::new();
    let in_days = (at - now).num_days();
    if at <= now {
        concerns.push(Concern::Ended { at, days_ago: -in_days });
    } else if in_days < OWN_WARNING_DAYS {
        concerns.push(Concern::Ends { at, in_days });
    }
    let stated = certificate.subject_alternative_name().ok().flatten();
    let stated = stated.map(|stated| stated.value.general_names.as_slice()).unwrap_or_default();
    // That everybody reaches themselves by these names says nothing.
    let mut reached = names.all().into_iter().filter(|host| match host {
        Host::Ip(ip) => !ip.is_loopback() || names.hosts.contains(host),
        Host::Name(name) => name != "localhost",
    });
    if !reached.any(|host| stated.iter().any(|name| leaf::is_for(name, &host))) {
        concerns.push(Concern::IsForOthers { stated: stated.iter().filter_map(text).collect() });
    }
    concerns
}

/// What there is to say of the server's own authority.
pub(super) fn of_authority(certificate: &CertificateDer<'_>, now: DateTime<Utc>) -> Vec<Concern> {
    let ends_at = leaf::ends(certificate);
    let ends = ends_at.map(|at| Concern::AuthorityEnds { at, in_days: (at - now).num_days() });
    let is_near = |concern: &Concern| matches!(concern, Concern::AuthorityEnds { in_days, .. } if *in_days < AUTHORITY_WARNING_DAYS);
    ends.into_iter().filter(is_near).collect()
}

fn text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(|ip| std::net::IpAddr::from(ip).to_string());
            let v6 = <[u8; 16]>::try_from(*bytes).map(|ip| std::net::IpAddr::from(ip).to_string());
            v4.or(v6).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn names(hosts: &[&str]) -> Names {
        Names {
            hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
            are_asked_for: true,
            hostname: Some("bench".to_owned()),
        }
    }

    fn certificate(names: &[&str], ends_at: DateTime<Utc>) -> CertificateDer<'static> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_after = dates::time(ends_at);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn a_certificate_that_ends_is_said_once_a_day_from_two_weeks_before() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let cert = certificate(&["192.168.1.3"], now + Duration::days(14));
        let at = |days, hours| {
            let now = now + Duration::days(days) + Duration::hours(hours);
            of_own(&cert, &names(&["192.168.1.3"]), now)
        };
        assert_eq!(at(-1, 0), []);
        assert_eq!(at(0, 0), []);
        assert_eq!(at(0, 2), at(0, 23));
        assert_ne!(at(0, 2), at(1, 2));
        assert!(at(0, 2)[0].to_string().contains("in 13 days"), "{:?}", at(0, 2));
        assert!(at(14, 0)[0].to_string().contains("ended at"), "{:?}", at(14, 0));
        assert_ne!(at(14, 0), at(15, 0));
    }

    #[test]
    fn a_certificate_for_other_addresses_is_said_with_what_it_is_for() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let said = |stated: &[&str], hosts: &[&str]| {
            let certificate = certificate(stated, now + Duration::days(300));
            let said = of_own(&certificate, &names(hosts), now);
            said.iter().map(ToString::to_string).collect::<Vec<_>>().join("")
        };
        assert_eq!(said(&["camera.example.org"], &["192.168.1.3", "camera.example.org"]), "");
        assert_eq!(said(&["*.example.org"], &["camera.example.org"]), "");
        assert_eq!(said(&["bench.local"], &["192.168.1.3"]), "");
        assert_eq!(said(&["127.0.0.1"], &["127.0.0.1"]), "");
        for (stated, words) in [
            (
                &["camera.example.org", "10.0.0.1", "fd00::1"][..],
                "camera.example.org, 10.0.0.1, fd00::1",
            ),
            (&["*.example.org"], "*.example.org"),
            (&["localhost", "127.0.0.1"], "localhost"),
            (&[], "for nothing"),
        ] {
            let said = said(stated, &["192.168.1.3", "a.b.example.org"]);
            assert!(said.contains(words) && said.contains("--lan-ip"), "{stated:?}: {said}");
        }
    }
}
