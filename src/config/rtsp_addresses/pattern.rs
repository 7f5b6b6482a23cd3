//! One entry of the list, as people write it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::network::Network;
use crate::addresses::Host;
use percent_encoding::percent_decode_str;

/// `rtsp://<host>[:<port>][/<path>]`, where the host is a name, an address, a network or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) place: Place,
    /// Any, unless it is named.
    pub(super) port: Option<u16>,
    pub(super) path: Prefix,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Anywhere,
    Name(String),
    Network(Network),
}

/// The beginning of a path; empty for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prefix(String);

impl Prefix {
    /// Whether the path begins with it and does not go on in the middle of a name.
    pub(super) fn is_before(&self, path: &str) -> bool {
        let is_open = self.0.is_empty() || self.0.ends_with('/');
        path.strip_prefix(&self.0)
            .is_some_and(|rest| is_open || rest.is_empty() || rest.starts_with(['/', '?', '&']))
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains('@') {
            return Err("viewers.rtsp_addresses: an address there has no user and password; \
                 viewers name their own"
                .to_owned());
        }
        let not = |why: &str| {
            format!(
                "viewers.rtsp_addresses: `{text}` is not allowed: {why}. An entry is \
                 rtsp://HOST[:PORT][/PATH], and HOST a name, an IP address, a network such as \
                 192.168.1.0/24 or [fd00::/8], or *"
            )
        };
        let rest = text.strip_prefix("rtsp://").ok_or_else(|| not("it begins with rtsp://"))?;
        let (place, rest) = place(rest).map_err(|why| not(&why))?;
        let (port, path) = match rest.strip_prefix(':') {
            None => (None, rest),
            Some(rest) => {
                let (port, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let is_digits = port.chars().all(|c| c.is_ascii_digit());
                let port = port.parse().ok().filter(|port: &u16| is_digits && *port > 0);
                (Some(port.ok_or_else(|| not("a port is a number from 1 to 65535"))?), path)
            }
        };
        if !path.is_empty() && !path.starts_with('/') {
            return Err(not("what stands behind the host is a port or a path"));
        }
        let path =
            percent_decode_str(path).decode_utf8().map_err(|_| not("its path is no text"))?;
        // Everything begins with a slash.
        let path = if path == "/" { "" } else { &*path };
        Ok(Self { place, port, path: Prefix(path.to_owned()) })
    }
}

/// What stands at the beginning, and what behind it.
fn place(text: &str) -> Result<(Place, &str), String> {
    if let Some(rest) = text.strip_prefix('*') {
        return Ok((Place::Anywhere, rest));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (inside, rest) = rest.split_once(']').ok_or("a bracket is not closed")?;
        let (ip, bits) = match inside.split_once('/') {
            Some((ip, bits)) => (ip, Some(bits)),
            None => (inside, None),
        };
        let ip: Ipv6Addr = ip.parse().map_err(|_| "in brackets stands an IPv6 address")?;
        return match bits {
            Some(bits) => Ok((Place::Network(network(ip.into(), bits)?), rest)),
            None => with_bits(ip.into(), rest),
        };
    }
    let (host, rest) = text.split_at(text.find([':', '/']).unwrap_or(text.len()));
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        return with_bits(ip.into(), rest);
    }
    if ends_in_number(host) {
        return Err("an IPv4 address is four numbers from 0 to 255".to_owned());
    }
    match host.parse()? {
        Host::Name(name) => Ok((Place::Name(name.trim_end_matches('.').to_owned()), rest)),
        Host::Ip(_) => Err("an IPv6 address stands in brackets".to_owned()),
    }
}

/// An address may have the length of its network behind it. That must not be mistaken for a path.
fn with_bits(ip: IpAddr, rest: &str) -> Result<(Place, &str), String> {
    let first = rest.strip_prefix('/').unwrap_or_default();
    let (bits, behind) = first.split_at(first.find([':', '/']).unwrap_or(first.len()));
    let is_length = (1..=3).contains(&bits.len()) && bits.chars().all(|c| c.is_ascii_digit());
    if !is_length {
        return Ok((Place::Network(Network::of_one(ip)), rest));
    }
    Ok((Place::Network(network(ip, bits)?), behind))
}

fn network(first: IpAddr, bits: &str) -> Result<Network, String> {
    bits.parse().ok().and_then(|bits| Network::new(first, bits)).ok_or_else(|| {
        format!(
            "{first}/{bits} is no network, whose first address has zeros behind so many bits; for \
             a path that is a number, name the port in front of it"
        )
    })
}

/// Resolvers take such a name for an IPv4 address in another notation.
pub(crate) fn ends_in_number(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let is_hexadecimal = last.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("0x"));
    is_hexadecimal || (!last.is_empty() && last.chars().all(|c| c.is_ascii_digit()))
}
