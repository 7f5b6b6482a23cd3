//! Reverse proxies whose word on who asks is taken.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use serde::Deserialize;

use super::rtsp_addresses::Network;

/// Addresses and networks, as in `["127.0.0.1", "10.0.0.0/8"]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct TrustedProxies(Arc<[Network]>);

/// Where a reverse proxy that does TLS itself asks without.
#[derive(Debug, Clone)]
pub(crate) struct ProxyListener {
    pub(crate) bind: IpAddr,
    pub(crate) port: u16,
}

impl ProxyListener {
    /// `None` where no port is named.
    ///
    /// # Errors
    /// When the network reaches it and nobody has said who may come.
    pub(super) fn checked(
        port: Option<u16>,
        bind: Option<IpAddr>,
        proxies: &TrustedProxies,
    ) -> Result<Option<Self>, String> {
        let Some(port) = port else { return Ok(None) };
        let bind = bind.unwrap_or(Ipv4Addr::LOCALHOST.into());
        if !bind.to_canonical().is_loopback() && proxies.0.is_empty() {
            return Err(format!(
                "proxy_bind = \"{bind}\" is not allowed alone, since the network reaches it without \
                 encryption: name the proxy's address in the configuration file, as in \
                 trusted_proxies = [\"10.0.0.2\"]; nobody else is answered there"
            ));
        }
        Ok(Some(Self { bind, port }))
    }
}

impl TrustedProxies {
    /// Those that are named; or, of a server that listens for proxies, any on this computer.
    pub(crate) fn believed(self, listener: Option<&ProxyListener>) -> Self {
        if listener.is_none() || !self.0.is_empty() {
            return self;
        }
        let ips: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        Self(ips.map(Network::of_one).into())
    }

    /// Whether a canonical address is that of one of them.
    pub(crate) fn contains(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(ip))
    }
}

impl TryFrom<Vec<String>> for TrustedProxies {
    type Error = String;

    fn try_from(texts: Vec<String>) -> Result<Self, Self::Error> {
        texts.iter().map(|text| network(text)).collect::<Result<_, _>>().map(Self)
    }
}

fn network(text: &str) -> Result<Network, String> {
    let parsed = match text.split_once('/') {
        None => text.parse().ok().map(Network::of_one),
        Some((first, bits)) => first
            .parse()
            .ok()
            .zip(bits.parse().ok())
            .and_then(|(first, bits)| Network::new(first, bits)),
    };
    parsed.ok_or_else(|| {
        format!(
            "trusted_proxies: `{text}` is neither an IP address nor a network, whose first address \
             has zeros behind so many bits, as in `10.0.0.0/8`"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_taken_and_nothing_else() {
        let proxies = |texts: &[&str]| {
            TrustedProxies::try_from(texts.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let some = proxies(&["127.0.0.1", "10.0.0.0/8", "fd00::/8"]).unwrap();
        for (ip, is_one) in [
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("fd12::1", true),
            ("fe80::1", false),
        ] {
            assert_eq!(some.contains(ip.parse().unwrap()), is_one, "{ip}");
        }
        for text in ["", "proxy.local", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1"] {
            let message = proxies(&[text]).unwrap_err();
            assert!(message.contains("trusted_proxies") && message.contains(text), "{message}");
        }
    }
}
