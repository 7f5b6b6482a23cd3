//! `viewers.rtsp_addresses`: which RTSP addresses viewers may have the server open.

mod network;
mod pattern;

use std::net::IpAddr;

use serde::{Deserialize, Deserializer};

use crate::addresses::Host;
pub(super) use network::Network;
use network::Reach;
pub(crate) use pattern::ends_in_number;
use pattern::{Pattern, Place};

/// The RTSP standard's port (RFC 2326).
pub(crate) const RTSP_PORT: u16 = 554;

/// The section `[viewers]` of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    #[serde(default)]
    pub(super) rtsp_addresses: RtspAddresses,
}

/// The addresses that are allowed; by default none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RtspAddresses(Vec<Pattern>);

/// How they are written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    More(Vec<String>),
    // Not repeated in a message: an address may hold a password.
    Other(serde::de::IgnoredAny),
}

impl<'de> Deserialize<'de> for RtspAddresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = match Written::deserialize(deserializer)? {
            Written::One(text) => vec![text],
            Written::More(texts) => texts,
            Written::Other(_) => {
                let message = "viewers.rtsp_addresses is a list of texts that begin with rtsp://";
                return Err(serde::de::Error::custom(message));
            }
        };
        let patterns = texts.iter().map(|text| text.parse()).collect::<Result<_, String>>();
        patterns.map(Self).map_err(serde::de::Error::custom)
    }
}

/// What somebody wants to have opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) host: &'a Host,
    pub(crate) port: u16,
    /// With what stands behind a question mark; empty or with a slash in front. Nothing in it is
    /// percent-encoded.
    pub(crate) path: &'a str,
}

impl RtspAddresses {
    /// Whether it depends on the host's address alone that this is allowed. If not, nobody needs
    /// to look the address up.
    pub(crate) fn may_allow(&self, target: Target<'_>) -> bool {
        self.fitting(target).next().is_some()
    }

    /// The first of the host's addresses that may be connected to.
    pub(crate) fn choose(&self, target: Target<'_>, found: &[IpAddr]) -> Option<IpAddr> {
        let found = found.iter().map(IpAddr::to_canonical);
        found.into_iter().find(|ip| self.fitting(target).any(|pattern| reaches(pattern, *ip)))
    }

    fn fitting(&self, target: Target<'_>) -> impl Iterator<Item = &Pattern> {
        self.0.iter().filter(move |pattern| {
            let is_host = match (&pattern.place, target.host) {
                (Place::Anywhere | Place::Network(_), _) => true,
                (Place::Name(name), Host::Name(asked)) => name == asked,
                (Place::Name(_), Host::Ip(_)) => false,
            };
            is_host
                && pattern.port.is_none_or(|port| port == target.port)
                && pattern.path.is_before(target.path)
        })
    }
}

/// Whether the pattern, which fits otherwise, lets an address be connected to.
fn reaches(pattern: &Pattern, ip: IpAddr) -> bool {
    match (&pattern.place, network::reach(ip)) {
        (_, Reach::Never) => false,
        (Place::Anywhere | Place::Name(_), Reach::Ordinary) => true,
        (Place::Name(name), Reach::OnlyNamed(_)) => name == "localhost" && ip.is_loopback(),
        (Place::Anywhere, Reach::OnlyNamed(_)) => false,
        (Place::Network(network), Reach::Ordinary) => network.contains(ip),
        // Who allows everything does not think of the server itself.
        (Place::Network(network), Reach::OnlyNamed(kind)) => {
            network.contains(ip) && kind.covers(network)
        }
    }
}

#[cfg(test)]
mod tests;
