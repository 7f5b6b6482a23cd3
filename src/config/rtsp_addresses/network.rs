//! Networks of IP addresses, and which of them are out of reach unless somebody names them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// All addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Network {
    first: IpAddr,
    prefix_bits: u8,
}

/// Whether an address may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Ordinary,
    /// Only where a network inside this one is allowed.
    OnlyNamed(Network),
    Never,
}

/// This computer; addresses without a router, where clouds keep their secrets; and IPv6 addresses
/// that stand for an IPv4 one behind a translator, which would hide those two.
const ONLY_NAMED: [Network; 8] = [
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    v6([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0], 32),
    v6([0x0064, 0xff9b, 0, 0, 0, 0, 0, 0], 32),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
];

/// "This host", which systems take for loopback, and what is no single computer.
const NEVER: [Network; 4] = [
    v4([0, 0, 0, 0], 8),
    v4([224, 0, 0, 0], 3),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

const fn v4(first: [u8; 4], prefix_bits: u8) -> Network {
    let [a, b, c, d] = first;
    Network { first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix_bits }
}

const fn v6(first: [u16; 8], prefix_bits: u8) -> Network {
    let [a, b, c, d, e, f, g, h] = first;
    Network { first: IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), prefix_bits }
}

/// Whether a canonical address (none that stands for an IPv4 one) may be connected to.
pub(super) fn reach(ip: IpAddr) -> Reach {
    if NEVER.iter().any(|network| network.contains(ip)) {
        return Reach::Never;
    }
    let named = ONLY_NAMED.into_iter().find(|network| network.contains(ip));
    named.map_or(Reach::Ordinary, Reach::OnlyNamed)
}

impl Network {
    /// The address alone.
    pub(in super::super) fn of_one(ip: IpAddr) -> Self {
        let ip = ip.to_canonical();
        Self { first: ip, prefix_bits: width(ip) }
    }

    /// `None` when there are fewer bits, or `first` is not the network's first address.
    pub(in super::super) fn new(first: IpAddr, prefix_bits: u8) -> Option<Self> {
        let is_network = prefix_bits <= width(first) && {
            let network = Self { first, prefix_bits };
            network.masked(bits(first)) == bits(first)
        };
        is_network.then_some(Self { first, prefix_bits })
    }

    pub(in super::super) fn contains(&self, ip: IpAddr) -> bool {
        self.first.is_ipv4() == ip.is_ipv4() && self.masked(bits(ip)) == bits(self.first)
    }

    /// Whether all of `other` is inside.
    pub(super) fn covers(&self, other: &Self) -> bool {
        other.prefix_bits >= self.prefix_bits && self.contains(other.first)
    }

    fn masked(&self, bits: u128) -> u128 {
        let free = u32::from(width(self.first) - self.prefix_bits);
        bits.checked_shr(free).and_then(|kept| kept.checked_shl(free)).unwrap_or(0)
    }
}

fn width(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_bits().into(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}
