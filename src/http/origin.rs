//! Whether a request comes from a page of this server.

use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};

/// Whether a page, of whomever, says that it asks.
pub(super) fn names_origin(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN)
}

/// Whether a page of somebody else's asks: a browser says in `Origin` whose it is, and programs
/// say nothing. Ports of the same host count as own; what comes without TLS can be anybody's who is
/// on the way. A picture or a script of this server's in another site's page names no origin, but
/// says so otherwise (Fetch Metadata); following a link is the person's own doing.
pub(super) fn is_foreign(uri: &Uri, headers: &HeaderMap) -> bool {
    let says = |name: &str, value: &str| headers.get(name).is_some_and(|said| said == value);
    if says("sec-fetch-site", "cross-site") && !says("sec-fetch-mode", "navigate") {
        return true;
    }
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    // HTTP/2 has the host in the address.
    let own: Option<Authority> =
        host.and_then(|host| host.parse().ok()).or_else(|| uri.authority().cloned());
    let is_plain = origin.as_ref().and_then(Uri::scheme_str) != Some("https");
    match (origin.as_ref().and_then(Uri::host), &own) {
        (Some(origin), Some(own)) => is_plain || !origin.eq_ignore_ascii_case(own.host()),
        // A page without an origin of its own says `null`.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_somebody_elses_is_known() {
        let headers = |host: Option<&str>, origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            for (name, value) in [(HOST, host), (ORIGIN, origin)] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            headers
        };
        let foreign = |host: &str, origin: Option<&str>| {
            is_foreign(&Uri::from_static("/ws/control"), &headers(Some(host), origin))
        };
        assert!(!foreign("192.168.1.3:5001", None), "a program");
        assert!(!foreign("192.168.1.3:5001", Some("https://192.168.1.3:5001")));
        assert!(!foreign("192.168.1.3:5001", Some("https://192.168.1.3")));
        assert!(!foreign("Bench.local:5001", Some("https://bench.local")));
        assert!(!foreign("[fe80::1]:5001", Some("https://[fe80::1]:5001")));
        assert!(foreign("192.168.1.3:5001", Some("https://example.com")));
        assert!(foreign("192.168.1.3:5001", Some("https://192.168.1.30:5001")));
        assert!(foreign("192.168.1.3:5001", Some("null")));
        assert!(foreign("192.168.1.3:5001", Some("http://192.168.1.3:5001")), "anybody on the way");
        for (site, mode, is) in [
            ("cross-site", "no-cors", true),
            ("cross-site", "navigate", false),
            ("same-origin", "no-cors", false),
            ("none", "navigate", false),
        ] {
            let mut headers = headers(Some("192.168.1.3:5001"), None);
            headers.insert("sec-fetch-site", site.parse().unwrap());
            headers.insert("sec-fetch-mode", mode.parse().unwrap());
            assert_eq!(is_foreign(&Uri::from_static("/"), &headers), is, "{site} {mode}");
        }
        // HTTP/2.
        let uri = Uri::from_static("https://192.168.1.3:5001/api/alarms/test");
        assert!(!is_foreign(&uri, &headers(None, Some("https://192.168.1.3:5001"))));
        assert!(is_foreign(&uri, &headers(None, Some("https://192.168.1.4:5001"))));
    }
}
