//! Whether a request comes from a browser on the server's own computer.

use std::net::IpAddr;

use axum::http::Uri;
use axum::http::header::{FORWARDED, HOST, HeaderMap, ORIGIN, VIA};
use axum::http::uri::Authority;

use super::listener::Peer;

/// What proxies say of whom they ask for, beside the names that are common to them.
const NAMED_BY_PROXIES: [&str; 4] =
    ["x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"];

/// Its address and its host are this computer's own, no proxy is between, and the page that asks is
/// that host's: a name of somebody else's that leads here does not count.
pub(super) fn is_own_computer(peer: &Peer, uri: &Uri, headers: &HeaderMap) -> bool {
    !peer.is_proxy && comes_from_here(peer.address.ip(), uri, headers)
}

fn comes_from_here(from: IpAddr, uri: &Uri, headers: &HeaderMap) -> bool {
    let names_proxy = headers.contains_key(FORWARDED)
        || headers.contains_key(VIA)
        || headers.keys().any(|name| {
            let name = name.as_str();
            name.starts_with("x-forwarded") || NAMED_BY_PROXIES.contains(&name)
        });
    let host: Option<Authority> = match headers.get(HOST) {
        Some(host) => host.to_str().ok().and_then(|host| host.parse().ok()),
        // HTTP/2 has the host in the address.
        None => uri.authority().cloned(),
    };
    let Some(host) = host else { return false };
    let is_same_origin = headers.get(ORIGIN).is_none_or(|origin| {
        origin.to_str().is_ok_and(|origin| origin.eq_ignore_ascii_case(&format!("https://{host}")))
    });
    from.to_canonical().is_loopback() && is_loopback(host.host()) && !names_proxy && is_same_origin
}

/// Whether a host, as it stands in addresses, is this computer.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn only_a_browser_on_this_computer_comes_from_here() {
        let asked = |from: &str, all: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in all {
                headers.insert(HeaderName::from_static(name), value.parse().unwrap());
            }
            comes_from_here(from.parse().unwrap(), &Uri::from_static("/api/access/first"), &headers)
        };
        let own = ("host", "localhost:5001");
        assert!(asked("127.0.0.1", &[own]));
        assert!(asked("127.0.0.1", &[own, ("origin", "https://localhost:5001")]));
        assert!(asked("::1", &[("host", "[::1]:5001"), ("origin", "https://[::1]:5001")]));
        assert!(asked("::ffff:127.0.0.1", &[("host", "127.0.0.1:5001")]));
        for (from, headers) in [
            ("192.168.1.20", &[own][..]),
            ("127.0.0.1", &[][..]),
            ("127.0.0.1", &[("host", "192.168.1.3:5001")][..]),
            // A name that leads here is somebody else's page.
            ("127.0.0.1", &[("host", "rebound.example:5001")][..]),
            ("127.0.0.1", &[own, ("origin", "https://example.com")][..]),
            ("127.0.0.1", &[own, ("origin", "https://localhost:8080")][..]),
            ("127.0.0.1", &[own, ("origin", "http://localhost:5001")][..]),
            ("127.0.0.1", &[own, ("origin", "null")][..]),
            ("127.0.0.1", &[own, ("forwarded", "for=192.168.1.20")][..]),
            ("127.0.0.1", &[own, ("x-forwarded-for", "192.168.1.20")][..]),
            ("127.0.0.1", &[own, ("x-forwarded-proto", "https")][..]),
            ("127.0.0.1", &[own, ("via", "1.1 proxy")][..]),
            ("127.0.0.1", &[own, ("x-real-ip", "192.168.1.20")][..]),
        ] {
            assert!(!asked(from, headers), "{from} {headers:?}");
        }
    }
}
