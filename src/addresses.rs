//! The names and addresses under which the server is reached.

pub(crate) mod last;
mod listen;
mod reach;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

pub(crate) use listen::listen;
pub(crate) use reach::{Reach, moved};

/// A lasting address and some that change for privacy's sake, on two networks.
const MAX_IPV6: usize = 6;

/// A label of a DNS name (RFC 1035 section 2.3.4).
const MAX_LABEL_BYTES: usize = 63;

/// What goes into the certificate, and what is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// The address or name for people, first.
    pub(crate) hosts: Vec<Host>,
    /// Whether somebody named them; otherwise they were found on this computer's networks.
    pub(crate) are_asked_for: bool,
    /// The computer's own name, without `.local`.
    pub(crate) hostname: Option<String>,
}

/// Where viewers' media connections are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaAddresses {
    /// This computer's own addresses.
    pub(crate) own: Vec<IpAddr>,
    /// Addresses from which a router, or a container's host, forwards here.
    pub(crate) forwarded: Vec<IpAddr>,
}

/// An address or a DNS name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    Ip(IpAddr),
    Name(String),
}

impl std::fmt::Display for Host {
    /// As it stands in a URL.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Ip(ip) => write!(f, "{ip}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl std::str::FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = bare.parse() {
            return Ok(Self::Ip(ip));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if text.is_empty() || text.len() > 253 || !text.chars().all(allowed) {
            return Err(format!("`{text}` is neither an IP address nor a host name"));
        }
        Ok(Self::Name(text.to_ascii_lowercase()))
    }
}

impl Names {
    /// The names asked for, or the one address to listen on, or what this computer has on its
    /// networks.
    pub(crate) fn find(asked: &[Host], bind: Option<IpAddr>) -> Self {
        let bind = bind.filter(|ip| !ip.is_unspecified());
        let hosts = match (asked, bind) {
            ([], None) => detect(),
            ([], Some(ip)) => vec![Host::Ip(ip)],
            (asked, _) => asked.to_vec(),
        };
        Self { hosts, are_asked_for: !asked.is_empty(), hostname: hostname() }
    }

    /// The host for the printed address.
    pub(crate) fn first(&self) -> Host {
        self.hosts.first().cloned().unwrap_or(Host::Ip(Ipv4Addr::LOCALHOST.into()))
    }

    /// The addresses among the names.
    pub(crate) fn ips(&self) -> impl Iterator<Item = IpAddr> {
        self.hosts.iter().filter_map(|host| match host {
            Host::Ip(ip) => Some(*ip),
            Host::Name(_) => None,
        })
    }

    /// Where media connections are taken: at the addresses among the names, and, unless somebody
    /// chose, at this computer's IPv6 addresses.
    pub(crate) fn media_addresses(&self, bind: Option<IpAddr>) -> MediaAddresses {
        let bind = bind.filter(|ip| !ip.is_unspecified());
        let chosen = self.are_asked_for || bind.is_some();
        let more = if chosen { Vec::new() } else { ipv6() };
        let here = || match bind {
            Some(ip) => vec![ip],
            None => detected_ips(),
        };
        let is_own = |ip: IpAddr| is_ours(ip) && bind.is_none_or(|bind| bind == ip);
        media_addresses(self.ips().chain(more).collect(), is_own, here)
    }

    /// The name that stays when addresses change, where the network knows it (mDNS).
    pub(crate) fn local_name(&self) -> Option<Host> {
        self.hostname.as_ref().map(|hostname| Host::Name(format!("{hostname}.local")))
    }

    /// A name for the service alone, where the computer's own name is announced by its system.
    pub(crate) fn service_name(&self) -> Option<Host> {
        let label = format!("localcamera-{}", self.hostname.as_ref()?);
        (label.len() <= MAX_LABEL_BYTES).then(|| Host::Name(format!("{label}.local")))
    }

    /// The addresses at which this computer is found by its name: what others reach of it.
    pub(crate) fn announced_ips(&self, bind: Option<IpAddr>) -> Vec<IpAddr> {
        let bind = bind.filter(|ip| !ip.is_unspecified());
        let mut ips: Vec<IpAddr> = self.ips().collect();
        if ips.is_empty() {
            ips = detected_ips();
        }
        ips.retain(|ip| !ip.is_loopback() && bind.is_none_or(|bind| bind == *ip) && is_ours(*ip));
        ips
    }

    /// Every origin under which other devices may reach the server on this port.
    pub(crate) fn origins(&self, port: u16) -> Vec<String> {
        let mut hosts = self.hosts.clone();
        hosts.extend(self.local_name().filter(|name| !self.hosts.contains(name)));
        hosts.iter().map(|host| format!("https://{host}:{port}")).collect()
    }

    /// Every name the certificate states.
    pub(crate) fn all(&self) -> Vec<Host> {
        let mut all = self.hosts.clone();
        all.extend(self.local_name());
        all.extend(self.service_name());
        all.push(Host::Name("localhost".to_owned()));
        all.push(Host::Ip(Ipv4Addr::LOCALHOST.into()));
        all.push(Host::Ip(Ipv6Addr::LOCALHOST.into()));
        let mut seen = std::collections::HashSet::new();
        all.retain(|host| seen.insert(host.clone()));
        all
    }
}

/// The first address of the /64 that a home, or each device in it, has for itself (RFC 6177).
pub(crate) fn network_of(address: Ipv6Addr) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)
}

