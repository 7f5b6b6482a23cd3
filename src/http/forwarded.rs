//! Who asks, where a reverse proxy brings the request.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};

use crate::config::TrustedProxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of who asks. Each proxy adds at the end who has asked it: the last that is no proxy
/// of ours is true, and what stands before it is only said.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
    let mut client = peer.to_canonical();
    if !proxies.contains(client) {
        return client;
    }
    let fields = headers.get_all(X_FORWARDED_FOR).iter();
    let fields: Vec<&str> = fields.map(|field| field.to_str().unwrap_or_default()).collect();
    for said in fields.iter().rev().flat_map(|field| field.rsplit(',')) {
        let Some(ip) = address(said.trim()) else { break };
        client = ip.to_canonical();
        if !proxies.contains(client) {
            break;
        }
    }
    client
}

/// Some proxies name the port, too.
fn address(said: &str) -> Option<IpAddr> {
    let bare = said.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| said.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn asked(peer: &str, fields: &[&str]) -> String {
        let text = "p = [\"127.0.0.1\", \"10.0.0.0/8\"]";
        let proxies = toml::from_str::<HashMap<String, TrustedProxies>>(text).unwrap();
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(X_FORWARDED_FOR, field.parse().unwrap());
        }
        client(peer.parse().unwrap(), &headers, &proxies["p"]).to_string()
    }

    #[test]
    fn only_who_is_trusted_says_who_asks() {
        assert_eq!(asked("192.168.1.9", &["192.168.1.3"]), "192.168.1.9");
        assert_eq!(asked("127.0.0.1", &["192.168.1.3"]), "192.168.1.3");
        assert_eq!(asked("::ffff:127.0.0.1", &["192.168.1.3"]), "192.168.1.3");
        assert_eq!(asked("127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn what_the_client_has_made_up_itself_does_not_count() {
        assert_eq!(asked("127.0.0.1", &["1.2.3.4, 192.168.1.3"]), "192.168.1.3");
        assert_eq!(asked("127.0.0.1", &["1.2.3.4", "192.168.1.3, 10.0.0.7"]), "192.168.1.3");
        assert_eq!(asked("127.0.0.1", &["1.2.3.4, nonsense, 10.0.0.7"]), "10.0.0.7");
        assert_eq!(asked("127.0.0.1", &["nonsense"]), "127.0.0.1");
    }

    #[test]
    fn addresses_are_understood_as_proxies_write_them() {
        assert_eq!(asked("10.0.0.7", &["192.168.1.3:5678"]), "192.168.1.3");
        assert_eq!(asked("10.0.0.7", &["fd00::1"]), "fd00::1");
        assert_eq!(asked("10.0.0.7", &["[fd00::1]:5678"]), "fd00::1");
        assert_eq!(asked("10.0.0.7", &["[fd00::1]"]), "fd00::1");
    }
}