/// A computer has a whole IPv6 network to choose addresses from. On a network of their own everybody
/// has the same one, and nobody keeps the others out.
pub(crate) fn home_of(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) if address.is_unicast_link_local() || address.is_unique_local() => {
            address.into()
        }
        IpAddr::V6(address) => network_of(address).into(),
        address => address,
    }
}

/// Whether `ip` belongs to this computer.
pub(crate) fn is_ours(ip: IpAddr) -> bool {
    if_addrs::get_if_addrs().is_ok_and(|all| all.iter().any(|interface| interface.ip() == ip))
}

fn media_addresses(
    ips: Vec<IpAddr>,
    is_ours: impl Fn(IpAddr) -> bool,
    here: impl FnOnce() -> Vec<IpAddr>,
) -> MediaAddresses {
    let (mut own, forwarded): (Vec<_>, Vec<_>) = ips.into_iter().partition(|ip| is_ours(*ip));
    if own.is_empty() {
        // What is forwarded arrives somewhere.
        own = here();
    }
    MediaAddresses { own, forwarded }
}

/// IPv6 addresses that other computers reach. A browser tries each that it is told of.
fn ipv6() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let reachable = interfaces.iter().filter(|interface| {
        let is_v6 = matches!(interface.ip(), IpAddr::V6(ip) if !ip.is_unicast_link_local());
        is_v6 && !interface.is_loopback() && !is_bridge(&interface.name)
    });
    reachable.map(if_addrs::Interface::ip).take(MAX_IPV6).collect()
}

/// The address towards the rest of the network first, then the other private ones.
fn detect() -> Vec<Host> {
    detected_ips().into_iter().map(Host::Ip).collect()
}

fn detected_ips() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut ips: Vec<IpAddr> = default_route_ip().into_iter().collect();
    for interface in &interfaces {
        let ip = interface.ip();
        let is_v4 = matches!(ip, IpAddr::V4(v4) if !v4.is_link_local());
        if is_v4 && !interface.is_loopback() && !is_bridge(&interface.name) {
            ips.push(ip);
        }
    }
    let mut seen = std::collections::HashSet::new();
    ips.retain(|ip| !ip.is_loopback() && !ip.is_unspecified() && seen.insert(*ip));
    if ips.is_empty() {
        ips.push(Ipv4Addr::LOCALHOST.into());
    }
    ips
}

/// Bridges of containers and virtual machines lead to no tablet.
pub(crate) fn is_bridge(name: &str) -> bool {
    ["docker", "br-", "veth", "virbr", "vmnet", "vboxnet"].iter().any(|p| name.starts_with(p))
}

/// The source address that the system picks for the way out. Connecting a UDP socket sends
/// nothing; the address is one that is reserved for documentation (RFC 5737).
fn default_route_ip() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// The computer's own name, without its domain.
pub(crate) fn hostname() -> Option<String> {
    let name = gethostname::gethostname().into_string().ok()?.to_ascii_lowercase();
    let name = name.strip_suffix(".local").unwrap_or(&name);
    let label = name.split('.').next().unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!label.is_empty() && label != "localhost" && label.chars().all(allowed))
        .then(|| label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_written_as_in_a_url() {
        let host = |text: &str| text.parse::<Host>().unwrap().to_string();
        assert_eq!(host("192.168.1.3"), "192.168.1.3");
        assert_eq!(host("fd00::1"), "[fd00::1]");
        assert_eq!(host("[fd00::1]"), "[fd00::1]");
        assert_eq!(host("Bench.local"), "bench.local");
        assert!("two words".parse::<Host>().is_err());
    }

    #[test]
    fn the_certificate_names_every_way_in_once() {
        let names = Names {
            hosts: vec!["127.0.0.1".parse().unwrap(), "192.168.1.3".parse().unwrap()],
            are_asked_for: true,
            hostname: Some("bench".to_owned()),
        };
        let all: Vec<String> = names.all().iter().map(ToString::to_string).collect();
        let locals = ["bench.local", "localcamera-bench.local", "localhost", "[::1]"];
        assert_eq!(all[..2], ["127.0.0.1", "192.168.1.3"]);
        assert_eq!(all[2..], locals);
    }

    #[test]
    fn other_devices_are_told_every_way_that_leads_here() {
        let names = |hosts: &[&str], hostname: Option<&str>| Names {
            hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
            are_asked_for: true,
            hostname: hostname.map(str::to_owned),
        };
        let found = names(&["192.168.1.3", "fd00::1"], Some("bench"));
        let expected =
            ["https://192.168.1.3:5001", "https://[fd00::1]:5001", "https://bench.local:5001"];
        assert_eq!(found.origins(5001), expected);
        let asked = names(&["bench.local"], Some("bench"));
        assert_eq!(asked.origins(443), ["https://bench.local:443"]);
    }

    #[test]
    fn media_comes_to_own_addresses_and_to_forwarded_ones() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let is_ours = |candidate: IpAddr| candidate.to_string().starts_with("192.168.");
        let here = || vec![ip("172.17.0.2")];
        let found = media_addresses(vec![ip("192.168.1.3"), ip("203.0.113.7")], is_ours, here);
        let (own, forwarded) = (vec![ip("192.168.1.3")], vec![ip("203.0.113.7")]);
        assert_eq!(found, MediaAddresses { own, forwarded: forwarded.clone() });
        // In a container none of them is its own.
        let found = media_addresses(vec![ip("203.0.113.7")], is_ours, here);
        assert_eq!(found, MediaAddresses { own: here(), forwarded });
    }
}
